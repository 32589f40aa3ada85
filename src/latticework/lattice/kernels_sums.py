"""Sum-product kernels: weight of all completions of every cell, and posteriors of labels.

Linear sums in float64 with a power of two per (slot, state): a value v of a state with power k stands
for ``v * 2**k``. Values of single-cell states keep within 2**±64. The cells of a vector state share a
power, and a weight or a cell that would fall below ``FLOOR`` of the largest is raised to it: values
are then never too small, and what was added is found by its own posterior (``doubtful``). When that
is not negligible the caller takes the log-domain kernels instead.

Posteriors need no second set of powers: pushing ``ratio = posterior / value`` forward keeps
``ratio * value <= 1`` in every cell.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

DEAD = np.int32(-(1 << 29))
WEIGHT_FLOOR = 2.0**-150
CELL_FLOOR = 2.0**-850
_VANISHING = 2.0**-900
_SMALLEST, _LARGEST = -1070, 1020
_POWERS = 2.0 ** np.arange(_SMALLEST, _LARGEST + 1.0)
_FAST = {"reassoc", "nnan", "nsz", "contract"}


@njit(cache=True, nogil=True)
def two_to(power):
    """2**power, for powers that any sum can need; the smallest number for all below."""
    return _POWERS[min(max(power, _SMALLEST), _LARGEST) - _SMALLEST]


@njit(cache=True, nogil=True, fastmath=_FAST)
def _pull_sum(tables, piece, factor, before, after):
    cols = tables.piece_cols[piece]
    if cols == 1:
        source, target = tables.piece_source[piece], tables.piece_target[piece]
        for _ in range(tables.piece_rows[piece]):
            before[source] += factor * after[target]
            source += tables.piece_source_stride[piece]
            target += tables.piece_target_stride[piece]
        return
    for line in range(tables.piece_rows[piece]):
        source = tables.piece_source[piece] + line * tables.piece_source_stride[piece]
        target = tables.piece_target[piece] + line * tables.piece_target_stride[piece]
        values, result = after[target : target + cols], before[source : source + cols]
        for i in range(cols):
            result[i] += factor * values[i]


@njit(cache=True, nogil=True, fastmath=_FAST)
def _finish_state(tables, vector, row, valid):
    """Add what the exits hold, drop invalid cells, scale by a power of two and raise to the floor.

    Returns the power and whether a cell was raised.
    """
    for exit_ in range(tables.vector_exit[vector], tables.vector_exit[vector + 1]):
        first, stride = tables.exit_source[exit_], tables.exit_stride[exit_]
        cols, target = tables.exit_cols[exit_], tables.exit_target[exit_]
        for line in range(max(tables.exit_rows[exit_], tables.exit_outputs[exit_])):
            value = row[target + (line if tables.exit_outputs[exit_] > 1 else 0)]
            start = first + line * stride
            cells = row[start : start + cols]
            for i in range(cols):
                cells[i] += value
    first, last = tables.vector_base[vector], tables.vector_base[vector + 1]
    cells, allowed = row[first:last], valid[first:last]
    total = 0.0
    for i in range(len(cells)):
        cells[i] *= allowed[i]
        total += cells[i]
    power, scale = 0, 0.0
    if total > _VANISHING:
        power = math.frexp(total)[1]
        scale = math.ldexp(1.0, -power)
    raised = 0
    for i in range(len(cells)):
        value = cells[i] * scale
        raised += (value < CELL_FLOOR) & (allowed[i] > 0)
        cells[i] = max(value, CELL_FLOOR) * allowed[i]
    return power, raised > 0


@njit(cache=True, nogil=True)
def scale_weights(weight, scaled):
    """scaled[i, l] = exp(weight[i, l] - largest of the row), at least WEIGHT_FLOOR, 0 for -inf; float64.

    Returns the sum of the largest weights and whether a weight was raised to the floor.
    """
    taken = 0.0
    raised = False
    for i in range(len(weight)):
        top = -np.inf
        for value in weight[i]:
            top = max(top, value)
        taken += top
        for label in range(weight.shape[1]):
            value = weight[i, label]
            if value == -np.inf:
                scaled[i, label] = 0.0
                continue
            share = np.exp(value - top)
            if share < WEIGHT_FLOOR:
                share = WEIGHT_FLOOR
                raised = True
            scaled[i, label] = share
    return taken, raised


@njit(cache=True, nogil=True, fastmath=_FAST)
def sum_values(tables, weight_row, weight, fixed_offset, fixed_piece, valid, alive, value, power):
    """Sum over all completions of the product of weights, from every valid cell, by slot.

    Args:
        weight_row: [N] int32 row of ``weight`` for a free slot, -1 for a fixed one.
        weight: [n, labels] float64 of :func:`scale_weights`.
        valid, alive: the sets.
        value: [N + 1, size] float64, written for states that are alive.
        power: [N + 1, S] int32, written; DEAD for states that are not alive.

    Returns:
        Whether any cell was raised to the floor.
    """
    row_offset, row_source = tables.row_offset, tables.row_source
    target, label, target_state = tables.piece_target, tables.piece_label, tables.piece_target_state
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
        share = weight[max(weight_row[slot], 0)]
        if not is_free:
            for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
                piece = fixed_piece[at]
                state = tables.piece_state[piece]
                if live[state]:
                    level[state] = max(level[state], next_level[target_state[piece]])
            for state in range(len(live)):
                if live[state]:
                    row[tables.cell_of_state[state]] = 0.0
                    vector = tables.vector_of_state[state]
                    if vector >= 0:
                        _clear(tables, vector, row)
            for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
                piece = fixed_piece[at]
                state = tables.piece_state[piece]
                if live[state] and next_level[target_state[piece]] > DEAD:
                    factor = two_to(next_level[target_state[piece]] - level[state])
                    _pull_sum(tables, piece, factor, row, after)
        for cell in range(tables.scalar_states):
            state = tables.scalar_state[cell]
            if not live[state]:
                continue
            if is_free:
                total, high = 0.0, DEAD
                for piece in range(row_offset[cell], row_offset[cell + 1]):
                    above = next_level[target_state[piece]]
                    if above == DEAD:
                        continue
                    term = share[label[piece]] * after[target[piece]]
                    if term == 0:
                        continue
                    if above > high:
                        total = total * two_to(high - above) + term
                        high = above
                    else:
                        total += term * two_to(above - high)
                row[cell], level[state] = total, high
            if not 2.0**-64 < row[cell] < 2.0**64:
                mantissa, exponent = math.frexp(row[cell])
                row[cell] = mantissa
                level[state] += exponent
        for vector in range(len(tables.vector_state)):
            state = tables.vector_state[vector]
            if not live[state]:
                continue
            if is_free:
                _clear(tables, vector, row)
                first_row, last_row = tables.vector_row[vector], tables.vector_row[vector + 1]
                first_block, last_block = tables.vector_block[vector], tables.vector_block[vector + 1]
                high = DEAD
                for piece in range(row_offset[first_row], row_offset[last_row]):
                    if share[label[piece]] > 0 and after[target[piece]] > 0:
                        high = max(high, next_level[target_state[piece]])
                for piece in range(first_block, last_block):
                    if share[label[piece]] > 0:
                        high = max(high, next_level[target_state[piece]])
                level[state] = high
                for line in range(first_row, last_row):
                    total = 0.0
                    for piece in range(row_offset[line], row_offset[line + 1]):
                        above = next_level[target_state[piece]]
                        if above > DEAD:
                            total += share[label[piece]] * after[target[piece]] * two_to(above - high)
                    row[row_source[line]] = total
                for piece in range(first_block, last_block):
                    above = next_level[target_state[piece]]
                    if above > DEAD and share[label[piece]] > 0:
                        _pull_sum(tables, piece, share[label[piece]] * two_to(above - high), row, after)
            exponent, raised = _finish_state(tables, vector, row, valid[slot])
            level[state] += exponent
            any_raised |= raised
    return any_raised


@njit(cache=True, nogil=True)
def _clear(tables, vector, row):
    """Zero the cells and the exit outputs of a vector state."""
    row[tables.vector_base[vector] : tables.vector_base[vector + 1]] = 0
    for exit_ in range(tables.vector_exit[vector], tables.vector_exit[vector + 1]):
        first = tables.exit_target[exit_]
        row[first : first + tables.exit_outputs[exit_]] = 0


@njit(cache=True, nogil=True, fastmath=_FAST)
def _push_sum(tables, piece, factor, before, after, value):
    """after += factor * piece(before); returns the posterior that flows through the piece."""
    cols = tables.piece_cols[piece]
    flow = 0.0
    for line in range(tables.piece_rows[piece]):
        source = tables.piece_source[piece] + line * tables.piece_source_stride[piece]
        target = tables.piece_target[piece] + line * tables.piece_target_stride[piece]
        ratios, result, weights = (
            before[source : source + cols],
            after[target : target + cols],
            value[target : target + cols],
        )
        for i in range(cols):
            moved = factor * ratios[i]
            result[i] += moved
            flow += moved * weights[i]
    return flow


@njit(cache=True, nogil=True, fastmath=_FAST)
def _reduce_sum(tables, vector, row):
    for exit_ in range(tables.vector_exit[vector], tables.vector_exit[vector + 1]):
        first, stride = tables.exit_source[exit_], tables.exit_stride[exit_]
        cols, target = tables.exit_cols[exit_], tables.exit_target[exit_]
        for line in range(tables.exit_outputs[exit_]):
            row[target + line] = 0.0
        for line in range(max(tables.exit_rows[exit_], tables.exit_outputs[exit_])):
            start = first + line * stride
            total = 0.0
            for cell in row[start : start + cols]:
                total += cell
            row[target + (line if tables.exit_outputs[exit_] > 1 else 0)] += total


@njit(cache=True, nogil=True, fastmath=_FAST)
def _check_cells(ratios, values):
    """Posterior of the cells raised to the floor; ratios of invalid cells become 0 (nothing bounds them)."""
    doubtful = 0.0
    for i in range(len(ratios)):
        ratios[i] = ratios[i] if values[i] > 0 else 0.0
        doubtful += ratios[i] * values[i] if values[i] <= CELL_FLOOR else 0.0
    return doubtful


@njit(cache=True, nogil=True, fastmath=_FAST)
def label_posteriors(tables, weight_row, weight, fixed_offset, fixed_piece, alive, value, power, posterior):
    """Posterior of every label in every free slot.

    Args:
        value, power: of :func:`sum_values`.
        posterior: [n, labels] float64, zero; written. Rows sum to 1.

    Returns:
        Upper bound of the posterior that values raised to the floor have added.
    """
    row_offset, row_source = tables.row_offset, tables.row_source
    target, label, target_state = tables.piece_target, tables.piece_label, tables.piece_target_state
    ratio = np.zeros((2, tables.size))
    ratio[0, tables.start] = 1.0 / value[0, tables.start]
    doubtful = 0.0
    for slot in range(len(weight_row)):
        before, after = ratio[slot % 2], ratio[(slot + 1) % 2]
        values, level, next_level, live = value[slot + 1], power[slot], power[slot + 1], alive[slot]
        after[:] = 0.0
        for vector in range(len(tables.vector_state)):
            if live[tables.vector_state[vector]]:
                first, last = tables.vector_base[vector], tables.vector_base[vector + 1]
                doubtful += _check_cells(before[first:last], value[slot, first:last])
                _reduce_sum(tables, vector, before)
        if weight_row[slot] < 0:
            for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
                piece = fixed_piece[at]
                state = tables.piece_state[piece]
                above = next_level[target_state[piece]]
                if live[state] and above > DEAD:
                    _push_sum(tables, piece, two_to(above - level[state]), before, after, values)
            continue
        share, found = weight[weight_row[slot]], posterior[weight_row[slot]]
        for cell in range(tables.scalar_states):
            state = tables.scalar_state[cell]
            if live[state]:
                for piece in range(row_offset[cell], row_offset[cell + 1]):
                    above = next_level[target_state[piece]]
                    if above > DEAD:
                        moved = before[cell] * share[label[piece]] * two_to(above - level[state])
                        after[target[piece]] += moved
                        found[label[piece]] += moved * values[target[piece]]
        for vector in range(len(tables.vector_state)):
            state = tables.vector_state[vector]
            if not live[state]:
                continue
            for line in range(tables.vector_row[vector], tables.vector_row[vector + 1]):
                for piece in range(row_offset[line], row_offset[line + 1]):
                    above = next_level[target_state[piece]]
                    if above > DEAD:
                        moved = before[row_source[line]] * share[label[piece]] * two_to(above - level[state])
                        after[target[piece]] += moved
                        found[label[piece]] += moved * values[target[piece]]
            for piece in range(tables.vector_block[vector], tables.vector_block[vector + 1]):
                above = next_level[target_state[piece]]
                if above > DEAD and share[label[piece]] > 0:
                    factor = share[label[piece]] * two_to(above - level[state])
                    found[label[piece]] += _push_sum(tables, piece, factor, before, after, values)
        for at in range(len(share)):
            if 0 < share[at] <= WEIGHT_FLOOR:
                doubtful += found[at]
    return doubtful
