"""Training: the loop that both rooms share, the history it leaves, and fair comparisons."""

from dlcourse.training.choosing import Best
from dlcourse.training.found import Found
from dlcourse.training.history import History
from dlcourse.training.loop import Epoch, Step, as_numpy, evaluate, fit, steps
from dlcourse.training.runs import try_all
from dlcourse.training.sweeps import sweep
from dlcourse.training.trials import Trials
from dlcourse.training.tuned import tuned_then_fresh
from dlcourse.training.watched import FileOrder, gradients_at, in_order, race, saw, spread

__all__ = [
    "Best",
    "Epoch",
    "FileOrder",
    "Found",
    "History",
    "Step",
    "Trials",
    "as_numpy",
    "evaluate",
    "fit",
    "gradients_at",
    "in_order",
    "race",
    "saw",
    "spread",
    "steps",
    "sweep",
    "try_all",
    "tuned_then_fresh",
]
