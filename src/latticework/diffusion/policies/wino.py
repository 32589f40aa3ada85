"""Write boldly, verify against a canvas in which the written slot is masked, take back what does not hold."""

from __future__ import annotations

from collections.abc import Sequence
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
    check_probability,
    most_confident,
)

_FIRST_LIMIT = 30  # what stands for the number accepted before the first step


@dataclass(frozen=True, slots=True)
class WINO(Policy):
    """Wide in, narrow out: accept ``c > accept``, re-mask written slots whose token is not confirmed at ``verify``.

    Accepted are at most ``min(max(0.7 |M|, 5), 20)`` of the masks M of the block, the surest first, at least 1. A
    written slot is re-masked when the probability of its token, with the slot masked, is below ``verify``; fewer are
    re-masked than were accepted in the step before (30 before the first), and none when just one was accepted. Hong et
    al., "Wide-In, Narrow-Out", arXiv 2507.18578, and the authors' code.

    There a second copy of the block, all masks, goes along with the positions of the original; row j of it sees
    everything but position j. *Approximated* here by whole canvases in the same forward, so that any model will do:
    each masks every ``canvases``-th written slot of the block. With as many canvases as written slots that is
    leave-one-out exactly; with fewer, the slots masked together do not see each other. The probability is the marginal
    under the constraint, so what structure demands is always confirmed; slots decided by the constraint are not
    verified at all.
    """

    accept: float = 0.6
    verify: float = 0.9
    canvases: int = 4
    revises: ClassVar[bool] = True

    def _check(self) -> None:
        check_probability("accept", self.accept)
        check_probability("verify", self.verify)
        check_count("canvases", self.canvases)

    def start(self, canvas: Canvas) -> Rule:
        return _WINO(self)

    def select(self, view: View) -> NDArray[np.bool_]:
        most = int(min(max(0.7 * view.remaining, 5), 20))
        return (most_confident(view.confidence, most) & (view.confidence > self.accept)) | most_confident(
            view.confidence, 1
        )


class _WINO(Rule):
    def __init__(self, policy: WINO) -> None:
        self._policy = policy
        self._accepted = _FIRST_LIMIT

    def select(self, view: View) -> NDArray[np.bool_]:
        return self._policy.select(view)

    def shadows(self, written: Written) -> Sequence[NDArray[np.bool_]]:
        place = np.arange(len(written.slots))
        return [place % self._policy.canvases == own for own in range(min(self._policy.canvases, len(place)))]

    def retract(self, view: View, written: Written) -> NDArray[np.bool_]:
        accepted, before = int(written.fresh.sum()), self._accepted
        self._accepted = accepted
        chosen = np.zeros(len(written.slots), dtype=np.bool_)
        if accepted <= 1:
            return chosen
        refuted = np.flatnonzero(written.verified < self._policy.verify)
        weakest = refuted[np.argsort(written.verified[refuted], kind="stable")]
        chosen[weakest[: max(0, before - 1)]] = True
        return chosen
