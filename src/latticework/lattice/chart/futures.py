"""Lexer states from which all that follows in a canvas is read alike: the same lexemes, ending at the same places.

Partition by what a state does on the next byte, or in the next free slot, and by the parts that lead to; from the right
to the left. As far as this is followed, so that parts may be finer than they need be, never coarser.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.chart.canvas import Canvas
from latticework.lattice.chart.kernels_sweep import GapTables
from latticework.lattice.chart.tables import SlotTables

MOST_BYTES = 32  # behind a gap that are followed
MOST_SLOTS = 3  # at the end of a gap

IntArray = NDArray[np.int64]


def futures(tables: SlotTables, canvas: Canvas, gaps: GapTables, behind: NDArray[np.bool_], elastic: bool) -> IntArray:
    """[rows, Q] the parts before each slot of a gap and behind its last; equal numbers in a row are alike.

    Args:
        behind: [rows, Q] states from which all that follows can be read; others are in no reading.
        elastic: whether slots may hold fillers.
    """
    states = np.arange(len(tables.root))
    found = np.tile(states, (len(gaps.reached), 1))
    is_last = (tables.accept_class >= 0) & (tables.accept_class < tables.ignored)
    final = _numbered(tables.may_end, np.where(is_last, tables.accept_class, -1))
    for gap in range(canvas.gaps):
        at, stop = int(canvas.gap_at[gap]), len(canvas.text)
        if gap + 1 < canvas.gaps:
            stop = int(canvas.gap_at[gap + 1])
        part = final if gap + 1 == canvas.gaps and stop - at <= MOST_BYTES else states
        for offset in range(min(stop, at + MOST_BYTES) - 1, at - 1, -1):
            part = _before_byte(tables, int(canvas.text[offset]), part)
        last = int(gaps.row[gap + 1]) - 1
        found[last] = part
        may_end = gaps.open_end and gap == canvas.gaps - 1
        for row in range(last - 1, max(int(gaps.row[gap]), last - MOST_SLOTS) - 1, -1):
            columns = [_in_slot(tables, part, behind[row + 1])]
            columns += [part] if elastic else []
            columns += [final] if may_end else []
            part = _numbered(*columns)
            found[row] = part
    return found


def _numbered(*columns: NDArray[np.generic]) -> IntArray:
    """Numbers of the rows of some columns, equal for equal rows."""
    keys = np.stack([column.astype(np.int64) for column in columns], axis=1)
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)


def _before_byte(tables: SlotTables, byte: int, part: IntArray) -> IntArray:
    going_on = tables.next_state[:, byte]
    ending = np.where(going_on >= 0, tables.split_class, tables.accept_class)
    begun = np.where(ending >= 0, tables.next_state[tables.start_after[ending], byte], -1)
    kind = np.where(begun >= 0, np.minimum(ending, tables.ignored), -1)
    return _numbered(np.where(going_on >= 0, part[going_on], -1), kind, np.where(begun >= 0, part[begun], -1))


def _in_slot(tables: SlotTables, part: IntArray, behind: NDArray[np.bool_]) -> IntArray:
    """[Q] by the words of a free slot and the parts in which it may end."""
    ends = np.unpackbits(tables.node_end.view(np.uint8), axis=1, count=len(part), bitorder="little").view(np.bool_)
    ends = ends & behind
    number: dict[tuple[bytes, bytes, bytes], int] = {}
    of_node = np.zeros(len(tables.rank), np.int64)
    for node in tables.by_rank[::-1].tolist():
        edges = slice(tables.edge_offset[node], tables.edge_offset[node + 1])
        kinds = np.minimum(tables.edge_class[edges], tables.ignored)
        key = np.unique(part[ends[node]]).tobytes(), kinds.tobytes(), of_node[tables.edge_target[edges]].tobytes()
        of_node[node] = number.setdefault(key, len(number))
    return of_node[tables.root]
