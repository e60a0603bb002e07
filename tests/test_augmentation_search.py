"""The search for a policy, and the one that was found on the digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import augmented, data
from dlcourse.reference import augmentation as twins
from dlcourse.scratch import augmentation as ours
from dlcourse.scratch.augmentation import OPERATIONS, auto_augment, digits_policy, search_policy


def blend(policy: Any) -> float:
    """A score with one best policy: rotations of magnitude 6, always."""
    steps = [step for sub in policy for step in sub]
    return -float(np.mean([(n != "rotate") + abs(m - 6) / 9 + (1 - p) for n, p, m in steps]))


def test_the_search_finds_better_than_chance_and_says_what_it_tried() -> None:
    told = {"trials": 300, "start": 30, "sub_policies": 2}
    for room in (ours, twins):
        best, tried = room.search_policy(blend, OPERATIONS, np.random.default_rng(0), **told)
        scores = [score for _, score in tried]
        assert len(tried) == 300
        assert [blend(policy) for policy, _ in tried] == scores
        assert blend(best) == max(scores) > max(scores[:30]) + 0.2
        augmented.policy(best, OPERATIONS)
    one, two = (
        room.search_policy(blend, ["rotate", "invert"], np.random.default_rng(1), 40, 10)
        for room in (ours, twins)
    )
    assert one == two


def test_the_score_sees_a_policy_of_its_own() -> None:
    def spoil(policy: Any) -> float:
        value = blend(policy)
        policy[0][0] = ("invert", 0.0, 0)
        return value

    _, clean = search_policy(blend, OPERATIONS, np.random.default_rng(2), 12, 6)
    names = {step[0] for policy, _ in clean for sub in policy for step in sub}
    assert len(names) > 5
    kept = [id(policy) for policy, _ in clean]
    assert len(set(kept)) == 12
    search_policy(spoil, OPERATIONS, np.random.default_rng(2), 12, 6)  # raises nothing


def test_the_policy_of_the_digits_is_stored_with_how_it_was_found() -> None:
    found = augmented.read_json("digits_policy.json")
    assert digits_policy() == [[tuple(step) for step in sub] for sub in found["policy"]]
    assert twins.digits_policy() == digits_policy()
    scores = found["search"]["validation_scores"]
    assert len(scores) == found["search"]["trials"] >= 50
    assert len(found["report"]["seeds"]) >= 10
    assert not set(found["report"]["seeds"]) & set(found["search"]["seeds"])
    for metric in ("loss", "accuracy"):
        gain = found["report"]["test"][metric]["over_random"]
        low, high = gain["interval"]
        assert low <= gain["mean"] <= high
    x = data.load(flat=False).train.x[:50]
    assert (auto_augment(x, digits_policy(), np.random.default_rng(0)) != x).any()
