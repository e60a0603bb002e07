"""Symmetries keep the function; matching finds a permutation that was hidden."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from geometric import GEOMETRY, convolutional, data, mlp, number, rng, same

from dlcourse.scratch import landscape

MAKE = {"mlp": (mlp, (6, 5)), "convolutional": (convolutional, (3, 4, 5))}


def outputs(model, theta, images: bool):
    kept = model.theta.copy()
    model.theta[...] = theta
    found = model.forward(data(images=images)[0])
    model.theta[...] = kept
    return found


def drawn(sizes, runs, seed=0):
    """A permutation a layer, another one for each run, none of them the identity."""
    lead = () if runs is None else (runs,)
    return [
        rng(seed + i).permuted(np.broadcast_to(np.arange(n), (*lead, n)), axis=-1)
        for i, n in enumerate(sizes)
    ]


@pytest.mark.parametrize("runs", [None, 2])
@pytest.mark.parametrize("kind", MAKE)
def test_permuted_units_compute_the_same(kind: str, runs: int | None) -> None:
    f = landscape.permute_units
    make, sizes = MAKE[kind]
    model, images = make(runs=runs), kind == "convolutional"
    before, kept = outputs(model, model.theta, images), model.theta.copy()
    for given in (drawn(sizes, runs), [p if runs is None else p[0] for p in drawn(sizes, runs)]):
        theta = f(model, model.theta, given)
        np.testing.assert_allclose(outputs(model, theta, images), before, atol=1e-13)
        np.testing.assert_array_equal(np.sort(theta), np.sort(model.theta))
        assert (theta != model.theta).mean() > 0.5
    back = f(model, theta, [np.argsort(p, -1) for p in given])
    np.testing.assert_array_equal(back, model.theta)
    np.testing.assert_array_equal(model.theta, kept)
    only = f(model, model.theta, [given[0], *(None for _ in sizes[1:])])
    np.testing.assert_allclose(outputs(model, only, images), before, atol=1e-13)


def test_new_unit_i_is_the_old_one_at_i() -> None:
    f = landscape.permute_units
    model, p = mlp(sizes=(4, 3, 2)), np.array([2, 0, 1])
    found = model.unflatten(f(model, model.theta, [p]))
    np.testing.assert_array_equal(found["0.weight"], model.params["0.weight"][p])
    np.testing.assert_array_equal(found["0.bias"], model.params["0.bias"][p])
    np.testing.assert_array_equal(found["2.weight"], model.params["2.weight"][:, p])


@pytest.mark.parametrize("runs", [None, 2])
def test_flipped_units_compute_the_same(runs: int | None) -> None:
    f = landscape.flip_signs
    model = mlp(runs=runs, activation="tanh")
    lead = () if runs is None else (runs,)
    signs = [rng(i).choice([-1, 1], (*lead, n)) for i, n in enumerate((6, 5))]
    theta = f(model, model.theta, signs)
    before = outputs(model, model.theta, False)
    np.testing.assert_allclose(outputs(model, theta, False), before, atol=1e-13)
    np.testing.assert_array_equal(abs(theta), abs(model.theta))
    assert 0.2 < (theta != model.theta).mean() < 0.8
    np.testing.assert_array_equal(f(model, theta, signs), model.theta)


@pytest.mark.parametrize("runs", [None, 2])
@pytest.mark.parametrize("kind", MAKE)
def test_rescaled_units_compute_the_same(kind: str, runs: int | None) -> None:
    f = landscape.rescale_units
    make, sizes = MAKE[kind]
    model, images = make(runs=runs), kind == "convolutional"
    lead = () if runs is None else (runs,)
    factors = [np.exp(rng(i).normal(size=(*lead, n))) for i, n in enumerate(sizes)]
    theta = f(model, model.theta, factors)
    before = outputs(model, model.theta, images)
    np.testing.assert_allclose(outputs(model, theta, images), before, rtol=1e-10, atol=1e-13)
    first = model.slices["0.bias"]
    np.testing.assert_allclose(theta[..., first], factors[0] * model.theta[..., first])
    np.testing.assert_allclose(f(model, theta, [1 / a for a in factors]), model.theta, rtol=1e-12)


@pytest.mark.parametrize("runs", [None, 2])
@pytest.mark.parametrize("kind", MAKE)
def test_a_hidden_permutation_is_found(kind: str, runs: int | None) -> None:
    f = landscape.match_units
    make, sizes = MAKE[kind]
    a, b, hidden = make(runs=runs), make(runs=runs), drawn(sizes, runs)
    b.theta[...] = landscape.permute_units(a, a.theta, hidden)
    found = f(a, b, rng(1))
    back = landscape.permute_units(b, b.theta, found.permutations)
    np.testing.assert_array_equal(back, a.theta)
    for p, q in zip(found.permutations, hidden, strict=True):
        np.testing.assert_array_equal(p, np.argsort(q, -1))
    np.testing.assert_allclose(found.product, np.vecdot(a.theta, a.theta))
    assert np.all(found.converged)
    assert np.all(found.sweeps >= 2)


def every_order(a, b):
    """The largest product of all that one hidden layer can give."""
    each = itertools.permutations(range(a.shapes["0.weight"][0]))
    return max(
        float(a.theta @ landscape.permute_units(b, b.theta, [np.array(p)])) for p in each
    )  # fmt: skip


def test_one_hidden_layer_is_matched_best() -> None:
    f = landscape.match_units
    for seed in range(5):
        a, b = (mlp(sizes=(4, 5, 2), seed=s) for s in (seed, seed + 50))
        assert f(a, b, rng()).product == pytest.approx(every_order(a, b), rel=1e-12)


def test_no_single_layer_can_be_improved() -> None:
    """Nor any exchange of two units: at the end of Algorithm 1 each assignment is solved."""
    f = landscape.match_units
    for seed in range(4):
        a, b = mlp(seed=seed), mlp(seed=seed + 50)
        found = f(a, b, rng())
        assert found.product > a.theta @ b.theta
        for layer, n in enumerate((6, 5)):
            for i, j in itertools.combinations(range(n), 2):
                other = [p.copy() for p in found.permutations]
                other[layer][[i, j]] = other[layer][[j, i]]
                theta = landscape.permute_units(b, b.theta, other)
                assert a.theta @ theta <= found.product + 1e-12


def test_more_sweeps_never_give_less() -> None:
    f = landscape.match_units
    a, b = (mlp(seed=s, sizes=(4, 30, 30, 30, 3)) for s in (0, 50))
    found = [f(a, b, rng(), max_sweeps=n) for n in (1, 2, 100)]
    assert found[0].product < found[1].product <= found[2].product
    assert [bool(one.converged) for one in found[::2]] == [False, True]


def responses(model, theta, x) -> list[np.ndarray]:
    """What comes out of every layer."""
    kept, outs = model.theta.copy(), []
    model.theta[...] = theta
    for layer in model.layers:
        outs.append(x := layer.forward(x))
    model.theta[...] = kept
    return outs


@pytest.mark.parametrize("kind", MAKE)
def test_matched_units_respond_alike(kind: str) -> None:
    """Unit by unit, up to those that are never on; the function alone says nothing of an order."""
    f = landscape.match_activations
    make, sizes = MAKE[kind]
    a, b, x = make(), make(), data(images=kind == "convolutional")[0]
    b.theta[...] = landscape.permute_units(a, a.theta, drawn(sizes, None))
    found = f(a, b, x)
    back = landscape.permute_units(b, b.theta, found.permutations)
    after = [i for i, layer in enumerate(a.layers) if "ReLU" in type(layer).__name__]
    wanted, got = (responses(m, t, x) for m, t in ((a, a.theta), (b, back)))
    assert any((wanted[i] != responses(b, b.theta, x)[i]).any() for i in after)
    for i in after:
        np.testing.assert_allclose(got[i], wanted[i], atol=1e-12)


def test_activations_of_runs() -> None:
    f = landscape.match_activations
    a, b = (mlp(runs=3, activation="tanh") for _ in range(2))
    hidden = drawn((6, 5), 3)
    b.theta[...] = landscape.permute_units(a, a.theta, hidden)
    found = f(a, b, data()[0])
    for p, q in zip(found.permutations, hidden, strict=True):
        np.testing.assert_array_equal(p, np.argsort(q, -1))
    shared = np.stack([data()[0]] * 3)
    same(f(a, b, shared), found)


@pytest.mark.parametrize("runs", [None, 2])
def test_twins(runs: int | None) -> None:
    def found(room: str):
        kind, results = GEOMETRY[room], []
        for make, sizes in MAKE.values():
            a, b = make(room, runs), make(room, runs, seed=3)
            given = [number(room, p) for p in drawn(sizes, runs)]
            factors = [np.exp(rng(i).normal(size=n)) for i, n in enumerate(sizes)]
            results += [
                kind.permute_units(a, a.theta, given),
                kind.rescale_units(a, a.theta, [number(room, one) for one in factors]),
                kind.match_units(a, b, rng(1)),
            ]
        a, b = mlp(room, runs, "tanh"), mlp(room, runs, "tanh", seed=3)
        signs = [number(room, rng(i).choice([-1, 1], n)) for i, n in enumerate((6, 5))]
        return [
            *results,
            kind.flip_signs(a, a.theta, signs),
            kind.match_activations(a, b, data(room)[0]),
        ]

    for one, other in zip(found("scratch"), found("reference"), strict=True):
        same(one, other)
