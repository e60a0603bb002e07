"""Twin of ``scratch.augmentation.training``: autograd goes through what is mixed."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from dlcourse import augmented, checks, inputs
from dlcourse.arrays import Generators
from dlcourse.reference.augmentation.erasing import draw_center
from dlcourse.reference.augmentation.mixing import blended, draw_mix, pasted
from dlcourse.reference.layers.chance import Drawing
from dlcourse.reference.losses import Loss

Tensor = torch.Tensor
KINDS = ("mixup", "cutmix")


class Shown(Drawing):
    """A layer that changes its input in training only."""

    def __init__(self, rng: Generators, runs: int | None, shape: Any) -> None:
        self.image = None if shape is None else checks.sizes("shape", shape, 3)
        super().__init__(rng, runs)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        shape = augmented.samples(x, self.image, self.runs, Tensor)
        if not training:
            self.plain()
            return x
        y = self.changed(x.reshape(shape))
        return y if self.image is None else y.flatten(-3)

    def plain(self) -> None:
        """Called in evaluation."""

    def changed(self, x: Tensor) -> Tensor:
        """What training shows of a batch."""
        raise TypeError(f"changed must be written by the subclass {type(self).__name__}.")

    def shared(self, x: Tensor) -> bool:
        """Whether all runs have the same samples, or there are no runs."""
        return x.ndim in (2, 4)


class Augment(Shown):
    """``torch.stack`` of what each run is shown; autograd ends here."""

    def __init__(
        self,
        transform: Any,
        *,
        rng: Generators,
        runs: int | None = None,
        shape: tuple[int, int, int] | None = None,
    ) -> None:
        super().__init__(rng, runs, shape)
        self.transform = augmented.transform(transform)
        self.training = False

    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        self.training = training
        return super().forward(x, training)

    def backward(self, dy: Tensor, input_grad: bool = True) -> Any:
        if self.training and self.cache is not None:
            return None
        return super().backward(dy, input_grad)

    def changed(self, x: Tensor) -> Tensor:
        x = x.detach()
        if isinstance(self.transform, tuple):
            return self.together(x, *self.transform)
        shown = []
        for i, rng in enumerate(self.generators):
            one = x if self.shared(x) else x[i % len(x)]
            shown.append(augmented.transformed(self.transform(one.clone(), rng), one))
        return shown[0] if self.runs is None else torch.stack(shown)

    def together(self, x: Tensor, draw: Any, apply: Any) -> Tensor:
        """``torch.stack`` of the draws instead."""
        shape = tuple(x.shape if self.shared(x) else x.shape[1:])
        draws = [draw(shape, rng) for rng in self.generators]
        draws = [one if isinstance(one, tuple) else (one,) for one in draws]
        if self.runs is None:
            return augmented.transformed(apply(x.clone(), *draws[0]), x)

        def stack(values: Any) -> Tensor:
            return torch.stack([torch.as_tensor(value) for value in values])

        x = x.expand(self.runs, *shape)
        return augmented.transformed(apply(x.clone(), *augmented.stacked(draws, stack)), x)


class Latest:
    """What the latest pass has mixed."""

    def __init__(self) -> None:
        self.draw: tuple[Tensor, Tensor] | None = None
        self.target: Any = None


class Mix(Shown):
    """``torch.lerp``, or slices, of each batch with itself."""

    per_run = ("alpha",)

    def __init__(
        self,
        kind: str,
        alpha: Any,
        *,
        rng: Generators,
        runs: int | None = None,
        shape: tuple[int, int, int] | None = None,
        each: bool = False,
    ) -> None:
        super().__init__(rng, runs, shape)
        self.kind, self.each = checks.choice("kind", kind, KINDS), bool(each)
        self.alpha = augmented.one_a_run("alpha", augmented.array(alpha), runs)
        self.latest = Latest()

    def plain(self) -> None:
        self.latest.draw = self.latest.target = None

    def changed(self, x: Tensor) -> Tensor:
        axis = 0 if self.shared(x) else 1
        if self.kind == "cutmix":
            augmented.four_axes(x, axis)
        n, draws = x.shape[axis], []
        for i, rng in enumerate(self.generators):
            alpha = float(self.alpha if np.ndim(self.alpha) == 0 else self.alpha[i])
            lam, partner = draw_mix(n, alpha, rng, self.each)
            lam = torch.as_tensor(lam, dtype=torch.float64).reshape(-1)
            size = (n if self.each else 1, *x.shape[-3:])
            draws.append((lam, partner, *(draw_center(size, rng) if self.kind == "cutmix" else ())))
        given = [
            one[0] if self.runs is None else torch.stack(one) for one in zip(*draws, strict=True)
        ]
        share, partner = given[0], given[1]
        if self.kind == "mixup":
            y = blended(x, share, partner, axis)
        else:
            y, share = pasted(x, share, partner, given[2], given[3], axis)
        self.latest.draw, self.latest.target = (partner, share), None
        return y


class MixedCrossEntropy(Loss):
    """``F.cross_entropy`` with both labels, the two losses weighted."""

    def __init__(self, mix: Mix | None = None) -> None:
        super().__init__()
        self.mix: Mix | None = None
        if mix is not None:
            self.follow(mix)

    def follow(self, mix: Mix) -> Mix:
        """From now on the labels are mixed as this layer mixes its input."""
        if not isinstance(mix, Mix):
            checks.fail("mix", "a layer Mix", mix, error=TypeError)
        self.mix = mix
        return mix

    def forward(self, y: Tensor, target: Tensor) -> Tensor:
        inputs.batch(y, ("n", "k"), None, Tensor, name="y")
        target = inputs.target(lambda value: torch.as_tensor(value, device=y.device), target)
        inputs.classes(y, target)
        if self.mix is None:
            checks.fail("mix", "known", None, "Call follow(mix) first.", RuntimeError)
        runs = target.shape[: target.ndim - 1 - target.is_floating_point()]
        lead = torch.broadcast_shapes(y.shape[:-2], runs)
        leaf = y.detach().expand(*lead, *y.shape[-2:]).clone().requires_grad_()
        found = self.value(leaf, target)
        self.cache = found, leaf
        return found.detach()

    def value(self, y: Tensor, target: Tensor) -> Tensor:
        """The loss of each run, differentiable in y."""
        latest = self.mix.latest if self.mix is not None else Latest()
        if latest.draw is None:
            return self.losses(y, target).mean(-1)
        if latest.target is None:
            latest.target = target
        augmented.same_batch(target, latest.target)
        *lead, n, _ = y.shape
        soft = target.is_floating_point()
        target = target.expand(*lead, n, *target.shape[-1:] if soft else ())
        partner, share = (one.to(y.device) for one in latest.draw)
        augmented.partners(augmented.array(partner), (*lead, n))
        partner = partner.expand(*lead, n)
        index = partner[..., None].expand(target.shape) if soft else partner
        other = target.gather(-2 if soft else -1, index)
        both = share * self.losses(y, target) + (1 - share) * self.losses(y, other)
        return both.mean(-1)

    def losses(self, y: Tensor, target: Tensor) -> Tensor:
        """One a sample, (…, n)."""
        if target.is_floating_point():
            rows = target.to(y.dtype).expand(y.shape).reshape(-1, y.shape[-1])
        else:
            inputs.indices("target", target, y.shape[-1])
            rows = target.expand(y.shape[:-1]).reshape(-1).long()
        return F.cross_entropy(y.reshape(-1, y.shape[-1]), rows, reduction="none").reshape(
            y.shape[:-1]
        )
