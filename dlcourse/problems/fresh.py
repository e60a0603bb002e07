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
) -> tuple[Any, dict[str, Any]]:
    """Choose each method's rate by validation loss on seeds 0 and 1, then train on fresh seeds.

    Parameters
    ----------
    train : ``sweep`` with loss and data filled in, by ``functools.partial``; the choice does not
        see the test set, and what is reported not the validation set
    builds : {method: what ``sweep`` takes}
    lr : rates for all, or {method: rates}, equally many for each
    fresh : the seeds to report on
    settings : of ``train``

    Returns
    -------
    the ``Trials`` of the choice, and {method: its ``Trials`` on the fresh seeds}
    """
    tried = train(builds, lr=lr, seeds=2, test=None, **settings)
    best = tried.best("val_loss").items()
    rate = {method: one.setting["lr"] for method, one in best}
    once = {method: [lr] for method, lr in rate.items()}
    found = train(builds, lr=once, seeds=fresh, val=None, **settings)
    each = {name: found.only(method=name, lr=lr) for name, lr in rate.items()}
    return tried, each
