"""Machines on which a sandbox does not start, or has no walls: said, and no zero for anybody."""

import os
import resource
import subprocess

import graders
import pytest
from cohort import environment, notebook, right, words
from graders import IDS, lines_of, rows_of
from tools_available import need

from dlcourse.grading import batch
from dlcourse.grading import command as commands

one, run = graders.one, graders.run


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
    """Call 0 is the check; 1 and 2 fail; 3 is the third try. One answer: none starts ahead."""
    monkeypatch.setattr(batch.time, "sleep", lambda seconds: None)
    arguments = ["grade", one, "--out", tmp_path / "out", "--workers", 1, "--exercises", IDS[0]]
    done = run(*arguments, **failing(1, 3))
    assert done.returncode == 0, done.stderr
    assert [row.split(",")[3] for row in rows_of(tmp_path / "out")[1:]].count("100") == 1
    assert len((tmp_path / "bin/calls").read_text().splitlines()) == 4


def test_a_line_of_sandboxes_survives_two_failures(run, failing, one, tmp_path, monkeypatch):
    """A process started ahead ends with the first that fails, before it counts or after."""
    monkeypatch.setattr(batch.time, "sleep", lambda seconds: None)
    done = run("grade", one, "--out", tmp_path / "out", "--workers", 1, **failing(1, 3))
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


@pytest.mark.filterwarnings("ignore")  # those of Dask are not ours
def test_a_cluster_that_is_not_there_is_one_clear_error(run, one, tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "DASK_SECONDS", 1)
    pytest.importorskip("distributed", reason="Dask is not installed")
    done = run("grade", one, "--out", tmp_path / "out", "--dask", "tcp://127.0.0.1:9")
    assert done.returncode == 2
    assert done.stderr.startswith("error: dask must be the address of a scheduler that answers")
    assert done.stderr.count("\n") == 1


# What a process may have at most on a machine, and an answer is given more of.
HARD = {"AS": 700 << 20, "CPU": 12, "NOFILE": 40, "FSIZE": 1 << 20}


@pytest.mark.parametrize("name", HARD)
def test_a_machine_with_lower_limits_says_which(name, one, tmp_path):
    """An answer is given the same everywhere, or there is no verdict."""
    need("bubblewrap")
    kind = getattr(resource, f"RLIMIT_{name}")
    done = subprocess.run(
        words("grade", one, "--out", tmp_path / "out", "--exercises", IDS[0]),
        env=environment(),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(kind, (HARD[name], HARD[name])),
        check=False,
    )
    assert done.returncode == 2 and not (tmp_path / "out").exists(), done.stderr
    said = (
        f"error: The sandbox does not start: the hard limit RLIMIT_{name} is {HARD[name]}, and an"
    )
    assert done.stderr.startswith(said) and done.stderr.count("\n") == 1
    assert done.stderr.endswith("Raise it (ulimit) where the grader is started.\n")
