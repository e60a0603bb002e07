"""What is measured on networks in training: updates to a loss, noise, curvature."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.training.choosing import Best
from dlcourse.training.runs import try_all
from dlcourse.training.watched import race


def fewest_updates(
    make: tuple[Any, Any],
    loss: Any,
    train: Any,
    target: float,
    rates: Mapping[int, Sequence[float]],
    looks: Mapping[int, Collection[int]],
    fresh: Sequence[int] = range(1000, 1010),
    chosen_on: Sequence[int] = range(10),
) -> tuple[Array, list[Best]]:
    """How many updates each batch size needs to reach a loss, at the fastest of its rates.

    Parameters
    ----------
    make, target : as in ``dlcourse.training.race``
    rates : the learning rates to try, by batch size; equally many for each
    looks : the updates after which the loss is computed, by batch size
    fresh, chosen_on : the seeds that are counted, and those on which the rates are chosen

    Returns
    -------
    The updates (sizes, fresh), and the setting that won for each size. A start that arrives before
    the first look or not until the last has no count, and is an error.
    """
    for name, seeds in (("chosen_on", chosen_on), ("fresh", fresh)):
        if not len(seeds):
            checks.fail(name, "one seed or more", seeds)
    if both := {*chosen_on} & {*fresh}:
        fix = "The best of many flatters itself on the starts that it was chosen on."
        checks.fail("fresh", "seeds other than those of chosen_on", sorted(both), fix)

    def run(batch: int, seeds: int) -> Any:
        return race(make, loss, train, target, batch_size=batch, looks=looks[batch], seeds=seeds)

    races = {str(batch): run(batch, len(chosen_on)) for batch in rates}
    tried = {str(batch): some for batch, some in rates.items()}
    trials = try_all(races, seeds=chosen_on, lr=tried)
    best = [*trials.best("steps", better="smaller").values()]
    counts = [
        try_all(run(batch, len(fresh)), seeds=fresh, lr=[one.setting["lr"]])["steps"][0]
        for batch, one in zip(rates, best, strict=True)
    ]
    for batch, count in zip(rates, counts, strict=True):
        when = looks[batch]
        if not np.isfinite(count).all():
            checks.fail("looks", f"long enough for all with batches of {batch}", max(when))
        if (count == min(when)).any() and min(when) > 1:
            checks.fail("looks", f"early enough for all with batches of {batch}", min(when))
    return np.array(counts), best


def critical_batch(sizes: Sequence[int], counts: Array, samples: int) -> tuple[Array, Array]:
    r"""The law of the critical batch, fitted to the updates of each start by least squares.

    .. math:: S(B) = S_{min} (1 + B_{crit} (1/B - 1/N))

    Drawn without replacement, a batch of B of the N samples has the noise 1/B - 1/N.

    Parameters
    ----------
    counts : updates (sizes, starts); what is squared is the error relative to each of them
    samples : N

    Returns
    -------
    S_min and B_crit, both (starts,)

    >>> least, critical = critical_batch([1, 2, 4], np.array([[50.0], [30.0], [20.0]]), 4)
    >>> round(float(least[0]), 6), round(float(critical[0]), 6)
    (20.0, 2.0)
    """
    noise = 1 / np.asarray(sizes) - 1 / samples
    fits = []
    for count in np.asarray(counts).T:
        rows = np.stack([1 / count, noise / count], axis=1)
        least, slope = np.linalg.lstsq(rows, np.ones(len(noise)), rcond=None)[0]
        fits.append((least, slope / least))
    return tuple(np.transpose(fits))


def noise_scale(
    model: Any,
    loss: Any,
    x: Array,
    y: Array,
    *,
    sizes: tuple[int, int],
    draws: int,
    rng: Any,
) -> Array:
    r"""The noise scale from batches of two sizes, without the gradient of any single sample.

    .. math:: E\|g_B\|^2 = \|G\|^2 + \operatorname{tr}\Sigma / B

    Two sizes make two equations, and one number a run. The batches are drawn with replacement,
    the same for all runs.

    References
    ----------
    McCandlish, Kaplan, Amodei et al. (2018), appendix A.1. Lesson: batch-size.
    """
    square = []
    for size in sizes:
        found = []
        for _ in range(draws):
            rows = rng.integers(0, len(x), size)
            loss.forward(model.forward(x[rows], True), y[rows])
            model.backward(loss.backward())
            found.append(np.sum(model.grad**2, axis=-1))
        square.append(np.mean(found, axis=0))
    few, many = sizes
    noise = (square[0] - square[1]) / (1 / few - 1 / many)
    signal = (many * square[1] - few * square[0]) / (many - few)
    return np.asarray(noise / signal)


def first_below(curve: Array, level: float, other: Array) -> Array:
    """``other`` at the place where ``curve`` first falls to ``level``; nan where it never does.

    Between the two measurements around that place both are drawn as straight lines over the
    logarithm of ``curve``. What the curve does later, it may rise again, does not matter.

    Parameters
    ----------
    curve, other : (…, times), the curve positive and above the level at first

    >>> first_below(np.array([4.0, 1.0, 3.0]), 2.0, np.array([0.0, 10.0, 99.0]))
    array(5.)
    """
    curve, other = np.asarray(curve), np.asarray(other)
    if other.shape != curve.shape:
        checks.fail("other", f"of the shape of curve, {curve.shape}", other.shape)
    below = curve <= level
    if below[..., 0].any():
        checks.fail("curve", "above the level at first", level, "Measure earlier.")
    at = np.maximum(below.argmax(axis=-1), 1)[..., None]
    ends = [np.take_along_axis(a, at - i, axis=-1)[..., 0] for a in (curve, other) for i in (1, 0)]
    before, after, first, second = ends
    share = np.log(before / level) / np.log(before / after)
    return np.where(below.any(axis=-1), first + share * (second - first), np.nan)


def largest_curvature(model: Any, loss: Any, x: Array, y: Array, rounds: int = 30) -> Array:
    """The Hessian's eigenvalue of the largest size, of each run (runs,), by power iteration.

    The Hessian times a direction is the difference of two gradients, a thousandth of the unit
    apart on both sides; the model stands at the end where it stood, its running values too.
    """
    checks.integer("rounds", rounds, 1)
    state = {name: a.copy() for name, a in model.buffers.items()}
    theta, bent = model.theta.copy(), np.random.default_rng(0).normal(size=model.theta.shape)
    for _ in range(rounds):
        v = bent / np.linalg.norm(bent, axis=-1, keepdims=True)
        slopes = []
        for sign in (1, -1):
            model.theta[...] = theta + sign * 1e-3 * v
            loss.forward(model.forward(x, True), y)
            model.backward(loss.backward())
            slopes.append(model.grad.copy())
        bent = (slopes[0] - slopes[1]) / 2e-3
    model.theta[...] = theta
    for name, a in model.buffers.items():
        a[...] = state[name]
    return np.asarray((v * bent).sum(axis=-1))
