"""One row of a batch whose canvases are denoised one after the other by somebody else's sampler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latticework.errors import Infeasible, InputError
from latticework.integrations.shaping import Shaper, block_session, certain

if TYPE_CHECKING:
    import torch

    from latticework.compiler import AnyConstraint


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
        self.constraint = constraint
        self.first = 0
        self.closed = False
        self._length = block_length
        self._shaper = Shaper(constraint.vocabulary)
        total = block_length * blocks
        usable = total if slots is None else min(slots, total)
        tokens, free = np.full(total, self._shaper.filler, np.int64), np.arange(total) < usable
        try:
            self._session = block_session(constraint, tokens, free)
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
        if len(scores) != self._length:
            raise InputError(f"the block has {self._length} slots, the logits {len(scores)}")
        if self.closed or self.first >= self._session.n_slots:
            return certain(np.full(self._length, self._shaper.filler), scores)
        return self._shaper.shape(self._shaper.propose(self._session, scores, self.first), scores)

    def finish(self, tokens: NDArray[np.int64]) -> None:
        """The open block is finished and holds ``tokens`` [C]; the next one is open.

        What stands behind the first end token is not read, as programs put their own pad there.

        Raises:
            Infeasible: no document holds these tokens, that is, they are not what was proposed.
        """
        if not self.closed and self.first < self._session.n_slots:
            body = self._shaper.body(tokens)
            self._session.commit_block(np.asarray(tokens[: body + 1], np.int64), self.first)
            self.closed = body < len(tokens)
        self.first += self._length

    def text(self, tokens: NDArray[np.int64]) -> bytes:
        """The document in the tokens of all blocks; raises ``InputError`` if it is none."""
        return self._shaper.text(tokens, self.constraint)
