"""Wrong initializers that the checks must catch: each is planted into the room, one at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import test_initialization as arithmetic
import test_initialization_models as whole

from dlcourse.scratch import initialization as ours
from dlcourse.scratch.initialization import draws, fixed, rotations, scales
from dlcourse.scratch.layers import base, dense

RIGHT = {name: getattr(ours, name) for name in ours.__all__}
DENSE, KERNELS = (3, 5), (6, 2, 3, 5)


def fans_swapped(shape):
    return RIGHT["fan_in_and_fan_out"](shape)[::-1]


def fans_without_kernel(shape):
    return shape[1], shape[0]


def variance_for_std(shape, gain=1.0):
    return RIGHT["xavier_std"](shape, gain) ** 2


def gain_under_the_root(shape, gain=1.0):
    return math.sqrt(gain) * RIGHT["xavier_std"](shape)


def mode_ignored(shape, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    return RIGHT["kaiming_std"](shape, a, "fan_in", nonlinearity)


def slope_ignored(shape, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    return RIGHT["kaiming_std"](shape, 0.0, mode, nonlinearity)


def gain_dropped(shape, rng, gain=1.0, runs=None, dtype=np.float64):
    return RIGHT["orthogonal"](shape, rng, 1.0, runs, dtype)


def gain_missing(shape, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    return RIGHT["kaiming_std"](shape, 0.0, mode, "linear")


def slope_not_squared(nonlinearity, param=None):
    gain = RIGHT["calculate_gain"](nonlinearity, param)
    return gain if not param else math.sqrt(2 / (1 + abs(param)))


def bound_is_std(std):
    return std


def lengths_only(a):
    return a / np.linalg.norm(a, axis=-2 if a.shape[-2] >= a.shape[-1] else -1, keepdims=True)


def no_signs(a):
    wide = a.shape[-2] < a.shape[-1]
    q = np.linalg.qr(a.mT if wide else a)[0]
    return q.mT if wide else q


def first_of_the_kernel(shape, *args, **kwargs):
    w = np.zeros(shape)
    for i in range(min(shape[:2])):
        w[(i, i, *[0] * (len(shape) - 2))] = 1.0
    return fixed.stacked(w, None, kwargs.get("runs"), float)


def one_draw_for_all(draw, rng, runs, dtype):
    one = rng if runs is None or not isinstance(rng, list) else [rng[0]] * runs
    return draws_drawn(draw, one, runs, dtype)


def in_double(draw, rng, runs, dtype):
    return draws_drawn(draw, rng, runs, np.float64)


draws_drawn = draws.drawn


def biases_drawn_too(model, init, rng):
    RIGHT["initialize"](model, init, rng)
    for name, p in model.params.items():
        if name.endswith("bias"):
            p[...] = 0.1


def layers_alike(model, init, rng):
    """Every layer begins with the generator anew."""
    for name, shape in model.shapes.items():
        if len(shape) > 1:
            model.params[name][...] = init(shape, rng=np.random.default_rng(0))


def written_at_once(model, init, rng):
    generators = base.run_generators(rng, model.runs)
    for name, shape in model.shapes.items():
        draw = base.initial(init, shape) if len(shape) > 1 else base.zeros(*shape)
        model.params[name][...] = base.draw_runs(draw, generators, model.runs)


def first_run_for_all(model, donor, names=None):
    taken = RIGHT["transfer"](model, donor, names)
    for name in taken if donor.runs else ():
        model.params[name][...] = donor.params[name][0]
    return taken


def bound_to_the_donor(model, donor, names=None):
    """The same memory instead of a copy."""
    taken = RIGHT["transfer"](model, donor, names)
    model.bind(donor.theta, donor.grad)
    return taken


def run(test: Callable[..., Any], *args: Any) -> Callable[[pytest.MonkeyPatch], Any]:
    return lambda patch: test(*args)


def patched(test: Callable[..., Any], *args: Any) -> Callable[[pytest.MonkeyPatch], Any]:
    """Of a test that patches PyTorch itself."""
    return lambda patch: test(*args, patch)


SCALES = run(arithmetic.test_scales_are_what_torch_draws_from, DENSE)
ROWS = run(arithmetic.test_rows_or_columns_are_orthonormal, (3, 7), "scratch")
SAME_Q = patched(arithmetic.test_orthogonal_is_torchs_of_the_same_gaussian_matrix, (3, 7))
RUNS = run(arithmetic.test_a_run_is_the_single_draw_by_its_generator, "kaiming_normal", "scratch")
LAYERS = run(
    arithmetic.test_a_model_is_drawn_layer_by_layer_by_the_generator_of_its_run, 2, "scratch"
)
# Where it is planted, what, and the check that must fail of it.
PLANTED: list[tuple[Any, str, Callable[..., Any], Callable[[pytest.MonkeyPatch], Any]]] = [
    (ours, "fan_in_and_fan_out", fans_swapped, run(arithmetic.test_fans_are_those_of_torch, DENSE)),
    (scales, "fan_in_and_fan_out", fans_swapped, SCALES),
    (
        scales,
        "fan_in_and_fan_out",
        fans_without_kernel,
        run(arithmetic.test_scales_are_what_torch_draws_from, KERNELS),
    ),
    (ours, "xavier_std", variance_for_std, SCALES),
    (ours, "xavier_std", gain_under_the_root, SCALES),
    (ours, "kaiming_std", mode_ignored, SCALES),
    (ours, "kaiming_std", slope_ignored, SCALES),
    (ours, "kaiming_std", gain_missing, SCALES),
    (
        ours,
        "calculate_gain",
        slope_not_squared,
        run(arithmetic.test_gains_are_those_of_torch, "leaky_relu"),
    ),
    (
        ours,
        "uniform_bound",
        bound_is_std,
        patched(arithmetic.test_bounds_are_what_torch_draws_between, DENSE),
    ),
    (ours, "orthogonal", gain_dropped, ROWS),
    (rotations, "orthonormal", lengths_only, ROWS),
    (rotations, "orthonormal", no_signs, SAME_Q),
    (
        ours,
        "identity",
        first_of_the_kernel,
        run(arithmetic.test_weights_without_chance_are_those_of_torch, KERNELS),
    ),
    (draws, "drawn", one_draw_for_all, RUNS),
    (
        draws,
        "drawn",
        in_double,
        run(arithmetic.test_precision_is_what_was_asked_for, "uniform", "scratch"),
    ),
    (ours, "initialize", biases_drawn_too, LAYERS),
    (ours, "initialize", layers_alike, LAYERS),
    (
        ours,
        "initialize",
        written_at_once,
        run(whole.test_a_refused_change_changes_nothing, "scratch"),
    ),
    (
        dense,
        "zeros",
        base.normal,
        run(arithmetic.test_both_rooms_make_the_same_model, "orthogonal", None),
    ),
    (
        ours,
        "transfer",
        first_run_for_all,
        run(whole.test_a_donor_has_as_many_runs_or_one_for_all, 3, 3, "scratch"),
    ),
    (
        ours,
        "transfer",
        bound_to_the_donor,
        run(whole.test_all_parameters_are_copied_by_name, "scratch"),
    ),
    (
        ours,
        "kaiming_normal",
        ours.xavier_normal,
        run(whole.test_each_scale_keeps_the_signal_it_is_made_for),
    ),
]


@pytest.mark.parametrize(
    ("room", "name", "wrong", "check"), PLANTED, ids=lambda x: getattr(x, "__name__", None)
)
def test_a_wrong_one_is_caught(
    room: Any, name: str, wrong: Any, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        check(patch)  # of the right one it says nothing
    monkeypatch.setattr(room, name, wrong)
    with monkeypatch.context() as patch, pytest.raises(AssertionError):
        check(patch)
