"""A canvas under a context-free constraint that is denoised block by block; see :mod:`latticework.lattice.block`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.block import checked_block, open_slots
from latticework.lattice.chart.filling import Filling
from latticework.lattice.chart.session import WISHES, ContextFreeSession
from latticework.lattice.chart.wishes import wishes_of

if TYPE_CHECKING:
    from latticework.lattice.chart.constraint import ContextFreeConstraint


@dataclass(frozen=True, eq=False, slots=True)
class BlockFilling:
    """One valid filling of a block of C slots.

    Attributes:
        tokens: [C] int64, jointly valid.
        rows: [n] int64, the free slots of the block, counted from its start.
        kind: [V] int32, tokens of one kind are interchangeable: with one for another the filling stays valid. -1 for
            tokens that no text of the language has, and that may not stand behind one either.
    """

    tokens: NDArray[np.int64]
    rows: NDArray[np.int64]
    kind: NDArray[np.int32]


class ContextFreeBlockSession(ContextFreeSession):
    """A session whose free slots are filled block by block, in order. Same arguments as :class:`ContextFreeSession`."""

    def __init__(
        self,
        constraint: ContextFreeConstraint,
        tokens: Any,
        free: Any,
        tail: bool = True,
        elastic: bool = False,
    ) -> None:
        super().__init__(constraint, tokens, free, tail, elastic)
        self._remembered: dict[tuple[int, bytes], Filling] = {}
        lexical = self._language.lexical
        self._kind = np.where(self._readable(), lexical.class_of_token, -1).astype(np.int32)
        if self.tail:
            self._kind[self._ends] = lexical.classes

    def propose_block(self, logits: Any, first: int) -> BlockFilling:
        """A valid filling of one block near the model's tokens; that the rest can be completed is certain.

        It is not committed, and not proved to be the most probable one.

        Args:
            logits: [C, V] of the block's slots, as :meth:`ContextFreeSession.propose` takes them.
            first: slot at which the block begins; no slot before it may be free.

        Raises:
            InputError: a slot before the block is free, or the block is not inside the canvas.
        """
        last = checked_block(self._free, first, len(logits))
        here = self._free[first:last]
        wishes = wishes_of(logits, here, self._kind >= 0, WISHES)
        tokens = self._towards(replace(wishes, slots=wishes.slots + first))
        assert self._filling is not None
        self._remembered[self._key(tokens[first:last], first)] = self._filling
        return BlockFilling(tokens[first:last], np.flatnonzero(here), self._kind)

    def commit_block(self, tokens: NDArray[np.int64], first: int, chosen: NDArray[np.bool_] | None = None) -> None:
        """Fix slots from ``first`` on to the tokens that were kept, those ``chosen`` or all; raises as :meth:`commit`.

        What was proposed for this block at any time is taken without a question, whichever end tokens stand behind it.
        """
        filling = self._remembered.get(self._key(tokens, first))
        if filling is not None:
            whole = filling.tokens.copy()
            whole[first : first + len(tokens)] = tokens
            self._filling = Filling(filling.witness, whole)
        self._remembered.clear()
        self.commit(open_slots(self._free, tokens, first, chosen))

    def _key(self, tokens: NDArray[np.int64], first: int) -> tuple[int, bytes]:
        """The text of a block up to the first end token, and where it ends."""
        is_end = np.isin(tokens, self._ends)
        size = int(np.argmax(is_end)) if self.tail and is_end.any() else len(tokens)
        return first + size, tokens[:size].tobytes()
