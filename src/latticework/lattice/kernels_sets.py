"""Kernels over sets of cells: what the slots before allow, what the slots after allow, which labels fit.

Rows of values are uint8, 0 or 1. A slot is free (any token, all pieces) or fixed (the pieces of its
token, listed in ``fixed_piece[fixed_offset[i]:fixed_offset[i + 1]]``).
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def any_value(values, first, last):
    """Whether a range of a row is not empty."""
    found = np.uint8(0)
    for value in values[first:last]:
        found |= value
    return found > 0


@njit(cache=True, nogil=True)
def reduce_exits(tables, vector, row):
    """Fill the exit outputs of one vector state from its cells."""
    for exit_ in range(tables.vector_exit[vector], tables.vector_exit[vector + 1]):
        first, stride = tables.exit_source[exit_], tables.exit_stride[exit_]
        cols, target = tables.exit_cols[exit_], tables.exit_target[exit_]
        for line in range(tables.exit_outputs[exit_]):
            row[target + line] = 0
        for line in range(max(tables.exit_rows[exit_], tables.exit_outputs[exit_])):
            start = first + line * stride
            if any_value(row, start, start + cols):
                row[target + (line if tables.exit_outputs[exit_] > 1 else 0)] = 1


@njit(cache=True, nogil=True)
def spread_exits(tables, vector, row):
    """Give every cell of one vector state what the exits above it hold."""
    for exit_ in range(tables.vector_exit[vector], tables.vector_exit[vector + 1]):
        first, stride = tables.exit_source[exit_], tables.exit_stride[exit_]
        cols, target = tables.exit_cols[exit_], tables.exit_target[exit_]
        for line in range(max(tables.exit_rows[exit_], tables.exit_outputs[exit_])):
            if row[target + (line if tables.exit_outputs[exit_] > 1 else 0)]:
                start = first + line * stride
                row[start : start + cols] = 1


@njit(cache=True, nogil=True)
def push_piece(tables, piece, before, after):
    """after |= the piece applied to before."""
    cols = tables.piece_cols[piece]
    for line in range(tables.piece_rows[piece]):
        source = tables.piece_source[piece] + line * tables.piece_source_stride[piece]
        target = tables.piece_target[piece] + line * tables.piece_target_stride[piece]
        values, result = before[source : source + cols], after[target : target + cols]
        for i in range(cols):
            result[i] |= values[i]


@njit(cache=True, nogil=True)
def pull_piece(tables, piece, before, after):
    """before |= the piece reversed, applied to after."""
    cols = tables.piece_cols[piece]
    for line in range(tables.piece_rows[piece]):
        source = tables.piece_source[piece] + line * tables.piece_source_stride[piece]
        target = tables.piece_target[piece] + line * tables.piece_target_stride[piece]
        values, result = after[target : target + cols], before[source : source + cols]
        for i in range(cols):
            result[i] |= values[i]


@njit(cache=True, nogil=True)
def crosses(tables, piece, before, after):
    """Whether the piece leads from the set before to the set after."""
    cols = tables.piece_cols[piece]
    found = np.uint8(0)
    for line in range(tables.piece_rows[piece]):
        source = tables.piece_source[piece] + line * tables.piece_source_stride[piece]
        target = tables.piece_target[piece] + line * tables.piece_target_stride[piece]
        values, result = before[source : source + cols], after[target : target + cols]
        for i in range(cols):
            found |= values[i] & result[i]
    return found > 0


@njit(cache=True, nogil=True)
def advance(tables, before, after):
    """Cells after one free slot. ``before`` gets its exit outputs filled."""
    row_offset, row_source, target = tables.row_offset, tables.row_source, tables.piece_target
    after[:] = 0
    for state in range(tables.scalar_states):
        if before[state]:
            for piece in range(row_offset[state], row_offset[state + 1]):
                after[target[piece]] = 1
    for vector in range(len(tables.vector_state)):
        if not any_value(before, tables.vector_base[vector], tables.vector_base[vector + 1]):
            continue
        reduce_exits(tables, vector, before)
        for row in range(tables.vector_row[vector], tables.vector_row[vector + 1]):
            if before[row_source[row]]:
                for piece in range(row_offset[row], row_offset[row + 1]):
                    after[target[piece]] = 1
        for piece in range(tables.vector_block[vector], tables.vector_block[vector + 1]):
            push_piece(tables, piece, before, after)


@njit(cache=True, nogil=True)
def forward_sets(tables, is_free, fixed_offset, fixed_piece, reached):
    """Cells (and exit outputs) reachable from the start, by slot.

    Args:
        is_free: [N] bool.
        reached: [N + 1, size] uint8; row 0 holds the start cell, the others are written.

    Returns:
        The first slot after which no cell is left, or N.
    """
    slots = len(is_free)
    for slot in range(slots):
        before, after = reached[slot], reached[slot + 1]
        if is_free[slot]:
            advance(tables, before, after)
        else:
            after[:] = 0
            for vector in range(len(tables.vector_state)):
                if any_value(before, tables.vector_base[vector], tables.vector_base[vector + 1]):
                    reduce_exits(tables, vector, before)
            for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
                push_piece(tables, fixed_piece[at], before, after)
        if not any_value(after, 0, tables.cells):
            return slot
    return slots


@njit(cache=True, nogil=True)
def backward_sets(tables, is_free, fixed_offset, fixed_piece, reached, valid, alive):
    """Cells on some valid filling, by slot: reachable from the start and able to reach the end.

    Args:
        reached: [N + 1, size] uint8 of :func:`forward_sets`.
        valid: [N + 1, size] uint8; row N holds the accepting cells that are reached, the others are written.
        alive: [N + 1, S] uint8, written: states with a valid cell.
    """
    row_offset, row_source, target = tables.row_offset, tables.row_source, tables.piece_target
    slots = len(is_free)
    for slot in range(slots, -1, -1):
        row, seen, live = valid[slot], reached[slot], alive[slot]
        after = valid[min(slot + 1, slots)]
        live[:] = 0
        if slot < slots:
            row[:] = 0
            if is_free[slot]:
                for state in range(tables.scalar_states):
                    if seen[state]:
                        for piece in range(row_offset[state], row_offset[state + 1]):
                            if after[target[piece]]:
                                row[state] = 1
                                break
            else:
                for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
                    pull_piece(tables, fixed_piece[at], row, after)
        for state in range(tables.scalar_states):
            row[state] &= seen[state]
            live[tables.scalar_state[state]] = row[state]
        for vector in range(len(tables.vector_state)):
            first, last = tables.vector_base[vector], tables.vector_base[vector + 1]
            if not any_value(seen, first, last):
                row[first:last] = 0
                continue
            if slot < slots:
                if is_free[slot]:
                    for line in range(tables.vector_row[vector], tables.vector_row[vector + 1]):
                        if seen[row_source[line]]:
                            for piece in range(row_offset[line], row_offset[line + 1]):
                                if after[target[piece]]:
                                    row[row_source[line]] = 1
                                    break
                    for piece in range(tables.vector_block[vector], tables.vector_block[vector + 1]):
                        if alive[slot + 1, tables.piece_target_state[piece]]:
                            pull_piece(tables, piece, row, after)
                spread_exits(tables, vector, row)
            found = np.uint8(0)
            cells, passed = row[first:last], seen[first:last]
            for i in range(len(cells)):
                cells[i] &= passed[i]
                found |= cells[i]
            live[tables.vector_state[vector]] = found


@njit(cache=True, nogil=True)
def fitting_labels(tables, is_free, reached, valid, alive, fits):
    """Labels that some valid filling holds, by slot.

    Args:
        reached, valid, alive: the sets.
        fits: [N, labels] bool, all False; set True in free slots.
    """
    row_offset, row_source = tables.row_offset, tables.row_source
    target, label = tables.piece_target, tables.piece_label
    for slot in range(len(is_free)):
        if not is_free[slot]:
            continue
        before, after, live, row_fits = reached[slot], valid[slot + 1], alive[slot], fits[slot]
        for state in range(tables.scalar_states):
            if live[tables.scalar_state[state]]:
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
                if not row_fits[label[piece]] and alive[slot + 1, tables.piece_target_state[piece]]:
                    row_fits[label[piece]] = crosses(tables, piece, before, after)
