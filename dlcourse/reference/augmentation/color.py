"""Twin of ``scratch.augmentation.color``: ``torch.lerp``, and hue by the six sectors of HSV."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from dlcourse import checks
from dlcourse.images import image_shape, images, number_each, orders
from dlcourse.reference.augmentation.crops import generator
from dlcourse.reference.augmentation.sampling import Tensor, each_image, spread


def brightness(x: Tensor, factor: Any) -> Tensor:
    """``torch.lerp`` from black."""
    images(x, Tensor, unit=True)
    return _lerp(torch.zeros_like(x), x, number_each("factor", factor, x, 0))


def contrast(x: Tensor, factor: Any) -> Tensor:
    """``torch.lerp`` from the mean of the grey image."""
    images(x, Tensor, colours=True, unit=True)
    mean = grey(x).mean((-3, -2, -1), keepdim=True).expand_as(x)
    return _lerp(mean, x, number_each("factor", factor, x, 0))


def saturation(x: Tensor, factor: Any) -> Tensor:
    """``torch.lerp`` from the grey image."""
    images(x, Tensor, colours=True, unit=True)
    return _lerp(grey(x).expand_as(x), x, number_each("factor", factor, x, 0))


def hue(x: Tensor, factor: Any) -> Tensor:
    """To hue, saturation and value, and back by the sector the hue lies in."""
    images(x, Tensor, colours=True, unit=True)
    turned = number_each("factor", factor, x, -0.5, 0.5)
    if x.shape[-3] == 1:
        return _lerp(x, x, np.ones_like(turned))
    lead, flat, (turns,) = spread(x, turned)
    h, s, v = _hsv(flat)
    h = (h + turns.to(x)[:, None, None]) % 1.0
    return _rgb(h, s, v).clamp(0, 1).reshape(*lead, *x.shape[-3:])


def color_jitter(
    x: Tensor, brightness: Any, contrast: Any, saturation: Any, hue: Any, order: Any
) -> Tensor:
    """Image by image."""
    images(x, Tensor, colours=True, unit=True)
    named = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
    each = [number_each(name, value, x, 0) for name, value in named.items()]
    each += [number_each("hue", hue, x, -0.5, 0.5), *np.moveaxis(orders(order, x), -1, 0)]

    def one(image: Tensor, *given: Any) -> Tensor:
        for which in given[4:]:
            image = CHANGES[which](image, given[which])
        return image

    return each_image(one, x, *each)


CHANGES = brightness, contrast, saturation, hue


def draw_color_jitter(
    shape: Any,
    rng: np.random.Generator,
    brightness: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
    hue: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """``torch.rand``; an order is where random numbers stand when they are sorted."""
    (lead, _, _), chance = image_shape(shape), generator(rng)
    named = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
    widths = [checks.scalar(name, value) for name, value in named.items()]
    ends = [(max(0.0, 1 - b), 1 + b) for b in widths]
    if checks.scalar("hue", hue) > 0.5:
        checks.fail("hue", "in [0, 0.5]", hue)
    ends.append((-float(hue), float(hue)))
    shares = torch.rand(4, *lead, generator=chance, dtype=torch.float64)
    b, c, s, h = (lo + (hi - lo) * u for (lo, hi), u in zip(ends, shares, strict=True))
    return b, c, s, h, torch.rand(*lead, 4, generator=chance).argsort(-1)


def grey(x: Tensor) -> Tensor:
    """0.2989 red + 0.587 green + 0.114 blue."""
    if x.shape[-3] == 1:
        return x
    return 0.2989 * x[..., :1, :, :] + 0.587 * x[..., 1:2, :, :] + 0.114 * x[..., 2:, :, :]


def _lerp(start: Tensor, x: Tensor, factor: Any) -> Tensor:
    lead, flat, (weight,) = spread(x, factor)
    towards = spread(start, factor)[1]
    y = torch.lerp(towards, flat, weight.to(x)[:, None, None, None])
    return y.clamp(0, 1).reshape(*lead, *x.shape[-3:])


def _hsv(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    r, g, b = x.unbind(1)
    value, least = x.amax(1), x.amin(1)
    chroma = value - least
    part = torch.where(chroma > 0, chroma, torch.ones_like(chroma))
    sectors = torch.stack([(g - b) / part % 6, (b - r) / part + 2, (r - g) / part + 4])
    h = sectors.gather(0, x.argmax(1)[None])[0] / 6
    return h, chroma / torch.where(value > 0, value, torch.ones_like(value)), value


def _rgb(h: Tensor, s: Tensor, v: Tensor) -> Tensor:
    sector = (h * 6).floor()
    f, sector = h * 6 - sector, (sector.long() % 6)[:, None]
    p, q, t = v * (1 - s), v * (1 - s * f), v * (1 - s * (1 - f))
    table = [(v, t, p), (q, v, p), (p, v, t), (p, q, v), (t, p, v), (v, p, q)]
    stacked = torch.stack([torch.stack(rgb, 1) for rgb in table])
    return stacked.gather(0, sector.expand_as(stacked[0])[None])[0]
