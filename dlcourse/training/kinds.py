"""Methods tried on several kinds of images, each at the rate that this kind has chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.training.runs import try_all


def each_tuned(
    methods: Mapping[str, Any], *, rates: Sequence[float], tries: Sequence[int],
    fresh: Sequence[int], by: str = "",
    part: str = "test_",
) -> dict[str, dict[str, Array]]:  # fmt: skip
    """Every method, for every kind of test images, at the rate that such validation images chose.

    Parameters
    ----------
    methods : {name: function of (rng, runs, lr)}, as ``learn_enlarged`` with all else given; its
        looks come in pairs, ``val_…`` and ``test_…``
    rates, tries : the rates tried and the seeds they are tried on; the smallest mean error wins
    fresh : the seeds that are reported, none of them tried
    part : what the names of those looks begin with that fresh seeds report
    by : the kind whose validation images choose for all kinds; "": each kind for itself

    Returns
    -------
    {method: {metric: (seeds,)}}; what belongs to no kind is of the first kind's rate
    """
    if shared := {*tries} & {*fresh}:
        checks.fail("fresh", "free of the seeds that chose", sorted(shared))
    return {
        name: _tuned(name, run, rates, (tries, fresh), by, part) for name, run in methods.items()
    }


def _tuned(name: str, run: Any, rates: Any, seeds: Any, by: str, part: str) -> Any:
    tries, fresh = seeds
    tried = try_all(run, seeds=tries, lr=rates, part="val_", progress=False)
    kinds = [m[4:-6] for m in tried if m.startswith("val_") and m.endswith("_error")]
    made: dict[float, Any] = {}
    found: dict[str, Array] = {}
    for kind in kinds:
        best = tried.best(f"val_{by or kind}_error")
        lr = best.setting["lr"]
        if best.edge and len(rates) > 1:
            fix = "Try rates on both sides of it."
            checks.fail("rates", f"wide enough for {name!r}, {kind} images", lr, fix)
        if lr not in made:
            made[lr] = try_all(run, seeds=fresh, lr=[lr], part=part, progress=False)
        found |= {m: a[0] for m, a in made[lr].items() if f"_{kind}_" in m or m not in found}
    return found
