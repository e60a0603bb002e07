"""A comparison in two stages: the rate is chosen on a few seeds and reported on others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlcourse import checks
from dlcourse.training.sweeps import sweep
from dlcourse.training.trials import Trials


def tuned_then_fresh(
    builds: Mapping[str, Any],
    loss: Any,
    sets: Sequence[Any],
    rates: Any,
    *,
    tries: Sequence[Any],
    fresh: Sequence[Any],
    measure: Any = None,
    **plan: Any,
) -> Trials:
    """Train every method at the rate that was best for it on other seeds.

    Parameters
    ----------
    builds : {method: build}, as in ``sweep``
    sets : training, validation and test data; the validation loss chooses
    rates : the rates tried, or {method: rates}, equally many for each
    tries, fresh : seeds to choose by, and to report on: none in both
    measure : of the fresh seeds, as in ``sweep``
    plan : epochs, batch_size and whatever else ``sweep`` takes

    Returns
    -------
    Trials of the fresh seeds, each method at its own rate: ``axes["lr"]`` says which

    Raises
    ------
    ValueError where a method's best rate is the smallest or largest tried: a better one may lie
    beyond it.
    """
    if shared := {*tries} & {*fresh}:
        checks.fail("fresh", "free of the seeds that chose", sorted(shared))
    found = sweep(builds, loss, *sets[:2], seeds=tries, lr=rates, **plan).best("val_loss")
    for method, best in found.items():
        if "lr" in best.edge:
            fix = "Try rates on both sides of it."
            checks.fail("rates", f"wide enough for {method!r}", best.setting["lr"], fix)
    lr = {method: [best.setting["lr"]] for method, best in found.items()}
    return sweep(builds, loss, *sets, seeds=fresh, lr=lr, measure=measure, **plan)
