"""The processes that a grader has started, and which of them are still there."""

import contextlib
import time
from pathlib import Path


def descendants(pid):
    """The process and all below it, as (pid, start time): a pid alone may come again."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            parents[int(path.parent.name)] = (int(fields[1]), fields[19])
    found = [pid]
    for candidate in found:
        found += [child for child, (parent, _) in parents.items() if parent == candidate]
    return {(child, parents[child][1]) for child in found if child in parents}


def alive(processes):
    """Those of them that are still there, after a while to disappear."""
    for _ in range(100):
        left = {p for p in processes if p in descendants(p[0]) and not _zombie(p[0])}
        if not left:
            return left
        time.sleep(0.05)
    return left


def _zombie(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True
