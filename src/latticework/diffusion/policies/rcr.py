"""Write everything, then take the weakest back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import (
    Canvas,
    Policy,
    Rule,
    View,
    Written,
    check_count,
    most_confident,
)
from latticework.diffusion.policies.schedule import even_quota


@dataclass(frozen=True, slots=True)
class RCR(Policy):
    """Running confidence remasking: step i writes all masks of the window, then re-masks the weakest.

    With the quotas k_1 .. k_s of ``low-confidence`` the ``k_(i+1) + .. + k_s`` slots of lowest running confidence, that
    of when they were last written, are re-masked; none on the last step. He et al., "MDPO: Overcoming the
    Training-Inference Divide of Masked Diffusion Language Models", arXiv 2508.13148, and the authors' code. As many
    steps as the window has masks unless ``steps`` is given. Slots that the constraint decides are never re-masked, so
    there may be fewer to take than the schedule says; written slots the schedule still wants masked never outnumber it.
    """

    steps: int | None = None
    revises: ClassVar[bool] = True

    def _check(self) -> None:
        check_count("steps", self.steps)

    def start(self, canvas: Canvas) -> Rule:
        return _RCR(self.steps)

    def select(self, view: View) -> NDArray[np.bool_]:
        return most_confident(view.confidence, even_quota(view, self.steps))


class _RCR(Rule):
    def __init__(self, steps: int | None) -> None:
        self._steps = steps
        self._masks = 0

    def select(self, view: View) -> NDArray[np.bool_]:
        if view.step == 0:
            self._masks = view.remaining
        return np.ones(len(view.slots), dtype=np.bool_)

    def retract(self, view: View, written: Written) -> NDArray[np.bool_]:
        steps = self._masks if self._steps is None else view.share(self._steps)
        per_step, more = divmod(self._masks, max(1, steps))
        still = sum(per_step + (step < more) for step in range(view.step + 1, steps))
        weakest = np.argsort(written.confidence, kind="stable")[: min(still, len(written.slots))]
        chosen = np.zeros(len(written.slots), dtype=np.bool_)
        chosen[weakest] = True
        return chosen
