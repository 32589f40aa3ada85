"""Max-plus kernels: value of the best completion of every cell, and the path that has it."""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.lattice.kernels_weights import NONE
from latticework.tokens.automaton import (
    ADD_SHIFT,
    ENTER_SHIFT,
    KEEP_SHIFT,
    STATE_MASK,
    UNIT_MASK,
)

_FAST = {"reassoc", "nnan", "nsz", "contract"}


@njit(cache=True, nogil=True, fastmath=_FAST)
def _raise_to(values, first, weight, result, start, count):
    """``result[start + i] = max(result[start + i], values[first + i] + weight)`` for i below count."""
    # Unsigned offsets need no sign test, which would keep the loop from vectorising; slices would be
    # reference-counted, which costs more than the loop.
    a, b = np.uint64(first), np.uint64(start)
    for i in range(np.uint64(count)):
        value = values[a + i] + weight
        result[b + i] = value if value > result[b + i] else result[b + i]


@njit(cache=True, nogil=True, fastmath=_FAST)
def _spread_max(row, first, rows, outputs, cols, stride, target):
    for line in range(max(rows, outputs)):
        value = row[target + (line if outputs > 1 else 0)]
        start = np.uint64(first + line * stride)
        for i in range(start, start + np.uint64(cols)):
            row[i] = value if value > row[i] else row[i]


@njit(cache=True, nogil=True, fastmath=_FAST)
def best_values(tables, weight_row, weight, fixed_offset, fixed_piece, alive, value, written):
    """Best sum of weights from every cell to an accepting end, by slot.

    Args:
        weight_row: [N] int32 row of ``weight`` for a free slot, -1 for a fixed one.
        weight: [n, labels] float32.
        alive: [N + 1, S] uint8; only states alive are evaluated.
        value: [N + 1, size] float32; row N is given (0 where accepting, else NONE), the others are written.
        written: [N + 1, K] uint8: vector states whose cells in ``value`` may be other than NONE.
    """
    row_offset, row_source = tables.row_offset, tables.row_source
    target, target_state, label = tables.piece_target, tables.piece_target_state, tables.piece_label
    rows, cols, source = tables.piece_rows, tables.piece_cols, tables.piece_source
    source_stride, target_stride = tables.piece_source_stride, tables.piece_target_stride
    vector_state, vector_base, output = tables.vector_state, tables.vector_base, tables.vector_output
    for slot in range(len(weight_row) - 1, -1, -1):
        row, after, live, next_live = value[slot], value[slot + 1], alive[slot], alive[slot + 1]
        is_free = weight_row[slot] >= 0
        gain = weight[max(weight_row[slot], 0)]
        for state in range(tables.scalar_states):
            best = NONE
            if is_free and live[tables.scalar_state[state]]:
                for piece in range(row_offset[state], row_offset[state + 1]):
                    best = max(best, gain[np.uint32(label[piece])] + after[np.uint32(target[piece])])
            row[state] = best
        for vector in range(len(vector_state)):
            if live[vector_state[vector]] or written[slot, vector]:
                row[vector_base[vector] : vector_base[vector + 1]] = NONE
                row[output[vector] : output[vector + 1]] = NONE
            written[slot, vector] = live[vector_state[vector]]
        for at in range(fixed_offset[slot], fixed_offset[slot + 1]):
            piece = fixed_piece[at]
            if live[tables.piece_state[piece]] and next_live[target_state[piece]]:
                for line in range(rows[piece]):
                    start, end = (
                        source[piece] + line * source_stride[piece],
                        target[piece] + line * target_stride[piece],
                    )
                    _raise_to(after, end, np.float32(0), row, start, cols[piece])
        for vector in range(len(vector_state)):
            if not live[vector_state[vector]]:
                continue
            if is_free:
                for line in range(tables.vector_row[vector], tables.vector_row[vector + 1]):
                    best = row[row_source[line]]
                    for piece in range(row_offset[line], row_offset[line + 1]):
                        best = max(best, gain[np.uint32(label[piece])] + after[np.uint32(target[piece])])
                    row[row_source[line]] = best
                for piece in range(tables.vector_block[vector], tables.vector_block[vector + 1]):
                    if not next_live[target_state[piece]] or gain[label[piece]] <= NONE:
                        continue
                    for line in range(rows[piece]):
                        start = source[piece] + line * source_stride[piece]
                        end = target[piece] + line * target_stride[piece]
                        _raise_to(after, end, gain[label[piece]], row, start, cols[piece])
            for exit_ in range(tables.vector_exit[vector], tables.vector_exit[vector + 1]):
                _spread_max(
                    row,
                    tables.exit_source[exit_],
                    tables.exit_rows[exit_],
                    tables.exit_outputs[exit_],
                    tables.exit_cols[exit_],
                    tables.exit_stride[exit_],
                    tables.exit_target[exit_],
                )


@njit(cache=True, nogil=True)
def successors(tables, state, cell, is_free, fixed, pieces, cells):
    """Pieces that apply in a cell and where they lead.

    Args:
        is_free: whether all pieces of the state are possible, else those in ``fixed``.
        fixed: int32 pieces of the token of a fixed slot.
        pieces, cells: int32 buffers of at least the largest number of pieces of a state, written.

    Returns:
        How many.
    """
    row_offset = tables.row_offset
    vector = tables.vector_of_state[state]
    first_row = cell if vector < 0 else tables.vector_row[vector]
    last_row = cell + 1 if vector < 0 else tables.vector_row[vector + 1]
    singles = row_offset[last_row] - row_offset[first_row]
    blocks = 0 if vector < 0 else tables.vector_block[vector + 1] - tables.vector_block[vector]
    count = 0
    for number in range(singles + blocks if is_free else len(fixed)):
        if not is_free:
            piece = fixed[number]
            if tables.piece_state[piece] != state:
                continue
        elif number < singles:
            piece = row_offset[first_row] + number
        else:
            piece = tables.vector_block[vector] + number - singles
        value = cell
        exit_ = tables.piece_exit[piece]
        if exit_ >= 0:
            offset, stride, outputs = (
                cell - tables.exit_source[exit_],
                tables.exit_stride[exit_],
                tables.exit_outputs[exit_],
            )
            line, col = offset // stride, offset % stride
            if offset < 0 or line >= max(tables.exit_rows[exit_], outputs) or col >= tables.exit_cols[exit_]:
                continue
            value = tables.exit_target[exit_] + (line if outputs > 1 else 0)
        offset, stride = value - tables.piece_source[piece], tables.piece_source_stride[piece]
        line, col = offset // stride, offset % stride
        if offset >= 0 and line < tables.piece_rows[piece] and col < tables.piece_cols[piece]:
            pieces[count] = piece
            cells[count] = tables.piece_target[piece] + line * tables.piece_target_stride[piece] + col
            count += 1
    return count


@njit(cache=True, nogil=True)
def trace(
    tables, weight_row, weight, fixed_offset, fixed_piece, value, merged_offset, merged_label, pieces, cells, labels
):
    """Follow the best values from the start cell.

    Args:
        value: [N + 1, size] of :func:`best_values`.
        merged_offset, merged_label: labels of the merged labels, which follow the plain ones.
        pieces, cells: buffers of :func:`successors`.
        labels: [N] int32, written: plain label in every free slot.

    Returns:
        N, or the slot from which no completion exists.
    """
    state = np.int64(0)
    cell = np.int64(tables.start)
    plain = weight.shape[1] - (len(merged_offset) - 1)
    for slot in range(len(weight_row)):
        is_free = weight_row[slot] >= 0
        gain = weight[max(weight_row[slot], 0)]
        fixed = fixed_piece[fixed_offset[slot] : fixed_offset[slot + 1]]
        count = successors(tables, state, cell, is_free, fixed, pieces, cells)
        best, chosen = NONE, -1
        for i in range(count):
            total = value[slot + 1, cells[i]]
            if is_free:
                total += gain[tables.piece_label[pieces[i]]]
            if total > best:
                best, chosen = total, i
        if chosen < 0:
            return slot
        label = tables.piece_label[pieces[chosen]]
        if is_free and label >= plain:
            first, last = merged_offset[label - plain], merged_offset[label - plain + 1]
            label = merged_label[first]
            for at in range(first + 1, last):
                if gain[merged_label[at]] > gain[label]:
                    label = merged_label[at]
        labels[slot] = label
        state = np.int64(tables.piece_target_state[pieces[chosen]])
        cell = np.int64(cells[chosen])
    return len(weight_row)


@njit(cache=True, nogil=True)
def broken_scopes(
    is_free,
    labels,
    kinds,
    end_label,
    edge_offset,
    edge_code,
    edge_label,
    pair_offset,
    pair_source,
    pair_edge,
    levels,
    scope,
    low,
    high,
    broken,
):
    """Follow a filling with unbounded counts and mark the scopes whose bounds it breaks.

    Args:
        labels: [N] int32 label of every free slot.
        kinds: [N] int32 class of the token of every fixed slot, -1 for an end token.
        broken: [scopes] bool, set True where broken.
    """
    counts = np.zeros(2, np.int64)
    state = np.int64(0)
    for slot in range(len(is_free) + 1):
        edge = -1
        if slot < len(is_free) and is_free[slot] and labels[slot] != end_label:
            edge = edge_offset[state]
            while edge_label[edge] != labels[slot]:
                edge += 1
        elif slot < len(is_free) and not is_free[slot] and kinds[slot] >= 0:
            first, last = pair_offset[kinds[slot]], pair_offset[kinds[slot] + 1]
            edge = pair_edge[first + np.searchsorted(pair_source[first:last], state)]
        code = edge_code[edge] if edge >= 0 else 0
        target, keep = code & STATE_MASK, (code >> KEEP_SHIFT) & 3
        for level in range(levels[state]):
            counts[level] += (code >> ADD_SHIFT[level]) & UNIT_MASK
            at = scope[state, level]
            if counts[level] > high[at] or (level >= keep and counts[level] < low[at]):
                broken[at] = True
        if edge < 0:
            break
        for level in range(keep, levels[target]):
            counts[level] = (code >> ENTER_SHIFT[level]) & UNIT_MASK
        state = target
