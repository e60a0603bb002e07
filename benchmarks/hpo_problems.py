"""What searches are compared on: seven problems to build by, and three further ones.

The three were picked before anything was measured, and nothing was chosen by them. Each problem has
a space, a function of its parameters (and of a generator, where it is noisy), and its minimum.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dlcourse import data
from dlcourse.scratch.hpo import Categorical, Float, Int

Params = dict[str, Any]


class Problem(NamedTuple):
    space: dict[str, Any]
    value: Callable[[Params], float]
    """Without noise: regret is taken here."""
    minimum: float
    observe: Callable[[Params, np.random.Generator], float] | None = None
    further: bool = False


def box(d: int, low: float, high: float) -> dict[str, Any]:
    return {f"x{i}": Float(low, high) for i in range(d)}


def vector(params: Params) -> np.ndarray:
    return np.array([params[f"x{i}"] for i in range(len(params))], float)


def branin(params: Params) -> float:
    x, y = 15 * params["x0"] - 5, 15 * params["x1"]
    square = (y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6) ** 2
    return square + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


WEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])
HARTMANN = {
    6: (
        np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14],
                  [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]),
        np.array([[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
                  [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]),
    ),
    3: (
        np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]]),
        np.array([[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]),
    ),
}  # fmt: skip


def hartmann(params: Params) -> float:
    x = vector(params)
    a, p = HARTMANN[len(x)]
    return float(-WEIGHTS @ np.exp(-(a * (x - p / 1e4) ** 2).sum(1)))


def ackley_log(params: Params) -> float:
    """Of four rates on a log scale, its middle at 1e-2, 3e-3, 1e-3, 3e-4."""
    x = np.log10(vector(params)) - np.array([-2.0, -2.5, -3.0, -3.5])
    r, c = math.sqrt((x**2).mean()), np.cos(2 * math.pi * x).mean()
    return float(20 + math.e - 20 * math.exp(-0.2 * r) - math.exp(c))


def rosenbrock(params: Params) -> float:
    x = vector(params)
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


MIXED = {
    "lr": Float(1e-4, 1.0, log=True),
    "width": Int(8, 512, log=True),
    "depth": Int(1, 6),
    "dropout": Float(0, 0.5, step=0.1),
    "activation": Categorical(["relu", "tanh", "sigmoid", "gelu"]),
    "batch": Categorical([16, 32, 64, 128]),
}


def mixed(params: Params) -> float:
    """A loss as of training: the best rate falls with the depth, width pays less and less."""
    best = -1.5 - 0.2 * params["depth"] - 0.3 * (params["activation"] == "tanh")
    off = math.log10(params["lr"]) - best
    capacity = math.log2(params["width"]) + 0.7 * params["depth"]
    act = {"relu": 0.02, "tanh": 0.08, "sigmoid": 0.3, "gelu": 0.0}[params["activation"]]
    batch = {16: 0.05, 32: 0.0, 64: 0.02, 128: 0.06}[params["batch"]]
    over = 0.03 * max(capacity - 8, 0) * (1 - 1.5 * params["dropout"])
    return (
        0.25 * min(off**2, 4)
        + 0.02 * (capacity - 10) ** 2
        + act
        + batch
        + over
        + (0.3 * (params["dropout"] - 0.2) ** 2)
    )


NESTED = {
    "optimizer": Categorical(
        {
            "sgd": {"sgd_lr": Float(1e-4, 1.0, log=True), "momentum": Float(0.0, 0.99)},
            "adam": {"adam_lr": Float(1e-5, 1e-1, log=True), "beta2": Float(0.9, 0.9999)},
        }
    ),
    "decay": Float(1e-6, 1e-1, log=True),
}


def nested(params: Params) -> float:
    """Two optimizers with rates of their own; momentum and rate share a valley; sgd wins barely."""
    decay = 0.05 * (math.log10(params["decay"]) + 3.5) ** 2
    if params["optimizer"] == "sgd":
        effective = math.log10(params["sgd_lr"]) - math.log10(1 - params["momentum"])
        return 0.3 * (effective + 0.5) ** 2 + 0.4 * (params["momentum"] - 0.9) ** 2 + decay
    off = math.log10(params["adam_lr"]) + 2.7
    return 0.05 + 0.2 * off**2 + 0.5 * (math.log10(1 - params["beta2"]) + 2.5) ** 2 / 4 + decay


DIGITS = {
    "gamma": Float(1e-4, 10.0, log=True),
    "penalty": Float(1e-6, 1e3, log=True),
    "features": Int(8, 128, log=True),
    "kind": Categorical(["cosine", "relu"]),
}


@functools.cache
def digits_split() -> tuple[np.ndarray, ...]:
    split = data.load()
    train, val = split.train, split.validation
    return train.x[:300], np.eye(10)[train.y[:300]], val.x[:200], np.eye(10)[val.y[:200]]


def digits(params: Params, rng: np.random.Generator) -> float:
    """Validation error of ridge regression on random features of 300 real digits: noisy by them."""
    x, y, x_val, y_val = digits_split()
    w = rng.standard_normal((x.shape[1], params["features"])) * math.sqrt(params["gamma"])
    b = rng.uniform(0, 2 * math.pi, params["features"])
    f = np.cos if params["kind"] == "cosine" else functools.partial(np.maximum, 0)
    h, h_val = f(x @ w + b), f(x_val @ w + b)
    h, h_val = h / math.sqrt(h.shape[1]), h_val / math.sqrt(h.shape[1])
    gram = h.T @ h + params["penalty"] * 1e-2 * np.eye(h.shape[1])
    return float(((h_val @ np.linalg.solve(gram, h.T @ y) - y_val) ** 2).sum(1).mean())


def digits_mean(params: Params) -> float:
    return float(np.mean([digits(params, np.random.default_rng(s)) for s in range(20)]))


def levy(params: Params) -> float:
    w = 1 + (vector(params) - 1) / 4
    inner = ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(math.pi * w[:-1] + 1) ** 2)).sum()
    end = (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    return float(math.sin(math.pi * w[0]) ** 2 + inner + end)


STYBLINSKI = {
    "x0": Float(-5, 5), "x1": Float(-5, 5), "x2": Int(-5, 5), "x3": Int(-5, 5),
    "sign": Categorical(["plus", "minus"]),
}  # fmt: skip


def styblinski(params: Params) -> float:
    """Two of its four coordinates are whole numbers, and the linear term has a sign."""
    x = np.array([params[f"x{i}"] for i in range(4)], float)
    sign = 1 if params["sign"] == "plus" else -0.8
    return float((x**4 - 16 * x**2 + sign * 5 * x).sum() / 2)


def _styblinski_minimum() -> float:
    """By grids: each coordinate by itself, for each sign."""
    fine, whole = np.linspace(-5, 5, 2_000_001), np.arange(-5.0, 6.0)
    terms = [[(x**4 - 16 * x**2 + s * 5 * x).min() / 2 for x in (fine, whole)] for s in (1, -0.8)]
    return float(min(2 * (a + b) for a, b in terms))


@functools.cache
def problems() -> dict[str, Problem]:
    log = {f"x{i}": Float(1e-5, 1.0, log=True) for i in range(4)}
    return {
        "Branin, 2": Problem(box(2, 0, 1), branin, 0.39788735772973816),
        "Hartmann, 6": Problem(box(6, 0, 1), hartmann, -3.322368011391339),
        "Ackley of logs, 4": Problem(log, ackley_log, 0.0),
        "Rosenbrock, 3": Problem(box(3, -2, 2), rosenbrock, 0.0),
        "mixed kinds, 6": Problem(MIXED, mixed, MINIMA["mixed"]),
        "digits, noisy, 4": Problem(DIGITS, digits_mean, MINIMA["digits"], digits),
        "nested, 4": Problem(NESTED, nested, 0.0),
        "Hartmann, 3": Problem(box(3, 0, 1), hartmann, -3.86278214782076, further=True),
        "Levy, 8": Problem(box(8, -10, 10), levy, 0.0, further=True),
        "Styblinski, 5": Problem(STYBLINSKI, styblinski, _styblinski_minimum(), further=True),
    }


# By enumeration, and by 1,500 random trials with 400 steps downhill from the best of them.
MINIMA = {"mixed": 0.03259687502761545, "digits": 0.239}
