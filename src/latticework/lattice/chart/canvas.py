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
    body = text_slots(vocabulary, tokens, free, tail)
    if body < len(tokens):
        behind = body + np.flatnonzero(~free[body:] & ~np.isin(tokens[body:], vocabulary.end_tokens))
        if len(behind):
            return None, int(behind[0])
    is_free = free[:body]
    pieces = vocabulary.pieces(np.where(is_free, -1, tokens[:body]).tolist())
    size = np.fromiter(map(len, pieces), np.int32, body)
    spare = ~is_free & (tokens[:body] == filler)
    nowhere = np.flatnonzero(~is_free & ~spare & (size == 0))
    if len(nowhere):
        return None, int(nowhere[0])
    size[spare] = 0
    slots = np.flatnonzero(is_free)
    # Free slots without text between them are one gap.
    gap_at, first, count = np.unique(np.cumsum(size)[slots], return_index=True, return_counts=True)
    text = np.frombuffer(
        b"".join([piece for piece, is_spare in zip(pieces, spare, strict=True) if not is_spare]), np.uint8
    )
    return (
        Canvas(
            text,
            gap_at.astype(np.int32),
            count.astype(np.int32),
            slots[first].astype(np.int32),
            slots[first + count - 1].astype(np.int32),
            tail and bool(len(gap_at)) and bool(gap_at[-1] == len(text)),
            body,
        ),
        -1,
    )


def text_slots(vocabulary: Vocabulary, tokens: NDArray[np.int64], free: NDArray[np.bool_], tail: bool) -> int:
    """How many slots stand before the first fixed end token."""
    if not tail:
        return len(tokens)
    is_end = ~free & np.isin(tokens, vocabulary.end_tokens)
    return int(np.argmax(is_end)) if is_end.any() else len(tokens)
