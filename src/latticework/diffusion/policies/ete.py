"""Commit what is sure, and one slot that tells the most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Policy, View, check_count, check_probability, most_confident


@dataclass(frozen=True, slots=True)
class ETE(Policy):
    """Explore, then exploit: commit every slot with confidence of at least ``threshold``, and the ``explore`` most
    uncertain ones among those with at least ``floor``.

    Fu et al., "From Bits to Rounds: Parallel Decoding with Exploration for Diffusion Language Models", arXiv
    2511.21103. Only the abstract was at hand: high-confidence tokens carry little information, so a few tokens of high
    uncertainty are decided on purpose, which makes others certain, across block borders. *Approximated*: which slots
    are explored (highest entropy above a floor), how many, and all numbers are ours; the method's evaluation of several
    values of an explored token is not done, the value is that of the valid completion. For decoding across blocks use
    one block as long as the canvas.
    """

    threshold: float = 0.9
    floor: float = 0.5
    explore: int = 1
    needs_entropy: ClassVar[bool] = True

    def _check(self) -> None:
        check_probability("threshold", self.threshold)
        check_probability("floor", self.floor)
        check_count("explore", self.explore, 0)

    def select(self, view: View) -> NDArray[np.bool_]:
        assert view.entropy is not None, "the loop computes entropies for a policy that needs them"
        chosen = view.confidence >= self.threshold
        open_ = np.flatnonzero(~chosen & (view.confidence >= self.floor))
        telling = open_[np.argsort(-view.entropy[open_], kind="stable")][: self.explore]
        chosen[telling] = True
        return chosen | (most_confident(view.confidence, 1) & (not chosen.any()))
