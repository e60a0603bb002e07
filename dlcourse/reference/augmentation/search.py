"""Twin of ``scratch.augmentation.search``: policies are rows of a tensor."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from dlcourse import augmented, checks
from dlcourse.reference.augmentation.policies import OPERATIONS, Policy

Tensor = torch.Tensor


def search_policy(
    score: Callable[[Policy], float],
    operations: Any,
    rng: np.random.Generator,
    trials: int = 60,
    start: int = 20,
    sub_policies: int = 5,
    sample: int = 5,
) -> tuple[list[Any], list[tuple[list[Any], float]]]:
    """Policies as a tensor (trials, sub-policies, 2, 3) of whole numbers, ``torch.argmax``."""
    names = [checks.choice(f"operations[{i}]", n, OPERATIONS) for i, n in enumerate(operations)]
    told = {"trials": trials, "start": start, "sub_policies": sub_policies, "sample": sample}
    for name, value in told.items():
        checks.integer(name, value, 1)
    checks.generator("rng", rng)
    codes = torch.zeros(trials, sub_policies, 2, 3, dtype=torch.long)
    values = torch.full((trials,), -math.inf, dtype=torch.float64)

    def step() -> Tensor:
        return torch.tensor([int(rng.integers(k)) for k in (len(names), 11, 10)])

    def decoded(code: Tensor) -> list[Any]:
        return [[(names[o], p / 10, m) for o, p, m in sub] for sub in code.tolist()]

    for i in range(trials):
        if i < start:
            codes[i] = torch.stack([step() for _ in range(2 * sub_policies)]).reshape(-1, 2, 3)
        else:
            drawn = torch.as_tensor(rng.integers(i, size=sample))
            best = values[drawn] == values[drawn].max()
            codes[i], new = codes[drawn[best][0]], step()
            codes[i, int(rng.integers(sub_policies)), int(rng.integers(2))] = new
        values[i] = checks.scalar("score", score(decoded(codes[i])), -math.inf)
    found = [(decoded(c), v) for c, v in zip(codes, values.tolist(), strict=True)]
    return found[int((values == values.max()).nonzero()[0])][0], found


def digits_policy() -> list[list[tuple[str, float, float]]]:
    """The same file."""
    return augmented.policy(augmented.read_json("digits_policy.json")["policy"], OPERATIONS)
