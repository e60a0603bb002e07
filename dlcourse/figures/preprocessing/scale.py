"""Figure of the lesson on scale: the loss of one feature and a bias, in the unit of your choice.

The contours of least squares are ellipses whose axes are those of the Hessian, so they are drawn
from its eigenvalues and not from a grid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.arrays import Array
from dlcourse.checks import choice, number
from dlcourse.problems.tables import condition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

START = np.array([0.75, 0.9])  # how far weight and bias are from the minimum
DRAWN, MOST = 60, 20_000  # steps drawn, and counted
LEFT = 0.01  # of the distance to the minimum, when the count ends
AWAY = 2.0  # the mean of a feature that is not centred, in its deviations


def hessian_of(spread: float, centred: str) -> Array:
    """XᵀX / N for a column of deviation ``spread`` and the column of ones.

    >>> hessian_of(3.0, "yes"), hessian_of(0.5, "no")
    (array([[9., 0.],
           [0., 1.]]), array([[1.25, 1.  ],
           [1.  , 1.  ]]))
    """
    mean = 0.0 if choice("centred", centred, ("no", "yes")) == "yes" else AWAY * spread
    return np.array([[spread**2 + mean**2, mean], [mean, 1.0]])


def descent(hessian: Array, rate: float, steps: Any) -> Array:
    """Where gradient descent is after so many steps (t,), at a share of the rate limit: (t, 2)."""
    values, axes = np.linalg.eigh(hessian)
    keep = 1 - rate * 2 * values / values[-1]
    return np.asarray((keep ** np.asarray(steps)[:, None] * (START @ axes)) @ axes.T)


def steps_needed(hessian: Array, rate: float) -> int | None:
    """Steps until a hundredth of the distance is left; None for more than ``MOST``."""
    distance = np.linalg.norm(descent(hessian, rate, np.arange(MOST + 1)), axis=-1)
    there = distance < LEFT * distance[0]
    return int(np.argmax(there)) if there.any() else None


def unit_of_a_feature(spread: float, centred: str, rate: float) -> Figure:
    """Contours of the loss over weight and bias, and the path of gradient descent.

    Parameters
    ----------
    spread : deviation of the feature, in the unit it is measured in
    centred : "yes", or "no": then its mean is ``AWAY`` deviations from zero
    rate : share of the largest stable rate, 2 / λmax
    """
    number("spread", spread, 0, low_open=True)
    number("rate", rate, 0, 1, low_open=True, high_open=True)
    hessian = hessian_of(spread, centred)
    fig, ax = plots.new_figure(4.6, 4.2, layout=None)
    fig.subplots_adjust(left=0.15, right=0.97, top=0.88, bottom=0.13)
    values, axes = np.linalg.eigh(hessian)
    circle = np.linspace(0, 2 * np.pi, 97)
    round_one = np.stack([np.cos(circle), np.sin(circle)], axis=-1)
    top = START @ hessian @ START
    for share in (0.03, 0.15, 0.4, 1.0, 2.0):
        ring = (round_one * np.sqrt(share * top / values)) @ axes.T
        ax.plot(*ring.T, color="#b5b5b5", linewidth=0.8, zorder=1)
    path = descent(hessian, rate, np.arange(DRAWN + 1))
    ax.plot(*path.T, marker=".", markersize=5, linewidth=1.1, color=plots.METHODS["sgd"].color)
    ax.plot(0, 0, marker="*", markersize=11, color="#000000")
    ax.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
    ax.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    ax.set(xlabel="weight, from its best", ylabel="bias, from its best")
    ax.grid(False)
    need = steps_needed(hessian, rate)
    kappa = f"κ = {float(condition(hessian)):,.4g}"
    if need is None:
        ax.set_title(f"{kappa}: after {MOST:,} steps more than 1% of the way is left")
    else:
        ax.set_title(f"{kappa}: {need:,} step{'s leave' if need > 1 else ' leaves'} 1% of the way")
    return fig
