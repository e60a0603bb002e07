"""Replay the transcripts in the manuals, so that what they show is what the programs say.

    python -m tools.manuals            write what has changed back into the pages
    python -m tools.manuals check      compare, write nothing; exit status 1 where one differs

A page is read from top to bottom. A block with a caption is a file of that name. A block of Python
without one is a cell of a notebook, and a block of text right below it is what the cell shows. In a
block ``console`` a line that begins with ``$`` is a command, run in a folder of its own, and the
lines under it are what it prints. ``…`` stands for whatever differs from one time to the next.
"""

from __future__ import annotations

import ast
import contextlib
import linecache
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "book" / f"grading-{reader}.md" for reader in ("learner", "instructor")]
BLOCK = re.compile(r"^```(?:\{code-block\} )?(\w+)\n((?::.+\n)*)([\s\S]*?)^```$", re.MULTILINE)
CAPTION = re.compile(r"^:caption: (.+)$", re.MULTILINE)
PORT = "8786"
"""Dask's usual port, which may be taken: any free one is used, and this one is shown."""
SECONDS = 60


class Replay:
    """A folder, a notebook and a shell, in which a page happens."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.names, self.cells = folder, dict[str, Any](), 0
        self.shown: str | None = None
        self.status, self.started = 0, list[int]()
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",  # so that both streams keep their order
            "PYTHONUTF8": "1",
            "TQDM_DISABLE": "1",
            "COLUMNS": "80",
        }
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = str(free.getsockname()[1])
        for name in ("tests", "lessons", "exercises", "solutions"):
            (folder / name).symlink_to(ROOT / name)

    def page(self, text: str) -> str:
        """The page as it would read now."""
        made, end = [], 0
        for block in BLOCK.finditer(text):
            between = text[end : block.start()]
            head, body = text[block.start() : block.start(3)], self.body(block, between)
            made += [between, head, body]
            end = block.end(3)
        return "".join([*made, text[end:]])

    def body(self, block: re.Match[str], between: str) -> str:
        """What stands in a block, once it has been run."""
        kind, options, body = block.groups()
        shown, self.shown = self.shown, None
        if caption := CAPTION.search(options):
            (self.folder / caption[1]).write_text(body.strip("\n") + "\n", encoding="utf-8")
        elif kind == "python":
            self.shown = self.cell(body)
        elif kind == "text" and shown is not None and not between.strip("`\n"):
            return settled(body, shown + "\n")
        elif kind == "console":
            return "".join(self.console(body))
        return body

    def cell(self, source: str) -> str:
        """Run a cell; what its last expression shows, empty where there is none."""
        self.cells += 1
        name = f"<cell {self.cells}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        *first, last = ast.parse(source).body
        with contextlib.chdir(self.folder):
            if not isinstance(last, ast.Expr):
                exec(compile(source, name, "exec"), self.names)
                return ""
            exec(compile(ast.Module(first, []), name, "exec"), self.names)
            return repr(eval(compile(ast.Expression(last.value), name, "eval"), self.names))

    def console(self, body: str) -> Iterator[str]:
        """Each command, and under it what it prints."""
        for part in re.split(r"^(?=\$ )", body, flags=re.MULTILINE):
            if not part.startswith("$ "):
                yield part
                continue
            found = re.match(r"(?:.*\\\n)*.*\n", part)
            assert found, "a command ends its line"
            yield found[0] + settled(part[found.end() :], self.run(found[0][2:]))

    def run(self, command: str) -> str:
        """What one command prints, on both streams; ``$?`` is the status of the one before."""
        line = f"(exit {self.status}); {command.replace(PORT, self.port)}"
        with tempfile.TemporaryFile() as said:
            shell = subprocess.Popen(
                ["sh", "-c", line],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
            self.started.append(shell.pid)
            self.status = shell.wait(SECONDS)
            said.seek(0)
            return said.read().decode().replace(self.port, PORT)

    def close(self) -> None:
        """End what was left running in the background."""
        for group in self.started:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)


def settled(old: str, new: str) -> str:
    """``old`` where it says the same as ``new``, its ``…`` standing for anything; else ``new``."""
    pattern = ".*?".join(map(re.escape, old.split("…")))
    return old if re.fullmatch(pattern, new, re.DOTALL) else new


@contextlib.contextmanager
def home(folder: Path) -> Iterator[None]:
    """Progress of its own for the cells of a page."""
    before = os.environ.get("DLCOURSE_HOME")
    os.environ["DLCOURSE_HOME"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["DLCOURSE_HOME"]
        else:
            os.environ["DLCOURSE_HOME"] = before


def replayed(text: str) -> str:
    """A page's text with fresh transcripts."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(home(folder / ".progress"))
        return stack.enter_context(contextlib.closing(Replay(folder))).page(text)


def main(argv: list[str]) -> int:
    """Write the pages back, or say which would change."""
    stale, only_look = 0, argv == ["check"]
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        if (new := replayed(text)) == text:
            continue
        stale += 1
        print(f"{path.relative_to(ROOT)}: a transcript has changed")
        if not only_look:
            path.write_text(new, encoding="utf-8")
    return int(only_look and stale > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
