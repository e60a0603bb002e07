"""A policy that is looked for: random ones, then changes of good ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from dlcourse import augmented, checks
from dlcourse.scratch.augmentation.policies import OPERATIONS, Policy


def random_step(names: list[str], rng: np.random.Generator) -> tuple[str, float, int]:
    """An operation, a probability in tenths and a magnitude 0 … 9, as AutoAugment's space has."""
    return names[rng.integers(len(names))], int(rng.integers(11)) / 10, int(rng.integers(10))


def search_policy(
    score: Callable[[Policy], float],
    operations: Any,
    rng: np.random.Generator,
    trials: int = 60,
    start: int = 20,
    sub_policies: int = 5,
    sample: int = 5,
) -> tuple[list[Any], list[tuple[list[Any], float]]]:
    """Look for a policy of a high score: random ones first, then changes of good ones.

    Parameters
    ----------
    score : function of a policy, larger is better, as the accuracy on *validation* data of a
        network that was trained with it
    operations : names of ``OPERATIONS``, or a mapping of them
    trials : policies that are scored, int >= 1
    start : how many of them are random; each later one is the best of ``sample`` that were drawn
        from all so far, one of whose steps is drawn anew
    sub_policies : of two steps each, int >= 1

    Returns
    -------
    best, and all trials as (policy, score). The best score is too good: its chance was chosen, too.

    Examples
    --------
    >>> strong = lambda policy: sum(step[2] for sub in policy for step in sub)
    >>> best, tried = search_policy(strong, ["rotate"], np.random.default_rng(0), trials=30)
    >>> len(tried), strong(best) == max(value for _, value in tried)
    (30, True)

    References
    ----------
    Cubuk et al. (2019) search by a recurrent controller, Real et al. (2019) by evolution, as here.
    """
    names, whole = [*operations], checks.integer
    for i, name in enumerate(names):
        checks.choice(f"operations[{i}]", name, OPERATIONS)
    trials, start = whole("trials", trials, 1), whole("start", start, 1)
    width, sample = whole("sub_policies", sub_policies, 1), whole("sample", sample, 1)
    checks.generator("rng", rng)
    tried: list[tuple[list[Any], float]] = []
    for trial in range(trials):
        if trial < start:
            policy = [[random_step(names, rng) for _ in range(2)] for _ in range(width)]
        else:
            drawn = rng.integers(len(tried), size=sample)
            policy = [[*sub] for sub in max((tried[i] for i in drawn), key=lambda t: t[1])[0]]
            new = random_step(names, rng)
            policy[rng.integers(width)][rng.integers(2)] = new
        value = checks.scalar("score", score(policy), -math.inf)
        tried.append((policy, value))
    return max(tried, key=lambda t: t[1])[0], tried


def digits_policy() -> list[list[tuple[str, float, float]]]:
    """The policy that ``search_policy`` has found on the digits of the course.

    How, and what it was worth on test data, stands in ``dlcourse/data_files/digits_policy.json``.

    >>> len(digits_policy())
    5
    """
    return augmented.policy(augmented.read_json("digits_policy.json")["policy"], OPERATIONS)
