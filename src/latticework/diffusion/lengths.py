"""A canvas of another length: where slots are put in or cut, and what is kept by slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Resize

NEAR_END = 8  # slots


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """The canvas after a change of its length.

    Attributes:
        tokens, free: [N'] int64 and bool; slots that were put in are free.
        at: the slot before which slots were put in.
        count: how many; below 0 how many were cut from the end.
    """

    tokens: NDArray[np.int64]
    free: NDArray[np.bool_]
    at: int
    count: int

    def fitted(self, values: NDArray[Any], blank: float) -> NDArray[Any]:
        """[N'] what is kept by slot, ``blank`` for slots that were put in."""
        if self.count > 0:
            return np.insert(values, self.at, np.full(self.count, blank, dtype=values.dtype))
        return values[: len(self.tokens)]


def reshaped(tokens: NDArray[np.int64], free: NDArray[np.bool_], change: Resize, limit: int) -> Shape | None:
    """The canvas with at most ``limit`` slots, nothing fixed cut off; ``None`` where that leaves it as it is."""
    length = len(tokens)
    at = length if change.at is None else change.at
    if change.count > 0:
        count = min(change.count, limit - length)
        if count <= 0:
            return None
        return Shape(
            np.insert(tokens, at, np.zeros(count, np.int64)), np.insert(free, at, np.ones(count, bool)), at, count
        )
    fixed = np.flatnonzero(~free)
    kept = max(length + change.count, int(fixed[-1]) + 1 if len(fixed) else 1)
    return None if kept >= length else Shape(tokens[:kept], free[:kept], at, kept - length)


def room_for_full_hole(
    draft: NDArray[np.int64],
    free: NDArray[np.bool_],
    hole_of: NDArray[np.int64],
    grows: NDArray[np.bool_],
    filler: int,
) -> Resize | None:
    """Twice the slots for the first growing hole whose open slots are all near its end and have no filler in the draft.

    The end of a text that is hardly begun is guesswork, so that a hole does not grow before.

    Args:
        draft: [N], a valid completion.
        free: [N] slots still open.
        hole_of: [N] number of the hole of every slot; that of a slot of no hole has no meaning.
        grows: [N] slots of holes that may grow.
        filler: the token that leaves no text.
    """
    for hole in np.setdiff1d(hole_of[grows & free], hole_of[grows & (draft == filler)]):
        slots = np.flatnonzero(grows & (hole_of == hole))
        if not free[slots[:-NEAR_END]].any():
            return Resize(len(slots), int(slots[-1]) + 1)
    return None
