"""Written tokens may be replaced when the model has changed its mind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Policy, View, Written, check_probability, most_confident
from latticework.diffusion.scores import Scores


@dataclass(frozen=True, slots=True)
class Editing(Policy):
    """Threshold decoding in which written tokens are edited: slots with ``c >= threshold`` are committed, always the
    best one, and a written slot whose row prefers another token with probability above ``edit_above`` is asked anew.

    LLaDA2.1, the authors' generation code ("quality": thresholds 0.7 and 0.5); made for models trained with edits.
    There the argmax replaces the token. Here the slots to be edited are opened and a valid completion is proposed for
    the same logits: the token it has there is written, which may be the old one. *Left out*: passes over a block that
    has no mask left (up to 16 there); edits happen while the block is being filled.
    """

    threshold: float = 0.7
    edit_above: float = 0.5
    revises: ClassVar[bool] = True

    def _check(self) -> None:
        check_probability("threshold", self.threshold)
        check_probability("edit_above", self.edit_above)

    def select(self, view: View) -> NDArray[np.bool_]:
        return (view.confidence >= self.threshold) | most_confident(view.confidence, 1)

    def edit(self, model: Scores, written: Written) -> NDArray[np.bool_]:
        probability, tokens, *_ = model.top(written.slots)
        return (tokens != written.tokens) & (probability > self.edit_above)
