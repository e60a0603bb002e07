"""Importances: exact shares of additive functions, scikit-learn's tree; tables and pictures."""

from __future__ import annotations

import numpy as np
import pytest
from cases.hpo_errors import IMPORTANCE_ERRORS
from cases.hpo_searches import SPACES
from sklearn.tree import DecisionTreeRegressor

from dlcourse import plots
from dlcourse.plots import searches as pictures
from dlcourse.scratch.hpo import (
    Categorical,
    Float,
    QuasiRandom,
    RandomSearch,
    importances,
    minimize,
    table,
    text_table,
)
from dlcourse.scratch.hpo.forest import Tree, grow, variance_shares
from dlcourse.scratch.hpo.importance import permutation_importance


def rng(seed=0):
    return np.random.default_rng(seed)


XYZ = {"x": Float(0, 1), "y": Float(0, 1), "z": Float(0, 1)}


def searched(objective, space=XYZ, n=256, seed=0):
    search = QuasiRandom(space, rng=rng(seed))
    minimize(objective, search, n)
    return search


def additive(p):
    return 3 * p["x"] + p["y"]


def test_a_tree_is_scikit_learns():
    x, y = rng().random((120, 3)), rng(1).standard_normal(120)
    ours = grow(x, y, least=4)
    theirs = DecisionTreeRegressor(min_samples_leaf=4, random_state=0).fit(x, y)
    at = rng(2).random((500, 3))
    np.testing.assert_allclose(ours.predict(at), theirs.predict(at), atol=1e-12)
    assert len(ours.value) == theirs.get_n_leaves() > 10


def test_equal_places_are_never_parted():
    x = np.array([[0.2], [0.2], [0.2], [0.2]])
    assert grow(x, np.array([1.0, 2, 3, 4]), least=1).value.tolist() == [2.5]
    tree = grow(np.repeat([[0.2], [0.6]], 3, axis=0), np.array([1.0, 2, 3, 7, 8, 9]), least=1)
    assert tree.value.tolist() == [2, 8] and tree.high[0, 0] == pytest.approx(0.4)


def test_the_leaves_fill_the_cube_once():
    tree = grow(rng().random((200, 4)), rng(1).standard_normal(200))
    assert (tree.high - tree.low).prod(axis=1).sum() == pytest.approx(1)


def by_sampling(tree, j, n=400):
    """The variance of the mean over the other columns, on a fine grid of column j."""
    others = rng(5).random((n, tree.low.shape[1]))
    means = []
    for t in (np.arange(n) + 0.5) / n:
        others[:, j] = t
        means.append(tree.predict(others).mean())
    return np.var(means)


def test_shares_of_a_tree_are_those_that_sampling_finds():
    x = rng().random((60, 3))
    tree = grow(x, x[:, 0] + 2 * x[:, 1] * x[:, 2], least=6)
    shares, total = variance_shares(tree)
    assert total == pytest.approx(np.var(tree.predict(rng(6).random((40_000, 3)))), rel=0.03)
    for j in range(3):
        assert shares[j] * total == pytest.approx(by_sampling(tree, j), rel=0.15, abs=1e-3)


def test_a_share_that_forgets_the_widths_of_leaves_fails_that():
    x = rng().random((60, 3))
    tree = grow(x, x[:, 0] + 2 * x[:, 1] * x[:, 2], least=6)
    wrong = Tree(tree.low, tree.high, tree.value * (tree.high - tree.low).prod(axis=1))
    shares, total = variance_shares(wrong)
    assert shares[0] * total != pytest.approx(by_sampling(tree, 0), rel=0.15, abs=1e-3)


def test_interactions_are_what_is_missing_from_one():
    """Of a pure interaction, an exclusive or of two halves, no column explains anything alone."""
    low = np.array([[0, 0], [0.5, 0], [0, 0.5], [0.5, 0.5]])
    shares, total = variance_shares(Tree(low, low + 0.5, np.array([0.0, 1, 1, 0])))
    assert shares.tolist() == [0, 0] and total == 0.25


@pytest.mark.parametrize("seed", range(3))
def test_an_additive_function_has_the_shares_that_are_known(seed):
    shares = importances(searched(additive, seed=seed), rng(seed))
    assert list(shares)[:2] == ["x", "y"]
    assert shares == pytest.approx({"x": 0.9, "y": 0.1, "z": 0.0}, abs=0.04)
    shuffled = importances(searched(additive, seed=seed), rng(seed), kind="permutation")
    assert shuffled == pytest.approx({"x": 0.9, "y": 0.1, "z": 0.0}, abs=0.04)


def test_shuffling_sees_interactions_which_a_variance_alone_does_not():
    search = searched(lambda p: (p["x"] - 0.5) * (p["y"] - 0.5))
    alone = importances(search, rng())
    shuffled = importances(search, rng(), kind="permutation")
    assert alone["x"] + alone["y"] < 0.25
    assert shuffled["x"] + shuffled["y"] > 0.9


def test_shuffling_a_column_of_a_linear_function_costs_twice_its_variance():
    x = rng().random((4000, 3))
    beta = np.array([2.0, -1, 0])
    found = permutation_importance(lambda at: at @ beta, x, x @ beta, rng(1), repeats=20)
    np.testing.assert_allclose(found, 2 * beta**2 * x.var(axis=0), rtol=0.03, atol=1e-12)


def test_choices_and_inactive_parameters_have_their_shares():
    space = {"opt": Categorical({"a": {"m": Float(0, 1)}, "b": None, "c": None}), "x": Float(0, 1)}
    worth = {"a": 0.0, "b": 3.0, "c": 0.0}
    shares = importances(searched(lambda p: worth[p["opt"]] + p["x"], space), rng())
    # Variances: 3² · (1/3)(2/3) = 2 and 1/12.
    assert shares == pytest.approx({"opt": 24 / 25, "x": 1 / 25, "m": 0.0}, abs=0.03)


def test_a_log_scale_weighs_by_ratios():
    space = {"lr": Float(1e-4, 1, log=True), "x": Float(0, 1)}
    shares = importances(searched(lambda p: np.log10(p["lr"]) / 4 + p["x"], space), rng())
    assert shares == pytest.approx({"lr": 0.5, "x": 0.5}, abs=0.06)


def test_a_table_has_the_same_columns_in_every_row():
    search = RandomSearch(SPACES["twelve"], rng())

    def objective(params):
        if params["layers"] == 6:
            raise MemoryError("too deep\nand too wide")
        return params["lr"]

    minimize(objective, search, 40)
    rows = table(search)
    assert len({tuple(row) for row in rows}) == 1 and len(rows[0]) == 4 + 13
    assert all(row["gamma"] is None for row in rows if row["schedule"] != "step")
    text = text_table(search, 40)
    lines = text.splitlines()
    assert len(lines) == 41
    values = [row["value"] for row in rows if row["state"] == "complete"]
    assert float(lines[1].split()[2]) == pytest.approx(min(values), rel=1e-3)
    assert "failed" in lines[-1] and "MemoryError: too deep and too wide" in lines[-1]
    assert len(text_table(search, 3).splitlines()) == 4


DRAWN = {
    "history": (pictures.plot_search, {}),
    "slice": (pictures.plot_slice, {"name": "lr"}),
    "slice of choices": (pictures.plot_slice, {"name": "opt"}),
    "parallel": (pictures.plot_parallel, {}),
}


@pytest.fixture(scope="module")
def search():
    def objective(params, report):
        report(1, params["lr"])
        if params["layers"] == 6:
            raise MemoryError
        return params["lr"] + params["width"] / 1000

    search = RandomSearch(SPACES["twelve"], rng())
    minimize(objective, search, 40, pruner=lambda trial, trials: trial.intermediate[1] > 0.3)
    assert {t.state for t in search.trials} == {"complete", "failed", "pruned"}
    return search


@pytest.mark.parametrize("name", DRAWN)
def test_every_picture_is_drawn_and_the_same_twice(name, search):
    plot, options = DRAWN[name]
    texts = []
    for _ in range(2):
        fig, ax = plots.new_figure()
        assert plot(search, ax=ax, **options) is ax
        ax.set_title("Small rates lose")
        assert plots.title_of(fig) == "Small rates lose"
        texts.append(plots.svg.to_svg(fig))
    assert texts[0] == texts[1]


def test_the_history_shows_every_trial_and_its_line_only_falls(search):
    _, ax = plots.new_figure()
    pictures.plot_search(search, ax=ax)
    lines = {line.get_label(): line.get_xydata() for line in ax.get_lines()}
    states = [t.state for t in search.trials]
    assert len(lines["_trials"]) == states.count("complete")
    assert len(lines["_pruned"]) == states.count("pruned")
    assert lines["_failed"][:, 0].tolist() == [
        t.number for t in search.trials if t.state == "failed"
    ]
    best = lines["best so far"]
    assert (np.diff(best[:, 1]) <= 0).all() and best[-1].tolist() == [39, search.best.value]


def test_parallel_lines_are_where_the_parameters_are_and_the_best_on_top(search):
    _, ax = plots.new_figure()
    pictures.plot_parallel(search, ax=ax, best=2)
    lines = ax.get_lines()
    complete = sorted((t for t in search.trials if t.state == "complete"), key=lambda t: t.value)
    assert len(lines) == len(complete)
    top = lines[-1].get_ydata()
    for height, parameter in zip(top, search.parameters, strict=True):
        value = complete[0].params.get(parameter.name)
        assert np.isnan(height) if value is None else height == parameter.domain.rank(value)
    assert [line.get_color() for line in lines[-3:]] == ["#c9c9c9", pictures.INK, pictures.INK]


def test_importances_are_bars_with_the_largest_on_top():
    _, ax = plots.new_figure()
    pictures.plot_importances({"lr": 0.7, "width": 0.05, "depth": 0.2}, ax=ax)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["width", "depth", "lr"]
    assert [bar.get_width() for bar in ax.patches] == [0.05, 0.2, 0.7]


@pytest.mark.parametrize("case", IMPORTANCE_ERRORS, ids=lambda case: case.id)
def test_bad_input_is_refused(case):
    with pytest.raises(case.error, match=case.message) as caught:
        case.call()
    assert type(caught.value) is case.error


def test_what_a_fit_misses_belongs_to_no_column():
    """Noise of variance 4 under a slope of 3: a shuffled column costs 2 · 9 / 12, another 0."""
    generator = np.random.default_rng(8)
    x = generator.random((20_000, 2))
    y = 3 * x[:, 0] + 2 * generator.normal(size=len(x))
    worse = permutation_importance(lambda at: 3 * at[:, 0], x, y, generator)
    np.testing.assert_allclose(worse, [1.5, 0.0], atol=0.1)
