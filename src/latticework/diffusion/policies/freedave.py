"""Draft the next steps from the scores at hand, look at all drafts in one forward, keep those that come true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Canvas, Policy, Rule, View, check_count, most_confident
from latticework.diffusion.policies.schedule import even_quota


@dataclass(frozen=True, slots=True)
class FreeDave(Policy):
    """Lossless draft-and-verify: the results of ``low-confidence`` with fewer forwards and larger batches.

    From the confidences of a forward the next ``drafts`` steps are played on; the canvases they lead to go along with
    the next forward. While the canvas that a step really leads to is one of them, its logits are there already and the
    next step follows without a forward. Wu and Zhang, "Free Draft-and-Verification", arXiv 2510.00294: the same, drafts
    there being extended by the same static schedule. Drafting and verifying both go by the constraint, what it decides
    between steps included, so results equal those of the plain schedule up to the rounding of batches.
    """

    steps: int | None = None
    drafts: int = 4

    def _check(self) -> None:
        check_count("steps", self.steps)
        check_count("drafts", self.drafts)

    def start(self, canvas: Canvas) -> Rule:
        return _FreeDave(self)

    def select(self, view: View) -> NDArray[np.bool_]:
        return most_confident(view.confidence, even_quota(view, self.steps))


class _FreeDave(Rule):
    def __init__(self, policy: FreeDave) -> None:
        self._policy = policy
        self.look_ahead = policy.drafts

    def select(self, view: View) -> NDArray[np.bool_]:
        return self._policy.select(view)
