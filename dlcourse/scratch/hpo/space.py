"""What is searched: parameters by name, choices that open a space, and the unit cube behind."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.scratch.hpo.domains import Float, Int

Space = Mapping[str, "Float | Int | Categorical"]


@dataclass(frozen=True)
class Categorical:
    """One of several choices, each as likely; a choice may open a space of its own.

    Parameters
    ----------
    choices : a sequence of text, numbers, bools or None; or a mapping from them to spaces, which
        are searched only where that choice is made

    Examples
    --------
    >>> opt = Categorical({"sgd": {"momentum": Float(0, 1)}, "adam": {}})
    >>> opt.choices, opt.quantile(0.6), opt.rank("sgd")
    (('sgd', 'adam'), 'adam', 0.25)
    """

    choices: Any
    spaces: tuple[Space, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        given = self.choices
        if isinstance(given, str) or not isinstance(given, Sequence | Mapping | np.ndarray):
            checks.fail(
                "choices", "a list, or a mapping from choices to spaces", given, error=TypeError
            )
        plain = tuple(c.item() if isinstance(c, np.generic) else c for c in given)
        if not plain:
            checks.fail("choices", "not empty", given)
        for i, choice in enumerate(plain):
            if not isinstance(choice, str | int | float | bool | None) or choice != choice:
                fix = "Name it, and look the object up in the objective."
                checks.fail(
                    f"choices[{i}]", "text, a number, a bool or None", choice, fix, TypeError
                )
        if len(set(plain)) < len(plain):
            checks.fail("choices", "different from each other", list(plain))
        spaces = tuple(given.values()) if isinstance(given, Mapping) else ({},) * len(plain)
        for choice, space in zip(plain, spaces, strict=True):
            if space is not None and not (isinstance(space, Mapping) and not space):
                validate(space, f"the space of {choice!r}")
        self.__dict__.update(choices=plain, spaces=tuple(s or {} for s in spaces))

    @property
    def size(self) -> int:
        """How many choices there are."""
        return len(self.choices)

    def quantile(self, u: float) -> Any:
        """The choice at a share u of the chance."""
        return self.choices[min(int(u * len(self.choices)), len(self.choices) - 1)]

    def rank(self, value: Any) -> float:
        """The middle of the share of a choice."""
        return (self.choices.index(value) + 0.5) / len(self.choices)

    def contains(self, value: Any) -> bool:
        """Whether it is one of the choices."""
        return isinstance(value, str | int | float | bool | None) and value in self.choices


class Parameter(NamedTuple):
    """One of a space's tree: its name, and under which choice of which parameter it stands."""

    name: str
    domain: Float | Int | Categorical
    parent: str | None = None
    choice: Any = None

    def active(self, params: Mapping[str, Any]) -> bool:
        """Whether it counts, given the parameters before it."""
        return self.parent is None or (self.parent in params and params[self.parent] == self.choice)


def parameters(space: Space | tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    """All parameters of the tree, depth-first: the order of the columns everywhere.

    What has been flattened already comes back as it is, so that a search does it once.

    Examples
    --------
    >>> opt = Categorical({"sgd": {"momentum": Float(0, 1)}, "adam": None})
    >>> space = {"opt": opt, "n": Int(1, 9)}
    >>> [p.name for p in parameters(space)], parameters(space)[1].choice
    (['opt', 'momentum', 'n'], 'sgd')
    """
    return space if isinstance(space, tuple) else tuple(_walk(space, None, None))


def _walk(space: Space, parent: str | None, choice: Any) -> Iterator[Parameter]:
    for name, domain in space.items():
        yield Parameter(name, domain, parent, choice)
        if isinstance(domain, Categorical):
            for inner, below in zip(domain.choices, domain.spaces, strict=True):
                yield from _walk(below, name, inner)


def columns(space: Space) -> int:
    """The number of unit columns: one a parameter, those under choices included."""
    return len(parameters(space))


def from_unit(space: Space | tuple[Parameter, ...], u: Any) -> dict[str, Any]:
    """The parameters at a point of the unit cube; columns of inactive ones are not looked at.

    Examples
    --------
    >>> opt = Categorical({"sgd": {"momentum": Float(0, 1)}, "adam": None})
    >>> space = {"opt": opt, "n": Int(1, 9)}
    >>> from_unit(space, [0.2, 0.75, 0.5]), from_unit(space, [0.7, 0.75, 0.0])
    ({'opt': 'sgd', 'momentum': 0.75, 'n': 5}, {'opt': 'adam', 'n': 1})
    """
    params: dict[str, Any] = {}
    for one, share in zip(parameters(space), np.asarray(u, float).tolist(), strict=True):
        if one.active(params):
            params[one.name] = one.domain.quantile(share)
    return params


def to_unit(
    space: Space | tuple[Parameter, ...], params: Mapping[str, Any]
) -> np.ndarray[Any, Any]:
    """Where in the unit cube parameters lie; NaN in the columns of inactive ones.

    Examples
    --------
    >>> opt = Categorical({"sgd": {"momentum": Float(0, 1)}, "adam": None})
    >>> space = {"opt": opt, "n": Int(1, 9)}
    >>> to_unit(space, {"opt": "adam", "n": 5})
    array([0.75, nan, 0.5 ])
    """
    active = ((p, p.active(params)) for p in parameters(space))
    return np.array([p.domain.rank(params[p.name]) if on else math.nan for p, on in active])


def validate(space: Any, name: str = "space") -> Space:
    """A mapping from names to parameters, no name twice in the whole tree."""
    if not isinstance(space, Mapping):
        fix = 'Write {"lr": Float(1e-4, 1e-1, log=True)}.'
        checks.fail(name, "a mapping from names to parameters", space, fix, TypeError)
    if not space:
        checks.fail(name, "not empty", space)
    for key, domain in space.items():
        if not isinstance(key, str) or not key:
            checks.fail(f"{name}'s names", "text", key, error=TypeError)
        if not isinstance(domain, Float | Int | Categorical):
            checks.fail(f"{name}[{key!r}]", "a Float, Int or Categorical", domain, error=TypeError)
    names = [one.name for one in parameters(space)]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        fix = "Parameters under different choices need different names, as sgd_lr and adam_lr."
        checks.fail(f"{name}'s names", "used once in the whole tree", twice, fix)
    return space


def check_params(space: Space, params: Any, name: str = "params") -> None:
    """Exactly the active parameters of the space, each with one of its values."""
    if not isinstance(params, Mapping):
        checks.fail(name, "a mapping from names to values", params, error=TypeError)
    wanted = [one for one in parameters(space) if one.active(params)]
    if set(params) != {one.name for one in wanted}:
        checks.fail(name, "of " + ", ".join(one.name for one in wanted), ", ".join(params))
    for one in wanted:
        if not one.domain.contains(params[one.name]):
            checks.fail(f"{name}[{one.name!r}]", f"in {one.domain}", params[one.name])
