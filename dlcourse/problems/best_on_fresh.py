"""Settings chosen on some seeds by validation, then told on others by test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlcourse import checks


def chosen(tried: Any, name: str, by: str = "val_error") -> dict[str, Any]:
    """Each method's best value of the one setting that was tried, as {method: value}.

    Parameters
    ----------
    tried : ``Trials`` of several methods
    name : the setting
    by : the metric that chooses, the smallest on average

    Raises
    ------
    ValueError where a best value is the largest tried, or the smallest but for 0: a better one may
    lie beyond it.
    """
    best = {method: one.setting[name] for method, one in tried.best(by).items()}
    for method, value in best.items():
        axis = tried.axes[name]
        values = axis[method] if isinstance(axis, Mapping) else axis
        if value == max(values) or (value == min(values) and value > 0):
            checks.fail(name, f"tried on both sides of the best of {method!r}", value)
    return best


def best_on_fresh(
    train: Callable[..., Any], builds: Mapping[str, Any], fresh: Sequence[Any], *,
    by: str = "val_error", tries: int = 2, **grid: Any,
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """Each method at the setting that was best for it on seeds 0, 1, …, trained on fresh seeds.

    Parameters
    ----------
    train : ``try_all``
    builds : {method: function of rng, runs and the setting}
    fresh : seeds to report on, none of those that chose
    by : as in ``chosen``
    grid : one setting and the values tried, as ``lr=[0.01, 0.1]``, or {method: values}

    Returns
    -------
    {method: its ``Trials`` on the fresh seeds} and {method: its setting}
    """
    (name, _), *more = grid.items()
    if more:
        checks.fail("grid", "one setting", sorted(grid))
    if shared := {*range(tries)} & {*fresh}:
        checks.fail("fresh", "free of the seeds that chose", sorted(shared))
    best = chosen(train(builds, seeds=tries, **grid), name, by)
    found = {m: train({m: builds[m]}, seeds=fresh, **{name: v}) for m, v in best.items()}
    return {m: one.only(method=m) for m, one in found.items()}, best
