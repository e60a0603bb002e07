"""Graded exercises: an answer in a second, which names the likely misconception.

>>> from dlcourse.grading import check
>>> def run(params, grads, lr, mu): ...
>>> check("momentum", run)
momentum: not attempted. Fill in run(params, grads, lr, mu) in its cell, ...
"""

from dlcourse.grading.learner import check, hint, probe, progress, solution

__all__ = ["check", "hint", "probe", "progress", "solution"]
