"""End tokens have to wait, less and less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Policy, View, check_count, check_probability, most_confident
from latticework.diffusion.policies.schedule import even_quota


def with_late_ends(view: View, factor: float) -> NDArray[np.float64]:
    """[K] confidences, those of slots in which the completion has an end token times ``factor``."""
    assert view.whole is not None
    ends = view.whole.is_end[view.whole.draft[view.slots]]
    return np.where(ends, view.confidence * factor, view.confidence)


@dataclass(frozen=True, slots=True)
class EOSER(Policy):
    """Low-confidence decoding in which the confidence of end tokens is scaled by a factor that rises linearly from
    ``lowest`` on the first step to ``highest`` on the last.

    Yang et al., "Taming Masked Diffusion Language Models via Consistency Trajectory Reinforcement Learning with Fewer
    Decoding Step" (EOS early rejection), arXiv 2509.23924, and the authors' code: 0.4 to 1. The loop holds back end
    tokens anyway until every slot before them is fixed, so little is left for the factor to do.
    """

    steps: int | None = None
    lowest: float = 0.4
    highest: float = 1.0

    def _check(self) -> None:
        check_count("steps", self.steps)
        check_probability("lowest", self.lowest)
        check_probability("highest", self.highest)

    def select(self, view: View) -> NDArray[np.bool_]:
        steps = view.window if self.steps is None else view.share(self.steps)
        progress = min(view.step, steps - 1) / (steps - 1) if steps > 1 else 1.0
        factor = self.lowest + (self.highest - self.lowest) * progress
        return most_confident(with_late_ends(view, factor), even_quota(view, self.steps))
