"""Lay a token automaton out for canvases: counts become cells, leaving a scope becomes an exit.

Method: every edge code is a shift of the counts that stay, a window test on the counts that are left
and a constant for the counts that are entered. A shift of a block of cells is a contiguous (or
strided) move without per-cell tests; a window is reduced once per slot and shared by all edges with
the same window. Saturating counts add short pieces that end in the last count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from latticework.automata.automaton import MAX_LEVELS, ByteAutomaton
from latticework.lattice import kernels_layout as kernels
from latticework.lattice.tables import (
    PIECE_COLS,
    PIECE_LABEL,
    PIECE_ROWS,
    PIECE_SOURCE,
    PIECE_TARGET,
    STATE_CELL,
    Int32Array,
    Tables,
)
from latticework.lattice.widths import Widths
from latticework.tokens.automaton import TokenAutomaton, gather
from latticework.tokens.kernels_index import invert


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
        copies: its edges on devices that had canvases, by device.
    """

    tokens: TokenAutomaton
    tables: Tables
    accept: NDArray[np.bool_]
    end_label: int
    end_state: int
    merged_offset: Int32Array
    merged_label: Int32Array
    _edge_of_piece: Int32Array  # before pieces were merged
    _piece_id: Int32Array  # of each of those
    _end_pieces: Int32Array
    copies: dict[str, Any] = field(default_factory=dict, repr=False)
    _counted: list[int] = field(default_factory=list)
    _by_edge: list[tuple[NDArray[np.int64], Int32Array]] = field(default_factory=list)
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
        offset, pieces = self._pieces_by_edge()
        return gather(pieces, offset, tokens.edges_of(kind))

    def _pieces_by_edge(self) -> tuple[NDArray[np.int64], Int32Array]:
        """Offsets and pieces; found when first asked for, as an empty canvas needs none."""
        if not self._by_edge:
            each = np.arange(len(self._edge_of_piece) + 1, dtype=np.int32)
            offset, pieces = invert(each, self._edge_of_piece, self.tokens.edges + self.end_state + 1)
            self._by_edge.append((offset, self._piece_id[pieces]))
        return self._by_edge[0]

    def edge_count(self) -> int:
        """Edges of one slot, every count of a counter for itself."""
        if not self._counted:
            piece = self.tables.piece.astype(np.int64)
            self._counted.append(int((piece[PIECE_ROWS] * piece[PIECE_COLS]).sum()))
        return self._counted[0]

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
        return sum(value.nbytes for value in self.tables if isinstance(value, np.ndarray)) + self._edge_of_piece.nbytes


def build_layout(tokens: TokenAutomaton, widths: Widths, tail: bool, merge: bool = False) -> Layout:
    """Lay out ``tokens`` with the given widths; cost O(E + cells), a logarithm more where pieces are sorted.

    Args:
        tail: whether END exists, that is, whether end tokens may follow a document.
        merge: make one piece, with a merged label, of single-value pieces with equal source and
            target; dropped counters leave many.
    """
    automaton = tokens.automaton
    count, state, states, scalars, cells = _lay_states(automaton, widths)
    most, most_exits = kernels.most_pieces(tokens.edge_offset, tokens.edge_code, count)
    ending = (int(automaton.accepting.sum()) + 1) * tail
    exits, windows = np.empty((6, most_exits + ending), np.int32), np.empty((6, most_exits + ending), np.int64)
    pieces, ordered = (np.empty((kernels.PIECE_FIELDS, most + ending), np.int32) for _ in range(2))
    singles, made, found, size = kernels.lay_edges(
        tokens.edge_offset, tokens.edge_code, tokens.edge_label, tokens.labels if tail else -1, automaton.accepting,
        count, state, states, scalars, cells, windows, exits, pieces,
        np.empty(most + ending, np.int32), np.empty(most + ending, np.int64), ordered,
    )  # fmt: skip
    ordered, exits = ordered[:, :made], np.ascontiguousarray(exits[:, :found])
    edge_of_piece, piece_id = ordered[kernels.PIECE_EDGE], np.arange(made, dtype=np.int32)
    end_pieces = np.flatnonzero(ordered[PIECE_LABEL] == tokens.labels)
    piece, merged = ordered[: kernels.PIECE_EDGE], []
    if merge:
        piece, piece_id, singles, merged = _merge(piece, singles, tokens.labels + 1)
        end_pieces = piece_id[end_pieces]

    accept = np.zeros(cells, np.bool_)
    kernels.accepting_cells(automaton.accepting, count, state, accept)
    rows = kernels.count_rows(piece, singles, scalars)
    row_offset, row_source = np.empty(rows + 1, np.int32), np.empty(rows, np.int32)
    vector = np.empty((7, len(states) - scalars + 1), np.int32)
    kernels.index_rows(
        piece, exits, windows[0], singles, scalars, cells, size, state, states, row_offset, row_source, vector
    )
    tables = Tables(
        scalar_states=scalars,
        cells=cells,
        size=size,
        start=int(state[STATE_CELL, 0]),
        scalar_state=_frozen(states[:scalars]),
        row_offset=_frozen(row_offset),
        row_source=_frozen(row_source),
        vector=_frozen(vector),
        exit=_frozen(exits),
        piece=_frozen(piece),
        state=_frozen(state),
    )
    return Layout(
        tokens,
        tables,
        accept,
        tokens.labels,
        automaton.states,
        _frozen(np.cumsum([0, *map(len, merged)])),
        _frozen(np.array([label for labels in merged for label in labels])),
        edge_of_piece,
        piece_id,
        _frozen(end_pieces),
    )


def _lay_states(automaton: ByteAutomaton, widths: Widths) -> tuple[NDArray[np.int64], Int32Array, Int32Array, int, int]:
    """Bounds and cells of the states, scalar states first; how many scalar states and cells there are."""
    states = automaton.states + 1
    count = np.empty((6, states, MAX_LEVELS), np.int64)
    state, order = np.empty((2, states), np.int32), np.empty(states, np.int32)
    scalars, cells = kernels.lay_states(
        automaton.levels, automaton.scope, widths.width, widths.low, automaton.high, widths.saturating,
        automaton.is_call, count, state, order,
    )  # fmt: skip
    return count, state, order, scalars, int(cells)


def _merge(
    pieces: Int32Array, singles: int, first_label: int
) -> tuple[Int32Array, Int32Array, int, list[tuple[int, ...]]]:
    """The pieces that are left, new ids of all pieces, how many single values are left, and what merged labels hold.

    pieces: [10, P], single values first, by source and target.
    """
    place, label = pieces[[PIECE_SOURCE, PIECE_TARGET], :singles], pieces[PIECE_LABEL]
    is_first = np.ones(pieces.shape[1], np.bool_)
    is_first[1:singles] = (place[:, 1:] != place[:, :-1]).any(axis=0)
    first, piece_id = np.flatnonzero(is_first), np.cumsum(is_first, dtype=np.int32) - 1
    left = pieces[:, first]
    ends = np.append(first, pieces.shape[1])
    ids: dict[tuple[int, ...], int] = {}
    for at in np.flatnonzero(np.diff(ends) > 1):
        labels = np.unique(label[ends[at] : ends[at + 1]]).tolist()
        merged = labels[0] if len(labels) == 1 else ids.setdefault(tuple(labels), first_label + len(ids))
        left[PIECE_LABEL, at] = merged
    return left, piece_id, int(is_first[:singles].sum()), list(ids)


def _frozen(column: NDArray[np.integer]) -> Int32Array:
    array = np.ascontiguousarray(column, np.int32)
    array.setflags(write=False)
    return array
