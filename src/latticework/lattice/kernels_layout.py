"""Kernels that lay edges out: every edge becomes moves of blocks of cells, ordered for the kernels that read them.

See ``layout.py`` for the method and ``tables.py`` for what is written.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.automata.automaton import UNBOUNDED
from latticework.jit import HELPER, KERNEL
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
    STATE_CELL,
    STATE_VECTOR,
    VECTOR_BASE,
    VECTOR_BLOCK,
    VECTOR_EXIT,
    VECTOR_OUTPUT,
    VECTOR_ROW,
    VECTOR_STATE,
    VECTOR_WORK,
)
from latticework.tokens.automaton import ADD_SHIFT, ENTER_SHIFT, KEEP_SHIFT, STATE_MASK, UNIT_MASK

# Columns of ``count``, [6, S, 2]: by state and level, how many counts there are; bounds in force; whether the last
# count stands for all larger ones; whether the level is a call, and whether there is such a level.
WIDTH, LOW, HIGH, SATURATING, IS_CALL, LIVE = range(6)
_ADD_0, _ADD_1 = ADD_SHIFT
_ENTER_0, _ENTER_1 = ENTER_SHIFT
# Rows of ``pieces`` behind those of ``Tables.piece``: the edge, and a place to sort.
PIECE_EDGE = 10
PIECE_FIELDS = 11


@njit(**KERNEL)
def raise_units(edge_offset, edge_code, levels, scope, units):
    """Raise ``units`` [Q] int64 to the most units of each scope that an edge adds or enters with."""
    for source in range(len(levels)):
        for edge in range(edge_offset[source], edge_offset[source + 1]):
            code = edge_code[edge]
            target, keep = code & STATE_MASK, (code >> KEEP_SHIFT) & 3
            for level in range(levels[source]):
                count = (code >> (_ADD_0 if level == 0 else _ADD_1)) & UNIT_MASK
                at = scope[source, level]
                units[at] = count if count > units[at] else units[at]
            for level in range(keep, levels[target]):
                count = (code >> (_ENTER_0 if level == 0 else _ENTER_1)) & UNIT_MASK
                at = scope[target, level]
                units[at] = count if count > units[at] else units[at]


@njit(**KERNEL)
def lay_states(levels, scope, scope_width, scope_low, scope_high, scope_saturating, scope_is_call, count, state, order):
    """Counts and cells of every state; the last one is END, in no scope.

    Args:
        levels: [S - 1] int32; scope: [S - 1, 2] int32, of the automaton.
        scope_width, scope_low, scope_high, scope_saturating, scope_is_call: [Q] int64 and bool, by scope.
        count: [6, S, 2] int64, out, see above.
        state: [2, S] int32, out, see ``tables.py``.
        order: [S] int32, out: scalar states, then vector states.

    Returns:
        The numbers of scalar states and of cells.
    """
    states = len(order)
    scalars = 0
    for at in range(states):
        size = np.int64(1)
        for level in range(2):
            count[WIDTH, at, level] = count[SATURATING, at, level] = 1
            count[LOW, at, level] = count[IS_CALL, at, level] = count[LIVE, at, level] = 0
            count[HIGH, at, level] = UNBOUNDED
            if at < states - 1 and level < levels[at]:
                which = scope[at, level]
                count[WIDTH, at, level] = scope_width[which]
                count[LOW, at, level] = scope_low[which]
                count[SATURATING, at, level] = scope_saturating[which]
                count[IS_CALL, at, level] = scope_is_call[which]
                count[LIVE, at, level] = 1
                if not scope_saturating[which]:
                    count[HIGH, at, level] = scope_high[which]
                size *= scope_width[which]
        if size == 1:
            state[STATE_VECTOR, at], state[STATE_CELL, at] = -1, scalars
            order[scalars] = at
            scalars += 1
    vectors, cells = 0, np.int64(scalars)
    for at in range(states):
        size = count[WIDTH, at, 0] * count[WIDTH, at, 1]
        if size > 1:
            state[STATE_VECTOR, at], state[STATE_CELL, at] = vectors, cells
            order[scalars + vectors] = at
            vectors += 1
            cells += size
    return scalars, cells


@njit(**HELPER)
def _window(count, at, level, add):
    """First and last count of a level with ``low <= count + add <= high``, of a call the one place that is ``add``."""
    if count[IS_CALL, at, level]:
        return add, add
    first = count[LOW, at, level] - add
    first = first if first > 0 else np.int64(0)
    last = count[WIDTH, at, level] - 1
    if not count[SATURATING, at, level] and count[HIGH, at, level] - add < last:
        last = count[HIGH, at, level] - add
    return first, last


@njit(**KERNEL)
def accepting_cells(accepting, count, state, accept):
    """Mark the cells in which a document may end; ``accept`` [cells] bool, zeros."""
    for at in range(state.shape[1]):
        if at < len(accepting) and not accepting[at]:
            continue
        first0, last0 = _window(count, at, 0, np.int64(0))
        first1, last1 = _window(count, at, 1, np.int64(0))
        for outer in range(first0, last0 + 1):
            for inner in range(first1, last1 + 1):
                accept[state[STATE_CELL, at] + outer * count[WIDTH, at, 1] + inner] = True


@njit(**HELPER)
def _spilling(count, at, level, add):
    """How many counts of a kept level end in its last one although they would pass it, each moved for itself."""
    width = count[WIDTH, at, level]
    if not count[SATURATING, at, level] or width == 1:
        return np.int64(0)
    return add if add < width else width


@njit(**KERNEL)
def most_pieces(edge_offset, edge_code, count):
    """Bounds on the numbers of pieces and exits of the edges, those into END aside."""
    pieces, exits = np.int64(0), np.int64(0)
    for source in range(len(edge_offset) - 1):
        if count[WIDTH, source, 0] * count[WIDTH, source, 1] == 1:
            pieces += edge_offset[source + 1] - edge_offset[source]
            continue
        for edge in range(edge_offset[source], edge_offset[source + 1]):
            code = edge_code[edge]
            keep = (code >> KEEP_SHIFT) & 3
            parts = np.int64(1)
            if keep > 0:
                parts *= 1 + _spilling(count, source, 0, (code >> _ADD_0) & UNIT_MASK)
            if keep > 1:
                parts *= 1 + _spilling(count, source, 1, (code >> _ADD_1) & UNIT_MASK)
            pieces += parts
            exits += 1
    return pieces, exits


@njit(**HELPER)
def _part(count, at, level, kept, add, part):
    """One part of a shift along a level: (first count, number of counts, count of the target); none have number 0.

    Part 0 moves ``count -> count + add``; the others are the counts that would pass the end of a saturating level, and
    end in its last count. A level that is not kept is one part.
    """
    if not kept:
        return np.int64(0), np.int64(1), np.int64(0)
    width = count[WIDTH, at, level]
    shift = np.int64(0) if count[SATURATING, at, level] and width == 1 else add
    if part == 0:
        return np.int64(0), (width - shift if shift < width else np.int64(0)), shift
    return width - _spilling(count, at, level, add) + part - 1, np.int64(1), width - 1


@njit(**HELPER)
def _sort(pieces, order, key, begin, end):
    """Order pieces ``order[begin:end]`` by source and target (Shell 1959); key: scratch of the same length."""
    for at in range(begin, end):
        piece = order[at]
        key[at] = np.int64(pieces[PIECE_SOURCE, piece]) << 32 | np.int64(pieces[PIECE_TARGET, piece])
    gap = np.int64(1)
    while gap < (end - begin) // 3:
        gap = 3 * gap + 1
    while gap:
        for at in range(begin + gap, end):
            this, piece, place = key[at], order[at], at
            while place >= begin + gap and key[place - gap] > this:
                key[place], order[place] = key[place - gap], order[place - gap]
                place -= gap
            key[place], order[place] = this, piece
        gap //= 3


@njit(**KERNEL)
def lay_edges(
    edge_offset,
    edge_code,
    edge_label,
    end_label,
    accepting,
    count,
    state,
    states,
    scalars,
    cells,
    windows,
    exits,
    pieces,
    order,
    key,
    ordered,
):
    """Pieces of all edges, in order: single values by row, then blocks by vector state; and the exits they start at.

    Args:
        edge_offset, edge_code, edge_label: of the token automaton; end_label: of the edges into END, -1 for no tail.
        accepting: [S - 1] bool.
        count, state, states: of :func:`lay_states` (``order`` there); scalars, cells: how many.
        windows: [6, X] int64, out: state and keep of every exit, first and last count of the levels.
        exits: [6, X] int32, out, see ``tables.py``.
        pieces: [PIECE_FIELDS, P] int32, scratch; order: [P] int32, key: [P] int64, scratch.
        ordered: [PIECE_FIELDS, P] int32, out.

    Returns:
        The numbers of single-value pieces, of pieces and of exits, and the size of a row.
    """
    edges, made, singles, found = edge_offset[-1], np.int64(0), np.int64(0), np.int64(0)
    size, block = np.int64(cells), np.int64(len(order))  # blocks are numbered from the end
    end_edge = np.int64(edges)
    ends = np.int64(state.shape[1] - 1)
    for place in range(len(states)):
        source = np.int64(states[place])
        first_single, first_exit = singles, found
        begin, end = np.int64(0), np.int64(0)
        if source < ends:
            begin, end = np.int64(edge_offset[source]), np.int64(edge_offset[source + 1])
        is_accepting = end_label >= 0 and (source == ends or accepting[source])
        source_width, whole = count[WIDTH, source, 1], count[WIDTH, source, 0] * count[WIDTH, source, 1]
        for at in range(begin, end + is_accepting):
            code, label, edge = ends, np.int64(end_label), end_edge
            if at < end:
                code, label, edge = edge_code[at], np.int64(edge_label[at]), np.int64(at)
            else:
                end_edge += 1
            target, keep = code & STATE_MASK, (code >> KEEP_SHIFT) & 3
            add0, add1 = (code >> _ADD_0) & UNIT_MASK, (code >> _ADD_1) & UNIT_MASK
            exit_, from_cell = np.int64(-1), np.int64(state[STATE_CELL, source])
            source_stride = source_width
            if place >= scalars and keep < count[LIVE, source, 0] + count[LIVE, source, 1]:
                first0, last0, first1, last1 = np.int64(0), count[WIDTH, source, 0] - 1, np.int64(0), source_width - 1
                if keep == 0:
                    first0, last0 = _window(count, source, 0, add0)
                if count[LIVE, source, 1]:
                    first1, last1 = _window(count, source, 1, add1)
                if first0 > last0 or first1 > last1:
                    continue
                if (whole if keep == 0 else source_width) == 1 or (first1 == last1 and (keep or first0 == last0)):
                    # One count only: no exit is needed.
                    from_cell += (first0 * source_width if keep == 0 else 0) + first1
                else:
                    exit_ = first_exit
                    while exit_ < found and not (
                        windows[1, exit_] == keep
                        and windows[2, exit_] == first0
                        and windows[3, exit_] == last0
                        and windows[4, exit_] == first1
                        and windows[5, exit_] == last1
                    ):
                        exit_ += 1
                    if exit_ == found:
                        found += 1
                        windows[0, exit_] = source
                        windows[1, exit_], windows[2, exit_], windows[3, exit_] = keep, first0, last0
                        windows[4, exit_], windows[5, exit_] = first1, last1
                        height = last0 - first0 + 1
                        flat = keep == 0 and first1 == 0 and last1 == source_width - 1
                        outputs = np.int64(1) if keep == 0 else count[WIDTH, source, 0]
                        exits[EXIT_SOURCE, exit_] = from_cell + (first0 * source_width if keep == 0 else 0) + first1
                        exits[EXIT_ROWS, exit_] = height if keep == 0 and not flat else 1
                        exits[EXIT_COLS, exit_] = height * source_width if flat else last1 - first1 + 1
                        # With one row nothing strides; a stride of the whole state keeps cell -> row division right.
                        exits[EXIT_STRIDE, exit_] = whole if flat else source_width
                        exits[EXIT_OUTPUTS, exit_] = outputs
                        exits[EXIT_TARGET, exit_] = size
                        size += outputs
                    from_cell, source_stride = np.int64(exits[EXIT_TARGET, exit_]), np.int64(1)
            elif place < scalars:
                # The one count that there is has to be within the bounds.
                if count[LIVE, source, 0] and keep == 0:
                    first0, last0 = _window(count, source, 0, add0)
                    if first0 > last0:
                        continue
                if count[LIVE, source, 1] and keep < 2:
                    first1, last1 = _window(count, source, 1, add1)
                    if first1 > last1:
                        continue
            target_width = count[WIDTH, target, 1]
            into = np.int64(state[STATE_CELL, target])
            if keep == 0:
                enter = (code >> _ENTER_0) & UNIT_MASK
                last = count[WIDTH, target, 0] - 1
                into += (enter if enter < last else last) * target_width
            if keep <= 1:
                enter = (code >> _ENTER_1) & UNIT_MASK
                into += enter if enter < target_width - 1 else target_width - 1
            parts0 = 1 + (_spilling(count, source, 0, add0) if keep > 0 else 0)
            parts1 = 1 + (_spilling(count, source, 1, add1) if keep > 1 else 0)
            for outer in range(parts0):
                from0, rows, to0 = _part(count, source, 0, keep > 0, add0, outer)
                if rows == 0:
                    continue
                for inner in range(parts1):
                    from1, cols, to1 = _part(count, source, 1, keep > 1, add1, inner)
                    if cols == 0:
                        continue
                    contiguous = cols == source_stride and cols == target_width
                    pieces[PIECE_SOURCE, made] = from_cell + from0 * source_stride + from1
                    pieces[PIECE_TARGET, made] = into + to0 * target_width + to1
                    pieces[PIECE_ROWS, made] = 1 if contiguous else rows
                    pieces[PIECE_COLS, made] = rows * cols if contiguous else cols
                    pieces[PIECE_SOURCE_STRIDE, made] = cells if contiguous else source_stride
                    pieces[PIECE_TARGET_STRIDE, made] = target_width
                    pieces[PIECE_LABEL, made] = label
                    pieces[PIECE_EXIT, made] = exit_
                    pieces[PIECE_STATE, made] = source
                    pieces[PIECE_TARGET_STATE, made] = target
                    pieces[PIECE_EDGE, made] = edge
                    if rows * cols == 1:
                        order[singles] = made
                        singles += 1
                    else:
                        block -= 1
                        order[block] = made
                    made += 1
        _sort(pieces, order, key, first_single, singles)
    # Blocks stand in the order of their states, the last one first.
    for at in range((made - singles) // 2):
        left, right = block + at, len(order) - 1 - at
        order[left], order[right] = order[right], order[left]
    begin = block
    for at in range(block, len(order)):
        if pieces[PIECE_STATE, order[at]] != pieces[PIECE_STATE, order[begin]]:
            _sort(pieces, order, key, begin, np.int64(at))
            begin = np.int64(at)
    _sort(pieces, order, key, begin, np.int64(len(order)))
    for field in range(PIECE_FIELDS):
        for at in range(singles):
            ordered[field, at] = pieces[field, order[at]]
        for at in range(block, len(order)):
            ordered[field, singles + at - block] = pieces[field, order[at]]
    return singles, made, found, size


@njit(**KERNEL)
def count_rows(piece, singles, scalars):
    """How many rows there are: one for every scalar state, one for every further source of a single-value piece."""
    rows = scalars
    for at in range(singles):
        source = piece[PIECE_SOURCE, at]
        if source >= scalars and (at == 0 or piece[PIECE_SOURCE, at - 1] != source):
            rows += 1
    return rows


@njit(**KERNEL)
def index_rows(piece, exits, exit_state, singles, scalars, cells, size, state, states, row_offset, row_source, vector):
    """Where the pieces and exits of every row and vector state begin.

    Args:
        piece, exits: of :func:`lay_edges`, perhaps merged; exit_state: [X] int64, states of the exits.
        singles: how many single-value pieces there are; scalars, cells, size, state, states: as there.
        row_offset, row_source, vector: see ``tables.py``, out.
    """
    row, at = 0, 0
    row_offset[0] = 0
    for place in range(scalars):
        while at < singles and piece[PIECE_SOURCE, at] == place:
            at += 1
        row_source[row] = place
        row += 1
        row_offset[row] = at
    block, exit_ = singles, 0
    for place in range(scalars, len(states) + 1):
        column = place - scalars
        source = np.int64(states[place]) if place < len(states) else np.int64(-1)
        vector[VECTOR_STATE, column] = source
        vector[VECTOR_BASE, column] = state[STATE_CELL, source] if source >= 0 else cells
        vector[VECTOR_ROW, column] = row
        vector[VECTOR_BLOCK, column] = block
        vector[VECTOR_EXIT, column] = exit_
        vector[VECTOR_OUTPUT, column] = exits[EXIT_TARGET, exit_] if exit_ < exits.shape[1] else size
        work = 0
        if source >= 0:
            while at < singles and piece[PIECE_STATE, at] == source:
                row_source[row] = piece[PIECE_SOURCE, at]
                while at < singles and piece[PIECE_SOURCE, at] == row_source[row]:
                    at += 1
                row += 1
                row_offset[row] = at
            while block < piece.shape[1] and piece[PIECE_STATE, block] == source:
                work += piece[PIECE_ROWS, block] * piece[PIECE_COLS, block]
                block += 1
            while exit_ < exits.shape[1] and exit_state[exit_] == source:
                lines, outputs = exits[EXIT_ROWS, exit_], exits[EXIT_OUTPUTS, exit_]
                work += (lines if lines > outputs else outputs) * exits[EXIT_COLS, exit_]
                exit_ += 1
        vector[VECTOR_WORK, column] = work
