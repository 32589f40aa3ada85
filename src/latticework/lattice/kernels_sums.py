"""Sum-product kernels: weight of all completions of every cell, and posteriors of labels.

Linear sums in float64 with a power of two per (slot, state): a value v of a state with power k stands
for ``v * 2**k``. Values of single-cell states keep within 2**±64. The cells of a vector state share a
power; one that would fall below ``CELL_FLOOR`` of their sum is raised to it, as weights are to
``WEIGHT_FLOOR``: computed sums are then never too small, and what was added is found by its own
posterior (``doubtful``). When that is not negligible the caller takes the log-domain kernels instead.

Posteriors need no second set of powers: pushing ``ratio = posterior / value`` forward keeps
``ratio * value <= 1`` in every cell.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from latticework.jit import FAST_HELPER, FAST_KERNEL, HELPER
from latticework.lattice.intrinsics import FLUSH, set_mode
from latticework.lattice.kernels_weights import WEIGHT_FLOOR
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
    PIECE_STATE,
    PIECE_TARGET,
    PIECE_TARGET_STATE,
    PIECE_TARGET_STRIDE,
    VECTOR_BASE,
    VECTOR_BLOCK,
    VECTOR_EXIT,
    VECTOR_OUTPUT,
    VECTOR_ROW,
    VECTOR_STATE,
)

DEAD = np.int32(-(1 << 29))
CELL_FLOOR = 2.0**-850
# Terms below 2**-1022 are lost. The floor of a state must be above all that it can lose.
_VANISHING = 2.0**-150
_SMALLEST, _LARGEST = -1020, 1020
_POWERS = 2.0 ** np.arange(_SMALLEST, _LARGEST + 1.0)
_POWERS[0] = 0.0


@njit(**HELPER)
def two_to(power):
    """2**power for powers that matter; 0 below 2**-1020."""
    if power <= _SMALLEST:
        return 0.0
    return _POWERS[(power if power < _LARGEST else _LARGEST) - _SMALLEST]


@njit(**HELPER)
def _fill(values, first, last, value):
    for i in range(np.uint64(first), np.uint64(last)):
        values[i] = value


@njit(**FAST_HELPER)
def _pull_sum(pieces, piece, factor, before, after):
    """before += factor * the piece applied backwards to after."""
    count = np.uint64(pieces[PIECE_COLS, piece])
    for line in range(pieces[PIECE_ROWS, piece]):
        a = np.uint64(pieces[PIECE_SOURCE, piece] + line * pieces[PIECE_SOURCE_STRIDE, piece])
        b = np.uint64(pieces[PIECE_TARGET, piece] + line * pieces[PIECE_TARGET_STRIDE, piece])
        for i in range(count):
            before[a + i] += factor * after[b + i]


@njit(**FAST_HELPER)
def _spread_sum(exits, exit_, row):
    outputs, lines = exits[EXIT_OUTPUTS, exit_], exits[EXIT_ROWS, exit_]
    for line in range(outputs if outputs > 1 else lines):
        value = row[exits[EXIT_TARGET, exit_] + (line if outputs > 1 else 0)]
        start = np.uint64(exits[EXIT_SOURCE, exit_] + line * exits[EXIT_STRIDE, exit_])
        for i in range(start, start + np.uint64(exits[EXIT_COLS, exit_])):
            row[i] += value


@njit(**FAST_HELPER)
def _scale_cells(row, allowed, first, last):
    """Zero the cells that are not allowed, scale the sum to [1/2, 1), raise allowed cells to the floor.

    Returns the power of two taken out, and whether a cell was raised.
    """
    a, b = np.uint64(first), np.uint64(last)
    total = 0.0
    for i in range(a, b):
        row[i] *= allowed[i]
        total += row[i]
    exponent, scale = 0, 0.0
    if total > _VANISHING:
        exponent = math.frexp(total)[1]
        scale = math.ldexp(1.0, -exponent)
    raised = 0
    for i in range(a, b):
        value = row[i] * scale
        floor = CELL_FLOOR * allowed[i]
        raised += value < floor
        row[i] = value if value > floor else floor
    return exponent, raised > 0


@njit(**FAST_KERNEL)
def sum_values(tables, weight_row, share, fixed_offset, fixed_piece, valid, alive, value, power):
    """Sum over all completions of the product of weights, from every valid cell, by slot.

    Args:
        weight_row: [N] int32 row of ``share`` for a free slot, -1 for a fixed one.
        share: [n, labels] float64.
        valid, alive: the sets.
        value: [N + 1, size] float64, written for states that are alive.
        power: [N + 1, S] int32, written; DEAD for states that are not alive.

    Returns:
        Whether any cell was raised to the floor.
    """
    mode = set_mode(FLUSH)
    row_offset, row_source, scalar_state = tables.row_offset, tables.row_source, tables.scalar_state
    pieces, exits, vectors = tables.piece, tables.exit, tables.vector
    target, target_state, label = pieces[PIECE_TARGET], pieces[PIECE_TARGET_STATE], pieces[PIECE_LABEL]
    slots, count = len(weight_row), vectors.shape[1] - 1
    any_raised = False
    for cell in range(tables.cells):
        value[slots, cell] = valid[slots, cell]
    for state in range(power.shape[1]):
        power[slots, state] = 0 if alive[slots, state] else DEAD
    for slot in range(slots - 1, -1, -1):
        row, level, live, allowed = value[slot], power[slot], alive[slot], valid[slot]
        after, next_level = value[slot + 1], power[slot + 1]
        is_free = weight_row[slot] >= 0
        gain = share[weight_row[slot] if is_free else 0]
        first_fixed, last_fixed = fixed_offset[slot], fixed_offset[slot + 1]
        _fill(level, 0, len(level), DEAD)
        for at in range(first_fixed, last_fixed):
            piece = fixed_piece[at]
            state, above = pieces[PIECE_STATE, piece], next_level[target_state[piece]]
            if live[state] and above > level[state]:
                level[state] = above
        for cell in range(tables.scalar_states):
            state = scalar_state[cell]
            if live[state]:
                total, high = 0.0, level[state]
                for piece in range(row_offset[cell], row_offset[cell + 1] if is_free else row_offset[cell]):
                    above = next_level[target_state[piece]]
                    if above > DEAD:
                        term = gain[np.uint32(label[piece])] * after[np.uint32(target[piece])]
                        if above <= high:
                            total += term * two_to(above - high)
                        elif term > 0:
                            total = total * two_to(high - above) + term
                            high = above
                row[cell], level[state] = total, high
        for vector in range(count):
            state = vectors[VECTOR_STATE, vector]
            if not live[state]:
                continue
            _fill(row, vectors[VECTOR_BASE, vector], vectors[VECTOR_BASE, vector + 1], 0.0)
            _fill(row, vectors[VECTOR_OUTPUT, vector], vectors[VECTOR_OUTPUT, vector + 1], 0.0)
            if not is_free:
                continue
            first_row, last_row = vectors[VECTOR_ROW, vector], vectors[VECTOR_ROW, vector + 1]
            first_block, last_block = vectors[VECTOR_BLOCK, vector], vectors[VECTOR_BLOCK, vector + 1]
            high = DEAD
            for piece in range(row_offset[first_row], row_offset[last_row]):
                above = next_level[target_state[piece]]
                if above > high and gain[label[piece]] > 0 and after[target[piece]] > 0:
                    high = above
            for piece in range(first_block, last_block):
                above = next_level[target_state[piece]]
                if above > high and gain[label[piece]] > 0:
                    high = above
            level[state] = high
            for line in range(first_row, last_row):
                total = 0.0
                for piece in range(row_offset[line], row_offset[line + 1]):
                    above = next_level[target_state[piece]]
                    if above > DEAD:
                        total += gain[label[piece]] * after[target[piece]] * two_to(above - high)
                row[row_source[line]] = total
            for piece in range(first_block, last_block):
                above = next_level[target_state[piece]]
                if above > DEAD and gain[label[piece]] > 0:
                    _pull_sum(pieces, piece, gain[label[piece]] * two_to(above - high), row, after)
        for at in range(first_fixed, last_fixed):
            piece = fixed_piece[at]
            state, above = pieces[PIECE_STATE, piece], next_level[target_state[piece]]
            if live[state] and above > DEAD:
                _pull_sum(pieces, piece, two_to(above - level[state]), row, after)
        for cell in range(tables.scalar_states):
            if live[scalar_state[cell]] and not 2.0**-64 < row[cell] < 2.0**64:
                mantissa, exponent = math.frexp(row[cell])
                row[cell] = mantissa
                level[scalar_state[cell]] += exponent
        for vector in range(count):
            state = vectors[VECTOR_STATE, vector]
            if live[state]:
                for exit_ in range(vectors[VECTOR_EXIT, vector], vectors[VECTOR_EXIT, vector + 1]):
                    _spread_sum(exits, exit_, row)
                first, last = vectors[VECTOR_BASE, vector], vectors[VECTOR_BASE, vector + 1]
                exponent, raised = _scale_cells(row, allowed, first, last)
                level[state] += exponent
                any_raised |= raised
    set_mode(mode)
    return any_raised


@njit(**FAST_HELPER)
def _push_sum(pieces, piece, factor, before, after, value):
    """after += factor * the piece applied to before; returns the sum of what was added times ``value`` there."""
    count = np.uint64(pieces[PIECE_COLS, piece])
    flow = 0.0
    for line in range(pieces[PIECE_ROWS, piece]):
        a = np.uint64(pieces[PIECE_SOURCE, piece] + line * pieces[PIECE_SOURCE_STRIDE, piece])
        b = np.uint64(pieces[PIECE_TARGET, piece] + line * pieces[PIECE_TARGET_STRIDE, piece])
        for i in range(count):
            moved = factor * before[a + i]
            after[b + i] += moved
            flow += moved * value[b + i]
    return flow


@njit(**FAST_HELPER)
def _reduce_sum(exits, exit_, row):
    outputs, lines = exits[EXIT_OUTPUTS, exit_], exits[EXIT_ROWS, exit_]
    for line in range(outputs):
        row[exits[EXIT_TARGET, exit_] + line] = 0.0
    for line in range(outputs if outputs > 1 else lines):
        start = np.uint64(exits[EXIT_SOURCE, exit_] + line * exits[EXIT_STRIDE, exit_])
        total = 0.0
        for i in range(start, start + np.uint64(exits[EXIT_COLS, exit_])):
            total += row[i]
        row[exits[EXIT_TARGET, exit_] + (line if outputs > 1 else 0)] += total


@njit(**FAST_HELPER)
def _check_cells(ratios, values, first, last):
    """Posterior of the cells raised to the floor; ratios of invalid cells become 0 (nothing bounds them)."""
    doubtful = 0.0
    for i in range(np.uint64(first), np.uint64(last)):
        ratios[i] = ratios[i] if values[i] > 0 else 0.0
        doubtful += ratios[i] * values[i] if values[i] <= CELL_FLOOR else 0.0
    return doubtful


@njit(**FAST_KERNEL)
def label_posteriors(tables, weight_row, share, fixed_offset, fixed_piece, alive, value, power, ratio, posterior):
    """Posterior of every label in every free slot.

    Args:
        value, power: of :func:`sum_values`.
        ratio: [2, size] float64 buffer.
        posterior: [n, labels] float64, zero; written. Rows sum to 1.

    Returns:
        Upper bound of the posterior that values raised to the floor have added.
    """
    mode = set_mode(FLUSH)
    row_offset, row_source, scalar_state = tables.row_offset, tables.row_source, tables.scalar_state
    pieces, exits, vectors = tables.piece, tables.exit, tables.vector
    target, target_state, label = pieces[PIECE_TARGET], pieces[PIECE_TARGET_STATE], pieces[PIECE_LABEL]
    count = vectors.shape[1] - 1
    _fill(ratio[0], 0, tables.size, 0.0)
    ratio[0, tables.start] = 1.0 / value[0, tables.start]
    doubtful = 0.0
    for slot in range(len(weight_row)):
        before, after = ratio[slot % 2], ratio[(slot + 1) % 2]
        here, values, level, next_level, live = value[slot], value[slot + 1], power[slot], power[slot + 1], alive[slot]
        _fill(after, 0, tables.size, 0.0)
        for vector in range(count):
            if live[vectors[VECTOR_STATE, vector]]:
                doubtful += _check_cells(before, here, vectors[VECTOR_BASE, vector], vectors[VECTOR_BASE, vector + 1])
                for exit_ in range(vectors[VECTOR_EXIT, vector], vectors[VECTOR_EXIT, vector + 1]):
                    _reduce_sum(exits, exit_, before)
        for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
            piece = fixed_piece[at]
            state, above = pieces[PIECE_STATE, piece], next_level[target_state[piece]]
            if live[state] and above > DEAD:
                _push_sum(pieces, piece, two_to(above - level[state]), before, after, values)
        if weight_row[slot] < 0:
            continue
        gain, found = share[weight_row[slot]], posterior[weight_row[slot]]
        for cell in range(tables.scalar_states):
            state = scalar_state[cell]
            if live[state] and before[cell] > 0:
                for piece in range(row_offset[cell], row_offset[cell + 1]):
                    above = next_level[target_state[piece]]
                    if above > DEAD:
                        moved = before[cell] * gain[np.uint32(label[piece])] * two_to(above - level[state])
                        after[np.uint32(target[piece])] += moved
                        found[np.uint32(label[piece])] += moved * values[np.uint32(target[piece])]
        for vector in range(count):
            state = vectors[VECTOR_STATE, vector]
            if not live[state]:
                continue
            for line in range(vectors[VECTOR_ROW, vector], vectors[VECTOR_ROW, vector + 1]):
                for piece in range(row_offset[line], row_offset[line + 1]):
                    above = next_level[target_state[piece]]
                    if above > DEAD:
                        moved = before[row_source[line]] * gain[label[piece]] * two_to(above - level[state])
                        after[target[piece]] += moved
                        found[label[piece]] += moved * values[target[piece]]
            for piece in range(vectors[VECTOR_BLOCK, vector], vectors[VECTOR_BLOCK, vector + 1]):
                above = next_level[target_state[piece]]
                if above > DEAD and gain[label[piece]] > 0:
                    factor = gain[label[piece]] * two_to(above - level[state])
                    found[label[piece]] += _push_sum(pieces, piece, factor, before, after, values)
        for at in range(len(gain)):
            if 0 < gain[at] <= WEIGHT_FLOOR:
                doubtful += found[at]
    set_mode(mode)
    return doubtful
