"""A canvas of another length: where slots are put in or cut, and what is kept by slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Resize

NEAR_END = 8  # slots
SPARE = 4  # fillers that a room keeps when it is cut
MOST_SPARE = 12  # fillers at the end of a room above which it is cut
SURE = 0.9  # least confidence of these fillers, and of the text behind which a canvas grows
RECENT = 16  # slots that were written last
NEAR_FULL = 32  # open slots at the end of a canvas when it may grow, and slots in which a part has to begin or end


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """The canvas after a change of its length.

    Attributes:
        tokens, free: [N'] int64 and bool; slots that were put in are free.
        at: the slot before which slots were put in, or the first that was cut.
        count: how many were put in; below 0 how many were cut.
    """

    tokens: NDArray[np.int64]
    free: NDArray[np.bool_]
    at: int
    count: int

    def fitted(self, values: NDArray[Any], blank: float) -> NDArray[Any]:
        """[N'] what is kept by slot, ``blank`` for slots that were put in."""
        if self.count > 0:
            return np.insert(values, self.at, np.full(self.count, blank, dtype=values.dtype))
        return np.delete(values, slice(self.at, self.at - self.count))


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
    if change.at is not None:
        cut = slice(at, at - change.count)
        return Shape(np.delete(tokens, cut), np.delete(free, cut), at, change.count) if free[cut].all() else None
    fixed = np.flatnonzero(~free)
    kept = max(length + change.count, int(fixed[-1]) + 1 if len(fixed) else 1)
    return None if kept >= length else Shape(tokens[:kept], free[:kept], kept, kept - length)


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


def room_behind_full_canvas(
    tokens: NDArray[np.int64],
    draft: NDArray[np.int64],
    free: NDArray[np.bool_],
    is_end: NDArray[np.bool_],
    parts: NDArray[np.bool_],
    at_commit: NDArray[np.float64],
) -> Resize | None:
    """As many slots again for a canvas that the draft fills to its last slot, once its first ``NEAR_FULL`` slots from
    the end are reached.

    The density of ends is the signal that rho-EOS (arXiv 2601.22527) grows and shrinks a canvas by; here the canvas
    starts with slack, so only its absence counts. A text that the model is not sure of any more, or that has gone on
    for long without a new part, has usually lost its way inside a string: more room would only make it longer.

    Args:
        tokens: [N], meant where slots are fixed.
        draft: [N], a valid completion.
        free: [N] slots still open.
        is_end: [V] whether a token ends the text.
        parts: [V] whether a token begins or ends a part of a document.
        at_commit: [N] confidence with which slots were written; 0 where nothing was.
    """
    open_slots = np.flatnonzero(free)
    if not len(open_slots) or is_end[draft].any():
        return None
    first = int(open_slots[0])
    if (
        first < max(len(draft) // 2, len(draft) - NEAR_FULL)
        or not parts[tokens[max(0, first - NEAR_FULL) : first]].any()
    ):
        return None
    recent = at_commit[:first][at_commit[:first] > 0][-RECENT:]
    return Resize(len(draft)) if len(recent) and np.median(recent) >= SURE else None


def spare_room(
    draft: NDArray[np.int64],
    free: NDArray[np.bool_],
    hole_of: NDArray[np.int64],
    grows: NDArray[np.bool_],
    confidence: NDArray[np.float64],
    filler: int,
) -> Resize | None:
    """A cut for the first hole that has text and more than ``MOST_SPARE`` sure fillers at its end, ``SPARE`` left.

    A hole of fillers alone is not cut: what may stand in it would not fit any more. One that may not grow is not,
    either: a cut could not be made good.

    Args:
        draft, free, hole_of, grows, filler: as of :func:`room_for_full_hole`.
        confidence: [N] of the draft.
    """
    sure = free & grows & (draft == filler) & (confidence >= SURE)
    for hole in np.unique(hole_of[sure]):
        slots = np.flatnonzero(grows & (hole_of == hole))
        spare = int(np.append(~sure[slots][::-1], True).argmax())
        if spare > MOST_SPARE and (draft[slots] != filler).any():
            return Resize(SPARE - spare, int(slots[-1]) + 1 - spare + SPARE)
    return None
