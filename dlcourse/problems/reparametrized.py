"""Networks whose weights are lengths and directions: wrapped, started on a batch, folded back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlcourse.arrays import Array, Generators
from dlcourse.scratch.layers import Conv2d, Linear
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP, Sequential
from dlcourse.scratch.normalization import WeightNorm, data_dependent_init
from dlcourse.scratch.optimizers import SGD


def rebuilt(model: Any, wanted: Any, make: Callable[[Any], Any]) -> Sequential:
    """The same row of layers, those of the ``wanted`` kinds replaced by ``make`` of them."""
    return Sequential(*(make(one) if isinstance(one, wanted) else one for one in model.layers))


def weight_normed(model: Any) -> Sequential:
    """The same function, its weights as lengths and directions: g = ‖w‖ and v = w at the start.

    >>> from dlcourse.scratch.models import MLP
    >>> net = weight_normed(MLP([2, 3, 1], np.random.default_rng(0)))
    >>> [type(layer).__name__ for layer in net.layers]
    ['WeightNorm', 'ReLU', 'WeightNorm']
    """
    return rebuilt(model, Linear | Conv2d, WeightNorm)


def start_on(model: Any, x: Array) -> Any:
    """Set the g and the biases of one ``WeightNorm`` after the other on the batch x.

    Each layer meets x as the layers before it, already set, pass it on. Returns the model.
    """
    for layer in model.layers:
        wrapped = isinstance(layer, WeightNorm)
        x = data_dependent_init(layer, x) if wrapped else layer.forward(x, training=True)
    return model


def folded(model: Any) -> Sequential:
    """The plain network with these weights, as it is used once training is over."""
    return rebuilt(model, WeightNorm, WeightNorm.folded)


def deep_network(
    rng: Generators,
    runs: int | None = None,
    *,
    depth: int = 5,
    init: Any = None,
    normed: bool = False,
    start: Array | None = None,
    fold: bool = False,
    dtype: Any = np.float32,
) -> Any:
    """ReLU layers of 32 on the digits, drawn as PyTorch draws them or by ``init``.

    Parameters
    ----------
    normed : whether the weights are lengths and directions
    start : None, or a batch to start them on
    fold : whether the started network is then made a plain one
    """
    sizes = [64, *[32] * depth, 10]
    net: Any = MLP(sizes, rng, runs=runs, dtype=dtype, init=init)
    if normed:
        net = weight_normed(net)
    if start is not None:
        net = start_on(net, start)
    return folded(net) if fold else net


def lengths_of(arrays: Mapping[str, Array]) -> Array:
    """The lengths of all v in ``params`` or ``grads`` of a network, (..., units)."""
    v = [a for name, a in arrays.items() if name.endswith("weight_v")]
    return np.concatenate([np.linalg.norm(a, axis=-1) for a in v], axis=-1)


class Outcome(NamedTuple):
    """The rate that was best, its place if that is an end of its grid, and what it gave."""

    rate: float
    edge: bool
    loss: Array
    accuracy: Array


def tuned(
    sweep: Callable[..., Any],
    ways: Mapping[str, Any],
    rates: Mapping[str, Sequence[float]],
    sets: Sequence[Any],
    *,
    fresh: Sequence[int],
    epochs: int = 6,
    seeds: int = 3,
) -> dict[str, Outcome]:
    """Train each way by plain SGD at each of its rates; report its best one on fresh seeds.

    Parameters
    ----------
    sweep : ``dlcourse.training.sweep``
    ways : {name: function of rng and runs that makes a network}
    rates : {name: rates}, as many for each
    sets : training, validation and test data
    fresh : seeds to report the test set on; the rate is chosen by validation loss on ``seeds``
        others, a rate at which one of them diverges never
    """
    given = {name: (make, SGD) for name, make in ways.items()}
    plan: Any = {"epochs": epochs, "batch_size": 64, "progress": False}
    loss, grid = SoftmaxCrossEntropy(), {name: list(rates[name]) for name in ways}
    best = sweep(given, loss, *sets[:2], seeds=seeds, lr=grid, **plan).best("val_loss")
    chosen = {name: [one.setting["lr"]] for name, one in best.items()}
    last = sweep(given, loss, sets[0], test=sets[2], seeds=fresh, lr=chosen, **plan)
    found = zip(last["test_loss"][:, 0], last["test_accuracy"][:, 0], strict=True)
    return {
        name: Outcome(one.setting["lr"], bool(one.edge), *now)
        for (name, one), now in zip(best.items(), found, strict=True)
    }
