"""DARTS and weight sharing: the bilevel gradient beside autograd's, and that they learn."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse import data
from dlcourse.reference.hpo import nas as twins
from dlcourse.scratch.hpo import nas
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD, Adam

RNG = np.random.default_rng(0)
CELLS = nas.all_cells()


def small():
    """A network in both rooms, with a batch to train on and one to validate on."""
    rng = np.random.default_rng(7)
    net = nas.cell_network(5, rng, features=6, classes=3)
    net.layers[1].alpha = rng.normal(size=(5, 4))
    batches = [(rng.normal(size=(12, 6)), rng.integers(3, size=12)) for _ in range(2)]
    other = torch.nn.Sequential(
        torch.nn.Linear(6, 5), twins.Cell(nas.EDGES, 5), torch.nn.Linear(5, 3)
    ).double()
    with torch.no_grad():
        for name, p in other.named_parameters():
            p.copy_(torch.tensor(net.layers[1].alpha if name == "1.alpha" else net.params[name]))
    return net, batches, other, [tuple(map(torch.tensor, b)) for b in batches]


def first_order_agrees(gradient) -> None:
    net, batches, other, theirs = small()
    exact = twins.darts_gradient(other, F.cross_entropy, *theirs)
    assert_allclose(gradient(net, SoftmaxCrossEntropy(), *batches), exact.numpy(), atol=1e-10)


def second_order_agrees(gradient) -> None:
    """The difference quotient goes to the exact product of second derivatives as ε²."""
    net, batches, other, theirs = small()
    before, loss, errors = net.theta.copy(), SoftmaxCrossEntropy(), []
    exact = twins.darts_gradient(other, F.cross_entropy, *theirs, xi=2.0).numpy()
    first = twins.darts_gradient(other, F.cross_entropy, *theirs).numpy()
    assert abs(exact - first).max() > 0.01, "the second order must matter"
    for eps in (1e-3, 1e-4):
        found = gradient(net, loss, *batches, xi=2.0, eps=eps)
        errors.append(abs(found - exact).max())
    assert errors[1] < 1e-7 and (errors[1] < errors[0] / 30 or errors[0] < 1e-8)
    assert_array_equal(net.theta, before)


def test_first_order_is_autograds() -> None:
    first_order_agrees(nas.darts_gradient)


def test_second_order_goes_to_the_exact_one() -> None:
    second_order_agrees(nas.darts_gradient)


def alpha_on_training_data(net, loss, train, validation, xi=0.0, eps=0.01):
    return nas.darts_gradient(net, loss, train, train, xi, eps)


def plus_for_minus(net, loss, train, validation, xi=0.0, eps=0.01):
    first = nas.darts_gradient(net, loss, train, validation)
    return 2 * first - nas.darts_gradient(net, loss, train, validation, xi, eps)


def no_second_term(net, loss, train, validation, xi=0.0, eps=0.01):
    kept = net.theta.copy()
    net.forward(train[0])
    loss.forward(net.forward(train[0]), train[1])
    net.backward(loss.backward())
    net.theta[...] = kept - xi * net.grad
    found = nas.darts_gradient(net, loss, train, validation)
    net.theta[...] = kept
    return found


@pytest.mark.parametrize(
    ("wrong", "check"),
    [(alpha_on_training_data, first_order_agrees), (alpha_on_training_data, second_order_agrees),
     (plus_for_minus, second_order_agrees), (no_second_term, second_order_agrees)],
)  # fmt: skip
def test_a_wrong_bilevel_gradient_is_caught(wrong, check) -> None:
    with pytest.raises(AssertionError):
        check(wrong)


def test_second_order_of_many_runs_is_that_of_each() -> None:
    runs = 3
    net = nas.cell_network(5, np.random.default_rng(0), runs, features=6, classes=3)
    net.layers[1].alpha = RNG.normal(size=(runs, 5, 4))
    batches = [(RNG.normal(size=(12, 6)), RNG.integers(3, size=12)) for _ in range(2)]
    loss = SoftmaxCrossEntropy()
    together = nas.darts_gradient(net, loss, *batches, xi=0.3)
    for r in range(runs):
        one = nas.cell_network(5, np.random.default_rng(0), features=6, classes=3)
        one.theta[...], one.layers[1].alpha = net.theta[r], net.layers[1].alpha[r]
        assert_allclose(nas.darts_gradient(one, loss, *batches, xi=0.3), together[r], atol=1e-12)


def parts():
    digits = data.load()
    return [*map(nas.odd_digits, (digits.train, digits.validation))]


def adam(theta):
    return Adam(theta, lr=0.01)


def alpha_adam(alpha):
    return Adam(alpha, lr=0.03, betas=(0.5, 0.999))


@pytest.mark.parametrize("xi", [0.0, 0.01])
def test_darts_trains_logits_and_weights(xi: float) -> None:
    told = *parts(), adam, alpha_adam
    found = nas.darts(*told, np.random.default_rng(0), epochs=3, xi=xi, runs=3)
    assert found.alpha.shape == (4, 3, 5, 4) and found.cells.shape == (3, 5)
    assert (found.cells > 0).all()
    assert_allclose(found.shares.sum(-1), 1)
    moved = abs(np.diff(found.alpha, axis=0)).max((1, 2, 3))
    assert (moved > 0.05).all()
    net, (x, y) = found.net, parts()[1]
    assert ((net.forward(x).argmax(-1) == y).mean(-1) > 0.8).all()
    again = nas.darts(*told, np.random.default_rng(0), epochs=3, xi=xi, runs=3)
    assert_array_equal(again.alpha, found.alpha)


def test_sharing_trains_weights_that_serve_many_cells() -> None:
    told = *parts(), adam
    found = nas.weight_sharing_nas(
        *told, np.random.default_rng(0), epochs=8, controller_steps=10, candidates=12, runs=2
    )
    assert found.cells.shape == (12, 2, 5) and found.rewards.shape == (12, 2)
    assert_array_equal(found.rewards, nas.shared_accuracy(found.net, found.cells, parts()[1]))
    assert (found.rewards.max(0) > 0.85).all() and abs(found.logits).max() > 0.1
    never = nas.weight_sharing_nas(
        *told, np.random.default_rng(0), epochs=1, controller_steps=0, candidates=3
    )
    assert_array_equal(never.logits, np.zeros((5, 4)))
    assert never.best.shape == (5,)


def logits_of(search, train, validation):
    """One epoch of one batch, weights that stand still: what moves, moves by one of the parts."""
    still = lambda theta: SGD(theta, lr=0.0)  # noqa: E731
    rng, told = np.random.default_rng(0), {"epochs": 1, "batch_size": 64}
    if search == "darts":
        return nas.darts(train, validation, still, alpha_adam, rng, **told).alpha[-1]
    return nas.weight_sharing_nas(train, validation, still, rng, **told).logits


def learn_from_validation_alone(search: str) -> None:
    x, y = RNG.normal(size=(64, 6)), np.arange(64) % 2
    one = logits_of(search, (x, y), (x, y))
    assert_array_equal(one, logits_of(search, (x, 1 - y), (x, y)))
    assert (one != logits_of(search, (x, y), (x[::-1], 1 - y))).any()


@pytest.mark.parametrize("search", ["darts", "sharing"])
def test_choices_are_learned_from_validation_data_alone(search: str) -> None:
    learn_from_validation_alone(search)


def test_a_choice_learned_from_training_data_is_caught(monkeypatch) -> None:
    relaxing = importlib.import_module("dlcourse.scratch.hpo.nas.relaxing")
    monkeypatch.setattr(relaxing, "darts_gradient", alpha_on_training_data)
    with pytest.raises(AssertionError):
        learn_from_validation_alone("darts")
    real, seen = nas.weight_sharing_nas, []

    def swapped(train, validation, *told, **more):
        seen.append(1)
        return real(validation, train, *told, **more)

    monkeypatch.setattr(nas, "weight_sharing_nas", swapped)
    with pytest.raises(AssertionError):
        learn_from_validation_alone("sharing")
    assert seen


ONE = np.zeros((8, 3)), np.arange(8) % 2


def relaxed(train=ONE, validation=ONE, rng=None, **told):
    make = lambda a: SGD(a)  # noqa: E731
    rng = rng or np.random.default_rng(0)
    return nas.darts(train, validation, make, make, rng, **{"epochs": 1, "batch_size": 4, **told})


def shared(train=ONE, validation=ONE, **told):
    told = {"epochs": 1, "batch_size": 4, **told}
    return nas.weight_sharing_nas(train, validation, SGD, np.random.default_rng(0), **told)


ERRORS = [
    (lambda: relaxed(epochs=0), ValueError, r"^epochs must be >= 1; got 0\.$"),
    (lambda: relaxed(xi=-1), ValueError, r"^xi must be finite and >= 0; got -1"),
    (lambda: relaxed(batch_size=9), ValueError, r"^batch_size must be <= 8, the samples there are"),
    (lambda: relaxed(validation=3), TypeError, r"^validation must be a pair \(x, y\); got 3\.$"),
    (lambda: relaxed(runs=0), ValueError, r"^runs must be >= 1; got 0\.$"),
    (lambda: shared(controller_steps=-1), ValueError, r"^controller_steps must be >= 0; got -1\.$"),
    (lambda: shared(candidates=0), ValueError, r"^candidates must be >= 1; got 0\.$"),
    (lambda: shared(lr=-1.0), ValueError, r"^lr must be finite and > 0; got -1\.0"),
    (lambda: shared(train=(1, 2, 3)), TypeError, r"^train must be a pair \(x, y\); got \(1, 2, 3"),
    (lambda: nas.shared_accuracy(MLP([3, 2], RNG), CELLS[:1], ONE), ValueError, r"^net must be a"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_bad_input_is_refused(call, kind, message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
