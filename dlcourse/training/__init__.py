"""Training: the loop that both rooms share, and the history it leaves."""

from dlcourse.training.history import History
from dlcourse.training.loop import Epoch, Step, as_numpy, evaluate, fit, steps

__all__ = ["Epoch", "History", "Step", "as_numpy", "evaluate", "fit", "steps"]
