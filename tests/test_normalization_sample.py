"""Norms of a sample, the normalized Elman network, gates: PyTorch's numbers, and exact ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cases.kinds import ErrorCase, PairCase
from cases.normalization_sample import ERRORS, NORMALIZATION_SAMPLE, SAMPLES, SHARED
from harness import relative
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from test_errors import SENTENCE

from dlcourse.gradcheck import check_vjp
from dlcourse.reference import normalization as twins
from dlcourse.scratch import normalization
from dlcourse.scratch.normalization import (
    layer_norm,
    layer_norm_backward,
    recurrent,
    rms_norm,
    rms_norm_backward,
    rows,
    sample,
    without,
)

ROOM = {"scratch": normalization, "reference": twins}
ids = {"ids": lambda case: case.id}


def both(case: PairCase, inputs: list, lead: tuple[int, ...] = ()) -> list[tuple]:
    """Outputs and gradients of a pair, in NumPy and by autograd."""
    y, cache = getattr(normalization, case.name)(*inputs, **case.kwargs)
    given = [a if a is None else torch.tensor(a) for a in inputs]
    ty, tcache = getattr(twins, case.name)(*given, **case.kwargs)
    dy = np.random.default_rng(4).standard_normal((*lead, *y.shape)).astype(y.dtype)
    ours = getattr(normalization, f"{case.name}_backward")(dy, cache)
    theirs = getattr(twins, f"{case.name}_backward")(torch.tensor(dy), tcache)
    assert [a is None for a in ours] == [b is None for b in theirs]
    return [(a, b.numpy()) for a, b in [(y, ty), *zip(ours, theirs, strict=True)] if a is not None]


@pytest.mark.parametrize("case", [*NORMALIZATION_SAMPLE, *SHARED], **ids)
def test_pairs_are_pytorchs(case: PairCase) -> None:
    for a, b in both(case, case.inputs(np.random.default_rng(2))):
        assert relative(a, b) < 1e-13


@pytest.mark.parametrize("case", SHARED, **ids)
def test_what_runs_share_gets_one_gradient_a_run(case: PairCase) -> None:
    for a, _ in both(case, case.inputs(np.random.default_rng(2))):
        assert a.shape[0] == 2
        assert abs(a[0] - a[1]).max() > 0.1, "the runs are alike"


@pytest.mark.parametrize("case", NORMALIZATION_SAMPLE, **ids)
def test_backward_is_the_derivative(case: PairCase) -> None:
    rng = np.random.default_rng(7)
    forward = getattr(normalization, case.name)
    backward = getattr(normalization, f"{case.name}_backward")
    check_vjp(lambda *a: forward(*a, **case.kwargs), backward, case.inputs(rng), rng)


@pytest.mark.parametrize("case", [c for c in NORMALIZATION_SAMPLE if len(c.shapes[1]) == 1], **ids)
def test_runs_that_only_the_cotangent_has(case: PairCase) -> None:
    for a, b in both(case, case.inputs(np.random.default_rng(5)), (3,))[1:]:
        assert a.shape[0] == 3
        assert relative(a, b) < 1e-13


@pytest.mark.parametrize("case", NORMALIZATION_SAMPLE, **ids)
def test_float32_stays_float32_and_inputs_stay_as_they_are(case: PairCase) -> None:
    inputs = [a.astype(np.float32) for a in case.inputs(np.random.default_rng(3))]
    kept = [a.copy() for a in inputs]
    for a, b in both(case, inputs):
        assert a.dtype == np.float32, "a float64 scalar crept into the formula"
        assert relative(a, b) < 2e-5
    for a, b in zip(inputs, kept, strict=True):
        assert_array_equal(a, b, "an input was changed")


@pytest.mark.parametrize("given", [(0, 0), (0, 1), (1, 0)])
@pytest.mark.parametrize("shape", [(5, 4), (2, 3, 5, 4)])
def test_without_one_parameter_or_both(shape, given) -> None:
    rng = np.random.default_rng(6)
    x, *params = (rng.standard_normal(s) for s in (shape, shape[-1:], shape[-1:]))
    params = [p if there else None for p, there in zip(params, given, strict=True)]
    pairs = both(PairCase("layer_norm", ()), [x, *params])
    assert len(pairs) == 2 + sum(given)
    pairs += both(PairCase("rms_norm", ()), [x, params[0]])
    for a, b in pairs:
        assert relative(a, b) < 1e-13


def test_two_precisions_give_the_wider_one() -> None:
    x, w = np.random.default_rng(8).standard_normal((2, 4, 4))
    for room, number in ((normalization, np.asarray), (twins, torch.tensor)):
        layer = room.LayerNorm(4, dtype=np.float64)
        layer.params["weight"][...] = number(w[0])
        y = layer.forward(number(x.astype(np.float32)))
        assert "float64" in str(y.dtype)
        assert "float32" in str(layer.backward(y).dtype)


@pytest.mark.parametrize("case", ERRORS, **ids)
def test_errors(case: ErrorCase) -> None:
    with pytest.raises(case.error, match=case.message) as raised:
        case.call()
    assert type(raised.value) is case.error
    assert SENTENCE.match(raised.value.args[0])


def test_every_pair_of_these_modules_has_a_case() -> None:
    found = {
        name.removesuffix("_backward")
        for module in (sample, recurrent, without)
        for name, value in vars(module).items()
        if name.endswith("_backward") and value.__module__ == module.__name__
    }
    assert found == {case.name for case in NORMALIZATION_SAMPLE}
    assert len(found) == 5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t.LayerNorm(0), r"normalized_shape\[0\] must be >= 1; got 0"),
        (lambda t: t.LayerNorm(3, eps=-1.0), r"eps must be finite and >= 0"),
        (lambda t: t.LayerNorm(3).forward(torch.ones(5, 4)), r"x must be shaped \(n, 3\); got"),
        (lambda t: t.LayerNorm(3).forward(torch.ones(3)), r"x must be shaped \(n, 3\); got"),
        (
            lambda t: t.RMSNorm(3, runs=2).forward(torch.ones(4, 5, 3)),
            r"x must be shaped \(n, 3\) or \(2, n, 3\), one entry a run",
        ),
        (
            lambda t: t.Gate(runs=2).forward(torch.ones(3, 5, 4)),
            r"x must be shaped \(n, 4\) or \(2, n, 4\)",
        ),
        (lambda t: t.DynamicTanh(3).forward(torch.ones(5, 4)), r"x must be shaped \(n, 3\)"),
        (lambda t: t.Tokens().forward(torch.ones(5, 3)), r"x must be shaped \(\.\.\., n, t, d\)"),
        (
            lambda t: t.LayerNormRNN(3, 2, rng=np.random.default_rng(0)).forward(torch.ones(5, 3)),
            r"x must be shaped \(n, t, 3\)",
        ),
    ],
)
def test_the_twins_say_the_same(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(twins)


@pytest.mark.parametrize("case", SAMPLES, **ids)
def test_parts_do_not_show(case: PairCase, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = case.inputs(np.random.default_rng(13))
    whole = both(case, inputs)
    monkeypatch.setattr(rows, "BLOCK", 2)
    assert len(list(rows.parts(np.zeros((1, 5, 4))))) > 1
    for (a, _), (b, _) in zip(whole, both(case, inputs), strict=True):
        assert relative(a, b) < 1e-14


@settings(max_examples=60, deadline=None)
@given(
    lead=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    last=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    scale=st.floats(1e-3, 1e3),
    order=st.sampled_from(["C", "F", "every second"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_properties(lead, last, scale, order, seed) -> None:
    """Mean 0 and variance 1, blind to shift and scale, a backward pass at right angles to both."""
    rng, axes = np.random.default_rng(seed), len(last)
    x, dy = rng.standard_normal((2, *lead, *last)) + 0.1
    given = {"C": x, "F": np.asfortranarray(x), "every second": np.repeat(x, 2, axis=0)[::2]}[order]
    over = tuple(range(-axes, 0))
    eps = 0.0 if np.prod(last) > 1 else 1e-5
    y, cache = layer_norm(given, None, None, eps, axes)
    dx = layer_norm_backward(dy, cache)[0]
    assert_array_equal(y, layer_norm(x, None, None, eps, axes)[0])
    assert y.shape == x.shape == dx.shape
    assert_allclose(y.mean(over), 0, atol=1e-13)
    if np.prod(last) > 1:
        assert_allclose((y**2).mean(over), 1, rtol=1e-12)
        moved = layer_norm(scale * x + 3 * scale, None, None, 0.0, axes)[0]
        assert_allclose(moved, y, atol=1e-9)
    size = 1 + abs(dx).max()
    assert_allclose(dx.sum(over) / size, 0, atol=1e-9)
    assert_allclose((dx * y).sum(over) / size, 0, atol=1e-9)
    r, cache = rms_norm(given, None, 0.0, axes)
    assert_allclose((r**2).mean(over), 1, rtol=1e-12)
    assert_allclose(rms_norm(scale * x, None, 0.0, axes)[0], r, rtol=1e-12)
    dx = rms_norm_backward(dy, cache)[0]
    assert_allclose((dx * r).sum(over) / (1 + abs(dx).max()), 0, atol=1e-9)
