"""What searches of architectures are measured by: halves, prices, ranks and volume by hand."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import spearmanr

from dlcourse.problems import architectures
from dlcourse.problems.architectures import (
    AtVolume,
    Splits,
    best_volume,
    darts_apart,
    halves,
    mixture_multiplications,
    multiplications,
    own_batches,
    price,
    rank_correlation,
)
from dlcourse.scratch.hpo import nas
from dlcourse.scratch.layers.dense import linear
from dlcourse.scratch.optimizers import Adam

RNG = np.random.default_rng(0)


def share_no_training(split) -> None:
    table = nas.digits_cells()
    asked, judge = split(table)
    assert asked.seeds + judge.seeds == table.seeds and not set(asked.seeds) & set(judge.seeds)
    assert_array_equal(np.concatenate([asked.test, judge.test]), table.test)
    assert_array_equal(np.concatenate([asked.validation, judge.validation], 1), table.validation)


def test_halves_share_no_training() -> None:
    share_no_training(halves)
    with pytest.raises(AssertionError):
        share_no_training(lambda table: (halves(table)[0], table))


def no_search_is_judged_by_what_it_asked(splits) -> None:
    """Accuracies that tell which training they are of: search r hears only its own four."""
    table = nas.digits_cells()
    marked = np.repeat(2.0 ** np.arange(8)[:, None], 1024, axis=1)
    table = dataclasses.replace(table, test=marked, validation=np.stack([marked, marked]))
    every, rng = splits(table), np.random.default_rng(0)
    cells = RNG.integers(4, size=(300, 140, 5))
    heard = every.reward(cells, rng)
    for r in range(140):
        asked = set(np.unique(heard[:, r]))
        assert len(asked) == 4
        assert every.asked[r % 70, 0] == sum(asked) / 4 == every.reward(cells)[0, r]
        assert every.judge[r % 70, 0] == (255 - sum(asked)) / 4
    assert len({tuple(np.unique(heard[:, r])) for r in range(140)}) == 70
    assert_allclose(every.judged(cells), np.full((300, 2), 255 / 8))
    assert_allclose(every.told(cells[0]), np.full(2, 255 / 8))


def test_no_search_is_judged_by_what_it_asked() -> None:
    no_search_is_judged_by_what_it_asked(Splits)

    class Leaks(Splits):
        def reward(self, cells, rng):
            return self._rewards[rng.integers(8, size=cells.shape[:-1]), nas.cell_index(cells)]

    with pytest.raises(AssertionError):
        no_search_is_judged_by_what_it_asked(Leaks)


def test_a_run_is_the_mean_over_all_splits() -> None:
    table, every = nas.digits_cells(), Splits(nas.digits_cells())
    picked = nas.all_cells()[[7, 300]]
    apart = np.repeat(picked, 70, axis=0)
    assert_allclose(every.judged(apart), table.accuracy(picked))
    own = RNG.integers(1024, size=70)
    by_hand = [
        part.accuracy(nas.all_cells()[c]) for c, part in zip(own, judges(table), strict=True)
    ]
    assert_allclose(every.judged(nas.all_cells()[own]), [np.mean(by_hand)])
    for wrong in (apart[:69], picked[0]):
        with pytest.raises(ValueError, match=r"^cells must be of a multiple of 70 searches; got "):
            every.judged(wrong)


def judges(table):
    for rows in itertools.combinations(range(8), 4):
        rest = [k for k in range(8) if k not in rows]
        yield dataclasses.replace(
            table, validation=table.validation[:, rest], test=table.test[rest], seeds=tuple(rest)
        )


def counted(cells, monkeypatch) -> int:
    """Multiplications of one image as the network makes them: every ``linear`` it calls."""
    seen: list[int] = []

    def counting(x, weight, bias):
        seen.append(x.shape[-1] * weight.shape[-2])
        return linear(x, weight, bias)

    for module in ("dlcourse.scratch.hpo.nas.cells", "dlcourse.scratch.layers.dense"):
        monkeypatch.setattr(f"{module}.linear", counting)
    net = nas.cell_network(16, np.random.default_rng(0))
    if cells is None:
        net.layers[1].alpha = np.zeros((5, 4))
    else:
        net.layers[1].cells = cells
    net.forward(np.zeros((1, 64)))
    return sum(seen)


@pytest.mark.parametrize("cell", [[0, 0, 0, 0, 0], [1, 0, 2, 0, 3], [3, 3, 2, 2, 3]])
def test_multiplications_are_those_the_network_makes(cell, monkeypatch) -> None:
    assert counted(np.array(cell), monkeypatch) == multiplications(cell)


def test_the_mixture_makes_them_all(monkeypatch) -> None:
    assert counted(None, monkeypatch) == mixture_multiplications()
    assert mixture_multiplications() > multiplications([3, 3, 3, 3, 3])


def test_prices_are_in_trainings_of_the_mean_cell() -> None:
    mean = multiplications(nas.all_cells()).mean()
    assert_allclose(price(252, mixture=True), 3616 / mean)
    assert_allclose(price(126, judged=252 * 64), 0.5 + 1 / 3)
    for wrong in ({"steps": -1}, {"steps": 1, "judged": -1}):
        with pytest.raises(ValueError, match=r"must be >= 0; got -1"):
            price(**wrong)


def ranks_agree(correlation) -> None:
    a, b = RNG.integers(0, 6, (4, 30)), RNG.normal(size=(4, 30))
    expected = [spearmanr(x, y).statistic for x, y in zip(a, b, strict=True)]
    assert_allclose(correlation(a, b), expected, atol=1e-12)


def test_rank_correlation_is_spearmans_ties_included() -> None:
    ranks_agree(rank_correlation)
    first = lambda v: np.argsort(np.argsort(v, -1, kind="stable"), -1)  # noqa: E731

    def without_ties(a, b):
        pairs = zip(first(a), first(b), strict=True)
        return np.array([np.corrcoef(x, y)[0, 1] for x, y in pairs])

    with pytest.raises(AssertionError):
        ranks_agree(without_ties)


def quieter(at_volume) -> None:
    net = nas.cell_network(5, np.random.default_rng(1), 3, features=6, classes=3)
    net.layers[1].alpha = np.zeros((3, 5, 4))
    x, y = RNG.normal(size=(20, 6)), RNG.integers(0, 3, 20)
    z = net.forward(x)
    for volume in (0.0, 0.5, 1.0, np.array([0.2, 1.0, 3.0])):
        e = np.exp(np.reshape(volume, (-1, 1, 1)) * z)
        p = (e / e.sum(-1, keepdims=True))[:, np.arange(20), y]
        loss = at_volume(volume)
        assert_allclose(loss.forward(z, y), -np.log(p).mean(-1), atol=1e-12)
        h = 1e-6 * np.eye(z[0].size).reshape(-1, 1, *z[0].shape)
        rise = [
            at_volume(volume).forward(z + d, y) - at_volume(volume).forward(z - d, y) for d in h
        ]
        slopes = np.array(rise).T.reshape(z.shape) / 2e-6
        assert_allclose(loss.backward(), slopes, atol=1e-8)


def test_volume_multiplies_the_outputs() -> None:
    quieter(AtVolume)

    class Forgets(AtVolume):
        def backward(self):
            return self.loss.backward()

    with pytest.raises(AssertionError):
        quieter(Forgets)


def test_the_best_volume_is_the_smallest_loss_of_each_run() -> None:
    net = nas.cell_network(5, np.random.default_rng(2), 4, features=6, classes=3)
    net.layers[1].cells = np.array([3, 3, 2, 2, 3])
    x, y = RNG.normal(size=(20, 6)), RNG.integers(0, 3, 20)
    volumes = np.linspace(-1, 1, 9)
    found = best_volume(net, (x, y), volumes)
    z = net.forward(x)
    by_hand = [min(volumes, key=lambda v, r=r: AtVolume(v).forward(z[r], y)) for r in range(4)]
    assert_array_equal(found, by_hand)


def test_constants_are_those_of_the_table() -> None:
    from benchmarks import nas_table
    from dlcourse import data

    batches = len(data.load().train.y) // architectures.BATCH
    assert max(nas_table.EPOCHS) * batches == architectures.STEPS


def test_every_run_reads_all_images_in_an_order_of_its_own() -> None:
    x = np.arange(128.0)[:, None]
    read = own_batches((x, x[:, 0].astype(int)), np.random.default_rng(0).spawn(3))
    first, second = next(read), next(read)
    seen = np.concatenate([first[1], second[1]], axis=1)
    assert_array_equal(first[0][..., 0], first[1])
    assert_array_equal(np.sort(seen), np.tile(np.arange(128), (3, 1)))
    assert len({tuple(one) for one in seen}) == 3


def test_searches_apart_change_only_the_part_the_logits_learn_from() -> None:
    class Still:
        def __init__(self, theta) -> None: ...

        def step(self, grad) -> None: ...

    def found(second, logits):
        adam = lambda theta: Adam(theta, lr=0.01)  # noqa: E731
        return darts_apart(train, second, adam, logits, np.random.default_rng(4), 2, 3)

    train, other = [(RNG.normal(size=(n, 6)), RNG.integers(0, 2, n)) for n in (128, 70)]
    still = [found(second, Still) for second in (train, other)]
    assert_array_equal(still[0].net.theta, still[1].net.theta)
    assert_array_equal(still[0].alpha, 0)
    assert abs(np.diff(still[0].net.theta, axis=0)).max(-1).min() > 0
    moved = [found(second, lambda a: Adam(a, lr=0.01)).alpha for second in (train, other)]
    assert moved[0].shape == (3, 3, 5, 4)
    assert_array_equal(moved[0][0], 0)
    assert abs(moved[0][-1] - moved[1][-1]).max() > 0
