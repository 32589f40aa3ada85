"""More than one canvas per forward: drafts of the next steps, and shadows in which written slots are masked again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Rule, View, Written
from latticework.diffusion.scores import Scores, scores_under


class Foresight:
    """What goes along with one forward of a row, and what came of it.

    Attributes:
        canvases: tokens [N] and free slots [N] of every canvas beside the row's own: drafts, then shadows.
    """

    def __init__(self) -> None:
        self.canvases: list[tuple[NDArray[np.int64], NDArray[np.bool_]]] = []
        self._drafts = 0
        self._masked: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        self._logits: dict[bytes, Any] = {}
        self._verified: dict[int, float] = {}

    def draft(
        self,
        rule: Rule,
        view: View,
        session: Any,
        draft: NDArray[np.int64],
        tokens: NDArray[np.int64],
        free: NDArray[np.bool_],
        window: slice,
    ) -> None:
        """Play the rule's next steps with the scores of the last forward; stops where the block ends.

        The draft is a valid completion, so its tokens are committed and retracted without a check, and what the
        constraint decides in between is part of the canvas that the step will lead to.
        """
        tokens, free = tokens.copy(), free.copy()
        touched: list[int] = []

        def put(found: dict[int, int]) -> None:
            session.commit(found)
            touched.extend(found)
            tokens[list(found)] = list(found.values())
            free[list(found)] = False

        for _ in range(rule.look_ahead):
            view = view.part(free[view.slots], int(free[window].sum()))
            if not len(view.slots):
                break
            chosen = np.asarray(rule.select(view), dtype=np.bool_)
            if not chosen.any():
                chosen[np.argmax(view.confidence)] = True
            put({int(slot): int(draft[slot]) for slot in view.slots[chosen]})
            put(session.forced())
            if not free.any():
                break
            self.canvases.append((tokens.copy(), free.copy()))
            self._drafts += 1
        session.retract(touched)

    def mask(self, rule: Rule, written: Written, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> None:
        """Add the shadows that the rule asks for."""
        for chosen in rule.shadows(written):
            slots = written.slots[np.asarray(chosen, dtype=np.bool_)]
            if len(slots):
                masked = free.copy()
                masked[slots] = True
                self.canvases.append((tokens.copy(), masked))
                self._masked.append((slots, tokens[slots]))

    def receive(self, others: Sequence[Any], session: Any, source: str, stop: int | None = None) -> None:
        """Take the logits [N, V] of the canvases, in their order; shadows are scored under the session's constraint,
        by the slots before ``stop``.

        The session is left as it was: slots that are masked in a shadow are retracted and committed again.
        """
        self._logits = {
            _key(*canvas): logits
            for canvas, logits in zip(self.canvases[: self._drafts], others[: self._drafts], strict=True)
        }
        for (slots, tokens), logits in zip(self._masked, others[self._drafts :], strict=True):
            if source == "constrained":
                session.retract(slots.tolist())
                found = scores_under(session, logits, stop).probability(slots, tokens)
                session.commit(dict(zip(slots.tolist(), tokens.tolist(), strict=True)))
            else:
                found = Scores(logits).probability(slots, tokens)
            self._verified.update(zip(slots.tolist(), found.tolist(), strict=True))

    def verified(self, slots: NDArray[np.int64]) -> NDArray[np.float64]:
        """[n] probabilities that the shadows gave to the tokens of slots; NaN where none masked the slot."""
        return np.array([self._verified.get(int(slot), np.nan) for slot in slots], dtype=np.float64)

    def logits_of(self, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> Any:
        """Logits of a canvas that was drafted, or ``None``."""
        return self._logits.get(_key(tokens, free)) if self._logits else None


def _key(tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> bytes:
    """Names a canvas; what its free slots hold does not matter."""
    return np.where(free, -1, tokens).tobytes()
