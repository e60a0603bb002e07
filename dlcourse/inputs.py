"""What layers, losses and initializers take in, refused at the door where it would only break
further inside.

Arrays of the one room and tensors of the other are asked the same questions, in the same words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import numpy as np

from dlcourse import checks

_KINDS = {"f": "float", "i": "int", "u": "int", "b": "bool"}


def values(name: str, value: Any, kind: type, dtype: Any = None) -> None:
    """An array, or a tensor: of "float" or "int" numbers, of exactly this ``dtype``, or of any."""
    if isinstance(value, kind):
        given: Any = value
        found = numbers_of(given) if isinstance(dtype, str) else given.dtype
        if dtype is None or found == dtype:
            return
    noun = "an array" if kind is np.ndarray else "a tensor"
    words = {None: noun, "float": f"{noun} of floats", "int": f"{noun} of integers"}
    checks.fail(name, words.get(dtype, f"{noun} of {dtype}"), value, error=TypeError)


def numbers_of(value: Any) -> str:
    """What an array or a tensor is of: "float", "int", "bool" or something else."""
    if isinstance(value, np.ndarray):
        return _KINDS.get(value.dtype.kind, "")
    return str(value.dtype).removeprefix("torch.").removeprefix("u").strip("0123456789")


def batch(
    x: Any,
    shape: tuple[int | str, ...],
    lead: tuple[int, ...] | None,
    kind: type,
    dtype: Any = "float",
    name: str = "x",
) -> None:
    """What enters a layer: ``values`` whose last axes fit ``shape``.

    ``shape`` has numbers, and letters where any size will do. Axes before it are those of the runs:
    any if ``lead`` is None, otherwise none, or ``lead``, or a single run for all.

    Examples
    --------
    >>> batch(np.ones((5, 2, 8, 8)), ("n", 3, "h", "w"), (), np.ndarray)
    Traceback (most recent call last):
        ...
    ValueError: x must be shaped (n, 3, h, w); got ndarray of float64 with shape (5, 2, 8, 8).
    """
    values(name, x, kind, dtype)
    own, over = tuple(x.shape[-len(shape) :]), tuple(x.shape[: -len(shape)])
    fits = len(own) == len(shape) and all(
        isinstance(want, str) or want == got for want, got in zip(shape, own, strict=True)
    )
    if not fits or (over and lead is not None and over not in (lead, (1,) * len(lead))):
        axes = ", ".join(map(str, shape))
        wanted = f"shaped (..., {axes})" if lead is None else f"shaped ({axes})"
        if lead:
            wanted += f" or ({', '.join(map(str, lead))}, {axes}), one entry a run"
        checks.fail(name, wanted, x)
    if 0 in x.shape:
        checks.fail(name, "without an axis of length 0", x)


def target(make: Callable[[Any], Any], value: Any) -> Any:
    """``make(value)``, an array or a tensor, of whatever they can be made of."""
    try:
        made = make(value)
    except (TypeError, ValueError, RuntimeError):  # torch raises now this, now that
        made = None
    if made is None or (isinstance(made, np.ndarray) and made.dtype.kind not in "biufc"):
        checks.fail("target", "an array of numbers", value)
    return made


def outputs(y: Any, target: Any) -> None:
    """What predictions y (..., n, k) are compared with: as many real numbers."""
    axes, runs = y.shape[-2:], y.shape[:-2]
    if numbers_of(target) not in ("float", "int", "bool") or not _fits(target, axes, runs):
        checks.fail("target", f"numbers shaped {_last(axes)} as y", target, _runs(runs))


def classes(y: Any, target: Any, sequences: bool = False) -> None:
    """What logits y (..., n, k) or, of ``sequences``, (..., n, t, k) are compared with."""
    first, kind = (-3 if sequences else -2), numbers_of(target)
    runs, places = y.shape[:first], y.shape[first:-1]
    soft = kind == "float" and not sequences
    if (soft or kind == "int") and _fits(target, y.shape[first:] if soft else places, runs):
        return
    kinds = f"integer labels {_last(places)}"
    kinds += ", one a place" if sequences else f" or soft targets {_last(y.shape[first:])}"
    checks.fail("target", kinds, target, _runs(runs))


def _fits(target: Any, axes: Sequence[int], runs: Sequence[int]) -> bool:
    """Whether the last axes are these and those before are runs, of y or of the target alone."""
    over = target.shape[: -len(axes)]
    try:
        np.broadcast_shapes(over, tuple(runs))
    except ValueError:
        return False
    return bool(target.shape[-len(axes) :] == axes)


def _last(axes: Sequence[int]) -> str:
    return f"(..., {', '.join(map(str, axes))})"


def _runs(runs: Sequence[int]) -> str:
    return f"Axes before these are runs; y has {tuple(runs)}." if runs else ""


def integers(name: str, value: Any) -> np.ndarray[Any, Any]:
    """An array of integers of any width, made of whatever NumPy makes one of."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of unlike length
        array = np.array(None)
    if array.dtype.kind not in "iu" and (array.size or array.dtype.kind != "f"):  # [] is of floats
        checks.fail(name, "integers", value, error=TypeError)
    return array


def indices(name: str, value: Any, size: int) -> None:
    """Whole numbers from 0 on, each the place of one of ``size`` things."""
    if value.size if isinstance(value, np.ndarray) else value.numel():
        low, high = int(value.min()), int(value.max())
        if low < 0 or high >= size:
            checks.fail(name, f"in 0 .. {size - 1}", low if low < 0 else high)


def axis(name: str, value: int, x: Any) -> None:
    """One of the axes of x, counted from its first or, below 0, from its last."""
    if not -x.ndim <= value < x.ndim:
        checks.fail(name, f"in {-x.ndim} .. {x.ndim - 1}, an axis of x", value)


def window(size: Any, stride: Any, padding: Any, pool: bool = False) -> tuple[int, int, int]:
    """A square window, how far it moves, and how far it may begin outside of the image."""
    size, stride = checks.integer("kernel_size", size, 1), checks.integer("stride", stride, 1)
    padding, most = checks.integer("padding", padding, 0), size // 2 if pool else size - 1
    if padding > most:
        share = "half" if pool else "one less than"
        checks.fail("padding", f"at most {most}, {share} the window", padding)
    return size, stride, padding


def room_for(size: int, padding: int, x: Any) -> None:
    """Images (..., h, w) into which the window fits."""
    h, w = x.shape[-2:]
    if min(h, w) + 2 * padding < size:
        wanted = f"at least as large as the window of {size}, padding included"
        checks.fail("x", wanted, f"{h} x {w}")


def precision(name: str, value: Any) -> None:
    """An array or a tensor of one of the two precisions that everything here is computed in."""
    kind = str(value.dtype).removeprefix("torch.")
    if kind not in ("float64", "float32"):
        checks.fail(name, "of float64 or float32", kind, error=TypeError)


def finite(name: str, value: Any, fix: str = "") -> None:
    """An array or a tensor without NaN and infinities."""
    bad = ~(abs(value) < math.inf)
    if bad.any():
        checks.fail(name, "finite", value[bad][0].item(), fix)


def ends(name: str, value: Any) -> tuple[float, float]:
    """The low and the high end of a range, (0, 1) say."""
    low, high = (
        checks.scalar(f"{name}[{i}]", end, -math.inf)
        for i, end in enumerate(checks.pair(name, value))
    )
    if not 0 < high - low < math.inf:
        checks.fail(name, "(low, high) with low < high", value)
    return low, high


def one_a_run(name: str, value: Any, x: Any) -> None:
    """A hyper-parameter (runs, 1), if it is an array at all, for x (n, d) or (runs, n, d)."""
    lead, runs = tuple(x.shape[:-2]), np.shape(value)[:1]
    if np.ndim(value) and lead not in ((), runs):
        checks.fail(name, f"a number or an array {(*lead, 1)}, one entry a run", value)


def full_rank(eigenvalues: Any, n: int, eps: float) -> None:
    """Variances (..., d) of n samples, the largest first, that stand out of rounding errors.

    Those are of the size of the largest times ``eps``² in data of that precision, and times that of
    float64 in their covariance.
    """
    d = eigenvalues.shape[-1]
    noise = max(eps**2, 2.0**-52) * max(n, d)
    rank = int((eigenvalues > noise * eigenvalues[..., :1]).sum(-1).min())
    if rank < d:
        fix = "Pass eps > 0, or drop constant and repeated columns."
        checks.fail("x", f"of rank {d}, as many as columns, if eps is 0", rank, fix)


def bounds(a: Any, b: Any) -> tuple[float, float]:
    """Two finite numbers, the smaller one first."""
    a, b = checks.scalar("a", a, -math.inf), checks.scalar("b", b, -math.inf)
    if a >= b:
        checks.fail("a", f"< b, {b:g}", a)
    if math.isinf(b - a):
        checks.fail("b", "less than 1.8e308 above a", b)
    return a, b


def near(mean: float, std: float, a: float, b: float) -> None:
    """A mean from which [a, b] can be seen: beyond, numbers are too coarse to draw any."""
    if not a - 1e6 * std <= mean <= b + 1e6 * std:
        checks.fail("mean", "less than a million std from [a, b]", mean)


def slope(name: str, value: Any, nonlinearity: str, absent: Any) -> Any:
    """The slope of a leaky ReLU; with another nonlinearity it must be ``absent``."""
    if value is None and absent is None:
        return value
    value = checks.scalar(name, value, -math.inf)
    if nonlinearity != "leaky_relu" and value != absent:
        constraint = f"{absent} where the nonlinearity is {nonlinearity!r}"
        checks.fail(name, constraint, value, "Only a leaky ReLU has a slope.")
    return value


def initializer(init: Any, shape: tuple[int, ...]) -> None:
    """A function that can be called as ``init(shape, rng=rng)``."""
    try:
        signature(init).bind(shape, rng=None)
    except (TypeError, ValueError):
        kinds = "a function of shape and rng, as kaiming_normal"
        checks.fail("init", kinds, init, error=TypeError)


def initialized(w: Any, shape: tuple[int, ...]) -> None:
    """What an initializer gave: finite numbers of this shape."""
    if not isinstance(w, np.ndarray) or w.dtype.kind not in "iuf":
        checks.fail("init", "a function that gives an array of numbers", w, error=TypeError)
    if w.shape != shape:
        checks.fail("init", f"a function that gives an array shaped {shape}", w)
    if not np.isfinite(w).all():
        found = w[~np.isfinite(w)].flat[0].item()
        checks.fail("init", "a function that gives finite numbers", found)


def model(name: str, value: Any, kind: type) -> None:
    """Something with named parameters."""
    if not isinstance(value, kind):
        kinds = "a model or a layer, as MLP([2, 3], rng)"
        checks.fail(name, kinds, value, error=TypeError)


def transferred(model: Any, donor: Any, names: Any) -> tuple[str, ...]:
    """The parameters to copy from donor to model: both have them, in one shape."""
    mine, theirs = model.shapes, donor.shapes
    if donor.runs not in (None, 1, model.runs):
        constraint = f"of {model.runs or 1} runs as model, or of one"
        checks.fail("donor", constraint, donor.runs, "Take one of its runs.")
    if isinstance(names, str) or not isinstance(names, Sequence | None):
        checks.fail("names", "a sequence of names", names, error=TypeError)
    taken = tuple(mine if names is None else (checks.choice("names", n, mine) for n in names))
    fits = [name for name, shape in mine.items() if theirs.get(name) == shape]
    for name in taken:
        if name not in fits:
            fix = f"Say what to copy: names={fits}." if fits else ""
            constraint = f"a model whose {name} is shaped {mine[name]}"
            checks.fail("donor", constraint, theirs.get(name, "none"), fix)
    return taken


def channels(x: Any, c: int, runs: int | None, kind: type, images: bool = False) -> None:
    """Features (n, c) or images (n, c, h, w), or one entry a run of either."""
    axes: tuple[int | str, ...] = ("n", c, "h", "w")
    axes = axes if images or getattr(x, "ndim", 0) > 3 else axes[:2]
    batch(x, axes, () if runs is None else (runs,), kind)


def values_a_channel(x: Any, image: bool = False) -> int:
    """How many values there are of each channel: one alone is its own mean, and has no variance."""
    count = math.prod((x.shape[-2],) if x.ndim < 4 else (x.shape[-4], *x.shape[-2:]))
    if image and math.prod(x.shape[-2:]) < 2:
        checks.fail("x", "of images of more than one pixel", x)
    if count < 2:
        fix = "Use a batch of two or more, or training=False."
        checks.fail("x", "of more than one value a channel in training", x, fix)
    return count
