"""The picture that moves on the first page: two walks down one valley, at the same pace."""

from __future__ import annotations

import numpy as np

from dlcourse.arrays import Array
from dlcourse.plots.style import METHODS
from dlcourse.plots.svg import FONTS
from dlcourse.problems import Quadratic, gradient_descent_optimum, steps_to, walk
from dlcourse.scratch.optimizers import SGD

WIDTH, HEIGHT = 720, 300
SECONDS = 16  # for the longer of the two walks
PAUSE = 0.15  # of the time, at the end


def walks(kappa: float = 100) -> dict[str, Array]:
    """Gradient descent at its best rate, and at the same rate with the memory that theory picks.

    The memory is that of critical damping, β = (1 − √(η λ_min))²; each walk ends when a thousandth
    of the distance is left.
    """
    lr, _ = gradient_descent_optimum(1, kappa)
    found = {}
    for name, memory in (("sgd", 0.0), ("momentum", (1 - lr**0.5) ** 2)):
        optimizer = SGD(np.array([10.0, 1.0]), lr=lr, momentum=memory)
        path = walk(optimizer, Quadratic([1, kappa]).grad, 400)
        found[name] = path[: int(steps_to(path)) + 1]
    return found


def _place(path: Array) -> Array:
    """From the valley to the drawing: the floor lies across it, the walls above and below."""
    return np.stack([40 + path[:, 0] * 60, 175 - path[:, 1] * 80], -1)


def _moves(points: Array, name: str, longest: int) -> str:
    """Keyframes that draw the line step by step, each step in the same time."""
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    left = 1 - np.cumsum(lengths) / lengths.sum()
    at = (1 - PAUSE) * 100 * np.arange(1, len(points)) / longest
    stops = "".join(f"{t:.2f}%{{stroke-dashoffset:{d:.4f}}}" for t, d in zip(at, left, strict=True))
    return f"@keyframes {name}{{0%{{stroke-dashoffset:1}}{stops}100%{{stroke-dashoffset:0}}}}"


def front_picture() -> tuple[str, str]:
    """The drawing as SVG, and what it shows in words.

    It moves by CSS alone. For who asks for less motion, and on paper, both lines are whole.
    """
    paths = walks()
    steps = {name: len(path) - 1 for name, path in paths.items()}
    alt = (
        f"A long valley and two walks down it at the same learning rate, drawn step by step. "
        f"With memory it takes {steps['momentum']} steps; without, {steps['sgd']}."
    )
    style, lines = [], []
    for name, path in paths.items():
        points = _place(path)
        style.append(_moves(points, name, max(steps.values())))
        style.append(f".{name}{{animation:{name} {SECONDS}s linear infinite}}")
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        color = METHODS[name].color
        lines.append(f'<polyline class="walk {name}" pathLength="1" stroke="{color}" '
                     f'points="{drawn}"/>')  # fmt: skip
    rings = "".join(
        f'<ellipse cx="40" cy="175" rx="{60 * (2 * level) ** 0.5:.1f}" '
        f'ry="{80 * (2 * level / 100) ** 0.5:.1f}"/>'
        for level in (0.5, 2, 6, 14, 28, 50, 80)
    )
    words = (
        (20, 26, "#222222", 16, 0, f"One remembered vector: {steps['momentum']} steps in place of "
                                   f"{steps['sgd']}"),
        (330, 288, METHODS["sgd"].color, 13, 230, "gradient descent"),
        (470, 288, METHODS["momentum"].color, 13, 110, "momentum, the same rate"),
    )  # fmt: skip
    texts = "".join(
        f'<text x="{x}" y="{y}" fill="{color}" font-size="{size}" font-weight="bold" '
        f'style="--back: {-back}px">{said}</text>'
        for x, y, color, size, back, said in words
    )
    # On a phone words of 13 would be half as large; larger ones begin further left.
    near = (
        "@media (max-width: 600px){.front text{font-size:22px;transform:translateX(var(--back))}}"
    )
    still = "@media (prefers-reduced-motion:reduce),print{.walk{animation:none!important}}"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'class="front" font-family="{FONTS}"><style>.walk{{fill:none;stroke-width:2;'
        f"stroke-dasharray:1;stroke-dashoffset:0}}{''.join(style)}{near}{still}</style>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        f'<clipPath id="in"><rect y="40" width="{WIDTH}" height="228"/></clipPath>'
        f'<g clip-path="url(#in)"><g fill="none" stroke="#cccccc">{rings}</g>{"".join(lines)}</g>'
        f"{texts}</svg>\n"
    )
    return svg, alt
