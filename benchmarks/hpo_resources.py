"""Stopping the losers early, beside Optuna: regret at equal cost, and the time of a decision.

``python -m benchmarks.hpo_resources``: four problems whose learning curves are formulas, so that
the best final value is known; every method may spend as much resource as one pass of Hyperband, a
trial that goes on pays the difference; 24 seeds. Ours and Optuna's pruners see the same
configurations in the same order, one trial at a time. Regret is that of the noiseless final value.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import optuna

from benchmarks.timing import where
from dlcourse.scratch.hpo import Float, RandomSearch, Trial
from dlcourse.scratch.hpo.asha import ASHA, RungQueue
from dlcourse.scratch.hpo.halving import halve, rungs
from dlcourse.scratch.hpo.hyperband import Hyperband, brackets
from dlcourse.scratch.hpo.pruners import HyperbandPruner, MedianPruner, SuccessiveHalvingPruner
from dlcourse.scratch.hpo.workers import simulate

SPACE = {"lr": Float(1e-4, 1.0, log=True), "width": Float(0.0, 1.0), "decay": Float(0.0, 1.0)}
R, ETA, SEEDS = 81, 3, 24
Params = dict[str, Any]
Curve = Callable[[Params, int], float]


def final(p: Params) -> float:
    """0 at lr = 0.01, width 0.7, decay 0.2; worse by squares of the distance."""
    return (
        (np.log10(p["lr"]) + 2) ** 2 / 4 + (p["width"] - 0.7) ** 2 + 0.5 * (p["decay"] - 0.2) ** 2
    )


def ordered(p: Params, t: int) -> float:
    """Curves that never cross."""
    return final(p) + 1 / t


def crossing(p: Params, t: int) -> float:
    """A large rate is fast at first: at small t it looks best."""
    return final(p) + 2 * np.exp(-t * (0.02 + p["lr"] ** 0.5))


def late(p: Params, t: int) -> float:
    """Wide ones are slow: the best is among the last to show it."""
    return final(p) + p["width"] * 3 / t**0.7


def noisy(p: Params, t: int) -> float:
    """As ordered, under noise that falls as 1/√t and is the same whenever it is asked."""
    seed = int(abs(np.log(p["lr"])) * 1e9) % 2**32
    return ordered(p, t) + 0.5 * np.random.default_rng((seed, t)).normal() / t**0.5


PROBLEMS: dict[str, Curve] = {f.__name__: f for f in (ordered, crossing, late, noisy)}
BUDGET = sum(
    n * (r - before)
    for bracket in brackets(R, ETA)
    for (n, r), before in zip(bracket, [0, *(rung.resource for rung in bracket)], strict=False)
)


def best_end(curve: Curve) -> float:
    """The smallest value at R: each curve is a sum of one term a parameter, so one at a time."""
    middle = {"lr": 0.01, "width": 0.7, "decay": 0.2}
    rates, widths = np.geomspace(1e-4, 1, 20_001), np.linspace(0, 1, 20_001)
    by_rate = min(curve(middle | {"lr": float(lr)}, R) for lr in rates)
    by_width = min(curve(middle | {"width": float(w)}, R) for w in widths)
    return float(by_rate + by_width - curve(middle, R))


LOWEST = {name: best_end(f) for name, f in PROBLEMS.items() if f is not noisy}


def regret(problem: str, trials: list[Trial]) -> float:
    """Of the trial with the best value seen at R: how much its end is above the best there is."""
    done = [t for t in trials if R in t.intermediate]
    if not done:
        return float("nan")
    best, plain = min(done, key=lambda t: t.intermediate[R]), problem.replace("noisy", "ordered")
    return float(PROBLEMS[plain](best.params, R) - LOWEST[plain])


def configurations(seed: int) -> Iterator[Params]:
    search = RandomSearch(SPACE, np.random.default_rng(seed))
    while True:
        yield search.ask().params


def with_pruner(curve: Curve, seed: int, stop: Callable[[Trial, int, float], bool],
                end: Callable[[Trial], None]) -> list[Trial]:  # fmt: skip
    """One trial after the other, a report an epoch, until the budget is used up."""
    spent, trials = 0, []
    for number, params in enumerate(configurations(seed)):
        trial = Trial(number, params)
        trials.append(trial)
        for t in range(1, R + 1):
            trial.intermediate[t] = value = float(curve(params, t))
            spent += 1
            if spent >= BUDGET:
                return trials
            if stop(trial, t, value) or t == R:
                break
        trial.state = "complete" if t == R else "pruned"
        end(trial)
    return trials


def ours(curve: Curve, seed: int, pruner: Any) -> list[Trial]:
    return with_pruner(curve, seed, lambda trial, t, v: pruner.stop(trial, t), lambda trial: None)


def optunas(curve: Curve, seed: int, pruner: Any) -> list[Trial]:
    study, kept = optuna.create_study(pruner=pruner, study_name=str(seed)), []

    def stop(trial: Trial, t: int, value: float) -> bool:
        if t == 1:
            kept.append(study.ask())
        kept[-1].report(value, t)
        return kept[-1].should_prune()

    def end(trial: Trial) -> None:
        state = getattr(optuna.trial.TrialState, trial.state.upper())
        study.tell(kept[-1], trial.intermediate.get(R), state)

    return with_pruner(curve, seed, stop, end)


def random_search(curve: Curve, seed: int) -> list[Trial]:
    drawn = [Trial(i, p) for i, p in zip(range(BUDGET // R), configurations(seed), strict=False)]
    for trial in drawn:
        trial.intermediate[R] = float(curve(trial.params, R))
    return drawn


def halvings(curve: Curve, seed: int) -> list[Trial]:
    search, table = RandomSearch(SPACE, np.random.default_rng(seed)), rungs(81, 1, ETA, R)
    spent = 0
    while spent + 297 <= BUDGET:
        spent += halve(curve, search, table).cost
    return search.trials


def asha(curve: Curve, seed: int) -> list[Trial]:
    search = RandomSearch(SPACE, np.random.default_rng(seed))
    simulate(curve, ASHA(search, BUDGET, 1, R, ETA), [1.0], until=BUDGET)
    return search.trials


METHODS: dict[str, Callable[[Curve, int], list[Trial]]] = {
    "random": random_search,
    "SHA": halvings,
    "Hyperband": lambda c, s: Hyperband(SPACE, np.random.default_rng(s), R, ETA).run(c).trials,
    "ASHA": asha,
    "halving pruner": lambda c, s: ours(c, s, SuccessiveHalvingPruner(1, ETA)),
    "  Optuna": lambda c, s: optunas(c, s, optuna.pruners.SuccessiveHalvingPruner(1, ETA)),
    "Hyperband pruner": lambda c, s: ours(c, s, HyperbandPruner(1, R, ETA)),
    "  Optuna ": lambda c, s: optunas(c, s, optuna.pruners.HyperbandPruner(1, R, ETA)),
    "median pruner": lambda c, s: ours(c, s, MedianPruner()),
    "  Optuna  ": lambda c, s: optunas(c, s, optuna.pruners.MedianPruner()),
}
PAIRS = [("halving pruner", "  Optuna"), ("Hyperband pruner", "  Optuna "),
         ("median pruner", "  Optuna  ")]  # fmt: skip


def compared(seeds: int) -> dict[str, dict[str, np.ndarray]]:
    return {
        problem: {
            name: np.array([regret(problem, method(curve, seed)) for seed in range(seeds)])
            for name, method in METHODS.items()
        }
        for problem, curve in PROBLEMS.items()
    }


def stream(trials: int = 300, reports: int = 9) -> list[list[float]]:
    rng = np.random.default_rng(0)
    return [(rng.normal() + 1 / np.arange(1, reports + 1)).tolist() for _ in range(trials)]


def decision_ours(pruner: Any, values: list[list[float]]) -> float:
    """Microseconds of ``stop``, the mean over all reports of the stream."""
    taken = count = 0
    for number, curve in enumerate(values):
        trial = Trial(number, {})
        for t, value in enumerate(curve, 1):
            trial.intermediate[t] = value
            begin = time.process_time_ns()
            stopped = pruner.stop(trial, t)
            taken += time.process_time_ns() - begin
            count += 1
            if stopped:
                break
        trial.state = "pruned" if stopped else "complete"
    return taken / count / 1e3


def decision_optuna(pruner: Any, values: list[list[float]]) -> float:
    """Microseconds of ``should_prune`` alone, without ``report``."""
    study, taken, count = optuna.create_study(pruner=pruner), 0, 0
    for curve in values:
        trial = study.ask()
        for t, value in enumerate(curve, 1):
            trial.report(value, t)
            begin = time.process_time_ns()
            stopped = trial.should_prune()
            taken += time.process_time_ns() - begin
            count += 1
            if stopped:
                break
        pruned = optuna.trial.TrialState.PRUNED
        study.tell(trial, None if stopped else curve[-1], pruned if stopped else None)
    return taken / count / 1e3


def clock() -> float:
    """What two readings of the clock cost by themselves, in microseconds."""
    begin = time.process_time_ns()
    for _ in range(10_000):
        time.process_time_ns()
    return (time.process_time_ns() - begin) / 10_000 / 1e3


def rung(n: int = 10_000) -> float:
    """Microseconds to take a value into a rung and to say who goes on, up to n values in it."""
    queue, values = RungQueue(), np.random.default_rng(1).random(n).tolist()
    begin = time.process_time_ns()
    for i, value in enumerate(values):
        queue.add(value, i)
        queue.pop(3)
    return (time.process_time_ns() - begin) / n / 1e3


def main(seeds: int) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(where())
    print(f"R = {R}, η = {ETA}, budget {BUDGET} = {BUDGET / R:.1f} R, {seeds} seeds; mean regret")
    found = compared(seeds)
    print(" " * 18 + "".join(f"{problem:>18}" for problem in PROBLEMS))
    for name in METHODS:
        cells = [found[problem][name] for problem in PROBLEMS]
        texts = [f"{np.mean(c):.4f} ± {np.std(c, ddof=1) / len(c) ** 0.5:.4f}" for c in cells]
        print(f"{name:<18}" + "".join(f"{text:>18}" for text in texts))
    for a, b in PAIRS:
        for problem in PROBLEMS:
            d = found[problem][a] - found[problem][b]
            error = d.std(ddof=1) / len(d) ** 0.5
            print(f"{a} - Optuna's, {problem}: {d.mean():+.4f} ± {error:.4f}")
    values, base = stream(), clock()
    print(f"microseconds a decision, 300 trials (two clock readings, {base:.2f}, taken off)")
    for name, mine, theirs in (
        ("halving", SuccessiveHalvingPruner(1, 3), optuna.pruners.SuccessiveHalvingPruner(1, 3)),
        ("Hyperband", HyperbandPruner(1, 9, 3), optuna.pruners.HyperbandPruner(1, 9, 3)),
        ("median", MedianPruner(), optuna.pruners.MedianPruner()),
    ):
        a, b = decision_ours(mine, values) - base, decision_optuna(theirs, values) - base
        print(f"{name:<10} {a:6.2f}   Optuna {b:7.1f}")
    print(f"ASHA, a value in and who goes on, 10,000 in a rung: {rung():.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS)
