"""The sums of ``kernels_sums`` in the log domain: slow, and exact for weights of any magnitude.

Only used when the linear kernels report that something they raised to their floor matters.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _log_add(a, b):
    if a < b:
        a, b = b, a
    return a if b == -np.inf else a + np.log1p(np.exp(b - a))


@njit(cache=True, nogil=True)
def _pull_log(tables, piece, weight, before, after):
    for line in range(tables.piece_rows[piece]):
        source = tables.piece_source[piece] + line * tables.piece_source_stride[piece]
        target = tables.piece_target[piece] + line * tables.piece_target_stride[piece]
        for i in range(tables.piece_cols[piece]):
            if after[target + i] > -np.inf:
                before[source + i] = _log_add(before[source + i], weight + after[target + i])


@njit(cache=True, nogil=True)
def log_values(tables, weight_row, weight, fixed_offset, fixed_piece, valid, value):
    """Log of the sum over all completions of the product of weights, from every valid cell, by slot.

    Args:
        weight: [n, labels] float64 log weights, -inf where a label does not fit.
        valid: the sets.
        value: [N + 1, size] float64, -inf; written.
    """
    slots = len(weight_row)
    singles = tables.row_offset[-1]
    for cell in range(tables.cells):
        if valid[slots, cell]:
            value[slots, cell] = 0.0
    for slot in range(slots - 1, -1, -1):
        row, after = value[slot], value[slot + 1]
        if weight_row[slot] < 0:
            for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
                _pull_log(tables, fixed_piece[at], 0.0, row, after)
        else:
            gain = weight[weight_row[slot]]
            for piece in range(len(tables.piece_source)):
                if gain[tables.piece_label[piece]] > -np.inf:
                    if piece < singles and after[tables.piece_target[piece]] == -np.inf:
                        continue
                    _pull_log(tables, piece, gain[tables.piece_label[piece]], row, after)
        for exit_ in range(len(tables.exit_source)):
            outputs = tables.exit_outputs[exit_]
            for line in range(max(tables.exit_rows[exit_], outputs)):
                held = row[tables.exit_target[exit_] + (line if outputs > 1 else 0)]
                start = tables.exit_source[exit_] + line * tables.exit_stride[exit_]
                if held > -np.inf:
                    for cell in range(start, start + tables.exit_cols[exit_]):
                        row[cell] = _log_add(row[cell], held)
        for cell in range(tables.cells):
            if not valid[slot, cell]:
                row[cell] = -np.inf


@njit(cache=True, nogil=True)
def _push_log(tables, piece, weight, before, after, value):
    flow = 0.0
    for line in range(tables.piece_rows[piece]):
        source = tables.piece_source[piece] + line * tables.piece_source_stride[piece]
        target = tables.piece_target[piece] + line * tables.piece_target_stride[piece]
        for i in range(tables.piece_cols[piece]):
            moved = before[source + i] + weight
            if moved > -np.inf and value[target + i] > -np.inf:
                after[target + i] = _log_add(after[target + i], moved)
                flow += np.exp(moved + value[target + i])
    return flow


@njit(cache=True, nogil=True)
def log_posteriors(tables, weight_row, weight, fixed_offset, fixed_piece, value, posterior):
    """Posterior of every label in every free slot, from :func:`log_values`.

    Args:
        posterior: [n, labels] float64, zero; written.
    """
    before = np.full(tables.size, -np.inf)
    before[tables.start] = -value[0, tables.start]
    for slot in range(len(weight_row)):
        after = np.full(tables.size, -np.inf)
        for exit_ in range(len(tables.exit_source)):
            outputs = tables.exit_outputs[exit_]
            for line in range(max(tables.exit_rows[exit_], outputs)):
                to = tables.exit_target[exit_] + (line if outputs > 1 else 0)
                start = tables.exit_source[exit_] + line * tables.exit_stride[exit_]
                for cell in range(start, start + tables.exit_cols[exit_]):
                    if before[cell] > -np.inf:
                        before[to] = _log_add(before[to], before[cell])
        if weight_row[slot] < 0:
            for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
                _push_log(tables, fixed_piece[at], 0.0, before, after, value[slot + 1])
        else:
            gain, found = weight[weight_row[slot]], posterior[weight_row[slot]]
            for piece in range(len(tables.piece_source)):
                kind = tables.piece_label[piece]
                found[kind] += _push_log(tables, piece, gain[kind], before, after, value[slot + 1])
        before = after
