"""The bank of exercises: what the probes catch, what they accept, and that they ask something."""

import inspect
import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
import yaml

from dlcourse.grading import quality
from dlcourse.grading.bank import exercises
from dlcourse.grading.compare import TOLERANCE, deviation
from dlcourse.grading.inprocess import InProcess
from dlcourse.grading.judge import judge, run_probe
from dlcourse.grading.progress import Table
from dlcourse.grading.report import CORRECT
from dlcourse.grading.spec import GROUPS, Case, Probe
from tools import counts
from tools.registries import read

ALL = list(exercises().values())
IDS = [exercise.id for exercise in ALL]
SEEDS = [0, 1, 2, 3, (2**40, 7)]
each = pytest.mark.parametrize("exercise", ALL, ids=IDS)

# Mutants that no probe can notice, with the reason.
EQUIVALENT = read("exercises")["equivalent"]

# Probes whose right answer is zero because zero is the point, and the mistakes they are there for.
ZERO_ON_PURPOSE = {("clipping", "all zero"): ["clipping/nan"]}


def leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [np.asarray(value)]


def drawn(case):
    """Everything that a case hands over, as arrays, but for functions."""
    values = [case.over, *case.args, *case.kwargs.values()]
    return leaves([value for value in values if not callable(value)])


def call(answer, case):
    with np.errstate(all="ignore"):
        return case.ask(answer)


def in_single(value):
    """The same inputs in float32."""
    if isinstance(value, dict):
        return {key: in_single(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(in_single(item) for item in value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value.astype(np.float32)
    return value


def vacuous(exercise, probe, seed=0):
    """Why a probe asks nothing, or "": its answer is zero, or drowns in the rounding of float32."""
    case = exercise.case(probe, seed)
    expected = call(exercise.reference, case)
    largest = [np.abs(leaf).max(initial=0.0) for leaf in leaves(expected)]
    if not largest or min(largest) == 0:
        return "an expected array is zero or empty"
    single = call(exercise.reference, replace(case, args=in_single(case.args)))
    if deviation(expected, single) > TOLERANCE / 5:
        return "rounding to float32 moves the answer by a fifth of the tolerance"
    return ""


def test_the_counts(capsys, monkeypatch):
    """Every known mistake rejected, with its own hint; every variant accepted; mutants noticed."""
    rows = quality.table()
    with capsys.disabled():
        print("", Table(quality.HEADER, tuple(count.row for count in rows), ""), sep="\n", end="")
    for count in rows:
        assert count.mistakes >= 3
        assert count.variants >= 2
        assert count.accepted_mistakes == ()
        assert count.wrong_hints == ()
        assert count.rejected_variants == ()
        assert len(count.surviving_mutants) <= 0.05 * count.mutants
        left = {re.sub(r"^line \d+: ", "", change) for change in count.surviving_mutants}
        assert left == set(EQUIVALENT.get(count.exercise, {})), "a survivor needs its reason"
    monkeypatch.setattr(quality, "table", lambda: rows)
    assert counts.counted() == read("exercises")["counts"], "run python -m tools.counts"


def test_a_new_count_takes_the_place_of_the_old_and_leaves_what_is_written_by_hand(
    tmp_path, monkeypatch
):
    new = {"adam": {"mutants_noticed": [2, 3]}}
    monkeypatch.setattr(counts, "counted", lambda: new)
    file, by_hand = tmp_path / "optimizers.yml", "# By hand.\nequivalent: {}\n"
    file.write_text(f"{by_hand}{counts.MARK}counts: {{}}\n")
    for _ in range(2):
        counts.store(tmp_path)
        assert file.read_text().startswith(by_hand + counts.MARK)
        assert file.read_text().count(counts.MARK) == 1
        assert yaml.safe_load(file.read_text()) == {"equivalent": {}, "counts": new}


@each
@pytest.mark.parametrize("seed", SEEDS[1:], ids=str)
def test_the_verdicts_hold_for_other_seeds(exercise, seed):
    for mistake in exercise.mistakes:
        assert judge(exercise, mistake.answer, seed, own=False).hint_id == mistake.id
    for variant in exercise.variants:
        assert judge(exercise, variant.answer, seed, own=False).status == CORRECT


@each
@pytest.mark.parametrize("seed", SEEDS, ids=str)
def test_every_mistake_is_far_from_right_and_from_the_others(exercise, seed):
    """By at least five tolerances on some probe."""
    cases = [exercise.case(p, seed) for p in exercise.probes]
    right = [call(exercise.reference, case) for case in cases]
    wrong = {
        m.id: [call(m.answer, exercise.case(p, seed)) for p in exercise.probes]
        for m in exercise.mistakes
    }
    for id, values in wrong.items():
        assert max(map(deviation, right, values)) >= 5 * TOLERANCE, id
    for one, other in itertools.combinations(wrong, 2):
        apart = max(map(deviation, wrong[one], wrong[other]))
        assert apart >= 5 * TOLERANCE, f"{one} and {other} look alike"


@each
@pytest.mark.parametrize("seed", SEEDS, ids=str)
def test_no_probe_is_vacuous(exercise, seed):
    for probe in exercise.probes:
        if (exercise.id, probe.name) in ZERO_ON_PURPOSE:
            failing = [
                m.id
                for m in exercise.mistakes
                if not run_probe(exercise, probe, InProcess(m.answer)).right
            ]
            assert failing == ZERO_ON_PURPOSE[exercise.id, probe.name]
        else:
            assert vacuous(exercise, probe, seed) == "", probe.name


def test_planted_vacuous_probes_are_noticed():
    momentum, settings = exercises()["momentum"], {"lr": 0.1, "mu": 0.5}
    zero, one = {"w": np.zeros(2)}, {"w": np.ones(2)}
    back_to_zero = [{"w": np.full(2, 10 * (1 - 1e-7))}]
    for case, why in [
        (Case((zero, [zero]), settings), "an expected array is zero or empty"),
        (Case((zero, []), settings), "an expected array is zero or empty"),
        (Case((one, back_to_zero), settings), "float32"),
    ]:
        probe = Probe("planted", "core", lambda rng, case=case: case)
        assert why in vacuous(momentum, probe)


@each
def test_a_spec_is_complete(exercise):
    assert len(exercise.hints) == 3
    assert exercise.conventions
    assert {probe.group for probe in exercise.probes} == {"core", "edge"} < set(GROUPS)
    names = list(inspect.signature(exercise.reference).parameters)
    assert names == list(exercise.parameters)
    for kind in (exercise.probes, exercise.variants):
        labels = [getattr(item, "name", getattr(item, "note", "")) for item in kind]
        assert len(set(labels)) == len(labels)
    for mistake in exercise.mistakes:
        assert mistake.id.startswith(f"{exercise.id}/")
        assert len(mistake.hint) <= 220


@each
def test_same_seed_same_case_another_seed_another(exercise):
    for probe in exercise.probes:
        one, same, other = (drawn(exercise.case(probe, seed)) for seed in (5, 5, 6))
        assert all(map(np.array_equal, one, same))
        assert not all(map(np.array_equal, one, other)), probe.name


def test_every_word_of_a_seed_counts():
    """Two students' seeds may begin alike."""
    exercise = ALL[0]
    one, other = (drawn(exercise.case(exercise.probes[0], (7, word))) for word in (1, 2))
    assert not all(map(np.array_equal, one, other))


WORKED = {
    "sgd": (
        Case(
            (
                np.zeros(1),
                np.array([[1.0], [1.0], [2.0]]),
                np.array([1.0, 3.0, 2.0]),
                0.1,
                2,
                np.arange(3),
            )
        ),
        [0.52],
    ),
    "accumulation": (
        Case((np.zeros(1), np.array([[1.0], [1.0], [2.0]]), np.array([1.0, 3.0, 2.0]), [2, 1])),
        [-8 / 3],
    ),
    "clipping": (Case(([np.array([3.0, 4.0]), np.array([12.0])], 6.5)), [1.5, 2, 6, 13]),
    "clipping_value": (
        Case(([np.array([3.0, 0.5, -4.0])], -1.0, 2.0)),
        [2, 0.5, -1],
    ),
    "momentum": (
        Case(({"w": np.zeros(1)}, [{"w": np.ones(1)}] * 3, 0.1, 0.5)),
        [-0.1, -0.25, -0.425],
    ),
    "nag": (Case((np.ones(1), lambda w: w, 2, 0.1, 0.5)), [0.9, 0.765]),
    "schedule_step": (
        Case((0.8, 0.5, 3), over=tuple(range(7))),
        [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2],
    ),
    "schedule_milestones": (
        Case((0.8, [3, 5], [0.5, 0.1]), over=(0, 2, 3, 4, 5, 99)),
        [0.8, 0.8, 0.4, 0.4, 0.04, 0.04],
    ),
    "schedule_half": (Case((0.8, 4, "inverse"), over=(0, 4, 8)), [0.8, 0.4, 0.8 / 3]),
    "schedule_cosine": (
        Case((4, 1.0, 0.2), over=(0, 1, 2, 4, 9)),
        [1, 0.2 + 0.4 * (1 + 0.5**0.5), 0.6, 0.2, 0.2],
    ),
    "schedule_warmup": (
        Case((2, 6, 1.0, 0.0), over=(0, 1, 2, 4, 5)),
        [0.5, 1, 1, 0.5, 0.5 * (1 - 0.5**0.5)],
    ),
    "schedule_sgdr": (
        Case((2, 2, 1.0, 0.0), over=(0, 1, 2, 3, 4, 6)),
        [1, 0.5, 1, 0.5 * (1 + 0.5**0.5), 0.5, 1],
    ),
    "schedule_cyclic": (
        Case((0.1, 0.5, 4), over=(0, 1, 4, 6, 8, 9)),
        [0.1, 0.2, 0.5, 0.3, 0.1, 0.2],
    ),
    "adagrad": (
        Case(({"w": np.ones(1)}, [{"w": np.array([3.0])}, {"w": np.array([4.0])}], 0.5)),
        [0.5, 0.1],
    ),
    "rmsprop": (
        Case(({"w": np.ones(1)}, [{"w": np.array([2.0])}] * 2, 0.1, 0.75)),
        [0.8, 0.8 - 0.2 / 1.75**0.5],
    ),
    "adadelta": (
        Case(({"w": np.zeros(1)}, [{"w": np.array([2.0])}], 0.75, 0.01)),
        [-0.2 / 1.01**0.5],
    ),
    "adam": (Case(({"w": np.ones(1)}, [{"w": np.array([0.5])}], 0.1)), [0.9]),
    "adamw": (
        Case(({"w": np.array([1.0, -2.0])}, [{"w": np.zeros(2)}] * 2, 0.1, 0.9, 0.999, 1e-8, 0.5)),
        [0.95, -1.9, 0.9025, -1.805],
    ),
    "amsgrad": (
        Case(({"w": np.ones(1)}, [{"w": np.array([2.0])}, {"w": np.array([1.0])}], 0.1, 0.0, 0.5)),
        [0.9, 0.9 - 0.1 / (2 / 0.75) ** 0.5],
    ),
}


@each
def test_the_worked_hint_is_worked_right(exercise):
    case, numbers = WORKED[exercise.id]
    path = call(exercise.reference, case)
    assert np.concatenate([np.ravel(leaf) for leaf in leaves(path)]) == pytest.approx(numbers)
    for number in numbers:
        assert f"{number:g}" in exercise.hints[2]
