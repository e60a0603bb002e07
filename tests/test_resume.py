"""Graders that are killed, stopped or out of room, and what they are told: nothing is lost."""

import collections
import os
import random
import resource
import signal
import subprocess
import time
from pathlib import Path

import graders
import pytest
from cohort import cohort, environment, notebook, right, words, wrong
from graders import IDS, SECRET, lines_of, rows_of
from processes import alive, descendants

from dlcourse.grading import batch
from dlcourse.grading import command as commands
from dlcourse.grading.results import RESULTS

one, run = graders.one, graders.run


# Killed, and resumed


def until(true, grader):
    """Wait for it, as long as the grader is at work."""
    end = time.monotonic() + 60
    while not true():
        assert grader.poll() is None and time.monotonic() < end
        time.sleep(0.01)


def kill_in_the_middle(arguments, out, rng):
    """Start, wait for a new verdict and a random moment more, kill -9; return its processes."""
    size = (out / RESULTS).stat().st_size if (out / RESULTS).exists() else 0
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    grader = subprocess.Popen(words(*arguments), env=environment(), **quiet)
    until(lambda: (out / RESULTS).exists() and (out / RESULTS).stat().st_size > size, grader)
    time.sleep(rng.uniform(0, 0.2))
    processes = descendants(grader.pid)
    grader.send_signal(signal.SIGKILL)
    return processes, grader.wait()


def test_killed_three_times_and_resumed_the_table_is_that_of_an_undisturbed_run(run, tmp_path):
    seed = random.randrange(10**6)  # the moments differ from run to run, and are told on failure
    print("seed", seed)
    rng, out = random.Random(seed), tmp_path / "killed"
    folder = cohort(tmp_path / "in", 12, IDS[:2], share_hostile=0.1)
    (tmp_path / "secret").write_bytes(SECRET)
    arguments = ["--seed-file", tmp_path / "secret", "--exercises", *IDS[:2]]
    arguments = ["grade", folder, "--workers", "2", *arguments]
    for number in range(3):
        again = ["--resume"] if number else []
        processes, status = kill_in_the_middle([*arguments, "--out", out, *again], out, rng)
        assert status == -signal.SIGKILL, "it ended before it could be killed"
        assert alive(processes) == set()
    before = lines_of(out) if (out / RESULTS).read_bytes().endswith(b"\n") else None
    done = run(*arguments, "--out", out, "--resume")
    assert done.returncode == 0, done.stderr
    assert before is None or lines_of(out)[: len(before)] == before
    times = collections.Counter((r["student"], r["exercise"], r["digest"]) for r in lines_of(out))
    assert set(times.values()) == {1}, "graded twice"
    assert len(times) == 12 * 2
    undisturbed = run(*arguments, "--out", tmp_path / "whole")
    assert undisturbed.returncode == 0, undisturbed.stderr
    pages = sorted(p.relative_to(out) for p in out.rglob("*.html"))
    assert len(pages) == 12 + 1
    for name in [Path("grades.csv"), *pages]:
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert not list(out.rglob("*.new"))


def test_a_survivor_would_be_found():
    with subprocess.Popen(["sleep", "60"]) as process:
        found = descendants(process.pid)
        assert {pid for pid, _ in found} == {process.pid}
        time.sleep(0.1)
        assert {p for p in found if p in descendants(p[0])} == found
        process.kill()
    assert alive(found) == set()


def told(out):
    """What is said of the work so far."""
    return f"What has been graded is kept in {out / RESULTS}: go on with --resume.\n"


# How many times the disk takes what it is given before it is full, and how many verdicts it has.
FULL = {"for the secret": (0, 0), "for a verdict": (1, 0), "for the next": (2, 1), "a page": (5, 2)}


@pytest.mark.parametrize("name", FULL)
def test_a_full_disk_stops_the_grader_and_loses_nothing(name, run, one, tmp_path, monkeypatch):
    (one / "bert.ipynb").write_text(notebook({IDS[0]: right(IDS[0])}))
    arguments = ("grade", one, "--out", tmp_path / "out", "--exercises", IDS[0], "--workers", 1)
    fsync, (times, kept), asked = os.fsync, FULL[name], []

    def full(descriptor):
        asked.append(descriptor)
        if len(asked) > times:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    with monkeypatch.context() as context:
        context.setattr(os, "fsync", full)
        done = run(*arguments)
    assert done.returncode == 3 and done.stdout == ""
    assert done.stderr.endswith(f"error: No space left on device. {told(tmp_path / 'out')}")
    assert len(lines_of(tmp_path / "out")) >= kept
    done = run(*arguments, "--resume")
    assert done.returncode == 0, done.stderr
    assert [row[:21] for row in rows_of(tmp_path / "out")[1:]] == [
        "anna,sgd,correct,100,",
        "bert,sgd,correct,100,",
    ]
    assert len(lines_of(tmp_path / "out")) == 2 and not list((tmp_path / "out").rglob("*.new"))


def test_a_summary_that_cannot_be_printed_is_told_and_loses_nothing(tmp_path):
    """The output is a full disk; all has been graded and written by then."""
    folder = cohort(tmp_path / "in", 1, IDS[:1])
    arguments = words("grade", folder, "--out", tmp_path / "out", "--exercises", IDS[0])
    with open("/dev/full", "w") as full:
        quiet = {"stdout": full, "stderr": subprocess.PIPE, "text": True}
        done = subprocess.run(arguments, env=environment(), **quiet)
    assert done.returncode == 3
    assert done.stderr.endswith(f"error: No space left on device. {told(tmp_path / 'out')}")
    assert (tmp_path / "out" / "grades.csv").exists()


def test_a_disk_that_takes_half_a_line_loses_that_line_only(run, one, tmp_path):
    """A limit on the size of a file: the write ends in the middle, and so does closing the file."""
    arguments = ("grade", one, "--out", tmp_path / "out", "--exercises", IDS[0])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))
    try:
        done = run(*arguments)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert done.returncode == 3
    assert done.stderr.endswith(f"error: File too large. {told(tmp_path / 'out')}")
    assert 0 < (tmp_path / "out" / RESULTS).stat().st_size <= 200
    assert run(*arguments, "--resume").returncode == 0
    assert len(lines_of(tmp_path / "out")) == 1


def hearing_ctrl_c():
    """A process started by a job in the background is deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("how", ["--workers=1", "--workers=2", "--sandbox=rlimits"])
def test_ctrl_c_stops_the_grader_and_loses_nothing(how, run, tmp_path):
    folder, out = cohort(tmp_path / "in", 30, IDS[:2]), tmp_path / "out"
    arguments = ["grade", folder, "--exercises", *IDS[:2], "--out", out, how]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    grader = subprocess.Popen(
        words(*arguments), env=environment(), preexec_fn=hearing_ctrl_c, **quiet
    )
    until(lambda: (out / RESULTS).exists() and (out / RESULTS).stat().st_size, grader)
    processes = descendants(grader.pid)
    grader.send_signal(signal.SIGINT)
    stdout, stderr = grader.communicate(timeout=60)
    assert (grader.returncode, stdout) == (130, "")
    before = lines_of(out)
    assert 0 < len(before) < 60, "what had not begun did not begin"
    assert stderr == f"stopped. {told(out)}"
    assert alive(processes) == set()
    assert run(*arguments, "--resume").returncode == 0
    assert lines_of(out)[: len(before)] == before and len(lines_of(out)) == 60


def test_ctrl_c_before_anything_is_graded_is_one_word(run, one, tmp_path, monkeypatch):
    def enough(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "collect", enough)
    done = run("grade", one, "--out", tmp_path / "out")
    assert (done.returncode, done.stderr) == (130, "stopped.\n")


# What is asked for


def test_a_changed_answer_is_graded_again_and_the_others_are_not(run, one, tmp_path):
    out = tmp_path / "out"
    arguments = ("grade", one, "--out", out, "--exercises", *IDS)
    assert run(*arguments).returncode == 0
    before = rows_of(out)
    assert run(*arguments).returncode == 2  # there are results: --resume has to be said
    assert rows_of(out) == before
    answers = {id: right(id) for id in IDS[:2]} | {IDS[0]: wrong(IDS[0])}
    (one / "anna.ipynb").write_text(notebook(answers))
    assert run(*arguments, "--resume").returncode == 0
    times = collections.Counter(r["exercise"] for r in lines_of(out))
    assert times == {IDS[0]: 2, IDS[1]: 1, IDS[2]: 1}
    rows = {row.split(",")[1]: row.split(",")[2:4] for row in rows_of(out)[1:]}
    assert rows[IDS[0]] == ["not yet", "0"] and rows[IDS[1]] == ["correct", "100"]
    assert rows[IDS[2]] == ["missing", "0"], "an answer that was taken back"


def test_options_reach_what_they_are_for(run, one, tmp_path, monkeypatch):
    """Nobody is graded here: what is asked about is who would be, by how many, from which seed."""
    seen = []

    def grade(tasks, pool, at_once):
        seen.append(([list(task.answers) for task in tasks], pool._max_workers, at_once))
        return iter(())

    monkeypatch.setattr(batch, "grade", grade)
    (tmp_path / "secret").write_bytes(SECRET)
    (one / "anna.pdf").touch()
    out = tmp_path / "out"
    options = ("--workers", 3, "--seed-file", tmp_path / "secret", "--exercises", *IDS[:2])
    assert run("grade", one, "--out", out, *options).returncode == 0
    assert seen == [([IDS[:2]], 3, 6)]
    assert (out / "seed.key").read_bytes() == SECRET
    rows = rows_of(out)[1:]
    assert len(rows) == 2 and all("anna.pdf: not a notebook, not read" in row for row in rows)


@pytest.mark.parametrize("workers", ["0", "-1"])
def test_workers_are_at_least_one(run, workers, one, tmp_path):
    done = run("grade", one, "--out", tmp_path / "out", "--workers", workers)
    assert done.returncode == 2 and done.stderr.startswith("error: workers must be")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("inside", [".", "out", "anna/../out"])
def test_results_do_not_go_among_the_submissions(run, inside, one, tmp_path):
    """They would be a student's at the next call, who has handed in nothing."""
    done = run("grade", one, "--out", one / inside, "--exercises", IDS[0])
    assert done.returncode == 2
    assert done.stderr.startswith("error: out must be a folder outside of the submissions; got")
    assert not list(one.rglob("results.jsonl"))
