"""The space of cells: their layer and its gradient, the mixture, the table, training."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse import data
from dlcourse.reference.hpo import nas as twins
from dlcourse.scratch.hpo import nas
from dlcourse.scratch.hpo.nas.mixing import softmax, softmax_backward
from dlcourse.scratch.hpo.nas.table import read_table
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.optimizers import SGD, Adam

RNG = np.random.default_rng(0)
ZERO, IDENTITY, TANH, RELU = range(4)


def by_hand(cell: np.ndarray, layer: nas.Cell, x: np.ndarray, run=...) -> np.ndarray:
    """The sum over all paths of edges, written down for this one graph."""

    def f(edge: int, h: np.ndarray) -> np.ndarray:
        w, b = layer.params["weight"][run], layer.params["bias"][run]
        at = lambda o: h @ w[edge, o - 2].T + b[edge, o - 2]  # noqa: E731
        return [lambda: 0 * h, lambda: h, lambda: np.tanh(at(2)), lambda: at(3).clip(0)][
            cell[edge]
        ]()

    one = f(0, x)
    two = f(1, x) + f(2, one)
    return f(3, one) + f(4, two)


def test_every_cell_does_what_its_graph_says() -> None:
    layer = nas.Cell(4, rng=np.random.default_rng(1))
    x = RNG.normal(size=(3, 4))
    for cell in nas.all_cells()[::7]:
        layer.cells = cell
        assert_allclose(layer.forward(x), by_hand(cell, layer, x), atol=1e-14)


def test_runs_with_unlike_cells_are_as_each_alone() -> None:
    runs, x = 9, RNG.normal(size=(3, 4))
    cells = nas.all_cells()[RNG.integers(1024, size=runs)]
    generators = [np.random.default_rng(s) for s in range(runs)]
    layer = nas.Cell(4, rng=generators, runs=runs)
    layer.cells, rows = cells, np.broadcast_to(x, (runs, 3, 4)).copy()
    y, dy = layer.forward(rows), RNG.normal(size=(runs, 3, 4))
    dx = layer.backward(dy)
    for r in range(runs):
        assert_allclose(y[r], by_hand(cells[r], layer, x, r), atol=1e-14)
        alone = nas.Cell(4, rng=np.random.default_rng(r))
        alone.cells = cells[r]
        assert_allclose(alone.forward(x), y[r], atol=1e-14)
        assert_allclose(alone.backward(dy[r]), dx[r], atol=1e-14)
        for name, grad in alone.grads.items():
            assert_allclose(layer.grads[name][r], grad, atol=1e-13)


def test_indices_names_and_cells_belong_together() -> None:
    cells = nas.all_cells()
    assert_array_equal(nas.cell_index(cells), np.arange(1024))
    assert len({nas.cell_name(cell) for cell in cells}) == 1024
    assert_array_equal(nas.cell_index(cells.reshape(32, 32, 5)), np.arange(1024).reshape(32, 32))


def value(net, loss, x, y):
    return loss.forward(net.forward(x), y)


@pytest.mark.parametrize("runs", [None, 3])
@pytest.mark.parametrize("mode", ["cells", "alpha"])
def test_gradients_are_those_of_central_differences(mode: str, runs) -> None:
    gradients_hold(nas.cell_network, mode, runs)


def gradients_hold(network, mode: str, runs) -> None:
    rng = np.random.default_rng(3)
    net, loss = network(5, rng, runs, features=6, classes=3), SoftmaxCrossEntropy()
    lead, cell = () if runs is None else (runs,), net.layers[1]
    x, y = rng.normal(size=(4, 6)), np.array([0, 1, 2, 1])
    if mode == "cells":
        cell.cells = np.broadcast_to([TANH, RELU, RELU, IDENTITY, TANH], (*lead, 5)).copy()
    else:
        cell.alpha = rng.normal(size=(*lead, 5, 4))
    value(net, loss, x, y)
    net.backward(loss.backward())
    pairs = [(net.theta, net.grad.copy())]
    if mode == "alpha":
        pairs.append((cell.alpha, cell.dalpha.copy()))
    for array, grad in pairs:
        way, kept, h = rng.normal(size=array.shape), array.copy(), 1e-6
        sides = []
        for sign in (1, -1):
            array[...] = kept + sign * h * way
            sides.append(value(net, loss, x, y))
        array[...] = kept
        exact = (grad * way).reshape(*lead, -1).sum(-1)
        assert (np.abs(exact) > 1e-3).all(), "vacuous"
        assert_allclose((sides[0] - sides[1]) / (2 * h), exact, rtol=1e-6)


def test_wrong_gradients_are_caught(monkeypatch) -> None:
    cells = importlib.import_module("dlcourse.scratch.hpo.nas.cells")

    def no_coupling(dy, cache):
        """Every logit as if it had its share to itself: p_o dp_o."""
        p, outs = cache
        dp = np.einsum("...nd,...ond->...o", dy, outs)
        return p * dp, p[..., None, None] * dy[..., None, :, :]

    class LastEdgeOnly(nas.Cell):
        def pair_backward(self, dy, caches, input_grad=True):
            dx, *grads = super().pair_backward(dy, caches, input_grad)
            self.grads["weight"][..., :2, :, :, :] = 0
            return dx, *grads

    monkeypatch.setattr(cells, "mixed_op_backward", no_coupling)
    with pytest.raises(AssertionError):
        gradients_hold(nas.cell_network, "alpha", None)
    monkeypatch.setattr(cells, "Cell", LastEdgeOnly)
    with pytest.raises(AssertionError):
        gradients_hold(nas.cell_network, "cells", None)


def mixtures_agree(ours, ours_backward) -> None:
    for lead in ((), (3,), (2, 3)):
        alpha, outs = RNG.normal(size=(*lead, 4)) * 3, RNG.normal(size=(*lead, 4, 6, 2))
        dy = RNG.normal(size=(*lead, 6, 2))
        y, cache = ours(alpha, outs)
        theirs, graph = twins.mixed_op(torch.tensor(alpha), torch.tensor(outs))
        assert_allclose(y, theirs.detach().numpy(), atol=1e-10)
        back = twins.mixed_op_backward(torch.tensor(dy), graph)
        for mine, other in zip(ours_backward(dy, cache), back, strict=True):
            assert_allclose(mine, other.numpy(), atol=1e-10)


def test_the_mixture_and_its_gradient_are_autograds() -> None:
    mixtures_agree(nas.mixed_op, nas.mixed_op_backward)


def test_a_softmax_over_the_wrong_axis_is_caught() -> None:
    def across_runs(alpha, outs):
        p = np.exp(alpha) / np.exp(alpha).sum(0, keepdims=True)
        return np.einsum("...o,...ond->...nd", p, outs), (p, outs)

    with pytest.raises(AssertionError):
        mixtures_agree(across_runs, nas.mixed_op_backward)


def test_large_logits_do_not_overflow() -> None:
    p = softmax(np.array([1000.0, -1000.0, 999.0]))
    assert_allclose(p, [1 / (1 + np.exp(-1)), 0, 1 / (1 + np.exp(1))])
    assert_allclose(softmax_backward(np.array([1.0, 0, 0]), p).sum(), 0, atol=1e-15)


def test_the_zero_is_passed_over_unless_it_is_asked_for() -> None:
    alpha = np.array([[[9.0, 0, 1, 0], [0, 2, 2, 0]]])
    assert_array_equal(nas.discretize(alpha), [[TANH, IDENTITY]])
    assert_array_equal(nas.discretize(alpha, zero=True), [[ZERO, IDENTITY]])


TABLE = nas.digits_cells()


def parts():
    digits = data.load()
    return [*map(nas.odd_digits, (digits.train, digits.validation, digits.test))]


def test_the_table_is_what_the_benchmark_writes() -> None:
    """A few cells trained again; on another processor a few images may come out otherwise."""
    table = importlib.import_module("benchmarks.nas_table")
    assert (TABLE.epochs, TABLE.seeds) == (table.EPOCHS, table.SEEDS)
    rows = np.array([5, 341, 700, 1023])
    validation, test = table.counted(nas.all_cells()[rows], (3,))
    assert abs(validation[:, 0] / 400 - TABLE.validation[:, 3, rows]).max() <= 0.01
    assert abs(test[0] / 500 - TABLE.test[3, rows]).max() <= 0.01
    arrays = {"validation": validation, "test": test}
    assert table.packed(arrays) == table.packed(arrays)
    assert np.ptp(TABLE.test[3, rows]) > 0.05, "all alike: any rows would do"


def test_the_table_holds_together() -> None:
    assert TABLE.validation.shape == (3, 8, 1024) and TABLE.test.shape == (8, 1024)
    cells = nas.all_cells()
    dead = ((cells[:, 0] == 0) | (cells[:, 3] == 0)) & (
        (cells[:, 4] == 0) | ((cells[:, 1] == 0) & ((cells[:, 0] == 0) | (cells[:, 2] == 0)))
    )
    constant = TABLE.test == 0.5
    assert constant[:, dead].all() and 100 < dead.sum() < 300
    assert TABLE.test[:, ~dead].mean(0).min() > 0.75
    linear = (cells < TANH).all(1) & ~dead
    mean = TABLE.test.mean(0)
    assert mean[linear].max() < 0.93 < np.median(mean[~dead]) < mean.max()
    assert TABLE.regret(cells).min() == 0 and TABLE.regret(cells[mean.argmax()]) == 0
    assert TABLE.accuracy(cells[[7, 9]]).tolist() == mean[[7, 9]].tolist()
    drawn = TABLE.reward(cells[[7] * 200], np.random.default_rng(0))
    assert set(drawn.tolist()) == set(TABLE.validation[-1][:, 7].tolist())
    assert_allclose(TABLE.reward(cells), TABLE.validation[-1].mean(0))
    better = [np.corrcoef(stage.mean(0)[~dead], mean[~dead])[0, 1] for stage in TABLE.validation]
    assert better == sorted(better), "later values must say more about the end"


def test_validation_and_test_agree_more_than_seeds_differ() -> None:
    """What regret is worth: the best by validation data is nearly the best on test data."""
    best = nas.all_cells()[TABLE.reward(nas.all_cells()).argmax()]
    assert TABLE.regret(best) < 0.01
    noise = TABLE.test.std(0, ddof=1).mean() / len(TABLE.seeds) ** 0.5
    assert TABLE.test.mean(0)[TABLE.test.mean(0) > 0.8].std() > 2 * noise


def test_a_damaged_table_is_refused() -> None:
    pack = importlib.import_module("benchmarks.nas_table").packed
    axes = {"epochs": np.array([2]), "seeds": np.array([0])}
    good = {"validation": np.zeros((1, 1, 1024), "u2"), "test": np.zeros((1, 1024), "u2")}
    assert read_table(pack({**good, **axes})).test.sum() == 0
    for name in good:
        wrong = {**good, name: good[name][..., :1023], **axes}
        with pytest.raises(
            ValueError, match=rf"^{name} must be shaped \(1.*1024\); got ndarray of"
        ):
            read_table(pack(wrong))


def test_a_cell_learns_the_same_whatever_trains_beside_it(monkeypatch) -> None:
    train, validation, _ = parts()
    cells = nas.all_cells()[[682, 341, 1023, 100, 511]]
    told = [validation], lambda theta: Adam(theta, lr=0.01)

    def run(rows, seed=0):
        return nas.train_cells(rows, train, *told, np.random.default_rng(seed), 2, at=(1, 2))

    whole = run(cells)
    assert whole.shape == (2, 1, 5)
    monkeypatch.setattr("dlcourse.scratch.hpo.nas.training.BLOCK", 2)
    assert_array_equal(run(cells), whole)
    assert_array_equal(run(cells[3])[..., 0], whole[..., 3])
    assert (run(cells, 1) != whole).any()


def net_with(cells=None, alpha=None):
    net = nas.cell_network(4, np.random.default_rng(0), features=3)
    net.layers[1].cells, net.layers[1].alpha = cells, alpha
    return net.forward(np.zeros((2, 3)))


EIGHT = np.zeros((8, 3)), np.arange(8) % 2


def trained(cells=(0, 0, 0, 0, 0), train=EIGHT, **told):
    told = {"epochs": 1, "batch_size": 4, "parts": [], **told}
    make = lambda theta: SGD(theta)  # noqa: E731
    rng = told.pop("rng", np.random.default_rng(0))
    return nas.train_cells(cells, train, told.pop("parts"), make, rng, **told)


ERRORS = [
    (lambda: nas.cell_index([0.5] * 5), TypeError, r"^cells must be of integers, one operation an"),
    (lambda: nas.cell_index([1, 2]), ValueError, r"^cells must be shaped \(\.\.\., 5\), one opera"),
    (lambda: nas.cell_index([0, 0, 0, 0, 4]), ValueError, r"^cells must be operations 0 \.\. 3; g"),
    (lambda: nas.cell_index([-1, 0, 0, 0, 0]), ValueError, r"^cells must be operations 0 \.\. 3; "),
    (lambda: nas.cell_name([[0] * 5]), ValueError, r"^cell must be shaped \(5,\); got ndarray"),
    (lambda: nas.Cell(0, rng=RNG), ValueError, r"^width must be >= 1; got 0\.$"),
    (lambda: net_with(), ValueError, r"^cells must be set, or alpha, and not both; got \(None, No"),
    (lambda: net_with(np.zeros(5, int), np.zeros((5, 4))), ValueError, r"^cells must be set, or a"),
    (lambda: nas.mixed_op(np.zeros(3), np.zeros((4, 2, 2))), ValueError, r"^alpha must be shaped "),
    (lambda: twins.mixed_op(torch.zeros(3), torch.zeros(4, 2, 2)), ValueError, r"^alpha must be s"),
    (lambda: trained(train=np.zeros((8, 3))), TypeError, r"^train must be a pair \(x, y\); got nd"),
    (lambda: trained(train=(np.zeros(8), np.zeros(8))), ValueError, r"^train must be inputs \(n, "),
    (lambda: trained(parts=[3]), TypeError, r"^parts\[0\] must be a pair \(x, y\); got 3\.$"),
    (lambda: trained(epochs=0), ValueError, r"^epochs must be >= 1; got 0\.$"),
    (lambda: trained(batch_size=9), ValueError, r"^batch_size must be <= 8, the samples there are"),
    (lambda: trained(at=(1, 2)), ValueError, r"^at must be epochs in 1 \.\. 1; got \[1, 2\]\.$"),
    (lambda: trained(rng=3), TypeError, r"^rng must be a numpy\.random\.Generator; got 3\."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_bad_input_is_refused(call, kind, message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
