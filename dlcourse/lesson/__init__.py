"""What a lesson calls: ``show`` the code, prove ``parity``, test a ``claim``."""

from dlcourse.lesson.claims import claim
from dlcourse.lesson.parity import parity
from dlcourse.lesson.show import show

__all__ = ["claim", "parity", "show"]
