"""A folder of submissions: whose they are, and which cell answers what. Nothing is executed.

``submissions/<student>/*.ipynb``, ``submissions/<student>.ipynb`` and the flat files that Canvas
packs (``doejane_1234_5678_adam.ipynb``) are understood. Only plain files are read, no links, and
none beyond `FILE_LIMIT`; a notebook is JSON to us, whatever else it claims to be.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlcourse.checks import fail
from dlcourse.grading.texts import printable, short

TAG = "exercise:"
FILE_LIMIT = 20 << 20
SOURCE_LIMIT = 1 << 20
MOST_FILES, MOST_FOLDERS = 100, 20
"""Notebooks of one student that are read, the newest; and folders inside each other."""
# name, an optional "LATE", the student's id, the file's id, the name the student gave the file
CANVAS = re.compile(r"^([^_]+)(?:_LATE)?_(\d+)_(\d+)_(.+)$")
CHECKED = re.compile(r"^check\(\s*[\"'](\w+)[\"']", re.MULTILINE)
"""The call below an answer's cell: it tells of an answer whose tag is gone."""
FLAG_LIMIT = 20
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


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

    def remark(self, text: str) -> None:
        """One more flag, of a length for tables; of many the first, and how many more there are."""
        if len(self.flags) < FLAG_LIMIT:
            self.flags.append(short(text, 300))
        else:
            self.unsaid += 1


class NotebookError(ValueError):
    """A file that is no notebook we can read; the message says why."""


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
    folders = (path for path in root.iterdir() if path.is_dir() and not path.is_symlink())
    names = [readable(path.name) for path in folders if _seen(path.name)]
    found = {student: Submission(student) for student in names}
    files = list(_files(root))
    if not any(_named_as_notebook(path) for path in files):
        fail("submissions", "a folder with notebooks (.ipynb)", str(folder), _kinds(files))
    handed_in: dict[str, list[Path]] = {}
    for path in sorted(files, key=_age):
        handed_in.setdefault(student_of(path.relative_to(root)), []).append(path)
    for student, own in handed_in.items():
        submission = found.setdefault(student, Submission(student))
        notebooks = [path for path in own if path.suffix == ".ipynb"]
        if unread := set(notebooks[:-MOST_FILES]):
            many = f"{len(notebooks)} notebooks; the {len(unread)} oldest were not read"
            submission.remark(many)
        for path in own:
            if path not in unread:
                _add(submission, path, root, known)
    for submission in found.values():
        _tidy(submission)
    return [found[student] for student in sorted(found)]


def student_of(path: Path) -> str:
    """Whose file this is: the first folder's name; for a flat file its name, or Canvas' name."""
    if len(path.parts) > 1:
        return readable(path.parts[0])
    packed = CANVAS.match(path.stem)
    return readable(f"{packed[1]}_{packed[2]}" if packed else path.stem)


def readable(name: str) -> str:
    """A file's name as text that can be printed, however it was encoded; no two become one.

    Nor does it hold a semicolon, at which some spreadsheets begin a cell.
    """
    raw = os.fsencode(name).replace(b"\\", rb"\x5c").replace(b";", rb"\x3b")
    return printable(raw.decode("utf-8", "backslashreplace"))


def answers_of(path: Path) -> tuple[dict[str, list[str]], list[str]]:
    """The sources of a notebook's answer cells by exercise, in the order of the page, and remarks.

    A cell that cannot be read costs the others nothing.
    """
    try:
        content = json.loads(_content(path).decode("utf-8-sig"))
        if isinstance(content, dict) and "worksheets" in content:
            raise NotebookError("a notebook of an old format, not read; save it with Jupyter")
        cells = content["cells"]
        if not isinstance(cells, list):
            raise TypeError
    except OSError as error:
        raise NotebookError(f"cannot be read: {error.strerror}") from None
    except NotebookError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotebookError("not a Jupyter notebook, not read") from None
    found: dict[str, list[str]] = {}
    remarks, tagged, checked = [], set[str](), dict[str, None]()
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        tagged.update(exercises := _exercises(cell))
        try:
            source = _source(cell)
        except NotebookError as error:
            remarks += [f"the cell of {_shown(exercise)} is {error}" for exercise in exercises]
            continue
        for exercise in exercises:
            found.setdefault(exercise, []).append(source)
        checked.update(dict.fromkeys(CHECKED.findall(source)))
    if lost := [exercise[:40] for exercise in checked if exercise not in tagged]:
        ids = ", ".join(lost)
        remarks.append(f"no cell is tagged for {ids}, which it checks; was the tag deleted?")
    return found, remarks


def _content(path: Path) -> bytes:
    """The bytes of a plain file. It is looked at once it is open: until then it may be replaced."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | NO_LINK)) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise NotebookError("no plain file, not read")
        if status.st_size > FILE_LIMIT:
            raise NotebookError(f"larger than {FILE_LIMIT >> 20} MB, not read")
        return file.read(status.st_size)


def _files(root: Path) -> Iterator[Path]:
    """Everything below ``root`` but folders and hidden files; nothing behind a link.

    A folder that cannot be looked into counts as a file, so that it is reported.
    """
    closed: list[str] = []
    deep: list[str] = []
    for folder, names, files in os.walk(root, onerror=lambda e: closed.append(e.filename)):
        links = [name for name in names if Path(folder, name).is_symlink()]
        names[:] = sorted(filter(_seen, names))
        if len(Path(folder).parts) - len(root.parts) >= MOST_FOLDERS:
            deep += [os.path.join(folder, name) for name in names]
            names.clear()
        yield from (Path(folder, name) for name in sorted([*files, *links]) if _seen(name))
    yield from map(Path, closed + deep)


def _seen(name: str) -> bool:
    """Whether a file or folder is the student's: not hidden, and not a Mac's shadow of one."""
    return not name.startswith((".", "__MACOSX"))


def _named_as_notebook(path: Path) -> bool:
    return path.suffix.lower() == ".ipynb"


def _age(path: Path) -> tuple[int, str]:
    try:
        return path.lstat().st_mtime_ns, os.fspath(path)
    except OSError:  # taken away meanwhile, which is said when it is to be read
        return 0, os.fspath(path)


def _add(submission: Submission, path: Path, root: Path, known: Collection[str]) -> None:
    """The answers of one file; a newer file's take the place of an older one's."""
    name = readable(os.fspath(path.relative_to(root)))
    if not os.path.lexists(path):
        submission.remark(f"{name}: gone, not read")
        return
    if path.is_symlink() or not path.is_file():
        submission.remark(f"{name}: a link, or no plain file; not read")
        return
    if not _named_as_notebook(path):
        submission.remark(f"{name}: not a notebook, not read")
        return
    try:
        cells, remarks = answers_of(path)
    except NotebookError as error:
        submission.remark(f"{name}: {error}")
        return
    if path.parent == root and CANVAS.match(path.stem) and "_LATE_" in path.name:
        submission.remark(f"{name}: handed in late, as Canvas says in its name")
    for remark in remarks:
        submission.remark(f"{name}: {remark}")
    if not (cells or remarks):
        submission.remark(f"{name}: no answer cells; is it a page of this course?")
    twice: dict[str, list[str]] = {}
    for exercise, sources in cells.items():
        if exercise not in known:
            submission.remark(f"{name}: {_shown(exercise)} is no exercise of this course")
            continue
        if len(sources) > 1:
            submission.remark(f"{name}: {len(sources)} cells for {exercise}; the last counts")
        if (older := submission.answers.get(exercise)) is not None:
            twice.setdefault(older.file, []).append(exercise)
        submission.answers[exercise] = Answer(sources[-1], name)
    for older_file, ids in twice.items():
        said = f"{', '.join(ids)}: handed in twice; {name} is newer than {older_file}"
        submission.remark(said)


def _tidy(submission: Submission) -> None:
    """What the flags end with, and one for whoever gave nothing."""
    if not (submission.answers or submission.flags):
        submission.flags.append("nothing handed in")
    if submission.unsaid:
        submission.flags.append(f"and {submission.unsaid} more remarks like these")


def _shown(exercise: str) -> str:
    return repr(exercise[:40].replace(";", ","))


def _exercises(cell: dict[str, Any]) -> list[str]:
    """The exercises a cell answers, by its tags."""
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    if not isinstance(tags, list):
        return []
    own = (tag for tag in tags if isinstance(tag, str) and tag.startswith(TAG))
    return list(dict.fromkeys(tag.removeprefix(TAG) for tag in own))


def _source(cell: dict[str, Any]) -> str:
    """A cell's text."""
    source = cell.get("source")
    parts: list[Any] = source if isinstance(source, list) else [source]
    if not all(isinstance(part, str) for part in parts):
        raise NotebookError("not text, not read")
    text = "".join(parts)
    if len(text) > SOURCE_LIMIT:
        raise NotebookError(f"larger than {SOURCE_LIMIT >> 20} MB, not read")
    return text


def _kinds(files: list[Path]) -> str:
    suffixes = sorted({readable(path.suffix) or "no suffix" for path in files})
    if not suffixes:
        return "There is no file in it."
    unpack = " Unpack archives first." if {".zip", ".gz", ".tar"} & set(suffixes) else ""
    return f"Found: {', '.join(suffixes[:5])}.{unpack}"
