"""Training as a fair comparison: every setting of every method on the same seeds and batches."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.training.batches import look_at_last
from dlcourse.training.grid import Grid, is_list, make_grid, names_of
from dlcourse.training.loop import Epoch, as_numpy, checked_data, evaluate, fit
from dlcourse.training.runs import BLOCK, Block, by_method, run_grid, takes
from dlcourse.training.trials import Trials

FITTED = ("epochs", "batch_size", "max_norm", "accumulate")  # settings that fit reads
Metrics = Mapping[str, Any]


def sweep(
    build: Any,
    loss: Any,
    train: Any,
    val: Any = None,
    test: Any = None,
    *,
    epochs: Any,
    batch_size: Any,
    seeds: int | Sequence[Any] = 10,
    measure: Callable[[Epoch], Metrics] | None = None,
    curves: bool | Sequence[int] = False,
    walked: Collection[str] = (),
    block: int = BLOCK,
    progress: bool = True,
    last: str = "refuse",
    **settings: Any,
) -> Trials:
    """Train on every setting and seed, as ``fit`` does, and measure on the three sets.

    Parameters
    ----------
    build : a pair ``(model, optimizer)`` of functions, called as ``model(rng, runs=runs)`` and
        ``optimizer(theta)`` with those settings that each names; or a function ``build(rng, runs,
        **settings)`` that returns the two; or {method: either}. A swept number comes as a column
        (runs, 1); ``epochs`` and ``batch_size`` come where they are named
    loss : as in ``fit``
    train, val, test : (x, y), or a list of pairs, one a seed
    epochs, batch_size : and ``max_norm``, ``accumulate``: as in ``fit``; they too may be swept,
        and come first among the axes in this order
    seeds, walked, block, progress, settings : as in ``try_all``
    measure : function of the ``Epoch`` that returns further metrics {name: (runs,)}; a name begins
        with the set that was looked at
    curves : measure after every epoch, or after those named and wherever a training ends, not
        only after its own last
    last : as in ``steps``; refused by default, since no comparison should hang on a few samples

    Returns
    -------
    Trials with ``train_loss`` and ``grad_norm``, the means over the last epoch, always with
    curves; ``val_loss``, ``test_loss`` and, for integer labels, ``…_accuracy``. A run that
    diverges is nan in all of them.

    Notes
    -----
    A seed's generator draws first what ``build`` draws and then the batches. Where builds draw
    differently, as networks of two widths do, the batches are those that the first one left.
    """
    named = {method: _joined(one) for method, one in by_method("build", build).items()}
    fitted = {"epochs": epochs, "batch_size": batch_size}
    fitted |= {name: settings.pop(name) for name in FITTED if name in settings}
    walked = [*names_of(walked), *fitted]
    grid = make_grid(named, seeds, fitted | settings, walked)
    looks = _looks(curves, grid)
    n = len(grid.seeds)
    sets = {"train": _each("train", train, n), "val": _each("val", val, n)}
    sets["test"] = _each("test", test, n)
    _look_at_last(last, grid, sets["train"])
    batches: dict[int, Any] = {}
    tries = {}
    for method, one in named.items():
        given = [name for name in (*grid.fixed[method], *grid.axes) if name not in fitted]
        wishes = takes("build", one, given, also=fitted)
        tries[method] = _Training(one, wishes, loss, sets, measure, looks, batches)
    alike: dict[Any, list[int]] = {}
    for seed in range(n):
        alike.setdefault(tuple(id(each[seed]) for each in sets.values()), []).append(seed)
    return run_grid(grid, tries, [*alike.values()], block, progress)


@dataclass(frozen=True)
class _Training:
    """``fit`` of one method's models, and what is measured on them."""

    build: Any
    wishes: set[str]  # the settings of fit that build wants to know
    loss: Any
    sets: Mapping[str, list[Any]]
    measure: Callable[[Epoch], Metrics] | None
    looks: Collection[int]  # the epochs after which is measured; after the last one always
    batches: dict[int, Any]  # by seed, the generator's state after the first build of all

    def __call__(self, block: Block, given: dict[str, Any]) -> Metrics:
        fitted = {name: given.pop(name) for name in FITTED if name in given}
        given |= {name: fitted[name] for name in self.wishes}
        model, optimizer = self._built(block, given)
        train, *held_out = (each[block.seeds[0]] for each in self.sets.values())
        last = fitted["epochs"]
        measured: dict[int, dict[str, Array]] = {}

        def note(epoch: Epoch) -> None:
            block.advance(block.runs / last)
            now = epoch.epoch + 1
            if now in self.looks or now == last:
                measured[now] = self._measured(epoch, *held_out)

        plan: Any = {"rng": block.rng, "callbacks": [note], "progress": False, **fitted}
        plan |= {"nonfinite": "freeze", "last": "use"}  # sweep has looked at all of them
        history = fit(model, optimizer, self.loss, train, **plan)
        found: dict[str, Array] = {name: column.T for name, column in history.items()}
        for name, values in measured[last].items():
            found[name] = values
            if self.looks:
                found[name] = np.full((block.runs, last), np.nan)
                for now, row in measured.items():
                    found[name][:, now - 1] = row[name]
        return found

    def _measured(self, epoch: Epoch, val: Any, test: Any) -> dict[str, Array]:
        """The three sets' metrics, nan for the runs that have diverged."""
        found: dict[str, Any] = {}
        lost = np.isnan(epoch.history["train_loss"][-1])
        for name, data in {"val": val, "test": test}.items():
            if data is not None:
                now = evaluate(epoch.model, self.loss, data)
                found |= {f"{name}_{metric}": value for metric, value in now.items()}
                lost = lost | ~np.isfinite(now["loss"])
        if self.measure is not None:
            found |= _further(self.measure(epoch), {*epoch.history, *found}, lost.shape)
        return {name: np.where(lost, np.nan, value) for name, value in found.items()}

    def _built(self, block: Block, given: Mapping[str, Any]) -> tuple[Any, Any]:
        """The model and its optimizer, with every generator where the first build left it."""
        before = [_state(g) for g in block.rng]
        made = self.build(block.rng, block.runs, **given)
        if not isinstance(made, tuple | list) or len(made) != 2:
            checks.fail(
                "build", "a function that returns (model, optimizer)", made, error=TypeError
            )
        model, optimizer = made
        held = getattr(model, "runs", None)
        if held != block.runs:
            fix = "Pass it on, as in MLP(sizes, rng, runs=runs)."
            checks.fail("build", f"a function whose model has the {block.runs} runs", held, fix)
        drawn = [_state(g) != state for g, state in zip(block.rng, before, strict=True)]
        weights = as_numpy(model.theta)[: len(set(block.seeds))]
        if any(drawn) != all(drawn):
            fix = "A run that draws with another's generator is no run of its own seed."
            checks.fail("build", "a function that gives every run its generator", sum(drawn), fix)
        if not all(drawn) and (weights != weights[0]).any():
            fix = "Weights from another generator would not be the same for every method."
            checks.fail("build", "a function that draws its weights from rng", type(model), fix)
        for seed, g in zip(block.seeds, block.rng, strict=True):
            g.bit_generator.state = self.batches.setdefault(seed, _state(g))
        return model, optimizer


def _tried(grid: Grid, method: str, name: str, default: Any = None) -> Sequence[Any]:
    """The values of a setting of ``fit`` that a method is tried with."""
    return grid.axes.get(name, {}).get(method) or [grid.fixed[method].get(name, default)]


def _look_at_last(last: str, grid: Grid, pairs: list[Any]) -> None:
    """Look at the last batch that every training will have, before the first one begins."""
    lengths = {len(checked_data("data", pair)[0]) for pair in pairs}
    plans: dict[tuple[int, int, int], None] = {}  # in the order of the grid, each once
    for method in grid.methods:
        for size, k in product(
            _tried(grid, method, "batch_size"), _tried(grid, method, "accumulate", 1)
        ):
            checks.integer("batch_size", size, 1)
            checks.integer("accumulate", k, 1)
            plans |= dict.fromkeys((n, size, k) for n in lengths)
    for plan in plans:
        look_at_last(last, *plan, stacklevel=4)


def _looks(curves: Any, grid: Grid) -> Collection[int]:
    """The epochs after which is measured, as ``curves`` tells of them."""
    lengths = [n for one in grid.methods for n in _tried(grid, one, "epochs")]
    longest = max(checks.integer("epochs", n, 1) for n in lengths)
    if isinstance(curves, bool):
        return range(1, longest + 1) if curves else ()
    if not is_list(curves) or not len(curves):
        checks.fail("curves", "True, False or a list of epochs", curves, error=TypeError)
    if max(checks.integer("curves", now, 1) for now in curves) > longest:
        checks.fail("curves", f"epochs of the {longest} that are trained", curves)
    return {*map(int, curves), *lengths}  # where one training ends all are compared


def _further(found: Any, taken: set[str], shape: tuple[int, ...]) -> Metrics:
    """What ``measure`` has found: metrics of its own, one number a run."""
    if not isinstance(found, Mapping):
        checks.fail("what measure returns", "a mapping {metric: array}", found, error=TypeError)
    further = {name: as_numpy(value) for name, value in found.items()}
    for name, value in further.items():
        if name in taken:
            checks.fail("measure", f"of other metrics than {', '.join(sorted(taken))}", name)
        if value.shape != shape or value.dtype.kind not in "biuf":
            checks.fail(name, f"numbers {shape}, one a run", value)
    return further


def _joined(build: Any) -> Any:
    """A pair of makers as one function of all that either of them names."""
    if not isinstance(build, tuple):
        return build
    if len(build) != 2 or not all(map(callable, build)):
        checks.fail("build", "a function, or a pair (model, optimizer) of them", build)
    model, optimizer = build
    _takes("build[0]", model, "rng", "runs")
    _takes("build[1]", optimizer, "theta")
    of_model, of_optimizer = (_named(maker) for maker in build)
    of_model.pop("runs", None)

    def joined(rng: Any, runs: int, **given: Any) -> tuple[Any, Any]:
        given |= {"rng": rng, "runs": runs}
        net = model(rng, runs=runs, **{k: v for k, v in given.items() if k in of_model})
        return net, optimizer(net.theta, **{k: v for k, v in given.items() if k in of_optimizer})

    told: Any = joined
    ends = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in ("rng", "runs")]
    either = {n: p.replace(kind=p.KEYWORD_ONLY) for n, p in (of_optimizer | of_model).items()}
    told.__signature__ = inspect.Signature(
        [*ends, *(p for n, p in either.items() if n not in ("rng", "runs"))]
    )
    return told


def _takes(name: str, maker: Any, first: str, *others: str) -> None:
    try:
        inspect.signature(maker).bind_partial(None, **dict.fromkeys(others))
    except TypeError as error:
        wanted = f"a function of {' and '.join((first, *others))}"
        checks.fail(name, wanted, str(error), error=TypeError)


def _named(maker: Any) -> dict[str, inspect.Parameter]:
    """The parameters that a setting can name: all but the first, which is rng or theta."""
    _, *others = inspect.signature(maker).parameters.values()
    return {p.name: p for p in others if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}


def _state(generator: np.random.Generator) -> Any:
    return generator.bit_generator.state


def _each(name: str, data: Any, seeds: int) -> list[Any]:
    """The data of every seed: the pair given, or one of a list of pairs."""
    pairs = isinstance(data, list) and all(isinstance(d, tuple | list) for d in data)
    if pairs and len(data) != seeds:
        checks.fail(name, f"a pair (x, y), or {seeds} pairs, one a seed", f"{len(data)} pairs")
    return data if pairs else [data] * seeds
