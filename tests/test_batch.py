"""Grading many: fair seeds, no answer that costs another, and no verdict where a machine fails."""

import argparse
import importlib
import json
import multiprocessing
import os
import sys
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import pytest
from cohort import HOSTILE, cohort, right, wrong
from tools_available import need

from dlcourse.__main__ import main
from dlcourse.grading import batch
from dlcourse.grading import command as commands
from dlcourse.grading.bank import exercises
from dlcourse.grading.batch import Task, Ungraded, grade, grade_one
from dlcourse.grading.results import RESULTS
from dlcourse.grading.sandbox import Limits
from dlcourse.grading.submissions import Answer

IDS = ["sgd", "clipping", "momentum"]
SECRET = b"the secret of this cohort"


@pytest.fixture(autouse=True)
def _bubblewrap():
    need("bubblewrap")


def task(student, **sources):
    return Task(student, {id: Answer(text, "a.ipynb") for id, text in sources.items()}, SECRET)


def without_time(records):
    """What has to be the same wherever and whenever it is graded."""
    return sorted(
        ({k: v for k, v in r.items() if k != "seconds"} for r in records),
        key=lambda r: (r["student"], r["exercise"]),
    )


# One student


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_answer_costs_only_that_exercise(hostile):
    first, second, third = IDS
    text = hostile.format(entry=exercises()[second].entry)
    answers = {first: right(first), second: text, third: right(third)}
    handed = Task("anna", {id: Answer(text, "a") for id, text in answers.items()}, SECRET)
    records = grade_one(handed)
    assert [r["points"] for r in records] == [100, 0, 100]
    json.dumps(records, ensure_ascii=True).encode("ascii")


def test_an_empty_cell_is_not_attempted():
    assert grade_one(task("anna", sgd=" \n\n"))[0]["status"] == "not attempted"


def test_what_an_answer_prints_is_kept_up_to_the_limit_of_the_task():
    handed = task("anna", sgd=right("sgd") + "print('hello')\n")
    (record,) = grade_one(replace(handed, limits=Limits(output=3)))
    assert (record["printed"], record["points"]) == ("hel", 100)


def test_where_the_judge_stumbles_the_other_exercises_keep_their_marks(monkeypatch):
    judge = batch.judge_subject

    def stumbling(exercise, *rest):
        if exercise.id == "sgd":
            raise KeyError("a hole in our defenses")
        return judge(exercise, *rest)

    monkeypatch.setattr(batch, "judge_subject", stumbling)
    odd, fine = grade_one(task("anna", sgd=right("sgd"), clipping=right("clipping")))
    assert (odd["points"], odd["cause"], fine["points"]) == (0, "grader", 100)
    assert "look at it yourself" in odd["flags"][0] and fine["flags"] == []


@pytest.mark.parametrize("error", [MemoryError("here"), OSError(24, "Too many open files")])
def test_a_grader_that_fails_gives_no_verdict(error, monkeypatch):
    calls = []

    def failing(*args):
        calls.append(args)
        raise error

    monkeypatch.setattr(batch, "judge_subject", failing)
    monkeypatch.setattr(batch.time, "sleep", lambda seconds: None)
    with pytest.raises(Ungraded, match="sgd"):
        grade_one(task("anna", sgd=right("sgd")))
    assert len(calls) == batch.ATTEMPTS


# Many


def many():
    tasks = []
    for number in range(4):
        answers = {"sgd": right("sgd") if number % 2 else wrong("sgd"), "clipping": HOSTILE[0]}
        answers["clipping"] = answers["clipping"].format(entry=exercises()["clipping"].entry)
        found = {id: Answer(text, "a.ipynb") for id, text in answers.items()}
        tasks.append(Task(f"s{number}", found, SECRET))
    return tasks


def graded(executor, at_once=4):
    found = list(grade(many(), executor, at_once))
    assert all(not isinstance(outcome, Ungraded) for _, outcome in found), found
    return without_time(record for _, outcome in found for record in outcome)


@pytest.fixture(scope="module")
def expected():
    """The records by threads."""
    stdout = sys.stdout
    with ThreadPoolExecutor(4) as pool:
        found = graded(pool)
    assert sys.stdout is stdout, "threads must not share a redirected stdout"
    assert [r["points"] for r in found] == [0, 0, 0, 100, 0, 0, 0, 100]
    assert found[1]["hint_id"] is not None
    return found


def test_processes_give_the_same_records_as_threads(expected):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert graded(pool) == expected


@pytest.mark.filterwarnings("ignore")  # those of Dask are not ours
def test_through_a_dask_cluster_the_command_gives_the_same_records(tmp_path):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        assert len({w["pid"] for w in client.run(_pid).values()} - {os.getpid()}) == 2
        folder = cohort(tmp_path / "in", 3, IDS[:2], share_right=0.3)
        words = ["grade", str(folder), "--exercises", *IDS[:2], "--out"]
        assert main([*words, str(tmp_path / "dask"), "--dask", client.scheduler.address]) == 0
    key = str(tmp_path / "dask/seed.key")
    assert main([*words, str(tmp_path / "here"), "--seed-file", key]) == 0
    records = [without_time(lines_of(tmp_path / name)) for name in ("dask", "here")]
    assert records[0] == records[1] and {r["points"] for r in records[0]} == {0, 100}
    for name in ("grades.csv", "class.html"):
        assert (tmp_path / "dask" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def lines_of(out):
    return [json.loads(line) for line in (out / RESULTS).read_text().splitlines()]


def _pid():
    return {"pid": os.getpid()}


# What is wrong with a cluster: the workers it has, what they say is their version, what is said.
CLUSTERS = {
    "no workers": (0, batch.version, "with workers; got 'tcp://"),
    "another version": (1, lambda: f"that of {threading.get_ident()}", "this version of dlcourse"),
    "no dlcourse": (1, lambda: importlib.import_module("no_dlcourse"), "dlcourse installed; got"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CLUSTERS)
def test_a_cluster_that_cannot_grade_is_refused_with_the_reason(name, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    workers, version, said = CLUSTERS[name]
    monkeypatch.setattr(batch, "version", version)
    monkeypatch.setattr(commands, "WORKER_SECONDS", 2)
    settings = {"host": "127.0.0.1", "dashboard_address": None, "protocol": "tcp"}
    with distributed.LocalCluster(n_workers=workers, processes=False, **settings) as cluster:
        arguments = argparse.Namespace(dask=cluster.scheduler_address)
        with pytest.raises(ValueError, match=said), commands._executor(arguments):
            pass


class Fake(Executor):
    """Hands out futures, the first ``done`` of them with a result at once."""

    def __init__(self, done=9):
        self.done, self.futures = done, []

    def submit(self, function, task):
        self.futures.append(future := Future())
        if len(self.futures) <= self.done:
            future.set_result([])
        return future


@pytest.mark.parametrize("at_once", [1, 3])
def test_as_many_tasks_are_under_way_as_asked_for(at_once):
    pool = Fake()
    yielded = enumerate(grade(many(), pool, at_once))
    assert max(len(pool.futures) - number for number, _ in yielded) == at_once
    assert len(pool.futures) == len(many())


def test_a_result_does_not_wait_for_the_others():
    pool = Fake(done=1)
    late = threading.Timer(3.0, lambda: [f.set_result([]) for f in pool.futures[1:]])
    late.start()
    next(grade(many(), pool, 4))
    assert [future.done() for future in pool.futures] == [True, False, False, False]
    late.cancel()


def test_a_worker_that_dies_loses_no_other_result():
    class Dying(Executor):
        """Gives one verdict; then its workers are gone."""

        count = 0

        def submit(self, function, task):
            self.count += 1
            if self.count > 2:
                raise RuntimeError("cannot schedule new futures")
            future = Future()
            if self.count == 1:
                future.set_result([])
            else:
                future.set_exception(RuntimeError("a child process terminated abruptly"))
            return future

    outcomes = [outcome for _, outcome in grade(many(), Dying(), 1)]
    assert outcomes[0] == []
    assert all(isinstance(outcome, Ungraded) for outcome in outcomes[1:]) and len(outcomes) == 4
