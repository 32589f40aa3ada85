"""A canvas as a text with gaps: the bytes of its fixed slots, and runs of free slots between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.tokens.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, slots=True)
class Canvas:
    """Immutable; G gaps, B bytes.

    Attributes:
        text: [B] uint8, the bytes of all fixed slots.
        gap_at: [G] int32, ascending: the gap stands before this byte.
        gap_slots: [G] int32, how many free slots it has, at least 1.
        gap_first, gap_last: [G] int32, its first and last slot (fillers may be among those between).
        open_end: whether the text may end in the last gap, before its last slot.
        body: slots before the first fixed end token; all slots behind it hold end tokens.
    """

    text: NDArray[np.uint8]
    gap_at: NDArray[np.int32]
    gap_slots: NDArray[np.int32]
    gap_first: NDArray[np.int32]
    gap_last: NDArray[np.int32]
    open_end: bool
    body: int

    @property
    def gaps(self) -> int:
        return len(self.gap_at)


def text_canvas(data: bytes) -> Canvas:
    """A text without gaps."""
    none = np.zeros(0, np.int32)
    return Canvas(np.frombuffer(data, np.uint8), none, none, none, none, False, 0)


def canvas_of(
    vocabulary: Vocabulary, tokens: NDArray[np.int64], free: NDArray[np.bool_], tail: bool, filler: int = -1
) -> tuple[Canvas | None, int]:
    """The canvas of slots, or ``None`` and the slot at which it cannot be valid for a token that no text has.

    Args:
        tokens, free: [N].
        tail: whether end tokens may follow the text.
        filler: the token that leaves no text, -1 for none.
    """
    fixed = np.flatnonzero(~free)
    is_end = np.isin(tokens[fixed], vocabulary.end_tokens) if tail else np.zeros(len(fixed), np.bool_)
    body = int(fixed[is_end][0]) if is_end.any() else len(tokens)
    behind = fixed[(fixed > body) & ~is_end]
    if len(behind):
        return None, int(behind[0])
    pieces: list[bytes] = []
    gap_at: list[int] = []
    gap_first: list[int] = []
    gap_last: list[int] = []
    gap_slots: list[int] = []
    size = 0
    for slot in range(body):
        if not free[slot] and tokens[slot] == filler:
            continue
        if free[slot]:
            if gap_at and gap_at[-1] == size:
                gap_slots[-1] += 1
                gap_last[-1] = slot
            else:
                gap_at.append(size)
                gap_first.append(slot)
                gap_last.append(slot)
                gap_slots.append(1)
            continue
        token = int(tokens[slot])
        piece = vocabulary.bytes(token) if 0 <= token < len(vocabulary) else b""
        if not piece:
            return None, slot
        pieces.append(piece)
        size += len(piece)
    open_end = tail and bool(gap_at) and gap_at[-1] == size
    return (
        Canvas(
            np.frombuffer(b"".join(pieces), np.uint8),
            np.array(gap_at, np.int32),
            np.array(gap_slots, np.int32),
            np.array(gap_first, np.int32),
            np.array(gap_last, np.int32),
            open_end,
            body,
        ),
        -1,
    )
