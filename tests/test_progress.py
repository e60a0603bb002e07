"""Hints, solution and progress: what a learner is shown, and what is kept of it."""

import json
import threading
import time
from dataclasses import replace

import cells
import pytest
from cells import RIGHT, answer, changed

from dlcourse.grading import check, hint, progress, solution
from dlcourse.grading.bank import exercises, find
from dlcourse.grading.progress import Progress, Table
from dlcourse.grading.report import CORRECT
from dlcourse.grading.store import Entry, ProgressWarning, Store

home = cells.home


# ----------------------------------------------------------- hints, solution, progress


def test_hints_come_one_at_a_time():
    shown = [repr(hint("adam")) for _ in range(4)]
    assert [text[:12] for text in shown] == [
        "Hint 1 of 3.",
        "Hint 2 of 3.",
        "Hint 3 of 3.",
        "Hint 3 of 3.",
    ]
    assert repr(hint("adam", 1)) == shown[0]
    assert "3 of 3" in repr(progress("nag", "adam")).splitlines()[2]


def test_the_solution_waits_for_three_different_attempts():
    wrong = changed("mu * v", "2 * v")
    first, same = answer(wrong), answer(wrong.replace("path = []", "path = []  # a note\n"))
    assert 'You have not tried yet. hint("momentum") gives away less.' in repr(solution("momentum"))
    check("momentum", first)
    check("momentum", same)
    assert "You have tried once." in repr(solution("momentum")), "a comment makes no new attempt"
    check("momentum", answer(changed("mu * v", "3 * v")))
    assert "You have tried twice." in repr(solution("momentum"))
    check("momentum", answer(changed("mu * v", "4 * v")))
    assert "return path" in repr(solution("momentum"))
    for _ in range(2):
        check("nag", answer(RIGHT))
    assert "You have tried once." in repr(solution("nag"))
    assert "return np.array(path)" in repr(solution("nag", confirm=True))
    assert "return np.array(path)" in repr(solution("nag")), "once seen, it need not be asked again"


def test_the_solution_is_one(home):
    check("momentum", answer(RIGHT))
    note = solution("momentum")
    assert check("momentum", answer(note.code)).status == CORRECT
    assert "v ← μ v + g" in note.text
    assert "```python\ndef run(" in note._repr_markdown_()


def test_progress_is_a_table(home):
    check("adam", answer(RIGHT.replace("lr, mu", "lr=1, mu=1")))
    check("momentum", answer(RIGHT))
    four = ("momentum", "nag", "adam", "adamw")
    rows = repr(progress(*four)).splitlines()
    assert rows[0].split() == ["exercise", "title", "state", "attempts", "hints"]
    assert "public checks passed" in rows[1]
    assert "attempted" in rows[3]
    assert rows[-1] == "1 of 4 exercises passed."
    everything = repr(progress()).splitlines()
    assert [line.split()[0] for line in everything[1:-1]] == list(exercises())
    assert everything[-1] == f"1 of {len(exercises())} exercises passed."
    with pytest.raises(ValueError, match="Nearest: momentum"):
        progress("momentun")
    check("momentum", answer(changed("mu * v", "2 * v")))
    assert "public checks passed" in repr(progress("momentum")), "what is passed stays passed"


def test_progress_is_a_page_in_a_notebook(home):
    four = ("momentum", "nag", "adam", "adamw")
    check("momentum", answer(RIGHT))
    page = progress(*four)._repr_html_()
    assert page.count("<tr>") == 5 and '<progress max="4" value="1"' in page
    assert "● public checks passed" in page and "○ open" in page
    assert page.index("1 of 4 exercises passed.") < page.index("Next: ") < page.index("<table>")
    assert f"<code>{find('nag').call}</code>" in page, "the first that is open"
    assert "That is all of them." in progress("momentum")._repr_html_()
    chapters = {exercise.chapter for exercise in exercises().values()}
    assert progress()._repr_html_().count("<tr>") == len(exercises()) + len(chapters)


def test_a_page_has_a_part_for_each_chapter():
    """Two made-up chapters; titles are text, not markup."""
    adam = find("adam")
    other = replace(adam, chapter="3-weights", title="<b>He</b>")
    page = Progress([(adam, Entry("done")), (other, Entry())])._repr_html_()
    assert (page.count("<table>"), page.count("<progress ")) == (2, 2)
    assert "✔ done" in page and "passed in 3 · weights" in page
    assert "&lt;b&gt;He" in page and "<b>He" not in page


def test_a_table_shows_text_as_text():
    assert "<td>a &lt; b</td>" in Table(("x",), (("a < b",),), "")._repr_html_()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"version": 2, "exercises": {}}', '{"version": 1}', "\x00\xff",
             '{"version": 1, "exercises": {"adam": {"state": "excellent"}}}',
             '{"version": 1, "exercises": {"adam": 5}}'],
)  # fmt: skip
def test_a_broken_progress_file_is_kept_and_said_once(text, home):
    home.mkdir()
    (home / "progress.json").write_bytes(text.encode("latin-1"))
    with pytest.warns(ProgressWarning, match="could not be read; the old file is kept as") as said:
        shown = [check("momentum", answer(RIGHT)), progress()]
    assert len(said) == 1
    assert shown[0].status == CORRECT
    assert (home / "progress.unreadable-1.json").read_bytes() == text.encode("latin-1")
    assert json.loads((home / "progress.json").read_text())["exercises"].keys() == {"momentum"}
    assert sorted(path.name for path in home.iterdir()) == [
        "progress.json",
        "progress.unreadable-1.json",
    ]


def test_a_second_broken_file_does_not_take_the_place_of_the_first(home):
    home.mkdir()
    for number, text in enumerate(("{", "["), start=1):
        (home / "progress.json").write_text(text)
        with pytest.warns(ProgressWarning, match=f"kept as .*progress.unreadable-{number}.json"):
            hint("adam")
    assert [path.read_text() for path in sorted(home.glob("*unreadable*"))] == ["{", "["]


def test_a_home_that_cannot_be_written(home):
    home.write_text("a file where a folder should be")
    with pytest.warns(ProgressWarning, match="Set DLCOURSE_HOME to a folder that you can") as said:
        shown = [check("momentum", answer(RIGHT)), hint("momentum"), hint("momentum"), progress()]
    assert len(said) == 1
    assert shown[0].status == CORRECT
    assert [repr(note)[:6] for note in shown[1:3]] == ["Hint 1", "Hint 2"]
    assert repr(shown[3]).endswith(f"1 of {len(exercises())} exercises passed.")
    assert "return path" in repr(solution("momentum"))


@pytest.mark.parametrize("call", ["os.fsync", "os.replace"])
def test_a_failed_write_leaves_the_old_file(call, home, monkeypatch):
    check("momentum", answer(RIGHT))
    before = (home / "progress.json").read_bytes()

    def full(*arguments):
        raise OSError(28, "disk full", "progress.json")

    monkeypatch.setattr(call, full)
    with pytest.warns(ProgressWarning, match="disk full"):
        hint("adam")
    monkeypatch.undo()
    monkeypatch.setenv("DLCOURSE_HOME", str(home))
    assert (home / "progress.json").read_bytes() == before
    assert [path.name for path in home.iterdir()] == ["progress.json"]
    hint("adam")
    assert json.loads((home / "progress.json").read_text())["exercises"]["adam"]["hints"] == 2


def test_two_notebooks_take_turns(home):
    def work(store, name):
        for i in range(15):
            with store.change(name) as entry:
                entry.attempts.append(f"{name}-{i}")

    jobs = [threading.Thread(target=work, args=(Store(), name)) for name in ("adam", "nag")]
    [job.start() for job in jobs]
    [job.join() for job in jobs]
    entries = Store().read()
    assert len(entries["adam"].attempts) == len(entries["nag"].attempts) == 15


def test_a_lock_left_by_a_crash_is_taken(home):
    home.mkdir()
    (home / "progress.lock").touch()
    started = time.perf_counter()
    hint("adam")
    assert time.perf_counter() - started < 5
    assert Store().read()["adam"].hints == 1


def test_a_file_that_cannot_be_opened_is_not_overwritten(home, monkeypatch):
    check("momentum", answer(RIGHT))
    before = (home / "progress.json").read_bytes()

    def locked(path, **options):
        raise PermissionError(13, "permission denied", "progress.json")

    monkeypatch.setattr("pathlib.Path.read_text", locked)
    with pytest.warns(ProgressWarning, match="cannot be read: permission denied"):
        hint("adam")
    assert (home / "progress.json").read_bytes() == before
