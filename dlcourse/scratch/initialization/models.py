"""Whole models: redrawn in place, or started from another one's weights."""

from __future__ import annotations

from collections.abc import Sequence

from dlcourse import inputs
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
    inputs.model("model", model, Layer)
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
    inputs.model("model", model, Layer)
    inputs.model("donor", donor, Layer)
    taken = inputs.transferred(model, donor, names)
    for name in taken:
        w = donor.params[name]
        model.params[name][...] = w[0] if donor.runs == 1 else w
    return taken
