"""``parity``: both rooms on the same inputs, compared step by step, values and state.

A family of algorithms joins by one entry in ``FAMILIES``: its module's name, and a runner that
takes the two classes or functions and returns the line to print.
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dlcourse.checks import fail, integer
from dlcourse.lesson.mixtures import mixing_parity
from dlcourse.lesson.norms import normalization_parity
from dlcourse.lesson.regularizers import regularization_parity

BOUND = 1e-12
DATA_BOUND = 1e-10  # an eigenvector has as many digits fewer as its eigenvalue has near neighbours
# A matrix, a scalar, a vector, and something with more axes.
SHAPES = ((30, 7), (), (3, 1, 5), (7,))
Runner = Callable[[Any, Any, str, int, dict[str, Any]], str]


def parity(
    name: str, *, steps: int | None = None, hyper: dict[str, Any] | None = None, **more: Any
) -> None:
    """Run ``name`` from ``dlcourse.scratch`` beside its PyTorch twin and print that they agree.

    Parameters
    ----------
    name : "SGD", "Adam", "Cosine", ...: an algorithm in both rooms.
    steps : number of steps, 50 of layers and 300 of anything else unless given; optimizers get the
        same random gradients in float64, with magnitudes from 1e-8 to 1e2 and some that are zero.
    more : hyper-parameters, passed to both sides; ``hyper`` is for those with a name taken here.

    Raises
    ------
    AssertionError names the first step and the first array that differ by more than 1e-12, relative
    to the largest value that entry has had so far.
    """
    hyper = {**(hyper or {}), **more}
    if steps is not None:
        integer("steps", steps, 1)
    for family, runner in FAMILIES.items():
        scratch = getattr(importlib.import_module(f"dlcourse.scratch.{family}"), name, None)
        if scratch is not None:
            twins = importlib.import_module(f"dlcourse.reference.{family}")
            call = f"{name}({', '.join(f'{key}={value!r}' for key, value in hyper.items())})"
            most = steps or STEPS.get(family, 300)
            print(runner(scratch, getattr(twins, name), call, most, hyper))
            return
    fail("name", f"an algorithm of {', '.join(FAMILIES)}", name, error=KeyError)


def optimizer_parity(scratch: Any, twin: Any, call: str, steps: int, hyper: dict[str, Any]) -> str:
    """Runner of the optimizers: the same gradients into both, their whole state out of both."""
    import torch

    rng = np.random.default_rng(0)
    arrays = [_start(shape, rng) for shape in SHAPES]
    tensors = [torch.tensor(array, dtype=torch.float64) for array in arrays]
    ours, theirs = scratch(arrays, **hyper), twin(tensors, **hyper)
    sizes = [np.abs(array) for array in arrays]
    scales: dict[tuple[str, int], Any] = {("value", i): size for i, size in enumerate(sizes)}
    largest = 0.0
    for step, grads in enumerate(_gradients(steps, rng), start=1):
        ours.step(grads)
        theirs.step([torch.from_numpy(g.copy()) for g in grads])
        for what, i, x, y in _pairs(arrays, tensors, ours.state_dict(), theirs.state_dict()):
            scale = np.maximum(scales.get((what, i), 0.0), np.abs(y))
            scales[what, i] = scale
            relative = np.max(np.abs(x - y) / np.where(scale > 0, scale, 1.0))
            largest = max(largest, float(relative))
            if not relative <= BOUND:
                raise AssertionError(
                    f"{call}: step {step}, {what} of parameter {i} (shape {SHAPES[i]}) differs by "
                    f"{relative:.2g}, more than {BOUND:.0e}."
                )
    library = f"torch.optim.{scratch.__name__}"
    library = library if hasattr(torch.optim, scratch.__name__) else "its PyTorch twin"
    return (
        f"{call}: {steps} steps, values and state equal to {library} within "
        f"{BOUND:.0e}\n  largest relative difference: ≈{largest:.0e}"
    )


def _start(shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    return np.array(rng.normal(size=shape) * 10.0 ** rng.uniform(-3, 1, size=shape))


def _gradients(steps: int, rng: np.random.Generator) -> Iterator[list[Any]]:
    """Each entry keeps its magnitude, so that ε matters to some; one in ten has no gradient."""
    sizes = [10.0 ** rng.uniform(-8, 2, size=shape) for shape in SHAPES]
    alive = [np.array(rng.uniform(size=shape) > 0.1) for shape in SHAPES]
    alive[1][...] = True
    for _ in range(steps):
        yield [
            np.array(rng.normal(size=shape) * size * on)
            for shape, size, on in zip(SHAPES, sizes, alive, strict=True)
        ]


def _pairs(
    arrays: list[Any], tensors: list[Any], ours: dict[str, Any], theirs: dict[str, Any]
) -> Iterator[tuple[str, int, Any, Any]]:
    """Every array of one room with its counterpart, by name and parameter."""
    if ours["t"] != theirs["t"]:
        raise AssertionError(f"the step counts differ: {ours['t']} and {theirs['t']}.")
    for i, (x, y) in enumerate(zip(arrays, tensors, strict=True)):
        yield "value", i, x, y.detach().cpu().numpy()
    for i, (mine, twin) in enumerate(zip(ours["state"], theirs["state"], strict=True)):
        if mine.keys() != twin.keys():
            raise AssertionError(f"the states differ: {sorted(mine)} and {sorted(twin)}.")
        for name, array in mine.items():
            yield f"state {name}", i, array, twin[name].detach().cpu().numpy()


def schedule_parity(scratch: Any, twin: Any, call: str, steps: int, hyper: dict[str, Any]) -> str:
    """Runner of the schedules: the rates of that many steps, relative to the largest so far."""
    ours = scratch(**hyper)
    room = sys.modules[twin.__module__]
    theirs = twin(**{name: _across(value, room) for name, value in hyper.items()})
    t = np.arange(steps)
    x, y = ours(t), theirs(t)
    scale = np.maximum.accumulate(np.abs(y))
    relative = np.abs(x - y) / np.where(scale > 0, scale, 1.0)
    if not np.all(relative <= BOUND):
        step = int(np.argmin(relative <= BOUND))
        raise AssertionError(
            f"{call}: step {step}, the rate differs by {relative[step]:.2g}, more than {BOUND:.0e}."
        )
    return (
        f"{call}:\n  {steps} rates equal to lr_scheduler.{_scheduler(theirs)} within {BOUND:.0e}\n"
        f"  largest relative difference: ≈{relative.max():.0e}"
    )


def _across(schedule: Any, room: Any) -> Any:
    """The other room's schedule for a hyper-parameter that is one; anything else as it is."""
    if not dataclasses.is_dataclass(schedule):
        return schedule
    fields = {f.name: getattr(schedule, f.name) for f in dataclasses.fields(schedule)}
    kind = getattr(room, type(schedule).__name__)
    return kind(**{name: _across(value, room) for name, value in fields.items()})


def _scheduler(twin: Any) -> str:
    import torch

    idle = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=twin.first())
    return type(twin.scheduler(idle)).__name__


def preprocessing_parity(
    scratch: Any, twin: Any, call: str, steps: int, hyper: dict[str, Any]
) -> str:
    """Runner of preprocessing: on that many sets of data what is learned, and where new data go."""
    import torch

    if not isinstance(scratch, type):
        fail("name", "a class where it is of preprocessing, as PCAWhitening", scratch.__name__)
    rng, largest = np.random.default_rng(0), 0.0
    for step in range(steps):
        train, new = _correlated(rng)
        ours, theirs = scratch(**hyper).fit(train), twin(**hyper).fit(torch.from_numpy(train))
        pairs = {k: (v, getattr(theirs, k)) for k, v in vars(ours).items() if k.endswith("_")}
        for way in ("transform", "inverse_transform"):
            pairs[way] = getattr(ours, way)(new), getattr(theirs, way)(torch.from_numpy(new))
        for what, (x, y) in pairs.items():
            relative = float(np.abs(x - y.numpy()).max() / max(float(y.abs().max()), 1e-300))
            largest = max(largest, relative)
            if not relative <= DATA_BOUND:
                raise AssertionError(
                    f"{call}: on data set {step}, {what} differs by {relative:.2g}, "
                    f"more than {DATA_BOUND:.0e}."
                )
    return (
        f"{call}: {steps} sets of data,\n  what is learned, new data and their way back equal to "
        f"its PyTorch twin within {DATA_BOUND:.0e}\n  largest relative difference: ≈{largest:.0e}"
    )


def _correlated(rng: np.random.Generator) -> tuple[Any, Any]:
    """Training data, in the mean 3, with correlated columns of unlike scales; others elsewhere."""
    turn, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    mix = 10.0 ** rng.uniform(-1, 1, size=(5, 1)) * turn
    return rng.normal(size=(30, 5)) @ mix + 3, 2 * rng.normal(size=(10, 5)) @ mix - 1


# What has exact numbers about an initializer; what has none is compared as a distribution alone.
ARITHMETIC = {
    "normal": "",
    "truncated_normal": "",
    "uniform": "",
    **dict.fromkeys(("constant", "zeros", "identity"), "weights"),
    **{f"xavier_{law}": "xavier_std" for law in ("normal", "uniform")},
    **{f"kaiming_{law}": "kaiming_std" for law in ("normal", "uniform")},
    "orthogonal": "orthonormal",
}
DRAWN = 100, 50, 2, 2
"""The shape whose weights are compared as distributions: two samples of 20,000."""
GAP = float(np.sqrt(np.log(2e6) / 20_000))
"""Smirnov's limit for them: alike they part by more once in a million times."""


def initialization_parity(
    scratch: Any, twin: Any, call: str, steps: int, hyper: dict[str, Any]
) -> str:
    """Runner of the initializers: arithmetic on that many shapes, and two samples of weights."""
    exact = ARITHMETIC.get(scratch.__name__)
    if exact is None:
        fail("name", f"an initializer: {', '.join(ARITHMETIC)}", scratch.__name__, error=KeyError)
    said, rng = [f"{call}: as torch.nn.init"], np.random.default_rng(0)
    if exact:
        largest, shapes = 0.0, [tuple(rng.integers(2, 9, rng.integers(2, 5))) for _ in range(steps)]
        for shape in shapes:
            x, y = (_number(room, exact, shape, hyper) for room in (scratch, twin))
            relative = float(np.abs(x - y).max() / max(np.abs(y).max(), 1e-300))
            largest = max(largest, relative)
            if not relative <= DATA_BOUND:
                raise AssertionError(f"{call}: {exact} for {shape}: they differ by {relative:.2g}.")
        said.append(f"{steps} shapes, {exact} equal: largest relative difference ≈{largest:.0e}")
    if exact not in ("weights", "orthonormal"):
        x, y = (np.sort(np.asarray(room(DRAWN, rng, **hyper)).ravel()) for room in (scratch, twin))
        both = np.concatenate([x, y])
        shares = (np.searchsorted(one, both, side="right") / len(one) for one in (x, y))
        gap = float(np.abs(next(shares) - next(shares)).max())
        if not gap <= GAP:
            raise AssertionError(f"{call}: the distributions part by {gap:.2g}, over {GAP:.2g}.")
        said.append(f"{len(x)} weights of each: distributions ≈{gap:.3f} apart, within {GAP:.3f}")
    return "\n  ".join(said)


def _number(room: Any, exact: str, shape: tuple[int, ...], hyper: dict[str, Any]) -> Any:
    """What must be equal: weights without chance, a scale, or for one Gaussian matrix its Q."""
    if exact == "weights":
        return np.asarray(room(shape, **hyper))
    function = getattr(sys.modules[room.__module__.rpartition(".")[0]], exact)
    if exact != "orthonormal":
        return np.asarray(function(shape, **hyper))
    rng, flat = np.random.default_rng(shape), (shape[0], int(np.prod(shape[1:])))
    a, w = rng.normal(size=flat), np.asarray(room(shape, rng, **hyper)).reshape(flat)
    module = sys.modules[function.__module__]
    q = function(module.torch.from_numpy(a) if hasattr(module, "torch") else a)
    return np.append(np.asarray(q), np.linalg.svd(w, compute_uv=False))


FAMILIES: dict[str, Runner] = {
    "optimizers": optimizer_parity,
    "initialization": initialization_parity,
    "preprocessing": preprocessing_parity,
    "normalization": normalization_parity,
    "regularization": regularization_parity,
    "augmentation": mixing_parity,
    "schedules": schedule_parity,
}
STEPS = {"normalization": 50, "regularization": 50, "augmentation": 60}
