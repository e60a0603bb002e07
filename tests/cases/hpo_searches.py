"""Every search of the room hpo, and the spaces that each must be able to search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlcourse.scratch import hpo
from dlcourse.scratch.hpo import Categorical, Float, Int

# A search joins by its row here; tests/test_hpo_search.py holds it to what all must keep.
SEARCHES: dict[str, Callable[[Any, np.random.Generator], hpo.Search]] = {
    "grid": lambda space, rng: hpo.GridSearch(space, 3),
    "random": hpo.RandomSearch,
    "sobol": lambda space, rng: hpo.QuasiRandom(space, "sobol", rng),
    "halton": lambda space, rng: hpo.QuasiRandom(space, "halton", rng),
}
WITHOUT_CHANCE = {"grid"}
SPACES: dict[str, Any] = {
    "one": {"x": Float(-1, 1)},
    "scales": {"lr": Float(1e-5, 1e-1, log=True), "width": Int(1, 512, log=True), "k": Int(2, 20, step=3)},
    "steps": {"drop": Float(0, 0.5, step=0.1), "n": Int(1, 3), "fixed": Float(2, 2)},
    "choices": {"opt": Categorical(["sgd", "adam", "rmsprop"]), "bias": Categorical([True, False]), "x": Float(0, 1)},
    "twelve": {
        "lr": Float(1e-5, 1, log=True),
        "batch": Int(16, 256, step=16),
        "opt": Categorical({
            "sgd": {"momentum": Float(0, 0.99), "schedule": Categorical({
                "constant": {},
                "step": {"gamma": Float(0.1, 0.9), "every": Int(5, 50, log=True)},
            })},
            "adam": {"beta1": Float(0.8, 0.99), "beta2": Float(0.9, 0.9999)},
            "adagrad": None,
        }),
        "layers": Int(1, 6),
        "width": Int(16, 1024, log=True),
        "act": Categorical(["relu", "tanh"]),
        "drop": Float(0, 0.5, step=0.05),
    },
}  # fmt: skip
