"""Kernels over sets of cells: what the slots before allow, what the slots after allow, which labels fit.

Rows of values are uint8, 0 or 1. A slot is free (any token, all pieces) or fixed (the pieces of its
token, listed in ``fixed_piece[fixed_offset[i]:fixed_offset[i + 1]]``). Where sets stop changing from
one free slot to the next they are copied.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import HELPER, KERNEL
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
    VECTOR_ROW,
    VECTOR_STATE,
    VECTOR_WORK,
)

_BLOCK = 1024


@njit(**HELPER)
def _any(values, first, last):
    """Whether a range of a set is not empty."""
    found = np.uint8(0)
    for i in range(np.uint64(first), np.uint64(last)):
        found |= values[i]
    return found > 0


@njit(**HELPER)
def _same(values, others, count):
    """Whether two sets are equal; by blocks, so that it vectorises and still stops early."""
    first, end = np.uint64(0), np.uint64(count)
    while first < end:
        last = first + np.uint64(_BLOCK)
        if last > end:
            last = end
        found = np.uint8(0)
        for i in range(first, last):
            found |= values[i] ^ others[i]
        if found:
            return False
        first = last
    return True


@njit(**HELPER)
def _copy(values, result, first, last):
    for i in range(np.uint64(first), np.uint64(last)):
        result[i] = values[i]


@njit(**HELPER)
def _clear(values):
    for i in range(np.uint64(len(values))):
        values[i] = 0


@njit(**HELPER)
def _push(pieces, piece, before, after):
    """after |= the piece applied to before."""
    count = np.uint64(pieces[PIECE_COLS, piece])
    for line in range(pieces[PIECE_ROWS, piece]):
        a = np.uint64(pieces[PIECE_SOURCE, piece] + line * pieces[PIECE_SOURCE_STRIDE, piece])
        b = np.uint64(pieces[PIECE_TARGET, piece] + line * pieces[PIECE_TARGET_STRIDE, piece])
        for i in range(count):
            after[b + i] |= before[a + i]


@njit(**HELPER)
def _pull(pieces, piece, before, after):
    """before |= the piece applied backwards to after."""
    count = np.uint64(pieces[PIECE_COLS, piece])
    for line in range(pieces[PIECE_ROWS, piece]):
        a = np.uint64(pieces[PIECE_SOURCE, piece] + line * pieces[PIECE_SOURCE_STRIDE, piece])
        b = np.uint64(pieces[PIECE_TARGET, piece] + line * pieces[PIECE_TARGET_STRIDE, piece])
        for i in range(count):
            before[a + i] |= after[b + i]


@njit(**HELPER)
def _crosses(pieces, piece, before, after):
    """Whether the piece leads from the set before to the set after."""
    count = np.uint64(pieces[PIECE_COLS, piece])
    found = np.uint8(0)
    for line in range(pieces[PIECE_ROWS, piece]):
        a = np.uint64(pieces[PIECE_SOURCE, piece] + line * pieces[PIECE_SOURCE_STRIDE, piece])
        b = np.uint64(pieces[PIECE_TARGET, piece] + line * pieces[PIECE_TARGET_STRIDE, piece])
        for i in range(count):
            found |= before[a + i] & after[b + i]
    return found > 0


@njit(**HELPER)
def _reduce_exit(exits, exit_, row):
    """Fill the outputs of an exit from the cells of its window."""
    outputs, lines = exits[EXIT_OUTPUTS, exit_], exits[EXIT_ROWS, exit_]
    for line in range(outputs):
        row[exits[EXIT_TARGET, exit_] + line] = 0
    for line in range(outputs if outputs > 1 else lines):
        start = exits[EXIT_SOURCE, exit_] + line * exits[EXIT_STRIDE, exit_]
        if _any(row, start, start + exits[EXIT_COLS, exit_]):
            row[exits[EXIT_TARGET, exit_] + (line if outputs > 1 else 0)] = 1


@njit(**HELPER)
def _spread_exit(exits, exit_, row):
    """Give the cells of an exit's window what its outputs hold."""
    outputs, lines = exits[EXIT_OUTPUTS, exit_], exits[EXIT_ROWS, exit_]
    for line in range(outputs if outputs > 1 else lines):
        if row[exits[EXIT_TARGET, exit_] + (line if outputs > 1 else 0)]:
            start = np.uint64(exits[EXIT_SOURCE, exit_] + line * exits[EXIT_STRIDE, exit_])
            for i in range(start, start + np.uint64(exits[EXIT_COLS, exit_])):
                row[i] = 1


@njit(**KERNEL)
def forward_sets(tables, is_free, fixed_offset, fixed_piece, reached, active):
    """Cells (and exit outputs) reachable from the start, by slot.

    Args:
        is_free: [N] bool.
        reached: [N + 1, size] uint8; row 0 holds the start cell, the others are written.
        active: [N + 1, S] uint8; row 0 marks the start state, the others are written: states with a reached cell.

    Returns:
        The first slot after which no cell is left, or N.
    """
    row_offset, row_source, scalar_state = tables.row_offset, tables.row_source, tables.scalar_state
    pieces, exits, vectors = tables.piece, tables.exit, tables.vector
    target, target_state = pieces[PIECE_TARGET], pieces[PIECE_TARGET_STATE]
    cells, states, count = tables.cells, active.shape[1], vectors.shape[1] - 1
    for slot in range(len(is_free)):
        before, after, live, next_live = reached[slot], reached[slot + 1], active[slot], active[slot + 1]
        if slot > 0 and is_free[slot] and is_free[slot - 1]:
            earlier = reached[slot - 1]
            if _same(live, active[slot - 1], states) and _same(before, earlier, cells):
                _copy(earlier, before, cells, tables.size)
                _copy(before, after, 0, tables.size)
                _copy(live, next_live, 0, states)
                continue
        _clear(after)
        _clear(next_live)
        if is_free[slot]:
            for state in range(tables.scalar_states):
                if before[state]:
                    for piece in range(row_offset[state], row_offset[state + 1]):
                        after[target[piece]] = 1
                        next_live[target_state[piece]] = 1
        for vector in range(count):
            if not live[vectors[VECTOR_STATE, vector]]:
                continue
            for exit_ in range(vectors[VECTOR_EXIT, vector], vectors[VECTOR_EXIT, vector + 1]):
                _reduce_exit(exits, exit_, before)
            if not is_free[slot]:
                continue
            for line in range(vectors[VECTOR_ROW, vector], vectors[VECTOR_ROW, vector + 1]):
                if before[row_source[line]]:
                    for piece in range(row_offset[line], row_offset[line + 1]):
                        after[target[piece]] = 1
                        next_live[target_state[piece]] = 1
            for piece in range(vectors[VECTOR_BLOCK, vector], vectors[VECTOR_BLOCK, vector + 1]):
                next_live[target_state[piece]] = 1
                _push(pieces, piece, before, after)
        for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
            piece = fixed_piece[at]
            if live[pieces[PIECE_STATE, piece]]:
                next_live[target_state[piece]] = 1
                _push(pieces, piece, before, after)
        left = np.uint8(0)
        for state in range(tables.scalar_states):
            next_live[scalar_state[state]] = after[state]
            left |= after[state]
        for vector in range(count):
            state = vectors[VECTOR_STATE, vector]
            if next_live[state]:
                next_live[state] = _any(after, vectors[VECTOR_BASE, vector], vectors[VECTOR_BASE, vector + 1])
                left |= next_live[state]
        if not left:
            return slot
    return len(is_free)


@njit(**KERNEL)
def backward_sets(tables, is_free, fixed_offset, fixed_piece, reached, active, valid, alive):
    """Cells on some valid filling, by slot: reachable from the start and able to reach the end.

    Args:
        reached, active: of :func:`forward_sets`.
        valid: [N + 1, size] uint8; row N holds the accepting cells that are reached, the others are written.
        alive: [N + 1, S] uint8, written: states with a valid cell.

    Returns:
        How many values the blocks and exits of vector states move in one pass over the valid states.
    """
    row_offset, row_source, scalar_state = tables.row_offset, tables.row_source, tables.scalar_state
    pieces, exits, vectors = tables.piece, tables.exit, tables.vector
    target, target_state = pieces[PIECE_TARGET], pieces[PIECE_TARGET_STATE]
    cells, states, count = tables.cells, active.shape[1], vectors.shape[1] - 1
    slots = len(is_free)
    work = 0
    for slot in range(slots, -1, -1):
        row, seen, live = valid[slot], reached[slot], alive[slot]
        following = slot + 1 if slot < slots else slots
        after, next_live = valid[following], alive[following]
        is_open = slot < slots and is_free[slot]
        if (
            is_open
            and slot + 1 < slots
            and is_free[slot + 1]
            and (
                _same(active[slot], active[slot + 1], states)
                and _same(next_live, alive[slot + 2], states)
                and _same(seen, reached[slot + 1], cells)
                and _same(after, valid[slot + 2], cells)
            )
        ):
            _copy(after, row, 0, tables.size)
            _copy(next_live, live, 0, states)
            for vector in range(count):
                if live[vectors[VECTOR_STATE, vector]]:
                    work += vectors[VECTOR_WORK, vector]
            continue
        _clear(live)
        if slot < slots:
            _clear(row)
            for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
                piece = fixed_piece[at]
                if active[slot, pieces[PIECE_STATE, piece]] and next_live[target_state[piece]]:
                    _pull(pieces, piece, row, after)
        for state in range(tables.scalar_states):
            if is_open and seen[state]:
                for piece in range(row_offset[state], row_offset[state + 1]):
                    if after[target[piece]]:
                        row[state] = 1
                        break
            row[state] &= seen[state]
            live[scalar_state[state]] = row[state]
        for vector in range(count):
            if not active[slot, vectors[VECTOR_STATE, vector]]:
                continue
            if is_open:
                for line in range(vectors[VECTOR_ROW, vector], vectors[VECTOR_ROW, vector + 1]):
                    if seen[row_source[line]]:
                        for piece in range(row_offset[line], row_offset[line + 1]):
                            if after[target[piece]]:
                                row[row_source[line]] = 1
                                break
                for piece in range(vectors[VECTOR_BLOCK, vector], vectors[VECTOR_BLOCK, vector + 1]):
                    if next_live[target_state[piece]]:
                        _pull(pieces, piece, row, after)
            if slot < slots:
                for exit_ in range(vectors[VECTOR_EXIT, vector], vectors[VECTOR_EXIT, vector + 1]):
                    _spread_exit(exits, exit_, row)
            found = np.uint8(0)
            for i in range(np.uint64(vectors[VECTOR_BASE, vector]), np.uint64(vectors[VECTOR_BASE, vector + 1])):
                row[i] &= seen[i]
                found |= row[i]
            live[vectors[VECTOR_STATE, vector]] = found
            if is_open and found:
                work += vectors[VECTOR_WORK, vector]
    return work


@njit(**KERNEL)
def fitting_labels(tables, is_free, reached, valid, alive, fits):
    """Labels that some valid filling holds, by slot.

    Args:
        reached, valid, alive: the sets.
        fits: [N, labels] bool, written; False in fixed slots.
    """
    row_offset, row_source = tables.row_offset, tables.row_source
    pieces, vectors = tables.piece, tables.vector
    target, target_state, label = pieces[PIECE_TARGET], pieces[PIECE_TARGET_STATE], pieces[PIECE_LABEL]
    cells, states, count = tables.cells, alive.shape[1], vectors.shape[1] - 1
    for slot in range(len(is_free)):
        before, row, after, live, found = reached[slot], valid[slot], valid[slot + 1], alive[slot], fits[slot]
        if (
            slot > 0
            and is_free[slot]
            and is_free[slot - 1]
            and (
                _same(live, alive[slot - 1], states)
                and _same(before, reached[slot - 1], cells)
                and _same(row, valid[slot - 1], cells)
                and _same(after, row, cells)
            )
        ):
            _copy(fits[slot - 1], found, 0, fits.shape[1])
            continue
        _clear(found)
        if not is_free[slot]:
            continue
        for state in range(tables.scalar_states):
            if row[state]:
                for piece in range(row_offset[state], row_offset[state + 1]):
                    if after[target[piece]]:
                        found[label[piece]] = True
        for vector in range(count):
            if not live[vectors[VECTOR_STATE, vector]]:
                continue
            for line in range(vectors[VECTOR_ROW, vector], vectors[VECTOR_ROW, vector + 1]):
                if before[row_source[line]]:
                    for piece in range(row_offset[line], row_offset[line + 1]):
                        if after[target[piece]]:
                            found[label[piece]] = True
            for piece in range(vectors[VECTOR_BLOCK, vector], vectors[VECTOR_BLOCK, vector + 1]):
                if not found[label[piece]] and alive[slot + 1, target_state[piece]]:
                    found[label[piece]] = _crosses(pieces, piece, before, after)
