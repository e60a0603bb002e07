"""Each rule for lessons meets its error, planted into a lesson that keeps all rules."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from sample_lesson import build, cell_of

from dlcourse.lesson.registry import load_claims
from tools import lesson_checks, lesson_prose, notebooks, stored
from tools.lesson_differences import differences, figure_differences, record_differences

ROOT = Path(__file__).parents[1]
LESSON = "lessons/1-sample/sample"


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The sample lesson, run once and stored: (its path, the notebook)."""
    path = build(tmp_path_factory.mktemp("book"))
    stored.write(notebooks.execute(path), path)
    return path, nbformat.read(path, as_version=4)


@pytest.fixture
def lesson(sample):
    return copy.deepcopy(sample[1])


def registry(sample):
    return load_claims(sample[0].parents[2] / "book" / "claims")


def output(notebook, name, index=0):
    return cell_of(notebook, name).outputs[index]


STATIC = {
    "unexecuted": lesson_checks.unexecuted,
    "outputs": lesson_checks.bad_outputs,
    "ids": lesson_checks.bad_ids,
    "pictures": lesson_checks.bad_pictures,
    "code": lesson_checks.bad_code,
    "prose": lesson_prose.unprinted_numbers,
}


@pytest.mark.parametrize("check", STATIC)
def test_the_sample_keeps_every_rule(lesson, check):
    assert STATIC[check](lesson) == []


def add(notebook, source, name="planted", tags=(), count=None):
    cell = v4.new_code_cell(source, id=name, metadata={"tags": list(tags)})
    cell.execution_count = count
    notebook.cells.append(cell)


def plant_stderr(nb):
    cell_of(nb, "numbers").outputs.append(v4.new_output("stream", name="stderr", text="50%|###"))


def plant_bar(nb):
    bar = {"text/plain": " 20%|##        | 46/230 [00:01<00:06, 30.55step/s]"}
    cell_of(nb, "numbers").outputs.append(v4.new_output("display_data", bar))


def plant_error(nb):
    cell_of(nb, "numbers").outputs.append(v4.new_output("error", ename="ValueError", evalue="no"))


def plant_png(nb):
    output(nb, "picture-line").data = {"image/png": "iVBORw0KGgo="}


def plant_no_alt(nb):
    output(nb, "picture-line").metadata = {}


def plant_stale_alt(nb):
    cell_of(nb, "picture-line").metadata["mystnb"]["image"]["alt"] = "Another line, that falls."


def plant_two_pictures(nb):
    cell_of(nb, "picture-line").outputs.append(copy.deepcopy(output(nb, "picture-line")))


def plant_prose(text):
    def plant(nb):
        cell_of(nb, "title").source += f"\n\n{text}"

    return plant


PLANTED = {
    "a cell never run": (
        "unexecuted",
        lambda nb: cell_of(nb, "numbers").update(execution_count=None, outputs=[]),
        "cell numbers is number None of the run, not 2",
    ),
    "cells run out of order": (
        "unexecuted",
        lambda nb: cell_of(nb, "numbers").update(execution_count=7),
        "cell numbers is number 7",
    ),
    "an error": ("outputs", plant_error, "ends in ValueError: no"),
    "a progress bar": ("outputs", plant_bar, "stores a progress bar"),
    "a bar on stderr": ("outputs", plant_stderr, "writes to stderr"),
    "a random id": ("ids", lambda nb: nb.cells[1].update(id="3f2a9c1d"), "words in lower case"),
    "an id twice": ("ids", lambda nb: nb.cells[1].update(id="title"), "unique"),
    "a figure past picture": ("pictures", plant_png, "without plots.picture"),
    "a figure without alt text": ("pictures", plant_no_alt, "without alt text"),
    "alt text the page lacks": ("pictures", plant_stale_alt, "lacks its alt text"),
    "two figures in a cell": ("pictures", plant_two_pictures, "shows 2 figures"),
    "an algorithm": ("code", lambda nb: add(nb, "def adam(g):\n    return g"), "defines adam"),
    "a class": ("code", lambda nb: add(nb, "class Adam:\n    pass"), "defines Adam"),
    "an algorithm in a picture": (
        "code",
        lambda nb: add(nb, "def adam(g):\n    return g", tags=["picture"]),
        "defines adam",
    ),
    "a long lambda": ("code", lambda nb: add(nb, "f = lambda x: (\n    x)"), "several lines"),
    "imports further down": ("code", lambda nb: add(nb, "import math"), "imports stand in 2 cells"),
    "a line too long": ("code", lambda nb: add(nb, f"x = {'1 + ' * 20}1"), "85 columns"),
    "shown code too long": (
        "code",
        lambda nb: output(nb, "code").data.update({"text/plain": "x" * 80}),
        "80 columns",
    ),
    "a number nobody printed": (
        "prose",
        plant_prose("It takes 347 steps."),
        "says 347, no output prints it (nearest: 346)",
    ),
    "a number rounded wrongly": ("prose", plant_prose("Idle: 0.986."), "says 0.986"),
    "a percentage of another": ("prose", plant_prose("Idle: 98.6 %."), "says 98.6 %"),
    "a year that counts steps": ("prose", plant_prose("It takes 2018 steps."), "says 2018"),
    "an excuse for nothing": (
        "prose",
        plant_prose("<!-- numbers: 4603 -->"),
        "excuses 4603, which it does not say",
    ),
    "a number in a title": (
        "prose",
        lambda nb: add(nb, 'ax.set_title("It needs 347")'),
        "says 347",
    ),
}


@pytest.mark.parametrize("error", PLANTED)
def test_a_broken_rule_is_found(lesson, error):
    check, plant, message = PLANTED[error]
    plant(lesson)
    complaints = STATIC[check](lesson)
    assert len(complaints) == 1
    assert message in complaints[0]


@pytest.mark.parametrize(
    ("source", "tags"),
    [
        ("def adam(g):\n    return g", ["derivation"]),
        ("class Adam:\n    pass", ["broken"]),
        ("def draw_path(lr):\n    return lr", ["picture"]),
        ("f = lambda x: x**2", []),
    ],
)
def test_what_a_lesson_may_define(lesson, source, tags):
    add(lesson, source, tags=tags)
    assert lesson_checks.bad_code(lesson) == []


@pytest.mark.parametrize(
    "text",
    [
        "It takes 346 steps, or $346$, or 346.0.",
        "Idle for 0.985, 98.5%, 98.51 percent of the time.",
        "Polyak (1964), Kingma and Ba 2015, in 1983, [Reddi et al., 2018], arXiv 1609.04747.",
        "Its cost is 300 steps, `lr=0.00123`, see [page](x-12345.html) and §4.123.",
        "The paper says 4603. <!-- numbers: 4603 (section 3) -->",
        "That is 3.46 × 10² or $3.46 \\times 10^{2}$ or 3.46e2.",
        "A tenth: claimed below 0.100, from the code.",
    ],
)
def test_prose_that_says_what_is_printed(lesson, text):
    plant_prose(text)(lesson)
    assert lesson_prose.unprinted_numbers(lesson) == []


def test_the_words_of_a_claim_are_not_its_evidence(lesson):
    """A number in the registry's note is as much prose as one in the lesson."""
    record = output(lesson, "claim-run")
    record.data["text/plain"] += "\n  note: it takes 12345 steps"
    plant_prose("It takes 12,345 steps.")(lesson)
    assert "12,345" in lesson_prose.unprinted_numbers(lesson)[0]


def test_claims_of_the_sample(sample, lesson):
    assert lesson_checks.bad_claims(lesson, registry(sample), LESSON) == []
    assert lesson_checks.unchecked_claims({LESSON: lesson}, registry(sample)) == []


def test_a_flipped_verdict_is_found(sample, lesson):
    output(lesson, "claim-run").metadata["dlcourse"]["verdict"] = "inconclusive"
    found = lesson_checks.bad_claims(lesson, registry(sample), LESSON)
    assert "one.smaller is inconclusive; book/claims expects supported" in found[0]


def test_an_unknown_claim_is_found(sample, lesson):
    output(lesson, "claim-run").metadata["dlcourse"]["claim"] = "one.smaler"
    found = lesson_checks.bad_claims(lesson, registry(sample), LESSON)
    assert "one.smaler is not in book/claims" in found[0]


def test_a_claim_in_the_wrong_lesson_is_found(sample, lesson):
    found = lesson_checks.bad_claims(lesson, registry(sample), "lessons/1-sample/other")
    assert len(found) == 3
    assert "belongs to lessons/1-sample/sample" in found[0]


def test_a_claim_run_for_an_older_registry_is_found(sample, lesson):
    entries = {name: {**entry} for name, entry in registry(sample).items()}
    output(lesson, "claim-run").metadata["dlcourse"]["kind"] = "exact"
    assert "another entry" in lesson_checks.bad_claims(lesson, entries, LESSON)[0]


@pytest.mark.parametrize("times", [0, 2])
def test_a_claim_checked_nowhere_or_twice_is_found(sample, lesson, times):
    cell_of(lesson, "claim-run").outputs *= times
    found = lesson_checks.unchecked_claims({LESSON: lesson}, registry(sample))
    assert found == [f"one.smaller is checked {times} times in {LESSON}, not once."]


def test_a_claim_without_a_lesson_is_found(sample):
    found = lesson_checks.unchecked_claims({}, registry(sample))
    assert len(found) == 3
    assert "which is not there" in found[0]


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


def test_nbval_sees_text_and_leaves_figures_to_us(sample, tmp_path):
    """An altered number or verdict turns nbval red; approximate numbers and figures do not."""
    path, notebook = sample
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


def test_a_claim_cannot_become_chaotic_unnoticed():
    assert record_differences(RECORD, RECORD | {"chaotic": True})
