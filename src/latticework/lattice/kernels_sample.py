"""Drawing one filling: a walk from the start cell, weighted by the sums over all completions."""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import KERNEL
from latticework.lattice.kernels_best import successors
from latticework.lattice.kernels_log import NOTHING
from latticework.lattice.kernels_sums import DEAD
from latticework.lattice.tables import PIECE_LABEL, PIECE_TARGET_STATE

_LOG_2 = np.log(2.0)


@njit(**KERNEL)
def draw_path(
    tables, weight_row, gap, total, fixed_offset, fixed_piece, value, power, uniform, found, cells, shares, labels
):
    """Draw the label of every slot from the exact joint distribution of fillings.

    Args:
        gap, total: [n, labels] float32, the weight of a label is total * exp(-gap).
        value: [N + 1, size] float64 sums of completions: linear with ``power`` [N + 1, S] int32, or
            logarithms (NOTHING for zero) when ``power`` has no rows.
        uniform: [N] float64 in [0, 1).
        found, cells: buffers of :func:`successors`; shares: float64 buffer as long.
        labels: [N] int32, written: label in every slot (of fixed slots too).
    """
    row_offset, pieces, exits, vectors, states = (
        tables.row_offset,
        tables.piece,
        tables.exit,
        tables.vector,
        tables.state,
    )
    state, cell = np.int64(0), np.int64(tables.start)
    linear = len(power) > 0
    for slot in range(len(weight_row)):
        is_free = weight_row[slot] >= 0
        first, last = fixed_offset[slot], fixed_offset[slot + 1]
        count = successors(
            row_offset, pieces, exits, vectors, states, state, cell, is_free, fixed_piece, first, last, found, cells
        )
        top = NOTHING
        for i in range(count):
            piece = found[i]
            share = value[slot + 1, cells[i]]
            if linear:
                level = power[slot + 1, pieces[PIECE_TARGET_STATE, piece]]
                share = np.log(share) + level * _LOG_2 if level > DEAD and share > 0 else NOTHING
            if is_free:
                label = pieces[PIECE_LABEL, piece]
                mass = np.float64(total[weight_row[slot], label])
                share += np.log(mass) - gap[weight_row[slot], label] if mass > 0 else NOTHING
            shares[i] = share
            top = share if share > top else top
        every = 0.0
        for i in range(count):
            shares[i] = np.exp(shares[i] - top) if shares[i] > 0.5 * NOTHING else 0.0
            every += shares[i]
        left = uniform[slot] * every
        chosen = -1
        for i in range(count):
            if shares[i] > 0:
                chosen = i
                left -= shares[i]
                if left < 0:
                    break
        labels[slot] = pieces[PIECE_LABEL, found[chosen]]
        state = np.int64(pieces[PIECE_TARGET_STATE, found[chosen]])
        cell = np.int64(cells[chosen])
