"""The gallery of schedules as a figure that answers sliders: the rate, and what it does to noise.

On one coordinate with curvature 1 and noise of variance 1 the error needs no simulation: its mean
shrinks by 1 - η a step and its variance follows v ← (1 - η)² v + η².
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse import plots
from dlcourse.checks import choice
from dlcourse.plots.labels import ink_of
from dlcourse.scratch import schedules

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS, START = 100, 10.0
RATE, ERROR = "#0072b2", "#a6440a"
SIZES = ("low", "middle", "high")
# The class, what does not change, and the one parameter that the second slider moves.
GALLERY: dict[str, tuple[dict[str, Any], str, tuple[Any, ...]]] = {
    "Constant": ({}, "lr", (0.02, 0.1, 0.5)),
    "StepDecay": ({"lr": 0.5, "gamma": 0.3}, "step_size", (10, 25, 50)),
    "PiecewiseConstant": (
        {"lr": 0.5, "milestones": (50, 80)}, "factors", ((0.1, 0.1), (0.3, 0.3), (0.6, 0.6)),
    ),
    "Exponential": ({"lr": 0.5}, "gamma", (0.8, 0.95, 0.99)),
    "NaturalExponential": ({"lr": 0.5}, "beta", (0.01, 0.05, 0.2)),
    "InverseTime": ({"lr": 0.5}, "beta", (0.05, 0.5, 3.0)),
    "Cosine": ({"lr": 0.5}, "total_steps", (30, 60, 100)),
    "Cyclic": ({"base_lr": 0.02, "max_lr": 0.5}, "step_size", (5, 12, 25)),
    "WarmRestarts": ({"lr": 0.5, "t_mult": 2}, "t_0", (7, 15, 34)),
    "Warmup": ({"then": schedules.Cosine(0.5, 80)}, "steps", (5, 20, 60)),
}  # fmt: skip


def schedule_and_error(schedule: str, parameter: str) -> Figure:
    """Above the rate over 100 steps, below the root mean square error it leaves on noise.

    Parameters
    ----------
    schedule : a name of ``GALLERY``
    parameter : "low", "middle" or "high": which value of the one parameter that moves
    """
    choice("schedule", schedule, GALLERY)
    choice("parameter", parameter, SIZES)
    fixed, name, values = GALLERY[schedule]
    value = values[SIZES.index(parameter)]
    rate = getattr(schedules, schedule)(**fixed, **{name: value})(np.arange(STEPS))
    error = root_mean_square(rate)
    fig, (above, below) = plots.new_figure(5.4, 3.9, 2, 1, sharex=True, layout=None)
    fig.subplots_adjust(left=0.13, right=0.97, top=0.9, bottom=0.13, hspace=0.16)
    above.plot(rate, color=RATE, drawstyle="steps-post")
    above.set(ylim=(-0.02, 0.56), ylabel="learning rate")
    below.plot(np.log10(error), color=ERROR)  # a log axis of matplotlib's takes twice the time
    below.set(ylim=(-1.4, 1.15), xlim=(0, STEPS), xlabel="steps made")
    below.set_ylabel("error (log axis)")
    below.set_yticks((-1, 0, 1), ("0.1", "1", "10"))
    note = f"at the end {error[-1]:.2f}"
    below.text(0.98, 0.86, note, ha="right", transform=below.transAxes, color=ink_of(ERROR))
    shown = f"({value[0]:g}, {value[1]:g})" if isinstance(value, tuple) else f"{value:g}"
    above.set_title(f"{schedule} with {name} = {shown}", y=1)  # else its place is measured out
    return fig


def root_mean_square(rate: Any) -> Any:
    """√E θ² before the first step and after each, on θ ← θ - η (θ + noise of variance 1).

    >>> root_mean_square([1.0, 0.5])
    array([10.        ,  1.        ,  0.70710678])
    """
    square = [START**2]
    for eta in rate:
        square.append((1 - eta) ** 2 * square[-1] + eta**2)
    return np.sqrt(square)
