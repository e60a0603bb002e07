"""One execution of a lesson finds whatever a processor, or a changed package, changes in it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from sample_lesson import build, cell_of

from tools import notebooks, rerun
from tools.stored import WIDGET_STATE, write

ROOT = Path(__file__).resolve().parents[1]


def run_again(notebook, processor="native"):
    """What ``make test`` does with a lesson; the finished process."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tools.rerun", "-p", "no:cacheprovider"]
    command += ["--nbval", "--nbval-current-env", "--nbval-sanitize-with"]
    command += ["tests/nbval-sanitize.cfg", str(notebook)]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "DLCOURSE_PROCESSOR": processor},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def move_line(nb):
    data = cell_of(nb, "picture-line").outputs[0].data
    data["image/svg+xml"] = shifted(data["image/svg+xml"])


def shifted(svg):
    """The figure with one point of its last path moved."""
    place = svg.rindex(' d="M ') + len(' d="M ')
    number = svg[place:].split()[0]
    return f"{svg[:place]}{float(number) + 1:.2f}{svg[place + len(number) :]}"


def change_frame(nb):
    state = nb.metadata.widgets[WIDGET_STATE].state
    frame = next(model for model in state.values() if model.model_name == "HTMLModel")
    frame.state["value"] = shifted(frame.state["value"])


def change_effect(nb):
    cell_of(nb, "claim-run").outputs[0].metadata["dlcourse"]["effect"] += 0.01


# Where the difference is reported, and how.
PLANTED = {
    "numbers": (
        lambda nb: cell_of(nb, "numbers").outputs[0].update(text="steps 347\n"),
        "steps 347",
    ),
    "picture-line": (move_line, "places differ by"),
    "claim-run": (change_effect, "record: effect"),
    "claim-table": (change_frame, "widgets: figure: places"),  # the last cell of the sample
}


def test_an_unchanged_lesson_passes(sample):
    done = run_again(sample[0], "haswell")
    assert done.returncode == 0, done.stdout[-3000:]


def test_its_kernel_too_waits_for_no_port_that_another_took(tmp_path):
    """What the first run printed, files where there are any, is what the second must."""
    source = "from ipykernel import get_connection_info as at\nprint(at(unpack=True)['transport'])"
    path = tmp_path / "a.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(source, id="where")]), path)
    write(notebooks.execute(path), path)
    done = run_again(path)
    assert done.returncode == 0, done.stdout[-3000:]


def test_every_planted_difference_is_found_where_it_is(lesson, tmp_path):
    for change, _ in PLANTED.values():
        change(lesson)
    changed = build(tmp_path)
    write(lesson, changed)
    done = run_again(changed)
    order = [cell.id for cell in lesson.cells if cell.cell_type == "code"]
    failed = {order[int(n)] for n in re.findall(r"^FAILED .*::Cell (\d+)", done.stdout, re.M)}
    assert failed == set(PLANTED), done.stdout[-3000:]
    for _, said in PLANTED.values():
        assert said in done.stdout


PRINTS_LAST_DIGITS = """import numpy as np
a = np.random.default_rng(0).normal(size=(200, 200))
b = np.linalg.matrix_power(a / 14, 12)
print(repr(float(np.tanh(b).sum())))"""


@pytest.fixture(scope="module")
def careless(tmp_path_factory):
    """A notebook that prints every digit, with the output of this processor."""
    path = tmp_path_factory.mktemp("careless") / "careless.ipynb"
    cell = nbformat.v4.new_code_cell(PRINTS_LAST_DIGITS, id="digits")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    write(notebooks.execute(path), path)
    return path


def test_a_careless_notebook_passes_at_home_and_fails_on_another_processor(careless):
    assert run_again(careless).returncode == 0
    if not rerun.openblas():
        pytest.skip("NumPy's products are not OpenBLAS on x86 here")
    done = run_again(careless, "prescott")
    assert done.returncode == 1, done.stdout[-3000:]
    assert "Cell outputs differ" in done.stdout
