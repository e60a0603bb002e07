"""Graders that are killed, machines that fail, folders that are not ours: nothing is lost."""

import collections
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cohort import cohort, environment, notebook, right, words, wrong
from processes import alive, descendants
from tools_available import need

from dlcourse.__main__ import main
from dlcourse.grading import batch
from dlcourse.grading import command as commands
from dlcourse.grading.results import RESULTS, Results

IDS = ["sgd", "clipping", "momentum"]
SECRET = b"the secret of this cohort"


@pytest.fixture
def one(tmp_path):
    """A folder with one student, who has all of `IDS` right."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/anna.ipynb").write_text(notebook({id: right(id) for id in IDS}))
    return tmp_path / "in"


@pytest.fixture
def run(capsys, monkeypatch):
    """The command in this process."""
    need("bubblewrap")

    def run(*arguments, **variables):
        batch.sandbox_of.cache_clear()
        with monkeypatch.context() as context:
            for name, value in variables.items():
                context.setenv(name, str(value))
            status = main([*map(str, arguments)])
        return subprocess.CompletedProcess(arguments, status, *capsys.readouterr())

    yield run
    batch.sandbox_of.cache_clear()


def lines_of(out):
    return [json.loads(line) for line in (out / RESULTS).read_text().splitlines()]


def rows_of(out):
    return (out / "grades.csv").read_text().splitlines()


# Killed, and resumed


def kill_in_the_middle(arguments, out, rng):
    """Start, wait for a new verdict and a random moment more, kill -9; return its processes."""
    size = (out / RESULTS).stat().st_size if (out / RESULTS).exists() else 0
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    grader = subprocess.Popen(words(*arguments), env=environment(), **quiet)
    end = time.monotonic() + 60
    while not ((out / RESULTS).exists() and (out / RESULTS).stat().st_size > size):
        assert grader.poll() is None and time.monotonic() < end
        time.sleep(0.01)
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


# What is in the folder of results


RECORD = {**batch.missing("anna", "sgd"), "digest": "1"}


@pytest.mark.parametrize("cut", [1, 5, 12, 100, -1])
def test_a_torn_last_line_is_cut_off(cut, tmp_path):
    with Results(tmp_path) as results:
        results.append([RECORD, {**RECORD, "student": "bert"}])
        whole = results.path.read_bytes()
    line = whole.splitlines(keepends=True)[1]
    for tail in (line[:cut], line[:cut] + b"\0" * 9, b"\0" * 4096):
        (tmp_path / RESULTS).write_bytes(whole + tail)
        with Results(tmp_path, resume=True) as results:
            assert [r["student"] for r in results.records] == ["anna", "bert"]
            results.append([{**RECORD, "student": "carl"}])
            assert len(lines_of(tmp_path)) == 3


def test_a_verdict_is_on_the_disk_before_the_next_is_asked_for(tmp_path, monkeypatch):
    synced = []
    with Results(tmp_path) as results:

        def fsync(descriptor):
            synced.append((descriptor, results.path.read_bytes().count(b"\n")))

        monkeypatch.setattr(os, "fsync", fsync)
        results.append([RECORD, RECORD])
        assert synced == [(results._file.fileno(), 2)]


FOREIGN = {
    "text": b"Dear colleagues,\nthe results are\n",
    "one line without an end": b"my only copy",
    "another's JSON lines": b'{"student": "anna", "points": 3}\n',
    "numbers": b"1\n2\n",
    "a JSON document": b'{"results": [1, 2]}',
    "a line broken in the middle": b'{"cause": "x", \n' + json.dumps(RECORD).encode() + b"\n",
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("resume", [True, False])
def test_a_foreign_file_is_refused_and_not_touched(name, resume, tmp_path):
    (tmp_path / RESULTS).write_bytes(FOREIGN[name])
    with pytest.raises(ValueError, match=r"must be lines that this grader wrote; got '.*Is it a"):
        Results(tmp_path, resume)
    assert (tmp_path / RESULTS).read_bytes() == FOREIGN[name]
    Results(tmp_path / "other").close()


def test_results_are_not_overwritten_without_resume(tmp_path):
    with Results(tmp_path) as results:
        results.append([RECORD])
    with pytest.raises(ValueError, match=r"out must be a folder without results; .*--resume"):
        Results(tmp_path)
    assert len(lines_of(tmp_path)) == 1


def test_of_two_graders_the_second_is_refused(tmp_path):
    with Results(tmp_path) as first:
        for resume in (True, False):
            with pytest.raises(ValueError, match="no other grader is writing to"):
                Results(tmp_path, resume)
        first.append([RECORD])
    Results(tmp_path, resume=True).close()


@pytest.mark.parametrize("name", ["a-file", "a-file/below", "/proc/nowhere"])
def test_a_folder_that_cannot_be_written_is_refused(name, tmp_path):
    (tmp_path / "a-file").touch()
    with pytest.raises(ValueError, match=r"^out must be a folder that can be written; got"):
        Results(tmp_path / name)


def test_a_secret_is_made_once_kept_private_and_not_changed_on_the_way(tmp_path):
    (tmp_path / "mine").write_text("a secret of our own\n")
    (tmp_path / "short").write_text("123\n")
    with Results(tmp_path / "made") as results:
        made = results.secret()
        assert results.secret() == made and len(made) == 64
        with Results(tmp_path / "next") as others:
            assert others.secret() != made
        assert (tmp_path / "made/seed.key").stat().st_mode & 0o777 == 0o600
        with pytest.raises(ValueError, match=r"^seed-file must be the one that .*Leave it out"):
            results.secret(tmp_path / "mine")
    with Results(tmp_path / "given") as results:
        with pytest.raises(ValueError, match=r"^seed-file must be at least 16 characters"):
            results.secret(tmp_path / "short")
        with pytest.raises(ValueError, match=r"^seed-file must be a file with"):
            results.secret(tmp_path / "nowhere")
        assert results.secret(tmp_path / "mine") == results.secret() == b"a secret of our own"


# The command, from its first line to its exit status


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


@pytest.fixture
def failing(tmp_path):
    """A bubblewrap that fails while the file it names holds a number; counts its calls."""
    real, folder = need("bubblewrap"), tmp_path / "bin"
    folder.mkdir()
    (folder / "bwrap").write_text(
        f"""#!/bin/sh
echo >> {folder}/calls  # two may come at once: both may see the later number, none an earlier
n=$(($(wc -l < {folder}/calls) - 1))
if [ $n -ge $(cat {folder}/from) ] && [ $n -lt $(cat {folder}/to) ]; then
    echo "bwrap: No space left on device" >&2
    exit 1
fi
exec {real} "$@"
"""
    )
    (folder / "bwrap").chmod(0o755)

    def between(start, end):
        (folder / "calls").unlink(missing_ok=True)
        (folder / "from").write_text(str(start))
        (folder / "to").write_text(str(end))
        return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    return between


def test_a_sandbox_that_does_not_start_is_tried_again(run, failing, one, tmp_path, monkeypatch):
    """Call 0 is the check; 1 and, ahead of its turn, 2 fail, then 3, alone; 4 is the third try."""
    monkeypatch.setattr(batch.time, "sleep", lambda seconds: None)
    done = run("grade", one, "--out", tmp_path / "out", "--workers", 1, **failing(1, 4))
    assert done.returncode == 0, done.stderr
    assert [row.split(",")[3] for row in rows_of(tmp_path / "out")[1:]].count("100") == len(IDS)


def test_a_machine_that_fails_gives_no_zero_and_resume_finishes(run, failing, one, tmp_path):
    for student in ("bert", "carl"):
        (one / f"{student}.ipynb").write_text(notebook({IDS[0]: right(IDS[0])}))
    out, canvas = tmp_path / "out", tmp_path / "canvas.csv"
    canvas.write_text(
        "Student,ID,SIS Login ID,Optimizers (7)\nPoints Possible,,,100\nA,1,anna,5\nB,2,bert,5\n"
    )
    arguments = ["grade", one, "--out", out, "--workers", 1, "--exercises", *IDS]
    arguments += ["--canvas", canvas, "--canvas-assignment", "Optimizers"]
    done = run(*arguments, **failing(1, 5))  # anna is graded first: three times, and once ahead
    assert done.returncode == 3
    assert "not graded: anna: " in done.stderr and "No space left on device" in done.stderr
    assert "Nothing of this is a zero" in done.stderr
    rows = [row.split(",") for row in rows_of(out)[1:]]
    assert {tuple(row[2:4]) for row in rows if row[0] == "anna"} == {("not graded", "")}
    assert [r["student"] for r in lines_of(out)] == ["bert", "carl"]
    assert "Not in the Canvas gradebook: carl.\n" in done.stderr
    assert not (out / "students/anna.html").exists() and not (out / "gradescope/anna").exists()
    assert (out / "canvas.csv").read_text().splitlines()[2:] == ["A,1,anna,5", "B,2,bert,33.33"]
    done = run(*arguments, "--resume", **failing(10**9, 10**9))
    assert done.returncode == 0, done.stderr
    assert {row.split(",")[3] for row in rows_of(out)[1:4]} == {"100"}
    assert (out / "canvas.csv").read_text().splitlines()[2] == "A,1,anna,100.00"


def test_without_bubblewrap_nothing_is_graded_or_written(run, one, tmp_path):
    (tmp_path / "bin").mkdir()
    done = run("grade", one, "--out", tmp_path / "out", PATH=tmp_path / "bin")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: The sandbox needs the program bwrap: on Debian and")
    assert "--sandbox=rlimits, which is unsafe" in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_where_namespaces_are_forbidden_the_message_says_what_to_do(run, failing, one, tmp_path):
    path = failing(0, 10**9)
    script = tmp_path / "bin/bwrap"
    script.write_text(script.read_text().replace("No space left on device", "setting up uid map"))
    done = run("grade", one, "--out", tmp_path / "out", **path)
    assert done.returncode == 2 and not (tmp_path / "out").exists()
    assert "The sandbox does not start: bwrap: setting up uid map" in done.stderr
    assert "forbids user namespaces" in done.stderr


def test_limits_alone_are_labeled_unsafe(run, one, tmp_path):
    """Said at the end, in the table and on the student's page."""
    out = tmp_path / "out"
    arguments = ("grade", one, "--out", out, "--exercises", IDS[0], "--sandbox", "rlimits")
    done = run(*arguments, PATH=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{batch.UNSAFE}.\n" in done.stderr
    assert batch.UNSAFE in rows_of(out)[1] and ",100," in rows_of(out)[1]
    assert "UNSAFE" in (out / "students/anna.html").read_text()
    done = run("grade", one, "--out", tmp_path / "safe", "--exercises", IDS[0])
    assert "UNSAFE" not in "".join(rows_of(tmp_path / "safe")) + done.stderr


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


def test_a_full_disk_stops_the_grader_and_loses_nothing(run, one, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    arguments = ("grade", one, "--out", tmp_path / "out", "--exercises", IDS[0])
    with Results(tmp_path / "out") as results:
        results.secret()
    with monkeypatch.context() as context:
        context.setattr(os, "fsync", full)
        done = run(*arguments)
    assert done.returncode == 2 and "error: [Errno 28] No space left on device" in done.stderr
    assert not (tmp_path / "out/grades.csv").exists()
    done = run(*arguments, "--resume")
    assert done.returncode == 0 and len(lines_of(tmp_path / "out")) == 1
    assert rows_of(tmp_path / "out")[1].startswith("anna,sgd,correct,100,")


@pytest.mark.filterwarnings("ignore")  # those of Dask are not ours
def test_a_cluster_that_is_not_there_is_one_clear_error(run, one, tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "DASK_SECONDS", 1)
    pytest.importorskip("distributed", reason="Dask is not installed")
    done = run("grade", one, "--out", tmp_path / "out", "--dask", "tcp://127.0.0.1:9")
    assert done.returncode == 2
    assert done.stderr.startswith("error: dask must be the address of a scheduler that answers")
    assert done.stderr.count("\n") == 1
