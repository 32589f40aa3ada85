"""The canvas grows until its end is sure, and where the model is at a loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import (
    Canvas,
    Policy,
    Resize,
    Rule,
    View,
    check_count,
    check_probability,
    most_confident,
)


@dataclass(frozen=True, slots=True)
class DAEDAL(Policy):
    """Threshold decoding on a canvas that is lengthened before and while it is filled.

    End confidence: from the end of the canvas, the confidences of up to ``end_window`` slots that predict an end token,
    added up and divided by ``end_window`` whatever their number. Before decoding, ``growth`` masks are appended forward
    by forward while it is below ``enough``. While decoding, slots with ``c > threshold`` (else the best) are committed;
    when the end confidence is below ``settled``, the least confident mask, if its confidence is below ``lost``, becomes
    ``growth`` masks. Li et al., "Beyond Fixed: Training-Free Variable-Length Denoising for Diffusion Large Language
    Models", arXiv 2508.00819, and the authors' code: 0.5, 32, 8, 0.9, 0.9, 0.1, start at 64, blocks of 32. There end
    tokens and confidences are the argmax of the model's rows (``scores="model"``); with constrained scores those of the
    valid completion. The canvas never grows beyond the slots asked for (``max_tokens``), what is written stays, and a
    length for which the constraint has no filling is not taken.
    """

    threshold: float = 0.9
    enough: float = 0.5
    settled: float = 0.9
    lost: float = 0.1
    end_window: int = 32
    growth: int = 8
    start_slots: int = 64
    revises: ClassVar[bool] = True

    def _check(self) -> None:
        for name in ("threshold", "enough", "settled", "lost"):
            check_probability(name, getattr(self, name))
        check_count("end_window", self.end_window)
        check_count("growth", self.growth, 2)
        check_count("start_slots", self.start_slots)

    def first_slots(self, slots: int, needed: int) -> int:
        return min(slots, max(self.start_slots, needed))

    def start(self, canvas: Canvas) -> Rule:
        return _DAEDAL(self)

    def select(self, view: View) -> NDArray[np.bool_]:
        return (view.confidence > self.threshold) | most_confident(view.confidence, 1)

    def end_confidence(self, ends: NDArray[np.bool_], confidence: NDArray[np.float64]) -> float:
        """Of [N] slots, in their order: whether they predict an end token, and how sure that is."""
        found = np.flatnonzero(ends)[-self.end_window :]
        return float(confidence[found].sum()) / self.end_window


class _DAEDAL(Rule):
    def __init__(self, policy: DAEDAL) -> None:
        self._policy = policy
        self._decoding = False
        self._end = 0.0

    def select(self, view: View) -> NDArray[np.bool_]:
        self._end = self._end_confidence(view)
        grown = view.whole is not None and view.canvas >= view.whole.limit
        if not self._decoding and self._end < self._policy.enough and not grown:
            return np.zeros(len(view.slots), dtype=np.bool_)
        self._decoding = True
        return self._policy.select(view)

    def resize(self, view: View) -> Resize | None:
        assert view.whole is not None
        room = view.whole.limit - view.canvas
        if room <= 0:
            return None
        if not self._decoding:
            return Resize(min(self._policy.growth, room))
        chosen = self._policy.select(view)
        left = np.flatnonzero(~chosen & (view.confidence < self._policy.lost))
        if self._end >= self._policy.settled or not len(left):
            return None
        weakest = int(view.slots[left[np.argmin(view.confidence[left])]])
        return Resize(min(self._policy.growth - 1, room), weakest)

    def _end_confidence(self, view: View) -> float:
        assert view.whole is not None
        if self._policy.scores == "constrained":
            tokens, confidence = view.whole.draft, view.whole.confidence
        else:
            slots = np.arange(view.canvas)
            confidence, tokens, *_ = view.whole.model.top(slots)
        return self._policy.end_confidence(view.whole.is_end[tokens], confidence)
