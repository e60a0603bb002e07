"""The training loop of both rooms: ``steps`` is the primitive, ``fit`` keeps a history.

Nothing here knows NumPy from PyTorch beyond indexing: a scratch model with NumPy data and a
reference model with tensors train through the same lines. Runs lie on the leading axis of
``model.theta``; every run has its own shuffle, drawn from its own generator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators
from dlcourse.training.batches import Shuffles, look_at_last
from dlcourse.training.history import History
from dlcourse.training.progress import bar

Data = tuple[Any, Any]
CACHE_BYTES = 4 << 20
"""What one block of runs may occupy on its way forward and backward: a share of the last-level
cache. Smaller blocks pay Python's overhead more often; without any, many runs leave the cache."""


class Step(NamedTuple):
    """One update: ``t`` from 1, ``epoch`` from 0; ``loss`` and ``grad_norm`` are from before it."""

    t: int
    epoch: int
    loss: Array
    grad_norm: Array
    samples: int


@dataclass(frozen=True)
class Epoch:
    """What a callback sees after an epoch; returning True ends the training."""

    epoch: int
    t: int
    model: Any
    optimizer: Any
    history: History


def steps(
    model: Any,
    optimizer: Any,
    loss: Any,
    data: Data,
    *,
    epochs: int,
    batch_size: int,
    rng: Generators,
    runs: int | None = None,
    accumulate: int = 1,
    max_norm: float | None = None,
    nonfinite: str = "raise",
    last: str = "warn",
) -> Iterator[Step]:
    """Train, one yield an update; the last, shorter batch of an epoch is used too.

    Parameters
    ----------
    model, optimizer, loss : of one room; the optimizer holds ``model.theta``
    data : (x, y) with the samples on the first axis, shared by all runs
    epochs, batch_size : int >= 1
    rng : Generator, or one a run; runs given the same Generator object see the same batches
    runs : None, or the number of runs the caller expects the model to have
    accumulate : batches whose gradients are averaged, sample by sample, into one update
    max_norm : None, or the norm to which the gradient of each run is clipped before the update
    nonfinite : "raise", or "freeze": a run whose loss is not finite reports nan from then on
    last : "warn", "refuse" or "use" a last update of fewer samples than a quarter of the others.
        It moves the weights at the full rate all the same: one image left over has spoiled whole
        trainings, as the lessons *minibatch* and *batch-size* measure. Hence the warning by default

    Raises
    ------
    FloatingPointError when a loss is not finite and ``nonfinite`` is "raise"; nothing is updated.
    """
    x, _ = data = checked_data("data", data)
    checks.integer("epochs", epochs, 1)
    checks.integer("batch_size", batch_size, 1)
    checks.integer("accumulate", accumulate, 1)
    checks.choice("nonfinite", nonfinite, ("raise", "freeze"))
    if max_norm is not None:
        checks.scalar("max_norm", max_norm, low_open=True)
    if not any(p is model.theta for p in getattr(optimizer, "params", ())):
        fix = "Build it with model.theta."
        checks.fail("optimizer", "the optimizer of this model", type(optimizer).__name__, fix)
    if runs is not None and runs != (model.runs or 1):
        checks.fail("runs", f"{model.runs or 1}, the runs the model holds", runs)
    shuffles = Shuffles(rng, model.runs, len(x), batch_size, accumulate)
    look_at_last(last, len(x), batch_size, accumulate)
    return _steps(model, optimizer, loss, data, epochs, shuffles, max_norm, nonfinite)


def _steps(
    model: Any,
    optimizer: Any,
    loss: Any,
    data: Data,
    epochs: int,
    shuffles: Shuffles,
    max_norm: float | None,
    nonfinite: str,
) -> Iterator[Step]:
    parts = _parts(model, data[0], min(shuffles.size, shuffles.n))
    frozen = np.zeros(() if model.runs is None else model.runs, dtype=bool)
    t = 0
    for epoch in range(epochs):
        shuffles.draw()
        for start in shuffles.starts:
            t += 1
            state = {name: a + 0 for name, a in model.buffers.items()}  # a forward pass moves it
            with np.errstate(**_QUIET) if nonfinite == "freeze" else nullcontext():
                values = [
                    _gradient(part, loss, data, shuffles.batches(start, rows))
                    for rows, part in parts
                ]
                value = values[0] if len(parts) == 1 else np.concatenate(values)
                checks.shaped("loss", value, frozen.shape, "SequenceCrossEntropy is for sequences.")
                norm = as_numpy(model.grad_norm())
                sound = np.isfinite(value) & np.isfinite(norm)
                if nonfinite == "raise" and not sound.all():
                    _restore(model, state, np.ones_like(frozen))
                    _report_divergence(t, value, ~sound, optimizer.lr)
                frozen |= ~sound
                if frozen.any():
                    _restore(model, state, frozen)
                    model.grad[_like(model.grad, frozen)] = 0.0
                    value, norm = np.where(frozen, np.nan, value), np.where(frozen, np.nan, norm)
                if max_norm is not None:
                    model.grad *= (max_norm / (model.grad_norm() + 1e-6)).clip(max=1.0)[..., None]
                optimizer.step(model.grad)
            yield Step(t, epoch, value, norm, min(shuffles.update, shuffles.n - start))


def _gradient(part: Any, loss: Any, data: Data, batches: list[Array]) -> Array:
    """Write ``part.grad`` for one update, the mean over the samples of all batches; the loss."""
    x, y = data
    if len(batches) == 1:
        value = loss.forward(part.forward(x[batches[0]], True), y[batches[0]])
        part.backward(loss.backward(), input_grad=False)
        return as_numpy(value)
    samples = sum(batch.shape[-1] for batch in batches)
    value, total = 0.0, 0.0
    for batch in batches:
        share = batch.shape[-1] / samples
        value = value + share * _gradient(part, loss, data, [batch])
        total = total + share * part.grad
    part.grad[...] = total
    return np.asarray(value)


_QUIET: Any = {"over": "ignore", "invalid": "ignore"}


def fit(
    model: Any,
    optimizer: Any,
    loss: Any,
    train: Data,
    val: Data | None = None,
    *,
    epochs: int,
    batch_size: int,
    rng: Generators,
    runs: int | None = None,
    accumulate: int = 1,
    max_norm: float | None = None,
    callbacks: Sequence[Callable[[Epoch], Any]] = (),
    progress: bool = True,
    nonfinite: str = "raise",
    last: str = "warn",
) -> History:
    """Train for some epochs and return what happened.

    Parameters
    ----------
    train, val : (x, y); without ``val`` the columns of it are missing
    callbacks : called with an ``Epoch`` after each epoch; one that returns True ends the training
    progress : show a bar on a terminal or in a notebook; it leaves nothing behind
    others : as in ``steps``

    Returns
    -------
    History with the columns ``train_loss`` (mean over the batches of the epoch, before each
    update), ``grad_norm`` (likewise), ``val_loss`` and, for integer labels, ``val_accuracy``:
    arrays ``(epochs,)`` or ``(epochs, runs)``; and with ``wall_seconds``.
    """
    if val is not None:
        val = checked_data("val", val)
    if not isinstance(callbacks, Sequence) or not all(map(callable, callbacks)):
        checks.fail("callbacks", "a sequence of functions of an Epoch", callbacks, error=TypeError)
    history = History()
    plan: Any = {"epochs": epochs, "batch_size": batch_size, "rng": rng, "runs": runs}
    plan |= {"accumulate": accumulate, "max_norm": max_norm, "nonfinite": nonfinite}
    made = steps(model, optimizer, loss, train, **plan, last="use")
    look_at_last(last, len(train[0]), batch_size, accumulate)
    per_epoch = -(-len(train[0]) // (batch_size * accumulate))
    with bar(epochs * per_epoch, progress, unit="step") as advance, history.clock():
        for epoch in range(epochs):
            seen = [next(made) for _ in range(per_epoch)]
            advance(per_epoch)
            weights = [step.samples for step in seen]
            row = {"train_loss": np.average([s.loss for s in seen], axis=0, weights=weights)}
            row["grad_norm"] = np.average([s.grad_norm for s in seen], axis=0, weights=weights)
            if val is not None:
                row |= {f"val_{k}": v for k, v in evaluate(model, loss, val).items()}
                row |= {k: np.where(np.isnan(row["train_loss"]), np.nan, v) for k, v in row.items()}
            history.append(row)
            state = Epoch(epoch, seen[-1].t, model, optimizer, history)
            wishes = [callback(state) for callback in callbacks]  # every callback sees every epoch
            if any(isinstance(wish, bool | np.bool_) and wish for wish in wishes):
                break
    return history


def evaluate(model: Any, loss: Any, data: Data) -> dict[str, Array]:
    """``loss`` and, for integer labels, ``accuracy`` on a whole data set: one number a run."""
    x, y = checked_data("data", data)
    found: dict[str, list[Array]] = {}
    for _, part in _parts(model, x, -(-len(x) // 4)):  # a forward pass alone holds a quarter
        with np.errstate(**_QUIET):
            out = part.forward(x, False)
            found.setdefault("loss", []).append(as_numpy(loss.forward(out, y)))
        if as_numpy(y[:1]).dtype.kind in "iu":
            lead = () if model.runs is None else (len(out),)  # samples may be places of sequences
            right = as_numpy(out.argmax(-1) == y).reshape(*lead, -1).mean(-1)
            found.setdefault("accuracy", []).append(right)
    return {k: v[0] if model.runs is None else np.concatenate(v) for k, v in found.items()}


def as_numpy(a: Any) -> Array:
    """A NumPy array of an array or of a tensor on any device."""
    return np.asarray(a.detach().cpu() if hasattr(a, "detach") else a)


def _parts(model: Any, x: Any, batch_size: int) -> list[tuple[slice, Any]]:
    """The model in blocks of runs that stay in the cache through forward and backward."""
    if model.runs is None or not hasattr(model, "rows"):
        return [(slice(None), model)]
    item = model.theta.itemsize
    widths = int(np.prod(x.shape[1:])) + sum(shape[0] for shape in model.shapes.values())
    a_run = (2 * model.theta.shape[-1] + 4 * batch_size * widths) * item
    size = int(max(CACHE_BYTES // a_run, 1))
    groups = [slice(i, min(i + size, model.runs)) for i in range(0, model.runs, size)]
    return [(rows, model.rows(rows)) for rows in groups]


def _restore(model: Any, state: dict[str, Any], runs: Array) -> None:
    """The buffers of these runs as they were before the step that is not taken."""
    for name, a in model.buffers.items():
        mask = _like(a, runs)
        a[mask] = state[name][mask]


def _like(array: Any, mask: Array) -> Any:
    """A mask over runs as an index into a NumPy array or a tensor."""
    return mask if isinstance(array, np.ndarray) else array.new_tensor(mask, dtype=bool)


def checked_data(name: str, data: Any) -> Data:
    """The pair (x, y), if it is one of at least one sample."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        checks.fail(name, "a pair (x, y)", data, error=TypeError)
    x, y = data
    for part, a in (("x", x), ("y", y)):
        if not hasattr(a, "shape"):
            checks.fail(f"{name}: {part}", "an array", a, error=TypeError)
    if len(x) != len(y) or not len(x):
        checks.fail(name, "as many targets as samples, at least one", (len(x), len(y)))
    return x, y


def _report_divergence(t: int, value: Array, lost: Array, lr: Any) -> None:
    where = "" if value.ndim == 0 else f" in run {int(np.flatnonzero(lost)[0])}"
    rate = lr(t - 1) if callable(lr) else lr
    rate = float(rate if np.ndim(rate) == 0 else np.ravel(rate)[np.flatnonzero(lost)[0]])
    worst = value[lost].flat[0] if value.ndim else value
    wanted = f"finite with a finite gradient at step {t}{where}, lr {rate:g}"
    fix = "Try a smaller learning rate, or nonfinite='freeze' to let the other runs go on."
    checks.fail("loss", wanted, float(worst), fix, FloatingPointError)
