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

from latticework.lattice.denormals import FLUSH, set_mode
from latticework.lattice.kernels_weights import WEIGHT_FLOOR

DEAD = np.int32(-(1 << 29))
CELL_FLOOR = 2.0**-850
# Terms below 2**-1022 are lost. The floor of a state must be above all that it can lose.
_VANISHING = 2.0**-150
_SMALLEST, _LARGEST = -1020, 1020
_POWERS = 2.0 ** np.arange(_SMALLEST, _LARGEST + 1.0)
_POWERS[0] = 0.0
_FAST = {"reassoc", "nnan", "nsz", "contract"}


@njit(cache=True, nogil=True)
def two_to(power):
    """2**power for powers that matter; 0 below 2**-1020."""
    return _POWERS[min(max(power, _SMALLEST), _LARGEST) - _SMALLEST]


@njit(cache=True, nogil=True, fastmath=_FAST)
def _add_times(values, first, factor, result, start, count):
    """``result[start + i] += factor * values[first + i]`` for i below count."""
    # Unsigned offsets need no sign test, which would keep the loop from vectorising; slices would be
    # reference-counted, which costs more than the loop.
    a, b = np.uint64(first), np.uint64(start)
    for i in range(np.uint64(count)):
        result[b + i] += factor * values[a + i]


@njit(cache=True, nogil=True, fastmath=_FAST)
def _spread_sum(row, first, rows, outputs, cols, stride, target):
    for line in range(max(rows, outputs)):
        value = row[target + (line if outputs > 1 else 0)]
        start = np.uint64(first + line * stride)
        for i in range(start, start + np.uint64(cols)):
            row[i] += value


@njit(cache=True, nogil=True, fastmath=_FAST)
def _mask_and_add(cells, allowed):
    """Zero the cells that are not allowed; returns the sum of the others."""
    total = 0.0
    for i in range(len(cells)):
        cells[i] *= allowed[i]
        total += cells[i]
    return total


@njit(cache=True, nogil=True, fastmath=_FAST)
def _scale_and_raise(cells, allowed, scale):
    """Scale by a power of two and raise allowed cells to the floor; returns whether one was raised."""
    raised = 0
    for i in range(len(cells)):
        value = cells[i] * scale
        raised += (value < CELL_FLOOR) & (allowed[i] > 0)
        cells[i] = max(value, CELL_FLOOR) * allowed[i]
    return raised > 0


@njit(cache=True, nogil=True, fastmath=_FAST)
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
    row_offset, row_source = tables.row_offset, tables.row_source
    target, target_state, label = tables.piece_target, tables.piece_target_state, tables.piece_label
    rows, cols, source = tables.piece_rows, tables.piece_cols, tables.piece_source
    source_stride, target_stride = tables.piece_source_stride, tables.piece_target_stride
    vector_state, vector_base, output = tables.vector_state, tables.vector_base, tables.vector_output
    slots = len(weight_row)
    any_raised = False
    for slot in range(slots, -1, -1):
        row, level, live = value[slot], power[slot], alive[slot]
        level[:] = DEAD
        if slot == slots:
            for cell in range(tables.cells):
                row[cell] = valid[slot, cell]
            for state in range(len(live)):
                if live[state]:
                    level[state] = 0
            continue
        after, next_level = value[slot + 1], power[slot + 1]
        is_free = weight_row[slot] >= 0
        gain = share[max(weight_row[slot], 0)]
        first_fixed, last_fixed = fixed_offset[slot], fixed_offset[slot + 1]
        for at in range(first_fixed, last_fixed):
            state, above = tables.piece_state[fixed_piece[at]], next_level[target_state[fixed_piece[at]]]
            if live[state] and above > level[state]:
                level[state] = above
        for cell in range(tables.scalar_states):
            state = tables.scalar_state[cell]
            if live[state]:
                total, high = 0.0, level[state]
                for piece in range(row_offset[cell], row_offset[cell + 1] if is_free else row_offset[cell]):
                    above = next_level[target_state[piece]]
                    if above == DEAD:
                        continue
                    term = gain[np.uint32(label[piece])] * after[np.uint32(target[piece])]
                    if above <= high:
                        total += term * two_to(above - high)
                    elif term > 0:
                        total = total * two_to(high - above) + term
                        high = above
                row[cell], level[state] = total, high
        for vector in range(len(vector_state)):
            state = vector_state[vector]
            if not live[state]:
                continue
            row[vector_base[vector] : vector_base[vector + 1]] = 0.0
            row[output[vector] : output[vector + 1]] = 0.0
            if is_free:
                high = DEAD
                for piece in range(row_offset[tables.vector_row[vector]], row_offset[tables.vector_row[vector + 1]]):
                    above = next_level[target_state[piece]]
                    if above > high and gain[label[piece]] > 0 and after[target[piece]] > 0:
                        high = above
                for piece in range(tables.vector_block[vector], tables.vector_block[vector + 1]):
                    above = next_level[target_state[piece]]
                    if above > high and gain[label[piece]] > 0:
                        high = above
                level[state] = high
        for at in range(first_fixed, last_fixed):
            piece = fixed_piece[at]
            state, above = tables.piece_state[piece], next_level[target_state[piece]]
            if live[state] and above > DEAD:
                factor = two_to(above - level[state])
                for line in range(rows[piece]):
                    start, end = (
                        source[piece] + line * source_stride[piece],
                        target[piece] + line * target_stride[piece],
                    )
                    _add_times(after, end, factor, row, start, cols[piece])
        for cell in range(tables.scalar_states):
            state = tables.scalar_state[cell]
            if live[state] and not 2.0**-64 < row[cell] < 2.0**64:
                mantissa, exponent = math.frexp(row[cell])
                row[cell] = mantissa
                level[state] += exponent
        for vector in range(len(vector_state)):
            state = vector_state[vector]
            if not live[state]:
                continue
            high = level[state]
            for line in range(tables.vector_row[vector], tables.vector_row[vector + 1] if is_free else 0):
                total = 0.0
                for piece in range(row_offset[line], row_offset[line + 1]):
                    above = next_level[target_state[piece]]
                    if above > DEAD:
                        total += gain[label[piece]] * after[target[piece]] * two_to(above - high)
                row[row_source[line]] = total
            for piece in range(tables.vector_block[vector], tables.vector_block[vector + 1] if is_free else 0):
                above = next_level[target_state[piece]]
                if above == DEAD or gain[label[piece]] == 0:
                    continue
                factor = gain[label[piece]] * two_to(above - high)
                for line in range(rows[piece]):
                    start, end = (
                        source[piece] + line * source_stride[piece],
                        target[piece] + line * target_stride[piece],
                    )
                    _add_times(after, end, factor, row, start, cols[piece])
            for exit_ in range(tables.vector_exit[vector], tables.vector_exit[vector + 1]):
                _spread_sum(
                    row,
                    tables.exit_source[exit_],
                    tables.exit_rows[exit_],
                    tables.exit_outputs[exit_],
                    tables.exit_cols[exit_],
                    tables.exit_stride[exit_],
                    tables.exit_target[exit_],
                )
            own, allowed = (
                row[vector_base[vector] : vector_base[vector + 1]],
                valid[slot, vector_base[vector] : vector_base[vector + 1]],
            )
            total = _mask_and_add(own, allowed)
            exponent, scale = 0, 0.0
            if total > _VANISHING:
                exponent = math.frexp(total)[1]
                scale = math.ldexp(1.0, -exponent)
            any_raised |= _scale_and_raise(own, allowed, scale)
            level[state] += exponent
    set_mode(mode)
    return any_raised


@njit(cache=True, nogil=True, fastmath=_FAST)
def _push_times(ratios, first, factor, weights, result, start, count):
    """As :func:`_add_times`; returns the sum of what was added times ``weights`` there."""
    a, b = np.uint64(first), np.uint64(start)
    flow = 0.0
    for i in range(np.uint64(count)):
        moved = factor * ratios[a + i]
        result[b + i] += moved
        flow += moved * weights[b + i]
    return flow


@njit(cache=True, nogil=True, fastmath=_FAST)
def _reduce_sum(row, first, rows, outputs, cols, stride, target):
    for line in range(outputs):
        row[target + line] = 0.0
    for line in range(max(rows, outputs)):
        start = np.uint64(first + line * stride)
        total = 0.0
        for i in range(start, start + np.uint64(cols)):
            total += row[i]
        row[target + (line if outputs > 1 else 0)] += total


@njit(cache=True, nogil=True, fastmath=_FAST)
def _check_cells(ratios, values):
    """Posterior of the cells raised to the floor; ratios of invalid cells become 0 (nothing bounds them)."""
    doubtful = 0.0
    for i in range(len(ratios)):
        ratios[i] = ratios[i] if values[i] > 0 else 0.0
        doubtful += ratios[i] * values[i] if values[i] <= CELL_FLOOR else 0.0
    return doubtful


@njit(cache=True, nogil=True, fastmath=_FAST)
def label_posteriors(tables, weight_row, share, fixed_offset, fixed_piece, alive, value, power, posterior):
    """Posterior of every label in every free slot.

    Args:
        value, power: of :func:`sum_values`.
        posterior: [n, labels] float64, zero; written. Rows sum to 1.

    Returns:
        Upper bound of the posterior that values raised to the floor have added.
    """
    mode = set_mode(FLUSH)
    row_offset, row_source = tables.row_offset, tables.row_source
    target, target_state, label = tables.piece_target, tables.piece_target_state, tables.piece_label
    rows, cols, source = tables.piece_rows, tables.piece_cols, tables.piece_source
    source_stride, target_stride = tables.piece_source_stride, tables.piece_target_stride
    vector_state, vector_base = tables.vector_state, tables.vector_base
    ratio = np.zeros((2, tables.size))
    ratio[0, tables.start] = 1.0 / value[0, tables.start]
    doubtful = 0.0
    for slot in range(len(weight_row)):
        before, after = ratio[slot % 2], ratio[(slot + 1) % 2]
        values, level, next_level, live = value[slot + 1], power[slot], power[slot + 1], alive[slot]
        after[:] = 0.0
        for vector in range(len(vector_state)):
            if live[vector_state[vector]]:
                first, last = vector_base[vector], vector_base[vector + 1]
                doubtful += _check_cells(before[first:last], value[slot, first:last])
                for exit_ in range(tables.vector_exit[vector], tables.vector_exit[vector + 1]):
                    _reduce_sum(
                        before,
                        tables.exit_source[exit_],
                        tables.exit_rows[exit_],
                        tables.exit_outputs[exit_],
                        tables.exit_cols[exit_],
                        tables.exit_stride[exit_],
                        tables.exit_target[exit_],
                    )
        for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
            piece = fixed_piece[at]
            state, above = tables.piece_state[piece], next_level[target_state[piece]]
            if live[state] and above > DEAD:
                factor = two_to(above - level[state])
                for line in range(rows[piece]):
                    start, end = (
                        source[piece] + line * source_stride[piece],
                        target[piece] + line * target_stride[piece],
                    )
                    _add_times(before, start, factor, after, end, cols[piece])
        if weight_row[slot] < 0:
            continue
        gain, found = share[weight_row[slot]], posterior[weight_row[slot]]
        for cell in range(tables.scalar_states):
            state = tables.scalar_state[cell]
            if not (live[state] and before[cell] > 0):
                continue
            for piece in range(row_offset[cell], row_offset[cell + 1]):
                above = next_level[target_state[piece]]
                if above > DEAD:
                    moved = before[cell] * gain[np.uint32(label[piece])] * two_to(above - level[state])
                    after[target[piece]] += moved
                    found[np.uint32(label[piece])] += moved * values[np.uint32(target[piece])]
        for vector in range(len(vector_state)):
            state = vector_state[vector]
            if not live[state]:
                continue
            for line in range(tables.vector_row[vector], tables.vector_row[vector + 1]):
                for piece in range(row_offset[line], row_offset[line + 1]):
                    above = next_level[target_state[piece]]
                    if above > DEAD:
                        moved = before[row_source[line]] * gain[label[piece]] * two_to(above - level[state])
                        after[target[piece]] += moved
                        found[label[piece]] += moved * values[target[piece]]
            for piece in range(tables.vector_block[vector], tables.vector_block[vector + 1]):
                above = next_level[target_state[piece]]
                if above == DEAD or gain[label[piece]] == 0:
                    continue
                factor = gain[label[piece]] * two_to(above - level[state])
                for line in range(rows[piece]):
                    start, end = (
                        source[piece] + line * source_stride[piece],
                        target[piece] + line * target_stride[piece],
                    )
                    flow = _push_times(before, start, factor, values, after, end, cols[piece])
                    found[label[piece]] += flow
        for at in range(len(gain)):
            if 0 < gain[at] <= WEIGHT_FLOOR:
                doubtful += found[at]
    set_mode(mode)
    return doubtful
