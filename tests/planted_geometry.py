"""Sharpness, cuts, symmetries, matches and noise scales, each wrong in a way of its own."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

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
