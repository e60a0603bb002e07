"""Augmentation in training: layers at the front of a model, and the loss that goes with mixing.

Each run draws with a generator of its own, so that it is shown alone what it is shown among many,
in blocks of any size.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import augmented, checks, inputs
from dlcourse.arrays import Array, Generators
from dlcourse.scratch.augmentation.erasing import draw_center
from dlcourse.scratch.augmentation.mixing import blended, draw_mix, patch, taken
from dlcourse.scratch.layers.base import Cache
from dlcourse.scratch.layers.chance import Drawing
from dlcourse.scratch.losses import Loss, softmax_cross_entropy, softmax_cross_entropy_backward

KINDS = ("mixup", "cutmix")


class Shown(Drawing):
    """A layer that changes its input in training only, for each run with its own draws."""

    def __init__(self, rng: Generators, runs: int | None, shape: Any) -> None:
        self.image = None if shape is None else checks.sizes("shape", shape, 3)
        super().__init__(rng, runs)
        self.training = False

    def forward(self, x: Array, training: bool = False) -> Array:
        self.training = training
        return super().forward(x, training)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        shape = augmented.samples(x, self.image, self.runs, np.ndarray)
        if not self.training:
            self.plain()
            return x, ()
        y, cache = self.changed(x.reshape(shape))
        images, flat = len(shape) > 3, self.image is not None or x.ndim < 4
        return y.reshape(*y.shape[: -3 if images else -1], *x.shape[-1 if flat else -3 :]), cache

    def plain(self) -> None:
        """Called in evaluation."""

    def changed(self, x: Array) -> tuple[Array, Cache]:
        """What training shows of a batch, for each run if there are runs."""
        raise TypeError(f"changed must be written by the subclass {type(self).__name__}.")


class Augment(Shown):
    """Show the network other images in every epoch: the first layer of a model.

    Parameters
    ----------
    transform : function of images (n, c, h, w), or of features (n, d), and a Generator, that
        returns as many of the same shape and precision; or a pair (draw, apply): ``draw(shape,
        rng)`` gives the parameters of one run, a number or array or a tuple of them, and
        ``apply(x, *parameters)`` changes the images of all runs at once, which is many times faster
    rng : Generator, or one a run; the layer takes children of them, so that weights drawn from the
        same generators are those of the network without it
    runs : None, or how many networks lie side by side; each is shown its own images
    shape : (c, h, w), if inputs are rows (n, c · h · w) of pixels

    Notes
    -----
    In training only. No gradient goes through it: ``backward`` returns None in its place.

    Examples
    --------
    >>> turned = lambda x, rng: np.where(rng.random(len(x))[:, None] < 0.5, x[:, ::-1], x)
    >>> layer = Augment(turned, rng=np.random.default_rng(0), runs=2)
    >>> layer.forward(np.array([[1.0, 2.0]]), training=True).shape
    (2, 1, 2)

    With the draws apart from the arithmetic:

    >>> lighter = lambda shape, rng: rng.random((shape[0], 1)), lambda x, more: x + more
    >>> layer = Augment(lighter, rng=np.random.default_rng(0), runs=2)
    >>> layer.forward(np.ones((5, 64)), training=True).shape
    (2, 5, 64)
    """

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

    def changed(self, x: Array) -> tuple[Array, Cache]:
        if isinstance(self.transform, tuple):
            return self.together(x, *self.transform), (True,)
        if self.runs is None:
            return self.one(x, self.generators[0]), (True,)
        own = np.broadcast_to(x, (self.runs, *x.shape[x.ndim in (3, 5) :]))
        pairs = zip(own, self.generators, strict=True)
        return np.stack([self.one(*pair) for pair in pairs]), (True,)

    def together(self, x: Array, draw: Any, apply: Any) -> Array:
        """What all runs are shown, drawn for each and computed at once."""
        own, shape = x.ndim in (3, 5), x.shape[x.ndim in (3, 5) :]
        draws = [draw(shape, rng) for rng in self.generators]
        draws = [one if isinstance(one, tuple) else (one,) for one in draws]
        given = draws[0] if self.runs is None else augmented.stacked(draws, np.stack)
        runs = () if self.runs is None else (self.runs,)
        shown, lead = (np.broadcast_to(x, (*runs, *shape)), ()) if own else (x, runs)
        return augmented.transformed(apply(shown.copy(), *given), shown, lead)

    def one(self, x: Array, rng: np.random.Generator) -> Array:
        """What one run is shown; the transform gets images it may write into."""
        return augmented.transformed(self.transform(x.copy(), rng), x)

    def pair_backward(self, dy: Array, cache: Cache) -> Any:
        return None if cache else dy


class Latest:
    """What the latest pass has mixed: (partner, share), or None, if it was plain.

    Shared by a layer, its copies for blocks of runs, and the loss that follows it.
    """

    def __init__(self) -> None:
        self.draw: tuple[Array, Array] | None = None
        self.target: Any = None


class Mix(Shown):
    """``mixup`` or ``cutmix`` of each batch with itself; ``MixedCrossEntropy`` mixes its labels.

    Parameters
    ----------
    kind : "mixup" or "cutmix"
    alpha : λ ~ Beta(α, α), >= 0, 0: nothing is mixed; a number, or (runs,) or (runs, 1)
    rng, runs, shape : as in ``Augment``
    each : a λ and a box for each sample, instead of one for the batch

    Attributes
    ----------
    latest : what the latest pass in training has mixed

    Notes
    -----
    In training only. A gradient goes through it, so it may stand behind other layers: "mixup" of
    what these have made of the images is manifold mixup.

    Examples
    --------
    >>> layer = Mix("mixup", 1.0, rng=np.random.default_rng(0))
    >>> x = np.array([[0.0], [1.0]])
    >>> y, (partner, share) = layer.forward(x, training=True), layer.latest.draw
    >>> bool(np.allclose(y, share[:, None] * x + (1 - share[:, None]) * x[partner]))
    True
    """

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
        self.alpha = augmented.one_a_run("alpha", alpha, runs)
        self.latest = Latest()

    def plain(self) -> None:
        self.latest.draw = self.latest.target = None

    def changed(self, x: Array) -> tuple[Array, Cache]:
        axis = 0 if x.ndim in (2, 4) else 1
        if self.kind == "cutmix":
            augmented.four_axes(x, axis)
        alphas = np.broadcast_to(self.alpha, len(self.generators)).tolist()
        each = zip(alphas, self.generators, strict=True)
        draws = [self.draws(x.shape[axis:], alpha, rng) for alpha, rng in each]
        lam, partner, *centre = self.stacked(draws)
        if self.kind == "mixup":
            share, mask = lam, None
            y = blended(x, lam, partner, axis)
        else:
            mask, share = patch(x.shape[-2:], lam, *centre)
            y = np.where(mask, taken(x, partner, axis), x)
        self.latest.draw, self.latest.target = (partner, share), None
        return y, (partner, share, mask)

    def draws(
        self, shape: tuple[int, ...], alpha: float, rng: np.random.Generator
    ) -> tuple[Any, ...]:
        """Those of one run: λ, partners and, for boxes, their centre."""
        lam, partner = draw_mix(shape[0], alpha, rng, self.each)
        places = (shape[0],) if self.each else (1,)
        centre = draw_center((*places, *shape[1:]), rng) if self.kind == "cutmix" else ()
        return np.reshape(lam, places), partner, *centre

    def stacked(self, draws: list[tuple[Any, ...]]) -> list[Array]:
        """The draws of all runs on a leading axis; no such axis without runs."""
        if self.runs is None:
            return [*draws[0]]
        return [np.stack(one) for one in zip(*draws, strict=True)]

    def pair_backward(self, dy: Array, cache: Cache) -> Array:
        if not cache:
            return dy
        partner, share, mask = cache
        flat = dy.reshape(*dy.shape[: partner.ndim], *(self.image or dy.shape[partner.ndim :]))
        own = np.asarray(share, dy.dtype)
        own = ~mask if mask is not None else own.reshape(*own.shape, *[1] * (flat.ndim - own.ndim))
        back = taken((1 - own) * flat, np.argsort(partner, -1), partner.ndim - 1)
        return (own * flat + back).reshape(dy.shape)


class MixedCrossEntropy(Loss):
    """Cross-entropy of the labels, mixed as the layer has mixed the samples of the batch.

    Parameters
    ----------
    mix : the layer ``Mix`` of the model; or None, and ``follow`` tells which one it is

    Notes
    -----
    After a pass in evaluation the labels count as they are. A mixture belongs to one batch: labels
    of another one, without a pass of the layer in between, are refused. Where ``sweep`` builds the
    models, the loss is there first: ``Sequential(loss.follow(Mix(…)), …)`` in its ``build``.

    Examples
    --------
    >>> mix = Mix("mixup", 1.0, rng=np.random.default_rng(0))
    >>> loss, labels = MixedCrossEntropy(mix), np.array([0, 1])
    >>> y = mix.forward(np.array([[5.0, 0.0], [0.0, 5.0]]), training=True)
    >>> bool(loss.forward(y, labels) > loss.forward(mix.forward(4 * y), labels))
    True
    """

    def __init__(self, mix: Mix | None = None) -> None:
        super().__init__()
        self.mix: Mix | None = None
        if mix is not None:
            self.follow(mix)

    def follow(self, mix: Mix) -> Mix:
        """From now on the labels are mixed as this layer, which is returned, mixes its input."""
        if not isinstance(mix, Mix):
            checks.fail("mix", "a layer Mix", mix, error=TypeError)
        self.mix = mix
        return mix

    def forward(self, y: Array, target: Array) -> Array:
        inputs.batch(y, ("n", "k"), None, np.ndarray, name="y")
        inputs.classes(y, target := inputs.target(np.asarray, target))
        if self.mix is None:
            checks.fail("mix", "known", None, "Call follow(mix) first.", RuntimeError)
        value, self.cache = softmax_cross_entropy(y, self.mixed(y, target, self.mix.latest))
        return value

    def mixed(self, y: Array, target: Array, latest: Latest) -> Array:
        """The labels as they are, or soft ones (…, n, k)."""
        if latest.draw is None:
            return target
        if latest.target is None:
            latest.target = target
        augmented.same_batch(target, latest.target)
        partner, share = latest.draw
        if target.dtype.kind in "iu":
            inputs.indices("target", target, y.shape[-1])
            target = np.eye(y.shape[-1], dtype=y.dtype)[target]
        augmented.partners(partner, target.shape[:-1])
        return blended(target, share, partner, target.ndim - 2)

    def backward(self) -> Array:
        return softmax_cross_entropy_backward(1.0, self.kept())
