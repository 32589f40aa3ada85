"""A policy beside an autoregressive helper: slots the helper would have written in the same way are committed, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Canvas, Policy, Resize, Rule, View, Written

if TYPE_CHECKING:
    from latticework.diffusion.scores import Scores

# From the prompt's token ids and a completion [N] to [N] bool.
Agreement: TypeAlias = Callable[[tuple[int, ...], NDArray[np.int64]], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Guided(Policy):
    """What ``policy`` commits, and every slot whose token an autoregressive model would choose after those before it.

    Guided diffusion, Hu et al. (FlashDLM, with FreeCache), arXiv 2505.21467: a small autoregressive model supervises
    which of the proposed tokens are unmasked; it writes none. Read from the abstract and from reviews: agreement is
    that of the helper's likeliest token given the whole completion to the left, and beside it the most confident slot
    is committed as ever. With ``low-confidence`` and one slot a forward as ``policy`` that is all of the rule; other
    policies add their own commits. Here the completion is a valid one, so agreement is asked of valid texts only.
    """

    policy: Policy
    agreement: Agreement

    def _check(self) -> None:
        object.__setattr__(self, "scores", self.policy.scores)

    @property
    def needs_entropy(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.policy.needs_entropy

    @property
    def needs_margin(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.policy.needs_margin

    @property
    def random(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.policy.random

    @property
    def revises(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.policy.revises

    def first_slots(self, slots: int, needed: int) -> int:
        return self.policy.first_slots(slots, needed)

    def start(self, canvas: Canvas) -> Rule:
        return _Guided(self, self.policy.start(canvas), canvas.prompt)

    def select(self, view: View) -> NDArray[np.bool_]:
        return self.policy.select(view)


class _Guided(Rule):
    """Hands every question on; remembers the last answer of the helper, which drafts of the same step ask again."""

    def __init__(self, policy: Guided, rule: Rule, prompt: tuple[int, ...]) -> None:
        self._policy = policy
        self._rule = rule
        self._prompt = prompt
        self._known: tuple[bytes, NDArray[np.bool_]] | None = None
        self.look_ahead = rule.look_ahead

    def select(self, view: View) -> NDArray[np.bool_]:
        chosen = np.asarray(self._rule.select(view), dtype=np.bool_)
        return chosen if view.whole is None else chosen | self._agreed(view.whole.draft)[view.slots]

    def _agreed(self, draft: NDArray[np.int64]) -> NDArray[np.bool_]:
        key = draft.tobytes()
        if self._known is None or self._known[0] != key:
            self._known = key, self._policy.agreement(self._prompt, draft)
        return self._known[1]

    def rescore(self, logits: Any, slots: NDArray[np.int64]) -> Any:
        return self._rule.rescore(logits, slots)

    def edit(self, model: Scores, written: Written) -> NDArray[np.bool_]:
        return self._rule.edit(model, written)

    def finish(self, view: View) -> bool:
        return self._rule.finish(view)

    def retract(self, view: View, written: Written) -> NDArray[np.bool_]:
        return self._rule.retract(view, written)

    def shadows(self, written: Written) -> Sequence[NDArray[np.bool_]]:
        return self._rule.shadows(written)

    def resize(self, view: View) -> Resize | None:
        return self._rule.resize(view)
