"""A threshold that follows the run, and commits that lost their ground are taken back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Canvas, Policy, Rule, View, Written, check_count, most_confident


@dataclass(frozen=True, slots=True)
class Saber(Policy):
    """Commit what is surer than the mean so far, at least ``least`` slots, then take the weakest back.

    Threshold: mean of the confidences at which the slots written so far were committed (1 if none). Commit all with ``c
    > threshold``; if fewer than n = ``least``, the n most confident. Of the slots written, the ``r = min(max(n // 2,
    ceil(k / 8)), k - 1)`` whose largest probability fell most since the forward before are re-masked, k being the
    number just committed. Dong et al., "Saber", arXiv 2510.18165, and the authors' code, with its habits: the drop is
    that of the row's largest probability, whichever token has it, and confidences of re-masked slots stay in the mean
    until they are overwritten. Slots the constraint decided count neither for the mean nor for k. Written for one block
    as long as the canvas.
    """

    least: int = 2
    revises: ClassVar[bool] = True

    def _check(self) -> None:
        check_count("least", self.least)

    def start(self, canvas: Canvas) -> Rule:
        return _Saber(self.least)

    def select(self, view: View) -> NDArray[np.bool_]:
        return most_confident(view.confidence, self.least)


class _Saber(Rule):
    def __init__(self, least: int) -> None:
        self._least = least
        self._written: dict[int, float] = {}
        self._before: dict[int, float] = {}
        self._now: dict[int, float] = {}

    def select(self, view: View) -> NDArray[np.bool_]:
        threshold = float(np.mean(list(self._written.values()))) if self._written else 1.0
        chosen = view.confidence > threshold
        if chosen.sum() < self._least:
            chosen = most_confident(view.confidence, self._least)
        self._written.update(zip(view.slots[chosen].tolist(), view.confidence[chosen].tolist(), strict=True))
        return chosen

    def retract(self, view: View, written: Written) -> NDArray[np.bool_]:
        assert view.whole is not None
        top, *_ = view.whole.model.top(written.slots)
        self._before, self._now = self._now, dict(zip(written.slots.tolist(), top.tolist(), strict=True))
        change = np.array([self._now[slot] - self._before.get(slot, -math.inf) for slot in written.slots.tolist()])
        committed = int(written.fresh.sum())
        count = min(max(self._least // 2, math.ceil(committed / 8)), committed - 1)
        chosen = np.zeros(len(change), dtype=np.bool_)
        falling = np.argsort(change, kind="stable")[: max(0, count)]
        chosen[falling[change[falling] < 0]] = True
        return chosen & ~written.fresh
