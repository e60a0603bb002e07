"""How the book draws: one style, labels on the lines, sliders that need no kernel."""

from dlcourse.plots.charts import (
    label_point,
    new_figure,
    picture,
    plot_grid,
    plot_history,
    plot_seeds,
    plot_trajectory,
)
from dlcourse.plots.explore import explore
from dlcourse.plots.labels import ink_of, label_lines, readable, title_of
from dlcourse.plots.style import METHODS, SEQUENTIAL, STYLE, Method, method_style

__all__ = [
    "METHODS",
    "SEQUENTIAL",
    "STYLE",
    "Method",
    "explore",
    "ink_of",
    "label_lines",
    "label_point",
    "method_style",
    "new_figure",
    "picture",
    "plot_grid",
    "plot_history",
    "plot_seeds",
    "plot_trajectory",
    "readable",
    "title_of",
]
