"""What the room hpo refuses: spaces, searches, trials told wrongly, doors of the loop and the journal."""

from __future__ import annotations

import math
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
from scipy import stats

from cases.kinds import ErrorCase
from dlcourse.plots import searches as pictures
from dlcourse.scratch import hpo
from dlcourse.scratch.hpo import Categorical, Float, GridSearch, Int, RandomSearch, minimize

X = {"x": Float(0, 1)}


def _random(space: Any = X, seed: int = 0) -> RandomSearch:
    return RandomSearch(space, np.random.default_rng(seed))


def _tell(value: Any, **more: Any) -> None:
    search = _random()
    search.tell(search.ask(), value, **more)


def _twice(**first: Any) -> None:
    search = _random()
    trial = search.ask()
    search.tell(trial, **first)
    search.tell(trial, 1.0)


def _foreign() -> None:
    search, other = _random(), _random()
    search.ask()
    search.tell(other.ask(), 1.0)


def _later() -> None:
    search, other = _random(), _random()
    for _ in range(3):
        trial = other.ask()
    search.tell(trial, 1.0)


def _used_up() -> None:
    search = GridSearch(X, 3)
    for _ in range(4):
        search.ask()


def _minimize(
    objective: Any = lambda p: p["x"], search: Any = None, n_trials: Any = 2, **more: Any
) -> None:
    minimize(objective, search or _random(), n_trials, **more)


def _pooled(objective: Any) -> None:
    with ProcessPoolExecutor(1) as pool:  # it starts no process before the first task
        _minimize(objective, executor=pool)


def _journal(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "journal")
        with open(path, "wb") as file:
            file.write(content)
        _minimize(journal=path)


ERRORS = [
    ErrorCase("no space", lambda: _random(None), TypeError, r"space must be a mapping from names to parameters; got None\. Write \{"),
    ErrorCase("a space in a list", lambda: _random([Float(0, 1)]), TypeError, r"space must be a mapping"),
    ErrorCase("an empty space", lambda: _random({}), ValueError, r"space must be not empty; got \{\}"),
    ErrorCase("an empty grid", lambda: GridSearch({}), ValueError, r"space must be not empty"),
    ErrorCase("a pair for a Float", lambda: _random({"x": (0, 1)}), TypeError, r"space\['x'\] must be a Float, Int or Categorical; got \(0, 1\)"),
    ErrorCase("a name that is none", lambda: _random({1: Float(0, 1)}), TypeError, r"space's names must be text; got 1"),
    ErrorCase("an empty name", lambda: _random({"": Float(0, 1)}), TypeError, r"space's names must be text; got ''"),
    ErrorCase("a name twice, below", lambda: _random({"x": Float(0, 1), "c": Categorical({"a": {"x": Float(0, 1)}})}), ValueError, r"space's names must be used once in the whole tree; got \['x'\]\. Parameters under"),
    ErrorCase("a name twice, side by side", lambda: _random({"c": Categorical({"a": {"m": Int(0, 1)}, "b": {"m": Int(0, 1)}})}), ValueError, r"used once in the whole tree; got \['m'\]"),
    ErrorCase("a choice without a space", lambda: Categorical({"sgd": 3}), TypeError, r"the space of 'sgd' must be a mapping"),
    ErrorCase("a choice whose space has none", lambda: Categorical({"sgd": {"m": 3}}), TypeError, r"the space of 'sgd'\['m'\] must be a Float"),
    ErrorCase("low above high", lambda: Float(1, 0), ValueError, r"low must be <= high, 0; got 1\.0"),
    ErrorCase("low above high, whole", lambda: Int(5, 2), ValueError, r"low must be <= high, 2; got 5"),
    ErrorCase("zero on a log scale", lambda: Float(0, 1, log=True), ValueError, r"low must be > 0 on a log scale; got 0\.0\. Take log=False"),
    ErrorCase("below zero on a log scale", lambda: Float(-1, 1, log=True), ValueError, r"low must be > 0 on a log scale; got -1\.0"),
    ErrorCase("zero on a log scale, whole", lambda: Int(0, 8, log=True), ValueError, r"low must be >= 1 on a log scale; got 0"),
    ErrorCase("no lower end", lambda: Float(-math.inf, 1), ValueError, r"low must be finite; got -inf"),
    ErrorCase("nan for an end", lambda: Float(0, math.nan), ValueError, r"high must be finite; got nan"),
    ErrorCase("ends too far apart", lambda: Float(-1e308, 1e308), ValueError, r"high must be less than 1\.8e308 above low; got 1e\+308"),
    ErrorCase("an end in words", lambda: Float("0", 1), TypeError, r"low must be a number"),
    ErrorCase("an end that is not whole", lambda: Int(0.5, 3), TypeError, r"low must be an integer; got 0\.5"),
    ErrorCase("two lower ends", lambda: Float([0, 1], 2), ValueError, r"low must be a number, the same for all runs"),
    ErrorCase("a step that does not fit", lambda: Float(0, 1, step=0.3), ValueError, r"step must be a divisor of high - low, 1; got 0\.3\. high=0\.9 has one"),
    ErrorCase("a step that does not fit, whole", lambda: Int(1, 6, step=2), ValueError, r"step must be a divisor of high - low, 5; got 2\. high=5 has one"),
    ErrorCase("a step of nothing", lambda: Float(0, 1, step=0), ValueError, r"step must be finite and > 0; got 0"),
    ErrorCase("a step of nothing, whole", lambda: Int(0, 1, step=0), ValueError, r"step must be >= 1; got 0"),
    ErrorCase("a step on a log scale", lambda: Float(1, 2, log=True, step=0.5), ValueError, r"step must be left out where log is given; got 0\.5"),
    ErrorCase("a step on a log scale, whole", lambda: Int(1, 5, log=True, step=2), ValueError, r"step must be left out where log is given; got 2"),
    ErrorCase("a distribution by name", lambda: Float(0, 1, distribution="norm"), TypeError, r"distribution must be a distribution with ppf and cdf"),
    ErrorCase("a distribution elsewhere", lambda: Float(0, 1, distribution=stats.uniform(5, 1)), ValueError, r"distribution must be one with a chance in \[0, 1\]"),
    ErrorCase("a distribution on a log scale", lambda: Float(1, 2, log=True, distribution=stats.norm(1, 1)), ValueError, r"distribution must be left out where log is given"),
    ErrorCase("a distribution with steps", lambda: Float(0, 1, step=0.5, distribution=stats.norm(0, 1)), ValueError, r"step must be left out where distribution is given"),
    ErrorCase("no choices", lambda: Categorical([]), ValueError, r"choices must be not empty"),
    ErrorCase("choices in one word", lambda: Categorical("sgd"), TypeError, r"choices must be a list, or a mapping from choices to spaces; got 'sgd'"),
    ErrorCase("the same choice twice", lambda: Categorical(["a", "b", "a"]), ValueError, r"choices must be different from each other"),
    ErrorCase("a choice that is an object", lambda: Categorical([1, print]), TypeError, r"choices\[1\] must be text, a number, a bool or None; got <built-in function print>\. Name it"),
    ErrorCase("a choice of nan", lambda: Categorical([math.nan]), TypeError, r"choices\[0\] must be text, a number"),
    ErrorCase("parameters of another space", lambda: hpo.check_params(X, {"y": 1}), ValueError, r"params must be of x; got 'y'"),
    ErrorCase("parameters outside", lambda: hpo.check_params(X, {"x": 2.0}), ValueError, r"params\['x'\] must be in Float\(low=0\.0, high=1\.0"),
    ErrorCase("parameters in a list", lambda: hpo.check_params(X, [1]), TypeError, r"params must be a mapping"),
    ErrorCase("a seed for a generator", lambda: RandomSearch(X, 0), TypeError, r"rng must be a numpy\.random\.Generator; got 0"),
    ErrorCase("no generator", lambda: RandomSearch(X, None), TypeError, r"rng must be a numpy\.random\.Generator; got None"),
    ErrorCase("a seed for a sequence", lambda: hpo.QuasiRandom(X, rng=0), TypeError, r"rng must be a numpy\.random\.Generator"),
    ErrorCase("an unknown sequence", lambda: hpo.QuasiRandom(X, "sobl"), ValueError, r"kind must be one of 'sobol', 'halton'; got 'sobl'\. Did you mean 'sobol'"),
    ErrorCase("too many for Sobol'", lambda: hpo.QuasiRandom({f"x{i}": Float(0, 1) for i in range(65)}), ValueError, r"space must be of at most 64 parameters for Sobol'; got 65\. Take kind=\"halton\""),
    ErrorCase("no points of a grid", lambda: GridSearch(X, 0), ValueError, r"points must be >= 1; got 0"),
    ErrorCase("half a point", lambda: GridSearch(X, 2.5), TypeError, r"points must be an integer; got 2\.5"),
    ErrorCase("points of another parameter", lambda: GridSearch(X, {"y": 3}), ValueError, r"points must be one of 'x'; got 'y'"),
    ErrorCase("no points of one", lambda: GridSearch(X, {"x": 0}), ValueError, r"points\['x'\] must be >= 1; got 0"),
    ErrorCase("asked after the grid is used up", _used_up, hpo.Exhausted, r"ask must be called at most 3 times, once a combination of the grid; got 4"),
    ErrorCase("told a word", lambda: _tell("0.5"), TypeError, r"value must be a number; got '0\.5'"),
    ErrorCase("told nothing", lambda: _tell(None), TypeError, r"value must be a number; got None"),
    ErrorCase("told yes", lambda: _tell(True), TypeError, r"value must be a number; got True"),
    ErrorCase("told two numbers", lambda: _tell(np.ones(2)), TypeError, r"value must be a number; got ndarray"),
    ErrorCase("told a complex one", lambda: _tell(1j), TypeError, r"value must be a number; got 1j"),
    ErrorCase("pruned without a value", lambda: _tell(None, pruned=True), TypeError, r"value must be a number; got None"),
    ErrorCase("told twice", lambda: _twice(value=1.0), RuntimeError, r"trial must be told once; got 'complete 0'"),
    ErrorCase("told after it failed", lambda: _twice(error="lost"), RuntimeError, r"trial must be told once; got 'failed 0'"),
    ErrorCase("a foreign trial", _foreign, ValueError, r"trial must be one of this search's own, as ask\(\) gave it; got 0"),
    ErrorCase("a foreign trial of another number", _later, ValueError, r"trial must be one of this search's own, as ask\(\) gave it; got 2"),
    ErrorCase("a number for a trial", lambda: _random().tell(0, 1.0), TypeError, r"trial must be a Trial, as ask\(\) gave it; got 0"),
    ErrorCase("best of nothing", lambda: _random().best, RuntimeError, r"best must be asked for after a complete trial; got none"),
    ErrorCase("no objective", lambda: _minimize(0.5), TypeError, r"objective must be a function of params; got 0\.5"),
    ErrorCase("no search", lambda: _minimize(search=X), TypeError, r"search must be a Search; got .*Write RandomSearch"),
    ErrorCase("no trials", lambda: _minimize(n_trials=0), ValueError, r"n_trials must be >= 1; got 0"),
    ErrorCase("half a trial", lambda: _minimize(n_trials=1.5), TypeError, r"n_trials must be an integer; got 1\.5"),
    ErrorCase("an executor that is none", lambda: _minimize(executor=4), TypeError, r"executor must be None or an Executor of concurrent\.futures; got 4\. With Dask, client\.get_executor"),
    ErrorCase("an executor's class", lambda: _minimize(executor=ThreadPoolExecutor), TypeError, r"executor must be None or an Executor"),
    ErrorCase("none pending", lambda: _minimize(executor=ThreadPoolExecutor(1), pending=0), ValueError, r"pending must be >= 1; got 0"),
    ErrorCase("no time", lambda: _minimize(executor=ThreadPoolExecutor(1), timeout=0), ValueError, r"timeout must be finite and > 0; got 0"),
    ErrorCase("a time that nobody can keep", lambda: _minimize(timeout=1), ValueError, r"timeout must be None without an executor; got 1\. Pass ThreadPoolExecutor"),
    ErrorCase("a pruner that is none", lambda: _minimize(lambda p, report: 1, pruner=0.5), TypeError, r"pruner must be a function of trial and trials; got 0\.5"),
    ErrorCase("a pruner without reports", lambda: _minimize(pruner=lambda t, ts: True), TypeError, r"objective must be a function of params and report; got .*nothing to prune by"),
    ErrorCase("reports in processes", lambda: _pooled(lambda p, report: 1), TypeError, r"executor must be None or of threads, as ThreadPoolExecutor, where the objective reports"),
    ErrorCase("a lambda in processes", lambda: _pooled(lambda p: 1), TypeError, r"objective must be one that another process can import; got .*Define it at the top of a module"),
    ErrorCase("a journal that is open", lambda: _minimize(journal=3), TypeError, r"journal must be a path; got 3"),
    ErrorCase("a journal in no folder", lambda: _minimize(journal="/no/such/folder/j"), FileNotFoundError, r"journal must be a file that can be written, which /no/such/folder/j is not; got 'No such file or directory'"),
    ErrorCase("a folder for a journal", lambda: _minimize(journal="/"), IsADirectoryError, r"journal must be a file that can be written, which / is not"),
    ErrorCase("a device for a journal", lambda: _minimize(journal="/dev/null"), ValueError, r"journal must be a file on a disk; got '/dev/null'"),
    ErrorCase("a journal that cannot be written", lambda: _minimize(journal="/sys/no"), PermissionError, r"journal must be a file that can be written, which /sys/no is not"),
    ErrorCase("a foreign journal", lambda: _journal(b"dear diary\n"), ValueError, r"journal must be a new file or a journal of a search, which .* is not; got b'dear diary'\. Nothing was changed"),
    ErrorCase("a foreign line", lambda: _journal(b"dear diary"), ValueError, r"journal must be a new file or a journal of a search"),
    ErrorCase("another program's lines", lambda: _journal(b'{"format": "optuna"}\n'), ValueError, r"journal must be a new file or a journal of a search"),
]  # fmt: skip


def _searched(n: int = 20, objective: Any = lambda p: p["x"]) -> RandomSearch:
    search = _random()
    minimize(objective, search, n)
    return search


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


IMPORTANCE_ERRORS = [
    ErrorCase("too few trials", lambda: hpo.importances(_searched(9), _rng()), ValueError, r"search must be one with at least 10 complete trials; got 9"),
    ErrorCase("trials that are all equal", lambda: hpo.importances(_searched(20, lambda p: 1.0), _rng()), ValueError, r"search must be one whose trials differ; got 1\.0\. Equal values explain nothing"),
    ErrorCase("importances of a space", lambda: hpo.importances(X, _rng()), TypeError, r"search must be a Search; got "),
    ErrorCase("importances by a seed", lambda: hpo.importances(_searched(), 0), TypeError, r"rng must be a numpy\.random\.Generator; got 0"),
    ErrorCase("importances of another kind", lambda: hpo.importances(_searched(), _rng(), kind="fanva"), ValueError, r"kind must be one of 'fanova', 'permutation'; got 'fanva'\. Did you mean 'fanova'"),
    ErrorCase("a forest of nothing", lambda: hpo.importances(_searched(), _rng(), n_trees=0), ValueError, r"n_trees must be >= 1; got 0"),
    ErrorCase("a table of no rows", lambda: hpo.text_table(_searched(), 0), ValueError, r"rows must be >= 1; got 0"),
    ErrorCase("a table of a space", lambda: hpo.table(X), TypeError, r"search must be a Search; got "),
    ErrorCase("a picture of nothing", lambda: pictures.plot_search(_random(), ax=None), ValueError, r"search must be one with a complete trial; got 0"),
    ErrorCase("a picture of a list", lambda: pictures.plot_search([1], ax=None), TypeError, r"search must be a search with trials and parameters; got \[1\]"),
    ErrorCase("a slice of another parameter", lambda: pictures.plot_slice(_searched(), "lr", ax=None), ValueError, r"name must be one of x; got 'lr'"),
    ErrorCase("none of the best", lambda: pictures.plot_parallel(_searched(), ax=None, best=0), ValueError, r"best must be an integer >= 1; got 0"),
    ErrorCase("bars of nothing", lambda: pictures.plot_importances({}, ax=None), ValueError, r"shares must be a mapping from names to numbers, as importances gives; got \{\}"),
]  # fmt: skip
