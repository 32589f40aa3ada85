"""The sums of ``kernels_sums`` in the log domain: some times slower, exact for weights of any magnitude.

Only used when the linear kernels report that something they raised to their floor matters. Sums of
exponentials take two passes, one for the largest term and one for the sum relative to it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import FAST_HELPER, FAST_KERNEL
from latticework.lattice.intrinsics import double_of_bits
from latticework.lattice.kernels_best import pull_max
from latticework.lattice.tables import (
    EXIT_COLS,
    EXIT_OUTPUTS,
    EXIT_ROWS,
    EXIT_SOURCE,
    EXIT_STRIDE,
    EXIT_TARGET,
    PIECE_COLS,
    PIECE_LABEL,
    PIECE_ROWS,
    PIECE_SOURCE,
    PIECE_SOURCE_STRIDE,
    PIECE_TARGET,
    PIECE_TARGET_STRIDE,
)

# Log of nothing; finite so that fast maths may reorder, and differences of two of them are 0, not NaN.
NOTHING = -1e300


@njit(**FAST_HELPER)
def _exp(x):
    """exp(x), x clamped to -708..0, in double precision (Cephes), written so that loops over it vectorise."""
    x = x if x > -708.0 else -708.0
    x = x if x < 0.0 else 0.0
    power = np.floor(1.4426950408889634073599 * x + 0.5)
    x -= power * 6.93145751953125e-1
    x -= power * 1.42860682030941723212e-6
    square = x * x
    p = 1.26177193074810590878e-4 * square + 3.02994407707441961300e-2
    p = x * (p * square + 9.99999999999999999910e-1)
    q = 3.00198505138664455042e-6 * square + 2.52448340349684104192e-3
    q = (q * square + 2.27265548208155028766e-1) * square + 2.0
    return (1.0 + 2.0 * p / (q - p)) * double_of_bits((np.int64(power) + np.int64(1023)) << np.int64(52))


@njit(**FAST_HELPER)
def _add_terms(pieces, piece, weight, top, after, total):
    """total += exp(weight + the piece applied backwards to after - top)."""
    count = np.uint64(pieces[PIECE_COLS, piece])
    for line in range(pieces[PIECE_ROWS, piece]):
        a = np.uint64(pieces[PIECE_SOURCE, piece] + line * pieces[PIECE_SOURCE_STRIDE, piece])
        b = np.uint64(pieces[PIECE_TARGET, piece] + line * pieces[PIECE_TARGET_STRIDE, piece])
        for i in range(count):
            total[a + i] += _exp(weight + after[b + i] - top[a + i])


@njit(**FAST_HELPER)
def _close(top, total, first, last):
    """top += log(total), NOTHING where no term was added."""
    for i in range(first, last):
        top[i] = top[i] + np.log(total[i]) if top[i] > 0.5 * NOTHING else NOTHING


@njit(**FAST_HELPER)
def _raise_window(exits, exit_, top):
    outputs, lines = exits[EXIT_OUTPUTS, exit_], exits[EXIT_ROWS, exit_]
    for line in range(outputs if outputs > 1 else lines):
        value = top[exits[EXIT_TARGET, exit_] + (line if outputs > 1 else 0)]
        start = np.uint64(exits[EXIT_SOURCE, exit_] + line * exits[EXIT_STRIDE, exit_])
        for i in range(start, start + np.uint64(exits[EXIT_COLS, exit_])):
            top[i] = value if value > top[i] else top[i]


@njit(**FAST_HELPER)
def _add_window(exits, exit_, top, total):
    outputs, lines = exits[EXIT_OUTPUTS, exit_], exits[EXIT_ROWS, exit_]
    for line in range(outputs if outputs > 1 else lines):
        value = top[exits[EXIT_TARGET, exit_] + (line if outputs > 1 else 0)]
        start = np.uint64(exits[EXIT_SOURCE, exit_] + line * exits[EXIT_STRIDE, exit_])
        for i in range(start, start + np.uint64(exits[EXIT_COLS, exit_])):
            total[i] += _exp(value - top[i])


@njit(**FAST_KERNEL)
def log_values(tables, weight_row, weight, fixed_offset, fixed_piece, valid, value, total):
    """Log of the sum over all completions of the product of weights, from every valid cell, by slot.

    Args:
        weight: [n, labels] float64 log weights, NOTHING where a label does not fit.
        valid: the sets.
        value: [N + 1, size] float64, written; NOTHING in other cells.
        total: [size] float64 buffer.
    """
    pieces, exits, cells = tables.piece, tables.exit, tables.cells
    label = pieces[PIECE_LABEL]
    slots = len(weight_row)
    for cell in range(tables.size):
        value[slots, cell] = 0.0 if cell < cells and valid[slots, cell] else NOTHING
    for slot in range(slots - 1, -1, -1):
        row, after = value[slot], value[slot + 1]
        is_free = weight_row[slot] >= 0
        gain = weight[weight_row[slot] if is_free else 0]
        first = 0 if is_free else fixed_offset[slot]
        last = pieces.shape[1] if is_free else fixed_offset[slot + 1]
        for i in range(tables.size):
            row[i] = NOTHING
            total[i] = 0.0
        for at in range(first, last):
            piece = at if is_free else fixed_piece[at]
            added = gain[label[piece]] if is_free else 0.0
            if added > NOTHING:
                pull_max(pieces, piece, added, row, after)
        for outputs in range(2):
            # First the exit outputs, then the cells, which the outputs add to.
            for at in range(first, last):
                piece = at if is_free else fixed_piece[at]
                added = gain[label[piece]] if is_free else 0.0
                if added > NOTHING and (pieces[PIECE_SOURCE, piece] < cells) == (outputs > 0):
                    _add_terms(pieces, piece, added, row, after, total)
            if outputs == 0:
                _close(row, total, cells, tables.size)
                for exit_ in range(exits.shape[1]):
                    _raise_window(exits, exit_, row)
        for exit_ in range(exits.shape[1]):
            _add_window(exits, exit_, row, total)
        _close(row, total, 0, cells)
        for cell in range(cells):
            if not valid[slot, cell]:
                row[cell] = NOTHING


@njit(**FAST_HELPER)
def _move(pieces, piece, weight, before, here, after, value):
    """Move posterior along a piece; returns how much."""
    count = np.uint64(pieces[PIECE_COLS, piece])
    flow = 0.0
    for line in range(pieces[PIECE_ROWS, piece]):
        a = np.uint64(pieces[PIECE_SOURCE, piece] + line * pieces[PIECE_SOURCE_STRIDE, piece])
        b = np.uint64(pieces[PIECE_TARGET, piece] + line * pieces[PIECE_TARGET_STRIDE, piece])
        for i in range(count):
            moved = before[a + i] * _exp(weight + value[b + i] - here[a + i])
            after[b + i] += moved
            flow += moved
    return flow


@njit(**FAST_HELPER)
def _leave(exits, exit_, before, here):
    """Posterior that leaves through an exit, from the posterior of the cells of its window."""
    outputs, lines = exits[EXIT_OUTPUTS, exit_], exits[EXIT_ROWS, exit_]
    for line in range(outputs if outputs > 1 else lines):
        target = exits[EXIT_TARGET, exit_] + (line if outputs > 1 else 0)
        start = np.uint64(exits[EXIT_SOURCE, exit_] + line * exits[EXIT_STRIDE, exit_])
        flow = 0.0
        for i in range(start, start + np.uint64(exits[EXIT_COLS, exit_])):
            flow += before[i] * _exp(here[target] - here[i])
        before[target] += flow


@njit(**FAST_KERNEL)
def log_posteriors(tables, weight_row, weight, fixed_offset, fixed_piece, value, reached, posterior):
    """Posterior of every label in every free slot, from :func:`log_values`.

    Args:
        reached: [2, size] float64 buffer.
        posterior: [n, labels] float64, zero; written.
    """
    pieces, exits = tables.piece, tables.exit
    label = pieces[PIECE_LABEL]
    for i in range(tables.size):
        reached[0, i] = 0.0
    reached[0, tables.start] = 1.0
    for slot in range(len(weight_row)):
        before, after, here, following = reached[slot % 2], reached[(slot + 1) % 2], value[slot], value[slot + 1]
        for i in range(tables.size):
            after[i] = 0.0
        for exit_ in range(exits.shape[1]):
            _leave(exits, exit_, before, here)
        if weight_row[slot] < 0:
            for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
                _move(pieces, fixed_piece[at], 0.0, before, here, after, following)
            continue
        gain, found = weight[weight_row[slot]], posterior[weight_row[slot]]
        for piece in range(pieces.shape[1]):
            if gain[label[piece]] > NOTHING:
                flow = _move(pieces, piece, gain[label[piece]], before, here, after, following)
                found[label[piece]] += flow
