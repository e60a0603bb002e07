"""A comparison in two rounds: settings are chosen on some seeds and reported on others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def on_fresh_seeds(
    train: Callable[..., Any],
    builds: Mapping[str, Any],
    lr: Any,
    fresh: Sequence[int],
    **settings: Any,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Choose each method's rate by validation loss on seeds 0 and 1, then train on fresh seeds.

    Parameters
    ----------
    train : ``sweep`` with loss and data filled in, by ``functools.partial``
    builds : {method: what ``sweep`` takes}
    lr : rates for all, or {method: rates}, equally many for each
    fresh : the seeds to report on
    settings : of ``train``

    Returns
    -------
    {method: its ``Best``}, and {method: its ``Trials`` on the fresh seeds}
    """
    best = train(builds, lr=lr, seeds=2, **settings).best("val_loss")
    rates = {method: one.setting["lr"] for method, one in best.items()}
    once = {method: [rate] for method, rate in rates.items()}
    trials = train(builds, lr=once, seeds=fresh, **settings)
    return best, {method: trials.only(method=method, lr=rate) for method, rate in rates.items()}
