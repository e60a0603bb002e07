"""The three terrains: their slopes, what their titles say, every frame; a wrong one is found."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dlcourse import plots, problems
from dlcourse.figures.optimizers import adaptive as drawing
from dlcourse.gradcheck import check_vjp
from dlcourse.plots.svg import to_svg
from dlcourse.scratch import optimizers

VALUES = {
    "Valley": problems.VALLEY.value,
    "Saddle": problems.SADDLE.value,
    "Plateau": problems.well,
}


def check_slope(name, grad):
    check_vjp(
        lambda x: (VALUES[name](x), x),
        lambda dy, x: dy[..., None] * grad(x),
        [np.random.default_rng(0).normal(size=(5, 2))],
        np.random.default_rng(1),
    )


@pytest.mark.parametrize("name", problems.TERRAINS)
def test_every_slope_is_the_derivative_of_its_landscape(name):
    grad = problems.TERRAINS[name].grad
    check_slope(name, grad)
    with pytest.raises(AssertionError, match="off by"):
        check_slope(name, lambda x: 1.01 * grad(x))


def test_every_optimizer_of_the_book_can_be_chosen():
    plain = {name.lower() for name in optimizers.__all__ if name[0].isupper()}
    assert plain - {"optimizer", "adamw"} | {"momentum", "nag"} == set(drawing.OPTIMIZERS)


def test_the_plateau_is_a_hundred_times_flatter_than_the_well():
    steepest = np.abs(problems.well_grad(np.array([0.4, 0.2]))).max()
    assert np.abs(problems.well_grad(np.array(problems.TERRAINS["Plateau"].start))).max() < (
        steepest / 50
    )


def test_the_path_is_the_optimizers_own():
    path, _ = drawing.terrain_path("Valley", "sgd", 0.3)
    factor = 1 - 0.3 * problems.VALLEY.curvatures
    expected = np.array([4.0, 1.0]) * factor ** np.arange(drawing.STEPS + 1)[:, None]
    np.testing.assert_allclose(path, expected, rtol=1e-12, atol=1e-14)


def test_the_saddle_is_left_when_theory_says():
    """0.01 · 1.1ᵗ passes 1."""
    _, count = drawing.terrain_path("Saddle", "sgd", 0.1)
    assert count == int(np.ceil(np.log(100) / np.log(1.1)))


@pytest.mark.parametrize(
    ("done", "step"),
    [((0, 1, 0, 1, 1), 3), ((0, 0, 1), 2), ((0, 1, 0), None), ((1, 1), 0), ((0, 0), None)],
)
def test_a_visit_is_no_arrival(done, step):
    assert problems.arrival(np.array(done, dtype=bool)) == step


@pytest.mark.parametrize("name", drawing.OPTIMIZERS)
def test_every_frame_says_what_its_paths_do(name):
    for lr in (0.03, 3.0):
        fig = drawing.three_terrains(plots.METHODS[name].name, lr)
        titles = [ax.get_title("left") for ax in fig.axes]
        for title, (terrain, view) in zip(titles, drawing.VIEWS.items(), strict=True):
            count = drawing.terrain_path(terrain, name, lr)[1]
            ending = view.words[1] if count is None else view.words[0].format(count)
            assert title == f"{terrain}: {ending}"
        svg = to_svg(fig)
        assert "nan" not in svg
        assert len(svg) < 32_000  # thirty of them lie on a page


def different(names, rates, betas):
    """How many different frames there are."""
    choices = itertools.product(names, rates, betas)
    return len({to_svg(drawing.three_terrains(*choice)) for choice in choices})


def test_frames_differ():
    assert different(("sgd", "adagrad"), (0.1, 1.0), (0.9,)) == 4


def test_the_memory_is_set_where_there_is_one():
    for name in drawing.OPTIMIZERS:
        assert (name in drawing.MEMORY) == (name not in ("sgd", "adagrad"))
        assert different((name,), (0.3,), (0.5, 0.9)) == (2 if name in drawing.MEMORY else 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: drawing.terrain_path("Hill", "sgd", 0.1), "terrain must be"),
        (lambda: drawing.terrain_path("Valley", "lion", 0.1), "optimizer must be"),
        (lambda: drawing.three_terrains("lion", 0.1), "optimizer must be"),
    ],
)
def test_unknown_names_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
