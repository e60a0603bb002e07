"""The twins on a GPU: every CUDA test, then what a step costs there.

    make gpu                            (or: python3 -m benchmarks.gpu)

Needs this repository, a GPU, and a Python with PyTorch that sees it, NumPy and pytest. Exits with
1 when a test fails or is left out, with 2 when there is no GPU: then nothing is run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS_SECONDS = 330


def main() -> int:
    """The tests and the times, or one line that says why not."""
    files = [str(path.relative_to(ROOT)) for path in test_files()]
    if why := unavailable():
        print(
            f"No GPU: {why}. Nothing was run; with one, `make gpu` runs the CUDA tests of "
            f"{', '.join(files)} and times optimizers, a training step and a thousand runs.",
            file=sys.stderr,
        )
        return 2
    from benchmarks import twins

    print(twins.where(), flush=True)
    failed = not passed(files)
    twins.report("cuda")
    return int(failed)


def test_files() -> list[Path]:
    """The files with tests that run on a device: they take the list from ``tests/devices.py``."""
    files = sorted((ROOT / "tests").glob("test_*.py"))
    return [path for path in files if "from devices import" in path.read_text(encoding="utf-8")]


def unavailable() -> str:
    """Why nothing can run on a GPU here, or nothing."""
    try:
        import torch
    except ImportError:
        return f"{sys.executable} has no PyTorch"
    if torch.cuda.is_available():
        return ""
    return f"PyTorch {torch.__version__} of {sys.executable} sees none"


def passed(files: list[str]) -> bool:
    """Run the marked tests; whether there are some and all of them passed."""
    # Another machine has other plugins and versions: what they deprecate is not what is tried here.
    quiet = ["-W", "ignore::DeprecationWarning", "-W", "ignore::FutureWarning"]
    words = ["-c", "pyproject.toml", "-o", "minversion=7", "--noconftest", "-p", "no:cacheprovider"]
    words += ["-m", "cuda", "-q", "--no-header", "--tb=line", *quiet, *files]
    command = [sys.executable, "-m", "pytest", *words]
    bare = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=bare, stdout=subprocess.PIPE, text=True, timeout=TESTS_SECONDS
        )
    except subprocess.TimeoutExpired:
        print(f"The tests were not through after {TESTS_SECONDS} s.")
        return False
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    print("\n".join(lines[-25:]), flush=True)
    return not done.returncode and "skipped" not in lines[-1]


if __name__ == "__main__":
    sys.exit(main())
