"""A journal and others: Ctrl-C, a second process, a full disk, what is no journal of the search."""

from __future__ import annotations

import multiprocessing
import os

import pytest
from hpo_driver import SPACE, value_of
from test_hpo_journal import rng, told, written

from dlcourse.scratch import hpo
from dlcourse.scratch.hpo import Float, RandomSearch, minimize
from dlcourse.scratch.hpo.journal import Journal

N = 150


def test_ctrl_c_leaves_it_whole_and_the_trial_under_way_runs_again(tmp_path):
    search, calls = RandomSearch(SPACE, rng()), []

    def objective(params, report):
        calls.append(params)
        report(1, 0.3)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return value_of(params)

    with pytest.raises(KeyboardInterrupt):
        minimize(objective, search, 5, journal=tmp_path / "j")
    minimize(objective, search, 5, journal=tmp_path / "j")
    assert [t.state for t in search.trials] == ["complete"] * 5
    assert calls[2] == calls[3] and len(calls) == 6
    again = RandomSearch(SPACE, rng(1))
    Journal(tmp_path / "j", again).close()
    assert told(again) == told(search)


def _hold(path, ready, done):
    with Journal(path, RandomSearch(SPACE, rng())):
        ready.set()
        done.wait(20)


def test_a_second_process_is_refused_while_the_first_lives(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(tmp_path / "j", ready, done))
    holder.start()
    try:
        assert ready.wait(20)
        called = []
        with pytest.raises(RuntimeError, match="journal must be used by one process at a time"):
            minimize(called.append, RandomSearch(SPACE, rng()), 2, journal=tmp_path / "j")
        assert not called
    finally:
        holder.kill()
        holder.join()
    minimize(value_of, RandomSearch(SPACE, rng()), 2, journal=tmp_path / "j")


def test_a_second_search_of_this_process_is_refused_too(tmp_path):
    with (
        Journal(tmp_path / "j", RandomSearch(SPACE, rng())),
        pytest.raises(RuntimeError, match="journal must be used by one process at a time"),
    ):
        Journal(tmp_path / "j", RandomSearch(SPACE, rng()))


def test_a_forked_child_does_not_keep_the_lock(tmp_path):
    """As the workers of a process pool, which live on when their parent is killed."""
    journal = Journal(tmp_path / "j", RandomSearch(SPACE, rng()))
    read, write = os.pipe()
    there, here = os.pipe()
    child = os.fork()
    if child == 0:  # it waits, whatever becomes of us, until the pipe is closed
        os.close(write)
        os.write(here, b"!")
        os.read(read, 1)
        os._exit(0)
    os.read(there, 1)
    journal.close()
    Journal(tmp_path / "j", RandomSearch(SPACE, rng())).close()
    for pipe in (write, read, there, here):
        os.close(pipe)
    assert os.waitpid(child, 0)[1] == 0


def on_the_disk(tmp_path):
    """A search whose objective looks whether all that came before is on the disk."""
    path, forced, fsync = tmp_path / "j", [], os.fsync

    def spy(file):
        fsync(file)
        forced.append(os.fstat(file).st_size if os.path.isfile(f"/proc/self/fd/{file}") else 0)

    def objective(params):
        lines = path.read_bytes().splitlines()
        assert forced[-1] == path.stat().st_size, "written, and not forced to the disk"
        assert sum(b'"ask"' in line for line in lines) == len(search.trials)
        assert sum(b'"tell"' in line for line in lines) == len(search.trials) - 1
        return value_of(params)

    search = RandomSearch(SPACE, rng())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", spy)
        minimize(objective, search, 5, journal=path)
    assert forced[-1] == path.stat().st_size
    assert {t.error for t in search.trials} == {None}


def test_every_line_is_on_the_disk_before_the_search_goes_on(tmp_path):
    on_the_disk(tmp_path)


def test_a_journal_that_trusts_the_system_fails_that(tmp_path, monkeypatch):
    write = Journal._write

    def trusting(self, record):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", lambda file: None)
            write(self, record)

    monkeypatch.setattr(Journal, "_write", trusting)
    with pytest.raises((AssertionError, RuntimeError)):
        on_the_disk(tmp_path)


def test_a_full_disk_is_an_error_and_leaves_whole_lines(tmp_path, monkeypatch):
    calls, path = [], tmp_path / "j"

    def full(self, line):
        calls.append(line)
        os.write(self._file, line[:20] if len(calls) == 4 else line)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Journal, "_put", full)
    with pytest.raises(OSError, match="No space left"):
        minimize(value_of, RandomSearch(SPACE, rng()), 5, journal=path)
    assert path.read_bytes().endswith(b"\n") and len(path.read_bytes().splitlines()) == 3
    search = RandomSearch(SPACE, rng(1))
    minimize(value_of, search, 5, journal=path)
    assert [t.params for t in search.trials] == [
        t.params for t in (lambda s: [s.ask() for _ in range(5)])(RandomSearch(SPACE, rng()))
    ]


def refused(tmp_path, content, match, space=SPACE, kind=RandomSearch):
    """Refused before any trial, and not a byte changed."""
    path, called = tmp_path / "j", []
    path.write_bytes(content)
    with pytest.raises(ValueError, match=match):
        minimize(called.append, kind(space, rng()), 2, journal=path)
    assert not called
    assert path.read_bytes() == content


def test_what_is_no_journal_of_this_search_is_refused(tmp_path):
    content = written(tmp_path / "mine")
    lines = content.splitlines(keepends=True)
    refused(tmp_path, b"my diary\n", "a new file or a journal of a search, which .* is not")
    refused(tmp_path, b"my diary", "a new file or a journal of a search, which .* is not")
    refused(tmp_path, b'{"format": "another"}\n', "a new file or a journal of a search")
    refused(tmp_path, b"\x00\xff\n", "a new file or a journal of a search")
    later = content.replace(b'"version": 1', b'"version": 2')
    refused(tmp_path, later, "journal must be of version 1; got 2")
    refused(tmp_path, content, "of the same space.*x: Float", SPACE | {"x": Float(-1, 2)})
    refused(tmp_path, content, "of search QuasiRandom.*got 'RandomSearch'", kind=quasi)
    refused(
        tmp_path, b"".join([*lines[:2], *lines[3:]]).replace(b'"ask": 1', b'"ask": 0'), "line 3 of"
    )
    refused(tmp_path, b"".join([*lines[:3], *lines[2:]]), "whole, which line 4 of")
    refused(tmp_path, b"".join([*lines[:2], b"{}\n"]), "whole, which line 3 of")
    refused(tmp_path, b"".join([*lines[:2], b"what\n", *lines[2:]]), "whole, which line 3 of")
    refused(tmp_path, content.replace(b'"as": "failed"', b'"as": "fine"'), "whole, which line 5 of")
    refused(tmp_path, content.replace(b'"n": 1', b'"n": 1000'), "whole, which line")


def quasi(space, rng):
    return hpo.QuasiRandom(space, rng=rng)


def test_distributions_belong_to_the_space_a_journal_knows(tmp_path):
    from scipy import stats

    def search(scale):
        return RandomSearch({"x": Float(-3, 3, distribution=stats.norm(0, scale))}, rng())

    Journal(tmp_path / "j", search(1)).close()
    Journal(tmp_path / "j", search(1)).close()
    with pytest.raises(ValueError, match="journal must be of the same space"):
        Journal(tmp_path / "j", search(2))


def test_a_quasi_random_search_keeps_its_scrambling(tmp_path):
    for kind in ("sobol", "halton"):
        whole, first, second = (hpo.QuasiRandom(SPACE, kind, rng(s)) for s in (0, 0, 1))
        minimize(value_of, whole, 9)
        minimize(value_of, first, 4, journal=tmp_path / kind)
        minimize(value_of, second, 9, journal=tmp_path / kind)
        assert told(second) == told(whole)
