"""`check`: what a learner reads, for every way an answer can be right or wrong."""

import functools
import inspect
import time

import cells
import numpy as np
import pytest
from cells import RIGHT, answer, changed

from dlcourse.grading import check, compare, hint, probe
from dlcourse.grading.bank import find
from dlcourse.grading.judge import judge
from dlcourse.grading.report import CORRECT, NOT_ATTEMPTED, NOT_YET
from dlcourse.grading.texts import contrast

home = cells.home


END, STORE, STEP = "    return path", "path.append(dict(w))", "w[name] = w[name] - lr * v[name]"
IN_PLACE = """
def run(params, grads, lr, mu):
    v = {name: np.zeros_like(p) for name, p in params.items()}
    path = []
    for g in grads:
        for name in v:
            v[name] = mu * v[name] + g[name]
            params[name] -= lr * v[name]
        path.append({name: p.copy() for name, p in params.items()})
    return path
"""
DEFAULT_STATE = """
def run(params, grads, lr, mu, v={}):
    w, path = dict(params), []
    for g in grads:
        for name in w:
            v[name] = mu * v.get(name, np.zeros_like(w[name])) + g[name]
            w[name] = w[name] - lr * v[name]
        path.append(dict(w))
    return path
"""

# (what the answer does, its cell, the cause, a text that must be read, earlier cells)
WRONG = [
    ("returns nothing", changed(END, ""), "none", "The function returned None."),
    ("None for an array", changed(STORE, "path.append(dict.fromkeys(w))"), "none", "A None came"),
    ("a dict, no list", changed(END, "    return w"), "type", "Expected a list, came a dict."),
    ("a generator", changed(END, "    return (w for w in path)"), "type", "came a generator."),
    ("text", changed(STORE, "path.append({n: 'one' for n in w})"), "type", "array of numbers"),
    ("the start as well", changed("path = []", "path = [dict(w)]"), "length", "came length 2."),
    ("a key too few", changed(STORE, "path.append({'W': w[name]})"), "keys", "the keys ['W', 'b']"),
    ("a key too many", changed(STORE, "path.append({**w, 'v': 0.0})"), "keys", "['W', 'b', 'v']."),
    ("flat arrays", changed(STORE, "path.append({n: p.ravel() for n, p in w.items()})"), "shape",
     "Expected shape (2, 3), came (6,)."),
    ("NaN", changed(END, "    path[0][name] = 0 * path[0][name] / 0\n    return path"), "nan",
     "division by zero"),
    ("integers", changed(STEP, STEP + "\n            w[name] = w[name].astype(int)"), "integer",
     "cuts off every fraction"),
    ("changes params", IN_PLACE, "modified", "The values are right, but params was modified."),
    ("changes grads", changed("v[name] = mu * v[name] + g[name]",
                              "g[name] *= 1 + mu; v[name] = mu * v[name] + g[name]"), "value",
     "grads was modified on the way"),
    ("keeps state", DEFAULT_STATE, "memory", "two different answers"),
    ("raises", changed(STEP, "w[name] = w['nobody']"), "exception", "KeyError in line 9 of the"),
    ("raises in a helper", "def look(w):\n    return w['nobody']\n" + changed(STEP, "look(w)"),
     "exception", "KeyError in line 2 of the"),
    ("raises in NumPy", changed(STEP, "np.linalg.inv(1)"), "exception", "LinAlgError in line 9 of"),
    ("exits", changed(END, "    raise SystemExit(0)"), "exception", "SystemExit in line 11 of"),
    ("recurses", changed(END, "    return run(params, grads, lr, mu)"), "exception", "Recursion"),
    ("another cell's number", changed("lr * v", "rate * v"), "global", "The answer uses rate,",
     "rate = 0.1"),
    ("another cell's number, in a helper", "def scale(v): return rate * v\n"
     + changed("lr * v[name]", "scale(v[name])"), "global", "uses rate,", "rate = 0.1"),
    ("another cell's number, not a helper's own", "def other(): rate = 1\n"
     + changed("lr * v", "rate * v"), "global", "uses rate,", "rate = 0.1"),
    ("another cell's function", changed("lr * v[name]", "scale(lr, v[name])"), "global",
     "The answer uses scale,", "def scale(a, b): return a * b"),
    ("another cell's import", changed("mu * v", "math.exp(0) * mu * v"), "global", "uses math,",
     "import math"),
    ("another cell's number, as a default", changed("lr, mu)", "lr, mu, nu=rate)"), "global",
     "The answer uses rate,", "rate = 0.1"),
    ("a trial of its own", RIGHT + "run(*trial)", "global", "The answer uses trial,",
     "trial = {}, [], 0.1, 0.9"),
    ("a framework beside it", "import torch.nn\n" + RIGHT, "reference", "uses torch.nn, which"),
    ("the package, inside", changed("    path = []", "    from dlcourse.scratch import optimizers"),
     "reference", "The answer uses dlcourse.scratch, which"),
    ("the package, outside", changed("np.zeros_like(p)", "helper.zeros(p)"), "global",
     "The answer uses helper, which", "from dlcourse import checks as helper"),
    ("the package, in its own cell", "from dlcourse import checks\n" + RIGHT, "reference",
     "The answer uses dlcourse, which"),
    ("other names", RIGHT.replace("mu", "beta"), "signature", "came run(params, grads, lr, beta)."),
    ("an unlisted error", changed("lr * v", "2 * lr * v"), "value", "No known mistake fits;"),
]  # fmt: skip


@pytest.mark.parametrize("row", WRONG, ids=[row[0] for row in WRONG])
def test_every_way_to_be_wrong_has_its_one_message(row):
    _, source, cause, text, *earlier = row
    report = check("momentum", answer(source, *earlier))
    assert (report.status, report.cause, report.hint_id) == (NOT_YET, cause, None)
    shown = repr(report)
    assert text in shown
    assert len(shown.splitlines()) <= 3
    read_by_others = {t for _, _, c, t, *_ in WRONG if c != cause}
    assert not any(other in shown for other in read_by_others)
    assert report.score == (85 if cause == "modified" else 0)


HELPERS = """
SCALE = 1.0
import math
class Ball:
    def step(self, lr, v): return math.exp(0) * lr * v
def push(lr, v): return SCALE * Ball().step(lr, v)
""" + changed("lr * v[name]", "push(lr, v[name])")  # fmt: skip
RIGHT_CELLS = {
    "as in the book": RIGHT,
    "with helpers in its own cell": HELPERS,
    "prints on the way": changed(STEP, STEP + "; print(name)"),
    "a callable object": "class B:\n    __call__ = staticmethod(None)\n" + RIGHT
    + "B.__call__ = lambda self, *a, **k: run(*a, **k)\nrun, B.run = B(), run\n",
}  # fmt: skip


@pytest.mark.parametrize(
    "name", ["as in the book", "with helpers in its own cell", "prints on the way"]
)
def test_right_answers_are_correct(name, capsys):
    report = check("momentum", answer(RIGHT_CELLS[name]))
    assert repr(report).startswith("momentum: correct. All 6 public checks passed: one step, ")
    assert (report.status, report.score, len(report.lines)) == (CORRECT, 100, 2)
    assert capsys.readouterr().out == ""


def test_methods_partials_and_callable_objects_are_answers_too():
    run = answer(RIGHT)

    class Ball:
        def run(self, params, grads, lr, mu):
            return run(params, grads, lr, mu)

        __call__ = run

    for callable_ in (
        Ball().run,
        Ball(),
        functools.partial(run),
        lambda p, g, lr, mu: run(p, g, lr, mu),
    ):
        assert judge(find("momentum"), callable_, own=False).status == CORRECT


STUBS = ["    ...", "    pass", '    "What it does."', "    return None", "    return ...",
         "    raise NotImplementedError", "    raise NotImplementedError('later')"]  # fmt: skip


@pytest.mark.parametrize("body", STUBS)
def test_an_empty_answer_is_not_attempted(body, home):
    report = check("momentum", answer("def run(params, grads, lr, mu):\n" + body))
    assert report.status == NOT_ATTEMPTED
    assert repr(report) == (
        "momentum: not attempted. Fill in run(params, grads, lr, mu) in its cell, "
        "run that cell, then check again."
    )
    assert not home.exists(), "an empty answer is no attempt"
    assert check("momentum", None).status == check("momentum", ...).status == NOT_ATTEMPTED


def test_an_interrupt_reaches_the_learner():
    def run(params, grads, lr, mu):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("momentum", run)


@pytest.mark.parametrize(("times", "said"), [(2, "16 times; expected 8"), (0, "0 times; exp")])
def test_a_counted_gradient(times, said):
    """Right values, but by more calls than a step needs; or past the count, at its second probe."""

    def another(w0, grad, T, lr, mu):
        def slope(point):
            counting = inspect.getclosurevars(grad).nonlocals["function"]
            uncounted = inspect.getclosurevars(counting).nonlocals["function"]
            counted = [grad(point) for _ in range(times if T > 2 else 1)]
            return counted[0] if counted else uncounted(point)

        return find("nag").reference(w0, slope, T, lr, mu)

    report = judge(find("nag"), another, own=False)
    assert (report.status, report.cause) == (NOT_YET, "calls")
    assert f"grad was called {said}" in repr(report)
    assert 'Seen at probe "tilted bowl"' in repr(report)


def test_an_input_changed_at_a_later_probe_is_seen():
    def late(params, grads, lr, mu):
        path = find("momentum").reference(params, grads, lr, mu)
        if len(grads) > 1:
            next(iter(params.values()))[...] = 0
        return path

    report = judge(find("momentum"), late, own=False)
    assert (report.cause, report.score) == ("modified", 85)
    assert 'Seen at probe "changing gradients"' in repr(report)


def test_a_signature_has_to_fit_every_probe():
    """The first probe of adam leaves the betas at their defaults."""
    report = check("adam", answer("def run(params, grads, lr=1e-3): return 1"))
    assert (report.cause, report.score) == ("signature", 0)


def test_the_message_of_a_known_mistake():
    adam = find("adam")
    no_bias = next(m for m in adam.mistakes if m.id == "adam/no_bias")
    lines = repr(judge(adam, no_bias.answer, own=False)).splitlines()
    assert lines == [
        "adam: not yet. Expected [-0.67, 1.05, 1.35], came [-0.4538, 0.8338, 1.134].",
        'At probe "one step", step 1, w; right on 0 of 6 probes.',
        no_bias.hint,
    ]
    inside = next(m for m in adam.mistakes if m.id == "adam/eps_inside")
    assert (
        'At probe "tiny gradients", step 1, w; right on 4 of 6 probes: one step, ten steps, '
        "two parameters, other betas." in repr(judge(adam, inside.answer, own=False))
    )


def test_a_row_of_an_array_is_named_and_digits_suffice():
    nag = find("nag")
    off = lambda *args, **kwargs: nag.reference(*args, **kwargs) * (1 + 5e-4)  # noqa: E731
    fact, place, _ = repr(judge(nag, off, own=False)).splitlines()
    assert "step 1" in place and "Expected [" in fact
    assert contrast(np.array([1.0]), np.array([1.00035])) == ("[1]", "[1.00035]")


def test_a_hint_needs_agreement_on_all_probes():
    """An answer that is no known mistake on one probe gets no specific hint, however alike."""
    adam = find("adam")
    no_bias = next(m for m in adam.mistakes if m.id == "adam/no_bias").answer

    def nearly(params, grads, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        return no_bias(params, grads, lr, beta1, beta2, eps if len(grads) > 5 else 1e-3)

    report = judge(adam, nearly, own=False)
    assert (report.status, report.hint_id) == (NOT_YET, None)


@pytest.mark.parametrize("wrong", ["adm", "Adam", "momentum2", ""])
def test_an_unknown_exercise_names_its_neighbors(wrong):
    with pytest.raises(ValueError, match="exercise must be the id of an exercise; got") as caught:
        check(wrong, answer(RIGHT))
    near = {"adm": "Nearest: adam", "Adam": "Nearest: adam", "momentum2": "Nearest: momentum"}
    assert near.get(
        wrong, "There are: permute_units, filter_direction, critical_points, hvp, "
    ) in str(caught.value)


def test_arguments_in_the_wrong_order():
    with pytest.raises(TypeError, match="the id first, then your function"):
        check(answer(RIGHT), "adam")
    with pytest.raises(ValueError, match="name must be one of 'one step', 'ten steps'"):
        probe("adam", "first")
    with pytest.raises(ValueError, match="step must be 1 to 3, or left out"):
        hint("adam", 4)


def test_probe_gives_what_check_saw():
    case = probe("adam", "one step")
    assert find("adam").reference(*case.args, **case.kwargs)[0]["w"] == pytest.approx(
        [-0.67, 1.05, 1.35]
    )


def test_a_check_is_quick():
    """Counted work: one call a probe and one more. And under a second, by a wide margin."""
    calls, wrong = [], find("adamw").mistakes[0].answer

    def run(*args, **kwargs):
        calls.append(1)
        return wrong(*args, **kwargs)

    started = time.perf_counter()
    check("adamw", run)
    assert time.perf_counter() - started < 1.0
    assert len(calls) == len(find("adamw").probes) + 1


def test_planted_a_comparison_blind_to_shapes_is_noticed(monkeypatch):
    def blind(expected, came, path):
        close = compare.close(np.ravel(expected), np.ravel(came))
        return None if close else compare.Difference("value", path, expected, np.asarray(came))

    row = next(row for row in WRONG if row[0] == "flat arrays")
    monkeypatch.setattr(compare, "_compare_arrays", blind)
    with pytest.raises(AssertionError):
        test_every_way_to_be_wrong_has_its_one_message(row)
