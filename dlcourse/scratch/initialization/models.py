"""Whole models: redrawn in place, or started from another one's weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlcourse import checks
from dlcourse.arrays import Array, Generators, draw_runs, run_generators
from dlcourse.scratch.layers.base import Init, Layer, initial, zeros


def initialize(model: Layer, init: Init, rng: Generators) -> None:
    """Redraw a model in place: weights by ``init(shape, rng=rng)``, biases 0.

    Parameters
    ----------
    model : Layer or Sequential; a parameter with one axis is a bias, with more a weight
    init : function of shape and rng, as ``kaiming_normal`` or ``partial(normal, std=0.01)``
    rng : Generator, or a sequence of them, one a run

    Notes
    -----
    Each run is drawn by its own generator, layer after layer. Where ``init`` fails nothing was
    changed.

    Examples
    --------
    >>> import numpy as np
    >>> from dlcourse.scratch.initialization import orthogonal
    >>> from dlcourse.scratch.layers import Linear
    >>> layer = Linear(2, 2, rng=np.random.default_rng(0), runs=3)
    >>> initialize(layer, orthogonal, np.random.default_rng(1))
    >>> w = layer.params["weight"]
    >>> bool(np.allclose(w @ w.mT, np.eye(2))), bool((layer.params["bias"] == 0).all())
    (True, True)
    """
    given("model", model)
    generators = run_generators(rng, model.runs)
    new: dict[str, Array] = {}
    for name, shape in model.shapes.items():
        draw = initial(init, shape) if len(shape) > 1 else zeros(*shape)
        new[name] = draw_runs(draw, generators, model.runs)
    for name, w in new.items():
        model.params[name][...] = w


def transfer(
    model: Layer,
    donor: Layer,
    names: Sequence[str] | None = None,
) -> tuple[str, ...]:
    """Start from trained weights: copy parameters of the same name, and say which.

    Parameters
    ----------
    model : Layer or Sequential, changed in place
    donor : another, in the same precision or not; with as many runs, or a single one for all
    names : of the parameters to copy; None: all that ``model`` has

    Raises
    ------
    ValueError for a name that one of the two has not, for unlike shapes or runs. Nothing was
    changed then.

    Examples
    --------
    >>> import numpy as np
    >>> from dlcourse.scratch.models import MLP
    >>> old, new = (MLP([2, 3, k], np.random.default_rng(k)) for k in (4, 5))
    >>> transfer(new, old, names=["0.weight", "0.bias"])
    ('0.weight', '0.bias')
    >>> bool((new.params["0.weight"] == old.params["0.weight"]).all())
    True

    References
    ----------
    Erhan et al. (2010).
    """
    given("model", model)
    given("donor", donor)
    if donor.runs not in (None, 1, model.runs):
        constraint = f"of {model.runs or 1} runs as model, or of one"
        fix = "donor.rows(slice(0, 1)) is one."
        checks.fail("donor", constraint, donor.runs, fix)
    taken = tuple(model.shapes) if names is None else named(names, model)
    mine, theirs = model.shapes, donor.shapes
    fits = [n for n, shape in mine.items() if theirs.get(n) == shape]
    for name in taken:
        if name not in fits:
            constraint = f"a model whose {name} is shaped {mine[name]}"
            fix = f"Say what to copy: names={fits}." if fits else ""
            checks.fail("donor", constraint, theirs.get(name, "none"), fix)
    for name in taken:
        w = donor.params[name]
        model.params[name][...] = w[0] if donor.runs == 1 else w
    return taken


def named(names: Sequence[str], model: Layer) -> tuple[str, ...]:
    """Names of parameters that the model has."""
    if isinstance(names, str) or not isinstance(names, Sequence):
        checks.fail("names", "a sequence of names", names, error=TypeError)
    return tuple(checks.choice("names", name, model.shapes) for name in names)


def given(name: str, value: Any) -> None:
    """Something with named parameters."""
    if not isinstance(value, Layer):
        kinds = "a model or a layer, as MLP([2, 3], rng)"
        checks.fail(name, kinds, value, error=TypeError)
