"""Every method at the learning rate that suits it: chosen on some seeds, run on others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlcourse import checks
from dlcourse.training.runs import try_all

FRESH = range(130_000, 130_010)
"""Seeds on which nothing was tried out."""


def at_own_rate(
    runs: Mapping[str, Any],
    rates: Mapping[str, Sequence[float]],
    metric: str = "loss",
    better: str = "smaller",
    chosen_on: Sequence[int] = range(3),
    fresh: Sequence[int] = FRESH,
) -> tuple[dict[str, Any], dict[str, float]]:
    """Run each method at its best rate.

    Parameters
    ----------
    runs : {method: ``run(rng, runs, lr)``}, as ``try_all`` takes them
    rates : {method: rates}, equally many for each
    metric, better : what chooses, on the seeds ``chosen_on``
    fresh : the seeds that are reported

    Returns
    -------
    {method: Trials over the fresh seeds}, and {method: its rate}. A winner at the edge of its
    rates, or seeds that have chosen and report, are an error.
    """
    if both := {*chosen_on} & {*fresh}:
        fix = "The best of many flatters itself on the seeds that it was chosen on."
        checks.fail("fresh", "seeds other than those of chosen_on", sorted(both), fix)
    best = try_all(runs, seeds=chosen_on, lr=dict(rates)).best(metric, better=better)
    own = {name: float(one.setting["lr"]) for name, one in best.items()}
    for name, rate in own.items():
        if rate in (min(rates[name]), max(rates[name])):
            checks.fail("rates", f"wide enough for {name}", rate, "The best one is at the edge.")
    again = try_all(runs, seeds=fresh, lr={name: [rate] for name, rate in own.items()})
    return {name: again.only(method=name, lr=rate) for name, rate in own.items()}, own
