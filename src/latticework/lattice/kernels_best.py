"""Max-plus kernels: value of the best completion of every cell, and the path that has it."""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import ALLOCATING, FAST_HELPER, FAST_KERNEL, HELPER, KERNEL
from latticework.lattice.kernels_weights import NONE
from latticework.lattice.tables import (
    EXIT_COLS,
    EXIT_OUTPUTS,
    EXIT_ROWS,
    EXIT_SOURCE,
    EXIT_STRIDE,
    EXIT_TARGET,
    PIECE_COLS,
    PIECE_EXIT,
    PIECE_LABEL,
    PIECE_ROWS,
    PIECE_SOURCE,
    PIECE_SOURCE_STRIDE,
    PIECE_STATE,
    PIECE_TARGET,
    PIECE_TARGET_STATE,
    PIECE_TARGET_STRIDE,
    STATE_VECTOR,
    VECTOR_BASE,
    VECTOR_BLOCK,
    VECTOR_EXIT,
    VECTOR_OUTPUT,
    VECTOR_ROW,
    VECTOR_STATE,
)
from latticework.tokens.automaton import (
    ADD_SHIFT,
    ENTER_SHIFT,
    KEEP_SHIFT,
    STATE_MASK,
    UNIT_MASK,
)


@njit(**FAST_HELPER)
def pull_max(pieces, piece, weight, before, after):
    """before = max(before, weight + the piece applied backwards to after)."""
    count = np.uint64(pieces[PIECE_COLS, piece])
    for line in range(pieces[PIECE_ROWS, piece]):
        a = np.uint64(pieces[PIECE_SOURCE, piece] + line * pieces[PIECE_SOURCE_STRIDE, piece])
        b = np.uint64(pieces[PIECE_TARGET, piece] + line * pieces[PIECE_TARGET_STRIDE, piece])
        for i in range(count):
            value = after[b + i] + weight
            before[a + i] = value if value > before[a + i] else before[a + i]


@njit(**FAST_HELPER)
def _spread_max(exits, exit_, row):
    outputs, lines = exits[EXIT_OUTPUTS, exit_], exits[EXIT_ROWS, exit_]
    for line in range(outputs if outputs > 1 else lines):
        value = row[exits[EXIT_TARGET, exit_] + (line if outputs > 1 else 0)]
        start = np.uint64(exits[EXIT_SOURCE, exit_] + line * exits[EXIT_STRIDE, exit_])
        for i in range(start, start + np.uint64(exits[EXIT_COLS, exit_])):
            row[i] = value if value > row[i] else row[i]


@njit(**FAST_HELPER)
def _best_of_row(first, last, label, target, gain, after, best):
    """Largest of ``best`` and ``gain[label] + after[target]`` over the pieces of a row."""
    for piece in range(first, last):
        value = gain[np.uint32(label[piece])] + after[np.uint32(target[piece])]
        best = value if value > best else best
    return best


@njit(**HELPER)
def _fill(values, first, last):
    for i in range(np.uint64(first), np.uint64(last)):
        values[i] = NONE


@njit(**FAST_KERNEL)
def best_values(tables, weight_row, weight, fixed_offset, fixed_piece, alive, value, written):
    """Best sum of weights from every cell to an accepting end, by slot.

    Args:
        weight_row: [N] int32 row of ``weight`` for a free slot, -1 for a fixed one.
        weight: [n, labels] float32.
        alive: [N + 1, S] uint8; only states alive are evaluated.
        value: [N + 1, size] float32; row N is given (0 where accepting, else NONE), the others are written.
        written: [N + 1, K] uint8: vector states whose cells in ``value`` may be other than NONE.
    """
    row_offset, row_source, scalar_state = tables.row_offset, tables.row_source, tables.scalar_state
    pieces, exits, vectors = tables.piece, tables.exit, tables.vector
    target, target_state, label = pieces[PIECE_TARGET], pieces[PIECE_TARGET_STATE], pieces[PIECE_LABEL]
    for slot in range(len(weight_row) - 1, -1, -1):
        row, after, live, next_live = value[slot], value[slot + 1], alive[slot], alive[slot + 1]
        is_free = weight_row[slot] >= 0
        gain = weight[weight_row[slot] if is_free else 0]
        for state in range(tables.scalar_states):
            first = row_offset[state]
            last = row_offset[state + 1] if is_free and live[scalar_state[state]] else first
            row[state] = _best_of_row(first, last, label, target, gain, after, NONE)
        for vector in range(written.shape[1]):
            is_live = live[vectors[VECTOR_STATE, vector]]
            if is_live or written[slot, vector]:
                _fill(row, vectors[VECTOR_BASE, vector], vectors[VECTOR_BASE, vector + 1])
                _fill(row, vectors[VECTOR_OUTPUT, vector], vectors[VECTOR_OUTPUT, vector + 1])
            written[slot, vector] = is_live
        for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
            piece = fixed_piece[at]
            if live[pieces[PIECE_STATE, piece]] and next_live[target_state[piece]]:
                pull_max(pieces, piece, np.float32(0), row, after)
        for vector in range(written.shape[1]):
            if not live[vectors[VECTOR_STATE, vector]]:
                continue
            if is_free:
                for line in range(vectors[VECTOR_ROW, vector], vectors[VECTOR_ROW, vector + 1]):
                    best = row[row_source[line]]
                    row[row_source[line]] = _best_of_row(
                        row_offset[line], row_offset[line + 1], label, target, gain, after, best
                    )
                for piece in range(vectors[VECTOR_BLOCK, vector], vectors[VECTOR_BLOCK, vector + 1]):
                    if next_live[target_state[piece]] and gain[label[piece]] > NONE:
                        pull_max(pieces, piece, gain[label[piece]], row, after)
            for exit_ in range(vectors[VECTOR_EXIT, vector], vectors[VECTOR_EXIT, vector + 1]):
                _spread_max(exits, exit_, row)


@njit(**HELPER)
def successors(row_offset, pieces, exits, vectors, states, state, cell, is_free, fixed, first, last, found, cells):
    """Pieces that apply in a cell and where they lead.

    Args:
        row_offset, pieces, exits, vectors, states: of the tables.
        is_free: whether all pieces of the state are possible, else those in ``fixed[first:last]``.
        found, cells: int32 buffers of at least the largest number of pieces of a state, written.

    Returns:
        How many.
    """
    vector = states[STATE_VECTOR, state]
    first_block, blocks = 0, 0
    first_single, singles = row_offset[cell if vector < 0 else 0], 0
    if not is_free:
        singles = last - first
    elif vector < 0:
        singles = row_offset[cell + 1] - first_single
    else:
        first_single = row_offset[vectors[VECTOR_ROW, vector]]
        singles = row_offset[vectors[VECTOR_ROW, vector + 1]] - first_single
        first_block = vectors[VECTOR_BLOCK, vector]
        blocks = vectors[VECTOR_BLOCK, vector + 1] - first_block
    count = 0
    for number in range(singles + blocks):
        piece = first_single + number if number < singles else first_block + number - singles
        if not is_free:
            piece = fixed[first + number]
            if pieces[PIECE_STATE, piece] != state:
                continue
        value = cell
        exit_ = pieces[PIECE_EXIT, piece]
        if exit_ >= 0:
            offset, stride, outputs = (
                cell - exits[EXIT_SOURCE, exit_],
                exits[EXIT_STRIDE, exit_],
                exits[EXIT_OUTPUTS, exit_],
            )
            line, col = offset // stride, offset % stride
            lines = outputs if outputs > 1 else exits[EXIT_ROWS, exit_]
            if offset < 0 or line >= lines or col >= exits[EXIT_COLS, exit_]:
                continue
            value = exits[EXIT_TARGET, exit_] + (line if outputs > 1 else 0)
        offset, stride = value - pieces[PIECE_SOURCE, piece], pieces[PIECE_SOURCE_STRIDE, piece]
        line, col = offset // stride, offset % stride
        if offset >= 0 and line < pieces[PIECE_ROWS, piece] and col < pieces[PIECE_COLS, piece]:
            found[count] = piece
            cells[count] = pieces[PIECE_TARGET, piece] + line * pieces[PIECE_TARGET_STRIDE, piece] + col
            count += 1
    return count


@njit(**KERNEL)
def trace(
    tables, weight_row, weight, fixed_offset, fixed_piece, value, merged_offset, merged_label, found, cells, labels
):
    """Follow the best values from the start cell.

    Args:
        value: [N + 1, size] of :func:`best_values`.
        merged_offset, merged_label: labels of the merged labels, which follow the plain ones.
        found, cells: buffers of :func:`successors`.
        labels: [N] int32, written: plain label in every free slot.

    Returns:
        N, or the slot from which no completion exists.
    """
    row_offset, pieces, exits, vectors, states = (
        tables.row_offset,
        tables.piece,
        tables.exit,
        tables.vector,
        tables.state,
    )
    state = np.int64(0)
    cell = np.int64(tables.start)
    plain = weight.shape[1] - (len(merged_offset) - 1)
    for slot in range(len(weight_row)):
        is_free = weight_row[slot] >= 0
        row = weight_row[slot] if is_free else 0
        first, last = fixed_offset[slot], fixed_offset[slot + 1]
        count = successors(
            row_offset, pieces, exits, vectors, states, state, cell, is_free, fixed_piece, first, last, found, cells
        )
        best, chosen = NONE, -1
        for i in range(count):
            total = value[slot + 1, cells[i]]
            if is_free:
                total += weight[row, pieces[PIECE_LABEL, found[i]]]
            if total > best:
                best, chosen = total, i
        if chosen < 0:
            return slot
        label = pieces[PIECE_LABEL, found[chosen]]
        if is_free and label >= plain:
            first, last = merged_offset[label - plain], merged_offset[label - plain + 1]
            label = merged_label[first]
            for at in range(first + 1, last):
                if weight[row, merged_label[at]] > weight[row, label]:
                    label = merged_label[at]
        labels[slot] = label
        state = np.int64(pieces[PIECE_TARGET_STATE, found[chosen]])
        cell = np.int64(cells[chosen])
    return len(weight_row)


@njit(**HELPER)
def _returns_elsewhere(code, level, counts):
    """Whether an edge leaves the call at ``level`` for another place than the one that called."""
    return level >= 0 and level >= (code >> KEEP_SHIFT) & 3 and counts[level] != (code >> ADD_SHIFT[level]) & UNIT_MASK


@njit(**HELPER)
def _holds(label_offset, label_class, label, kind):
    """Whether a class belongs to a label."""
    first, last = label_offset[label], label_offset[label + 1]
    while first < last:
        middle = (first + last) >> 1
        if label_class[middle] < kind:
            first = middle + 1
        else:
            last = middle
    return first < label_offset[label + 1] and label_class[first] == kind


@njit(**ALLOCATING)
def broken_scopes(
    is_free,
    labels,
    kinds,
    end_label,
    edge_offset,
    edge_code,
    edge_label,
    label_offset,
    label_class,
    levels,
    scope,
    low,
    high,
    call_level,
    broken,
):
    """Follow a filling with unbounded counts and mark the scopes whose bounds it breaks.

    Args:
        labels: [N] int32 label of every free slot.
        kinds: [N] int32 class of the token of every fixed slot, -1 for an end token.
        call_level: [S] int32 the level of a state that is a call, -1 for none.
        broken: [scopes] bool, set True where broken.
    """
    counts = np.zeros(2, np.int64)
    state = np.int64(0)
    for slot in range(len(is_free) + 1):
        edge = np.int64(-1)
        if slot < len(is_free) and is_free[slot] and labels[slot] != end_label:
            edge = np.int64(edge_offset[state])
            while edge_label[edge] != labels[slot] or _returns_elsewhere(edge_code[edge], call_level[state], counts):
                edge += 1
        elif slot < len(is_free) and not is_free[slot] and kinds[slot] >= 0:
            edge = np.int64(edge_offset[state])
            while not _holds(label_offset, label_class, edge_label[edge], kinds[slot]) or _returns_elsewhere(
                edge_code[edge], call_level[state], counts
            ):
                edge += 1
        code = edge_code[edge] if edge >= 0 else 0
        target, keep = code & STATE_MASK, (code >> KEEP_SHIFT) & 3
        for level in range(levels[state]):
            if level == call_level[state]:
                continue
            counts[level] += (code >> ADD_SHIFT[level]) & UNIT_MASK
            at = scope[state, level]
            if counts[level] > high[at] or (level >= keep and counts[level] < low[at]):
                broken[at] = True
        if edge < 0:
            break
        for level in range(keep, levels[target]):
            counts[level] = (code >> ENTER_SHIFT[level]) & UNIT_MASK
        state = target
