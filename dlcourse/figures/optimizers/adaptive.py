"""Every optimizer of the book on three terrains: a figure with three sliders.

A valley, a saddle, a plateau around a well: what slows a method down in three different ways.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice
from dlcourse.problems import TERRAINS, VALLEY, arrival, walk
from dlcourse.scratch.optimizers import SGD, Adadelta, Adagrad, Adam, RMSprop

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.path import Path

    from dlcourse.training import Epoch

STEPS = 80
OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "sgd": SGD,
    "momentum": partial(SGD, momentum=0.9),
    "nag": partial(SGD, momentum=0.9, nesterov=True),
    "adagrad": Adagrad,
    "rmsprop": partial(RMSprop, alpha=0.9),
    "adadelta": Adadelta,
    "adam": Adam,
}
# What sets a method's memory; the others have none to set.
MEMORY: dict[str, Callable[[float], dict[str, Any]]] = {
    "momentum": lambda beta: {"momentum": beta},
    "nag": lambda beta: {"momentum": beta},
    "rmsprop": lambda beta: {"alpha": beta},
    "adadelta": lambda beta: {"rho": beta},
    "adam": lambda beta: {"betas": (beta, 0.999)},
}


class View(NamedTuple):
    """What is shown of a terrain, and how a walk on it is told: done after n steps, or not."""

    xlim: tuple[float, float]
    ylim: tuple[float, float]
    words: tuple[str, str]


VIEWS = {
    "Valley": View(
        (-1.5, 4.5), (-1.25, 1.25),
        ("at the bottom after {} steps", f"not at rest in {STEPS} steps"),
    ),
    "Saddle": View((-0.9, 1.9), (-0.7, 1.9), ("left after {}", f"not left in {STEPS}")),
    "Plateau": View((-1.4, 3.6), (-2.2, 2.45), ("in the well after {}", f"no rest in {STEPS}")),
}  # fmt: skip


def terrain_path(
    terrain: str, optimizer: str, lr: float, beta: float = 0.9
) -> tuple[Array, int | None]:
    """The places visited, (STEPS + 1, 2), and the step from which it is done and stays so."""
    choice("terrain", terrain, tuple(TERRAINS))
    choice("optimizer", optimizer, tuple(OPTIMIZERS))
    land = TERRAINS[terrain]
    memory = MEMORY[optimizer](beta) if optimizer in MEMORY else {}
    opt = OPTIMIZERS[optimizer](np.array(land.start), lr=lr, **memory)
    path = walk(opt, land.grad, STEPS)
    return path, arrival(land.done(path))


def three_terrains(optimizer: str, lr: float, beta: float = 0.9) -> Figure:
    """One optimizer at one rate on the three terrains; each title says how it ended.

    Parameters
    ----------
    optimizer : key of ``OPTIMIZERS``, or the name ``plots.METHODS`` has for it
    lr : its learning rate
    beta : how much of its memory it keeps at a step: momentum's β, RMSprop's α, Adadelta's ρ,
        Adam's β₁; gradient descent and Adagrad have none to set
    """
    known = {plots.METHODS[key].name: key for key in OPTIMIZERS}
    key = known.get(optimizer, optimizer)
    choice("optimizer", key, tuple(OPTIMIZERS))
    fig, axes = plots.new_figure(5.4, 5.3, 1, 3, layout=None)  # laying 30 frames out takes seconds
    boxes = ((0.02, 0.61, 0.96, 0.33), (0.02, 0.02, 0.46, 0.5), (0.52, 0.02, 0.46, 0.5))
    for (name, view), ax, box in zip(VIEWS.items(), axes, boxes, strict=True):
        ax.set_position(box)
        ax.set(xlim=view.xlim, ylim=view.ylim, xticks=(), yticks=())  # a tick costs 300 bytes
        ax.grid(False)
        _contours(ax, name)
        path, count = terrain_path(name, key, lr, beta)
        ending = view.words[1] if count is None else view.words[0].format(count)
        ax.set_title(f"{name}: {ending}", fontsize=10)
        _draw(ax, _inside(path, view), key)
    return fig


def _inside(path: Array, view: View) -> Array:
    """The path up to where it leaves the map for good, at most one map's width outside."""
    low, high = np.transpose([view.xlim, view.ylim])
    size = high - low
    seen = ((path > low) & (path < high)).all(-1)
    last = int(np.flatnonzero(seen)[-1]) + 2  # one step more, so that one sees it go
    return np.clip(path[:last], low - size, high + size)


def _draw(ax: Any, path: Array, key: str) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    color = plots.METHODS[key].color
    ax.plot(*path.T, linewidth=1.0, color=color)
    # A dot is a line of no length with a round cap: a quarter of the bytes of a marker.
    dots = Path(np.repeat(path, 2, axis=0), np.tile([Path.MOVETO, Path.LINETO], len(path)))
    look: Any = {"facecolor": "none", "edgecolor": color, "linewidth": 3.2, "capstyle": "round"}
    ax.add_artist(PathPatch(dots, zorder=2.5, **look))  # add_patch would measure it, for limits
    ax.plot(*path[0], marker="o", markersize=8, markerfacecolor="white", color=color)
    ax.plot(*path[-1], marker="o", markersize=7, color=color)


def _contours(ax: Any, name: str) -> None:
    from matplotlib.patches import PathPatch

    look: Any = {"facecolor": "none", "edgecolor": "#b5b5b5", "linewidth": 0.7, "zorder": 1}
    ax.add_artist(PathPatch(_level_lines(name), **look))
    if name != "Saddle":
        ax.plot(0, 0, marker="*", markersize=11, color="#000000", zorder=1)


@cache
def _level_lines(name: str) -> Path:
    """All level lines of a terrain as one path: one artist, not six, in each of many frames."""
    from matplotlib.path import Path

    if name == "Saddle":
        span = np.linspace(-2, 2, 21)
        curves = [np.stack([span, sign * span], axis=1) for sign in (1, -1)]
        for height in (0.25, 1.0, 2.25):
            far = np.sqrt(span**2 + height)
            for pair in ((far, span), (-far, span), (span, far), (span, -far)):
                curves.append(np.stack(pair, axis=1))
        return Path.make_compound_path(*map(Path, curves))
    circle = Path.unit_circle()
    radii: dict[str, Any] = {
        "Valley": [np.sqrt(2 * f / VALLEY.curvatures) for f in (0.02, 0.1, 0.3, 0.7, 1.3, 2.1)],
        "Plateau": [0.3, 0.6, 0.9, 1.3, 1.9],
    }
    rings = [Path(radius * circle.vertices, circle.codes) for radius in radii[name]]
    return Path.make_compound_path(*rings)


def rate_left(epoch: Epoch) -> dict[str, Array]:
    """``train_rate`` for ``sweep``: what is left of a weight's 1/√s since it was first measured.

    The median over a run's weights; those that had met no gradient by then do not count.
    """
    (squares,) = epoch.optimizer.state[0].values()
    first = vars(epoch.optimizer).setdefault("first_squares", squares.copy())
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(first > 0, np.sqrt(first / squares), np.nan)
    return {"train_rate": np.nanmedian(left, axis=-1)}
