"""Parity of ``regularization``: both rooms follow the same recipe on the same random inputs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcourse.checks import fail
from dlcourse.lesson.drops import DROPS

BOUND = 1e-10


@dataclass(frozen=True)
class Side:
    """One of the rooms: its names, and its arrays or tensors."""

    room: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.of("regularization"), name)

    def of(self, family: str) -> Any:
        """Another package of this room."""
        return importlib.import_module(f"dlcourse.{self.room}.{family}")

    def array(self, a: Any) -> Any:
        """An array of this room's own, of what NumPy has drawn."""
        if self.room == "scratch":
            return np.array(a)
        import torch

        return torch.tensor(np.asarray(a))


Recipe = Callable[[Side, str, np.random.Generator, dict[str, Any]], Iterator[tuple[str, Any]]]


def regularization_parity(
    scratch: Any, twin: Any, call: str, steps: int, hyper: dict[str, Any]
) -> str:
    """Runner of regularization: a recipe in both rooms, with that many seeds."""
    name = scratch.__name__
    if name not in RECIPES:
        fail("name", f"one of {', '.join(RECIPES)}", name, error=KeyError)
    largest, compared = 0.0, dict[str, None]()
    for seed in range(steps):
        found = [
            RECIPES[name](Side(room), name, np.random.default_rng(seed), hyper)
            for room in ("scratch", "reference")
        ]
        for (what, x), (_, y) in zip(*found, strict=True):
            compared[what], x, y = None, np.asarray(x), np.asarray(y)
            if x.shape != y.shape:
                raise AssertionError(
                    f"{call}: seed {seed}, {what}: shaped {x.shape} and {y.shape}."
                )
            same = (x == y) | (np.isnan(x) & np.isnan(y))
            size = max(float(np.max(abs(y), where=np.isfinite(y), initial=0.0)), 1e-300)
            with np.errstate(invalid="ignore"):
                difference = float(np.where(same, 0.0, abs(x - y)).max(initial=0.0)) / size
            largest = max(largest, difference)
            if not difference <= BOUND:
                raise AssertionError(
                    f"{call}: seed {seed}, {what}: they differ by {difference:.2g}, "
                    f"more than {BOUND:.0e}."
                )
    library = PYTORCH.get(name, "its PyTorch twin")
    return (
        f"{call}: {steps} draws,\n  {', '.join(compared)} equal to {library} within {BOUND:.0e}\n"
        f"  largest relative difference: ≈{largest:.0e}"
    )


def _theta(rng: np.random.Generator) -> Any:
    """Weights of three runs, one in five exactly zero."""
    return rng.normal(size=(3, 7)) * (rng.random((3, 7)) > 0.2)


def _penalty(side: Side, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    settings: dict[str, Any] = {"coef": rng.random(7) * (rng.random(7) > 0.3)}
    settings |= {"l1_ratio": rng.random()} if name == "elastic_net" else {}
    value, grad = getattr(side, name)(side.array(_theta(rng)), **{**settings, **hyper})
    yield "values", value
    yield "gradients", grad


def _prox(side: Side, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    settings: dict[str, Any] = {"threshold": rng.random()}
    if name == "elastic_net_prox":
        settings = {"step": rng.random((3, 1)), "coef": rng.random(7), "l1_ratio": rng.random()}
    yield "weights", getattr(side, name)(side.array(_theta(rng)), **{**settings, **hyper})


def _coefficients(side: Side, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    model = side.of("models").MLP([3, 4, 2], rng, runs=3)
    settings = hyper or {"coef": rng.random((3, 1)), "2": rng.random()}
    yield "coefficients", side.coefficients(model, **settings)


def _around(side: Side, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    theta = side.array(_theta(rng))
    inside = side.of("optimizers").Adam(theta, lr=np.array([[0.003], [0.01], [0.03]]))
    settings: dict[str, Any] = {"coef": rng.random(7)}
    if name == "Penalized":
        settings = {"penalty": lambda w: side.elastic_net(w, 0.3, 0.4)}
    optimizer = getattr(side, name)(inside, **{**settings, **hyper})
    for _ in range(20):
        optimizer.step(side.array(rng.normal(size=(3, 7))))
    yield "weights after 20 steps", theta
    for state, a in inside.state[0].items():
        yield f"state {state}", a


def _regression(side: Side, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    x = rng.normal(size=(20, 4)) * [1.0, 2.0, 3.0, 4.0]
    y = x @ [1.0, -0.5, 0.0, 0.1] + rng.normal(size=20)
    settings: dict[str, Any] = {"coef": [0.0, 0.1, 2.0]}
    if name == "elastic_net_path":
        settings = {"coefs": [0.1, 2.0, 0.5], "l1_ratio": rng.uniform(0.2, 1.0), "tol": 1e-13}
    yield "weights", getattr(side, name)(side.array(x), side.array(y), **{**settings, **hyper})


def _losses(rng: np.random.Generator) -> Any:
    """Curves of four runs that fall and rise at unlike times; one entry in twenty is NaN."""
    t = np.arange(30)[:, None]
    curves = abs(t / rng.integers(3, 25, 4) - 1) + 0.1 * rng.random((30, 4))
    return np.where(rng.random((30, 4)) < 0.05, np.nan, curves)


def _stopping(side: Side, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    stopping, losses = (
        side.EarlyStopping(**{"patience": 3, "min_delta": 0.01, **hyper}),
        _losses(rng),
    )
    for value in losses:
        theta, mean = side.array(rng.normal(size=(4, 5))), side.array(rng.normal(size=(4, 2)))
        yield "answers", int(stopping.update(value, theta, {"mean": mean}))
        yield "epochs", stopping.best_epoch
    yield "epochs", stopping.stop_epoch
    yield "weights", stopping.best_theta
    yield "buffers", stopping.best_buffers["mean"]


def _early_stop(side: Side, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    settings = {"patience": 3, "min_delta": 0.01, **hyper}
    stop, best = side.early_stop(_losses(rng), **settings)
    yield "stopping epochs", stop
    yield "best epochs", best


def _scores(side: Side, rng: np.random.Generator) -> tuple[Any, Any]:
    """Logits of two runs, which know something and say too much; labels that they share."""
    labels = rng.integers(0, 4, 60)
    z = rng.normal(size=(2, 60, 4)) + 1.5 * (np.arange(4) == labels[:, None])
    return side.array(3 * z), side.array(labels)


def _smooth(side: Side, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    settings = {"alpha": rng.random(), **hyper}
    if name == "smooth_labels":
        soft = side.array(rng.dirichlet(np.ones(4), (2, 6)))
        yield "labels", side.smooth_labels(soft, **settings)
        return
    loss, (z, labels) = side.SmoothedCrossEntropy(**settings), _scores(side, rng)
    for target in (labels, side.softmax(z)):
        yield "values", loss.forward(z, target)
        yield "gradients", loss.backward()


def _calibration(side: Side, name: str, rng: np.random.Generator, hyper: dict[str, Any]) -> Any:
    z, labels = _scores(side, rng)
    if name == "softmax":
        yield "probabilities", side.softmax(z)
    elif name in ("nll", "fit_temperature"):
        yield {"nll": "values"}.get(name, "temperatures"), getattr(side, name)(z, labels)
    else:
        found = getattr(side, name)(side.softmax(z), labels, **hyper)
        parts = found if isinstance(found, tuple) else (found,)
        whats = ("confidence", "accuracy", "count") if len(parts) > 1 else ("errors",)
        yield from zip(whats, parts, strict=True)


RECIPES: dict[str, Recipe] = {
    **dict.fromkeys(("l1_penalty", "l2_penalty", "elastic_net"), _penalty),
    **dict.fromkeys(("soft_threshold", "elastic_net_prox"), _prox),
    "coefficients": _coefficients,
    **dict.fromkeys(("Penalized", "Proximal", "Decayed"), _around),
    **dict.fromkeys(("elastic_net_path", "ridge"), _regression),
    "EarlyStopping": _stopping,
    "early_stop": _early_stop,
    **dict.fromkeys(("smooth_labels", "SmoothedCrossEntropy"), _smooth),
    **dict.fromkeys(
        ("softmax", "nll", "reliability", "calibration_error", "fit_temperature"), _calibration
    ),
    **DROPS,
}
PYTORCH = {
    "l1_penalty": "F.l1_loss and autograd",
    "l2_penalty": "F.mse_loss and autograd",
    "soft_threshold": "F.softshrink",
    "SmoothedCrossEntropy": "F.cross_entropy",
    "softmax": "torch.softmax",
    "nll": "F.cross_entropy",
    "drop_connect": "F.linear and autograd",
    "draw_block_mask": "F.max_pool2d",
    "mc_dropout_predict": "torch.std_mean",
}
