"""Sets of Unicode code points as inclusive ranges, surrogates excluded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

MAX_CODE_POINT = 0x10FFFF
SURROGATES = (0xD800, 0xDFFF)

Ranges: TypeAlias = tuple[tuple[int, int], ...]


def normalise_ranges(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Sort, merge, and drop surrogates. Inclusive code point ranges in and out."""
    pieces: list[tuple[int, int]] = []
    for low, high in ranges:
        if low < SURROGATES[0]:
            pieces.append((low, min(high, SURROGATES[0] - 1)))
        if high > SURROGATES[1]:
            pieces.append((max(low, SURROGATES[1] + 1), min(high, MAX_CODE_POINT)))
    merged: list[tuple[int, int]] = []
    for low, high in sorted(p for p in pieces if p[0] <= p[1]):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement_ranges(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Code points outside ``ranges`` (surrogates excluded from both)."""
    out: list[tuple[int, int]] = []
    next_low = 0
    for low, high in normalise_ranges(ranges):
        if low > next_low:
            out.append((next_low, low - 1))
        next_low = high + 1
    if next_low <= MAX_CODE_POINT:
        out.append((next_low, MAX_CODE_POINT))
    return normalise_ranges(out)
