"""Numbers that remember how they were found, so that a claim can ask whether they may decide it."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array

_SETS = {"grad": "train", "training": "train", "valid": "val", "validation": "val"}
"""Other names of a set; the gradient's norm is measured on the training data."""


class Found(np.ndarray[Any, Any]):
    """Values ``(…, seeds)`` of a comparison, and what must be known before they are compared.

    An array like any other, printed and pickled as one. What it knows goes with its parts, and
    through arithmetic and NumPy's functions: what is made of several knows all that they knew.
    ``np.asarray``, ``np.array`` and lists forget it.

    Parameters
    ----------
    values : array (…, seeds)
    metric : the name of what was measured
    chosen_by : the metric that chose the setting, None where nothing was chosen
    seeds : where they are tuples ``(cluster, …)``, runs whose first entries agree share a data set
        or a start; a seed that is a number stands for itself
    edge : words on a winner at the edge of its grid, "" for none; or an array (…) of such

    Attributes
    ----------
    metric, chosen_by : as given; several names with ", " between them; or None
    clusters : a label a seed; None where no seed is a tuple, and where the last axis is another
    edge : a string for one row (seeds,); for several a tuple of strings, in tuples of them

    Examples
    --------
    >>> words = ["", "adam: lr = 0.3 is the largest tried"]
    >>> accuracy = Found([[0.9, 0.8], [0.5, 0.25]], metric="test_accuracy",
    ...                  seeds=[("a", 0), ("b", 0)], edge=words)
    >>> sgd, adam = 1 - accuracy
    >>> adam, adam.edge, adam.clusters
    (array([0.5 , 0.75]), 'adam: lr = 0.3 is the largest tried', ('a', 'b'))
    """

    _metrics: tuple[str, ...] = ()
    _choosers: tuple[str, ...] = ()
    _clusters: tuple[Any, ...] | None = None
    _edges: Array = np.array("", dtype=object)

    def __new__(
        cls,
        values: Any,
        *,
        metric: str,
        chosen_by: str | None = None,
        seeds: Sequence[Any] = (),
        edge: Any = "",
    ) -> Found:
        found = np.array(values).view(cls)
        found._metrics, found._choosers = (metric,), (chosen_by,) if chosen_by else ()
        if any(isinstance(seed, tuple) for seed in seeds):
            found._clusters = tuple(s[0] if isinstance(s, tuple) else s for s in seeds)
        found._edges = np.broadcast_to(np.array(edge, dtype=object), found.shape[:-1])
        return found

    def __array_finalize__(self, obj: Any) -> None:
        if isinstance(obj, Found):
            self._learn([obj])

    @property
    def metric(self) -> str | None:
        return ", ".join(self._metrics) or None

    @property
    def chosen_by(self) -> str | None:
        return ", ".join(self._choosers) or None

    @property
    def in_sample(self) -> bool:
        """Whether anything here was measured on the data that chose the setting."""
        return bool({*map(set_of, self._metrics)} & {*map(set_of, self._choosers)})

    @property
    def clusters(self) -> tuple[Any, ...] | None:
        known = self._clusters
        return known if known and self.ndim and len(known) == self.shape[-1] else None

    @property
    def edge(self) -> Any:
        return _tuples(self._rows(self.shape[:-1]).tolist())

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        if not isinstance(part, Found) or not part.ndim or not part.size:
            return part
        lead, labels = self.shape[:-1], self.clusters
        seed = np.broadcast_to(np.arange(self.shape[-1]), self.shape)[key]
        seed = seed.reshape(-1, part.shape[-1])
        aligned = labels is not None and (seed == seed[0]).all()
        part._clusters = tuple(labels[i] for i in seed[0]) if labels and aligned else None
        row = np.broadcast_to(np.arange(math.prod(lead)).reshape(*lead, 1), self.shape)[key]
        words = self._rows(lead).ravel()
        apart = (row == row[..., :1]).all()  # no row of the part is made of several rows
        part._edges = _objects(words[row[..., 0]] if apart else _joined(*words))
        return part

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        sources = [*_among(inputs)]
        if out := options.get("out"):
            options["out"] = tuple(map(_plain, out))
        made = getattr(ufunc, method)(*map(_plain, inputs), **options)
        if out:
            for one in _among(out):
                one._learn([*sources, one])
            return out[0] if len(out) == 1 else out
        seeds = method != "reduce" or not _last_goes(inputs[0], options.get("axis", 0))
        return _known(made, sources, seeds)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        made = super().__array_function__(func, types, args, kwargs)
        return _known(made, [*_among(args), *_among(kwargs.values())])

    def __repr__(self) -> str:
        return repr(np.asarray(self))

    def __reduce_ex__(self, protocol: Any) -> Any:
        return np.asarray(self).__reduce_ex__(protocol)

    def _rows(self, lead: tuple[int, ...]) -> Array:
        """The words on edges, by leading index; on all of them where the axes are others now."""
        if self._edges.shape == lead[len(lead) - self._edges.ndim :]:
            return np.broadcast_to(self._edges, lead)
        return np.broadcast_to(_objects(_joined(*self._edges.flat)), lead)

    def _learn(self, sources: Sequence[Found]) -> None:
        """What the sources know; whether it fits the axes is asked when it is read."""
        self._metrics = tuple(dict.fromkeys(m for one in sources for m in one._metrics))
        self._choosers = tuple(dict.fromkeys(m for one in sources for m in one._choosers))
        labels = {one._clusters for one in sources} - {None}
        if len({one.clusters for one in sources} - {None}) > 1:
            fix = "Runs are paired by their seeds."
            checks.fail("clusters", "the same in all that is put together", labels, fix)
        self._clusters = next(iter(labels), None)
        edges = sources[0]._edges
        if len(sources) > 1:
            rows = [one._rows(self.shape[:-1]) for one in sources]
            edges = _objects(functools.reduce(np.frompyfunc(_joined, 2, 1), rows))
        self._edges = edges


def _known(made: Any, sources: Sequence[Found], seeds: bool = True) -> Any:
    """The arrays of ``made`` as ``Found``; without ``seeds`` the last axis is no longer theirs."""
    if type(made) in (tuple, list):
        return type(made)(_known(one, sources, seeds) for one in made)
    if not isinstance(made, np.ndarray) or not made.ndim:
        return made
    if isinstance(made, Found) and made._metrics:
        return made  # a part of a source, or made of one on the way
    found = made.view(Found)
    found._learn(sources)
    found._clusters = found.clusters if seeds else None
    return found


def _among(values: Iterable[Any]) -> Iterator[Found]:
    """Those of the arguments that know something, in lists too."""
    for value in values:
        if isinstance(value, Found):
            yield value
        elif isinstance(value, tuple | list):
            yield from _among(value)


def _plain(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, Found) else value


def _last_goes(values: Any, axis: Any) -> bool:
    """Whether a reduction is over the last axis, the seeds."""
    ndim = np.ndim(values)
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return ndim - 1 in {a % ndim for a in axes}


def _objects(words: Any) -> Array:
    return np.asarray(words, dtype=object)


def _joined(*words: str) -> str:
    """Every word once.

    >>> _joined("a", "", "a; b")
    'a; b'
    """
    return "; ".join(dict.fromkeys(w for some in words for w in some.split("; ") if w))


def _tuples(words: Any) -> Any:
    return tuple(map(_tuples, words)) if isinstance(words, list) else words


def set_of(metric: str) -> str:
    """The data a metric was measured on, which its name begins with.

    >>> set_of("grad_norm"), set_of("validation_loss")
    ('train', 'val')
    """
    first = metric.split("_", 1)[0].lower()
    return _SETS.get(first, first)
