"""How ``digits_policy`` was found, and what it is worth: ``python -m benchmarks.policy_search``.

A policy is scored by networks that see 100 digits each, augmented with it: minus their mean loss on
the *validation* part. ``search_policy`` tries 60. The best of them is then compared on the *test*
part, where nothing was chosen, with policies drawn at random from the same space and with none, on
seeds (networks, batches and 100 training images) that the search has not used. With ``--write`` the
outcome goes to ``dlcourse/data_files/digits_policy.json``, whatever it is.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from dlcourse import data
from dlcourse.scratch.augmentation import OPERATIONS, Augment, auto_augment, search_policy
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP, Sequential
from dlcourse.scratch.optimizers import Adam
from dlcourse.training import evaluate, fit

FILE = Path(__file__).parent.parent / "dlcourse" / "data_files" / "digits_policy.json"
IDLE = ("color", "equalize")
"""They leave grey images of 8 × 8 as they are."""
PLAN = {"images": 100, "sizes": [64, 64, 10], "lr": 0.003, "epochs": 200, "batch_size": 50}
SEARCH = {"seed": 14, "trials": 60, "start": 20, "sub_policies": 5, "seeds": [0, 1, 2, 3, 4]}
REPORT = {"seed": 15, "random_policies": 20, "seeds": [*range(100, 110)]}
LEVEL = 0.95


def trained(policy: Any, seed: int, plan: dict[str, Any], part: str) -> tuple[float, float]:
    """Loss and accuracy on one part of the digits, of one network; policy None: no augmentation."""
    digits, rng = data.load(), np.random.default_rng(seed)
    rows = rng.permutation(len(digits.train.y))[: plan["images"]]
    net = MLP(plan["sizes"], rng)
    show = Augment(
        lambda x, g: x if policy is None else auto_augment(x, policy, g), rng=rng, shape=(1, 8, 8)
    )
    model = Sequential(show, *net.layers)
    loss, train = SoftmaxCrossEntropy(), (digits.train.x[rows], digits.train.y[rows])
    told = {key: plan[key] for key in ("epochs", "batch_size")}
    fit(model, Adam(model.theta, lr=plan["lr"]), loss, train, rng=rng, progress=False, **told)
    found = evaluate(model, loss, getattr(digits, part))
    return float(found["loss"]), float(found["accuracy"])


def all_of(policy: Any, seeds: list[int], plan: dict[str, Any], part: str) -> np.ndarray:
    """(seeds, 2): loss and accuracy of each."""
    return np.array([trained(policy, seed, plan, part) for seed in seeds])


def searched(search: dict[str, Any], plan: dict[str, Any]) -> tuple[Any, list[float]]:
    """The best policy and the scores of all, in order, on validation data."""
    names = [name for name in OPERATIONS if name not in IDLE]
    score = lambda policy: -all_of(policy, search["seeds"], plan, "validation")[:, 0].mean()  # noqa: E731
    told = {key: search[key] for key in ("trials", "start", "sub_policies")}
    best, tried = search_policy(score, names, np.random.default_rng(search["seed"]), **told)
    return best, [value for _, value in tried]


def interval(gains: np.ndarray, rng: np.random.Generator, draws: int = 10_000) -> list[float]:
    """Of the mean of (policies, seeds): both are drawn again, that often."""
    p, s = gains.shape
    rows, columns = rng.integers(p, size=(draws, p, 1)), rng.integers(s, size=(draws, 1, s))
    means = gains[rows, columns].mean((1, 2))
    return np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()


def reported(policy: Any, report: dict[str, Any], plan: dict[str, Any], width: int) -> Any:
    """What the policy gains on test data over random ones and over none, per seed and policy."""
    rng, names = np.random.default_rng(report["seed"]), [n for n in OPERATIONS if n not in IDLE]
    drawn: list[Any] = []
    for _ in range(report["random_policies"]):
        _, (one,) = search_policy(lambda p: 0.0, names, rng, trials=1, sub_policies=width)
        drawn.append(one[0])
    told = report["seeds"], plan, "test"
    mine, none = all_of(policy, *told), all_of(None, *told)
    others = np.stack([all_of(one, *told) for one in drawn])
    found: dict[str, Any] = {}
    for i, (metric, sign) in enumerate({"loss": -1, "accuracy": 1}.items()):
        found[metric] = {
            "found": mine[:, i].mean(),
            "random": others[..., i].mean(),
            "best_random": (sign * (sign * others[..., i].mean(1)).max()),
            "none": none[:, i].mean(),
        }
        gains = {
            "over_random": sign * (mine[None, :, i] - others[..., i]),
            "over_none": sign * (mine[None, :, i] - none[None, :, i]),
        }
        for name, gain in gains.items():
            found[metric][name] = {"mean": gain.mean(), "interval": interval(gain, rng)}
    return found


def main(write: bool) -> None:
    best, scores = searched(SEARCH, PLAN)
    found = {
        "about": "The policy of dlcourse.scratch.augmentation.digits_policy; made by "
        "python -m benchmarks.policy_search --write",
        "policy": best,
        "plan": PLAN,
        "search": SEARCH | {"validation_scores": [round(value, 4) for value in scores]},
        "report": REPORT | {"level": LEVEL, "test": rounded(reported(best, REPORT, PLAN, 5))},
    }
    print(json.dumps(found["report"]["test"], indent=2))
    print("scores of the search, best:", max(scores), "median:", float(np.median(scores)))
    print(best)
    if write:
        FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def rounded(found: Any) -> Any:
    """Four digits of every number."""
    if isinstance(found, dict):
        return {key: rounded(value) for key, value in found.items()}
    return [rounded(v) for v in found] if isinstance(found, list) else round(float(found), 4)


if __name__ == "__main__":
    main("--write" in sys.argv[1:])
