"""The share of end tokens among the masks decides whether the canvas grows or shrinks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import (
    Policy,
    Resize,
    View,
    check_count,
    check_probability,
    most_confident,
)
from latticework.errors import InputError

_STEP = 8  # slots of the smallest change
_SEGMENT = 0.1  # of the distance to the range, after which the change doubles
_MOST = 8  # times the smallest change


@dataclass(frozen=True, slots=True)
class RhoEOS(Policy):
    """Threshold decoding on a canvas whose length follows rho, the share of masks that want to be an end token.

    Below ``low`` masks are appended, above ``high`` they are cut from the end, ``8 * 2^(seg - 1)`` of them with ``seg =
    ceil(gap / 0.1)``, at most eightfold; in the same step as the commits. Yang et al., "rho-EOS", arXiv 2601.22527, and
    the authors' code: range 0.4 to 0.6, start at 64 slots, threshold 0.9. There rho counts the argmax of the model's
    rows (``scores="model"``); with constrained scores it counts end tokens of the valid completion. The canvas never
    grows beyond the slots asked for (``max_tokens``), what is written stays, and a length for which the constraint has
    no filling is not taken.
    """

    threshold: float = 0.9
    low: float = 0.4
    high: float = 0.6
    start_slots: int = 64
    revises: ClassVar[bool] = True

    def _check(self) -> None:
        check_probability("threshold", self.threshold)
        check_probability("low", self.low)
        check_probability("high", self.high)
        check_count("start_slots", self.start_slots)
        if self.low > self.high:
            raise InputError(f"low must not be above high, got {self.low} and {self.high}")

    def first_slots(self, slots: int, needed: int) -> int:
        return min(slots, max(self.start_slots, needed))

    def select(self, view: View) -> NDArray[np.bool_]:
        return (view.confidence > self.threshold) | most_confident(view.confidence, 1)

    def resize(self, view: View) -> Resize | None:
        assert view.whole is not None
        masks = np.flatnonzero(view.whole.free)
        wanted = view.whole.draft[masks] if self.scores == "constrained" else view.whole.model.top(masks)[1]
        change = self.change(float(view.whole.is_end[wanted].mean()))
        if change > 0:
            change = min(change, view.whole.limit - view.canvas)
        return Resize(change) if change else None

    def change(self, rho: float) -> int:
        """Slots to add, or to cut (below 0)."""
        gap = max(self.low - rho, rho - self.high)
        if gap <= 0:
            return 0
        count = _STEP * min(_MOST, 2 ** (math.ceil(gap / _SEGMENT) - 1))
        return count if rho < self.low else -count
