"""Stop early and write the whole completion when the answer no longer changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Policy, View, check_count, check_not_negative, most_confident
from latticework.diffusion.policies.schedule import even_quota

_PHASES = (0.33, 0.67)  # progress at which the early and the middle threshold end


@dataclass(frozen=True, slots=True)
class Prophet(Policy):
    """Low-confidence decoding that commits everything once the mean gap of the two best tokens is large enough.

    Gap of a slot: top logit minus second logit. Exit when the mean over the watched slots reaches ``early`` (progress
    below 0.33), ``middle`` (below 0.67) or ``late``. Li et al., "Diffusion Language Models Know the Answer Before
    Decoding", arXiv 2508.19982, and the authors' code, which watches ``width`` = 5 slots from a given answer start.
    Here: the open ones of those slots if ``answer_start`` is given, else all that may be committed now; slots with one
    possible token have no gap; progress is the share of open slots that have been committed; with constrained scores
    the gap is that of the log marginals. What is committed at the end is one valid completion.
    """

    steps: int | None = None
    early: float = 7.5
    middle: float = 5.0
    late: float = 2.5
    answer_start: int | None = None
    width: int = 5

    def _check(self) -> None:
        check_count("steps", self.steps)
        check_count("answer_start", self.answer_start, 0)
        check_count("width", self.width)
        for name in ("early", "middle", "late"):
            check_not_negative(name, getattr(self, name))

    def finish(self, view: View) -> bool:
        assert view.whole is not None
        assert view.scores is not None
        slots = view.slots
        if self.answer_start is not None:
            span = np.arange(self.answer_start, min(self.answer_start + self.width, view.canvas))
            slots = span[view.whole.free[span]]
        *_, gap = view.scores.top(slots)
        gap = gap[np.isfinite(gap)]
        progress = 1.0 - int(view.whole.free.sum()) / max(1, view.whole.total)
        wanted = self.early if progress < _PHASES[0] else self.middle if progress < _PHASES[1] else self.late
        return not len(gap) or float(gap.mean()) >= wanted

    def select(self, view: View) -> NDArray[np.bool_]:
        return most_confident(view.confidence, even_quota(view, self.steps))
