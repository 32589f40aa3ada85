"""The arrays the kernels read: a token automaton laid out for one slot of a canvas."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Int32Array = NDArray[np.int32]

# Columns of ``Tables.vector``: state id, first cell, first row, first block (a piece), first exit,
# first exit output; values that its blocks and exits move.
VECTOR_STATE, VECTOR_BASE, VECTOR_ROW, VECTOR_BLOCK, VECTOR_EXIT, VECTOR_OUTPUT, VECTOR_WORK = range(7)
# Columns of ``Tables.exit``: first cell; rows and cols of cells; cells from row to row, or from output
# to output; number of outputs (rows is 1 where it is above 1); first output value.
EXIT_SOURCE, EXIT_ROWS, EXIT_COLS, EXIT_STRIDE, EXIT_OUTPUTS, EXIT_TARGET = range(6)
# Columns of ``Tables.piece``: first source value, first target cell; rows and cols and their strides; label
# (from end_label + 1 on a merged label of the layout); exit whose output is the source, -1 if the
# source is a cell; source state id, target state id.
(
    PIECE_SOURCE,
    PIECE_TARGET,
    PIECE_ROWS,
    PIECE_COLS,
    PIECE_SOURCE_STRIDE,
    PIECE_TARGET_STRIDE,
    PIECE_LABEL,
    PIECE_EXIT,
    PIECE_STATE,
    PIECE_TARGET_STATE,
) = range(10)
# Columns of ``Tables.state``: index among the vector states, -1 for a scalar one; first cell.
STATE_VECTOR, STATE_CELL = range(2)


class Tables(NamedTuple):
    """A slot's row of values holds one *cell* per configuration ``(state, counts)`` and, behind the
    cells, one value per *exit* output.

    Cells ``0..scalar_states`` belong to the states with a single cell (cell = position of the
    state); the K *vector* states follow, each with its counts in row-major order. An exit stands for
    the cells of a vector state from which one group of edges may leave its scopes: it reduces
    ``rows x cols`` cells to one value, or, where the outer scope stays, to one value per outer count.

    A *piece* moves a ``rows x cols`` block of source values to target cells. Pieces with one value
    (P0 of them) come first and are grouped into R rows by source; the others are grouped by vector
    state. No piece and no exit leaves the row, so the kernels need no bounds checks.

    All arrays are int32 and read-only; few and two-dimensional, because every kernel that takes them
    is compiled for each array of them.
    """

    scalar_states: int
    cells: int
    size: int  # cells + exit outputs
    start: int  # cell of the start configuration
    scalar_state: Int32Array  # [scalar_states] state id
    row_offset: Int32Array  # [R + 1] into the pieces; row r < scalar_states is scalar cell r
    row_source: Int32Array  # [R] source value
    vector: Int32Array  # [7, K + 1], the last column ends the ranges
    exit: Int32Array  # [6, X]
    piece: Int32Array  # [10, P]
    state: Int32Array  # [2, S]

    @property
    def vectors(self) -> int:
        """K."""
        return self.vector.shape[1] - 1


def successor_limit(tables: Tables) -> int:
    """Most pieces of one state."""
    return int(np.bincount(tables.piece[PIECE_STATE]).max(initial=0))
