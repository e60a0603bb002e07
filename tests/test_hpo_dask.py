"""Outgrowing one machine: the same call over Dask, two worker processes, and what dies there."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest
from hpo_driver import SPACE, value_of
from test_hpo_journal import killed

from dlcourse.scratch.hpo import Categorical, Float, GridSearch, Journal, RandomSearch, minimize

distributed = pytest.importorskip("distributed", reason="Dask is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # those of Dask are not ours


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def cluster():
    import dask

    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "host": "127.0.0.1"}
    limits = {
        "distributed.scheduler.allowed-failures": 1,
        "distributed.logging.distributed": "error",
    }
    with (
        dask.config.set(limits),
        distributed.LocalCluster(**settings, dashboard_address=None, silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def where(params):
    """Whether two workers are at work, and not this process."""
    time.sleep(0.05)
    return os.getpid()


def test_two_workers_try_the_trials_and_not_this_process(cluster):
    search = RandomSearch({"x": Float(0, 1)}, rng())
    minimize(where, search, 8, executor=cluster.get_executor())
    pids = {int(t.value) for t in search.trials}
    assert len(pids) == 2 and os.getpid() not in pids


def test_the_same_call_gives_the_same_search(cluster, tmp_path):
    search, here, again = (RandomSearch(SPACE, rng(seed)) for seed in (0, 0, 1))
    minimize(value_of, search, 30, executor=cluster.get_executor(), journal=tmp_path / "j")
    minimize(value_of, here, 30)
    Journal(tmp_path / "j", again).close()
    for found in (search, again):
        assert [(t.params, t.value) for t in found.trials] == [
            (t.params, t.value) for t in here.trials
        ]


def test_a_closure_goes_there_and_equal_parameters_are_two_trials(cluster, tmp_path):
    """Dask gives one result for two equal calls, unless they are told apart."""
    side = str(tmp_path / "side")

    def objective(params):
        file = os.open(side, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, b"x")
        os.close(file)
        return 1.0

    search = RandomSearch({"c": Categorical(["only"])}, rng())
    for _ in range(2):
        minimize(objective, search, 5, executor=cluster.get_executor())
    assert os.path.getsize(side) == 10


class Deadly:
    """Kills its worker: "once", or "always"; notes each start."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __call__(self, params):
        how = params["how"]
        started = os.path.join(self.folder, how)
        first = not os.path.exists(started)
        with open(started, "a") as file:
            file.write("x")
        if how == "always" or (how == "once" and first):
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "raises":
            raise OSError("no such file")
        return float(len(how))


def test_a_trial_whose_worker_died_is_tried_again_and_fails_at_last(cluster, tmp_path):
    space = {"how": Categorical(["fine", "once", "raises", "always", "well"])}
    search, again = GridSearch(space), GridSearch(space)
    executor = cluster.get_executor()
    minimize(Deadly(tmp_path), search, 5, executor=executor, journal=tmp_path / "j", pending=1)
    states = {t.params["how"]: (t.state, t.value) for t in search.trials}
    assert states == {
        "fine": ("complete", 4.0),
        "once": ("complete", 4.0),
        "raises": ("failed", None),
        "always": ("failed", None),
        "well": ("complete", 4.0),
    }
    assert "KilledWorker" in search.trials[3].error
    assert (tmp_path / "once").read_text() == "xx"
    assert (tmp_path / "always").read_text() == "xx", "as often as allowed-failures says"
    Journal(tmp_path / "j", again).close()
    assert {t.params["how"]: (t.state, t.value) for t in again.trials} == states


def test_a_driver_killed_over_dask_loses_nothing(cluster, tmp_path):
    address = cluster.scheduler.address
    assert killed(tmp_path, "torn", kills=10, n=100, address=address, seconds=0.08) == []


def reporting(params, report):
    report(1, 0.5)
    return 0.5


def test_reports_over_dask_are_refused_with_the_reason(cluster):
    with pytest.raises(TypeError, match="executor must be None or of threads"):
        minimize(reporting, RandomSearch(SPACE, rng()), 3, executor=cluster.get_executor())


def test_a_trial_too_late_is_a_failed_one(cluster):
    def objective(params):
        time.sleep(params["s"])
        return params["s"]

    search = GridSearch({"s": Categorical([0.0, 1.0, 0.01])})
    minimize(objective, search, 3, executor=cluster.get_executor(), timeout=0.5)
    assert [t.state for t in search.trials] == ["complete", "failed", "complete"]
