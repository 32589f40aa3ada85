"""All slots that are sure enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Policy, View, check_probability, most_confident


@dataclass(frozen=True, slots=True)
class Threshold(Policy):
    """Commit every slot whose confidence is at least ``threshold``, and always the most confident one.

    Wu et al., "Fast-dLLM", arXiv 2505.22618 (confidence-aware parallel decoding).
    """

    threshold: float = 0.9

    def _check(self) -> None:
        check_probability("threshold", self.threshold)

    def select(self, view: View) -> NDArray[np.bool_]:
        return (view.confidence >= self.threshold) | most_confident(view.confidence, 1)
