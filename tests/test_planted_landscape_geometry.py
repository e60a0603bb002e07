"""Wrong sharpness, cuts, symmetries, matches and noise scales that the checks must catch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import test_landscape_assignment as assignment
import test_landscape_cuts as cuts
import test_landscape_noise_scale as noise
import test_landscape_sharpness as sharp
import test_landscape_units as units

from dlcourse.scratch import landscape
from dlcourse.scratch.landscape import ascent
from dlcourse.scratch.landscape.sharpness import box_sharpness

room = SimpleNamespace(**vars(landscape))  # what is right, whatever is planted
SHARP, WORST, AVERAGE = (
    room.sharpness,
    room.worst_case_sharpness,
    room.average_case_sharpness,
)


def greedy(cost, maximize=False):
    """Row after row takes the best column left."""
    c, left, columns = (-cost if maximize else cost), list(range(len(cost))), []
    for row in c:
        columns.append(left.pop(int(np.argmin(row[left]))))
    value = cost[np.arange(len(cost)), columns].sum()
    return room.Assignment(np.array(columns), value, *(np.zeros(len(cost)),) * 2)


def never_maximized(cost, maximize=False):
    return room.linear_assignment(cost)


def columns_as_rows(cost, maximize=False):
    found = room.linear_assignment(cost, maximize)
    return found._replace(columns=np.argsort(found.columns, -1))


def prices_of_rows_alone(cost, maximize=False):
    found = room.linear_assignment(cost, maximize)
    return found._replace(v=0 * found.v)


def last_run_for_all(cost, maximize=False):
    found = room.linear_assignment(cost, maximize)
    if cost.ndim < 3:
        return found
    return found._replace(columns=found.columns[-1:].repeat(len(cost), 0))


def in_floats(cost, maximize=False):
    return room.linear_assignment(cost.astype(float), maximize)


def in_shares(loss, theta, *args, **kwargs):
    return SHARP(loss, theta, *args, **kwargs) / 100


def without_the_one(loss, theta, *args, **kwargs):
    here = loss(theta)
    return SHARP(loss, theta, *args, **kwargs) * (1 + here) / np.maximum(here, 1e-9)


def only_from_theta(*args, **kwargs):
    return SHARP(*args, **{**kwargs, "starts": 1})


def one_step(*args, **kwargs):
    return SHARP(*args, **{**kwargs, "steps": 1, "starts": 1})


def box_of_one_width(loss, theta, epsilon, loss_grad, rng, **kwargs):
    here = loss(theta)
    rise = WORST(loss, theta, epsilon, loss_grad, rng, region="box")
    return box_sharpness(here, here + rise)


def directions_ignored(*args, directions=None, **kwargs):
    return SHARP(*args, **kwargs)


def never_adaptive(*args, adaptive=False, **kwargs):
    return WORST(*args, **kwargs)


def other_region(*args, region="ball", **kwargs):
    return WORST(*args, region="box" if region == "ball" else "ball", **kwargs)


def adaptive_with_eta(loss, theta, rho, loss_grad, rng, adaptive=False, **kwargs):
    """Kwon et al.'s |θ| + 0.01, by a change of coordinates."""
    if not adaptive:
        return WORST(loss, theta, rho, loss_grad, rng, **kwargs)
    c = abs(theta) + 0.01
    scaled = theta / c
    return WORST(
        lambda u: loss(c * u), scaled, rho, lambda u: c * loss_grad(c * u), rng, **kwargs
    )  # fmt: skip


def never_adaptive_average(*args, adaptive=False, **kwargs):
    return AVERAGE(*args, **kwargs)


def deviation_for_error(*args, draws=100, **kwargs):
    found = AVERAGE(*args, draws=draws, **kwargs)
    return found._replace(error=found.error * draws**0.5)


def twice_the_average(*args, **kwargs):
    found = AVERAGE(*args, **kwargs)
    return found._replace(mean=2 * found.mean)


def leaves_the_region(value, grad, u, region, steps):
    for _ in range(steps):
        u = u + 0.1 * grad(u)
    return ascent.Maximum(value(u), u, 0 * value(u))


def may_fall(value, grad, u, region, steps):
    _, farthest = ascent.REGIONS[region]
    for _ in range(steps):
        u = farthest(grad(u))
    return ascent.Maximum(value(u), u, 0 * value(u))


def ends_exchanged(loss, a, b, alphas):
    return room.interpolate(loss, b, a, alphas)


def losses_interpolated(loss, a, b, alphas):
    alphas = np.asarray(alphas)
    return loss(a)[..., None] * (1 - alphas) + loss(b)[..., None] * alphas


def above_the_lower_end(losses, alphas, ends="line"):
    return losses.max(-1) - np.minimum(losses[..., 0], losses[..., -1])


def always_the_mean(losses, alphas, ends="line"):
    return room.loss_barrier(losses, alphas, "mean")


def not_normalized(model, rng):
    from dlcourse.arrays import draw_runs, run_generators

    each = run_generators(rng, model.runs)
    return draw_runs(lambda g: g.standard_normal(model.theta.shape[-1:]), each, model.runs)


def layer_normalized(model, rng):
    """One length for all filters of a layer."""
    d = room.filter_normalized_direction(model, rng)
    for part in model.slices.values():
        length = np.linalg.norm(d[..., part], axis=-1, keepdims=True)
        d[..., part] = np.sign(d[..., part]) * length / d[..., part].shape[-1] ** 0.5
    return d


def biases_too(model, rng):
    d = room.filter_normalized_direction(model, rng)
    return np.where(d == 0, model.theta, d)


def plane_transposed(loss, theta, directions, steps_a, steps_b):
    return room.loss_plane(loss, theta, directions[::-1], steps_b, steps_a)


class InPlace(landscape.Objective):
    def _value(self, part, theta):
        self.model.theta[...] = theta
        return super()._value(part, theta)


class AlwaysEvaluates(landscape.Objective):
    def __init__(self, *args, training=False):
        super().__init__(*args)


class FirstForAll(landscape.Objective):
    def __call__(self, theta):
        found = super().__call__(theta)
        return found if theta.ndim == 1 else found[:1] + 0 * found


class SharedStatistics(landscape.Objective):
    def _value(self, part, theta):
        part.bind(theta, np.zeros_like(theta))
        return np.asarray(self.loss.forward(part.forward(self.x, self.training), self.y))


def columns_forgotten(model, theta, permutations):
    found = room.permute_units(model, theta, permutations)
    names = [name for name in model.slices if name.endswith("weight")]
    found[..., model.slices[names[-1]]] = theta[..., model.slices[names[-1]]]
    return found


def permuted_backwards(model, theta, permutations):
    back = [None if p is None else np.argsort(p, -1) for p in permutations]
    return room.permute_units(model, theta, back)


def signs_of_weights_alone(model, theta, signs):
    found = room.flip_signs(model, theta, signs)
    for name, part in model.slices.items():
        if name.endswith("bias"):
            found[..., part] = theta[..., part]
    return found


def divided_by_the_root(model, theta, factors):
    return room.rescale_units(model, theta, [np.sqrt(a) for a in factors])


def biases_not_rescaled(model, theta, factors):
    found = room.rescale_units(model, theta, factors)
    for name, part in model.slices.items():
        if name.endswith("bias"):
            found[..., part] = theta[..., part]
    return found


def identity(a, b, rng, max_sweeps=100):
    sizes = [a.shapes[n][0] for n in a.shapes if n.endswith("weight")][:-1]
    lead = () if a.runs is None else (a.runs,)
    perms = [np.broadcast_to(np.arange(n), (*lead, n)) for n in sizes]
    flags = np.full(lead, 2), np.full(lead, True)
    return room.Match(perms, np.vecdot(a.theta, b.theta), *flags)


def the_other_way(a, b, rng, max_sweeps=100):
    """Permutations for a, not for b."""
    return room.match_units(b, a, rng, max_sweeps)


def one_sweep(a, b, rng, max_sweeps=100):
    return room.match_units(a, b, rng, 1)


def activations_the_other_way(a, b, x):
    return room.match_activations(b, a, x)


def activations_of_the_first_run(a, b, x):
    found = room.match_activations(a, b, x)
    return found._replace(permutations=[p[:1].repeat(len(p), 0) for p in found.permutations])


def not_divided_by_sizes(small, big, batch_sizes):
    found = room.noise_scale(small, big, batch_sizes)
    return found._replace(variance=small - big)


def biased(small, big, batch_sizes):
    """The big batch taken for all there is."""
    b = batch_sizes[0]
    return room.NoiseScale(big, b * (small - big), b * (small - big) / big)


def without_replacement(model, loss, x, y, batch_sizes, rng, draws=100):
    found = room.noise_of_batches(model, loss, x, y, batch_sizes, rng, draws)
    return found._replace(variance=found.variance * 4 / 3)


def one_generator_for_all(model, loss, x, y, batch_sizes, rng, draws=100):
    rng = rng if model.runs is None else [rng[0]] * model.runs
    return room.noise_of_batches(model, loss, x, y, batch_sizes, rng, draws)


PLANTED: list[tuple[Callable[..., Any], str, Any]] = [
    (partial(assignment.test_value_is_scipys, 5, False), "linear_assignment", greedy),
    (partial(assignment.test_value_is_scipys, 5, True), "linear_assignment", never_maximized),
    (partial(assignment.test_value_is_scipys, 30, False), "linear_assignment", columns_as_rows),
    (assignment.test_every_small_one_is_the_best_of_all, "linear_assignment", greedy),
    (partial(assignment.test_prices_prove_it, 5, False), "linear_assignment", prices_of_rows_alone),
    (assignment.test_runs_do_not_mix, "linear_assignment", last_run_for_all),
    (assignment.test_whole_numbers_stay_whole, "linear_assignment", in_floats),
    (partial(sharp.test_the_box_of_a_quadratic, 0.5, 3.0), "sharpness", in_shares),
    (partial(sharp.test_the_box_of_a_quadratic, 0.5, 3.0), "sharpness", without_the_one),
    (partial(sharp.test_the_box_of_a_quadratic, 0.5, 3.0), "sharpness", box_of_one_width),
    (partial(sharp.test_the_box_of_a_quadratic, 0.5, "minimum"), "sharpness", only_from_theta),
    (sharp.test_every_run_has_its_own, "sharpness", box_of_one_width),
    (sharp.test_one_direction, "sharpness", directions_ignored),
    (partial(sharp.test_as_high_as_l_bfgs_b, 1e-2, "relu"), "sharpness", one_step),
    (
        partial(sharp.test_the_worst_case_of_a_quadratic, "ball", True),
        "worst_case_sharpness",
        never_adaptive,
    ),
    (
        partial(sharp.test_the_worst_case_of_a_quadratic, "ball", False),
        "worst_case_sharpness",
        other_region,
    ),
    (sharp.test_the_worst_case_on_a_slope, "worst_case_sharpness", other_region),
    (
        partial(sharp.test_adaptive_worst_case_keeps_through_rescaling, "ball"),
        "worst_case_sharpness",
        never_adaptive,
    ),
    (
        partial(sharp.test_adaptive_worst_case_keeps_through_rescaling, "ball"),
        "worst_case_sharpness",
        adaptive_with_eta,
    ),
    (
        sharp.test_adaptive_average_keeps_through_rescaling,
        "average_case_sharpness",
        never_adaptive_average,
    ),
    (sharp.test_the_average_of_a_quadratic, "average_case_sharpness", never_adaptive_average),
    (sharp.test_the_average_of_a_quadratic, "average_case_sharpness", twice_the_average),
    (
        sharp.test_the_error_of_the_average_is_its_spread,
        "average_case_sharpness",
        deviation_for_error,
    ),
    (
        partial(sharp.test_the_ascent_stays_inside_and_never_falls, "box"),
        "ascend",
        leaves_the_region,
    ),
    (partial(sharp.test_the_ascent_stays_inside_and_never_falls, "ball"), "ascend", may_fall),
    (sharp.test_from_a_minimum_the_first_start_does_not_move, "sharpness", only_from_theta),
    (cuts.test_objective_is_the_models_loss_and_leaves_it_alone, "Objective", InPlace),
    (cuts.test_objective_in_training_keeps_the_statistics, "Objective", SharedStatistics),
    (cuts.test_objective_in_training_keeps_the_statistics, "Objective", AlwaysEvaluates),
    (cuts.test_the_line_between, "interpolate", ends_exchanged),
    (cuts.test_the_line_between, "interpolate", losses_interpolated),
    (cuts.test_the_barrier, "loss_barrier", above_the_lower_end),
    (cuts.test_the_barrier, "loss_barrier", always_the_mean),
    (cuts.test_a_convex_loss_has_no_barrier, "loss_barrier", always_the_mean),
    (
        partial(cuts.test_rows_of_the_direction_are_as_long_as_those_of_the_weights, 2),
        "filter_normalized_direction",
        layer_normalized,
    ),
    (
        partial(cuts.test_rows_of_the_direction_are_as_long_as_those_of_the_weights, None),
        "filter_normalized_direction",
        biases_too,
    ),
    (
        cuts.test_its_pictures_are_those_of_the_rescaled_network,
        "filter_normalized_direction",
        not_normalized,
    ),
    (cuts.test_lines_and_planes, "loss_plane", plane_transposed),
    (
        partial(units.test_permuted_units_compute_the_same, "mlp", None),
        "permute_units",
        columns_forgotten,
    ),
    (units.test_new_unit_i_is_the_old_one_at_i, "permute_units", permuted_backwards),
    (
        partial(units.test_flipped_units_compute_the_same, None),
        "flip_signs",
        signs_of_weights_alone,
    ),
    (
        partial(units.test_rescaled_units_compute_the_same, "mlp", None),
        "rescale_units",
        divided_by_the_root,
    ),
    (
        partial(units.test_rescaled_units_compute_the_same, "mlp", 2),
        "rescale_units",
        biases_not_rescaled,
    ),
    (partial(units.test_a_hidden_permutation_is_found, "mlp", None), "match_units", the_other_way),
    (partial(units.test_a_hidden_permutation_is_found, "mlp", 2), "match_units", identity),
    (units.test_one_hidden_layer_is_matched_best, "match_units", identity),
    (units.test_no_single_layer_can_be_improved, "match_units", one_sweep),
    (units.test_more_sweeps_never_give_less, "match_units", one_sweep),
    (
        partial(units.test_matched_units_respond_alike, "mlp"),
        "match_activations",
        activations_the_other_way,
    ),
    (
        partial(units.test_matched_units_respond_alike, "convolutional"),
        "match_activations",
        activations_the_other_way,
    ),
    (units.test_activations_of_runs, "match_activations", activations_of_the_first_run),
    (
        partial(noise.test_expected_lengths_give_back_both, (4, 64)),
        "noise_scale",
        not_divided_by_sizes,
    ),
    (partial(noise.test_expected_lengths_give_back_both, (4, 64)), "noise_scale", biased),
    (noise.test_batches_tell_what_all_samples_tell, "noise_of_batches", without_replacement),
    (noise.test_runs_and_the_model, "noise_of_batches", one_generator_for_all),
]


@pytest.mark.parametrize(
    ("check", "name", "wrong"), PLANTED, ids=lambda one: getattr(one, "__name__", "-")
)
def test_caught(
    check: Callable[..., Any], name: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ascent if name == "ascend" else landscape, name, wrong)
    with pytest.raises(AssertionError):
        check()


def test_many_points_that_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landscape, "Objective", FirstForAll)
    with pytest.raises(AssertionError):
        cuts.test_objective_takes_many_points_and_blocks_do_not_show(monkeypatch)
