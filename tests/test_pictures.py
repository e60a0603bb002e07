"""The house style: colors nobody confuses, labels that keep their distance, the same bytes."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from dlcourse import plots
from dlcourse.plots import charts
from dlcourse.plots.labels import _spread, contrast, ink_of, power_text
from dlcourse.plots.svg import to_svg
from dlcourse.scratch import optimizers

ROOT = Path(__file__).parents[1]
ALT = "A line that rises to the right, ever faster."


# plots


def figure(title="The line rises to the right", draw=True):
    fig, ax = plots.new_figure(4, 2)
    if draw:
        plots.plot_seeds(np.arange(20.0).reshape(2, 10), ax=ax, method="adam")
    ax.set_title(title)
    return fig


# Machado, Oliveira, Fernandes (2009), severity 1: how linear RGB looks without one kind of cone.
DICHROMACY = {
    "none": np.eye(3),
    "protan": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
    "deutan": [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
    "tritan": [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
}
RGB_TO_XYZ = [[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]]


def lab(color, matrix):
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(matrix) @ linear, 0, 1)
    x, y, z = np.asarray(RGB_TO_XYZ) @ seen / [0.9505, 1.0, 1.0888]
    fx, fy, fz = (np.cbrt(t) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


def confusable(methods, same_dash=20, other_dash=12):
    """Pairs of methods that some reader cannot tell apart by color and dash."""
    found = []
    for (one, p), (two, q) in itertools.combinations(methods.items(), 2):
        least = min(
            np.linalg.norm(lab(p.color, view) - lab(q.color, view)) for view in DICHROMACY.values()
        )
        if least < (same_dash if p.dash == q.dash else other_dash):
            found.append((one, two))
    return found


def test_no_two_methods_can_be_confused():
    assert confusable(plots.METHODS) == []


@pytest.mark.parametrize(
    ("red", "green"), [("#d62728", "#2ca02c"), ("#e41a1c", "#3f7f00"), ("#0072b2", "#0073b4")]
)
def test_a_palette_that_fails_color_blind_readers_is_found(red, green):
    planted = {"a": plots.Method(red, "-", ""), "b": plots.Method(green, "-", "")}
    assert confusable(planted) == [("a", "b")]


def test_every_line_and_label_reads_on_white():
    for method in plots.METHODS.values():
        assert contrast(method.color, "#ffffff") >= 3, method
        assert contrast(ink_of(method.color), "#ffffff") >= 4.5, method
    assert plots.readable("#ffffff") == "#000000"
    assert plots.readable("#00204c") == "#ffffff"


def test_every_optimizer_of_the_book_has_its_color():
    names = {"sgd", "momentum", "nag", "adagrad", "rmsprop", "adadelta", "adam", "amsgrad"}
    assert plots.METHODS.keys() == names | {"adamw", "theory"}
    for name in optimizers.__all__:
        if isinstance(getattr(optimizers, name), type) and name != "Optimizer":
            assert name.lower() in plots.METHODS


def test_seeds_show_median_and_band():
    _fig, ax = plots.new_figure()
    curves = np.arange(30.0).reshape(5, 6)
    assert plots.plot_seeds(curves, ax=ax, method="adam", band="range") is ax
    (line,), (band,) = ax.get_lines(), ax.collections
    np.testing.assert_array_equal(line.get_ydata(), curves[2])
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0, 29)
    assert (line.get_color(), line.get_label()) == (plots.METHODS["adam"].color, "Adam")


def test_long_lines_are_thinned_and_keep_their_ends():
    _fig, ax = plots.new_figure()
    plots.plot_seeds(np.arange(100_000.0), ax=ax)
    x = ax.get_lines()[0].get_xdata()
    assert len(x) == charts.MAX_POINTS
    assert (x[0], x[-1]) == (0, 99_999)


def test_history_is_drawn_over_epochs():
    _fig, ax = plots.new_figure()
    plots.plot_history({"val_loss": np.ones((7, 3))}, "val_loss", ax=ax, method="sgd")
    np.testing.assert_array_equal(ax.get_lines()[0].get_xdata(), np.arange(1, 8))
    assert ax.get_ylabel() == "val loss"


def test_trajectory_and_grid_draw_what_they_are_given():
    _fig, (left, right) = plots.new_figure(8, 3, columns=2)
    path = np.array([[1.0, 1.0], [0.5, 0.2], [0.0, 0.0]])
    plots.plot_trajectory(
        lambda x, y: x**2 + 9 * y**2, {"momentum": path}, ax=left, xlim=(-2, 2), ylim=(-1, 1)
    )
    np.testing.assert_array_equal(left.get_lines()[0].get_xydata(), path)
    table = np.array([[0.5, np.nan], [0.25, 1.0]])
    plots.plot_grid(
        table, ax=right, rows=[0.1, 1], columns=[0, 0.9], row_name="lr", column_name="β",
        outline=table > 0.3,
    )  # fmt: skip
    assert {text.get_text() for text in right.texts} == {"0.50", "diverged", "0.25", "1.00"}
    assert len(right.get_lines()) == 8  # two cells, four edges each


def test_contours_do_not_hang_on_last_digits():
    """Levels that pass through grid points, heights off by rounding: the same picture."""

    def drawn(noise):
        rng = np.random.default_rng(0)
        fig, ax = plots.new_figure(4, 3)
        plots.plot_trajectory(
            lambda x, y: (x**2 + y**2) * (1 + noise * rng.standard_normal(x.shape)),
            {},
            ax=ax,
            xlim=(-2, 2),
            ylim=(-2, 2),
            levels=[1.0, 4.0, 8.0],
            resolution=41,
        )
        return to_svg(fig)

    assert drawn(1e-15) == drawn(0.0)
    assert drawn(1e-3) != drawn(0.0)


def test_the_color_of_a_cell_says_what_its_number_says():
    """Values that are written alike are drawn alike, whatever their further digits."""
    _, ax = plots.new_figure()
    table = np.array([[0.5012, 0.4987, 0.0, 1.0]])
    plots.plot_grid(table, ax=ax, rows=["x"], columns=list("abcd"), row_name="", column_name="")
    faces = [patch.get_facecolor() for patch in ax.patches]
    assert faces[0] == faces[1] != faces[2]


@pytest.mark.parametrize("wanted", [[5, 5, 5], [0, 1, 50, 51, 99], [99, 98, 0, 97], [3]])
def test_labels_at_line_ends_keep_their_distance_and_order(wanted):
    placed = _spread(np.array(wanted, dtype=float), 10.0, 0.0, 100.0)
    ordered = placed[np.argsort(wanted, kind="stable")]
    assert np.all(np.diff(ordered) >= 10 - 1e-9)
    assert placed.min() >= 0
    assert placed.max() <= 100


def test_labels_stand_at_the_ends_of_their_lines_without_touching():
    fig, ax = plots.new_figure()
    for shift, name in enumerate(["adam", "adamw", "sgd"]):
        plots.plot_seeds(np.linspace(0, 1 + shift / 100, 20), ax=ax, method=name)
    plots.label_lines(ax)
    fig.draw_without_rendering()
    boxes = sorted((text.get_window_extent() for text in ax.texts), key=lambda box: box.y0)
    assert [text.get_text() for text in ax.texts] == ["Adam", "AdamW", "gradient descent"]
    assert all(low.y1 <= high.y0 + 1 for low, high in itertools.pairwise(boxes))
    assert all(box.x1 <= fig.bbox.x1 for box in boxes)


@pytest.mark.parametrize("inside", [False, True])
def test_labels_stand_at_the_edge_of_square_axes(inside):
    fig, ax = plots.new_figure(6, 3)
    ax = ax.inset_axes([0.2, 0.2, 0.5, 0.5]) if inside else ax
    ax.plot([0, 1], [0, 1], label="up")
    ax.set_aspect("auto" if inside else "equal")
    plots.label_lines(ax)
    fig.draw_without_rendering()
    gap = ax.texts[0].get_window_extent().x0 - ax.get_window_extent().x1
    assert gap == pytest.approx(6 * fig.dpi / 72, abs=1)


def test_a_picture_is_the_same_bytes_every_time():
    assert to_svg(figure()) == to_svg(figure())
    fig = figure()
    assert to_svg(fig) == to_svg(fig)


def test_a_picture_is_drawn_once(monkeypatch):
    """Nor does a layout of all figures, which a learner may have set, change or cost anything."""
    plain, drawn, draw = to_svg(figure()), [], Figure.draw
    monkeypatch.setattr(Figure, "draw", lambda *given: drawn.append(draw(*given)))
    for layouts in ({}, {"figure.constrained_layout.use": True}, {"figure.autolayout": True}):
        with matplotlib.rc_context(layouts):
            assert to_svg(figure()) == plain
            to_svg(plots.new_figure(layout=None)[0])
        assert len(drawn) == 2
        drawn.clear()


def test_a_picture_is_opaque_rounded_and_names_no_machine():
    svg = to_svg(figure())
    assert svg.startswith("<svg")
    assert "fill: #ffffff" in svg
    assert not re.search(r"<[^>]*\d\.\d{3}", svg)
    for word in ("matplotlib", "date", "metadata", "<style", "DOCTYPE"):
        assert word not in svg
    assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= set(re.findall(r' id="([^"]+)"', svg))


def test_two_pictures_on_a_page_share_no_identifier():
    one, two = (
        set(re.findall(r' id="([^"]+)"', to_svg(figure(), prefix))) for prefix in ("a", "b")
    )
    assert one
    assert not one & two


def test_picture_publishes_figure_and_words(monkeypatch):
    published = []
    monkeypatch.setattr(charts, "publish", lambda *output: published.append(output))
    plots.picture(figure(), alt=f"  {ALT}\n")
    data, metadata = published[0]
    assert data.keys() == {"text/plain", "image/svg+xml"}
    assert data["text/plain"] == f"Figure: {ALT}"
    assert metadata == {"dlcourse": {"alt": ALT}}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.picture(figure(), alt="too short"), "alt must be a description of at least"),
        (lambda: plots.picture(figure(), alt=None), "alt must be a description"),
        (lambda: plots.picture(figure(title="Loss"), alt=ALT), "title must be a sentence"),
        (lambda: plots.picture(figure(title=""), alt=ALT), "title must be a sentence"),
        (lambda: plots.picture(figure(), alt=ALT, tolerance=0.5), r"tolerance must be in \[0, 0.2"),
        (lambda: plots.new_figure(0, 3), "width and height must be inches"),
        (lambda: plots.method_style("adan"), "method must be one of sgd"),
    ],
)
def test_plots_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("curves", "options", "message"),
    [
        (np.ones((2, 3, 4)), {}, r"curves must be an array \(runs, points\)"),
        (np.ones((2, 3)), {"band": "std"}, "band must be one of"),
        (np.ones((2, 3)), {"x": [1, 2]}, r"x must be an array of shape \(3,\)"),
        (np.ones((2, 3)), {"method": "adan"}, "method must be one of"),
    ],
)
def test_plot_seeds_refuses(curves, options, message):
    with pytest.raises(ValueError, match=message):
        plots.plot_seeds(curves, ax=plots.new_figure()[1], **options)


@pytest.mark.parametrize("limits", [(1e-3, 30), (0.2, 0.9), (1e-12, 1e4)])
def test_powers_on_log_axes_are_the_formulas_as_text(limits) -> None:
    fig, ax = plots.new_figure()
    ax.loglog(limits, limits, base=10)
    before = [t.get_text() for t in ax.get_xticklabels(which="both")]
    text = to_svg(fig)
    after = [t.get_text() for t in ax.get_xticklabels(which="both")]
    assert any(before)
    assert [power_text(one) for one in before] == after
    drawn = re.findall(r">([^<>]+)</text>", text)
    assert len(drawn) >= 4 and set(drawn) <= set(after)
    assert "mathdefault" in "".join(before)
    assert "tspan" not in text


def test_a_formatter_that_somebody_chose_is_kept() -> None:
    from matplotlib.ticker import StrMethodFormatter

    fig, ax = plots.new_figure()
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g} s"))
    ax.set_xlim(0.01, 10)
    assert ">0.01 s</text>" in to_svg(fig)
