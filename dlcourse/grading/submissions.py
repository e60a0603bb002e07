"""A folder of submissions: whose each file is, and what is remarked. Nothing is executed.

``submissions/<student>/*.ipynb``, ``submissions/<student>.ipynb`` and the flat files that Canvas
packs (``doejane_1234_5678_adam.ipynb``) are understood. Only plain files are read, no links.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dlcourse.checks import fail
from dlcourse.grading import notebooks
from dlcourse.grading.notebooks import NotebookError, answers_of, attempt, is_hidden, is_notebook
from dlcourse.grading.owners import by_student, packed_by_canvas, readable, student_of
from dlcourse.grading.texts import short

MOST_FILES, MOST_FOLDERS = 100, 20
"""Notebooks of one student that are read, the newest; and folders inside each other."""
MOST_BYTES = 100 << 20
"""And how large they may be together."""
SHADOWS = {".ipynb_checkpoints"}
"""Folders of copies, which nobody has to be told about."""
FLAG_LIMIT, FLAG_WIDTH = 20, 300


@dataclass(frozen=True)
class Answer:
    """The source of one answer's cell, and the file it was found in."""

    source: str
    file: str

    @property
    def digest(self) -> str:
        """Tells two versions of an answer apart."""
        return hashlib.sha256(self.source.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass
class Submission:
    """All that one student has handed in: answers by exercise, and remarks for the instructor."""

    student: str
    answers: dict[str, Answer] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    unsaid: int = 0

    def remark(self, text: str, file: str = "") -> None:
        """One more flag, of a length for tables; of many the first, and how many more there are."""
        if file:
            text = f"{short(file, max(FLAG_WIDTH - 2 - len(text), 80))}: {text}"
        if len(self.flags) < FLAG_LIMIT:
            self.flags.append(short(text, FLAG_WIDTH))
        else:
            self.unsaid += 1


def collect(folder: Path | str, known: Collection[str]) -> list[Submission]:
    """Every submission in a folder, by student, in the order of their names.

    Parameters
    ----------
    folder
        Where the notebooks are.
    known
        Ids of exercises; an answer to any other is left out with a flag.

    Raises
    ------
    ValueError
        If there is no such folder, or no notebook in it.
    """
    root = Path(folder)
    if not root.is_dir():
        fail("submissions", "a folder", str(folder))
    folders = (p for p in root.iterdir() if os.path.isdir(p) and not os.path.islink(p))
    names = [readable(path.name) for path in folders if not is_hidden(path.name)]
    found = {student: Submission(student) for student in names}
    files = list(_files(root))
    if not any(_is_read(path, root) for path in files):
        seen = [path for path in files if not _is_hidden(path, root)]
        fail("submissions", "a folder with notebooks (.ipynb)", str(folder), _kinds(seen))
    for student, own in by_student(files, root).items():
        submission = found.setdefault(student, Submission(student))
        read = [path for path in own if _is_read(path, root)]
        if unread := _too_many(read):
            many = f"{len(read)} notebooks; the {len(unread)} oldest were not read"
            submission.remark(many)
        for path in own:
            if path not in unread:
                _add(submission, path, root, known)
    for submission in found.values():
        _tidy(submission)
    return [found[student] for student in sorted(found)]


def _is_read(path: Path, root: Path) -> bool:
    return is_notebook(path.name) and not _is_hidden(path, root)


def _is_hidden(path: Path, root: Path) -> bool:
    return any(map(is_hidden, path.relative_to(root).parts))


def _too_many(files: list[Path]) -> set[Path]:
    """The oldest of a student's notebooks, where there are more than are read."""
    unread, left = set(files[:-MOST_FILES]), MOST_BYTES
    for path in reversed(files):
        with contextlib.suppress(OSError):
            size = path.lstat().st_size
            left -= size if size <= notebooks.FILE_LIMIT else 0
        if left < 0:
            unread.add(path)
    return unread


def _files(root: Path) -> Iterator[Path]:
    """Everything below ``root`` but folders; nothing behind a link. Of what is hidden, notebooks.

    A folder that cannot be looked into counts as a file, so that it is reported.
    """
    closed: list[str] = []
    deep: list[str] = []
    for folder, names, files in os.walk(root, onerror=lambda e: closed.append(e.filename)):
        links = [name for name in names if os.path.islink(os.path.join(folder, name))]
        names[:] = sorted(name for name in names if name not in SHADOWS)
        if len(Path(folder).parts) - len(root.parts) >= MOST_FOLDERS:
            deep += [os.path.join(folder, name) for name in names]
            names.clear()
        for path in (Path(folder, name) for name in sorted([*files, *links])):
            # ._a.ipynb is what a Mac writes beside every a.ipynb
            worth = notebooks.divided(path.name)[1] == ".ipynb" and path.name[:2] != "._"
            if worth or not _is_hidden(path, root):
                yield path
    yield from map(Path, closed + deep)


def _add(submission: Submission, path: Path, root: Path, known: Collection[str]) -> None:
    """The answers of one file; a newer file's take the place of an older one's."""
    name = readable(os.fspath(path.relative_to(root)))
    if (fault := _unreadable(path, root)) is not None:
        submission.remark(fault, name)
        return
    try:
        cells, remarks = answers_of(path)
    except NotebookError as error:
        submission.remark(str(error), name)
        return
    packed = packed_by_canvas(path) if path.parent == root else None
    if packed and packed["late"]:
        submission.remark("handed in late, as Canvas says in its name", name)
    if packed and submission.student != (other := student_of(path.relative_to(root))):
        like = f"named like other files of {other} in Canvas; taken for a student's own"
        submission.remark(like, name)
    for remark in remarks:
        submission.remark(remark, name)
    if not (cells or remarks):
        submission.remark("no answer cells; is it a page of this course?", name)
    twice: dict[tuple[str, bool], list[str]] = {}
    for exercise, source in cells.items():
        if exercise not in known:
            submission.remark(f"{notebooks.shown(exercise)} is no exercise of this course", name)
            continue
        older, counts = submission.answers.get(exercise), True
        if older is not None:
            counts = attempt(exercise, source) >= attempt(exercise, older.source)
            twice.setdefault((older.file, counts), []).append(exercise)
        if counts:
            submission.answers[exercise] = Answer(source, name)
    for (older_file, counts), ids in twice.items():
        which = f"{name} is newer than {older_file}"
        if not counts:
            which = f"{older_file} counts, for {name} is newer but holds no attempt"
        submission.remark(f"{', '.join(ids)}: handed in twice; {which}")


def _unreadable(path: Path, root: Path) -> str | None:
    """Why a file is not read, where its name or its kind says so."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return "gone, not read"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not stat.S_ISREG(mode):
        return "a link, or no plain file; not read"
    if _is_hidden(path, root):
        return "hidden, not read"
    return None if is_notebook(path.name) else "not a notebook, not read"


def _tidy(submission: Submission) -> None:
    """What the flags end with, and one for whoever gave nothing."""
    if not (submission.answers or submission.flags):
        submission.flags.append("nothing handed in")
    if submission.unsaid:
        submission.flags.append(f"and {submission.unsaid} more remarks like these")


def _kinds(files: list[Path]) -> str:
    suffixes = sorted({readable(path.suffix) or "no suffix" for path in files})
    if not suffixes:
        return "There is no file in it."
    unpack = " Unpack archives first." if {".zip", ".gz", ".tar"} & set(suffixes) else ""
    return f"Found: {', '.join(suffixes[:5])}.{unpack}"
