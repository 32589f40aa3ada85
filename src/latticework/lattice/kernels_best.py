"""Max-plus kernels: value of the best completion of every cell, and the path that has it."""

from __future__ import annotations

import numpy as np
from numba import njit

# Below every sum of slot weights (weights are at least -1e5 a slot), and finite so that fast maths may reorder.
NONE = np.float32(-1e30)
_FAST = {"reassoc", "nnan", "nsz", "contract"}


@njit(cache=True, nogil=True, fastmath=_FAST)
def _pull_max(tables, piece, weight, before, after):
    cols = tables.piece_cols[piece]
    if cols == 1:
        source, target = tables.piece_source[piece], tables.piece_target[piece]
        for _ in range(tables.piece_rows[piece]):
            value = weight + after[target]
            if value > before[source]:
                before[source] = value
            source += tables.piece_source_stride[piece]
            target += tables.piece_target_stride[piece]
        return
    for line in range(tables.piece_rows[piece]):
        source = tables.piece_source[piece] + line * tables.piece_source_stride[piece]
        target = tables.piece_target[piece] + line * tables.piece_target_stride[piece]
        values, result = after[target : target + cols], before[source : source + cols]
        for i in range(cols):
            value = values[i] + weight
            result[i] = value if value > result[i] else result[i]


@njit(cache=True, nogil=True, fastmath=_FAST)
def _spread_max(tables, vector, row):
    for exit_ in range(tables.vector_exit[vector], tables.vector_exit[vector + 1]):
        first, stride = tables.exit_source[exit_], tables.exit_stride[exit_]
        cols, target = tables.exit_cols[exit_], tables.exit_target[exit_]
        for line in range(max(tables.exit_rows[exit_], tables.exit_outputs[exit_])):
            value = row[target + (line if tables.exit_outputs[exit_] > 1 else 0)]
            start = first + line * stride
            cells = row[start : start + cols]
            for i in range(cols):
                cells[i] = value if value > cells[i] else cells[i]


@njit(cache=True, nogil=True, fastmath=_FAST)
def best_values(tables, weight_row, weight, fixed_offset, fixed_piece, alive, value):
    """Best sum of weights from every cell to an accepting end, by slot.

    Args:
        weight_row: [N] int32 row of ``weight`` for a free slot, -1 for a fixed one.
        weight: [n, labels] float32.
        alive: [N + 1, S] uint8; only states alive are evaluated in free slots.
        value: [N + 1, size] float32; row N is given (0 where accepting, else NONE), the others are written.
    """
    row_offset, row_source = tables.row_offset, tables.row_source
    target, label = tables.piece_target, tables.piece_label
    for slot in range(len(weight_row) - 1, -1, -1):
        row, after, live = value[slot], value[slot + 1], alive[slot]
        is_free = weight_row[slot] >= 0
        if is_free:
            gain = weight[weight_row[slot]]
            for state in range(tables.scalar_states):
                best = NONE
                if live[tables.scalar_state[state]]:
                    for piece in range(row_offset[state], row_offset[state + 1]):
                        best = max(best, gain[label[piece]] + after[target[piece]])
                row[state] = best
            row[tables.scalar_states :] = NONE
        else:
            gain = weight[0]
            row[:] = NONE
            for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
                _pull_max(tables, fixed_piece[at], np.float32(0), row, after)
        for vector in range(len(tables.vector_state)):
            if not live[tables.vector_state[vector]]:
                continue
            if is_free:
                for line in range(tables.vector_row[vector], tables.vector_row[vector + 1]):
                    best = row[row_source[line]]
                    for piece in range(row_offset[line], row_offset[line + 1]):
                        best = max(best, gain[label[piece]] + after[target[piece]])
                    row[row_source[line]] = best
                for piece in range(tables.vector_block[vector], tables.vector_block[vector + 1]):
                    if alive[slot + 1, tables.piece_target_state[piece]]:
                        _pull_max(tables, piece, gain[label[piece]], row, after)
            _spread_max(tables, vector, row)


@njit(cache=True, nogil=True)
def step(tables, piece, cell):
    """Cell to which a piece leads from a cell of its source state, -1 if it does not apply there."""
    source = cell
    exit_ = tables.piece_exit[piece]
    if exit_ >= 0:
        offset = cell - tables.exit_source[exit_]
        if offset < 0:
            return -1
        line, col = divmod(offset, tables.exit_stride[exit_])
        outputs = tables.exit_outputs[exit_]
        if line >= max(tables.exit_rows[exit_], outputs) or col >= tables.exit_cols[exit_]:
            return -1
        source = tables.exit_target[exit_] + (line if outputs > 1 else 0)
    offset = source - tables.piece_source[piece]
    if offset < 0:
        return -1
    line, col = divmod(offset, tables.piece_source_stride[piece])
    if line >= tables.piece_rows[piece] or col >= tables.piece_cols[piece]:
        return -1
    return tables.piece_target[piece] + line * tables.piece_target_stride[piece] + col


@njit(cache=True, nogil=True)
def _add_successors(tables, first, last, cell, pieces, cells, count):
    for piece in range(first, last):
        to = step(tables, piece, cell)
        if to >= 0:
            pieces[count] = piece
            cells[count] = to
            count += 1
    return count


@njit(cache=True, nogil=True)
def successors(tables, state, cell, first_fixed, last_fixed, fixed_piece, pieces, cells):
    """Pieces that apply in a cell and where they lead.

    Args:
        first_fixed, last_fixed: range of ``fixed_piece`` for a fixed slot, ``first_fixed < 0`` for a free one.
        pieces, cells: int32 buffers of at least the largest number of pieces of a state, written.

    Returns:
        How many.
    """
    count = 0
    if first_fixed >= 0:
        for at in range(first_fixed, last_fixed):
            piece = fixed_piece[at]
            if tables.piece_state[piece] == state:
                count = _add_successors(tables, piece, piece + 1, cell, pieces, cells, count)
        return count
    row_offset = tables.row_offset
    vector = tables.vector_of_state[state]
    if vector < 0:
        return _add_successors(tables, row_offset[cell], row_offset[cell + 1], cell, pieces, cells, 0)
    first, last = row_offset[tables.vector_row[vector]], row_offset[tables.vector_row[vector + 1]]
    count = _add_successors(tables, first, last, cell, pieces, cells, 0)
    first, last = tables.vector_block[vector], tables.vector_block[vector + 1]
    return _add_successors(tables, first, last, cell, pieces, cells, count)


@njit(cache=True, nogil=True)
def trace(tables, weight_row, weight, fixed_offset, fixed_piece, value, pieces, cells, labels):
    """Follow the best values from the start cell.

    Args:
        value: [N + 1, size] of :func:`best_values`.
        pieces, cells: buffers of :func:`successors`.
        labels: [N] int32, written: label in every slot (of fixed slots too).

    Returns:
        N, or the slot from which no completion exists.
    """
    state = np.int64(0)
    cell = np.int64(tables.start)
    for slot in range(len(weight_row)):
        is_free = weight_row[slot] >= 0
        first = -1 if is_free else fixed_offset[slot]
        count = successors(tables, state, cell, first, fixed_offset[slot + 1], fixed_piece, pieces, cells)
        best, chosen = NONE, -1
        for i in range(count):
            gain = weight[weight_row[slot], tables.piece_label[pieces[i]]] if is_free else np.float32(0)
            total = gain + value[slot + 1, cells[i]]
            if total > best:
                best, chosen = total, i
        if chosen < 0:
            return slot
        labels[slot] = tables.piece_label[pieces[chosen]]
        state = np.int64(tables.piece_target_state[pieces[chosen]])
        cell = np.int64(cells[chosen])
    return len(weight_row)
