"""Random answers are judged by their moments: the right pass whatever they draw."""

import dataclasses
import re
import textwrap

import numpy as np
import pytest
from random_exercise import EXERCISE, moments, run
from tools_available import need

from dlcourse.grading import mutants
from dlcourse.grading.judge import judge, judge_subject
from dlcourse.grading.moments import ERRORS, Moment, compare_draws, same_moments
from dlcourse.grading.quality import quality
from dlcourse.grading.report import CORRECT
from dlcourse.grading.sandbox import Sandbox, wire

SEEDS = [0, 1, (2**40, 7)]


def judged(answer, seed=0):
    return judge(EXERCISE, answer, seed, own=False)


@pytest.fixture(scope="module")
def sandbox():
    need("bubblewrap")
    return Sandbox()


def test_every_known_answer_gets_its_verdict():
    count = quality(EXERCISE)
    assert (count.mistakes, count.variants) == (5, 3)
    assert not (count.accepted_mistakes or count.wrong_hints or count.rejected_variants)


def test_every_mutant_is_noticed():
    alive, made = mutants.survivors(EXERCISE)
    assert made >= 15
    assert [m.change for m in alive] == []


def test_a_right_answer_passes_with_every_seed():
    assert [seed for seed in range(50) if judged(run, seed).status != CORRECT] == []


@pytest.mark.parametrize("seed", SEEDS, ids=str)
def test_a_right_answer_need_not_draw_as_ours_does(seed):
    for variant in EXERCISE.variants:
        assert judged(variant.answer, seed).status == CORRECT, variant.note


def test_the_band_is_five_standard_errors_by_theory():
    variance = 0.01
    second = moments(variance)[1:2]
    expected = np.zeros(10_000)
    error = 2**0.5 * variance / 100
    for off, kinds in ((4.5, None), (-4.5, None), (5.5, "moment"), (-5.5, "moment")):
        came = np.full(10_000, (variance + off * error) ** 0.5)
        difference = compare_draws(expected, came, second)
        assert (difference and difference.kind) == kinds, off
    assert ERRORS == 5


def test_scattering_more_buys_no_room():
    """The mean of these is off by less than five of its own errors, but not of theory's."""
    rng = np.random.default_rng(0)
    wild = rng.normal(0.0, 50.0, (100, 100))
    wild[:50] *= -1  # keep it honest: nothing here is centered by hand
    difference = compare_draws(np.zeros((100, 100)), wild + 1, moments(1.0)[:1])
    assert difference is not None and difference.came.value < 5 * difference.came.error


def test_what_is_not_random_has_to_hold_exactly():
    share = (Moment("share of odd entries", lambda x: x % 2, 0.0, 0.0),)
    assert compare_draws(np.zeros(1000), np.full(1000, 4.0), share) is None
    one = np.zeros(1000)
    one[17] = 1
    assert compare_draws(np.zeros(1000), one, share).kind == "moment"


def test_a_moment_that_is_no_number_agrees_with_none():
    """A ratio of an answer's own entries, which are all zero."""
    ratio = (Moment("ratio", lambda x: x / x, 1.0, 1.0),)
    assert compare_draws(np.ones(9), np.zeros(9), ratio).kind == "moment"


@pytest.mark.parametrize(("errors", "alike"), [(7.0, True), (7.2, False)])
def test_two_answers_are_alike_within_the_errors_of_both(errors, alike):
    """Five times the root of two: each mean has an error of 0.01."""
    one = np.tile([1.0, -1.0], 5000)
    kind = (Moment("mean", lambda x: x, 0.0, 1.0),)
    assert same_moments(one, one + 0.01 * errors, kind) is alike


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda shape, rng, mode, a: run(shape[::-1], rng, mode, a), "shape"),
        (lambda shape, rng, mode, a: run(shape, rng, mode, a) * np.nan, "nan"),
        (lambda shape, rng, mode, a: [None][0], "none"),
        (lambda shape, rng, mode, a: np.zeros(shape, int), "moment"),
        (lambda shape, rng, mode, a: run(shape, np.random.default_rng(), mode, a), "memory"),
        (lambda shape, rng, mode, a: run(shape, np.random.default_rng(3), mode, a), "fixed draws"),
        (lambda shape, rng, mode, a: 1 / 0, "exception"),
    ],
    ids=["turned", "nan", "none", "zeros", "unseeded", "its own seed", "error"],
)
def test_other_faults_are_named(answer, cause):
    report = judged(answer)
    assert report.cause == cause and report.status != CORRECT
    assert len(report.lines) <= 3
    assert ("derive that moment by hand" in str(report)) == (cause == "moment")


@pytest.mark.parametrize("seed", [3, None])
def test_draws_of_its_own_cost_the_interface_points_only(seed):
    report = judged(lambda shape, rng, mode, a: run(shape, np.random.default_rng(seed), mode, a))
    assert (report.score, report.points["interface"]) == (85, 0)


def test_the_message_says_what_was_measured():
    lines = judged(lambda shape, rng, mode, a: 1.1 * run(shape, rng, mode, a)).lines
    said = r"Expected a variance of (\S+) ± (\S+), came (\S+) over (\S+) draws\."
    variance, band, came, count = (
        float(text.replace(",", "")) for text in re.fullmatch(said, lines[0]).groups()
    )
    assert band == pytest.approx(5 * 2**0.5 * variance / count**0.5, rel=0.3)
    assert came == pytest.approx(1.21 * variance, abs=band)
    assert 'At probe "fan_in"' in lines[1]


def test_the_sandbox_says_the_same(sandbox):
    """A generator goes through the pipe and gives the same draws on the other side."""
    sources = {
        "right": "rng.normal(0.0, np.sqrt(2 / ((1 + a * a) * fan)), shape)",
        "lecun": "rng.normal(0.0, np.sqrt(1 / ((1 + a * a) * fan)), shape)",
        "unseeded": "np.random.default_rng().normal(0.0, np.sqrt(2 / ((1 + a * a) * fan)), shape)",
        "fixed": "np.random.default_rng(3).normal(0.0, np.sqrt(2 / ((1 + a * a) * fan)), shape)",
    }
    causes = []
    for text in sources.values():
        source = textwrap.dedent(f"""
            def run(shape, rng, mode, a):
                fan = shape[1] if mode == "fan_in" else shape[0]
                return {text}
        """)
        namespace = {"np": np}
        exec(source, namespace)
        with sandbox.answer(source, "run") as subject:
            there = judge_subject(EXERCISE, subject, 5)
        here = judged(namespace["run"], 5)
        assert dataclasses.asdict(there) == dataclasses.asdict(here)
        causes.append(there.cause)
    assert causes == ["correct", "moment", "memory", "fixed draws"]


def test_a_generator_travels_one_way_only():
    data = wire.frame({"rng": np.random.default_rng(5)}, str)
    head, body = data[8 : 8 + wire.lengths(data[:8])[0]], data[8 + wire.lengths(data[:8])[0] :]
    there = wire.message(head, body, lambda name: None)["rng"]
    np.testing.assert_array_equal(there.random(9), np.random.default_rng(5).random(9))
    with pytest.raises(wire.WireError):
        wire.message(head, body)  # as a reply


@pytest.mark.parametrize(
    "generator", [np.random.Generator(np.random.MT19937(0)), np.random.default_rng(0)]
)
def test_a_generator_that_is_not_fresh_is_refused(generator):
    generator.integers(9, dtype=np.int32)  # keeps half a draw for the next
    with pytest.raises(wire.WireError, match="default_rng"):
        wire.frame({"rng": generator}, str)
