"""A fit of hyper-parameters may go as far as it likes within its box, and no box may be wider."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dlcourse.reference.hpo import kernels as theirs
from dlcourse.scratch.hpo import Float
from dlcourse.scratch.hpo import gaussian_process as room
from dlcourse.scratch.hpo import kernels as ours
from dlcourse.scratch.hpo.kernels import Matern52
from dlcourse.scratch.hpo.search import Search


def likelihoods_in_the_corners(shortest: float) -> list[float]:
    """Of points that share coordinates, as those of whole numbers and choices do."""
    X, found = np.random.default_rng(0).integers(0, 3, (26, 3)) / 3 + 0.1, []
    lengths = [(shortest, 0.0, room.REACH)] * 3
    for theta in itertools.product(*lengths, (-room.REACH, room.REACH), (room.QUIET,)):
        told = room.with_logs(Matern52([1.0] * 3), np.array(theta))
        found.append(room.log_marginal_likelihood(*told, X, X[:, 0])[0])
    return found


def test_a_fit_may_go_into_every_corner() -> None:
    assert np.isfinite(likelihoods_in_the_corners(-room.REACH)).all()
    with pytest.raises(ValueError, match="positive definite"):
        likelihoods_in_the_corners(room.QUIET)


def test_what_a_subclass_must_write_is_named() -> None:
    """In the words of all other rooms, of both kernels and of a search."""
    for kernels in (ours, theirs):
        with pytest.raises(TypeError, match=r"^profile must be written by the subclass Kernel\.$"):
            kernels.Kernel().profile(np.ones(1))
    search = Search({"lr": Float(0, 1)}, np.random.default_rng(0))
    with pytest.raises(TypeError, match=r"^suggest must be written by the subclass Search\.$"):
        search.ask()
    assert not search.trials
