"""Run lessons and write them back, byte for byte the same on a second run.

    python -m tools.notebooks run lessons/2-optimizers/momentum.ipynb   (or a folder)
    python -m tools.notebooks check lessons                 (re-run, compare, write nothing)
    python -m tools.notebooks normalize lessons             (after editing by hand; runs nothing)

Progress bars are off while a lesson runs; ``tools.stored`` says in which form it is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from tools.lesson_differences import differences
from tools.stored import KERNEL, NotebookError, check_ids, normalized, write

ROOT = Path(__file__).resolve().parents[1]
# One thread: the order of sums, and with it the last digit, must not hang on the number of cores.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "TQDM_DISABLE": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
# ipywidgets names its models by uuid4; in a stored lesson they are numbered.
SETUP = """
def _stable_widget_ids():
    import hashlib, itertools, types
    import comm.base_comm, ipykernel.comm.comm
    numbers = itertools.count()
    def uuid4():
        return types.SimpleNamespace(hex=hashlib.md5(b"widget-%d" % next(numbers)).hexdigest())
    for module in (comm.base_comm, ipykernel.comm.comm):
        module.uuid = types.SimpleNamespace(uuid4=uuid4)
_stable_widget_ids()
del _stable_widget_ids
"""


def execute(path: Path | str, timeout: int = 300) -> Any:
    """A copy of the notebook with the outputs of a fresh run, as it is stored.

    An error in a cell not tagged ``raises-exception`` raises nbclient's ``CellExecutionError``.
    Progress on exercises begins and ends with the run; the author's own is left alone.
    """
    path = Path(path)
    notebook = nbformat.read(path, as_version=4)
    check_ids(notebook, path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata.pop("widgets", None)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    command += ["--log-level=40"]  # its word on unencrypted TCP would be said for every lesson
    with contextlib.ExitStack() as stack:
        empty, place = (stack.enter_context(folder()) for _ in range(2))
        manager = AsyncKernelManager(**meeting(place))
        manager._kernel_spec = KernelSpec(argv=command, language="python", **_named())
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=timeout,
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(path.resolve().parent)}},
        )
        client.owns_km = True  # so that it ends the kernel
        environment = {**os.environ, **ENVIRONMENT, "DLCOURSE_HOME": empty}
        kernel = client.setup_kernel(env=environment, cwd=str(path.resolve().parent))
        stack.enter_context(kernel)
        client.kc.execute(SETUP, silent=True, store_history=False)
        count = 0
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "code" and cell.source.strip():
                count += 1
                client.execute_cell(cell, index, execution_count=count)
        client.set_widgets_metadata()
    return normalized(notebook)


def folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="dlcourse-")


def meeting(place: str) -> dict[str, str]:
    """Where a kernel and who asks it meet: in files of a folder of their own, if they can.

    Jupyter takes ports that are free when it looks; by the time the kernel binds them, another that
    starts at the same moment may have them, and this one never answers.
    """
    files = {"transport": "ipc", "connection_file": os.path.join(place, "kernel.json")}
    return files if os.name == "posix" else {}


def _named() -> dict[str, Any]:
    return {"display_name": KERNEL["display_name"], "name": KERNEL["name"]}


def found(paths: Iterable[str]) -> Iterator[Path]:
    """The notebooks named, or inside the folders named, in order."""
    for name in paths:
        path = Path(name)
        inside = sorted(path.rglob("*.ipynb")) if path.is_dir() else [path]
        inside = [p for p in inside if ".ipynb_checkpoints" not in p.parts]
        if not inside or not all(p.is_file() for p in inside):
            raise NotebookError(f"{name} must be a notebook or a folder with some.")
        yield from inside


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.notebooks", description=__doc__)
    parser.add_argument("verb", choices=("run", "check", "normalize"))
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--timeout", type=int, default=300, help="seconds for one cell")
    options = parser.parse_args(arguments)
    failed = 0
    for path in found(options.paths):
        if options.verb == "normalize":
            notebook = nbformat.read(path, as_version=4)
            check_ids(notebook, path)
            print(f"{path}: {'written' if write(normalized(notebook), path) else 'unchanged'}")
            continue
        fresh = execute(path, options.timeout)
        if options.verb == "run":
            print(f"{path}: {'written' if write(fresh, path) else 'unchanged'}", flush=True)
            continue
        lines = differences(nbformat.read(path, as_version=4), fresh)
        failed += bool(lines)
        print("\n".join([f"{path}: {'differs' if lines else 'same'}", *lines]), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
