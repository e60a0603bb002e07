"""Fifty steps with and without normalization: gradients against differences, and known factors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlcourse.problems.normed_chains import STEPS, WIDTH, far_gradient
from dlcourse.training import try_all


def rngs(runs: int = 3) -> list[np.random.Generator]:
    return [np.random.default_rng((7, i)) for i in range(runs)]


def test_normalized_and_silent_the_scale_drops_out() -> None:
    for through in ("time", "depth"):
        for activation in ("tanh", "relu"):
            how = {"through": through, "activation": activation}
            one, ten = (far_gradient(rngs(), 3, s, **how) for s in (1.0, 10.0))
            np.testing.assert_allclose(one["decades"], ten["decades"], atol=1e-9)
            np.testing.assert_allclose(one["first"], 10 * ten["first"], rtol=1e-8)
            np.testing.assert_allclose(ten["size"], 1, atol=1e-12)
            bare = [far_gradient(rngs(), 3, s, norm=False, **how) for s in (1.0, 10.0)]
            assert (bare[1]["decades"] > bare[0]["decades"] + 5).all()


def test_a_linear_regime_has_the_decades_of_its_scale() -> None:
    """Tiny states stay where tanh has the slope 1, and each factor is s."""
    quiet, half = (far_gradient(rngs(), 3, s, norm=False)["decades"] for s in (0.02, 0.01))
    np.testing.assert_allclose(quiet - half, STEPS * np.log10(2), atol=0.2)


def test_relu_scales_its_gradient_by_each_factor_exactly() -> None:
    one, two = (far_gradient(rngs(), 3, s, norm=False, activation="relu") for s in (1.0, 2.0))
    np.testing.assert_allclose(two["decades"] - one["decades"], STEPS * np.log10(2))
    np.testing.assert_allclose(two["input"] - one["input"], 40 * np.log10(2))


def test_a_larger_gain_and_a_way_back_that_is_cut_make_a_difference() -> None:
    grown, plain, held = (
        far_gradient(rngs(), 3, 1.0, **how)["decades"]
        for how in ({"gain": 2.0}, {"gain": 1.0}, {"constant": True})
    )
    assert (grown > plain + 1).all()
    assert (held > plain).all(), "what the projections take out is missing"


@pytest.mark.parametrize("through", ["time", "depth"])
def test_the_gradient_at_right_angles_to_the_weights(through: str, monkeypatch: Any) -> None:
    """f(sW) = f(W) where every W is normalized: what is kept of a way back that is cut is not."""
    seen = {}
    norm = np.linalg.norm

    def spy(a: Any, axis: Any = None) -> Any:
        seen["by_weights"] = a
        return norm(a, axis=axis)

    monkeypatch.setattr(np.linalg, "norm", spy)
    share = {}
    for constant in (False, True):
        far_gradient(rngs(1), 1, 1.0, through=through, constant=constant)
        g = np.random.default_rng((7, 0))
        h, _ = g.normal(size=(8, 48)), g.normal(size=(8, 48))
        first = g.normal(size=(48, 48)) / 48**0.5
        z = h @ first.T
        assert z.shape == (8, 48)
        along = abs((seen["by_weights"][0] * first).sum())
        share[constant] = along / norm(seen["by_weights"]) / norm(first)
    assert share[False] < 1e-10 < 1e-6 < share[True]


def test_settings_of_runs_are_those_of_runs_alone() -> None:
    together = try_all(far_gradient, seeds=2, scale=[0.5, 2.0], drive=0.3, progress=False)
    for i, scale in enumerate((0.5, 2.0)):
        alone = [np.random.default_rng(k) for k in range(2)]
        found = far_gradient(alone, 2, scale, drive=0.3)
        np.testing.assert_allclose(together["decades"][i], found["decades"])


def test_names_are_checked() -> None:
    with pytest.raises(ValueError, match="through must be"):
        far_gradient(rngs(), 3, 1.0, through="space")
    with pytest.raises(ValueError, match="activation must be"):
        far_gradient(rngs(), 3, 1.0, activation="gelu")
    assert WIDTH == 48
