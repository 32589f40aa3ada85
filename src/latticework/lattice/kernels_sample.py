"""Drawing one filling: a walk from the start cell, weighted by the sums over all completions."""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.lattice.kernels_best import successors
from latticework.lattice.kernels_sums import DEAD

_LOG_2 = np.log(2.0)


@njit(cache=True, nogil=True)
def draw_path(
    tables, weight_row, gap, total, fixed_offset, fixed_piece, value, power, uniform, pieces, cells, shares, labels
):
    """Draw the label of every slot from the exact joint distribution of fillings.

    Args:
        gap, total: [n, labels] float32, the weight of a label is total * exp(-gap).
        value: [N + 1, size] float64 sums of completions: linear with ``power`` [N + 1, S] int32, or
            logarithms when ``power`` has no rows.
        uniform: [N] float64 in [0, 1).
        pieces, cells: buffers of :func:`successors`; shares: float64 buffer as long.
        labels: [N] int32, written: label in every slot (of fixed slots too).
    """
    state, cell = np.int64(0), np.int64(tables.start)
    linear = len(power) > 0
    for slot in range(len(weight_row)):
        is_free = weight_row[slot] >= 0
        fixed = fixed_piece[fixed_offset[slot] : fixed_offset[slot + 1]]
        count = successors(tables, state, cell, is_free, fixed, pieces, cells)
        top = -np.inf
        for i in range(count):
            piece = pieces[i]
            share = value[slot + 1, cells[i]]
            if linear:
                level = power[slot + 1, tables.piece_target_state[piece]]
                share = np.log(share) + level * _LOG_2 if level > DEAD and share > 0 else -np.inf
            if is_free:
                label = tables.piece_label[piece]
                mass = np.float64(total[weight_row[slot], label])
                share += np.log(mass) - gap[weight_row[slot], label] if mass > 0 else -np.inf
            shares[i] = share
            top = max(top, share)
        every = 0.0
        for i in range(count):
            shares[i] = np.exp(shares[i] - top)
            every += shares[i]
        left = uniform[slot] * every
        chosen = -1
        for i in range(count):
            if shares[i] > 0:
                chosen = i
                left -= shares[i]
                if left < 0:
                    break
        labels[slot] = tables.piece_label[pieces[chosen]]
        state = np.int64(tables.piece_target_state[pieces[chosen]])
        cell = np.int64(cells[chosen])
