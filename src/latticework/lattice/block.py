"""A canvas that is denoised block by block: the blocks before are finished, the blocks behind have no logits yet.

A filling of the block is valid when *some* filling of the blocks behind it completes the document within the slots
that are left. What is behind decides what is possible and weighs nothing: it must not make a filling of this block more
probable that it can be continued in many ways, or every document would grow until it fills its canvas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.errors import InputError
from latticework.lattice import kernels_scoring
from latticework.lattice.reduction import NO_TOKEN
from latticework.lattice.scoring import ClassScores, open_logits
from latticework.lattice.session import Session
from latticework.lattice.sets import Front
from latticework.lattice.sums import CompletionSums
from latticework.lattice.weights import SumWeights

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False, slots=True)
class BlockProposal:
    """One valid filling of a block of C slots, and the distributions it was taken from.

    Attributes:
        tokens: [C] int64, jointly valid.
        rows: [n] int64, the free slots of the block, counted from its start.
        log_odds: [n, V] float32 log-probability of every token in these slots, given that the canvas is completed to a
            document, relative to the most probable token of its slot (which has 0); -inf where it is not admissible. Of
            the kind and on the device of the logits.
        confidence: [C] float64, probability of ``tokens`` under these distributions; 1.0 in fixed slots.
    """

    tokens: NDArray[np.int64]
    rows: NDArray[np.int64]
    log_odds: NDArray[np.float32] | torch.Tensor
    confidence: NDArray[np.float64]


class BlockSession(Session):
    """A session whose free slots are filled block by block, in order. Same arguments as :class:`.session.Session`."""

    def propose_block(self, logits: Any, first: int) -> BlockProposal:
        """The most probable valid filling of one block, with the exact marginals of its slots. It is not committed.

        Args:
            logits: [C, V] of the block's slots, as :meth:`.session.Session.propose` takes them.
            first: slot at which the block begins; no slot before it may be free.

        Raises:
            InputError: a slot before the block is free, or the block is not inside the canvas.
        """
        last = checked_block(self._free, first, len(logits))
        here = self._free[first:last]
        rows = open_logits(logits, here, self._table)
        scores = rows.classes(sums=True)
        kinds = self._best_kinds(scores, first, last)
        tokens = self._tokens[first:last].copy()
        tokens[here] = rows.closest(kinds)
        ratio = self._block_ratios(scores, first, last)
        confidence = np.ones(last - first)
        confidence[here] = np.exp(ratio[np.arange(len(kinds)), kinds] - rows.gaps(tokens[here]))
        peak = (ratio - scores.least).max(axis=1, initial=-np.inf)
        log_odds = rows.expand((ratio - peak[:, None]).astype(np.float32))
        return BlockProposal(tokens, np.flatnonzero(here), log_odds, np.minimum(confidence, 1.0))

    def commit_block(self, tokens: NDArray[np.int64], first: int, chosen: NDArray[np.bool_] | None = None) -> None:
        """Fix slots from ``first`` on to the tokens kept, those ``chosen`` or all; raises as :meth:`commit` does."""
        self.commit(open_slots(self._free, tokens, first, chosen))

    def _best_kinds(self, scores: ClassScores, first: int, last: int) -> NDArray[np.int32]:
        """[n] classes of the best filling of the block's free slots."""
        behind = int(self._free[last:].sum())
        nothing = np.where(self._table.sizes() > 0, np.float32(0), np.float32(NO_TOKEN))
        least = np.concatenate((scores.least, np.broadcast_to(nothing, (behind, len(nothing)))))
        whole = ClassScores(least, None, None, np.zeros(len(least)))
        labels = self._search.labels(self._sets, self._table, whole, self._tokens)[first:last][self._free[first:last]]
        kinds = np.empty(len(labels), np.int32)
        kernels_scoring.closest_classes(scores.least, labels, self._table.label_offset, self._table.label_class, kinds)
        return kinds

    def _block_ratios(self, scores: ClassScores, first: int, last: int) -> NDArray[np.float64]:
        """[n, classes] as :meth:`.sums.CompletionSums.log_ratios`, of the block's free slots."""
        fits = self._sets.fits[first:last][self._free[first:last]]
        weights = SumWeights.of(scores, fits, self._table)
        self._buffers.fit(self._sets)
        return CompletionSums(Front.of(self._sets, last), weights, self._buffers).log_ratios(self._table)


def checked_block(free: NDArray[np.bool_], first: int, size: int) -> int:
    """The slot behind a block of ``size`` slots; raises :class:`InputError` as :meth:`BlockSession.propose_block`."""
    last = first + size
    if not 0 <= first < last <= len(free):
        raise InputError(f"a block of slots {first} to {last} is not inside a canvas of {len(free)} slots")
    if free[:first].any():
        raise InputError(f"slot {int(np.argmax(free))} before the block is free; blocks are filled in order")
    return last


def open_slots(
    free: NDArray[np.bool_], tokens: NDArray[np.int64], first: int, chosen: NDArray[np.bool_] | None
) -> dict[int, int]:
    """The tokens of the slots from ``first`` on that are still free, those ``chosen`` or all."""
    due = free[first : first + len(tokens)] if chosen is None else free[first : first + len(tokens)] & chosen
    return {first + int(i): int(tokens[i]) for i in np.flatnonzero(due)}
