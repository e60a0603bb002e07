"""Parity of what hides, mixes and draws: functions on many batches, layers while a net trains."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dlcourse.checks import fail
from dlcourse.lesson.augmented import CALLS as OF_IMAGES
from dlcourse.lesson.augmented import augmentation_parity

BOUND = 1e-10
Draw = Callable[[np.random.Generator], tuple[Any, ...]]
"""All arguments, arrays where the twin gets tensors."""
IMAGES = 4, 2, 9, 8
"""Of two runs each."""
SENTENCE = "the quick happy dog will find a big house and a small road near the old town"
POLICY = [
    [("rotate", 0.7, 5), ("invert", 0.4, 0)],
    [("shear_x", 0.9, 8), ("solarize", 0.5, 4), ("translate_y", 1.0, 9)],
    [("posterize", 0.6, 7)],
]


def _images(rng: np.random.Generator) -> Any:
    return rng.random((2, *IMAGES))


def _labels(rng: np.random.Generator) -> Any:
    return rng.dirichlet(np.ones(3), (2, IMAGES[0]))


def _pairs(rng: np.random.Generator) -> tuple[Any, ...]:
    """Samples, labels, a λ each and partners, of two runs."""
    n = IMAGES[0]
    partner = rng.permuted(np.tile(np.arange(n), (2, 1)), axis=1)
    return _images(rng), _labels(rng), rng.random((2, n)), partner


def _centres(rng: np.random.Generator) -> tuple[Any, ...]:
    return tuple(rng.integers(size, size=(2, IMAGES[0])) for size in IMAGES[-2:])


def _box(rng: np.random.Generator) -> tuple[Any, ...]:
    h, w = IMAGES[-2:]
    top, left = _centres(rng)
    return top, left, rng.integers(h - top + 1), rng.integers(w - left + 1)


def _same(rng: np.random.Generator) -> Any:
    """A seed, of which each room makes a generator of its own."""
    return Seed(int(rng.integers(2**31)))


class Seed(int):
    """Where a function wants a generator."""


CALLS: dict[str, Draw] = {
    "cutout": lambda rng: (_images(rng), *_centres(rng), int(rng.integers(9)), rng.random()),
    "random_erasing": lambda rng: (_images(rng), _box(rng), _images(rng)),
    "mixup": _pairs,
    "cutmix": lambda rng: (*_pairs(rng), *_centres(rng)),
    "rand_augment": lambda rng: (_images(rng)[..., :1, :, :], 2, rng.random() * 30, _same(rng)),
    "auto_augment": lambda rng: (_images(rng)[..., :1, :, :], POLICY, _same(rng)),
    "apply_operations": lambda rng: (
        rng.random((2, IMAGES[0], 3, 9, 8)),
        rng.integers(14, size=(2, IMAGES[0], 2)),
        2.0 * rng.integers(2, size=(2, IMAGES[0], 2)) - 1,
        rng.random() * 30,
    ),
    "apply_sub_policies": lambda rng: (
        _images(rng)[..., :1, :, :],
        POLICY,
        rng.integers(3, size=(2, IMAGES[0])),
        rng.random((2, IMAGES[0], 3)),
        2.0 * rng.integers(2, size=(2, IMAGES[0], 3)) - 1,
    ),
    "synonym_replacement": lambda rng: (
        SENTENCE.split(),
        int(rng.integers(5)),
        _synonyms(),
        _same(rng),
    ),
    "random_insertion": lambda rng: (
        SENTENCE.split(),
        int(rng.integers(5)),
        _synonyms(),
        _same(rng),
    ),
    "random_swap": lambda rng: (SENTENCE.split(), int(rng.integers(5)), _same(rng)),
    "random_deletion": lambda rng: (SENTENCE.split(), rng.random(), _same(rng)),
}
LAYERS: dict[str, dict[str, Any]] = {
    "Augment": {"transform": "rand_augment"},
    "Mix": {"kind": "cutmix", "alpha": 1.0},
    "MixedCrossEntropy": {"kind": "mixup", "alpha": 0.4, "each": True},
}
"""What a network begins with, whose loss is ``MixedCrossEntropy`` where it mixes."""


def _synonyms() -> Any:
    return importlib.import_module("dlcourse.scratch.augmentation").load_synonyms()


def mixing_parity(scratch: Any, twin: Any, call: str, steps: int, hyper: dict[str, Any]) -> str:
    """Runner of augmentation: what is not in here is a function of images alone."""
    name, largest = scratch.__name__, 0.0
    if name in OF_IMAGES:
        return augmentation_parity(scratch, twin, call, steps, hyper)
    if name in LAYERS:
        seen, found = f"{steps} training steps and an evaluation", _training(name, steps, hyper)
    elif name in CALLS:
        seen, found = f"{steps} inputs", _inputs(scratch, twin, steps, hyper)
    else:
        known = ", ".join((*OF_IMAGES, *CALLS, *LAYERS))
        fail("name", f"a function or a layer: {known}", name, error=KeyError)
    for where, x, y in found:
        if isinstance(x, list):
            differs = x != y
        else:
            x, y = np.asarray(x), np.asarray(y)
            if x.shape != y.shape:
                raise AssertionError(f"{call}: {where}: shaped {x.shape} and {y.shape}.")
            relative = float(abs(x - y).max() / max(abs(y).max(), 1e-300))
            largest, differs = max(largest, relative), not relative <= BOUND
        if differs:
            raise AssertionError(f"{call}: {where}: they differ, by more than {BOUND:.0e}.")
    words = name in CALLS and isinstance(CALLS[name](np.random.default_rng(0))[0], list)
    told = "word by word" if words else f"within {BOUND:.0e}"
    end = "" if words else f"\n  largest relative difference: ≈{largest:.0e}"
    return f"{call}: {seen},\n  equal to its PyTorch twin {told}{end}"


Found = Iterator[tuple[str, Any, Any]]


def _inputs(scratch: Any, twin: Any, steps: int, hyper: dict[str, Any]) -> Found:
    """One result after the other, of both rooms."""
    rng = np.random.default_rng(0)
    for step in range(1, steps + 1):
        given = CALLS[scratch.__name__](rng)
        y, ty = scratch(*_made(given, False), **hyper), twin(*_made(given, True), **hyper)
        ours, theirs = (one if isinstance(one, tuple) else (one,) for one in (y, ty))
        for part, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            yield f"input {step}, result {part}", a, b


def _made(given: tuple[Any, ...], tensors: bool) -> list[Any]:
    import torch

    def one(value: Any) -> Any:
        if isinstance(value, Seed):
            return np.random.default_rng(value)
        if isinstance(value, tuple):
            return tuple(map(one, value))
        return torch.as_tensor(value) if tensors and isinstance(value, np.ndarray) else value

    return [one(value) for value in given]


def _training(name: str, steps: int, hyper: dict[str, Any]) -> Found:
    """Outputs, losses and parameters, step by step, of three runs."""
    import torch

    nets = [_network(room, LAYERS[name] | hyper) for room in ("scratch", "reference")]
    rng = np.random.default_rng(1)
    for step in range(1, steps + 2):
        x, labels, training = rng.random((6, 64)), rng.integers(3, size=6), step <= steps
        where = f"step {step}" if training else "the evaluation"
        given = [(x, labels), (torch.as_tensor(x), torch.as_tensor(labels))]
        pairs = [*zip(nets, given, strict=True)]
        ys = [net.forward(a, training) for (net, _, _), (a, _) in pairs]
        yield f"{where}, outputs", *ys
        both = zip(pairs, ys, strict=True)
        yield f"{where}, losses", *[loss.forward(y, b) for ((_, loss, _), (_, b)), y in both]
        for net, loss, sgd in nets if training else []:
            net.backward(loss.backward(), input_grad=False)
            sgd.step(net.grad)
        yield f"{where}, parameters", *[net.theta for net, _, _ in nets]


def _network(room: str, settings: dict[str, Any]) -> tuple[Any, Any, Any]:
    """The layer, a network behind it, its loss and its optimizer."""
    kinds, models, losses, optimizers = (
        importlib.import_module(f"dlcourse.{room}.{part}")
        for part in ("augmentation", "models", "losses", "optimizers")
    )
    rngs, given = np.random.default_rng(0).spawn(3), dict(settings)
    told: Any = {"rng": rngs, "runs": 3, "shape": (1, 8, 8)}
    loss = losses.SoftmaxCrossEntropy()
    if "transform" in given:
        change = getattr(kinds, given["transform"])
        layer = kinds.Augment(lambda x, rng: change(x, 2, 15, rng), **told)
    else:
        layer = kinds.Mix(**given, **told)
        loss = kinds.MixedCrossEntropy(layer)
    net = models.Sequential(layer, *models.MLP([64, 7, 3], rngs, "tanh", runs=3).layers)
    return net, loss, optimizers.SGD(net.theta, 0.1, 0.9)
