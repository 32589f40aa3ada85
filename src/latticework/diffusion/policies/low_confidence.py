"""A fixed number of slots per forward, the most confident first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Policy, View, check_count, most_confident
from latticework.diffusion.policies.schedule import even_quota


@dataclass(frozen=True, slots=True)
class LowConfidence(Policy):
    """Commit a fixed number of slots per forward, the most confident first (low-confidence remasking of LLaDA).

    ``steps`` forwards are spread over the canvas, each window getting its share; step ``i`` of ``s`` commits
    ``ceil(remaining / (s - i))``, which for a canvas without forced slots is LLaDA's schedule. ``steps=None`` commits
    one slot per forward. Nie et al., "Large Language Diffusion Models", arXiv 2502.09992, and the authors' code.
    """

    steps: int | None = None

    def _check(self) -> None:
        check_count("steps", self.steps)

    def select(self, view: View) -> NDArray[np.bool_]:
        return most_confident(view.confidence, even_quota(view, self.steps))
