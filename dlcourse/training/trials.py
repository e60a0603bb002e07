"""What a comparison has found: a value for every setting and seed, and an honest way to report."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.training import files
from dlcourse.training.choosing import Average, Best, edge_words, seed_mean, winners
from dlcourse.training.found import Found, set_of

FORMAT = "dlcourse-trials-1"


class Trials(Mapping[str, Array]):
    """Values by metric, each ``(…, seeds)``: an axis a swept setting, in the order of ``axes``.

    ``sweep`` and ``try_all`` make it. In a sweep a run that diverged is nan in every metric.

    Attributes
    ----------
    axes : {name: values}; first "method" if there are methods, last "seed". Where every method
        has values of its own, they are {method: values}

    Examples
    --------
    >>> loss = np.array([[0.3, 0.5], [0.2, 0.4], [0.6, 0.1]])
    >>> test = np.array([[0.4, 0.6], [0.3, 0.5], [0.7, 0.2]])
    >>> axes = {"lr": (0.1, 0.2, 0.4), "seed": (0, 1)}
    >>> trials = Trials(axes, {"val_loss": loss, "test_loss": test})
    >>> trials.best("val_loss")
    lr=0.2: val_loss ≈0.3 (best of 3, 2 seeds each)
    >>> trials.at_best("test_loss", chosen_by="val_loss")
    array([0.3, 0.5])
    """

    def __init__(
        self,
        axes: Mapping[str, Any],
        values: Mapping[str, Array],
        curves: Mapping[str, Array] | None = None,
    ) -> None:
        self.axes = dict(axes)
        self._values = {name: np.array(a) for name, a in values.items()}
        self._curves = {name: np.array(a) for name, a in (curves or {}).items()}
        lengths = (next(iter(v.values())) if isinstance(v, Mapping) else v for v in axes.values())
        shape = tuple(map(len, lengths))
        for name, a in self._values.items():
            checks.shaped(name, a, shape, f"The axes are {', '.join(axes)}.")

    def __getitem__(self, name: str) -> Found:
        return Found(self._measured(name), metric=name, seeds=self.axes.get("seed", ()))

    def _measured(self, name: str) -> Array:
        if name not in self._values:
            known = ", ".join(self._values)
            checks.fail("metric", f"one of: {known}", name, error=KeyError)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        shape = next(iter(self._values.values())).shape
        sizes = ", ".join(f"{name} {n}" for name, n in zip(self.axes, shape, strict=True))
        return f"Trials({sizes}; {', '.join(self)})"

    def curve(self, name: str) -> Array:
        """The metric over the epochs, ``(…, seeds, epochs)``; nan where it was not measured."""
        return self._curves[checks.choice("metric", name, list(self._curves))].copy()

    def after(self, epochs: int) -> Trials:
        """The trials as they stood after so many epochs: what was measured then, cut there."""
        checks.integer("epochs", epochs, 1)
        cut = {k: c[..., :epochs] for k, c in self._curves.items() if c.shape[-1] >= epochs}
        if not cut:
            checks.fail("epochs", "as many as have been recorded, or fewer", epochs)
        then = {k: c[..., -1] for k, c in cut.items()}
        ended = {k for k in cut if cut[k].shape == self._curves[k].shape}  # measured in any case
        measured = [k for k in then if k in ended or not np.isnan(then[k]).all()] or [*then]
        return Trials(self.axes, {k: then[k] for k in measured}, cut)

    def only(self, **setting: Any) -> Trials:
        """The trials with these values of these settings, without their axes."""
        axes, where = dict(self.axes), {}
        for name, value in sorted(setting.items(), key=lambda item: item[0] != "method"):
            checks.choice("setting", name, [axis for axis in axes if axis != "seed"])
            if isinstance(axes[name], Mapping):
                fix = "Every method has values of its own: say only(method=…) too."
                checks.fail(name, "picked together with a method", value, fix)
            where[name] = _place(name, axes[name], value)
            del axes[name]
            if name == "method":
                axes = {k: v[value] if isinstance(v, Mapping) else v for k, v in axes.items()}
        index = tuple(where.get(name, slice(None)) for name in self.axes)
        parts = [{k: a[index] for k, a in d.items()} for d in (self._values, self._curves)]
        return Trials(axes, *parts)

    def best(
        self,
        metric: str,
        *,
        per: str | Sequence[str] | None = None,
        better: str | None = None,
        average: Average = seed_mean,
    ) -> Any:
        """The setting with the best average over the seeds: one for all seeds, not one a seed.

        Parameters
        ----------
        metric : a name in the trials
        per : axes that are compared, not chosen from: each of their values gets its winner. None
            means "method" where there are methods: each is shown at its best
        better : "smaller" or "larger"; known for names that end in loss, error or accuracy
        average : what is compared, a function of an array (…, seeds)

        Returns
        -------
        Best; with ``per`` a dict {value: Best}, its keys tuples for several axes. Its repr says
        ties, a winner at the edge of the grid, and runs that are not finite: such a run makes its
        setting's average infinite, so that it wins only where every setting has one.
        """
        per = self._per(per)
        found = winners(self.axes, metric, self._measured(metric), per, better, average)
        return found if per else found[()]

    def at_best(
        self,
        metric: str,
        *,
        chosen_by: str,
        per: str | Sequence[str] | None = None,
        better: str | None = None,
        average: Average = seed_mean,
        edge_ok: str | Collection[str] = (),
    ) -> Found:
        """``metric`` at the setting that is best by the metric of *another* set.

        The best of many is better than what it will show again. So what was chosen by is not
        reported, nor anything measured on the same data, and test data choose nothing.

        Parameters
        ----------
        metric, chosen_by : names in the trials, measured on different sets
        per, better, average : as in ``best``
        edge_ok : settings in which a winner at the edge is meant, such as a momentum of 0; any
            other is said in the array's ``edge``, and a claim on it stays undecided

        Returns
        -------
        ``Found``, an array ``(seeds,)`` that remembers its ``edge``, its ``clusters`` and what it
        was chosen by: what a claim takes. It has an axis in front for each name in ``per``.
        """
        values, judge = self._measured(metric), self._measured(chosen_by)
        if set_of(chosen_by) == "test":
            fix = "Choose by validation data, chosen_by='val_loss'."
            checks.fail("chosen_by", "measured on data that may choose", chosen_by, fix)
        if set_of(metric) == set_of(chosen_by):
            fix = "The best of many flatters itself: choose by val_…, report test_…."
            checks.fail("metric", f"measured on another set than {chosen_by!r}", metric, fix)
        meant = (edge_ok,) if isinstance(edge_ok, str) else tuple(edge_ok)
        for name in meant:
            checks.choice("edge_ok", name, [axis for axis in self.axes if axis != "seed"])
        per = self._per(per)
        found: list[Best] = [*winners(self.axes, chosen_by, judge, per, better, average).values()]
        for best in found:
            if np.isnan(best.average):
                fix = "Where every setting has a run that is not finite, none is the best."
                checks.fail(chosen_by, "finite in all runs of some setting", best, fix)
        shape = [len(self.axes[name]) for name in per]
        picked = np.stack([values[best.index] for best in found]).reshape(*shape, -1)
        words = [edge_words(self.axes, best, per, meant) for best in found]
        return Found(
            picked,
            metric=metric,
            chosen_by=chosen_by,
            seeds=self.axes.get("seed", ()),
            edge=np.array(words, dtype=object).reshape(shape),
        )

    def _per(self, per: str | Sequence[str] | None) -> tuple[str, ...]:
        if per is None:
            return ("method",) if "method" in self.axes else ()
        given = (per,) if isinstance(per, str) else tuple(per)
        if len(set(given)) < len(given):
            checks.fail("per", "different axes", given)
        for name in given:
            checks.choice("per", name, [axis for axis in self.axes if axis != "seed"])
            if isinstance(self.axes[name], Mapping):
                checks.fail("per", "a setting with the same values for every method", name)
        return given

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one ``.npz`` file without pickles; it appears whole or not at all."""
        arrays = {f"value {k}": a for k, a in self._values.items()}
        arrays |= {f"curve {k}": a for k, a in self._curves.items()}
        files.write(path, {"format": FORMAT, "axes": list(self.axes.items())}, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Trials:
        """Read what ``save`` wrote; ValueError for any other file."""
        meta, arrays = files.read(path, FORMAT, "trials")
        parts: dict[str, dict[str, Array]] = {"value": {}, "curve": {}}
        for name, array in arrays.items():
            kind, metric = name.split(" ", 1)
            parts[kind][metric] = array
        return cls({k: _tuples(v) for k, v in meta["axes"]}, parts["value"], parts["curve"])


def _place(name: str, values: Sequence[Any], value: Any) -> int:
    """Where a value stands; a number that was computed may differ in its last digits."""
    value = value.item() if np.ndim(value) == 0 and isinstance(value, np.ndarray) else value
    for i, one in enumerate(() if isinstance(value, np.ndarray) else values):
        numbers = isinstance(one, int | float) and isinstance(value, int | float)
        if one == value or (numbers and np.isclose(one, value, rtol=1e-9, atol=0)):
            return i
    checks.fail(name, f"one of {', '.join(map(repr, values))}", value)


def _tuples(value: Any) -> Any:
    """What JSON has turned into lists, as tuples again."""
    if isinstance(value, dict):
        return {k: _tuples(v) for k, v in value.items()}
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value
