"""Figures of the lesson on signals in deep networks: histograms by layer, and bands of theory."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from dlcourse import checks, plots
from dlcourse.plots.labels import RAISED
from dlcourse.problems.bands import Band, predict
from dlcourse.problems.signals import there_and_back
from dlcourse.scratch.initialization import xavier_normal
from dlcourse.scratch.layers import Layer, ReLU, Sigmoid, Tanh

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcourse.arrays import Array

ACTIVATIONS: dict[str, type[Layer]] = {"relu": ReLU, "tanh": Tanh, "sigmoid": Sigmoid}
WIDTH, DEPTH, ROWS = 100, 50, 5
LOW, HIGH, BINS = -8, 3, 44  # powers of ten; what lies outside is counted in the last bin
SIGNAL, GRADIENT, THEORY = "#0072b2", "#791f6c", "#d55e00"


def layer_histograms(activation: str, gain: float, depth: int) -> Figure:
    """Sizes of the units of five layers of one network; signal and gradient of all its layers.

    Parameters
    ----------
    activation : "relu", "tanh" or "sigmoid"
    gain : the weights have the variance gain² / 100; for every choice they are the same draws
    depth : number of layers, from 5 to 50
    """
    checks.choice("activation", activation, ACTIVATIONS)
    if not ROWS <= checks.integer("depth", depth) <= DEPTH:
        checks.fail("depth", f"from {ROWS} to {DEPTH}", depth)
    signal, gradient, activations = through(activation, gain, depth)
    fig, (left, right) = plots.new_figure(6.4, 3.3, 1, 2, layout=None)
    left.set_position((0.09, 0.16, 0.46, 0.7))
    right.set_position((0.67, 0.16, 0.32, 0.7))
    _rows(left, activations)
    layers = np.arange(1, depth + 1)
    bands = predict(ACTIVATIONS[activation](), gain, WIDTH, depth)
    for name, squares, band, color in zip(
        ("signal", "gradient"), (signal, gradient), bands, (SIGNAL, GRADIENT), strict=True
    ):
        draw_band(right, band, layers, color=color)
        right.plot(layers, squares, color=color, linewidth=1.4, label=name)
    setting = f"layer of {activation}, gain {gain:g}"
    right.set(xlabel=setting, ylabel="mean square (log axis)", ylim=(1e-16, 1e16))
    powers, names = powers_of_ten(range(-15, 16, 5))
    right.set_yticks([10.0**power for power in powers], names)
    right.minorticks_off()
    right.legend(loc="upper center", fontsize=8, ncols=2, borderpad=0, columnspacing=1)
    left.set_title(finding(signal[-1], gradient[0]))
    return fig


def _rows(ax: Axes, activations: list[Array]) -> None:
    layers = shown(len(activations))
    for row, layer in enumerate(layers):
        edges, share = sizes(activations[layer - 1])
        ax.fill_between(edges[:-1], -row, 0.85 * share - row, step="post", color=SIGNAL, lw=0)
        ax.axhline(-row, color="#999999", linewidth=0.6)
    ax.set(xlim=(LOW, HIGH), ylim=(1 - ROWS, 1), xlabel="size of a unit (log axis)")
    ax.set_xticks(*powers_of_ten(range(LOW, HIGH + 1, 2)))
    ax.set_yticks([0.2 - row for row in range(ROWS)], [str(layer) for layer in layers])
    ax.set_ylabel("layer")
    ax.grid(False)


def powers_of_ten(powers: range) -> tuple[list[int], list[str]]:
    """Ticks and their labels, as plain letters: formulas take most of the time of a frame.

    >>> powers_of_ten(range(-5, 6, 5))
    ([-5, 0, 5], ['10⁻⁵', '10⁰', '10⁵'])
    """
    return [*powers], [f"10{str(power).translate(RAISED)}" for power in powers]


def shown(depth: int) -> list[int]:
    """Five layers, the first and the last among them.

    >>> shown(50)
    [1, 13, 26, 38, 50]
    """
    return [round(float(one)) for one in np.linspace(1, depth, ROWS)]


@functools.cache
def through(activation: str, gain: float, depth: int) -> tuple[Array, Array, list[Array]]:
    """Mean squares of signal and gradient of one network, and its activations."""
    rng = np.random.default_rng(3)
    x, dy = rng.standard_normal((2, WIDTH))
    x /= np.sqrt(np.mean(x**2))
    weights = [xavier_normal((WIDTH, WIDTH), rng, gain) for _ in range(depth)]
    return there_and_back(weights, x, dy, ACTIVATIONS[activation]())


def sizes(units: Array) -> tuple[Array, Array]:
    """Edges of the bins in powers of ten, and how full each is, the fullest 1; zeros are left out.

    >>> edges, share = sizes(np.array([0.0, -1e-30, 1.1, 1.1]))
    >>> share[0], share[edges[:-1] == 0]
    (np.float64(0.5), array([1.]))
    """
    powers = np.log10(np.abs(units[units != 0]))
    inside = np.clip(powers, LOW, HIGH - 1e-9)
    counts, edges = np.histogram(inside, BINS, (LOW, HIGH))
    return edges, counts / max(counts.max(), 1)


def finding(signal: float, gradient: float) -> str:
    """What has become of signal and gradient at their ends, as the title of a frame.

    >>> finding(0.5, 3e-12)
    'The signal stays within 10³, the gradient vanishes'
    """
    words = []
    for name, square in (("signal", signal), ("gradient", gradient)):
        end = "vanishes" if square < 1e-3 else "explodes" if square > 1e3 else "stays within 10³"
        words.append(f"the {name} {end}")
    return ", ".join(words).capitalize()


def draw_band(ax: Axes, band: Band, layers: Array, share: float = 0.9, color: str = THEORY) -> Axes:
    """Where theory expects that share of all networks, on a log axis; the middle is dashed."""
    low, high = band.edges(share)
    ax.fill_between(layers, low, high, color=color, alpha=0.25, linewidth=0)
    ax.plot(layers, np.exp(band.middle), color=color, linestyle="--", linewidth=1, label="_")
    ax.set_yscale("log")
    return ax


def networks_in_band(
    ax: Axes,
    measured: Array,
    band: Band,
    share: float = 0.9,
    count: int = 20,
    color: str = SIGNAL,
    theory: str = THEORY,
) -> Axes:
    """The first ``count`` of the measured networks (runs, layers), one line each, over the band.

    ``theory`` is the color of the band.
    """
    layers = np.arange(1, measured.shape[-1] + 1)
    draw_band(ax, band, layers, share, theory)
    for one in measured[:count]:
        ax.plot(layers, one, color=color, linewidth=0.6, alpha=0.8, label="_")
    ax.set_xlabel("layer")
    return ax
