"""What the five experiments share: data, arms that are tuned alike, and fresh seeds to report on.

The rule is the same everywhere. Each arm tries the same rates on the tuning seeds and is judged by
its error on validation images. Where its best rate is the smallest or largest tried, the next one
is tried too, three times at the most; a winner that is still at the edge is said to be there. Then
the arm is trained on fresh seeds at the rate chosen, and looked at on test images, once. A run that
diverges counts as one that guesses.
"""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dlcourse import data
from dlcourse.training import as_numpy, evaluate, steps, try_all

TUNING, FRESH = (1000, 1001), tuple(range(10))
MOST = 3
"""How many rates an arm may try beyond those it began with."""
GUESS = 0.9
"""The error of who guesses among ten classes."""
Metrics = dict[str, Any]
Run = Callable[..., Metrics]  # of rng, runs, lr


class Sets(NamedTuple):
    """Pairs (x, y). ``test`` is None while rates are chosen."""

    train: Any
    val: Any
    test: Any


@dataclass(frozen=True)
class Room:
    """The package's NumPy, or for a device its PyTorch twin."""

    device: str | None = None

    def __getattr__(self, name: str) -> Any:
        """A module of the room, as ``room.layers``."""
        if name.startswith("_"):  # who asks is Python: copy, pickle, doctest
            raise AttributeError(name)
        room = "scratch" if self.device is None else "reference"
        return importlib.import_module(f"dlcourse.{room}.{name}")

    @property
    def plan(self) -> dict[str, Any]:
        """What a model of the room is built with."""
        return {"dtype": np.float32} | ({} if self.device is None else {"device": self.device})

    def arrays(self, pair: Any) -> Any:
        """A pair (x, y) where the room computes."""
        if self.device is None:
            return pair
        import torch

        return tuple(torch.as_tensor(a, device=self.device) for a in pair)


def load(room: Room, name: str, images: int, pool: int = 1) -> Sets:
    """The first so many training images, all for validation and test, averaged pool × pool."""
    found = data.load(name, dtype=np.float32)
    if images > len(found.train.y):
        raise SystemExit(f"{name} has {len(found.train.y)} images to train on, not {images}.")
    train = found.train.x[:images], found.train.y[:images]
    pairs = (train, found.validation, found.test)
    side = found.image_shape[-1]
    return Sets(*(room.arrays((pooled(x, side, pool), y)) for x, y in pairs))


def pooled(x: Any, side: int, pool: int) -> Any:
    """Images (n, side²), each pool × pool of their pixels averaged.

    >>> pooled(np.arange(16.0)[None], 4, 2)
    array([[ 2.5,  4.5, 10.5, 12.5]])
    """
    if pool == 1:
        return x
    blocks = x.reshape(len(x), side // pool, pool, side // pool, pool)
    return np.ascontiguousarray(blocks.mean((2, 4)).reshape(len(x), -1))


def learn(
    model: Any,
    optimizer: Any,
    loss: Any,
    sets: Sets,
    rng: Any,
    *,
    epochs: int,
    batch_size: int,
    looks: Collection[int] = (),
    seen: int = 1000,
) -> Metrics:
    """Train; losses and errors at the end, and on ``seen`` test images after the steps ``looks``.

    Returns
    -------
    ``train_loss``, ``val_error`` and, unless ``sets.test`` is None, ``test_error``: (runs,); with
    looks also ``curve``, (runs, looks), of test errors
    """
    curve = []
    last = None
    plan: Any = {"epochs": epochs, "batch_size": batch_size, "rng": rng, "last": "refuse"}
    for last in steps(model, optimizer, loss, sets.train, nonfinite="freeze", **plan):
        if sets.test is not None and last.t in looks:
            watched = tuple(part[:seen] for part in sets.test)
            curve.append(_error(model, loss, watched, np.isnan(last.loss)))
    train = as_numpy(evaluate(model, loss, sets.train)["loss"])
    lost = np.isnan(last.loss) | ~np.isfinite(train)  # the last step itself may have been too long
    found = {"train_loss": np.where(lost, math.log(10), train)}
    found["val_error"] = _error(model, loss, sets.val, lost)
    if sets.test is not None:
        found["test_error"] = _error(model, loss, sets.test, lost)
        found |= {"curve": np.stack(curve, axis=-1)} if curve else {}
    return found


def _error(model: Any, loss: Any, pair: Any, lost: Any) -> Any:
    right = as_numpy(evaluate(model, loss, pair)["accuracy"])
    return np.where(lost, GUESS, 1 - right)


def tuned(
    run: Run, rates: Sequence[float], seeds: Sequence[int] = TUNING
) -> tuple[float, dict[float, float], str]:
    """The rate with the smallest mean validation error, those of all tried, and which end it is.

    >>> tuned(lambda rng, runs, lr: {"val_error": abs(np.log10(lr[:, 0] / 0.01))}, [0.1, 0.3, 0.9])
    (0.0111..., {...}, '')
    """
    tried: dict[float, float] = {}
    new = [float(rate) for rate in rates]
    factor = new[1] / new[0]
    while True:
        found = try_all(run, seeds=seeds, lr=new, progress=False)["val_error"]
        tried |= dict(zip(new, np.asarray(found).mean(-1).tolist(), strict=True))
        best = min(tried, key=lambda rate: tried[rate])
        ends = {min(tried): ("smallest", best / factor), max(tried): ("largest", best * factor)}
        which, beyond = ends.get(best, ("", 0.0))
        if not which or len(tried) >= len(rates) + MOST:
            return best, dict(sorted(tried.items())), which
        new = [beyond]


def contest(
    runs: Mapping[str, Callable[[Sets], Run]],
    sets: Sets,
    rates: Sequence[float] | Mapping[str, Sequence[float]],
    seeds: Sequence[int] = FRESH,
    tuning: Sequence[int] = TUNING,
) -> dict[str, Metrics]:
    """Every arm, tuned on validation data and reported on fresh seeds.

    Parameters
    ----------
    runs : {arm: function of the sets that returns what ``try_all`` runs}
    rates : for all arms, or {arm: rates}, equally many for each

    Returns
    -------
    {arm: {"lr", "tried", "edge", and each metric as a list with an entry a fresh seed}}
    """
    if shared := {*tuning} & {*seeds}:
        raise ValueError(f"seeds must be free of those that chose; got {sorted(shared)}.")
    blind = sets._replace(test=None)
    found: dict[str, Metrics] = {}
    for arm, make in runs.items():
        grid = rates[arm] if isinstance(rates, Mapping) else rates
        lr, tried, edge = tuned(make(blind), grid, tuning)
        found[arm] = {"lr": lr, "tried": tried, "edge": edge} | reported(make(sets), lr, seeds)
    return found


def seeds_of(plan: Mapping[str, Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The seeds to report on and those to choose by: others for a second look.

    >>> seeds_of({"first_seed": 10})[1]
    (1010, 1011)
    """
    first = plan.get("first_seed", 0)
    return tuple(first + seed for seed in FRESH), tuple(first + seed for seed in TUNING)


def reported(run: Run, lr: float, seeds: Sequence[int] = FRESH) -> Metrics:
    """Each metric of the fresh seeds at one rate, as lists."""
    trials = try_all(run, seeds=seeds, lr=[lr], progress=False)
    lists = {name: np.asarray(trials[name])[0].tolist() for name in trials if name != "curve"}
    return lists | ({"curve": trials.curve("curve")[0].tolist()} if "curve" in trials else {})


def with_loss(room: Room, build: Callable[..., Any], **plan: Any) -> Callable[[Sets], Run]:
    """An arm: ``build(rng, runs, lr)`` returns a model and its optimizer; plan as of ``learn``."""

    def arm(sets: Sets) -> Run:
        return functools.partial(_run, room, build, sets, plan)

    return arm


def _run(room: Room, build: Any, sets: Sets, plan: Any, rng: Any, runs: int, lr: Any) -> Metrics:
    model, optimizer = build(rng, runs, lr)
    return learn(model, optimizer, room.losses.SoftmaxCrossEntropy(), sets, rng, **plan)
