"""The stored lessons are what other processors compute too: text, figures, widgets and claims.

OpenBLAS chooses its kernels, and NumPy its loops, by the processor they find; both can be told to
find a lesser one. The last digits change then, and a lesson must not show them. nbval compares the
text of every output on the processor that is there.
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


# A processor of ten years ago, loops and products alike, and products of one of twenty years ago,
# which are slow: the lessons are run on those where DLCOURSE_OLDEST is set.
SETTINGS = {
    "haswell": {"OPENBLAS_CORETYPE": "Haswell", **without_avx512()},
    "prescott": {"OPENBLAS_CORETYPE": "Prescott"},
}
CHECKED = ["haswell", *(["prescott"] if os.environ.get("DLCOURSE_OLDEST") else [])]
if not openblas():
    SETTINGS, CHECKED = {"as it is": {}}, ["as it is"]


def check(notebook, setting):
    """Run a notebook again with some environment variables and compare; the finished process."""
    # A stored lesson holds no progress bar.
    environment = {**os.environ, "TQDM_DISABLE": "1", **setting}
    return subprocess.run(
        [sys.executable, "-m", "tools.notebooks", "check", str(notebook)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", CHECKED)
def test_lesson_is_the_same_on_another_processor(name, lesson):
    done = check(lesson, SETTINGS[name])
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
    done = check(careless, {})
    assert done.returncode == 0, done.stdout[-3000:]


def test_careless_notebook_fails_on_another_processor(careless):
    if not openblas():
        pytest.skip("NumPy's products are not OpenBLAS on x86 here")
    done = check(careless, SETTINGS["prescott"])
    assert done.returncode == 1, done.stdout[-3000:]
    assert "cell c0, output 0: text:" in done.stdout
