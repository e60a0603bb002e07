"""The space: its shares of the chance, its grid, its tree; SciPy and counting as oracles."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from cases.hpo_errors import ERRORS
from cases.hpo_searches import SPACES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats
from test_errors import SENTENCE

from dlcourse.scratch import hpo
from dlcourse.scratch.hpo import (
    Categorical,
    Float,
    Int,
    Trial,
    check_params,
    columns,
    from_unit,
    parameters,
    to_unit,
    validate,
)
from dlcourse.scratch.hpo.records import asked_record, decoded, line_of

FLOATS = {
    "uniform": (Float(-2, 5), stats.uniform(-2, 7)),
    "log": (Float(1e-4, 1e-1, log=True), stats.loguniform(1e-4, 1e-1)),
    "normal": (
        Float(-1, 3, distribution=stats.norm(0.5, 2)),
        stats.truncnorm((-1 - 0.5) / 2, (3 - 0.5) / 2, 0.5, 2),
    ),
}
U = np.linspace(0, 1, 41)[:-1]


@pytest.mark.parametrize("name", FLOATS)
def test_shares_of_the_chance_are_scipys(name):
    domain, oracle = FLOATS[name]
    x = [domain.quantile(u) for u in U]
    np.testing.assert_allclose(x, oracle.ppf(U), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose([domain.rank(v) for v in x], oracle.cdf(x), rtol=1e-12, atol=1e-12)


def test_a_scale_that_is_not_logarithmic_fails_that():
    x = [Float(1e-4, 1e-1).quantile(u) for u in U]
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(x, FLOATS["log"][1].ppf(U), rtol=1e-12)


FINE = (np.arange(50_000) + 0.5) / 50_000
MASSES = {
    "int": (Int(3, 7), dict.fromkeys(range(3, 8), 1 / 5)),
    "int with a step": (Int(2, 14, step=4), dict.fromkeys([2, 6, 10, 14], 1 / 4)),
    "step": (Float(0, 0.3, step=0.1), dict.fromkeys([0.0, 0.1, 0.2, 0.3], 1 / 4)),
    "choices": (Categorical(["a", None, 2.5]), dict.fromkeys(["a", None, 2.5], 1 / 3)),
    "int on a log scale": (
        Int(1, 5, log=True),
        {k: math.log((k + 0.5) / (k - 0.5)) / math.log(5.5 / 0.5) for k in range(1, 6)},
    ),
    "one value": (Int(4, 4), {4: 1}),
    "one value of a log scale": (Int(1, 1, log=True), {1: 1}),
}


@pytest.mark.parametrize("name", MASSES)
def test_every_value_has_the_share_that_is_documented(name):
    domain, masses = MASSES[name]
    found, counts = np.unique([str(domain.quantile(u)) for u in FINE], return_counts=True)
    assert dict(zip(found.tolist(), counts / len(FINE), strict=True)) == pytest.approx(
        {str(value): mass for value, mass in masses.items()}, abs=5e-5
    )
    assert domain.size == len(masses)


@pytest.mark.parametrize("name", MASSES)
def test_a_value_comes_back_from_its_own_share(name):
    domain, masses = MASSES[name]
    assert [domain.quantile(domain.rank(value)) for value in masses] == list(masses)
    assert all(0 <= domain.rank(value) < 1 and domain.contains(value) for value in masses)


@pytest.mark.parametrize("space", SPACES)
def test_to_the_cube_and_back(space):
    space = SPACES[space]
    for u in np.random.default_rng(0).random((200, columns(space))):
        params = from_unit(space, u)
        back = to_unit(space, params)
        again = from_unit(space, np.nan_to_num(back))
        assert again.keys() == params.keys()
        for name, value in params.items():
            near = value if isinstance(value, str) else pytest.approx(value, rel=1e-12)
            assert again[name] == near, name
        on = ~np.isnan(back)
        names = [p.name for p in parameters(space)]
        assert [n for n, active in zip(names, on, strict=True) if active] == list(params)
        smooth = [
            j
            for j, p in enumerate(parameters(space))
            if on[j] and isinstance(p.domain, Float) and p.domain.size == math.inf
        ]
        np.testing.assert_allclose(back[smooth], u[smooth], atol=1e-12)


def test_the_ends_stay_inside_whatever_the_rounding():
    last = np.nextafter(1, 0)
    for low, high in [(1e-7, 3e-3), (0.1, 0.7), (1e-300, 1e300), (0.3, 0.3)]:
        domain = Float(low, high, log=True)
        for u in (0.0, last):
            assert low <= domain.quantile(u) <= high
        assert 0 <= domain.rank(high) < 1
    assert Int(1, 10**6, log=True).quantile(last) == 10**6
    assert Float(0, 0.7, step=0.1).quantile(last) == 0.7
    assert [Float(0, 0.3, step=0.1).quantile(u) for u in (0, 0.3, 0.6, 0.8)] == [0, 0.1, 0.2, 0.3]


WORDS = ["", "a", "relu", "ä\n", "\ud800", "inf"]


@st.composite
def domains(draw, depth=2):
    kind = draw(st.sampled_from(["float", "log", "step", "int", "int log", "choices"]))
    low = draw(st.floats(1e-6, 1e6))
    high = low * draw(st.floats(1, 1e6))
    if kind in ("float", "log"):
        return Float(low, high, log=kind == "log")
    if kind == "step":
        step = draw(st.sampled_from([1e-7, 0.1, 1 / 3, 0.25, 5.0]))
        return Float(round(low, 3), round(low, 3) + draw(st.integers(0, 10**6)) * step, step=step)
    first = draw(st.integers(1, 10**6))
    if kind == "int log":
        return Int(first, first * draw(st.integers(1, 10**6)), log=True)
    if kind == "int":
        step = draw(st.integers(1, 9))
        return Int(-first, -first + step * draw(st.integers(0, 10**6)), step=step)
    values = st.one_of(st.sampled_from(WORDS), st.integers(), st.floats(allow_nan=False), st.none())
    choices = draw(st.lists(values, min_size=1, max_size=4, unique=True))
    if depth == 0:
        return Categorical(choices)
    names = iter(f"p{draw(st.integers(0, 10**9))}" for _ in choices)
    inner = {c: {next(names): draw(domains(depth=depth - 1))} for c in choices}
    try:
        return Categorical(inner)
    except ValueError:  # two names alike
        return Categorical(choices)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(domains(), st.integers(0, 2**32), st.sampled_from([0, 1 / 2, 1 - 2**-53, None]))
def test_any_parameter_at_any_place(domain, seed, edge):
    space = {"root": domain}
    try:
        d = columns(validate(space))
    except ValueError:
        return
    u = np.random.default_rng(seed).random(d) if edge is None else np.full(d, edge)
    params = from_unit(space, u)
    check_params(space, params)
    back = to_unit(space, params)
    assert ((back >= 0) & (back < 1) | np.isnan(back)).all()
    again = from_unit(space, np.nan_to_num(back))
    assert again.keys() == params.keys()
    for one in parameters(space):
        if one.name in params:
            value = params[one.name]
            exact = not isinstance(one.domain, Float) or one.domain.step is not None
            assert again[one.name] == (value if exact else pytest.approx(value, rel=1e-9))
    path = json.loads(line_of(asked_record(Trial(0, params))))["params"]
    assert {name: decoded(value) for name, value in path.items()} == params


def test_the_order_of_the_columns_is_depth_first():
    names = [p.name for p in parameters(SPACES["twelve"])]
    assert names == [
        *("lr", "batch", "opt", "momentum", "schedule", "gamma", "every", "beta1", "beta2"),
        *("layers", "width", "act", "drop"),
    ]


def test_what_a_value_is_not():
    assert not Float(0, 1).contains(True) and not Float(0, 1).contains("0.5")
    assert not Float(0, 1, step=0.5).contains(0.3) and not Float(0, 1).contains(math.nan)
    assert not Int(0, 5).contains(2.0) and not Int(0, 6, step=2).contains(3)
    assert not Categorical(["a"]).contains("b") and not Categorical(["a"]).contains(["a"])
    assert Float(0, 1).contains(1) and Int(0, 5).contains(np.int64(5))


def test_a_space_is_checked_only_where_it_can_be_wrong():
    assert validate(SPACES["twelve"]) is SPACES["twelve"]
    same = {"a": Categorical({"p": {"x": Float(0, 1)}, "q": {"x_q": Float(0, 1)}})}
    assert validate(same) is same
    assert Categorical(np.array([16, 32])).choices == (16, 32)
    assert type(Categorical(np.array([16, 32])).quantile(0)) is int


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case.id)
def test_bad_input_is_refused_in_one_sentence(case):
    with pytest.raises(case.error, match=case.message) as caught:
        case.call()
    assert type(caught.value) is case.error
    assert SENTENCE.search(str(caught.value)), str(caught.value)


def test_every_row_of_the_table_has_its_own_name():
    ids = [case.id for case in ERRORS]
    assert len(set(ids)) == len(ids)


def test_a_refused_tell_leaves_the_trial_as_it_was():
    search = hpo.RandomSearch({"x": Float(0, 1)}, np.random.default_rng(0))
    trial = search.ask()
    with pytest.raises(TypeError):
        search.tell(trial, "good")
    assert trial.state == "running"
    search.tell(trial, 1)
    assert search.best is trial
