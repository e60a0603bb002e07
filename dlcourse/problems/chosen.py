"""Choose a setting on some seeds, report on others, whatever the run is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dlcourse import checks


def chosen_then_fresh(
    try_all: Callable[..., Any],
    run: Callable[..., Any],
    *,
    by: str,
    tries: Sequence[int],
    fresh: Sequence[int],
    ends: Sequence[str] = (),
    **grid: Any,
) -> Any:
    """``try_all`` on the fresh seeds, with the setting that was best on the others.

    Parameters
    ----------
    try_all : the one of ``dlcourse.training``
    run : as there
    by : the metric that chooses, of the validation data; the smallest mean over ``tries``
    ends : settings whose smallest or largest value may win; any other may not, for a better one may
        lie beyond it
    grid : settings, a list each

    Returns
    -------
    Trials of the one setting: ``axes`` say which

    Examples
    --------
    >>> from dlcourse.training import try_all
    >>> run = lambda rng, runs, lr: {"val_loss": abs(lr[:, 0] - 2)}
    >>> found = chosen_then_fresh(
    ...     try_all, run, by="val_loss", tries=[0], fresh=[1, 2], lr=[1.0, 2.0, 3.0]
    ... )
    >>> found.axes["lr"], found["val_loss"].shape
    ((2.0,), (1, 2))
    """
    if shared := {*tries} & {*fresh}:
        checks.fail("fresh", "free of the seeds that chose", sorted(shared))
    if not by.startswith("val"):
        checks.fail("by", "a metric of the validation data", by)
    if all(len(values) == 1 for values in grid.values()):  # there is nothing to choose
        return try_all(run, seeds=fresh, progress=False, **grid)
    best = try_all(run, seeds=tries, progress=False, **grid).best(by, better="smaller")
    if beyond := {*best.edge} - {*ends}:
        fix = "Try values on both sides of it."
        checks.fail("grid", f"wide enough in {', '.join(sorted(beyond))}", best.setting, fix)
    once: Any = {name: [best.setting[name]] for name in grid}
    return try_all(run, seeds=fresh, progress=False, **once)
