"""Commit what is sure and has stopped moving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import (
    Canvas,
    Policy,
    Rule,
    View,
    check_count,
    check_not_negative,
    check_probability,
    most_confident,
)
from latticework.diffusion.policies.schedule import even_quota


@dataclass(frozen=True, slots=True)
class KLASS(Policy):
    """Commit every slot with ``c > threshold`` whose ``KL(p_t || p_(t-1))`` was below ``kl`` in each of the last
    ``history`` forwards; where there is none, the quota of ``low-confidence``.

    Kim et al., "KLASS: KL-Guided Fast Inference in Masked Diffusion Models", arXiv 2511.05664, and the authors' code
    (defaults 0.9, 0.01 and 2; tuned per task between 0.6 and 0.9, and 0.001 and 0.015). There p is the model's row, on
    noised logits above temperature 0; here the constrained marginal, free of noise, unless ``scores="model"``: it moves
    when other slots are committed, too. Memory: one row of V numbers for each open slot of the window.
    """

    threshold: float = 0.9
    kl: float = 0.01
    history: int = 2
    steps: int | None = None

    def _check(self) -> None:
        check_probability("threshold", self.threshold)
        check_not_negative("kl", self.kl)
        check_count("history", self.history)
        check_count("steps", self.steps)

    def start(self, canvas: Canvas) -> Rule:
        return _KLASS(self)

    def select(self, view: View) -> NDArray[np.bool_]:
        return most_confident(view.confidence, even_quota(view, self.steps))


class _KLASS(Rule):
    def __init__(self, policy: KLASS) -> None:
        self._policy = policy
        self._before: dict[int, Any] = {}
        self._calm: dict[int, int] = {}

    def select(self, view: View) -> NDArray[np.bool_]:
        assert view.scores is not None
        rows = view.scores.log_probs(view.slots)
        calm: dict[int, int] = {}
        for place, slot in enumerate(view.slots.tolist()):
            before = self._before.get(slot)
            still = before is not None and divergence(rows[place], before) < self._policy.kl
            calm[slot] = self._calm.get(slot, 0) + 1 if still else 0
        self._calm = calm
        self._before = {slot: rows[place] for place, slot in enumerate(view.slots.tolist())}
        ready = np.array([calm[slot] >= self._policy.history for slot in view.slots.tolist()])
        chosen = ready & (view.confidence > self._policy.threshold)
        return chosen if chosen.any() else self._policy.select(view)


def divergence(new: Any, old: Any) -> float:
    """KL(new || old) in nats of two rows of log-probabilities; infinite where ``old`` rules out what ``new`` allows."""
    new, old = new.double(), old.double()
    possible = ~new.isneginf()
    return float((new[possible].exp() * (new[possible] - old[possible])).sum())
