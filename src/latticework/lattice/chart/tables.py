"""What the lexical graphs of one constraint are made of: the word graph of a free slot, summed up by lexer state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer
from latticework.tokens.lexical import LexicalTables

Int32Array = NDArray[np.int32]
Bits = NDArray[np.uint64]


class SlotTables(NamedTuple):
    """Q lexer states, K classes, D nodes of the word graph. Sets are rows of 64-bit words.

    *Inside* a slot means: behind the first lexeme that begins in it.
    """

    next_state: Int32Array  # [Q, 256]
    accept_class: Int32Array  # [Q]
    split_class: Int32Array  # [Q]
    start_after: Int32Array  # [K]
    may_end: NDArray[np.bool_]  # [Q]
    ignored: int  # classes from this one on are ignored text
    starts: Bits  # [states]: where lexemes begin
    root: Int32Array  # [Q]
    edge_offset: Int32Array  # [D + 1]
    edge_class: Int32Array
    edge_target: Int32Array
    stay: Bits  # [Q, states]: where the slot may end without the lexeme ending
    first: Bits  # [Q, classes]: of the lexeme that ends in the slot
    inside: Bits  # [Q, nodes]
    inside_end: Bits  # [Q, states]: where the slot may end, having ended a lexeme
    inside_class: Bits  # [Q, classes]: of lexemes that begin and end in the slot
    node_end: Bits  # [D, states]
    node_class: Bits  # [D, classes]
    rank: Int32Array  # [D]: ascends along the edges
    by_rank: Int32Array  # [D]: nodes by rank

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, bytes."""
        return sum(value.nbytes for value in self if isinstance(value, np.ndarray))


def slot_tables(lexical: LexicalTables) -> SlotTables:
    """Sums over the word graph; cost O(edges * sets)."""
    from latticework.lattice.chart.kernels_tables import add_below

    lexer, nodes = lexical.lexer, lexical.nodes
    topological = np.argsort(_heights(lexical), kind="stable")[::-1]
    # Sums over a node and all nodes below it, of those that edges lead to, children first.
    is_inner = np.zeros(nodes, np.bool_)
    is_inner[lexical.edge_target] = True
    inner = topological[::-1][is_inner[topological[::-1]]]
    place = np.full(nodes, -1, np.int64)
    place[inner] = np.arange(len(inner))
    begins_more = np.diff(lexical.edge_offset)[lexical.root] > 0
    roots = np.unique(lexical.root[begins_more])
    of_root = np.searchsorted(roots, lexical.root[begins_more])

    def inside_of(offset: NDArray[np.int32], member: NDArray[np.int32], size: int) -> Bits:
        """[Q] the union of the sets, given by node, of all nodes behind edges of a root."""
        sums = _bits(*_chosen(offset, member, inner), size)
        add_below(inner, lexical.edge_offset, lexical.edge_target, place, sums)
        found = np.zeros((lexer.states, sums.shape[1]), np.uint64)
        of_roots = np.zeros((len(roots), sums.shape[1]), np.uint64)
        for at, root in enumerate(roots):
            children = lexical.edge_target[lexical.edge_offset[root] : lexical.edge_offset[root + 1]]
            of_roots[at] = np.bitwise_or.reduce(sums[place[children]], axis=0)
        found[begins_more] = of_roots[of_root]
        return found

    itself = np.arange(nodes + 1, dtype=np.int32)
    ends, classes = (lexical.end_offset, lexical.end_state), (lexical.edge_offset, lexical.edge_class)
    return SlotTables(
        lexer.next_state,
        lexer.accept_class,
        lexer.split_class,
        lexer.start_after,
        lexer.may_end,
        lexer.ignored_from,
        _starts(lexer),
        lexical.root,
        lexical.edge_offset,
        lexical.edge_class,
        lexical.edge_target,
        _bits(*_chosen(*ends, lexical.root), lexer.states),
        _bits(*_chosen(*classes, lexical.root), lexer.classes),
        inside_of(itself, itself[:-1], nodes),
        inside_of(*ends, lexer.states),
        inside_of(*classes, lexer.classes),
        _bits(*ends, lexer.states),
        _bits(*classes, lexer.classes),
        np.argsort(topological).astype(np.int32),
        topological.astype(np.int32),
    )


def thinned(tables: SlotTables, most: int) -> SlotTables:
    """Without the nodes behind more than ``most`` lexemes that end in a slot, wherever it is entered.

    Graphs that are exact in a gap have fewer texts with these tables, and fewer nodes.
    """
    source = np.repeat(np.arange(len(tables.rank)), np.diff(tables.edge_offset))
    depth = np.full(len(tables.rank), most + 1)
    depth[tables.root] = 0
    for level in range(most):
        behind = tables.edge_target[depth[source] == level]
        depth[behind] = np.minimum(depth[behind], level + 1)
    kept = depth[tables.edge_target] <= most
    return tables._replace(
        edge_offset=np.append(0, np.cumsum(kept))[tables.edge_offset].astype(np.int32),
        edge_class=tables.edge_class[kept],
        edge_target=tables.edge_target[kept],
    )


def entered_by(tables: SlotTables) -> Bits:
    """[K, nodes] sets of the nodes that a class of lexemes leads to."""
    room = np.zeros((len(tables.start_after), tables.inside.shape[1] * 64), np.bool_)
    room[tables.edge_class, tables.edge_target] = True
    return np.packbits(room, axis=1, bitorder="little").view(np.uint64)


def text_tables(lexer: Lexer) -> SlotTables:
    """Tables without a vocabulary, for canvases without gaps."""
    nothing = np.zeros(lexer.states + 1, np.int32)
    none = np.zeros(0, np.int32)
    return slot_tables(
        LexicalTables(
            lexer,
            class_of_token=none,
            word_parent=nothing[:1],
            word_class=nothing[:1],
            reading_offset=np.zeros(1, np.int64),
            reading_source=none,
            reading_word=none,
            reading_state=none,
            root=nothing[:-1],
            end_offset=nothing[:2],
            end_state=none,
            edge_offset=nothing[:2],
            edge_class=none,
            edge_target=none,
            end_tokens=none,
        )
    )


def _heights(lexical: LexicalTables) -> NDArray[np.int64]:
    """[D] edges on the longest path from each node."""
    height = np.zeros(lexical.nodes, np.int64)
    source = np.repeat(np.arange(lexical.nodes), np.diff(lexical.edge_offset))
    while True:
        higher = height.copy()
        np.maximum.at(higher, source, height[lexical.edge_target] + 1)
        if (higher == height).all():
            return height
        height = higher


def _starts(lexer: Lexer) -> Bits:
    states = np.unique(np.append(lexer.start_after, 0)).astype(np.int32)
    return _bits(np.array([0, len(states)], np.int32), states, lexer.states)[0]


def _chosen(
    offset: NDArray[np.int32], member: NDArray[np.int32], rows: NDArray[np.integer]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Lists of numbers, those of ``rows``."""
    sizes = np.diff(offset)[rows]
    chosen = np.append(0, np.cumsum(sizes)).astype(np.int32)
    at = np.arange(chosen[-1]) + np.repeat(offset[rows] - chosen[:-1], sizes)
    return chosen, member[at]


def _bits(offset: NDArray[np.int32], member: NDArray[np.int32], size: int) -> Bits:
    """Lists of numbers below ``size`` as sets."""
    from latticework.lattice.chart.kernels_tables import add_members

    rows = np.zeros((len(offset) - 1, max(1, -(-size // 64))), np.uint64)
    add_members(offset, member, rows)
    return rows
