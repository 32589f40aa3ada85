"""How every slot of a canvas came to hold its token, and what becomes free when a commit is taken back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.lengths import Shape

OPEN, GIVEN, FORCED, WRITTEN = range(4)


class Marks:
    """One mark for each of N slots.

    Attributes:
        kind: [N] int8: open, given by the caller, forced by the constraint, written by a policy.
        clock: counts the moments at which slots were fixed.
    """

    def __init__(self, free: NDArray[np.bool_]) -> None:
        self.kind = np.where(free, OPEN, GIVEN).astype(np.int8)
        self.clock = 0
        self._when = np.zeros(len(free), dtype=np.int64)

    def fix(self, slots: NDArray[np.int64], kind: int) -> None:
        """Note that slots were fixed, all at one moment."""
        self.clock += 1
        self.kind[slots] = kind
        self._when[slots] = self.clock

    def freed_with(self, slots: NDArray[np.int64]) -> NDArray[np.int64]:
        """The slots themselves, and those the constraint decided after the first of them was written.

        What was decided earlier cannot depend on them. What is still decided without them is fixed again at once and
        costs no forward.
        """
        later = (self.kind == FORCED) & (self._when > self._when[slots].min())
        later[slots] = True
        return np.flatnonzero(later)

    def free(self, slots: NDArray[np.int64]) -> None:
        """Note that slots are open again."""
        self.kind[slots] = OPEN

    def reshape(self, shape: Shape) -> None:
        """Follow a change of the canvas's length."""
        self.kind = shape.fitted(self.kind, OPEN)
        self._when = shape.fitted(self._when, 0)
