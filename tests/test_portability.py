"""The stored lessons are what other processors compute too: nbval under other kernels and SIMD.

OpenBLAS chooses its kernels, and NumPy its loops, by the processor they find; both can be told to
find a lesser one. The last digits change then, and a lesson must not print them.
"""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted((ROOT / "lessons").glob("*/*.ipynb"))


def openblas():
    """Whether NumPy's products are OpenBLAS on x86, whose kernels have these names."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    return "openblas" in blas and "SSE2" in __cpu_features__ and __cpu_features__["SSE2"]


def without_avx512():
    """Switches off what of this NumPy needs AVX-512 and is in use on this processor."""
    names = [name for name in __cpu_dispatch__ if name.startswith("AVX512") or name == "X86_V4"]
    used = [name for name in names if __cpu_features__.get(name)]
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(used)} if used else {}


# A processor of ten years ago, loops and products alike, and products of one of twenty years ago.
SETTINGS = {
    "haswell": {"OPENBLAS_CORETYPE": "Haswell", **without_avx512()},
    "prescott": {"OPENBLAS_CORETYPE": "Prescott"},
}


def nbval(notebooks, setting):
    """Run nbval on notebooks with some environment variables; the finished process."""
    # The workers of an outer pytest are no business of the inner one.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [
        *(sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env"),
        *("--nbval-sanitize-with", str(ROOT / "tests" / "nbval-sanitize.cfg")),
        *("-p", "no:cacheprovider", "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml")),
        *map(str, notebooks),
    ]
    return subprocess.run(
        command, cwd=ROOT, env={**kept, **setting}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", SETTINGS)
def test_lesson_prints_the_same_on_another_processor(name, lesson):
    if not openblas():
        pytest.skip("NumPy's products are not OpenBLAS on x86 here")
    done = nbval([lesson], SETTINGS[name])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


PRINTS_LAST_DIGITS = """import numpy as np
a = np.random.default_rng(0).normal(size=(200, 200))
b = np.linalg.matrix_power(a / 14, 12)
print(repr(float(np.tanh(b).sum())))"""


@pytest.fixture(scope="module")
def careless(tmp_path_factory):
    """A notebook that prints every digit, with the output of this processor."""
    path = tmp_path_factory.mktemp("careless") / "careless.ipynb"
    cell = nbformat.v4.new_code_cell(PRINTS_LAST_DIGITS, id="c0", execution_count=1)
    out = subprocess.run(
        [sys.executable, "-c", PRINTS_LAST_DIGITS], capture_output=True, text=True, check=True
    )
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=out.stdout)]
    book = nbformat.v4.new_notebook(cells=[cell])
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(book, path)
    return path


def test_careless_notebook_passes_at_home(careless):
    done = nbval([careless], {})
    assert done.returncode == 0, done.stdout[-3000:]


def test_careless_notebook_fails_on_another_processor(careless):
    if not openblas():
        pytest.skip("NumPy's products are not OpenBLAS on x86 here")
    done = nbval([careless], SETTINGS["prescott"])
    assert done.returncode == 1, done.stdout[-3000:]
    assert "1 failed" in done.stdout
