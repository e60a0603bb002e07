"""A history keeps its columns, counts its clocks, and is saved whole or not at all."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import History, fit


def toy(n: int = 10, runs: int | None = None) -> tuple[MLP, tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    return MLP([3, 4, 2], rng, runs=runs), (rng.standard_normal((n, 3)), rng.integers(0, 2, n))


def test_a_history_comes_back_equal_and_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    model, data = MLP([3, 4, 2], rng, runs=5), (rng.normal(size=(9, 3)), rng.integers(0, 2, 9))
    settings = {"epochs": 2, "batch_size": 4, "rng": rng, "progress": False}
    history = fit(model, SGD(model.theta), SoftmaxCrossEntropy(), data, data, **settings)
    history.save(tmp_path / "h.npz")
    again = History.load(tmp_path / "h.npz")
    assert list(again) == list(history)
    assert again.wall_seconds == history.wall_seconds > 0
    for name in history:
        np.testing.assert_array_equal(again[name], history[name])
    assert [p.name for p in tmp_path.iterdir()] == ["h.npz"]


def test_a_history_counts_the_seconds_of_every_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count()
    monkeypatch.setattr("dlcourse.training.history.time.perf_counter", lambda: float(next(ticks)))
    history = History()
    with history.clock():
        next(ticks)
    with pytest.raises(OSError, match="torn"), history.clock():
        raise OSError("torn")
    assert history.wall_seconds == 3.0


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "h.npz"
    history = History()
    history.append({"loss": 1.0})
    history.save(path)
    before = path.read_bytes()

    def broken(file: object, **columns: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", broken)
    with pytest.raises(OSError, match="disk full"):
        history.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["h.npz"]


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_any_other_file_is_no_history(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(ValueError, match="path must be a history saved by dlcourse"):
        History.load(tmp_path / "x.npz")


def test_columns_stay_the_same_over_epochs() -> None:
    history = History()
    history.append({"a": 1.0})
    with pytest.raises(ValueError, match=r"row must be of the columns \['a'\]; got \['b'\]"):
        history.append({"b": 1.0})
