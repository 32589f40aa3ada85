"""Start a canvas from a draft that somebody else wrote: what of it is kept, and how the model checks it.

Context-aware initialisation, Miao et al., arXiv 2512.19004: a small helper model writes tokens into the start canvas,
and what the diffusion model has little confidence in is masked again. Here the draft goes through the constraint first,
and the check masks every slot in one of two canvases of the first forward: no row rates a token that it sees. Only
tokens are put in; the paper's other way, mixing embeddings, is not offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Rule, View, Written, check_probability

_WEIGHT = 20.0  # nats for a token of the draft; a completion then shares as many with it as any can
CANVASES = 2


@dataclass(frozen=True, eq=False, slots=True)
class Start:
    """A draft of a canvas.

    Attributes:
        tokens: [N] int64; -1 where it says nothing.
        trust: least probability that the model must give to a token of the draft for it to stay.
    """

    tokens: NDArray[np.int64]
    trust: float = 0.5

    def __post_init__(self) -> None:
        check_probability("trust", self.trust)

    def shared(
        self, session: Any, free: NDArray[np.bool_], is_end: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The valid completion [N] that has most tokens of the draft, and its free slots that have them.

        Slots of the end are left out. ``free``: [N], where a canvas may be shorter than the draft; ``is_end``: [V].
        Raises ``LimitExceeded`` where the question takes too much. Cost: that of one proposal.
        """
        import torch

        tokens = self.tokens[: len(free)]
        logits = torch.zeros((len(free), len(is_end)))
        said = np.flatnonzero(tokens >= 0)
        logits[torch.from_numpy(said), torch.from_numpy(tokens[said])] = _WEIGHT
        draft = np.asarray(session.propose(logits, 0.0, None).tokens, dtype=np.int64)
        return draft, np.flatnonzero(free & (draft == tokens) & ~is_end[draft])


class Interleaved(Rule):
    """Verifies what is written: slot by slot in turn, each masked in one of ``CANVASES`` canvases."""

    def select(self, view: View) -> NDArray[np.bool_]:
        return np.zeros(len(view.slots), dtype=np.bool_)

    def shadows(self, written: Written) -> Sequence[NDArray[np.bool_]]:
        turn = np.arange(len(written.slots)) % CANVASES
        return [turn == canvas for canvas in range(CANVASES)]
