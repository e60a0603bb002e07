"""Settings chosen on some seeds by validation, then told on others by test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlcourse import checks


def best_on_fresh(
    train: Callable[..., Any], builds: Mapping[str, Any], fresh: Sequence[Any], *,
    by: str = "val_error", tries: int = 4, **grid: Any,
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """Each method at the setting that was best for it on seeds 0, 1, …, trained on fresh seeds.

    Parameters
    ----------
    train : ``try_all``
    builds : {method: function of rng, runs and the setting}
    fresh : seeds to report on, none of those that chose
    by : the metric that chooses, the smallest on average
    grid : one setting and the values tried, as ``lr=[0.01, 0.1]``

    Returns
    -------
    {method: its ``Trials`` on the fresh seeds} and {method: its setting}

    Raises
    ------
    ValueError where a best value is the largest tried, or the smallest but for 0.
    """
    (name, values), *more = grid.items()
    if more:
        checks.fail("grid", "one setting", sorted(grid))
    if shared := {*range(tries)} & {*fresh}:
        checks.fail("fresh", "free of the seeds that chose", sorted(shared))
    tried = train(builds, seeds=tries, progress=False, **grid)
    best = {method: one.setting[name] for method, one in tried.best(by).items()}
    for method, value in best.items():
        if value == max(values) or (value == min(values) and value > 0):
            checks.fail(name, f"tried on both sides of {method!r}'s best", value)
    once = {name: {method: [value] for method, value in best.items()}}
    found = train(builds, seeds=fresh, progress=False, **once)
    return {m: found.only(method=m, **{name: value}) for m, value in best.items()}, best
