"""Kernels over sets of cells: what the slots before allow, what the slots after allow, which labels fit.

Rows of values are uint8, 0 or 1. A slot is free (any token, all pieces) or fixed (the pieces of its
token, listed in ``fixed_piece[fixed_offset[i]:fixed_offset[i + 1]]``). From one free slot to the next, sets are copied
where they do not change, and mostly only states are looked at for which something has changed.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import HELPER, KERNEL
from latticework.lattice.kernels_cells import (
    any_of,
    clear,
    copy,
    crosses,
    lacks,
    lasts,
    leads_into,
    next_change,
    next_lack,
    pull,
    push,
    reduce_exit,
    same,
    spread_exit,
)
from latticework.lattice.tables import (
    PIECE_LABEL,
    PIECE_STATE,
    PIECE_TARGET,
    PIECE_TARGET_STATE,
    STATE_VECTOR,
    VECTOR_BASE,
    VECTOR_BLOCK,
    VECTOR_EXIT,
    VECTOR_ROW,
    VECTOR_STATE,
    VECTOR_WORK,
)


@njit(**HELPER)
def _grow(tables, earlier, before, live, after, next_live):
    """One step from a set to the next where the step before it led from ``earlier`` to ``before``.

    The result differs from ``before`` only by where the states lead that changed. False if that cannot be told: what
    has left a set may have been the only way to somewhere.
    """
    row_offset, row_source, scalars = tables.row_offset, tables.row_source, tables.scalar_states
    pieces, exits, vectors, states = tables.piece, tables.exit, tables.vector, tables.state
    target, target_state = pieces[PIECE_TARGET], pieces[PIECE_TARGET_STATE]
    cells, vector = tables.cells, 0
    if lacks(before, earlier, cells):
        return False
    copy(before, after, 0, cells)
    copy(live, next_live, 0, len(live))
    for i in range(np.uint64(cells), np.uint64(tables.size)):
        after[i] = 0
    copy(earlier, before, cells, tables.size)
    cell = next_change(before, earlier, 0, cells)
    while cell < scalars:
        for piece in range(row_offset[cell], row_offset[cell + 1]):
            after[target[piece]] = 1
            next_live[target_state[piece]] = 1
        cell = next_change(before, earlier, cell + 1, cells)
    while cell < cells:
        while vectors[VECTOR_BASE, vector + 1] <= cell:
            vector += 1
        for exit_ in range(vectors[VECTOR_EXIT, vector], vectors[VECTOR_EXIT, vector + 1]):
            reduce_exit(exits, exit_, before)
        for line in range(vectors[VECTOR_ROW, vector], vectors[VECTOR_ROW, vector + 1]):
            if before[row_source[line]] and not earlier[row_source[line]]:
                for piece in range(row_offset[line], row_offset[line + 1]):
                    after[target[piece]] = 1
                    next_live[target_state[piece]] = 1
        for piece in range(vectors[VECTOR_BLOCK, vector], vectors[VECTOR_BLOCK, vector + 1]):
            push(pieces, piece, before, after)
            state = target_state[piece]
            if not next_live[state]:
                into = states[STATE_VECTOR, state]
                next_live[state] = any_of(after, vectors[VECTOR_BASE, into], vectors[VECTOR_BASE, into + 1])
        cell = next_change(before, earlier, vectors[VECTOR_BASE, vector + 1], cells)
    return True


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
            if same(live, active[slot - 1], states) and same(before, earlier, cells):
                copy(earlier, before, cells, tables.size)
                copy(before, after, 0, tables.size)
                copy(live, next_live, 0, states)
                continue
            if _grow(tables, earlier, before, live, after, next_live):
                continue
        clear(after)
        clear(next_live)
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
                reduce_exit(exits, exit_, before)
            if not is_free[slot]:
                continue
            for line in range(vectors[VECTOR_ROW, vector], vectors[VECTOR_ROW, vector + 1]):
                if before[row_source[line]]:
                    for piece in range(row_offset[line], row_offset[line + 1]):
                        after[target[piece]] = 1
                        next_live[target_state[piece]] = 1
            for piece in range(vectors[VECTOR_BLOCK, vector], vectors[VECTOR_BLOCK, vector + 1]):
                next_live[target_state[piece]] = 1
                push(pieces, piece, before, after)
        for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
            piece = fixed_piece[at]
            if live[pieces[PIECE_STATE, piece]]:
                next_live[target_state[piece]] = 1
                push(pieces, piece, before, after)
        left = np.uint8(0)
        for state in range(tables.scalar_states):
            next_live[scalar_state[state]] = after[state]
            left |= after[state]
        for vector in range(count):
            state = vectors[VECTOR_STATE, vector]
            if next_live[state]:
                next_live[state] = any_of(after, vectors[VECTOR_BASE, vector], vectors[VECTOR_BASE, vector + 1])
                left |= next_live[state]
        if not left:
            return slot
    return len(is_free)


@njit(**HELPER)
def _pull_vector(tables, vector, seen, after, next_live, row):
    """Set the cells of a vector state that lead from a free slot into the set after it; returns whether any does."""
    row_offset, row_source = tables.row_offset, tables.row_source
    pieces, exits, vectors = tables.piece, tables.exit, tables.vector
    target, target_state = pieces[PIECE_TARGET], pieces[PIECE_TARGET_STATE]
    for line in range(vectors[VECTOR_ROW, vector], vectors[VECTOR_ROW, vector + 1]):
        if seen[row_source[line]]:
            row[row_source[line]] = leads_into(row_offset, target, line, after)
    for piece in range(vectors[VECTOR_BLOCK, vector], vectors[VECTOR_BLOCK, vector + 1]):
        if next_live[target_state[piece]]:
            pull(pieces, piece, row, after)
    for exit_ in range(vectors[VECTOR_EXIT, vector], vectors[VECTOR_EXIT, vector + 1]):
        spread_exit(exits, exit_, row)
    found = np.uint8(0)
    for i in range(np.uint64(vectors[VECTOR_BASE, vector]), np.uint64(vectors[VECTOR_BASE, vector + 1])):
        row[i] &= seen[i]
        found |= row[i]
    return found


@njit(**HELPER)
def _shrink(tables, seen, reaching, after, next_live, row, live):
    """One step back through a free slot where what is seen before it and valid behind it is valid before it.

    Only states that see more than is valid behind the slot need a look.

    Args:
        reaching: [S] uint8, states with a cell that is seen.
    """
    row_offset, target = tables.row_offset, tables.piece[PIECE_TARGET]
    vectors, scalar_state, scalars, cells = tables.vector, tables.scalar_state, tables.scalar_states, tables.cells
    copy(seen, row, 0, cells)
    copy(reaching, live, 0, len(live))
    cell, vector = next_lack(after, seen, 0, cells), 0
    while cell < scalars:
        row[cell] = live[scalar_state[cell]] = leads_into(row_offset, target, cell, after)
        cell = next_lack(after, seen, cell + 1, cells)
    for i in range(np.uint64(cells), np.uint64(tables.size)):
        row[i] = 0
    while cell < cells:
        while vectors[VECTOR_BASE, vector + 1] <= cell:
            vector += 1
        for i in range(np.uint64(vectors[VECTOR_BASE, vector]), np.uint64(vectors[VECTOR_BASE, vector + 1])):
            row[i] = 0
        live[vectors[VECTOR_STATE, vector]] = _pull_vector(tables, vector, seen, after, next_live, row)
        cell = next_lack(after, seen, vectors[VECTOR_BASE, vector + 1], cells)


@njit(**KERNEL)
def backward_sets(tables, is_free, fixed_offset, fixed_piece, reached, active, valid, alive):
    """Cells on some valid filling, by slot: reachable from the start and able to reach the end.

    Args:
        reached, active: of :func:`forward_sets`.
        valid: [N + 1, size] uint8; row N holds the accepting cells that are reached, the others are written; what exit
            outputs hold has no meaning.
        alive: [N + 1, S] uint8, written: states with a valid cell.

    Returns:
        How many values the blocks and exits of vector states move in one pass over the valid states.
    """
    pieces, exits, vectors, scalar_state = tables.piece, tables.exit, tables.vector, tables.scalar_state
    row_offset, target, target_state = tables.row_offset, pieces[PIECE_TARGET], pieces[PIECE_TARGET_STATE]
    cells, states, count = tables.cells, active.shape[1], vectors.shape[1] - 1
    slots = len(is_free)
    work = 0
    # Whether cells that are seen before a free slot and valid behind it are valid before it. Once that is so in a run
    # of free slots, it is so in all of the run before: what leads on from a cell does so a slot earlier, too.
    lasting = False
    for slot in range(slots, -1, -1):
        row, seen, live = valid[slot], reached[slot], alive[slot]
        following = slot + 1 if slot < slots else slots
        after, next_live = valid[following], alive[following]
        is_open = slot < slots and is_free[slot]
        lasting = lasting and is_open
        if (
            lasting
            and slot + 1 < slots
            and is_free[slot + 1]
            and (
                same(active[slot], active[slot + 1], states)
                and same(next_live, alive[slot + 2], states)
                and same(seen, reached[slot + 1], cells)
                and same(after, valid[slot + 2], cells)
            )
        ):
            copy(after, row, 0, tables.size)
            copy(next_live, live, 0, states)
        elif lasting:
            _shrink(tables, seen, active[slot], after, next_live, row, live)
        else:
            clear(live)
            if slot < slots:
                clear(row)
                for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
                    piece = fixed_piece[at]
                    if active[slot, pieces[PIECE_STATE, piece]] and next_live[target_state[piece]]:
                        pull(pieces, piece, row, after)
            for state in range(tables.scalar_states):
                if is_open and seen[state]:
                    row[state] = leads_into(row_offset, target, state, after)
                row[state] &= seen[state]
                live[scalar_state[state]] = row[state]
            for vector in range(count):
                state = vectors[VECTOR_STATE, vector]
                if not active[slot, state]:
                    continue
                if is_open:
                    live[state] = _pull_vector(tables, vector, seen, after, next_live, row)
                    continue
                for exit_ in range(
                    vectors[VECTOR_EXIT, vector], vectors[VECTOR_EXIT, vector + 1] if slot < slots else 0
                ):
                    spread_exit(exits, exit_, row)
                found = np.uint8(0)
                for i in range(np.uint64(vectors[VECTOR_BASE, vector]), np.uint64(vectors[VECTOR_BASE, vector + 1])):
                    row[i] &= seen[i]
                    found |= row[i]
                live[state] = found
            lasting = is_open and lasts(seen, after, row, cells)
        if is_open:
            for vector in range(count):
                if live[vectors[VECTOR_STATE, vector]]:
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
                same(live, alive[slot - 1], states)
                and same(before, reached[slot - 1], cells)
                and same(row, valid[slot - 1], cells)
                and same(after, row, cells)
            )
        ):
            copy(fits[slot - 1], found, 0, fits.shape[1])
            continue
        clear(found)
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
                    found[label[piece]] = crosses(pieces, piece, before, after)
