"""The best of several settings, chosen by the average over the seeds, and what must be said."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array

Axes = Mapping[str, Any]  # {name: values}, or {name: {method: values}}; "seed" is the last
Average = Callable[[Array], Array]
_BETTER = {"loss": "smaller", "error": "smaller", "accuracy": "larger"}


def seed_mean(values: Array) -> Array:
    """The mean over the seeds, which lie on the last axis."""
    return values.mean(axis=-1)


@dataclass(frozen=True)
class Best:
    """The setting with the best average over the seeds, and what must be said about it.

    Attributes
    ----------
    metric, setting : what was compared, and the winner as {name: value}
    index : its place: ``trials[metric][best.index]`` is ``(seeds,)``
    average : of the winner; nan only if every setting has a run that is not finite
    ties : the other settings that are as good
    edge : names of the settings of which the winner, or one that is as good, has the smallest or
        largest value tried
    frozen : runs that are not finite, of ``runs`` in ``settings`` settings
    """

    metric: str
    setting: dict[str, Any]
    index: tuple[int, ...]
    average: float
    ties: tuple[dict[str, Any], ...]
    edge: tuple[str, ...]
    frozen: int
    runs: int
    settings: int

    def __repr__(self) -> str:
        text = f"{_said(self.setting)}: {self.metric} ≈{self.average:.4g}"
        text += f" (best of {self.settings}, {self.runs // self.settings} seeds each)"
        if self.edge:
            text += f"; at the edge of its grid: {', '.join(self.edge)}"
        if self.ties:
            text += f"; tied with {' and with '.join(map(_said, self.ties))}"
        if self.frozen:
            text += f"; {self.frozen} of {self.runs} runs are not finite"
        return text


def _said(setting: Mapping[str, Any]) -> str:
    parts = (f"{k}={f'{v:.4g}' if isinstance(v, float) else v}" for k, v in setting.items())
    return ", ".join(parts) or "the only setting"


def setting_at(axes: Axes, index: Sequence[int]) -> dict[str, Any]:
    """The setting at a place of the arrays, as {name: value}."""
    found: dict[str, Any] = {}
    for (name, values), i in zip(axes.items(), index, strict=False):
        found[name] = (values[found["method"]] if isinstance(values, Mapping) else values)[i]
    return found


def winners(
    axes: Axes,
    metric: str,
    values: Array,
    per: Sequence[str],
    better: str | None,
    average: Average,
) -> dict[Any, Best]:
    """The best setting for each value of the axes ``per``, by that value, or by () without any.

    A run that is not finite makes its setting's average infinite.
    """
    sign = -1.0 if _direction(metric, better) == "larger" else 1.0
    finite = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        score = np.asarray(average(values))
    if score.shape != values.shape[:-1]:
        checks.fail("average", "a function that reduces the last axis only", average)
    score = np.where(finite.all(axis=-1) & ~np.isnan(score), sign * score, np.inf)
    names, found = list(axes)[:-1], {}
    for at in np.ndindex(*(len(axes[name]) for name in per)):
        here = dict(zip(per, at, strict=True))
        mask = np.ones(score.shape, dtype=bool)
        for name, i in here.items():
            mask &= (np.arange(len(axes[name])) == i).reshape(
                [-1 if n == name else 1 for n in names]
            )
        key = tuple(axes[name][i] for name, i in here.items())
        best = _best(axes, metric, np.where(mask, score, np.nan), finite[mask], sign, per)
        found[key[0] if len(key) == 1 else key] = best
    return found


def _best(
    axes: Axes, metric: str, score: Array, finite: Array, sign: float, per: Sequence[str]
) -> Best:
    """The lowest score; nan marks what does not take part."""
    lowest = float(np.nanmin(score))
    near = (score == lowest) | np.isclose(score, lowest, rtol=1e-12, atol=0)
    first, *others = [tuple(place) for place in np.argwhere(near).tolist()]
    winner, *ties = good = [setting_at(axes, place) for place in (first, *others)]
    return Best(
        metric,
        winner,
        first,
        sign * lowest if lowest < np.inf else np.nan,
        tuple(ties),
        tuple(n for n in winner if n not in per and any(_at_edge(axes, n, one) for one in good)),
        int((~finite).sum()),
        finite.size,
        len(finite),
    )


def edge_words(
    axes: Axes, best: Best, per: Collection[str] = (), meant: Collection[str] = ()
) -> str:
    """Where the winner, or one as good, lies at the edge of its grid and this is not meant.

    >>> axes = {"method": ("sgd", "adam"), "lr": (0.1, 0.3), "seed": (0,)}
    >>> loss = np.array([[[2.0], [1.0]], [[4.0], [5.0]]])
    >>> edge_words(axes, winners(axes, "loss", loss, ("method",), None, seed_mean)["sgd"])
    'sgd: lr = 0.3 is the largest tried'
    """
    said = []
    for name in best.edge:
        one = next(s for s in (best.setting, *best.ties) if _at_edge(axes, name, s))
        end = "largest" if one[name] == max(_tried(axes, name, one)) else "smallest"
        said += [f"{name} = {one[name]:.4g} is the {end} tried"] if name not in meant else []
    of = {name: v for name, v in best.setting.items() if name == "method" or name in per}
    who = ", ".join(str(v) if name == "method" else f"{name} = {v}" for name, v in of.items())
    return f"{who}: {', '.join(said)}" if said and who else ", ".join(said)


def _at_edge(axes: Axes, name: str, winner: Mapping[str, Any]) -> bool:
    """Whether the value is the smallest or largest tried; names and single values have no edge."""
    values = _tried(axes, name, winner)
    if len(values) < 2 or any(isinstance(v, str | bool | tuple | None) for v in values):
        return False
    return winner[name] in (min(values), max(values))


def _tried(axes: Axes, name: str, winner: Mapping[str, Any]) -> Sequence[Any]:
    """The values of a setting, those of the winner's method where each has its own."""
    values = axes[name]
    return values[winner["method"]] if isinstance(values, Mapping) else values


def _direction(metric: str, better: str | None) -> str:
    if better is not None:
        return checks.choice("better", better, ("smaller", "larger"))
    end = metric.rsplit("_", 1)[-1]
    if end not in _BETTER:
        fix = "Names that end in loss, error or accuracy need not."
        checks.fail("better", f"given for {metric!r}: 'smaller' or 'larger'", better, fix)
    return _BETTER[end]
