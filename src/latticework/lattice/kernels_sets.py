"""Kernels over sets of cells: what the slots before allow, what the slots after allow, which labels fit.

Rows of values are uint8, 0 or 1. A slot is free (any token, all pieces) or fixed (the pieces of its
token, listed in ``fixed_piece[fixed_offset[i]:fixed_offset[i + 1]]``). Where sets stop changing from
one free slot to the next they are copied.

Helpers take the few arrays they need, never the whole tables: those are too large to pass by value.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_BLOCK = 1024


@njit(cache=True, nogil=True)
def _any(values, first, last):
    """Whether a range of a set is not empty."""
    found = np.uint8(0)
    for i in range(np.uint64(first), np.uint64(last)):
        found |= values[i]
    return found > 0


@njit(cache=True, nogil=True)
def _add(values, first, result, start, count):
    """``result[start + i] |= values[first + i]`` for i below count."""
    # Unsigned offsets need no sign test, which would keep the loop from vectorising; slices would be
    # reference-counted, which costs more than the loop.
    a, b = np.uint64(first), np.uint64(start)
    for i in range(np.uint64(count)):
        result[b + i] |= values[a + i]


@njit(cache=True, nogil=True)
def _meet(values, first, result, start, count):
    """Whether two ranges of sets have a common cell."""
    a, b = np.uint64(first), np.uint64(start)
    found = np.uint8(0)
    for i in range(np.uint64(count)):
        found |= values[a + i] & result[b + i]
    return found > 0


@njit(cache=True, nogil=True)
def _same(values, result):
    """Whether two sets are equal; by blocks, so that it vectorises and still stops early."""
    for first in range(0, len(values), _BLOCK):
        a, b = values[first : first + _BLOCK], result[first : first + _BLOCK]
        found = np.uint8(0)
        for i in range(len(a)):
            found |= a[i] ^ b[i]
        if found:
            return False
    return True


@njit(cache=True, nogil=True)
def reduce_exit(row, first, rows, outputs, cols, stride, target):
    """Fill the outputs of an exit from the cells of its window."""
    for line in range(outputs):
        row[target + line] = 0
    for line in range(max(rows, outputs)):
        start = first + line * stride
        if _any(row, start, start + cols):
            row[target + (line if outputs > 1 else 0)] = 1


@njit(cache=True, nogil=True)
def spread_exit(row, first, rows, outputs, cols, stride, target):
    """Give the cells of an exit's window what its outputs hold."""
    for line in range(max(rows, outputs)):
        if row[target + (line if outputs > 1 else 0)]:
            start = first + line * stride
            row[start : start + cols] = 1


@njit(cache=True, nogil=True)
def forward_sets(tables, is_free, fixed_offset, fixed_piece, reached, active):
    """Cells (and exit outputs) reachable from the start, by slot.

    Args:
        is_free: [N] bool.
        reached: [N + 1, size] uint8; row 0 holds the start cell, the others are written.
        active: [N + 1, S] uint8; row 0 marks the start state, the others are written: states with a reached cell.

    Returns:
        The first slot after which no cell is left, or N.
    """
    row_offset, row_source = tables.row_offset, tables.row_source
    target, target_state = tables.piece_target, tables.piece_target_state
    rows, cols, source = tables.piece_rows, tables.piece_cols, tables.piece_source
    source_stride, target_stride = tables.piece_source_stride, tables.piece_target_stride
    scalar_state, vector_state, vector_base = tables.scalar_state, tables.vector_state, tables.vector_base
    slots, cells = len(is_free), tables.cells
    for slot in range(slots):
        before, after, live, next_live = reached[slot], reached[slot + 1], active[slot], active[slot + 1]
        if (
            slot > 0
            and is_free[slot]
            and is_free[slot - 1]
            and _same(live, active[slot - 1])
            and _same(before[:cells], reached[slot - 1, :cells])
        ):
            before[cells:] = reached[slot - 1, cells:]
            after[:] = before
            next_live[:] = live
            continue
        after[:] = 0
        next_live[:] = 0
        for vector in range(len(vector_state)):
            if live[vector_state[vector]]:
                for exit_ in range(tables.vector_exit[vector], tables.vector_exit[vector + 1]):
                    reduce_exit(
                        before,
                        tables.exit_source[exit_],
                        tables.exit_rows[exit_],
                        tables.exit_outputs[exit_],
                        tables.exit_cols[exit_],
                        tables.exit_stride[exit_],
                        tables.exit_target[exit_],
                    )
        if is_free[slot]:
            for state in range(tables.scalar_states):
                if before[state]:
                    for piece in range(row_offset[state], row_offset[state + 1]):
                        after[target[piece]] = 1
                        next_live[target_state[piece]] = 1
        for vector in range(len(vector_state)):
            if not (is_free[slot] and live[vector_state[vector]]):
                continue
            for line in range(tables.vector_row[vector], tables.vector_row[vector + 1]):
                if before[row_source[line]]:
                    for piece in range(row_offset[line], row_offset[line + 1]):
                        after[target[piece]] = 1
                        next_live[target_state[piece]] = 1
            for piece in range(tables.vector_block[vector], tables.vector_block[vector + 1]):
                next_live[target_state[piece]] = 1
                for line in range(rows[piece]):
                    start, end = (
                        source[piece] + line * source_stride[piece],
                        target[piece] + line * target_stride[piece],
                    )
                    _add(before, start, after, end, cols[piece])
        for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
            piece = fixed_piece[at]
            if live[tables.piece_state[piece]]:
                next_live[target_state[piece]] = 1
                for line in range(rows[piece]):
                    start, end = (
                        source[piece] + line * source_stride[piece],
                        target[piece] + line * target_stride[piece],
                    )
                    _add(before, start, after, end, cols[piece])
        left = np.uint8(0)
        for state in range(tables.scalar_states):
            next_live[scalar_state[state]] = after[state]
            left |= after[state]
        for vector in range(len(vector_state)):
            if next_live[vector_state[vector]]:
                found = np.uint8(_any(after, vector_base[vector], vector_base[vector + 1]))
                next_live[vector_state[vector]] = found
                left |= found
        if not left:
            return slot
    return slots


@njit(cache=True, nogil=True)
def backward_sets(tables, is_free, fixed_offset, fixed_piece, reached, active, valid, alive):
    """Cells on some valid filling, by slot: reachable from the start and able to reach the end.

    Args:
        reached, active: of :func:`forward_sets`.
        valid: [N + 1, size] uint8; row N holds the accepting cells that are reached, the others are written.
        alive: [N + 1, S] uint8, written: states with a valid cell.

    Returns:
        How many values the blocks and exits of vector states move in one pass over the valid states.
    """
    row_offset, row_source = tables.row_offset, tables.row_source
    target, target_state = tables.piece_target, tables.piece_target_state
    rows, cols, source = tables.piece_rows, tables.piece_cols, tables.piece_source
    source_stride, target_stride = tables.piece_source_stride, tables.piece_target_stride
    scalar_state, vector_state, vector_base = tables.scalar_state, tables.vector_state, tables.vector_base
    slots, cells = len(is_free), tables.cells
    for slot in range(slots, -1, -1):
        row, seen, live = valid[slot], reached[slot], alive[slot]
        after, next_live = valid[min(slot + 1, slots)], alive[min(slot + 1, slots)]
        if (
            slot + 1 < slots
            and is_free[slot]
            and is_free[slot + 1]
            and _same(active[slot], active[slot + 1])
            and _same(next_live, alive[slot + 2])
            and _same(seen[:cells], reached[slot + 1, :cells])
            and _same(after[:cells], valid[slot + 2, :cells])
        ):
            row[:] = after
            live[:] = next_live
            continue
        live[:] = 0
        if slot < slots:
            row[:] = 0
            for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
                piece = fixed_piece[at]
                if active[slot, tables.piece_state[piece]] and next_live[target_state[piece]]:
                    for line in range(rows[piece]):
                        start = source[piece] + line * source_stride[piece]
                        end = target[piece] + line * target_stride[piece]
                        _add(after, end, row, start, cols[piece])
            if is_free[slot]:
                for state in range(tables.scalar_states):
                    if seen[state]:
                        for piece in range(row_offset[state], row_offset[state + 1]):
                            if after[target[piece]]:
                                row[state] = 1
                                break
        for state in range(tables.scalar_states):
            row[state] &= seen[state]
            live[scalar_state[state]] = row[state]
        for vector in range(len(vector_state)):
            if not active[slot, vector_state[vector]]:
                continue
            first, last = vector_base[vector], vector_base[vector + 1]
            if slot < slots:
                if is_free[slot]:
                    for line in range(tables.vector_row[vector], tables.vector_row[vector + 1]):
                        if seen[row_source[line]]:
                            for piece in range(row_offset[line], row_offset[line + 1]):
                                if after[target[piece]]:
                                    row[row_source[line]] = 1
                                    break
                    for piece in range(tables.vector_block[vector], tables.vector_block[vector + 1]):
                        if next_live[target_state[piece]]:
                            for line in range(rows[piece]):
                                start = source[piece] + line * source_stride[piece]
                                end = target[piece] + line * target_stride[piece]
                                _add(after, end, row, start, cols[piece])
                for exit_ in range(tables.vector_exit[vector], tables.vector_exit[vector + 1]):
                    spread_exit(
                        row,
                        tables.exit_source[exit_],
                        tables.exit_rows[exit_],
                        tables.exit_outputs[exit_],
                        tables.exit_cols[exit_],
                        tables.exit_stride[exit_],
                        tables.exit_target[exit_],
                    )
            found = np.uint8(0)
            own, passed = row[first:last], seen[first:last]
            for i in range(len(own)):
                own[i] &= passed[i]
                found |= own[i]
            live[vector_state[vector]] = found
    work = 0
    for slot in range(slots):
        for vector in range(len(vector_state)):
            if is_free[slot] and alive[slot, vector_state[vector]]:
                work += tables.vector_work[vector]
    return work


@njit(cache=True, nogil=True)
def fitting_labels(tables, is_free, reached, valid, alive, fits):
    """Labels that some valid filling holds, by slot.

    Args:
        reached, valid, alive: the sets.
        fits: [N, labels] bool, all False; set True in free slots.
    """
    row_offset, row_source = tables.row_offset, tables.row_source
    target, target_state, label = tables.piece_target, tables.piece_target_state, tables.piece_label
    rows, cols, source = tables.piece_rows, tables.piece_cols, tables.piece_source
    source_stride, target_stride = tables.piece_source_stride, tables.piece_target_stride
    cells = tables.cells
    for slot in range(len(is_free)):
        if not is_free[slot]:
            continue
        before, after, live, row_fits = reached[slot], valid[slot + 1], alive[slot], fits[slot]
        if (
            slot > 0
            and is_free[slot - 1]
            and _same(live, alive[slot - 1])
            and _same(before[:cells], reached[slot - 1, :cells])
            and _same(valid[slot, :cells], valid[slot - 1, :cells])
            and _same(after[:cells], valid[slot, :cells])
        ):
            row_fits[:] = fits[slot - 1]
            continue
        for state in range(tables.scalar_states):
            if valid[slot, state]:
                for piece in range(row_offset[state], row_offset[state + 1]):
                    if after[target[piece]]:
                        row_fits[label[piece]] = True
        for vector in range(len(tables.vector_state)):
            if not live[tables.vector_state[vector]]:
                continue
            for line in range(tables.vector_row[vector], tables.vector_row[vector + 1]):
                if before[row_source[line]]:
                    for piece in range(row_offset[line], row_offset[line + 1]):
                        if after[target[piece]]:
                            row_fits[label[piece]] = True
            for piece in range(tables.vector_block[vector], tables.vector_block[vector + 1]):
                if row_fits[label[piece]] or not alive[slot + 1, target_state[piece]]:
                    continue
                for line in range(rows[piece]):
                    start, end = (
                        source[piece] + line * source_stride[piece],
                        target[piece] + line * target_stride[piece],
                    )
                    if _meet(before, start, after, end, cols[piece]):
                        row_fits[label[piece]] = True
                        break
