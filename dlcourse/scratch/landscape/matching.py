"""Which unit of one network is which of another: permutations that bring two networks together."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks, geometry, inputs
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.landscape.assignment import linear_assignment
from dlcourse.scratch.landscape.units import APART, WEIGHTED, permute_units
from dlcourse.scratch.layers import Conv2d


class Match(NamedTuple):
    """``permutations`` for ``permute_units``: for each hidden layer, (units,) or (runs, units).

    ``product`` is θ_a · θ_b with the units of b so permuted, ``sweeps`` how often all layers were
    gone through, and ``converged`` whether the last time changed nothing: one each, or one a run.
    """

    permutations: list[Array]
    product: Array
    sweeps: Array
    converged: Array


def match_units(model_a: Any, model_b: Any, rng: Generators, max_sweeps: int = 100) -> Match:
    r"""Renumber the units of b so that its weights get as near to those of a as can be found.

    .. math:: \max_P \; \sum_l \bigl\langle W_l^a, P_l W_l^b P_{l-1}^\top \bigr\rangle, \qquad
        P_l \leftarrow \arg\max_P \bigl\langle P,\; W_l^a P_{l-1} (W_l^b)^\top
        + (W_{l+1}^a)^\top P_{l+1} W_{l+1}^b \bigr\rangle

    Parameters
    ----------
    model_a, model_b : of the same layers, as ``permute_units`` takes them, and as many runs
    rng : Generator, or one for each run: in which order the layers are taken, anew in every sweep
    max_sweeps : int >= 1

    Returns
    -------
    Match; ``permute_units(model_b, model_b.theta, match.permutations)`` is the network found

    Notes
    -----
    One layer, the others held, is an assignment and is solved exactly; biases count as a column.
    All together it is NP-hard: this ends where no single layer can be improved, which need not be
    the best, and depends on ``rng`` from two hidden layers on. The product never falls.

    Examples
    --------
    >>> from dlcourse.scratch.models import MLP
    >>> a, b = (MLP([2, 3, 1], np.random.default_rng(0)) for _ in range(2))
    >>> b.theta[...] = permute_units(a, a.theta, [[2, 0, 1]])
    >>> match_units(a, b, np.random.default_rng(1)).permutations
    [array([1, 2, 0])]

    References
    ----------
    Ainsworth, Hayase and Srinivasa (2023), section 3.2, Algorithm 1. Lesson: surface.
    """
    hidden = geometry.hidden_layers(model_a, WEIGHTED, APART)
    geometry.same_row(model_a, model_b)
    checks.integer("max_sweeps", max_sweeps, 1)
    generators = run_generators(rng, model_a.runs)
    if model_a.runs is None:
        found = [_match(model_a, model_b, hidden, generators[0], max_sweeps)]
    else:
        pairs = [(model_a.rows(i), model_b.rows(i)) for i in range(model_a.runs)]
        each = zip(pairs, generators, strict=True)
        found = [_match(*pair, hidden, one, max_sweeps) for pair, one in each]
    return _gathered(found, model_a, model_b)


def _match(a: Any, b: Any, hidden: Any, rng: np.random.Generator, most: int) -> Any:
    """The permutations of one run, the sweeps, and whether they ended."""
    found, sweeps, changed = [np.arange(layer.units) for layer in hidden], 0, True
    while changed and sweeps < most:
        changed, sweeps = False, sweeps + 1
        for i in rng.permutation(len(hidden)):
            now = permute_units(b, b.theta, found)
            gain = similarity(a, now, hidden[i])
            best = linear_assignment(gain, maximize=True)
            if best.value - gain.trace() > 1e-12 * abs(gain).sum():  # not another of equal ones
                found[i], changed = found[i][best.columns], True
    return found, sweeps, not changed


def similarity(model: Any, theta: Array, layer: geometry.Hidden) -> Array:
    """Inner products (units, units) of all weights of a unit of the model with those in θ: the
    rows and biases that enter it, and the columns that leave it.
    """
    total = np.zeros((layer.units, layer.units))
    parts, others = model.params, model.unflatten(theta)
    for name in layer.incoming:
        one, other = (p[name].reshape(layer.units, -1) for p in (parts, others))
        total += one @ other.T
    one, other = (p[layer.outgoing] for p in (parts, others))
    one, other = (w.reshape(len(w), layer.units, -1) for w in (one, other))
    return total + np.einsum("kir,kjr->ij", one, other)


def match_activations(model_a: Any, model_b: Any, x: Array) -> Match:
    r"""Renumber the units of b so that they respond to ``x`` as those of a do.

    .. math:: P_l = \arg\max_P \bigl\langle P,\; Z_l^a (Z_l^b)^\top \bigr\rangle
              = \arg\min_P \lVert Z_l^a - P Z_l^b \rVert^2

    Parameters
    ----------
    model_a, model_b : as of ``match_units``
    x : inputs (n, ...), or (runs, n, ...) where the models have runs

    Returns
    -------
    Match, with 1 sweep: a layer's activations do not depend on the order of another's units

    Notes
    -----
    Z (units, n) is what the next weights take in; of a convolution, every place is a sample. The
    products are not centered, so that loud units are matched first.

    Examples
    --------
    >>> from dlcourse.scratch.models import MLP
    >>> a, b = (MLP([2, 3, 1], np.random.default_rng(0), "tanh") for _ in range(2))
    >>> b.theta[...] = permute_units(a, a.theta, [[2, 0, 1]])
    >>> match_activations(a, b, np.random.default_rng(1).normal(size=(9, 2))).permutations
    [array([1, 2, 0])]

    References
    ----------
    Ainsworth et al. (2023), section 3.1; Li, Yosinski et al. (2016). Lesson: surface.
    """
    hidden = geometry.hidden_layers(model_a, WEIGHTED, APART)
    geometry.same_row(model_a, model_b)
    inputs.values("x", x, np.ndarray)
    runs = model_a.runs
    outs = [_activations(model, x, hidden) for model in (model_a, model_b)]
    found = []
    for one, other in zip(*outs, strict=True):
        products = one @ np.swapaxes(other, -1, -2)
        found.append(linear_assignment(products, maximize=True).columns)
    each = [[p[i] for p in found] for i in range(runs)] if runs else [found]
    return _gathered([(one, 1, True) for one in each], model_a, model_b)


def _activations(model: Any, x: Array, hidden: Any) -> list[Array]:
    """What enters the weights after each hidden layer, (units, n), or (runs, units, n)."""
    part, found, lead = copy.copy(model), [], 0 if model.runs is None else 1
    after = {int(layer.outgoing.partition(".")[0]): layer.units for layer in hidden}
    for i, layer in enumerate(part.layers):
        if i in after:
            at = lead + 1 if isinstance(layer, Conv2d) else x.ndim - 1
            each = x.reshape(*x.shape[:at], after[i], -1, *x.shape[at + 1 :])
            z = np.moveaxis(each, at, lead)
            found.append(z.reshape(*z.shape[: lead + 1], -1))
        x = layer.forward(x, False)
    return found


def _gathered(found: Any, model_a: Any, model_b: Any) -> Match:
    """The runs' permutations on one axis, if there are runs."""
    perms, *reports = zip(*found, strict=True)
    whole = [np.stack(one) for one in zip(*perms, strict=True)]
    sweeps, converged = map(np.array, reports)
    if model_a.runs is None:
        whole, sweeps, converged = [one[0] for one in whole], sweeps[0], converged[0]
    permuted = permute_units(model_b, model_b.theta, whole)
    return Match(whole, np.vecdot(model_a.theta, permuted), sweeps, converged)
