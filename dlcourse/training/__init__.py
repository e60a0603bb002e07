"""Training: the loop that both rooms share, the history it leaves, and fair comparisons."""

from dlcourse.training.choosing import Best
from dlcourse.training.history import History
from dlcourse.training.loop import Epoch, Step, as_numpy, evaluate, fit, steps
from dlcourse.training.runs import try_all
from dlcourse.training.sweeps import sweep
from dlcourse.training.trials import EdgeWarning, Trials

__all__ = [
    "Best",
    "EdgeWarning",
    "Epoch",
    "History",
    "Step",
    "Trials",
    "as_numpy",
    "evaluate",
    "fit",
    "steps",
    "sweep",
    "try_all",
]
