"""Searches beside Optuna's, in one run: ``python -m benchmarks.hpo [--seeds 20] [--quick]``.

Equal budgets on the seven problems and three further ones of ``benchmarks.hpo_problems``. Printed
is the regret of the best trial, in units of what the median of random points is off; ours minus
Optuna's on the same seeds, with a paired bootstrap interval; and the time of a suggestion.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.hpo_problems import Problem, problems
from dlcourse.scratch.hpo import Categorical, Float, RandomSearch
from dlcourse.scratch.hpo.space import from_unit, parameters

BUDGET, LEVEL, DRAWS = 60, 0.95, 10_000
Run = tuple[float, float]
Task = tuple[str, str, int, int]


def optuna_params(trial: Any, space: dict[str, Any]) -> dict[str, Any]:
    """The same space, asked of Optuna."""
    found: dict[str, Any] = {}
    for name, d in space.items():
        if isinstance(d, Categorical):
            found[name] = trial.suggest_categorical(name, list(d.choices))
            found |= optuna_params(trial, d.spaces[d.choices.index(found[name])])
        else:
            kind = trial.suggest_float if isinstance(d, Float) else trial.suggest_int
            step = {} if d.log or d.step is None else {"step": d.step}
            found[name] = kind(name, d.low, d.high, log=d.log, **step)
    return found


def ours(make: Callable[[Any, Any], Any]) -> Callable[[Problem, int, int], Run]:
    def run(problem: Problem, seed: int, budget: int) -> Run:
        rng, chance = np.random.default_rng(seed), np.random.default_rng([seed, 1])
        search, spent = make(problem.space, rng), 0.0
        for _ in range(budget):
            start = time.process_time()
            trial = search.ask()
            spent += time.process_time() - start
            search.tell(trial, observed(problem, trial.params, chance))
        return problem.value(search.best.params) - problem.minimum, spent / budget

    return run


def optunas(name: str) -> Callable[[Problem, int, int], Run]:
    def run(problem: Problem, seed: int, budget: int) -> Run:
        import optuna

        optuna.logging.set_verbosity(logging.ERROR)
        warnings.simplefilter("ignore")
        study = optuna.create_study(sampler=getattr(optuna.samplers, name)(seed=seed))
        chance, spent = np.random.default_rng([seed, 1]), 0.0
        for _ in range(budget):
            start = time.process_time()
            trial = study.ask()
            params = optuna_params(trial, problem.space)
            spent += time.process_time() - start
            study.tell(trial, observed(problem, params, chance))
        return problem.value(study.best_params) - problem.minimum, spent / budget

    return run


def observed(problem: Problem, params: dict[str, Any], rng: np.random.Generator) -> float:
    return problem.value(params) if problem.observe is None else problem.observe(params, rng)


def methods() -> dict[str, Callable[[Problem, int, int], Run]]:
    """All that are run; another module may add rows of its own here."""
    from dlcourse.scratch.hpo.gp_search import GPSearch
    from dlcourse.scratch.hpo.tpe import TPESearch

    return {
        "GPSearch": ours(GPSearch),
        "TPESearch": ours(TPESearch),
        "RandomSearch": ours(RandomSearch),
        "GPSampler": optunas("GPSampler"),
        "TPESampler": optunas("TPESampler"),
        "RandomSampler": optunas("RandomSampler"),
    }


PAIRS = [("GPSearch", "GPSampler"), ("TPESearch", "TPESampler"), ("RandomSearch", "RandomSampler")]


def unit(problem: Problem) -> float:
    """What the median of 500 random points is off."""
    flat, rng = parameters(problem.space), np.random.default_rng(0)
    values = [observed(problem, from_unit(flat, rng.random(len(flat))), rng) for _ in range(500)]
    return float(np.median(values)) - problem.minimum


def one(task: Task) -> tuple[Task, Run]:
    method, name, seed, budget = task
    return task, methods()[method](problems()[name], seed, budget)


def stored(path: str | None) -> dict[Task, Run]:
    """What an earlier call with this file has run already."""
    if path is None or not Path(path).exists():
        return {}
    rows = [json.loads(line) for line in Path(path).read_text().splitlines()]
    return {tuple(row[:4]): tuple(row[4:]) for row in rows}


def interval(differences: np.ndarray) -> tuple[float, float]:
    """Of the mean, by drawing the seeds again."""
    rng = np.random.default_rng(0)
    rows = rng.integers(len(differences), size=(DRAWS, len(differences)))
    low, high = np.quantile(differences[rows].mean(1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def verdict(low: float, high: float) -> str:
    return "better" if high < 0 else "worse" if low > 0 else "level"


def table(found: dict[tuple[str, str], np.ndarray], pairs: list[tuple[str, str]]) -> list[str]:
    """Rows of regrets (seeds, 2) by method and problem."""
    lines = []
    for mine, theirs in pairs:
        lines += [f"{mine} beside Optuna's {theirs}", ""]
        head = f"{'':22}{'ours':>10}{'Optuna':>10}   ours − Optuna, 95 %"
        lines.append(f"{head:70}        a suggestion")
        for name, problem in problems().items():
            if (mine, name) not in found:
                continue
            scale = unit(problem)
            a, b = found[mine, name], found[theirs, name]
            low, high = interval((a[:, 0] - b[:, 0]) / scale)
            label = f"{name}{' *' if problem.further else ''}"
            means = f"{a[:, 0].mean() / scale:10.2e}{b[:, 0].mean() / scale:10.2e}"
            times = f"{a[:, 1].mean() * 1e3:6.2f} ms {b[:, 1].mean() * 1e3:6.2f} ms"
            word = verdict(low, high)
            lines.append(f"{label:22}{means}   [{low:+.1e}, {high:+.1e}]  {word:7} {times}")
        lines.append("")
    return lines


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--quick", action="store_true", help="three seeds, 20 trials")
    parser.add_argument("--pairs", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--store", help="a file of runs: those in it are not run again")
    parser.add_argument("--methods", nargs="*", help="only these, into the store; no table")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", nargs="*", help="problems")
    told = parser.parse_args(argv)
    budget, seeds = (20, 3) if told.quick else (BUDGET, told.seeds)
    pairs = [PAIRS[i] for i in told.pairs]
    names = [n for n in problems() if told.only is None or n in told.only]
    rows = [method for pair in pairs for method in pair if method in (told.methods or [method])]
    tasks = [
        (method, name, told.first + seed, budget)
        for seed in range(seeds)
        for method in rows
        for name in names
    ]
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # of the workers, which import NumPy themselves
    kept = stored(told.store)
    left = [task for task in tasks if task not in kept]
    with multiprocessing.get_context("spawn").Pool(told.workers) as pool:
        for task, run in pool.imap_unordered(one, left):
            kept[task] = run
            if told.store:
                with Path(told.store).open("a") as file:
                    file.write(json.dumps([*task, *run]) + "\n")
    found: dict[tuple[str, str], Any] = {}
    for task in tasks:
        found.setdefault(task[:2], []).append(kept[task])
    if told.methods:
        return
    print(f"{budget} trials, seeds {told.first} to {told.first + seeds - 1}; * further problems\n")
    print("\n".join(table({k: np.array(v) for k, v in found.items()}, pairs)))


if __name__ == "__main__":
    main()
