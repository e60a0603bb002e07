"""Figures of the lesson on Transformers: which tokens a change of one of them moves.

They live here and not in the lesson because they explain nothing: the lesson has the formula,
these have the axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlcourse import plots
from dlcourse.scratch.normalization import batch_norm, layer_norm

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dlcourse.arrays import Array

WINDOWS, PLACES, WIDTH = 3, 8, 16
CHANGED = 1, 3
KINDS = ("token", "sequence", "batch")


def normalized(x: Array, over: str) -> Array:
    """Tokens (n, t, d), normalized each by its features, a sequence as one, or by all tokens."""
    if over == "batch":
        return batch_norm(x.reshape(-1, x.shape[-1]), None, None, eps=0.0)[0].reshape(x.shape)
    return layer_norm(x, None, None, eps=0.0, axes=KINDS.index(over) + 1)[0]


def moved(over: str, change: float) -> Array:
    """How far each token of three sequences moves when one is changed, (3, 8): root mean squares.

    Parameters
    ----------
    over : "token", "sequence" or "batch", what is normalized together
    change : root mean square of what is added to the fourth token of the second sequence
    """
    rng = np.random.default_rng(0)
    x = 1 + 2 * rng.normal(size=(WINDOWS, PLACES, WIDTH))
    push = rng.normal(size=WIDTH)
    y = x.copy()
    y[CHANGED] += change * push / np.sqrt((push**2).mean())
    return np.sqrt(((normalized(y, over) - normalized(x, over)) ** 2).mean(axis=-1))


def touched(over: str, change: float = 2.0) -> Figure:
    """The three sequences as a table; each cell says how far its token moved.

    Parameters
    ----------
    over, change : as in ``moved``
    """
    far = moved(over, change)
    fig, ax = plots.new_figure(5.6, 2.5, layout=None)
    fig.subplots_adjust(left=0.14, right=0.99, bottom=0.22, top=0.84)
    here = np.zeros(far.shape, bool)
    here[CHANGED] = True
    plots.plot_grid(
        far, ax=ax, rows=range(1, WINDOWS + 1), columns=range(1, PLACES + 1),
        row_name="sequence", column_name="token; the framed one was changed",
        form="{:.2f}", limits=(0, 0.5), outline=here,
    )  # fmt: skip
    count = int((far > 0).sum())
    words = {"token": "each token", "sequence": "each sequence", "batch": "the whole batch"}
    ax.set_title(f"Normalized over {words[over]}: {count} of {far.size} move")
    return fig
