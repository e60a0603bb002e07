"""A fresh run beside the stored one: what may differ, and what is found."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from sample_lesson import add, cell_of, plant_stale_alt

from tools import notebooks, stored
from tools.lesson_differences import differences, figure_differences, record_differences

ROOT = Path(__file__).parents[1]


def output(notebook, name, index=0):
    return cell_of(notebook, name).outputs[index]


def test_a_second_run_gives_the_same_bytes(sample):
    path, _ = sample
    again = stored.text_of(notebooks.execute(path))
    assert again == path.read_text(encoding="utf-8")


def nudged(svg, points):
    """The figure with one point of its last path moved."""
    place = svg.rindex(' d="M ') + len(' d="M ')
    number = svg[place:].split()[0]
    return f"{svg[:place]}{float(number) + points:.2f}{svg[place + len(number) :]}"


def move_line(nb):
    figure = output(nb, "picture-line")
    figure.data["image/svg+xml"] = nudged(figure.data["image/svg+xml"], 1)


def reword_figure(nb):
    figure = output(nb, "picture-line")
    figure.data["image/svg+xml"] = figure.data["image/svg+xml"].replace("rises", "falls", 1)


def recolor(nb):
    figure = output(nb, "picture-line")
    figure.data["image/svg+xml"] = figure.data["image/svg+xml"].replace("#0072b2", "#d55e00")


def models(nb):
    return nb.metadata.widgets[stored.WIDGET_STATE].state


def change_frame(nb):
    frame = next(m for m in models(nb).values() if m.model_name == "HTMLModel")
    frame.state["value"] = nudged(frame.state["value"], 1)


def cut_link(nb):
    link = next(m for m in models(nb).values() if m.model_name == "LinkModel")
    link.state["target"] = ["IPY_MODEL_0", "value"]


DIFFERENT = {
    "a printed number": (
        lambda nb: output(nb, "numbers").update(text="steps 347\nidle 0.9851, noise ≈0.333\n"),
        "'steps 347' stored, 'steps 346' now",
    ),
    "an output gone": (lambda nb: cell_of(nb, "numbers").update(outputs=[]), "0 outputs stored"),
    "a figure moved": (move_line, "places differ by"),
    "a figure reworded": (reword_figure, "The line falls to the right' stored"),
    "a figure recolored": (recolor, "colors differ by 213 of 255"),
    "a frame altered": (change_frame, "widgets: figure: places"),
    "a link cut": (cut_link, "LinkModel.target is another"),
    "no widget state": (lambda nb: nb.metadata.pop("widgets"), "widgets: 0 models stored"),
    "a claim's effect": (
        lambda nb: output(nb, "claim-run").metadata["dlcourse"].update(effect=-0.51),
        "record: effect = -0.51 stored",
    ),
    "a claim's interval": (
        lambda nb: output(nb, "claim-run").metadata["dlcourse"].update(interval=[-0.6, -0.4]),
        "record: interval",
    ),
    "alt text in the metadata": (plant_stale_alt, "the alt text in the metadata is another"),
    "a cell more": (lambda nb: add(nb, "1"), "the cells are not the same"),
}


@pytest.mark.parametrize("change", DIFFERENT)
def test_a_stored_lie_is_found(sample, lesson, change):
    alter, message = DIFFERENT[change]
    alter(lesson)
    assert lesson != sample[1]
    found = differences(lesson, sample[1])
    assert len(found) == 1
    assert message in found[0]


def test_last_digits_of_another_processor_pass(sample, lesson):
    """A hundredth of a point, a number after ≈, the seventh digit of an effect, rounding errors."""
    figure = output(lesson, "picture-line")
    figure.data["image/svg+xml"] = nudged(figure.data["image/svg+xml"], 0.01)
    numbers = output(lesson, "numbers")
    numbers.text = numbers.text.replace("≈0.333", "≈0.329")
    output(lesson, "claim-run").metadata["dlcourse"]["effect"] *= 1 + 1e-7
    output(lesson, "claim-exact").metadata["dlcourse"]["effect"] = 3e-16
    assert lesson != sample[1]
    assert differences(lesson, sample[1]) == []


FRAME = '<svg viewBox="0 0 500 200"><path d="M {}" style="fill: {}"/><text>{}</text></svg>'


@pytest.mark.parametrize(
    ("place", "color", "word", "tolerance", "same"),
    [
        ("10.04", "#0072b2", "0.50", 0.0, True),
        ("10.06", "#0072b2", "0.50", 0.0, False),
        ("10.00", "#0073b2", "0.50", 0.0, True),
        ("10.00", "#0074b2", "0.50", 0.0, False),
        ("10.00", "#0072b2", "0.51", 0.0, False),
        ("10.00", "none", "0.50", 0.0, False),
        ("10.00 11", "#0072b2", "0.50", 0.2, False),
        ("19.00", "#0072b2", "0.50", 0.02, True),
        ("21.00", "#0072b2", "0.50", 0.02, False),
        ("10.00", "#0077b2", "0.50", 0.02, True),
        ("10.00", "#0079b2", "0.50", 0.02, False),
        ("10.00", "#0072b2", "0.51", 0.02, True),
        ("10.00", "#0072b2", "0.52", 0.02, False),
        ("10.00", "#0072b2", "half", 0.2, False),
    ],
)
def test_what_a_figure_may_differ_by(place, color, word, tolerance, same):
    old = FRAME.format("10.00", "#0072b2", "0.50")
    found = figure_differences(old, FRAME.format(place, color, word), tolerance)
    assert (found == []) == same


def test_a_figure_says_itself_how_far_it_may_differ(sample, lesson):
    stored, fresh = copy.deepcopy(sample[1]), lesson
    move_line(fresh)
    assert differences(stored, fresh)
    for notebook in (stored, fresh):
        output(notebook, "picture-line").metadata["dlcourse"]["tolerance"] = 0.01
    assert differences(stored, fresh) == []
    output(fresh, "picture-line").metadata["dlcourse"]["tolerance"] = 0.2
    assert "record: tolerance" in differences(stored, fresh)[0]


# Of ports, two kernels that start at once may be given the same (tools.notebooks.meeting).
MEET_IN_FILES = """
import nbval.kernel
from tools.notebooks import folder, meeting

places = []


def in_files(**named):
    places.append(folder())
    return manager(**named, **meeting(places[-1].name))


manager, nbval.kernel.KernelManager = nbval.kernel.KernelManager, in_files
"""


def test_nbval_sees_text_and_leaves_figures_to_us(sample, tmp_path):
    """An altered number or verdict turns nbval red; approximate numbers and figures do not."""
    path, notebook = sample
    (tmp_path / "conftest.py").write_text(MEET_IN_FILES, encoding="utf-8")
    (tmp_path / "book").symlink_to(path.parents[2] / "book")
    changes = {
        "allowed": lambda nb: (_replace(nb, "numbers", "≈0.333", "≈0.311"), move_line(nb)),
        "number": lambda nb: _replace(nb, "numbers", "steps 346", "steps 347"),
        "verdict": lambda nb: _replace(nb, "claim-run", "supported", "inconclusive"),
    }
    folder = tmp_path / "lessons"
    folder.mkdir()
    for name, change in changes.items():
        altered = copy.deepcopy(notebook)
        change(altered)
        nbformat.write(altered, folder / f"{name}.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "--nbval"]
    command += ["--nbval-current-env", "--nbval-sanitize-with", ROOT / "tests/nbval-sanitize.cfg"]
    command += ["-n", "2", "--dist", "loadfile", "--rootdir", tmp_path, folder]
    environment = {**os.environ, "PYTHONUTF8": "1"}
    run = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=240
    )
    failed = {line for line in run.stdout.splitlines() if line.startswith("FAILED")}
    red = {name for name in changes if any(f"/{name}.ipynb" in line for line in failed)}
    assert red == {"number", "verdict"}, run.stdout[-3000:]
    assert "passed" in run.stdout


def _replace(notebook, name, old, new):
    for out in cell_of(notebook, name).outputs:
        if out.output_type == "stream":
            out.text = out.text.replace(old, new)
        else:
            out.data = {kind: text.replace(old, new) for kind, text in out.data.items()}


RECORD = {"verdict": "supported", "effect": -0.5, "interval": [-0.6, -0.4], "runs": 10}


@pytest.mark.parametrize(
    ("chaotic", "changes", "found"),
    [
        (False, {"effect": -0.50001}, 0),
        (False, {"effect": -0.51}, 1),
        (True, {"effect": -0.51, "interval": [-0.65, -0.35]}, 0),
        (True, {"effect": -0.38}, 1),
        (True, {"interval": [-0.8, -0.4]}, 1),
        (True, {"verdict": "inconclusive"}, 1),
        (True, {"runs": 11}, 1),
    ],
)
def test_a_chaotic_claim_may_move_by_half_its_interval_and_no_further(chaotic, changes, found):
    old = RECORD | ({"chaotic": True} if chaotic else {})
    assert len(record_differences(old, old | changes)) == found


@pytest.mark.parametrize(
    ("changes", "found"), [({"effect": -0.50001}, 0), ({"effect": -0.51}, 1), ({"runs": 9}, 1)]
)
def test_claims_in_a_table_are_compared_one_by_one(changes, found):
    old = {"claims": [RECORD, {**RECORD, "verdict": "inconclusive"}]}
    new = {"claims": [RECORD, {**old["claims"][1], **changes}]}
    assert len(record_differences(old, new)) == found
    assert record_differences(old, {"claims": [RECORD]}) == ["record: 2 claims stored, 1 now."]


def test_a_claim_cannot_become_chaotic_unnoticed():
    assert record_differences(RECORD, RECORD | {"chaotic": True})


def test_a_figure_with_sliders_says_itself_how_far_its_frames_may_differ(sample, lesson):
    change_frame(lesson)
    assert "widgets: figure: places" in differences(lesson, sample[1])[0]
    for notebook in (lesson, sample[1]):
        output(notebook, "picture-sliders").metadata["dlcourse"]["tolerance"] = 0.01
    try:
        assert differences(lesson, sample[1]) == []
    finally:
        del output(sample[1], "picture-sliders").metadata["dlcourse"]["tolerance"]
