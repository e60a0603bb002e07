"""Words in a figure: names at line ends, inks that can be read, the title that is a finding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def luminance(color: Any) -> float:
    """Relative luminance of WCAG 2: 0 for black, 1 for white."""
    from matplotlib.colors import to_rgb

    channels = np.array(to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(first: Any, second: Any) -> float:
    """Contrast ratio of WCAG 2 between two colors, from 1 to 21."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def readable(background: Any) -> str:
    """Black or white, whichever reads better on ``background``."""
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, background))


def ink_of(color: Any) -> str:
    """``color`` darkened just so far that small text in it reads on white (contrast 4.5)."""
    from matplotlib.colors import to_hex, to_rgb

    channels = np.array(to_rgb(color))
    while contrast(channels.tolist(), "white") < 4.5:
        channels = channels * 0.95
    return to_hex(channels.tolist())


def title_of(fig: Figure) -> str:
    """The figure's own title, or the titles of its axes, as one line."""
    titles = [axes.get_title(loc) for axes in fig.axes for loc in ("left", "center", "right")]
    text = fig.get_suptitle() or " · ".join(title for title in titles if title)
    return " ".join(text.split())


def label_lines(ax: Axes, *, gap: float = 1.25, **text: Any) -> Axes:
    """Write each line's label at its right end, in its color, moved apart where two would touch.

    Call it last: it needs the final limits and scales. Lines whose label starts with ``_`` are
    left out.

    Parameters
    ----------
    gap : least distance of two labels, in heights of a line of text.
    """
    lines = [line for line in ax.get_lines() if not str(line.get_label()).startswith("_")]
    ends = [_end(line) for line in lines]
    shown = [(line, end) for line, end in zip(lines, ends, strict=True) if end is not None]
    if not shown:
        return ax
    figure: Any = ax.get_figure(root=True)
    lay_out(figure)  # now data have a place, though nothing has been drawn
    locator: Any = ax.get_axes_locator()  # of axes inside of others
    ax.apply_aspect(None if locator is None else locator(ax, None))
    size = text.pop("fontsize", 9)
    points = 72 / figure.dpi
    box = ax.get_window_extent()
    heights = ax.transData.transform([end for _, end in shown])[:, 1] * points
    low, high = box.y0 * points, box.y1 * points
    wanted = np.clip(heights, low, high)
    placed = _spread(wanted, gap * size, low, high)
    right = box.x1 * points
    for (line, end), height, place in zip(shown, wanted, placed, strict=True):
        x = ax.transData.transform(end)[0] * points
        ax.annotate(
            str(line.get_label()),
            xy=end,
            xytext=(max(right - x, 0) * _at_edge(x, right) + 6, place - height),
            textcoords="offset points",
            color=ink_of(line.get_color()),
            va="center",
            fontsize=size,
            annotation_clip=False,
            **text,
        )
    return ax


def lay_out(fig: Figure) -> None:
    """Give the axes their places, without drawing what stands in them."""
    _write_powers(fig)
    if (engine := fig.get_layout_engine()) is not None:
        engine.execute(fig)


def _write_powers(fig: Figure) -> None:
    """Powers on log axes as text, 10⁻³: formulas would take a third of the picture's time."""
    from matplotlib.ticker import LogFormatterSciNotation

    class Power(LogFormatterSciNotation):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return power_text(super().__call__(x, pos))

    for axis in (axis for ax in fig.axes for axis in (ax.xaxis, ax.yaxis)):
        if axis.get_scale() != "log":
            continue
        transform: Any = axis.get_transform()  # matplotlib declares its parent class
        base = transform.base
        if type(axis.get_major_formatter()) is LogFormatterSciNotation:  # nobody chose another
            axis.set_major_formatter(Power(base))
        if type(minor := axis.get_minor_formatter()) is LogFormatterSciNotation:
            axis.set_minor_formatter(Power(base, minor.labelOnlyBase))


def power_text(formula: str) -> str:
    r"""Matplotlib's formula of a tick as plain text.

    Examples
    --------
    >>> power_text(r"$\mathdefault{2\times10^{-3}}$")
    '2×10⁻³'
    """
    text = re.sub(r"\^\{(.*?)\}", lambda power: power[1].translate(RAISED), formula)
    text = text.replace(r"$\mathdefault{", "").removesuffix("}$")
    return text.replace(r"\times", "×").replace("-", "\N{MINUS SIGN}")


def _at_edge(x: float, right: float) -> float:
    return 1.0 if right - x < 30 else 0.0


def _end(line: Any) -> tuple[float, float] | None:
    """The last finite point of a line that lies within the limits of its axes, across."""
    x, y = (np.asarray(data, dtype=float) for data in line.get_data())
    low, high = sorted(line.axes.get_xlim())
    good = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & (x >= low) & (x <= high))
    return (float(x[good[-1]]), float(y[good[-1]])) if len(good) else None


def _spread(wanted: Any, gap: float, low: float, high: float) -> Any:
    """Places at least ``gap`` apart, in the same order, as near to the wanted ones as that allows.

    Neighbours that touch become a block around their mean; blocks merge until none touch.
    """
    order = np.argsort(wanted, kind="stable")
    blocks: list[list[float]] = []  # [mean of the wanted places, members]
    for value in np.asarray(wanted, dtype=float)[order]:
        blocks.append([value, 1])
        while len(blocks) > 1 and _overlap(blocks[-2], blocks[-1], gap):
            mean, members = blocks.pop()
            other, more = blocks.pop()
            total = members + more
            blocks.append([(mean * members + other * more) / total, total])
    places = []
    for mean, members in blocks:
        half = gap * (members - 1) / 2
        mean = max(min(mean, high - half), low + half)
        places += [mean - half + gap * k for k in range(int(members))]
    result = np.empty(len(places))
    result[order] = places
    return result


def _overlap(lower: list[float], upper: list[float], gap: float) -> bool:
    return upper[0] - lower[0] < gap * (lower[1] + upper[1]) / 2
