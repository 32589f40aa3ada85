"""Kernel of the breadth-first search for a shortest document: every cell is looked at once."""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import KERNEL
from latticework.lattice.kernels_best import successors
from latticework.lattice.tables import PIECE_LABEL, PIECE_TARGET_STATE


@njit(**KERNEL)
def shortest(tables, accept, limit, no_pieces, queue, state_of, parent, label, found, cells):
    """Follow all pieces from the start cell until a cell accepts.

    Args:
        accept: [cells] bool.
        limit: most steps.
        no_pieces: [0] int32.
        queue: [cells] int32, scratch.
        state_of: [cells] int32, all -1; out: the state of every cell that was reached.
        parent, label: [cells] int32, out: of those, the cell before and the label that led here.
        found, cells: buffers of :func:`latticework.lattice.kernels_best.successors`.

    Returns:
        Steps and the accepting cell; -1 steps where every cell that can be reached has been, -2 after ``limit``.
    """
    pieces = tables.piece
    queue[0] = tables.start
    state_of[tables.start] = 0
    if accept[tables.start]:
        return 0, np.int64(tables.start)
    first, last = 0, 1
    for used in range(1, limit + 1):
        end = last
        for at in range(first, last):
            cell = np.int64(queue[at])
            state = np.int64(state_of[cell])
            count = successors(
                tables.row_offset,
                pieces,
                tables.exit,
                tables.vector,
                tables.state,
                state,
                cell,
                True,
                no_pieces,
                0,
                0,
                found,
                cells,
            )
            for i in range(count):
                target = cells[i]
                if state_of[target] < 0:
                    state_of[target] = pieces[PIECE_TARGET_STATE, found[i]]
                    parent[target] = cell
                    label[target] = pieces[PIECE_LABEL, found[i]]
                    queue[end] = target
                    end += 1
        for at in range(last, end):
            if accept[queue[at]]:
                return used, np.int64(queue[at])
        if end == last:
            return -1, np.int64(0)
        first, last = last, end
    return -2, np.int64(0)
