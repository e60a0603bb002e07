"""The folder of results: whole lines on the disk, one writer, one secret, nobody else's file."""

import json
import os

import pytest
from graders import lines_of

from dlcourse.grading import batch
from dlcourse.grading.results import RESULTS, Results

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
