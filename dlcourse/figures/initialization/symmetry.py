"""Figure of the lesson on symmetry: eight units that begin alike but for a difference so small."""

from __future__ import annotations

import functools
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dlcourse import checks, plots
from dlcourse.arrays import Array
from dlcourse.plots.labels import ink_of
from dlcourse.problems.symmetric import apart
from dlcourse.scratch.initialization import constant
from dlcourse.scratch.losses import MSE
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNITS, LR = 8, 0.1
SIZES = {"none": 0.0, "1e-12": 1e-12, "1e-6": 1e-6, "as drawn": 0.5}
"""What is added to weights of 0.5: so many standard normal numbers."""
UPDATES = (300, 1_000, 2_000)
X = np.linspace(-2, 2, 33)[:, None]
Y = np.sin(2 * X) + 0.5 * np.cos(4 * X)
LINE, UNIT = "#0072b2", "#d55e00"


class Course(NamedTuple):
    """What happened to the four networks: rows are those of ``SIZES``."""

    loss: Array  # (updates + 1, 4)
    spread: Array  # (updates + 1, 4)
    parts: dict[int, Array]  # after so many updates, what each unit adds: (4, 33, units)
    total: dict[int, Array]  # and the outputs (4, 33)


@functools.cache
def course() -> Course:
    """Train the four side by side on the same wave."""
    runs = len(SIZES)
    net = MLP(
        [1, UNITS, 1], np.random.default_rng(0), "tanh", runs, init=partial(constant, val=0.5)
    )
    size = np.array(list(SIZES.values()))[:, None, None]
    noise = np.random.default_rng(4).standard_normal((UNITS, 1))
    net.params["0.weight"][...] += size * noise
    optimizer, loss = SGD(net.theta, lr=LR), MSE()
    losses, spreads, parts, total = [], [], {}, {}
    for t in range(max(UPDATES) + 1):
        out = net.forward(X)
        losses.append(loss.forward(out, Y))
        spreads.append(apart(net.params["0.weight"]))
        if t in UPDATES:
            hidden = np.tanh(X @ net.params["0.weight"].mT + net.params["0.bias"][:, None])
            parts[t] = hidden * net.params["2.weight"]
            total[t] = out[..., 0].copy()
        net.backward(loss.backward(), input_grad=False)
        optimizer.step(net.grad)
    return Course(np.array(losses), np.array(spreads), parts, total)


def alike(difference: str, updates: int) -> Figure:
    """Left the wave, the network and its units after so many updates; right how far units differ.

    Parameters
    ----------
    difference : a key of ``SIZES``
    updates : one of ``UPDATES``
    """
    checks.choice("difference", difference, SIZES)
    if updates not in UPDATES:
        checks.fail("updates", f"one of {UPDATES}", updates)
    run, told = list(SIZES).index(difference), course()
    fig, (left, right) = plots.new_figure(5.8, 2.9, 1, 2, layout=None)
    left.set_position((0.09, 0.17, 0.46, 0.71))
    right.set_position((0.69, 0.17, 0.27, 0.71))
    left.plot(X, Y, ".", color="#777777", markersize=4)
    left.plot(X[::2], told.parts[updates][run, ::2], color=UNIT, linewidth=0.8, alpha=0.8)
    left.plot(X, told.total[updates][run], color=LINE, linewidth=2)
    left.set(xlim=(-2, 2), ylim=(-3, 3), xlabel="input", ylabel="output")
    left.text(-1.9, 2.6, "network", color=ink_of(LINE), fontsize=9)
    left.text(-1.9, 2.15, "its eight units", color=ink_of(UNIT), fontsize=9)
    left.set_title(finding(float(told.loss[updates, run]), float(told.spread[updates, run])))
    every = np.arange(0, updates + 1, max(updates // 60, 1))
    right.plot(every, np.maximum(told.spread[every, run], 1e-17), color=UNIT)
    right.set(yscale="log", xlim=(0, max(UPDATES)), ylim=(1e-14, 30), xticks=(0, 1_000, 2_000))
    right.set(xlabel="update", ylabel="units differ by (log axis)")
    right.set_yticks([1e-12, 1e-8, 1e-4, 1])
    if not SIZES[difference]:
        right.text(1_000, 1e-7, "nothing\nto see:\nzero", ha="center", fontsize=9, color="#444444")
    return fig


def finding(loss: float, spread: float) -> str:
    """The title: what the network has become."""
    if spread <= 1e-13:
        return f"Eight units, one curve: loss {loss:.3f}"
    return f"Units {spread:.2g} apart: loss {loss:.3f}"
