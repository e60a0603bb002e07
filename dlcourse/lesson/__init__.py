"""What a lesson calls: ``show`` the code, prove ``parity``, test a ``claim``."""

from dlcourse.lesson.claims import also_checked, claim
from dlcourse.lesson.parity import parity
from dlcourse.lesson.show import show

__all__ = ["also_checked", "claim", "parity", "show"]
