"""The house style of every picture: data in, Axes out; nothing here computes a result or shows a
figure.

One method has one color and one dash through the whole book (``METHODS``). Lines carry their
names at their ends (``label_lines``), titles are sentences that state the finding, and
``picture`` puts a finished figure on the page together with the words that replace it for a
reader who cannot see it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcourse.checks import fail
from dlcourse.plots.labels import ink_of, readable, title_of
from dlcourse.plots.style import METHODS, SEQUENTIAL, STYLE, method_style
from dlcourse.plots.svg import to_svg
from dlcourse.publish import publish

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_POINTS = 600  # of one line: more cannot be seen, and every one is bytes on the page


def new_figure(
    width: float = 7.0, height: float = 3.4, rows: int = 1, columns: int = 1, *,
    layout: Any = "constrained", **subplots: Any,
) -> tuple[Figure, Any]:  # fmt: skip
    """A figure in the house style, and its axes: one, or an array of ``rows`` x ``columns``.

    Parameters
    ----------
    width, height : inches; 7 fills the text column.
    layout : ``None`` leaves the margins to ``fig.subplots_adjust``: ten times faster, for the
        many frames of ``explore``.
    subplots : passed on, for example ``sharey=True``, ``width_ratios=[2, 1]``.
    """
    import matplotlib
    from matplotlib.figure import Figure

    if not (0 < width <= 12 and 0 < height <= 12):
        fail("width and height", "inches in (0, 12]", (width, height))
    matplotlib.rcParams.update(STYLE)  # artists are added later, and must find the style then
    fig = Figure(figsize=(width, height), layout=layout)
    return fig, fig.subplots(rows, columns, **subplots)


def label_point(
    ax: Axes, text: str, xy: tuple[float, float], offset: tuple[float, float] = (12, 12),
    method: str | None = None, color: str = "#222222",
) -> Axes:  # fmt: skip
    """Words beside one point of the data, ``offset`` points away, in the method's color."""
    ink = ink_of(METHODS[method].color) if method in METHODS else color
    line = {"arrowstyle": "-", "color": ink, "linewidth": 0.8, "shrinkB": 2}
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8}
    ax.annotate(
        text, xy, offset, textcoords="offset points", color=ink, fontsize=9,
        ha="left" if offset[0] >= 0 else "right", va="center", arrowprops=line, bbox=box,
    )  # fmt: skip
    return ax


def plot_seeds(
    curves: Any, *, ax: Axes, band: str = "quartiles", x: Any = None,
    method: str | None = None, label: str | None = None, **line: Any,
) -> Axes:  # fmt: skip
    """The median of many runs as a line, their spread as a band.

    Parameters
    ----------
    curves : array (runs, points), one row a run; (points,) draws a single line without a band.
    band : "quartiles" (the middle half of the runs), "range" (all of them) or "none".
    x : array (points,), counted from 0 where absent.
    method : key of ``METHODS``, which sets color, dash and the default label.
    """
    values = np.asarray(curves, dtype=float)
    if values.ndim not in (1, 2) or values.size == 0:
        fail("curves", "an array (runs, points)", curves)
    if band not in ("quartiles", "range", "none"):
        fail("band", "one of 'quartiles', 'range', 'none'", band)
    values = np.atleast_2d(values)
    places = np.arange(values.shape[1]) if x is None else np.asarray(x, dtype=float)
    if places.shape != (values.shape[1],):
        fail("x", f"an array of shape ({values.shape[1]},)", x)
    keep = _thin(values.shape[1])
    values, places = values[:, keep], places[keep]
    look = {**method_style(method, len(ax.get_lines())), **line}
    name = label if label is not None else METHODS[method].name if method else None
    ax.plot(places, np.median(values, axis=0), label=name, **look)
    if band != "none" and len(values) > 1:
        low, high = (0.25, 0.75) if band == "quartiles" else (0.0, 1.0)
        edges = np.quantile(values, [low, high], axis=0)
        ax.fill_between(places, *edges, color=look["color"], alpha=0.2, linewidth=0)
    return ax


def plot_history(
    history: Any, key: str = "train_loss", *, ax: Axes, method: str | None = None, **options: Any
) -> Axes:
    """One quantity of a training history over epochs, median and band over its runs.

    ``history[key]`` is (epochs,) or (epochs, runs); ``options`` go to ``plot_seeds``.
    """
    values = np.asarray(history[key], dtype=float)
    epochs = np.arange(1, len(values) + 1)
    ax.set_xlabel("epoch")
    ax.set_ylabel(key.replace("_", " "))
    return plot_seeds(values.T, ax=ax, x=epochs, method=method, **options)


def plot_trajectory(
    f: Any, paths: Mapping[str, Any], *, ax: Axes, xlim: tuple[float, float],
    ylim: tuple[float, float], levels: Any = 12, labels: Mapping[str, str] | None = None,
    minimum: Sequence[float] | None = None, resolution: int = 80,
) -> Axes:  # fmt: skip
    """Paths of optimizers over the contours of a function of two parameters.

    Parameters
    ----------
    f : function of two arrays of equal shape, the value at each point.
    paths : name -> array (steps, 2). A key of ``METHODS`` gives the method's color, dash and name.
    levels : values of the contours, or their number (spaced evenly in log f where f > 0).
    labels : other names for some of the paths.
    minimum : the point marked by a star.
    """
    across, along = np.linspace(*xlim, resolution), np.linspace(*ylim, resolution)
    heights = np.asarray(f(*np.meshgrid(across, along)), dtype=float)
    # Last digits decide how a contour through a grid point is closed: cut them, on every machine.
    grain = 10.0 ** (np.floor(np.log10(np.abs(heights).max() or 1.0)) - 10)
    heights = np.round(heights / grain) * grain
    if np.ndim(levels) == 0:
        positive = heights.min() >= 0
        low = max(heights.min(), heights.max() * 1e-4) if positive else heights.min()
        spread = np.geomspace if positive else np.linspace
        levels = spread(low, heights.max(), int(levels) + 2)[1:-1]  # none through a corner
    levels = [float(f"{level:.6g}") for level in levels]
    ax.contour(across, along, heights, levels=levels, colors="#b5b5b5", linewidths=0.7, zorder=1)
    for index, (name, path) in enumerate(paths.items()):
        points = np.asarray(path, dtype=float)
        if points.ndim != 2 or points.shape[1] != 2:
            fail(f"paths[{name!r}]", "an array of shape (steps, 2)", path)
        key = name if name in METHODS else None
        known = METHODS[name].name if key else name
        look = method_style(key, index)
        points = points[_thin(len(points))]
        ax.plot(*points.T, marker=".", markersize=4, label=(labels or {}).get(name, known), **look)
        ax.plot(*points[0], marker="o", markersize=6, color=look["color"], label="_start")
    if minimum is not None:
        ax.plot(*minimum, marker="*", markersize=12, color="#000000", label="_minimum")
    ax.set(xlim=xlim, ylim=ylim)
    ax.grid(False)
    return ax


def plot_grid(
    values: Any, *, ax: Axes, rows: Sequence[Any], columns: Sequence[Any], row_name: str,
    column_name: str, form: str = "{:.2f}", limits: tuple[float, float] | None = None,
    outline: Any = None,
) -> Axes:  # fmt: skip
    """A table of numbers as a heat map with every number written in its cell; NaN is a hatched
    cell.

    Parameters
    ----------
    values : array (rows, columns).
    form : how a number is written.
    limits : values of the darkest and the lightest color.
    outline : array of booleans (rows, columns); its true cells get a frame along their border.
    """
    import matplotlib
    from matplotlib.colors import Normalize
    from matplotlib.patches import Rectangle

    table = np.asarray(values, dtype=float)
    if table.shape != (len(rows), len(columns)):
        fail("values", f"an array of shape ({len(rows)}, {len(columns)})", values)
    low, high = limits or (np.nanmin(table), np.nanmax(table))
    shade = matplotlib.colormaps[SEQUENTIAL]
    scale = Normalize(low, high, clip=True)
    for (i, j), value in np.ndenumerate(table):
        missing = not np.isfinite(value)
        text = "diverged" if missing else form.format(value)
        shown = float(scale(_number(text, value)))  # the color says what the cell says
        face = "#ffffff" if missing else matplotlib.colors.to_hex(shade(shown))
        cell = Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=face, edgecolor="white")
        if missing:
            cell.set(hatch="////", edgecolor="#aaaaaa", linewidth=0.5)
        ax.add_patch(cell)
        ink = "#222222" if missing else readable(face)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1} if missing else None
        ax.text(j, i, text, ha="center", va="center", color=ink, fontsize=8.5, bbox=box)
    for start, end in _border(np.zeros(table.shape) if outline is None else outline):
        ax.plot(*zip(start, end, strict=True), color="#d55e00", linewidth=2.5, clip_on=False)
    ax.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    ax.set_xticks(range(len(columns)), [_tick(value) for value in columns])
    ax.set_yticks(range(len(rows)), [_tick(value) for value in rows])
    ax.set(xlabel=column_name, ylabel=row_name)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return ax


def _number(text: str, value: float) -> float:
    """The number written in a cell, so far as it is one."""
    try:
        return float(text)
    except ValueError:
        return value


def _tick(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _border(mask: Any) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The edges between a true cell and one that is not, as pairs of corners."""
    inside = np.pad(np.asarray(mask, dtype=bool), 1)
    edges = []
    for i, j in zip(*np.nonzero(inside), strict=True):
        left, right, top, bottom = j - 1.5, j - 0.5, i - 1.5, i - 0.5
        if not inside[i - 1, j]:
            edges.append(((left, top), (right, top)))
        if not inside[i + 1, j]:
            edges.append(((left, bottom), (right, bottom)))
        if not inside[i, j - 1]:
            edges.append(((left, top), (left, bottom)))
        if not inside[i, j + 1]:
            edges.append(((right, top), (right, bottom)))
    return edges


def _thin(count: int) -> Any:
    """Indices of at most ``MAX_POINTS`` of ``count`` points, first and last among them."""
    if count <= MAX_POINTS:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, MAX_POINTS).round().astype(int))


def picture(fig: Figure, *, alt: str, tolerance: float = 0.0) -> None:
    """Put a finished figure on the page, and close it.

    Parameters
    ----------
    fig : a figure whose title is a sentence, the finding.
    alt : what the picture shows, for a reader who cannot see it: at least 20 characters.
    tolerance : share by which places, colors and numbers in it may differ on another machine,
        for runs that are chaotic; 0.02 lets a point move by a fiftieth of the width.
    """
    alt = " ".join(alt.split()) if isinstance(alt, str) else alt
    if not isinstance(alt, str) or len(alt) < 20:
        fail("alt", "a description of at least 20 characters", alt)
    if len(title_of(fig).split()) < 3:
        fail("title", "a sentence that states the finding", title_of(fig), "Use ax.set_title.")
    if not 0 <= tolerance <= 0.2:
        fail("tolerance", "in [0, 0.2]", tolerance, "A figure that differs more shows nothing.")
    data = {"text/plain": f"Figure: {alt}", "image/svg+xml": to_svg(fig)}
    told = {"alt": alt, "tolerance": float(tolerance)} if tolerance else {"alt": alt}
    publish(data, {"dlcourse": told})
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(fig)
