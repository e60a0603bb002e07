"""One color and one dash for each method of the book, and the settings of every figure."""

from __future__ import annotations

from typing import Any, NamedTuple

from dlcourse.checks import fail


class Method(NamedTuple):
    """How one method is drawn, everywhere: its color, its dash, its name in words."""

    color: str
    dash: str
    name: str


# Chosen so that two lines with the same dash stay at least 20 apart (CIE 1976) for normal vision,
# protanopia, deuteranopia and tritanopia alike; tests/test_pictures.py computes it.
METHODS: dict[str, Method] = {
    "sgd": Method("#6b6b6b", "-", "gradient descent"),
    "momentum": Method("#0072b2", "-", "momentum"),
    "nag": Method("#1494e4", "-.", "Nesterov"),
    "adagrad": Method("#054f25", "-", "Adagrad"),
    "rmsprop": Method("#791f6c", "-", "RMSprop"),
    "adadelta": Method("#8c4b0b", ":", "Adadelta"),
    "adam": Method("#d55e00", "-", "Adam"),
    "amsgrad": Method("#ee4351", "--", "AMSGrad"),
    "adamw": Method("#9008e9", "-.", "AdamW"),
    "theory": Method("#000000", "--", "theory"),
}
# For lines that are no method of the book (other settings of one method, layers, parts of a
# formula).
OTHER_COLORS = ("#0072b2", "#d55e00", "#054f25", "#791f6c", "#6b6b6b", "#1494e4")

STYLE: Any = {
    "figure.facecolor": "white",
    "figure.dpi": 100,
    "font.family": ["DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.facecolor": "white",
    "axes.edgecolor": "#555555",
    "axes.labelcolor": "#222222",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "mathtext.fontset": "dejavusans",
    "path.simplify": False,  # which points it drops hangs on last digits
}
SEQUENTIAL = "cividis"  # made for color-blind readers; light means large


def method_style(method: str | None, index: int = 0) -> dict[str, Any]:
    """Line properties of a method of the book, or the ``index``-th neutral ones for ``None``."""
    if method is None:
        return {"color": OTHER_COLORS[index % len(OTHER_COLORS)], "linestyle": "-"}
    if method not in METHODS:
        fail("method", "one of " + ", ".join(METHODS), method)
    return {"color": METHODS[method].color, "linestyle": METHODS[method].dash}
