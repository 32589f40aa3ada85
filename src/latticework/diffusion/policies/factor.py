"""As many slots as their own number allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Policy, View, check_not_negative, most_confident


@dataclass(frozen=True, slots=True)
class Factor(Policy):
    """Commit the n most confident slots, n the largest number with ``(n + 1)(1 - c_(n)) < factor``; at least one.

    ``c_(n)`` is the n-th highest confidence. Wu et al., "Fast-dLLM", arXiv 2505.22618 (factor-based parallel decoding;
    greedy parallel and greedy sequential decoding agree for n tokens if ``(n + 1) eps <= 1`` and each c > 1 - eps). The
    authors' code commits the very last mask whatever its confidence, as the "at least one" does here.
    """

    factor: float = 1.0

    def _check(self) -> None:
        check_not_negative("factor", self.factor)

    def select(self, view: View) -> NDArray[np.bool_]:
        falling = np.sort(view.confidence)[::-1]
        fits = np.flatnonzero((np.arange(len(falling)) + 2) * (1.0 - falling) < self.factor)
        return most_confident(view.confidence, max(1, int(fits[-1]) + 1 if len(fits) else 1))
