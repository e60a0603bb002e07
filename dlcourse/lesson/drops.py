"""Parity of the dropout family: masks by equal generators, pairs, and layers while a net trains."""

from __future__ import annotations

from typing import Any

import numpy as np

IMAGES, SEQUENCES = (3, 4, 5, 6), (3, 4, 5)
RUNS = 2
P = np.array([0.3, 0.6])
"""One a run, unless something else is said."""


def _draw(side: Any, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    settings: dict[str, Any] = {"p": rng.uniform(0, 0.9)}
    settings |= {"block_size": int(rng.integers(1, 6))} if name == "draw_block_mask" else {}
    mask = getattr(side, name)(IMAGES, **{**settings, **hyper}, rng=rng)
    yield "noise" if name == "draw_gaussian_noise" else "masks", mask * 1.0
    yield "generators", rng.random()


def _rate(side: Any, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    settings: dict[str, Any] = {"p": rng.random(), "block_size": int(rng.integers(1, 5))}
    yield "rates", side.block_rate(**{**settings, **hyper}, size=(5, 4))


def _masks(name: str, rng: np.random.Generator) -> list[Any]:
    """What chance gives a pair, of two runs."""
    if name == "gaussian_dropout":
        return [rng.normal(1, 0.5, (RUNS, *IMAGES))]
    shapes: dict[str, list[tuple[int, ...]]] = {
        "dropout": [IMAGES],
        "drop_block": [IMAGES],
        "spatial_dropout": [(*IMAGES[:2], 1, 1)],
        "drop_connect": [(4, 6)],
        "dropped_rnn": [(3, 1, 5), (3, 4, 6)],
    }
    return [rng.random((RUNS, *shape)) < 0.6 for shape in shapes[name]]


def _pair(side: Any, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    shapes: dict[str, list[tuple[int, ...]]] = {
        "drop_connect": [(5, 6), (RUNS, 4, 6), (RUNS, 4)],
        "dropped_rnn": [(RUNS, *SEQUENCES), (RUNS, 6, 5), (RUNS, 6, 6), (RUNS, 6)],
    }
    arrays = [rng.normal(size=shape) for shape in shapes.get(name, [(RUNS, *IMAGES)])]
    settings: dict[str, Any] = {} if name in ("gaussian_dropout", "drop_block") else {"p": P}
    settings = {"p_x": P, "p_h": P[::-1]} if name == "dropped_rnn" else settings
    given = map(side.array, (*arrays, *_masks(name, rng)))
    y, cache = getattr(side, name)(*given, **{**settings, **hyper})
    yield "outputs", y
    dy = side.array(rng.normal(size=tuple(y.shape)))
    grads = getattr(side, f"{name}_backward")(dy, cache)
    for grad in grads if isinstance(grads, tuple) else (grads,):
        yield "gradients", grad


def _layer(side: Any, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    """Three training steps of two runs, and an evaluation."""
    net, shape = _network(side, name, rng, hyper)
    sgd = side.of("optimizers").SGD(net.theta, 0.05, 0.5)
    for training in (True, True, True, False):
        y = net.forward(side.array(rng.normal(size=(RUNS, *shape))), training)
        yield "outputs", y
        yield "gradients", net.backward(y / (1 + y * y) - 0.2)
        yield "gradients", net.grad
        sgd.step(net.grad)
        yield "parameters", net.theta


def _network(side: Any, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    """Linear or convolutional, the layer in the middle."""
    layers, made = side.of("layers"), {"rng": rng.spawn(RUNS), "runs": RUNS}
    images = name in ("SpatialDropout", "DropBlock")
    plain, more = (layers.Conv2d, [1]) if images else (layers.Linear, [])
    told: dict[str, Any] = {} if name == "DroppedRNN" else {"p": P}
    told |= {"p_x": P, "p_h": P[::-1]} if name == "DroppedRNN" else {}
    told |= {"block_size": 2} if name == "DropBlock" else {}
    sizes = [6, 6] if name in ("DroppedRNN", "DropConnect") else []
    middle = getattr(side, name)(*sizes, **{**told, **hyper}, **made)
    parts = plain(4, 6, *more, **made), middle, layers.Tanh(), plain(6, 3, *more, **made)
    shape = IMAGES if images else (3, 5, 4) if "RNN" in name or "Sequence" in name else (7, 4)
    return side.of("models").Sequential(*parts), shape


def _predictions(side: Any, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    layers, made = side.of("layers"), {"rng": rng.spawn(RUNS), "runs": RUNS}
    drop = side.Dropout(P, **made)
    first, last = layers.Linear(4, 6, **made), layers.Linear(6, 3, **made)
    net = side.of("models").Sequential(first, layers.ReLU(), drop, last)
    found = side.mc_dropout_predict(net, side.array(rng.normal(size=(7, 4))), 9, **hyper)
    yield from zip(("means", "deviations"), found, strict=True)


DRAWS = [f"draw_{of}" for of in ("dropout_mask", "spatial_mask", "sequence_mask", "block_mask")]
DROPS: dict[str, Any] = {
    **dict.fromkeys((*DRAWS, "draw_gaussian_noise"), _draw),
    "block_rate": _rate,
    **dict.fromkeys(("dropout", "spatial_dropout", "gaussian_dropout"), _pair),
    **dict.fromkeys(("drop_block", "drop_connect", "dropped_rnn"), _pair),
    **dict.fromkeys(("Dropout", "SpatialDropout", "SequenceDropout"), _layer),
    **dict.fromkeys(("GaussianDropout", "DropBlock", "DropConnect", "DroppedRNN"), _layer),
    "mc_dropout_predict": _predictions,
}
"""How each is compared; ``side`` is a room, as in ``regularizers``."""
