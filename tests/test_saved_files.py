"""A saved file is numbers only: what a stranger's file could run is not run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dlcourse.training import History, Trials
from dlcourse.training.history import FORMAT
from dlcourse.training.trials import FORMAT as TRIALS


class Trap:
    """What unpickling would do."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(("kind", "form"), [(History, FORMAT), (Trials, TRIALS)])
def test_a_file_with_code_in_it_is_refused_and_the_code_stays_asleep(
    kind: type, form: str, tmp_path: Path
) -> None:
    woken, path = tmp_path / "woken", tmp_path / "file.npz"
    meta = json.dumps({"format": form, "wall_seconds": 1.0, "axes": [["seed", [0]]]})
    name = "loss" if kind is History else "value loss"
    np.savez(path, __meta__=np.array(meta), **{name: np.array([Trap(woken)], object)})
    with pytest.raises(ValueError, match=r"path must be .* saved by dlcourse"):
        kind.load(path)
    assert not woken.exists()
    with np.load(path, allow_pickle=True) as file:  # the trap is one
        file[name]
    assert woken.exists()


def test_a_history_without_columns_says_so() -> None:
    with pytest.raises(KeyError, match="column must be one of: none yet; got 'loss'"):
        History()["loss"]
    history = History()
    history.append({"loss": 1.0})
    with pytest.raises(KeyError, match="column must be one of: loss; got 'accuracy'"):
        history["accuracy"]
