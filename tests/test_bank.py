"""The bank of exercises: what the probes catch, what they accept, and that they ask something."""

import inspect
import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
import yaml
from cases.zero_on_purpose import ZERO_ON_PURPOSE
from draws import state, strains

from dlcourse.grading import quality
from dlcourse.grading.bank import exercises
from dlcourse.grading.compare import TOLERANCE, deviation, untouched
from dlcourse.grading.inprocess import InProcess
from dlcourse.grading.judge import judge, run_probe
from dlcourse.grading.progress import Table
from dlcourse.grading.report import CORRECT
from dlcourse.grading.spec import GROUPS, Case, Probe
from tools import counts
from tools.registries import read

ALL = list(exercises().values())
IDS = [exercise.id for exercise in ALL]
RANDOM = [e for e in ALL if any(e.case(probe).moments for probe in e.probes)]
CERTAIN = [exercise for exercise in ALL if exercise not in RANDOM]
SEEDS = [0, 1, 2, 3, (2**40, 7)]
each = pytest.mark.parametrize("exercise", ALL, ids=IDS)

# Mutants that no probe can notice, with the reason.
EQUIVALENT = read("exercises")["equivalent"]


def leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [np.asarray(value)]


def drawn(case):
    """Everything that a case hands over, as arrays, but for functions."""
    values = [case.over, *case.args, *case.kwargs.values()]
    return leaves([state(value) for value in values if not callable(value)])


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
    numbers = [leaf for leaf in leaves(expected) if leaf.dtype.kind != "U"]  # a word says something
    largest = [np.abs(leaf).max(initial=0.0) for leaf in numbers]
    if not leaves(expected) or min(largest, default=1) == 0:
        return "an expected array is zero or empty"
    if case.moments:
        return ""
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


def answered(exercise, answer, seed):
    return [call(answer, exercise.case(p, seed)) for p in exercise.probes]


@pytest.mark.parametrize("exercise", CERTAIN, ids=[exercise.id for exercise in CERTAIN])
@pytest.mark.parametrize("seed", SEEDS, ids=str)
def test_every_mistake_is_far_from_right_and_from_the_others(exercise, seed):
    """By at least five tolerances on some probe."""

    def apart(ours, theirs):
        pairs = zip(ours, theirs, strict=True)
        return max(deviation(a, exercise.free(a, b)) for a, b in pairs)

    right = answered(exercise, exercise.reference, seed)
    wrong = {m.id: answered(exercise, m.answer, seed) for m in exercise.mistakes}
    for id, values in wrong.items():
        assert apart(right, values) >= 5 * TOLERANCE, id
    for one, other in itertools.combinations(wrong, 2):
        far = apart(wrong[one], wrong[other])
        assert far >= 5 * TOLERANCE, f"{one} and {other} look alike"


def strained(exercise, answer, seed):
    """By how much each probe's moments are off, a dict a probe."""
    moments = [exercise.case(p, seed).moments for p in exercise.probes]
    right = answered(exercise, exercise.reference, seed)
    pairs = zip(right, answered(exercise, answer, seed), moments, strict=True)
    return [strains(*each) for each in pairs]


@pytest.mark.parametrize("exercise", RANDOM, ids=[exercise.id for exercise in RANDOM])
@pytest.mark.parametrize("seed", SEEDS, ids=str)
def test_every_random_mistake_is_far_from_right(exercise, seed):
    """Some moment of some probe is off by 1.5 times what is allowed; a right answer's by less."""
    found = strained(exercise, exercise.reference, seed)
    assert max(max(each.values()) for each in found) < 1
    for mistake in exercise.mistakes:
        found = strained(exercise, mistake.answer, seed)
        assert max(max(each.values()) for each in found) >= 1.5, mistake.id


def test_every_moment_is_failed_by_some_mistake():
    """Else it tests nothing."""
    failed, all_moments = set(), set()
    for exercise in RANDOM:
        for mistake in exercise.mistakes:
            for each in strained(exercise, mistake.answer, 0):
                all_moments |= set(each)
                failed |= {name for name, strain in each.items() if strain >= 1}
    assert failed == all_moments


@each
@pytest.mark.parametrize("seed", SEEDS, ids=str)
def test_no_probe_is_vacuous(exercise, seed):
    for probe in exercise.probes:
        if (exercise.id, probe.name) in ZERO_ON_PURPOSE:
            failing = {
                m.id
                for m in exercise.mistakes
                if not run_probe(exercise, probe, InProcess(m.answer)).right
            }
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
        assert all(map(untouched, one, same))
        assert not all(map(untouched, one, other)), probe.name


def test_every_word_of_a_seed_counts():
    """Two students' seeds may begin alike."""
    exercise = ALL[0]
    one, other = (drawn(exercise.case(exercise.probes[0], (7, word))) for word in (1, 2))
    assert not all(map(np.array_equal, one, other))
