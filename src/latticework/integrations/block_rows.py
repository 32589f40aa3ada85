"""One row of a batch whose canvases are denoised one after the other by somebody else's sampler.

The sampler looks at logits only, so all there is to say to it is said in logits: the rows are replaced by the
distributions the model has *given that the document will be valid*, and in every slot the token of one jointly valid
filling is lifted just above the rest. Whoever keeps the likeliest token of every slot then keeps that filling, while
entropies, draws and self-conditioning still see how sure the model is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.errors import Infeasible, InputError, ModelError
from latticework.lattice.chart.constraint import ContextFreeConstraint

if TYPE_CHECKING:
    import torch

    from latticework.compiler import AnyConstraint
    from latticework.lattice.block import BlockProposal
    from latticework.lattice.chart.block import BlockFilling

# How far the token of the filling stands above all others of its slot, nats. Every float type tells numbers of this
# size from 0, and no temperature turns the order round.
LEAD = 0.01
_LARGEST = 3e38  # stands for infinity; finite so that differences are defined


class BlockRow:
    """A document that grows over blocks of equal length.

    Attributes:
        constraint: its language.
        first: slot at which the open block begins.
        closed: whether the document has ended in a finished block.
    """

    def __init__(self, constraint: AnyConstraint, block_length: int, blocks: int, slots: int | None = None) -> None:
        """
        Args:
            slots: slots the document may take, the others at the end of the last block hold end tokens; all by default.

        Raises:
            Infeasible: no document fits the slots.
            InputError: the vocabulary has no end token.
        """
        vocabulary = constraint.vocabulary
        if not len(vocabulary.end_tokens):
            raise InputError(
                "the vocabulary has no end token, so nothing could stand behind a document: build it with "
                'special={id: "eos"} or, from a tokenizer, end_ids=[...]'
            )
        self.constraint = constraint
        self.first = 0
        self.closed = False
        self._length = block_length
        self._ends = vocabulary.end_tokens
        self._stops = np.array(vocabulary.ids("eos"), np.int64)
        self._filler = int((vocabulary.ids("pad") or vocabulary.end_tokens.tolist())[-1])
        total = block_length * blocks
        usable = total if slots is None else min(slots, total)
        free = np.arange(total) < usable
        try:
            self._session = _session(constraint, np.full(total, self._filler, np.int64), free)
        except Infeasible:
            needed = constraint.min_tokens
            if needed <= usable:
                raise
            message = f"the shortest document needs {needed} tokens, there are {usable} slots"
            raise Infeasible(message, needed, usable) from None

    def shape(self, scores: torch.Tensor) -> torch.Tensor:
        """[C, V] logits of the open block under the constraint, of the type and on the device of ``scores``.

        The largest of a row is 0; tokens that are out of the question have -inf. Cost: one proposal of the lattice, and
        two passes over the logits.

        Raises:
            InputError: ``scores`` is not [C, V].
            ModelError: the model returned NaN.
        """
        expected = self._length, len(self.constraint.vocabulary)
        if tuple(scores.shape) != expected:
            raise InputError(f"logits have shape {tuple(scores.shape)}, expected {expected} (slots, vocabulary)")
        if self.closed or self.first >= self._session.n_slots:
            return self._certain(scores, np.full(self._length, self._filler))
        if bool(scores.isnan().any()):
            raise ModelError("the model returned NaN for this row")
        found = self._session.propose_block(scores, self.first)
        tokens = self._with_stop(found.tokens, scores)
        shaped = self._certain(scores, tokens)
        if len(found.rows):
            index = _index(found.rows, scores)
            own = _index(tokens[found.rows], scores)[:, None]
            odds = _odds(found, scores, index, own)
            shaped[index] = odds.clamp_(max=-LEAD).scatter_(1, own, 0.0).to(scores.dtype)
        return shaped

    def finish(self, tokens: NDArray[np.int64]) -> None:
        """The open block is finished and holds ``tokens`` [C]; the next one is open.

        What stands behind the first end token is not read, as programs put their own pad there.

        Raises:
            Infeasible: no document holds these tokens, that is, they are not what was proposed.
        """
        if not self.closed and self.first < self._session.n_slots:
            is_end = np.isin(tokens, self._ends)
            size = int(np.argmax(is_end)) + 1 if is_end.any() else self._length
            self._session.commit_block(np.asarray(tokens[:size], np.int64), self.first)
            self.closed = bool(is_end.any())
        self.first += self._length

    def text(self, tokens: NDArray[np.int64]) -> bytes:
        """The document in the tokens of all blocks.

        Raises:
            InputError: it is not in the language.
        """
        is_end = np.isin(tokens, self._ends)
        size = int(np.argmax(is_end)) if is_end.any() else len(tokens)
        found = self.constraint.vocabulary.decode(tokens[:size])
        if not self.constraint.accepts(found):
            raise InputError(
                f"the tokens are no document of the constraint: {found[:200]!r}; either fewer canvases were "
                "denoised than was said, or something changed the logits or the tokens afterwards"
            )
        return found

    def _with_stop(self, tokens: NDArray[np.int64], scores: torch.Tensor) -> NDArray[np.int64]:
        """The filling with the likeliest token that stops generation first in its tail, and pad behind.

        End tokens are all the same to the constraint. Which of them stand behind the first is of no account, but were
        it to change from step to step the canvas would never be stable.
        """
        is_end = np.isin(tokens, self._ends)
        if not is_end.any():
            return tokens
        place = int(np.argmax(is_end))
        tokens = np.where(is_end, self._filler, tokens)
        if len(self._stops):
            of_stops = scores[place, _index(self._stops, scores)]
            tokens[place] = self._stops[int(of_stops.argmax())]
        return tokens

    @staticmethod
    def _certain(scores: torch.Tensor, tokens: NDArray[np.int64]) -> torch.Tensor:
        """Logits [C, V] that leave every slot one token."""
        import torch

        return torch.full_like(scores, -torch.inf).scatter_(1, _index(tokens, scores)[:, None], 0.0)


def _session(constraint: AnyConstraint, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> Any:
    if isinstance(constraint, ContextFreeConstraint):
        from latticework.lattice.chart.block import ContextFreeBlockSession

        return ContextFreeBlockSession(constraint, tokens, free)
    from latticework.lattice.block import BlockSession

    return BlockSession(constraint, tokens, free)


def _odds(
    found: BlockProposal | BlockFilling, scores: torch.Tensor, index: torch.Tensor, own: torch.Tensor
) -> torch.Tensor:
    """[n, V] float32 of the free slots: exact under a regular constraint.

    Under a context-free one only the filling is known, so the rows are the model's, without the tokens that no text of
    the language has, and without those that the model prefers to the token of the filling: they were asked for first
    and did not fit, or fitted less well than others together.
    """
    import torch

    from latticework.lattice.block import BlockProposal

    if isinstance(found, BlockProposal):
        assert isinstance(found.log_odds, torch.Tensor)
        return found.log_odds
    rows = scores[index].float().clamp_(-_LARGEST, _LARGEST)
    rows -= rows.gather(1, own)
    readable = torch.from_numpy(found.readable).to(rows.device)
    return rows.masked_fill_((rows > 0) | ~readable, -torch.inf)


def _index(values: NDArray[np.integer[Any]], like: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.from_numpy(np.asarray(values, np.int64)).to(like.device)
