"""Tokens on which the last few contexts agree come first."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Canvas, Policy, Rule, View, check_count, check_not_negative
from latticework.diffusion.policies.schedule import even_quota, highest

_WARM_UP = 5  # forwards of the canvas before the budget moves


@dataclass(frozen=True, slots=True)
class CCD(Policy):
    """Coherent contextual decoding: rank by the distribution averaged over the last ``history`` forwards.

    A slot's distribution is replaced by the mean of those that the model gave it in up to ``history`` contexts (the
    model's rows are averaged; the constraint conditions the average once), and the slots of lowest entropy are
    committed first, a quota per forward as in ``low-confidence``. With ``dynamic`` the budget moves: of the n best
    slots, n rising by one a forward from 1 to ``quota (1 + expand)`` after 5 forwards, those are committed that were
    among the n best one forward before with the same best token, and the quota where these are fewer. Chen et al.,
    "Beyond Confidence: Adaptive and Coherent Decoding for Diffusion Language Models", arXiv 2512.02044: the average is
    the paper's; entropy, dynamic budget, warm-up and ``expand`` 4 are those of the authors' preliminary code, which
    compares two forwards and does not average. ``history`` is ours.
    """

    steps: int | None = None
    history: int = 4
    dynamic: bool = True
    expand: float = 4.0
    needs_entropy: ClassVar[bool] = True

    def _check(self) -> None:
        check_count("steps", self.steps)
        check_count("history", self.history)
        check_not_negative("expand", self.expand)

    def start(self, canvas: Canvas) -> Rule:
        return _CCD(self)

    def select(self, view: View) -> NDArray[np.bool_]:
        assert view.entropy is not None, "the loop computes entropies for a policy that needs them"
        return highest(-view.entropy, even_quota(view, self.steps))


class _CCD(Rule):
    def __init__(self, policy: CCD) -> None:
        self._policy = policy
        self._rows: dict[int, deque[Any]] = {}
        self._forwards = 0
        self._candidates: dict[int, int] = {}
        self._size = 0

    def rescore(self, logits: Any, slots: NDArray[np.int64]) -> Any:
        if self._policy.history == 1:
            return logits
        import torch

        averaged = logits.float().clone()
        self._rows = {slot: self._rows.get(slot) or deque(maxlen=self._policy.history) for slot in slots.tolist()}
        for slot, kept in self._rows.items():
            kept.append(averaged[slot].softmax(dim=-1))
            averaged[slot] = (torch.stack(list(kept)).mean(dim=0)).log()
        return averaged

    def select(self, view: View) -> NDArray[np.bool_]:
        plain = self._policy.select(view)
        if not self._policy.dynamic:
            return plain
        assert view.entropy is not None
        assert view.scores is not None
        self._forwards += 1
        quota = int(plain.sum())
        if self._forwards >= _WARM_UP:
            self._size = min(self._size + 1, quota + int(quota * self._policy.expand))
        best = np.flatnonzero(highest(-view.entropy, max(1, self._size)))
        _, tokens, *_ = view.scores.top(view.slots[best])
        now = dict(zip(view.slots[best].tolist(), tokens.tolist(), strict=True))
        coherent = np.array([self._candidates.get(slot) == now.get(slot, -1) for slot in view.slots.tolist()])
        self._candidates = now
        return coherent if self._forwards > _WARM_UP and coherent.sum() >= quota else plain
