"""Training with dropout: a run is the same alone, among many, and in blocks of any size."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from test_regularization_drop_layers import SEEDS, P, assert_alone_as_among_many, generators

from dlcourse.arrays import own_generators, run_generators
from dlcourse.problems.dropped import dropout_mlp
from dlcourse.scratch.layers import chance
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import fit, loop, sweep

X = np.random.default_rng(0).normal(size=(48, 6))
Y = np.random.default_rng(1).integers(0, 3, 48)
LOSS = SoftmaxCrossEntropy()


def trained(rngs, p, cache=None, epochs=2, **more):
    """The weights after some epochs, and the masks that the last layer had."""
    net = dropout_mlp([6, 8, 7, 3], rngs, p=p, p_input=np.asarray(p) / 2, runs=len(rngs))
    before, loop.CACHE_BYTES = loop.CACHE_BYTES, cache or loop.CACHE_BYTES
    try:
        plan = {"epochs": epochs, "batch_size": 16, "rng": rngs, "progress": False}
        fit(net, SGD(net.theta, 0.3), LOSS, (X, Y), **plan, **more)
    finally:
        loop.CACHE_BYTES = before
    return net.theta


def block_of(runs: int) -> int:
    """The cache that holds so many runs of this network."""
    net = dropout_mlp([6, 8, 7, 3], generators(), runs=5)
    for size in range(1, 10**6, 500):
        loop_bytes, loop.CACHE_BYTES = loop.CACHE_BYTES, size
        lengths = [rows.stop - rows.start for rows, _ in loop._parts(net, X, 16)]
        loop.CACHE_BYTES = loop_bytes
        if lengths[0] == runs:
            return size
    raise AssertionError(f"no cache gives blocks of {runs}")


def assert_the_same_in_blocks() -> None:
    whole = trained(generators(), P)
    assert abs(whole[0] - whole[1]).max() > 0.05, "the runs are alike"
    for runs in (1, 2, 3, 4):
        assert_allclose(trained(generators(), P, block_of(runs)), whole, rtol=1e-9, atol=1e-12)


def assert_the_same_alone() -> None:
    whole = trained(generators(), P)
    for i, seed in enumerate(SEEDS):
        alone = trained([np.random.default_rng(seed)], P[i : i + 1])
        assert_allclose(alone[0], whole[i], rtol=1e-9, atol=1e-12)


def assert_the_same_where_runs_share_a_generator() -> None:
    """In blocks too: two runs of one seed are one run, and so are a run's masks in two blocks."""
    one, other = generators(SEEDS[:2])
    whole = trained([one, one, other, one], 0.5)
    assert_allclose(whole[1], whole[0], rtol=1e-9, atol=1e-12)
    assert_allclose(whole[3], whole[0], rtol=1e-9, atol=1e-12)
    assert abs(whole[2] - whole[0]).max() > 0.05
    one, other = generators(SEEDS[:2])
    blocks = trained([one, one, other, one], 0.5, block_of(1))
    assert_allclose(blocks, whole, rtol=1e-9, atol=1e-12)


def assert_the_same_batches_without() -> None:
    """Weights and batches are those of the network that drops nothing."""
    rngs = generators()
    net = MLP([6, 8, 7, 3], rngs, runs=5)
    fit(net, SGD(net.theta, 0.3), LOSS, (X, Y), epochs=2, batch_size=16, rng=rngs, progress=False)
    assert_array_equal(trained(generators(), 0.0), net.theta)


CHECKS = {
    "blocks": assert_the_same_in_blocks,
    "alone": assert_the_same_alone,
    "shared": assert_the_same_where_runs_share_a_generator,
    "batches": assert_the_same_batches_without,
    "layer": partial(assert_alone_as_among_many, "Dropout"),
}


@pytest.mark.parametrize("check", CHECKS)
def test_in_training(check: str) -> None:
    CHECKS[check]()


def one_generator_for_all(rng, runs):
    return [own_generators(rng, runs)[0]] * (runs or 1)


def the_parents_themselves(rng, runs):
    return run_generators(rng, runs)


def children_that_are_shared(rng, runs):
    found = run_generators(rng, runs)
    children = {id(g): g for g in found}
    children = {key: g.spawn(1)[0] for key, g in children.items()}
    return [children[id(g)] for g in found]


def the_first_of_them(self, runs):
    count = len(range(self.runs)[runs])
    self.generators, self.runs = self.generators[:count], count
    self.p = self.p[runs] if np.ndim(self.p) else self.p


def the_p_of_the_first(self, runs):
    right_take(self, runs)
    self.p = self.p * 0 + self.p[0] if np.ndim(self.p) else self.p


right_take = chance.Drawing.take
PLANTED = [
    ("own_generators", one_generator_for_all, {"alone", "layer"}),
    ("own_generators", the_parents_themselves, {"batches", "shared"}),
    ("own_generators", children_that_are_shared, {"shared"}),
    ("take", the_first_of_them, {"blocks"}),
    ("take", the_p_of_the_first, {"blocks"}),
]


@pytest.mark.parametrize(("where", "wrong", "caught"), PLANTED)
def test_wrong_generators_are_caught(where, wrong, caught, monkeypatch) -> None:
    place = chance if where == "own_generators" else chance.Drawing
    monkeypatch.setattr(place, where, wrong)
    for name in caught:
        with pytest.raises(AssertionError):
            CHECKS[name]()


def swept(block: int, **settings):
    build = (partial(dropout_mlp, [6, 8, 7, 3]), partial(SGD, lr=0.3))
    plan = {"epochs": 2, "batch_size": 16, "seeds": [3, 8], "block": block, "progress": False}
    return sweep(build, LOSS, (X, Y), (X, Y), **plan, **settings)["val_loss"]


@pytest.mark.parametrize("walked", [[], ["p"], ["p_input"], ["p", "p_input"]])
def test_a_sweep_is_the_same_in_blocks_and_alone(walked: list[str]) -> None:
    settings = {"p": [0.1, 0.5, 0.8], "p_input": [0.2, 0.4], "walked": walked}
    whole = swept(256, **settings)
    assert whole.shape == (3, 2, 2)
    assert len(np.unique(whole.round(6))) == 12
    assert_allclose(swept(2, **settings), whole, rtol=1e-9)
    for (i, j, k), value in np.ndenumerate(whole):
        rng = [np.random.default_rng((3, 8)[k])]
        net = dropout_mlp([6, 8, 7, 3], rng, (0.1, 0.5, 0.8)[i], (0.2, 0.4)[j], runs=1)
        plan = {"epochs": 2, "batch_size": 16, "rng": rng, "progress": False}
        history = fit(net, SGD(net.theta, 0.3), LOSS, (X, Y), (X, Y), **plan)
        assert history["val_loss"][-1] == pytest.approx(value, rel=1e-9)


def test_with_and_without_is_compared_on_the_same_batches() -> None:
    """Two methods of a sweep: at p = 0 the network that can drop is the one that cannot."""
    builds = {
        "plain": (partial(MLP, [6, 8, 7, 3]), partial(SGD, lr=0.3)),
        "dropping": (partial(dropout_mlp, [6, 8, 7, 3], p=0.0), partial(SGD, lr=0.3)),
    }
    plan = {"epochs": 2, "batch_size": 16, "seeds": 3, "progress": False}
    plain, dropping = sweep(builds, LOSS, (X, Y), (X, Y), **plan)["val_loss"]
    assert_array_equal(plain, dropping)


def test_accumulated_batches_have_masks_of_their_own() -> None:
    seen = []
    rngs = generators()
    net = dropout_mlp([6, 8, 3], rngs, runs=5)
    drop = net.layers[2]
    right = type(drop).each

    class Watched(type(drop)):
        def each(self, shape, p):
            seen.append(right(self, shape, p))
            return seen[-1]

    drop.__class__ = Watched
    plan = {"epochs": 1, "batch_size": 8, "accumulate": 2, "rng": rngs, "progress": False}
    fit(net, SGD(net.theta, 0.1), LOSS, (X, Y), **plan)
    assert len(seen) == 6
    assert all((a != b).any() for a, b in pairwise(seen))


def test_a_run_that_has_diverged_does_not_change_the_others() -> None:
    rates = np.array([[0.3], [0.3], [1e30], [0.3], [0.3]])

    def weights(rates):
        rngs = generators()
        net = dropout_mlp([6, 8, 3], rngs, p=P, runs=5)
        plan = {"epochs": 2, "batch_size": 16, "rng": rngs, "progress": False}
        fit(net, SGD(net.theta, rates), LOSS, (X, Y), **plan, nonfinite="freeze")
        return net.theta[[0, 1, 3, 4]]

    assert_array_equal(weights(rates), weights(np.full((5, 1), 0.3)))
