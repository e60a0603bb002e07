"""What augmentation takes in, refused at the door, for arrays of the one room and tensors of the
other; and the files that it reads.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import numpy as np

from dlcourse import checks, inputs

Policy = Sequence[Sequence[tuple[str, float, float]]]
"""Sub-policies, each a row of (operation, probability, magnitude)."""


def array(value: Any) -> Any:
    """Tensors as arrays, wherever they lie; anything else as it is."""
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value


def whole(name: str, value: Any, shape: Sequence[int], words: str = "one an image") -> Any:
    """Integers, of which there is one for all, or as many as ``shape`` says, runs before them."""
    array = inputs.integers(name, value)
    fits(name, array, shape, words)
    return array


def fits(name: str, value: Any, shape: Sequence[int], words: str) -> None:
    """Something that broadcasts with ``shape``, in its last axis without changing it."""
    try:
        wide = np.broadcast_shapes(value.shape, tuple(shape))
    except ValueError:
        wide = ()
    if wide[-1:] != tuple(shape)[-1:]:
        checks.fail(name, f"a number, or shaped {tuple(shape)}, {words}", value)


def box(given: Any, shape: Sequence[int]) -> list[Any]:
    """Four arrays of integers: top, left, height and width of a box for each image."""
    if not isinstance(given, tuple | list) or len(given) != 4:
        checks.fail("box", "(top, left, height, width), as of draw_box", given, error=TypeError)
    names = ("top", "left", "height", "width")
    sides = [whole(name, a, shape[:-3]) for name, a in zip(names, given, strict=True)]
    for name, side in zip(names[2:], sides[2:], strict=True):
        if side.size and side.min() < 0:
            checks.fail(name, ">= 0", side.min().item())
    return sides


def span(name: str, value: Any, low: float, high: float = math.inf) -> tuple[float, float]:
    """(least, most), both above ``low`` and not above ``high``."""
    least, most = checks.pair(name, value)
    least, most = (
        checks.number(f"{name}[{i}]", v, low, high, low_open=True)
        for i, v in enumerate((least, most))
    )
    if not (np.ndim(least) == np.ndim(most) == 0 and least <= most):
        checks.fail(name, "(least, most) with least <= most", value)
    return least, most


def labels(y: Any, kind: type) -> None:
    """One-hot or soft labels (…, n, k), each a distribution."""
    inputs.values("y", y, kind)
    if y.ndim < 2 or inputs.numbers_of(y) not in ("float", "int"):
        fix = "Write np.eye(k)[labels] for labels that are class numbers."
        checks.fail("y", "labels (..., n, k), each a distribution over k classes", y, fix)
    inputs.finite("y", y)
    total = y.sum(-1)
    if (y < 0).any() or (abs(total - 1) > 1e-5).any():
        worst = y.min() if (y < 0).any() else total.ravel()[abs(total - 1).argmax()]
        wanted = "distributions: shares >= 0 that add up to 1"
        checks.fail("y", wanted, float(worst))


def mixed(x: Any, y: Any, lam: Any, partner: Any, kind: type) -> tuple[Any, Any]:
    """Samples x and labels y alike in their first axes, who is mixed with whom, and how much."""
    labels(y, kind)
    inputs.values("x", x, kind, "float")
    lead = tuple(y.shape[:-1])
    if tuple(x.shape[: len(lead)]) != lead:
        checks.fail("x", f"shaped {lead} in its first axes, as y in all but its last", x)
    return shares(lam, lead), partners(partner, lead)


def shares(lam: Any, lead: Sequence[int]) -> Any:
    """λ in [0, 1]: for all, (n,) one a sample, (runs, 1) one a run, or (runs, n)."""
    lam = np.asarray(checks.number("lam", lam, 0, 1))
    fits("lam", lam, lead, "one a sample; write lam[:, None] for one a run")
    return lam


def partners(partner: Any, lead: Sequence[int]) -> Any:
    """Whole numbers (n,) or (runs, n): the place of each sample's partner in the batch."""
    partner, n = inputs.integers("partner", partner), lead[-1]
    if partner.shape[-1:] != (n,):
        checks.fail("partner", f"shaped (..., {n}), one a sample", partner)
    fits("partner", partner, lead, "one a sample")
    inputs.indices("partner", partner, n)
    return partner


def four_axes(x: Any, axis: int) -> None:
    """Images: a sample has channels, rows and columns."""
    if x.ndim != axis + 4:
        checks.fail("x", f"images {'(runs, n, c, h, w)' if axis else '(n, c, h, w)'}", x)


def picked(picks: Any, signs: Any, x: Any, count: int) -> tuple[tuple[int, ...], Any, Any]:
    """The leading axes of the outcome; places below ``count`` and signs, each (images, slots)."""
    picks, signs = inputs.integers("picks", picks), np.asarray(checks.number("signs", signs, -1, 1))
    if picks.ndim < 1 or signs.shape != picks.shape:
        checks.fail("signs", f"shaped as picks, {picks.shape}", signs)
    lead = over("picks", picks.shape[:-1], x)
    inputs.indices("picks", picks, count)
    flat = math.prod(lead), picks.shape[-1]
    return lead, picks.reshape(flat), signs.reshape(flat)


def chosen(which: Any, chances: Any, signs: Any, x: Any, steps: Any) -> tuple[Any, Any, Any, Any]:
    """The leading axes of the outcome; the sub-policies (images,), chances and signs of each."""
    which, chances = inputs.integers("which", which), np.asarray(checks.number("chances", chances))
    signs, most = np.asarray(checks.number("signs", signs, -1, 1)), max(map(len, steps))
    for name, one in (("chances", chances), ("signs", signs)):
        if one.shape != (*which.shape, most):
            checks.fail(name, f"shaped {(*which.shape, most)}, one a step of each image", one)
    lead = over("which", which.shape, x)
    inputs.indices("which", which, len(steps))
    flat = math.prod(lead), most
    return lead, which.ravel(), chances.reshape(flat), signs.reshape(flat)


def over(name: str, lead: tuple[int, ...], x: Any) -> tuple[int, ...]:
    """The axes of images x (…, c, h, w), which may have others in front: runs that share them."""
    own = tuple(x.shape[:-3])
    if lead[len(lead) - len(own) :] != own or len(lead) < len(own):
        checks.fail(name, f"of axes {own}, one entry an image, and maybe runs before them", lead)
    return lead


def policy(given: Any, operations: Mapping[str, Any]) -> list[list[tuple[str, float, float]]]:
    """A policy of these operations, with probabilities in [0, 1] and magnitudes in [0, 9]."""
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        checks.fail("policy", "a list of sub-policies, at least one", given)
    found = []
    for i, sub in enumerate(given):
        if not isinstance(sub, Sequence) or isinstance(sub, str):
            checks.fail(f"policy[{i}]", "a list of (name, probability, magnitude)", sub)
        steps = []
        for j, step in enumerate(sub):
            where = f"policy[{i}][{j}]"
            if not isinstance(step, tuple | list) or len(step) != 3:
                checks.fail(where, "(name, probability, magnitude)", step, error=TypeError)
            name = checks.choice(where, step[0], operations)
            chance = checks.number(f"the probability of {where}", step[1], 0, 1)
            steps.append((name, chance, checks.number(f"the magnitude of {where}", step[2], 0, 9)))
        found.append(steps)
    return found


def strength(magnitude: Any, lead: Sequence[int], most: float) -> Any:
    """Magnitudes in [0, most], one for all or one an image, as shares (n,) of the largest."""
    share = np.asarray(checks.number("magnitude", magnitude, 0, most)) / most
    if share.ndim and share.shape != tuple(lead):
        checks.fail("magnitude", f"a number, or shaped {tuple(lead)}, one an image", magnitude)
    return np.broadcast_to(share, tuple(lead)).ravel()


def operations(given: Any, kind: type) -> Mapping[str, Any]:
    """A mapping {name: Operation}, not empty."""
    if not isinstance(given, Mapping) or not given:
        checks.fail("operations", "a mapping {name: Operation}", given, error=TypeError)
    for name, one in given.items():
        if not isinstance(one, kind):
            checks.fail(f"operations[{name!r}]", "an Operation", one, error=TypeError)
    return given


def words(given: Any) -> list[str]:
    """A list of words."""
    if not isinstance(given, list | tuple) or not all(isinstance(word, str) for word in given):
        checks.fail("words", "a list of strings", given, "Write text.split().", TypeError)
    return list(given)


def synonyms(given: Any) -> Mapping[str, Sequence[str]]:
    """A mapping {word: other words}, none of them empty."""
    if not isinstance(given, Mapping):
        wanted = "a mapping {word: [synonym, ...]}"
        checks.fail("synonyms", wanted, given, "Pass load_synonyms().", TypeError)
    for word, others in given.items():
        listed = isinstance(others, list | tuple) and all(isinstance(o, str) for o in others)
        if not listed or not others:
            checks.fail(f"synonyms[{word!r}]", "a list of words, at least one", others)
    return given


def transform(given: Any) -> Any:
    """A function of images and a generator, or a pair (draw, apply)."""
    pair = isinstance(given, tuple) and len(given) == 2 and all(map(callable, given))
    if not callable(given) and not pair:
        wanted = "a function of (x, rng), or a pair (draw, apply)"
        checks.fail("transform", wanted, given, error=TypeError)
    return given


def transformed(y: Any, x: Any, lead: tuple[int, ...] = ()) -> Any:
    """What a transform gave: as its input was, or evaluation would see other images."""
    shape = (*lead, *x.shape)
    if type(y) is not type(x) or tuple(y.shape) != shape or y.dtype != x.dtype:
        wanted = f"a function that gives {x.dtype} shaped {shape}, as it was given"
        checks.fail("transform", wanted, y)
    return y


def stacked(draws: Sequence[Any], stack: Any) -> Any:
    """The draws of all runs, numbers or arrays or tuples of them, with a leading axis each."""
    if isinstance(draws[0], tuple):
        return tuple(stacked(one, stack) for one in zip(*draws, strict=True))
    return stack(draws)


def samples(x: Any, shape: Any, runs: int | None, kind: type) -> tuple[int, ...]:
    """The shape with an axis for each of c, h and w, if x (n, d) is of images of this ``shape``;
    else that of x, which has an axis for the runs if it has one more than (n, d) or (n, c, h, w).
    """
    lead = () if runs is None else (runs,)
    if shape is not None:
        inputs.batch(x, ("n", math.prod(shape)), lead, kind)
        return (*x.shape[:-1], *shape)
    flat = getattr(x, "ndim", 0) < 4
    inputs.batch(x, ("n", "d") if flat else ("n", "c", "h", "w"), lead, kind)
    return tuple(x.shape)


def one_a_run(name: str, value: Any, runs: int | None) -> Any:
    """A number >= 0, or (runs,), one a run, which may come as a column (runs, 1)."""
    value = checks.number(name, value, 0)
    if np.ndim(value) and (runs is None or value.shape not in ((runs,), (runs, 1))):
        kinds = "a number" if runs is None else f"a number or an array ({runs},), one entry a run"
        checks.fail(name, kinds, value)
    return value.reshape(runs) if np.ndim(value) else value


def same_batch(target: Any, first: Any) -> None:
    """The labels for which a mixture was drawn: those of another batch have none."""
    if target is first:
        return
    if target.shape != first.shape or not bool((target == first).all()):
        fix = "Let the model that has the layer make a pass first, or give each model its own loss."
        wanted = "the labels of the batch that the layer has mixed"
        checks.fail("target", wanted, target, fix, RuntimeError)


def read_json(name: str) -> Any:
    """A file of the package's data."""
    file = resources.files("dlcourse") / "data_files" / name
    return json.loads(file.read_text(encoding="utf-8"))
