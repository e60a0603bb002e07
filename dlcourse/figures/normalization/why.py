"""Figures of the lesson on why batch normalization works."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.problems.along_gradient import Way, along
from dlcourse.problems.held_norms import started
from dlcourse.problems.moving_inputs import unit_digits
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import steps

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NORMS = {"plain": "none", "batch": "batch", "layer": "layer"}
COLORS = {"plain": "#d55e00", "batch": "#0072b2", "layer": "#054f25"}
LOOKS, RATE, NETWORKS = (0, 20, 60), 0.2, 5
REACH = np.linspace(0, 0.8, 9)[1:]


@functools.cache
def ways(norm: str) -> dict[int, Way]:
    """Of five networks in training at the rate 0.2, what lies along the gradient at each look."""
    rngs = [np.random.default_rng((5_100, i)) for i in range(NETWORKS)]
    net = started(rngs, NETWORKS, NORMS[norm], dtype=np.float64)
    train, loss = unit_digits()[0], SoftmaxCrossEntropy()
    batch = (train[0][:128], train[1][:128])
    found = {0: along(net, loss, batch, REACH)}
    plan: Any = {"epochs": 3, "batch_size": 32, "rng": rngs, "nonfinite": "freeze"}
    for step in steps(net, SGD(net.theta, lr=RATE), loss, train, **plan):
        if step.t in LOOKS:
            found[step.t] = along(net, loss, batch, REACH)
        if step.t == LOOKS[-1]:
            break
    return found


def along_the_gradient(norm: str, steps: int) -> Figure:
    """The loss along the gradient, less what it is at the start, of five networks.

    Parameters
    ----------
    norm : "plain", "batch" or "layer"
    steps : how many have been trained, of ``LOOKS``
    """
    way = ways(norm)[steps]
    rise = np.concatenate([np.zeros((1, NETWORKS)), way.loss - way.start])
    fig, ax = plots.new_figure(5.6, 3.0, layout=None)
    fig.subplots_adjust(left=0.14, right=0.97, bottom=0.18, top=0.87)
    x = np.concatenate([[0.0], REACH])
    shown = np.clip(np.nan_to_num(rise, nan=9.0, posinf=9.0), -2.0, 1.2)
    ax.plot(x, shown, color=COLORS[norm], linewidth=1.4, alpha=0.8)
    ax.axhline(0, color="#555555", linewidth=0.8)
    ax.set(xlim=(0, 0.8), ylim=(-2.0, 1.2), xlabel="step against the gradient, in gradients")
    ax.set_ylabel("change of the loss")
    uphill = (shown[1:].max(axis=0) > 0.05).any()
    ax.set_title("A step too far goes uphill" if uphill else "Downhill all the way")
    return fig
