"""Which token classes are alike in a slot, and which can be in no filling there, going by the lexer and one chart.

Of the readings of a token class only those count that begin in a lexer state that the text before the slot may lead to,
end in one from which the text behind it can be read, and hold lexemes that some derivation of the coarsest graph has
there. All others are part of no filling. Classes whose readings that count are the same but for lexer states that have
the same future (:mod:`.futures`) are admissible together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.chart.canvas import Canvas
from latticework.lattice.chart.futures import futures
from latticework.lattice.chart.kernels_graph import INTO, WITHIN
from latticework.lattice.chart.kernels_sweep import GapTables
from latticework.lattice.chart.language import Language
from latticework.lattice.chart.live_slots import LiveSlots
from latticework.lattice.chart.readings import Readings
from latticework.lattice.chart.tables import SlotTables

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


class Alike:
    """Of one canvas."""

    def __init__(
        self,
        language: Language,
        tables: SlotTables,
        canvas: Canvas,
        gaps: GapTables,
        used: NDArray[np.uint64],
        elastic: bool,
    ) -> None:
        """Args: ``gaps``: swept. ``used``: [G, 3, classes] uint64 sets of the lexemes of any derivation."""
        self._lexical = language.lexical
        kinds = self._lexical.lexer.classes
        self._before = _dense(gaps.reached, self._lexical.lexer.states)
        self._behind = _behind(tables, canvas, gaps)
        self._future = futures(tables, canvas, gaps, self._behind, elastic)
        self._used = _dense(used, kinds)
        self._used[..., tables.ignored :] = True  # what is ignored is no lexeme of a derivation
        self._row = gaps.row
        self._depth = _depths(self._lexical.word_parent)
        self._closer: dict[int, LiveSlots] = {}
        self._readings: Callable[[int, int], Readings] | None = None

    def look_closer(self, gap: int, live: LiveSlots) -> None:
        """Leave out readings of a gap that a chart which is exact there does not use."""
        self._closer[gap] = live

    def read_exactly(self, readings: Callable[[int, int], Readings]) -> None:
        """Tell of every reading whether a filling uses it, from now on, by a graph that is exact in all gaps."""
        self._readings = readings

    def groups(self, gap: int, place: int) -> list[IntArray]:
        """Token classes that are admissible together in a slot of a gap; the others are not admissible."""
        lexical, (chosen, kind, future) = self._lexical, self._counting(gap, place)
        own = lexical.reading_source[chosen], lexical.reading_word[chosen], future
        readings = np.unique(np.stack([kind, *own], axis=1), axis=0)
        kinds, first = np.unique(readings[:, 0], return_index=True)
        found: dict[bytes, list[int]] = {}
        for one, begin, end in zip(kinds.tolist(), first, np.append(first, len(readings))[1:], strict=True):
            found.setdefault(readings[begin:end, 1:].tobytes(), []).append(one)
        return [np.array(group, np.int64) for group in found.values()]

    def admissible(self, gap: int, place: int) -> IntArray | None:
        """All token classes that are admissible in a slot of a gap; ``None`` without a graph that is exact in all gaps.

        Of ever fewer classes ever more readings are asked for, those from the commonest states first.
        """
        if self._readings is None:
            return None
        lexical, (chosen, kind, future) = self._lexical, self._counting(gap, place)
        source, word, state = lexical.reading_source, lexical.reading_word, lexical.reading_state
        own = np.stack([source[chosen], word[chosen], future], axis=1)
        _, first, number = np.unique(own, axis=0, return_index=True, return_inverse=True)
        order = np.lexsort((-np.bincount(source[chosen])[source[chosen]], kind))
        kind, number = kind[order], number.reshape(-1)[order]
        rank = np.arange(len(kind)) - np.searchsorted(kind, kind)
        readings, some = self._readings(gap, place), chosen[first]
        is_used, is_known = np.zeros(len(some), np.bool_), np.zeros(len(some), np.bool_)
        last = 1
        while True:
            is_open = ~np.isin(kind, kind[is_used[number]])
            asked = np.unique(number[is_open & (rank < last)])
            asked = asked[~is_known[asked]]
            is_used[asked] = readings.used(source[some[asked]], word[some[asked]], state[some[asked]])
            is_known[asked] = True
            if last > rank.max(initial=0):
                return np.unique(kind[is_used[number]])
            last *= 4

    def _counting(self, gap: int, place: int) -> tuple[IntArray, IntArray, IntArray]:
        """The readings that count in a slot of a gap, their classes, and the parts of what is to come behind them."""
        lexical, row = self._lexical, int(self._row[gap]) + place
        counts = self._before[row][lexical.reading_source] & self._behind[row + 1][lexical.reading_state]
        counts &= self._words_used(gap)[lexical.reading_word]
        chosen = np.flatnonzero(counts)
        if gap in self._closer:
            source, word, state = lexical.reading_source, lexical.reading_word, lexical.reading_state
            own = [part[chosen].astype(np.int64) for part in (source, word, state)]
            chosen = chosen[self._closer[gap].used(place, own[0], own[1], own[2])]
        kind = np.searchsorted(lexical.reading_offset, chosen, side="right") - 1
        return chosen, kind, self._future[row + 1][lexical.reading_state[chosen]]

    def _words_used(self, gap: int) -> BoolArray:
        """[W] whether all lexemes of a word are used in a gap."""
        lexical = self._lexical
        found = np.ones(len(lexical.word_parent), np.bool_)
        first = self._used[gap, INTO] | self._used[gap, WITHIN]
        for depth in range(1, int(self._depth.max()) + 1):
            words = np.flatnonzero(self._depth == depth)
            allowed = first if depth == 1 else self._used[gap, WITHIN]
            found[words] = found[lexical.word_parent[words]] & allowed[lexical.word_class[words]]
        return found


def _dense(bits: NDArray[np.uint64], size: int) -> BoolArray:
    return np.unpackbits(bits.view(np.uint8), axis=-1, count=size, bitorder="little").view(np.bool_)


def _depths(parent: NDArray[np.int32]) -> NDArray[np.int64]:
    """[W] lexemes of each word."""
    depth, at = np.zeros(len(parent), np.int64), np.arange(len(parent))
    while (at > 0).any():
        depth += at > 0
        at = np.where(at > 0, parent[at], 0)
    return depth


def _behind(tables: SlotTables, canvas: Canvas, gaps: GapTables) -> BoolArray:
    """[rows, Q] states before each slot of a gap, and behind its last, from which all that follows can be read."""
    found = np.zeros((len(gaps.reached), len(tables.root)), np.bool_)
    final = tables.may_end | (tables.accept_class >= 0) & (tables.accept_class < tables.ignored)
    leads = tables.stay | tables.inside_end
    states, at = final.copy(), len(canvas.text)
    for gap in range(canvas.gaps - 1, -1, -1):
        for offset in range(at - 1, int(canvas.gap_at[gap]) - 1, -1):
            states = _before_byte(tables, int(canvas.text[offset]), states)
        at = int(canvas.gap_at[gap])
        may_end = gaps.open_end and gap == canvas.gaps - 1
        last = int(gaps.row[gap + 1]) - 1
        found[last] = states
        for row in range(last - 1, int(gaps.row[gap]) - 1, -1):
            states = np.any(leads & np.packbits(_padded(states), bitorder="little").view(np.uint64), axis=1)
            if may_end:
                states = states | final
            found[row] = states
    return found


def _padded(states: BoolArray) -> BoolArray:
    return np.append(states, np.zeros(-len(states) % 64, np.bool_))


def _before_byte(tables: SlotTables, byte: int, behind: BoolArray) -> BoolArray:
    """States from which a byte leads to one of ``behind``, whether a lexeme ends before it or not."""
    going_on = tables.next_state[:, byte]
    ending = np.where(going_on >= 0, tables.split_class, tables.accept_class)
    begun = np.where(ending >= 0, tables.next_state[tables.start_after[ending], byte], -1)
    return (going_on >= 0) & behind[going_on] | (begun >= 0) & behind[begun]
