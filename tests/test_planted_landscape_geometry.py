"""Wrong sharpness, cuts, symmetries, matches and noise scales that the checks must catch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import planted_geometry as planted
import pytest
import test_landscape_assignment as assignment
import test_landscape_cuts as cuts
import test_landscape_noise_scale as noise
import test_landscape_sharpness as sharp
import test_landscape_units as units

from dlcourse.scratch import landscape
from dlcourse.scratch.landscape import ascent

PLANTED: list[tuple[Callable[..., Any], str, Any]] = [
    (partial(assignment.test_value_is_scipys, 5, False), "linear_assignment", planted.greedy),
    (
        partial(assignment.test_value_is_scipys, 5, True),
        "linear_assignment",
        planted.never_maximized,
    ),
    (
        partial(assignment.test_value_is_scipys, 30, False),
        "linear_assignment",
        planted.columns_as_rows,
    ),
    (assignment.test_every_small_one_is_the_best_of_all, "linear_assignment", planted.greedy),
    (
        partial(assignment.test_prices_prove_it, 5, False),
        "linear_assignment",
        planted.prices_of_rows_alone,
    ),
    (assignment.test_runs_do_not_mix, "linear_assignment", planted.last_run_for_all),
    (assignment.test_whole_numbers_stay_whole, "linear_assignment", planted.in_floats),
    (partial(sharp.test_the_box_of_a_quadratic, 0.5, 3.0), "sharpness", planted.in_shares),
    (partial(sharp.test_the_box_of_a_quadratic, 0.5, 3.0), "sharpness", planted.without_the_one),
    (partial(sharp.test_the_box_of_a_quadratic, 0.5, 3.0), "sharpness", planted.box_of_one_width),
    (
        partial(sharp.test_the_box_of_a_quadratic, 0.5, "minimum"),
        "sharpness",
        planted.only_from_theta,
    ),
    (sharp.test_every_run_has_its_own, "sharpness", planted.box_of_one_width),
    (sharp.test_one_direction, "sharpness", planted.directions_ignored),
    (partial(sharp.test_as_high_as_l_bfgs_b, 1e-2, "relu"), "sharpness", planted.one_step),
    (
        partial(sharp.test_the_worst_case_of_a_quadratic, "ball", True),
        "worst_case_sharpness",
        planted.never_adaptive,
    ),
    (
        partial(sharp.test_the_worst_case_of_a_quadratic, "ball", False),
        "worst_case_sharpness",
        planted.other_region,
    ),
    (sharp.test_the_worst_case_on_a_slope, "worst_case_sharpness", planted.other_region),
    (
        partial(sharp.test_adaptive_worst_case_keeps_through_rescaling, "ball"),
        "worst_case_sharpness",
        planted.never_adaptive,
    ),
    (
        partial(sharp.test_adaptive_worst_case_keeps_through_rescaling, "ball"),
        "worst_case_sharpness",
        planted.adaptive_with_eta,
    ),
    (
        sharp.test_adaptive_average_keeps_through_rescaling,
        "average_case_sharpness",
        planted.never_adaptive_average,
    ),
    (
        sharp.test_the_average_of_a_quadratic,
        "average_case_sharpness",
        planted.never_adaptive_average,
    ),
    (sharp.test_the_average_of_a_quadratic, "average_case_sharpness", planted.twice_the_average),
    (
        sharp.test_the_error_of_the_average_is_its_spread,
        "average_case_sharpness",
        planted.deviation_for_error,
    ),
    (
        partial(sharp.test_the_ascent_stays_inside_and_never_falls, "box"),
        "ascend",
        planted.leaves_the_region,
    ),
    (
        partial(sharp.test_the_ascent_stays_inside_and_never_falls, "ball"),
        "ascend",
        planted.may_fall,
    ),
    (sharp.test_from_a_minimum_the_first_start_does_not_move, "sharpness", planted.only_from_theta),
    (cuts.test_objective_is_the_models_loss_and_leaves_it_alone, "Objective", planted.InPlace),
    (cuts.test_objective_in_training_keeps_the_statistics, "Objective", planted.SharedStatistics),
    (cuts.test_objective_in_training_keeps_the_statistics, "Objective", planted.AlwaysEvaluates),
    (cuts.test_the_line_between, "interpolate", planted.ends_exchanged),
    (cuts.test_the_line_between, "interpolate", planted.losses_interpolated),
    (cuts.test_the_barrier, "loss_barrier", planted.above_the_lower_end),
    (cuts.test_the_barrier, "loss_barrier", planted.always_the_mean),
    (cuts.test_a_convex_loss_has_no_barrier, "loss_barrier", planted.always_the_mean),
    (
        partial(cuts.test_rows_of_the_direction_are_as_long_as_those_of_the_weights, 2),
        "filter_normalized_direction",
        planted.layer_normalized,
    ),
    (
        partial(cuts.test_rows_of_the_direction_are_as_long_as_those_of_the_weights, None),
        "filter_normalized_direction",
        planted.biases_too,
    ),
    (
        cuts.test_its_pictures_are_those_of_the_rescaled_network,
        "filter_normalized_direction",
        planted.not_normalized,
    ),
    (cuts.test_lines_and_planes, "loss_plane", planted.plane_transposed),
    (
        partial(units.test_permuted_units_compute_the_same, "mlp", None),
        "permute_units",
        planted.columns_forgotten,
    ),
    (units.test_new_unit_i_is_the_old_one_at_i, "permute_units", planted.permuted_backwards),
    (
        partial(units.test_flipped_units_compute_the_same, None),
        "flip_signs",
        planted.signs_of_weights_alone,
    ),
    (
        partial(units.test_rescaled_units_compute_the_same, "mlp", None),
        "rescale_units",
        planted.divided_by_the_root,
    ),
    (
        partial(units.test_rescaled_units_compute_the_same, "mlp", 2),
        "rescale_units",
        planted.biases_not_rescaled,
    ),
    (
        partial(units.test_a_hidden_permutation_is_found, "mlp", None),
        "match_units",
        planted.the_other_way,
    ),
    (partial(units.test_a_hidden_permutation_is_found, "mlp", 2), "match_units", planted.identity),
    (units.test_one_hidden_layer_is_matched_best, "match_units", planted.identity),
    (units.test_no_single_layer_can_be_improved, "match_units", planted.one_sweep),
    (units.test_more_sweeps_never_give_less, "match_units", planted.one_sweep),
    (
        partial(units.test_matched_units_respond_alike, "mlp"),
        "match_activations",
        planted.activations_the_other_way,
    ),
    (
        partial(units.test_matched_units_respond_alike, "convolutional"),
        "match_activations",
        planted.activations_the_other_way,
    ),
    (units.test_activations_of_runs, "match_activations", planted.activations_of_the_first_run),
    (
        partial(noise.test_expected_lengths_give_back_both, (4, 64)),
        "noise_scale",
        planted.not_divided_by_sizes,
    ),
    (partial(noise.test_expected_lengths_give_back_both, (4, 64)), "noise_scale", planted.biased),
    (
        noise.test_batches_tell_what_all_samples_tell,
        "noise_of_batches",
        planted.without_replacement,
    ),
    (noise.test_runs_and_the_model, "noise_of_batches", planted.one_generator_for_all),
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
    monkeypatch.setattr(landscape, "Objective", planted.FirstForAll)
    with pytest.raises(AssertionError):
        cuts.test_objective_takes_many_points_and_blocks_do_not_show(monkeypatch)
