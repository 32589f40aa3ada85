"""Lay a token automaton out for canvases: counts become cells, leaving a scope becomes an exit.

Method: every edge code is a shift of the counts that stay, a window test on the counts that are left
and a constant for the counts that are entered. A shift of a block of cells is a contiguous (or
strided) move without per-cell tests; a window is reduced once per slot and shared by all edges with
the same window. Saturating counts add short pieces that end in the last count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latticework.automata.automaton import MAX_LEVELS, UNBOUNDED
from latticework.lattice.tables import Int32Array, Tables
from latticework.lattice.widths import Widths
from latticework.tokens.automaton import (
    ADD_SHIFT,
    ENTER_SHIFT,
    KEEP_SHIFT,
    STATE_MASK,
    UNIT_MASK,
    TokenAutomaton,
    gather,
)

Columns = dict[str, NDArray[np.int64]]


class Fixed(NamedTuple):
    """Pieces that fixed slots allow: ``piece[offset[i] : offset[i + 1]]`` in slot i, none in a free one.

    Attributes:
        offset: [N + 1] int32.
        piece: int32.
    """

    offset: Int32Array
    piece: Int32Array


@dataclass(frozen=True, eq=False, slots=True)
class Layout:
    """Immutable. S states of the automaton plus one, END, in which the tail is read.

    Attributes:
        tables: what the kernels read.
        accept: [cells] bool, cells in which a canvas may be full.
        end_label: label of the end tokens (the number of labels of the token automaton).
        end_state: id of END.
        merged_offset, merged_label: labels that merged label ``end_label + 1 + i`` stands for.
    """

    tokens: TokenAutomaton
    tables: Tables
    accept: NDArray[np.bool_]
    end_label: int
    end_state: int
    merged_offset: Int32Array
    merged_label: Int32Array
    _piece_offset: NDArray[np.int64]  # by edge, end edges last
    _pieces: Int32Array
    _end_pieces: Int32Array
    _of_token: dict[int, Int32Array] = field(default_factory=dict)

    def pieces_of_token(self, token: int) -> Int32Array:
        """Pieces that read one token; empty for ids that no state reads (or outside the vocabulary)."""
        found = self._of_token.get(token)
        if found is None:
            found = self._of_token.setdefault(token, self._find_pieces(token))
        return found

    def _find_pieces(self, token: int) -> Int32Array:
        tokens = self.tokens
        if not 0 <= token < tokens.vocabulary_size:
            return np.zeros(0, np.int32)
        if token in tokens.end_tokens:
            return self._end_pieces
        kind = tokens.class_of_token[token]
        if kind < 0:
            return np.zeros(0, np.int32)
        return gather(self._pieces, self._piece_offset, tokens.edges_of(kind))

    def place(self, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> Fixed:
        """Pieces of the tokens of the slots that are not free; tokens [N], free [N]."""
        lists = [self.pieces_of_token(token) for token in tokens[~free].tolist()]
        sizes = np.zeros(len(tokens), np.int32)
        sizes[~free] = [len(pieces) for pieces in lists]
        offset = np.zeros(len(tokens) + 1, np.int32)
        np.cumsum(sizes, out=offset[1:])
        return Fixed(offset, np.concatenate([np.zeros(0, np.int32), *lists]))

    @property
    def nbytes(self) -> int:
        """Memory of the tables, bytes."""
        return sum(value.nbytes for value in self.tables if isinstance(value, np.ndarray)) + self._pieces.nbytes


def build_layout(tokens: TokenAutomaton, widths: Widths, tail: bool, merge: bool = False) -> Layout:
    """Lay out ``tokens`` with the given widths; cost O(E log E + cells).

    Args:
        tail: whether END exists, that is, whether end tokens may follow a document.
        merge: make one piece, with a merged label, of single-value pieces with equal source and
            target; dropped counters leave many.
    """
    states = _States(tokens, widths)
    edges = _edges(tokens, tail)
    live, exits, edge_exit, edge_cell = _exits(states, edges)
    pieces = _pieces(states, edges, live, exits, edge_exit, edge_cell)
    order = _order(states, pieces)
    pieces = {name: column[order] for name, column in pieces.items()}
    edge_of_piece, is_end = pieces["edge"], pieces["label"] == tokens.labels
    piece_id = np.arange(len(order))
    merged: list[tuple[int, ...]] = []
    if merge:
        piece_id, pieces, merged = _merge(pieces, tokens.labels + 1)

    by_edge = np.argsort(edge_of_piece, kind="stable")
    return Layout(
        tokens,
        _tables(states, exits, pieces),
        states.accepting_cells(),
        tokens.labels,
        states.end,
        _frozen(np.cumsum([0, *map(len, merged)])),
        _frozen(np.array([label for labels in merged for label in labels])),
        np.searchsorted(edge_of_piece[by_edge], np.arange(len(edges["source"]) + 1)),
        piece_id[by_edge].astype(np.int32),
        piece_id[is_end].astype(np.int32),
    )


class _States:
    """Cells of the states under the widths in force; every array has one entry more, for END."""

    def __init__(self, tokens: TokenAutomaton, widths: Widths) -> None:
        automaton = tokens.automaton
        self.end = automaton.states
        self.levels = np.append(automaton.levels, 0).astype(np.int64)
        self.accepting = np.append(automaton.accepting, True)
        count = self.end + 1
        self.width = np.ones((count, MAX_LEVELS), np.int64)
        self.is_call = np.zeros((count, MAX_LEVELS), np.bool_)
        self.low = np.zeros((count, MAX_LEVELS), np.int64)
        self.high = np.full((count, MAX_LEVELS), UNBOUNDED, np.int64)
        self.saturating = np.ones((count, MAX_LEVELS), np.bool_)
        for level in range(MAX_LEVELS):
            inside = np.flatnonzero(automaton.levels > level)
            scope = automaton.scope[inside, level]
            self.is_call[inside, level] = automaton.is_call[scope]
            self.width[inside, level] = widths.width[scope]
            self.low[inside, level] = widths.low[scope]
            self.saturating[inside, level] = widths.saturating[scope]
            self.high[inside, level] = np.where(widths.saturating[scope], UNBOUNDED, automaton.high[scope])
        self.size = self.width.prod(axis=1)
        self.scalar = np.flatnonzero(self.size == 1)
        self.vector = np.flatnonzero(self.size > 1)
        self.base = np.zeros(count, np.int64)
        self.base[self.scalar] = np.arange(len(self.scalar))
        ends = len(self.scalar) + np.cumsum(self.size[self.vector])
        self.base[self.vector] = ends - self.size[self.vector]
        self.cells = int(ends[-1]) if len(ends) else len(self.scalar)
        self.rank = np.full(count, -1, np.int64)
        self.rank[self.vector] = np.arange(len(self.vector))

    def accepting_cells(self) -> NDArray[np.bool_]:
        accept = np.zeros(self.cells, np.bool_)
        nothing_added = np.zeros(1, np.int64)
        for state in np.flatnonzero(self.accepting):
            window = [self.window(np.array([state]), level, nothing_added) for level in range(MAX_LEVELS)]
            (first0, last0), (first1, last1) = ((int(first[0]), int(last[0])) for first, last in window)
            cells = self.base[state] + np.arange(self.size[state]).reshape(self.width[state])
            accept[cells[first0 : last0 + 1, first1 : last1 + 1]] = True
        return accept

    def window(
        self, state: NDArray[np.int64], level: int, add: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and last count of a level with ``low <= count + add <= high``; first > last if none.

        Of a call: the one place that is ``add``.
        """
        first = np.maximum(self.low[state, level] - add, 0)
        last = np.minimum(self.high[state, level] - add, self.width[state, level] - 1)
        last = np.where(self.saturating[state, level], self.width[state, level] - 1, last)
        is_call = self.is_call[state, level]
        return np.where(is_call, add, first), np.where(is_call, add, last)


def _edges(tokens: TokenAutomaton, tail: bool) -> Columns:
    """Decoded edges; with a tail also those into END, which leave all scopes."""
    automaton = tokens.automaton
    source = np.repeat(np.arange(automaton.states), np.diff(tokens.edge_offset))
    code = tokens.edge_code
    label = tokens.edge_label.astype(np.int64)
    if tail:
        end = automaton.states
        ending = np.append(np.flatnonzero(automaton.accepting), end)
        source = np.concatenate([source, ending])
        code = np.concatenate([code, np.full(len(ending), end, np.int64)])
        label = np.concatenate([label, np.full(len(ending), tokens.labels)])
    columns = {
        "source": source.astype(np.int64),
        "target": code & STATE_MASK,
        "keep": (code >> KEEP_SHIFT) & 3,
        "label": label,
    }
    for level in range(MAX_LEVELS):
        columns[f"add{level}"] = (code >> ADD_SHIFT[level]) & UNIT_MASK
        columns[f"enter{level}"] = (code >> ENTER_SHIFT[level]) & UNIT_MASK
    return columns


def _exits(states: _States, edges: Columns) -> tuple[NDArray[np.bool_], Columns, NDArray[np.int64], NDArray[np.int64]]:
    """Which edges can ever be taken, the distinct exits by vector state, and each edge's exit or -1.

    An edge that leaves its levels at one count only needs no exit: last, the distance of that cell.
    """
    live = np.ones(len(edges["source"]), np.bool_)
    edge_exit, edge_cell = np.full(len(live), -1, np.int64), np.zeros(len(live), np.int64)
    leaving = np.flatnonzero(edges["keep"] < states.levels[edges["source"]])
    source, keep = edges["source"][leaving], edges["keep"][leaving]
    first = np.zeros((len(source), MAX_LEVELS), np.int64)
    last = states.width[source] - 1
    for level in range(MAX_LEVELS):
        left = (states.levels[source] > level) & (keep <= level)
        low, high = states.window(source, level, edges[f"add{level}"][leaving])
        first[left, level] = low[left]
        last[left, level] = high[left]
    possible = (first <= last).all(axis=1)
    live[leaving] = possible

    left_width = np.where(keep == 0, states.size[source], states.width[source, 1])
    single = (last == first)[:, 1] & ((keep > 0) | (last == first)[:, 0])
    needs = possible & (left_width > 1) & ~single
    cell = np.where(keep == 0, first[:, 0] * states.width[source, 1], 0) + np.where(keep < 2, first[:, 1], 0)
    edge_cell[leaving] = np.where(needs | ~possible, 0, cell)
    key = np.stack([states.rank[source], source, keep, first[:, 0], last[:, 0], first[:, 1], last[:, 1]], axis=1)
    distinct, inverse = np.unique(key[needs], axis=0, return_inverse=True)
    edge_exit[leaving[needs]] = inverse.reshape(-1)

    rank, state, keep, first0, last0, first1, last1 = distinct.T
    width1 = states.width[state, 1]
    leaves_all = keep == 0
    flat = leaves_all & (first1 == 0) & (last1 == width1 - 1)
    height = last0 - first0 + 1
    outputs = np.where(leaves_all, 1, states.width[state, 0])
    exits = {
        "rank": rank,
        "source": states.base[state] + np.where(leaves_all, first0 * width1, 0) + first1,
        "rows": np.where(leaves_all & ~flat, height, 1),
        "cols": np.where(flat, height * width1, last1 - first1 + 1),
        # With one row nothing strides; a stride of the whole state keeps cell -> row division right.
        "stride": np.where(flat, states.size[state], width1),
        "outputs": outputs,
        "target": states.cells + np.cumsum(outputs) - outputs,
    }
    return live, exits, edge_exit, edge_cell


def _pieces(
    states: _States,
    edges: Columns,
    live: NDArray[np.bool_],
    exits: Columns,
    edge_exit: NDArray[np.int64],
    edge_cell: NDArray[np.int64],
) -> Columns:
    """Moves of blocks of values, one or (saturating counts) a few per live edge."""
    edge = np.flatnonzero(live)
    source, target, keep = (edges[name][edge] for name in ("source", "target", "keep"))
    row, first0, count0, to0 = _shift_parts(states, source, edges["add0"][edge], keep > 0, 0)
    col, first1, count1, to1 = _shift_parts(states, source[row], edges["add1"][edge][row], keep[row] > 1, 1)
    pick = row[col]
    first0, count0, to0 = first0[col], count0[col], to0[col]
    edge, source, target, keep = edge[pick], source[pick], target[pick], keep[pick]

    exit_id = edge_exit[edge]
    exit_target = np.append(exits["target"], 0)
    source_base = np.where(exit_id >= 0, exit_target[exit_id], states.base[source] + edge_cell[edge])
    source_stride = np.where((keep == 2) | (exit_id < 0), states.width[source, 1], 1)
    target_width1 = states.width[target, 1]
    target_stride = target_width1
    enter0, enter1 = (
        np.where(keep <= level, np.minimum(edges[f"enter{level}"][edge], states.width[target, level] - 1), 0)
        for level in range(MAX_LEVELS)
    )
    contiguous = (count1 == source_stride) & (count1 == target_stride)
    return {
        "edge": edge,
        "state": source,
        "target_state": target,
        "label": edges["label"][edge],
        "exit": exit_id,
        "source": source_base + first0 * source_stride + first1,
        "target": states.base[target] + (to0 + enter0) * target_width1 + to1 + enter1,
        "rows": np.where(contiguous, 1, count0),
        "cols": np.where(contiguous, count0 * count1, count1),
        "source_stride": np.where(contiguous, states.cells, source_stride),
        "target_stride": target_stride,
    }


def _shift_parts(
    states: _States, source: NDArray[np.int64], add: NDArray[np.int64], kept: NDArray[np.bool_], level: int
) -> tuple[NDArray[np.int64], ...]:
    """Parts of a shift along one level: (item, first count, number of counts, count of the target).

    The main part moves ``count -> count + add``; in a saturating level each count that would pass
    the end is a part of its own that ends in the last count. A level that is not kept is one part.
    """
    width = np.where(kept, states.width[source, level], 1)
    saturating = kept & states.saturating[source, level]
    shift = np.where(kept & ~(saturating & (width == 1)), add, 0)
    item = np.flatnonzero(shift < width)
    main = (item, np.zeros(len(item), np.int64), (width - shift)[item], shift[item])
    spilling = np.where(saturating, np.minimum(shift, width), 0)
    if not spilling.any():
        return main
    item = np.repeat(np.arange(len(source)), spilling)
    rank = np.arange(len(item)) - np.repeat(np.cumsum(spilling) - spilling, spilling)
    spill = (item, width[item] - spilling[item] + rank, np.ones(len(item), np.int64), width[item] - 1)
    return tuple(np.concatenate(pair) for pair in zip(main, spill, strict=True))


def _order(states: _States, pieces: Columns) -> NDArray[np.int64]:
    """Single values first, by row; blocks after, by vector state."""
    single = pieces["rows"] * pieces["cols"] == 1
    rank = states.rank[pieces["state"]]
    return np.lexsort((pieces["target"], pieces["source"], rank, ~single))


def _merge(pieces: Columns, first_label: int) -> tuple[NDArray[np.int64], Columns, list[tuple[int, ...]]]:
    """New id of every piece, the pieces that are left, and the labels of every merged label."""
    single = pieces["rows"] * pieces["cols"] == 1
    repeats = single[1:] & (pieces["source"][1:] == pieces["source"][:-1])
    repeats &= pieces["target"][1:] == pieces["target"][:-1]
    first = np.flatnonzero(np.append(True, ~repeats)) if len(single) else np.zeros(0, np.int64)
    piece_id = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(single))))
    ids: dict[tuple[int, ...], int] = {}
    label = pieces["label"][first]
    for at in np.flatnonzero(np.bincount(piece_id, minlength=len(first)) > 1):
        end = first[at + 1] if at + 1 < len(first) else len(single)
        labels = np.unique(pieces["label"][first[at] : end]).tolist()
        label[at] = ids.setdefault(tuple(labels), first_label + len(ids)) if len(labels) > 1 else labels[0]
    return piece_id, {name: column[first] for name, column in pieces.items()} | {"label": label}, list(ids)


def _tables(states: _States, exits: Columns, pieces: Columns) -> Tables:
    single = pieces["rows"] * pieces["cols"] == 1
    singles = int(single.sum())
    scalars, count = len(states.scalar), len(states.vector)
    sources = pieces["source"][:singles]
    row_source, row_state = _rows(states, sources, pieces["state"][:singles])
    size = states.cells + int(exits["outputs"].sum())
    position = np.empty(size, np.int64)
    position[row_source] = np.arange(len(row_source))
    row_size = np.bincount(position[sources], minlength=len(row_source))

    vectors = np.arange(count + 1)
    block_rank = states.rank[pieces["state"][singles:]]
    block_work = (pieces["rows"] * pieces["cols"])[singles:]
    exit_work = np.maximum(exits["rows"], exits["outputs"]) * exits["cols"]
    first_exit = np.searchsorted(exits["rank"], vectors)
    vector = [
        np.append(states.vector, -1),
        np.append(states.base[states.vector], states.cells),
        scalars + np.searchsorted(states.rank[row_state[scalars:]], vectors),
        singles + np.searchsorted(block_rank, vectors),
        first_exit,
        np.append(exits["target"], size)[first_exit],
        np.bincount(block_rank, block_work, count + 1) + np.bincount(exits["rank"], exit_work, count + 1),
    ]
    exit_names = ("source", "rows", "cols", "stride", "outputs", "target")
    piece_names = ("source", "target", "rows", "cols", "source_stride", "target_stride", "label", "exit", "state")
    return Tables(
        scalar_states=scalars,
        cells=states.cells,
        size=size,
        start=int(states.base[0]),
        scalar_state=_frozen(states.scalar),
        row_offset=_frozen(np.concatenate([[0], np.cumsum(row_size)])),
        row_source=_frozen(row_source),
        vector=_frozen(np.stack(vector)),
        exit=_frozen(np.stack([exits[name] for name in exit_names])),
        piece=_frozen(np.stack([pieces[name] for name in (*piece_names, "target_state")])),
        state=_frozen(np.stack([states.rank, states.base])),
    )


def _rows(
    states: _States, sources: NDArray[np.int64], state: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Source value and state of every row: all scalar cells, then what the vector states add."""
    scalars = len(states.scalar)
    inside = sources >= scalars
    changes = np.flatnonzero(np.append(True, np.diff(sources[inside]) != 0)) if inside.any() else []
    extra_source, extra_state = sources[inside][changes], state[inside][changes]
    return (
        np.concatenate([np.arange(scalars), extra_source]),
        np.concatenate([states.scalar, extra_state]),
    )


def _frozen(column: NDArray[np.int64]) -> Int32Array:
    array = np.ascontiguousarray(column, np.int32)
    array.setflags(write=False)
    return array
