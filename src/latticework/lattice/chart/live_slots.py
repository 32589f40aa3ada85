"""Which readings of tokens some derivation uses in the slots of one gap, going by a chart in which that gap is exact.

A reading that is left out is part of no filling. One that is not may still be part of none, as all other gaps are one
node each, and as it is only asked which lexemes end in the slot, where they lead, and what the last one may become.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.chart.derivation import LiveChart, live_edges
from latticework.lattice.chart.graph import place_of, slot_of
from latticework.lattice.chart.kernels_graph import FIXED, MAX_SLOTS, OFFSET_SHIFT
from latticework.lattice.chart.language import Language
from latticework.lattice.chart.tables import SlotTables

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


class LiveSlots:
    """Of one gap of a canvas."""

    def __init__(self, language: Language, tables: SlotTables, found: LiveChart, offset: int) -> None:
        """Args: ``found``: a chart of a graph in which the gap has the level ``WORD``; ``offset``: where it stands."""
        graph = found.chart.graph
        is_live = live_edges(found) | (graph.edge_class == language.lexical.lexer.classes + 1)
        self._language, self._tables = language, tables
        self._nodes = len(tables.rank)
        self._kinds = language.lexical.lexer.classes + 2
        source, target = graph.edge_source[is_live], graph.edge_target[is_live].astype(np.int64)
        self._kind = graph.edge_class[is_live].astype(np.int64)
        self._from, self._from_node = self._placed(graph.keys[source], offset)
        self._to, self._to_node = self._placed(graph.keys[target], offset)

    def _placed(self, keys: IntArray, offset: int) -> tuple[IntArray, IntArray]:
        """The slots in which nodes are, -1 before the gap, and their nodes of the word graph."""
        is_before, is_behind = keys < offset << OFFSET_SHIFT, keys >= offset << OFFSET_SHIFT | int(FIXED)
        slot = np.where(is_before, -1, np.where(is_behind, MAX_SLOTS, slot_of(keys)))
        return slot, np.where(is_before | is_behind, -1, self._tables.by_rank[place_of(keys) % self._nodes])

    def used(self, slot: int, source: IntArray, word: IntArray, state: IntArray) -> BoolArray:
        """[R] whether readings may be used in a slot of the gap, counted from its first: from a lexer state, the word
        of the lexemes that end in the slot, the lexer state behind it."""
        node, good = self._behind_words(slot, source, word)
        becomes = np.zeros((self._nodes + 1, self._language.leads.shape[1]), np.bool_)
        leaving = (self._from == slot) & (self._to > slot)
        self._note(becomes, self._from_node[leaving], self._kind[leaving])
        # Where no lexeme ends in the slot: those that pass over it, and those that begin with it.
        passing = (self._from < slot) & (self._to > slot)
        begins = leaving & np.isin(self._from_node, self._tables.root)
        over = self._kind[passing | begins]
        self._note(becomes, np.full(len(over), self._nodes), over)
        node = np.where(word == 0, self._nodes, node)
        pairs, place = np.unique(node * len(self._language.leads) + state, return_inverse=True)
        at, behind = np.divmod(pairs, len(self._language.leads))
        may_go_on = np.any(becomes[at] & self._language.leads[behind], axis=1)
        return np.asarray(good & may_go_on[place])

    def _note(self, becomes: BoolArray, node: IntArray, kind: IntArray) -> None:
        """What lexemes pending at the end of the slot may become: the terminals of classes; anything before a skip."""
        of_kind = np.zeros((self._kinds, becomes.shape[1]), np.bool_)
        of_kind[:-2, :-1] = self._language.has
        of_kind[-2, -1] = True
        of_kind[-1] = True
        for own, one in np.unique(np.stack([node, kind], axis=1), axis=0).tolist():
            becomes[own] |= of_kind[one]

    def _behind_words(self, slot: int, source: IntArray, word: IntArray) -> tuple[IntArray, BoolArray]:
        """[R] the nodes of the word graph behind words, and whether the lexemes on the way there are used."""
        lexical, tables = self._language.lexical, self._tables
        into, within = self._to == slot, (self._from == slot) & (self._to == slot)
        entering = np.unique(self._kind[into] * self._nodes + self._to_node[into])
        inner = np.unique(
            (self._from_node[within] * self._kinds + self._kind[within]) * self._nodes + self._to_node[within]
        )
        edges = np.repeat(np.arange(self._nodes), np.diff(tables.edge_offset)) * self._kinds + tables.edge_class
        pairs, place = np.unique(source * len(lexical.word_parent) + word, return_inverse=True)
        state, rest = np.divmod(pairs, len(lexical.word_parent))
        ways = beginnings(lexical.word_parent, rest)
        node, good = tables.root[state].astype(np.int64), np.ones(len(pairs), np.bool_)
        for depth in range(ways.shape[1]):
            more = np.flatnonzero(ways[:, depth] >= 0)
            kind = lexical.word_class[ways[more, depth]].astype(np.int64)
            edge = np.searchsorted(edges, node[more] * self._kinds + kind)
            behind = tables.edge_target[edge].astype(np.int64)
            shown = np.where(kind >= tables.ignored, self._kinds - 1, kind)
            is_used = np.isin((node[more] * self._kinds + shown) * self._nodes + behind, inner)
            if depth == 0:
                is_used |= np.isin(shown * self._nodes + behind, entering)
            good[more] &= is_used
            node[more] = behind
        return node[place], good[place]


def beginnings(parent: NDArray[np.int32], word: IntArray) -> IntArray:
    """[R, longest] the beginnings of words, by their numbers, shortest first; -1 behind the word itself."""
    chain, at = [], word.copy()
    while (at > 0).any():
        chain.append(at.copy())
        at = np.where(at > 0, parent[at], 0)
    if not chain:
        return np.empty((len(word), 0), np.int64)
    back = np.stack(chain[::-1], axis=1)  # right-aligned: zeros stand before the word begins
    order = np.argsort(back == 0, axis=1, kind="stable")
    found = np.take_along_axis(back, order, axis=1)
    return np.where(found > 0, found, -1)
