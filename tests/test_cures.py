"""One network, five cures: what is switched is what is there, and planted effects are counted."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from dlcourse.problems import cures
from dlcourse.problems.cures import (
    CLASSES,
    NAMES,
    SILENT,
    added_up,
    all_combinations,
    cured_network,
    learn_cured,
    matrices,
    one_after_the_other,
)
from dlcourse.problems.deep import five_digits
from dlcourse.scratch.models import Residual
from dlcourse.scratch.normalization import BatchNorm
from dlcourse.training import try_all

TRAIN, VAL, TEST = five_digits(np.float32)
NEW = tuple(map(np.concatenate, zip(VAL, TEST, strict=True)))
learn = partial(learn_cured, pool=TRAIN, test=NEW)


def generators(n, seed=0):
    return [np.random.default_rng(seed + i) for i in range(n)]


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("skip", [False, True])
def test_the_switches_change_what_they_say_and_no_draw(norm, skip):
    net, plain = (cured_network(generators(2), 2, norm=n, skip=s) for n, s in
                  ((norm, skip), (False, False)))  # fmt: skip
    assert any(isinstance(leaf, BatchNorm) for leaf in net.leaves) == norm
    assert any(isinstance(layer, Residual) for layer in net.layers) == skip
    drawn, same = (np.concatenate([one.theta[:, p] for p in matrices(one)], 1)
                   for one in (net, plain))  # fmt: skip
    np.testing.assert_array_equal(drawn, same)


def test_the_start_is_the_variance_times_the_inputs_of_each_run():
    net = cured_network(generators(2), 2, c=np.array([[1 / 3], [2.0]]), blocks=20)
    size = [(net.theta[:, p] ** 2).mean(1) for p in matrices(net)[1:-1]]
    np.testing.assert_allclose(np.mean(size, axis=0) * 16, [1 / 3, 2.0], rtol=0.05)
    same = cured_network([np.random.default_rng(3)] * 1, 1, c=8.0)
    half = cured_network([np.random.default_rng(3)] * 1, 1, c=2.0)
    np.testing.assert_allclose(same.theta, 2 * half.theta, rtol=1e-6)


def test_a_plain_network_halves_its_signal_as_often_as_it_is_deep():
    """Each ReLU layer multiplies the mean square by c/2: what the lesson derives."""
    rng = generators(40)
    net = cured_network(rng, 40, c=1.0, blocks=4)
    h = np.random.default_rng(9).normal(size=(200, 64)).astype(np.float32)
    sizes = []
    for layer in net.layers[:-1]:
        h = layer.forward(h)
        sizes.append(float((h**2).mean()))
    np.testing.assert_allclose(np.log(sizes[4] / sizes[0]) / 8, np.log(0.5), atol=0.1)


def test_a_lost_run_counts_as_silent_and_leaves_its_neighbours_alone():
    lr = np.array([[0.1], [1e4], [0.1]])
    found = learn(generators(3), 3, lr, c=2.0, skip=True, epochs=3)
    alone = learn(generators(1), 1, 0.1, c=2.0, skip=True, epochs=3)
    assert found["train_loss"][1] == pytest.approx(SILENT)
    assert found["test_error"][1] == pytest.approx(1 - 1 / CLASSES)
    assert found["train_loss"][0] == pytest.approx(alone["train_loss"][0], rel=1e-5)
    assert found["train_loss"][2] < SILENT


def test_without_new_images_the_training_is_the_same_and_no_errors_are_returned():
    full, short = (run(generators(2), 2, 0.1, norm=True, epochs=2) for run in
                   (learn, partial(learn_cured, pool=TRAIN)))  # fmt: skip
    assert {*full} - {*short} == {"val_error", "test_error"}
    for name, values in short.items():
        np.testing.assert_array_equal(values, full[name])


def test_a_share_of_the_labels_is_wrong_and_no_more():
    for wrong, share in ((0.0, 0.0), (0.2, 0.2), (1.0, 1.0)):
        pool = np.arange(448)[:, None], TRAIN[1]
        x, y = cures._drawn(generators(2), pool, 100, wrong)
        assert (y != TRAIN[1][x[..., 0]]).mean() == pytest.approx(share, abs=0.011)
        assert y.max() < CLASSES


def planted(rng, runs, lr, c, decay, *, optimizer, norm, skip):
    """Losses of which every part is known: the best rate is 0.3 with He's start, else 0.1."""
    gain = 1 * (optimizer == "Adam") + 2 * norm + 4 * skip + 8 * (c > 1) + 16 * (decay > 0)
    away = np.abs(np.log10(lr / np.where(c > 1, 0.3, 0.1)))
    loss = np.exp(-(gain - away) / 32)[:, 0] * [1 + 0.01 * g.random() for g in rng]
    return {"train_loss": loss, "curve": np.stack([loss, loss], 1)}


RATES = {"SGD": [0.03, 0.1, 0.3, 1.0], "Adam": [0.03, 0.1, 0.3, 1.0]}
PLAN = {"tries": range(2), "fresh": range(10, 13)}


def test_every_combination_is_run_under_its_own_name_at_its_own_rate():
    found = all_combinations(try_all, planted, RATES, {"SGD": 0.1, "Adam": 0.2}, **PLAN)
    assert found.loss.shape == (2, 2, 2, 2, 2, 3) and found.curve.shape[-2:] == (3, 2)
    assert found.tried.shape[-2:] == (4, 2) and len(NAMES) == 5
    gain = np.indices((2,) * 5) * np.array([1, 2, 4, 8, 16])[:, None, None, None, None, None]
    mean = np.log(found.loss).mean(-1)
    np.testing.assert_allclose(-32 * mean, gain.sum(0), atol=0.5)
    np.testing.assert_array_equal(found.rate[:, :, :, 1], np.full((2, 2, 2, 2), 0.3))
    np.testing.assert_array_equal(found.rate[:, :, :, 0], np.full((2, 2, 2, 2), 0.1))
    np.testing.assert_array_equal(found.curve[..., 0], found.loss)


def test_a_winner_at_the_edge_and_seeds_that_do_both_are_refused():
    with pytest.raises(ValueError, match="rates must be wide enough for SGD"):
        all_combinations(try_all, planted, {"SGD": [0.1, 0.3], "Adam": [0.1, 0.3]},
                         {"SGD": 0.1, "Adam": 0.1}, **PLAN)  # fmt: skip
    with pytest.raises(ValueError, match="fresh must be free of the seeds"):
        all_combinations(try_all, planted, RATES, {}, tries=range(3), fresh=range(2, 5))


def test_sums_and_ways():
    rng = np.random.default_rng(0)
    single = rng.normal(size=(3, 4))
    place = np.indices((2, 2, 2))
    exact = np.einsum("kabc,ks->abcs", place, single) + 5.0
    np.testing.assert_allclose(added_up(exact), exact)
    bent = exact.copy()
    bent[1, 1, 1] += 2.0  # no single effect knows of it
    np.testing.assert_allclose(added_up(bent), exact)
    falling = -np.einsum("kabc,k->abc", place, [1.0, 3.0, 2.0])[..., None]
    assert one_after_the_other(falling) == [(0, 0, 0), (0, 1, 0), (0, 1, 1), (1, 1, 1)]
    assert one_after_the_other(-falling) == [(0, 0, 0)]


def test_a_network_that_says_nothing_has_the_loss_it_is_said_to_have():
    loss = cures.LOSS.forward(np.zeros((1, 10, cures.CLASSES)), np.arange(10)[None] % cures.CLASSES)
    np.testing.assert_allclose(loss, cures.SILENT, rtol=0, atol=1e-12)
