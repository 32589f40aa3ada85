"""Windows that were looked at before: what one more token does not touch is not worked out again.

A window is known by its text, its gaps and how they are looked at, the symbol and the nodes at its ends, all relative
to where it begins. What stands outside may forbid lexemes that a known one uses, never make its derivation wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.chart.canvas import Canvas
from latticework.lattice.chart.derivation import Derivation
from latticework.lattice.chart.kernels_graph import BEFORE_END

MOST_WINDOWS = 4_096  # that are remembered
_OFFSET = 33


@dataclass(frozen=True, slots=True)
class Place:
    """A window of a canvas: the key under which it is known, and where it begins: a byte and the gap from there on."""

    key: tuple[int | bytes, ...]
    offset: int
    gap: int


class Windows:
    """What was found in windows, ``None`` for nothing; of one session, for one thread at a time."""

    def __init__(self) -> None:
        self._found: dict[tuple[int | bytes, ...], Derivation | None] = {}

    def place(self, canvas: Canvas, levels: NDArray[np.int32], detail: int, symbol: int, begin: int, end: int) -> Place:
        """A window between two nodes, by their keys."""
        first = max(begin, 0) >> _OFFSET
        last = len(canvas.text) if end >= BEFORE_END else end >> _OFFSET
        low, high = np.searchsorted(canvas.gap_at, [first, last + 1])
        shape = np.concatenate([canvas.gap_at[low:high] - first, canvas.gap_slots[low:high], levels[low:high]])
        at_end = canvas.open_end and high == canvas.gaps
        shift = first << _OFFSET
        ends = begin if begin < 0 else begin - shift, end if end >= BEFORE_END else end - shift
        key = symbol, detail, int(at_end), *ends, canvas.text[first : last + 1].tobytes(), shape.tobytes()
        return Place(key, first, int(low))

    def known(self, place: Place) -> bool:
        return place.key in self._found

    def recall(self, place: Place) -> Derivation | None:
        """What was found in a known window, where it is now."""
        found = self._found[place.key]
        return None if found is None else _moved(found, place.offset, place.gap)

    def note(self, place: Place, found: Derivation | None) -> None:
        if len(self._found) >= MOST_WINDOWS:
            self._found.clear()
        self._found[place.key] = None if found is None else _moved(found, -place.offset, -place.gap)


def _moved(derivation: Derivation, offset: int, gap: int) -> Derivation:
    """Keys by so many bytes, gaps by so many."""
    items = derivation.items.copy()
    items[:, 1:3] = _moved_keys(items[:, 1:3], offset)
    gaps = np.where(derivation.gap < 0, -1, derivation.gap + gap).astype(np.int32)
    return Derivation(derivation.terminals, items, _moved_keys(derivation.path, offset), gaps)


def _moved_keys(keys: NDArray[np.int64], offset: int) -> NDArray[np.int64]:
    return np.where((keys < 0) | (keys >= BEFORE_END), keys, keys + (offset << _OFFSET))
