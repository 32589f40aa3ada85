"""The arrays the kernels read: a token automaton laid out for one slot of a canvas."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Int32Array = NDArray[np.int32]


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

    All arrays are int32 and read-only.
    """

    scalar_states: int
    cells: int
    size: int  # cells + exit outputs
    start: int  # cell of the start configuration

    scalar_state: Int32Array  # [scalar_states] state id
    vector_state: Int32Array  # [K] state id
    vector_base: Int32Array  # [K + 1] first cell
    vector_row: Int32Array  # [K + 1] into the rows
    vector_block: Int32Array  # [K + 1] into the pieces
    vector_exit: Int32Array  # [K + 1] into the exits
    vector_output: Int32Array  # [K + 1] first exit output value
    vector_work: Int32Array  # [K] values that its blocks and exits move
    vector_of_state: Int32Array  # [S] index of the vector state, -1 for a scalar one
    cell_of_state: Int32Array  # [S] first cell

    row_offset: Int32Array  # [R + 1] into the pieces; row r < scalar_states is scalar cell r
    row_source: Int32Array  # [R] source value

    exit_source: Int32Array  # [X] first cell
    exit_rows: Int32Array  # [X]
    exit_cols: Int32Array  # [X]
    exit_stride: Int32Array  # [X] cells from row to row, or from output to output
    exit_outputs: Int32Array  # [X]; exit_rows is 1 where this is above 1
    exit_target: Int32Array  # [X] first output value

    piece_source: Int32Array  # [P] first source value
    piece_target: Int32Array  # [P] first target cell
    piece_rows: Int32Array
    piece_cols: Int32Array
    piece_source_stride: Int32Array
    piece_target_stride: Int32Array
    piece_label: Int32Array  # a label; from end_label + 1 on a merged label of the layout
    piece_exit: Int32Array  # exit whose output is the source, -1 if the source is a cell
    piece_state: Int32Array  # source state id
    piece_target_state: Int32Array  # target state id


def successor_limit(tables: Tables) -> int:
    """Most pieces of one state."""
    return int(np.bincount(tables.piece_state).max(initial=0))
