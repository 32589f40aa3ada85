"""Which readings of a free slot some filling uses, all of them in one chart.

On a graph that is exact in all gaps, every reading of the slot (from a lexer state, the lexemes that end in the slot,
the lexer state behind it) gets nodes of its own instead of those that readings share. It is used if a derivation goes
through these nodes; one in which no lexeme ends, if a lexeme that may be in its states before and behind the slot
passes over the slot. Exact, both ways.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.chart.chart import chart_of
from latticework.lattice.chart.derivation import LiveChart, live_chart, live_edges
from latticework.lattice.chart.graph import Graph
from latticework.lattice.chart.kernels_graph import OFFSET_SHIFT, SLOT_SHIFT, WORD
from latticework.lattice.chart.kernels_pending import edges_behind, pending_before
from latticework.lattice.chart.kernels_sweep import GapTables
from latticework.lattice.chart.language import Language
from latticework.lattice.chart.live_slots import beginnings
from latticework.lattice.chart.tables import SlotTables

BoolArray = NDArray[np.bool_]
Int32Array = NDArray[np.int32]
IntArray = NDArray[np.int64]

MOST_NODES = 700  # of readings in one chart
_ROOM = 16_384  # for edges of a node, at first


class Readings:
    """Of one slot of a gap, counted from its first."""

    def __init__(
        self, language: Language, tables: SlotTables, gaps: GapTables, graph: Graph, gap: int, slot: int
    ) -> None:
        """Args: ``graph``: exact in all gaps, all nodes and edges on a path from the start to the end."""
        self._language, self._tables, self._gaps, self._graph = language, tables, gaps, graph
        self._gap, self._slot = gap, slot
        at = int(gaps.at[gap]) << OFFSET_SHIFT
        self._low = int(np.searchsorted(graph.keys, at | slot << SLOT_SHIFT))
        self._high = int(np.searchsorted(graph.keys, at | slot + 1 << SLOT_SHIFT))
        pending = np.zeros((self._low, gaps.reached.shape[1]), np.uint64)
        pending_before(tables, gaps, graph.keys[: self._low], gap, slot, pending)
        self._pending, self._is_start = _dense(pending, len(tables.root)), _dense(tables.starts, len(tables.root))
        self._skip = language.lexical.lexer.classes + 1
        self._behind: dict[int, tuple[IntArray, IntArray]] = {}

    def used(self, source: Int32Array, word: Int32Array, state: Int32Array) -> BoolArray:
        """[R] whether some filling uses a reading."""
        possible = np.any(self._pending, axis=0)[source]
        found = np.zeros(len(source), np.bool_)
        chosen = np.flatnonzero(possible)
        lengths = (beginnings(self._language.lexical.word_parent, word[chosen].astype(np.int64)) >= 0).sum(axis=1)
        part = np.cumsum(lengths) // MOST_NODES
        for number in range(int(part.max(initial=-1)) + 1):
            some = chosen[part == number]
            if len(some):
                own = [side[some].astype(np.int64) for side in (source, word, state)]
                found[some] = self._asked(own[0], own[1], own[2])
        return found

    def _out(self, state: int) -> tuple[IntArray, IntArray]:
        """Classes and nodes that a lexeme in a state behind the slot leads to."""
        if state not in self._behind:
            levels, room = np.full(len(self._gaps.at), WORD, np.int32), _ROOM
            while True:
                kinds, keys = np.empty(room, np.int32), np.empty(room, np.int64)
                size = edges_behind(self._tables, self._gaps, levels, self._gap, self._slot, state, kinds, keys)
                if size >= 0:
                    break
                room *= 4
            kind, keys = kinds[:size].astype(np.int64), keys[:size]
            kind[(kind >= self._tables.ignored) & (kind < self._skip - 1)] = self._skip
            node = np.searchsorted(self._graph.keys, keys)
            known = node < self._graph.nodes
            known[known] = self._graph.keys[node[known]] == keys[known]
            self._behind[state] = kind[known], node[known]
        return self._behind[state]

    def _asked(self, source: IntArray, word: IntArray, state: IntArray) -> BoolArray:
        lexical, low, high = self._language.lexical, self._low, self._high
        paths = beginnings(lexical.word_parent, word)
        depth = (paths >= 0).sum(axis=1)
        starts = np.unique(source[self._is_start[source]])
        # Nodes: those before the slot, one for each state in which a lexeme begins with the slot, by depth those of
        # readings, those behind the slot.
        entry = np.full(len(self._is_start), -1, np.int64)
        entry[starts] = low + np.arange(len(starts))
        node = np.full((len(source), paths.shape[1] + 1), -1, np.int64)
        size = low + len(starts)
        for level in range(paths.shape[1]):
            has = np.flatnonzero(depth > level)
            node[has, level] = size + np.arange(len(has))
            size += len(has)
        more = size - high
        edges: list[tuple[IntArray, IntArray, IntArray]] = []
        graph = self._graph
        begin, end = graph.edge_source, graph.edge_target.astype(np.int64)
        kept = ((begin < low) | (begin >= high)) & ((end < low) | (end >= high))
        moved = [np.where(side >= high, side + more, side)[kept] for side in (begin, end)]
        edges.append((moved[0], graph.edge_class[kept].astype(np.int64), moved[1]))
        at, pending = np.nonzero(self._pending)
        into = self._is_start[pending] & (entry[pending] >= 0)
        edges.append((at[into], np.full(int(into.sum()), self._skip), entry[pending[into]]))
        kinds = np.where(paths >= 0, lexical.word_class[paths], 0).astype(np.int64)
        kinds[kinds >= self._tables.ignored] = self._skip
        for level in range(paths.shape[1]):
            has = np.flatnonzero(depth > level)
            if level:
                edges.append((node[has, level - 1], kinds[has, level], node[has, level]))
                continue
            new = has[self._is_start[source[has]]]
            edges.append((entry[source[new]], kinds[new, 0], node[new, 0]))
            old = has[~self._is_start[source[has]]]
            for own in np.unique(source[old]).tolist():
                before, mine = np.flatnonzero(self._pending[:, own]), old[source[old] == own]
                edges.append(
                    (
                        np.repeat(before, len(mine)),
                        np.tile(kinds[mine, 0], len(before)),
                        np.tile(node[mine, 0], len(before)),
                    )
                )
        for reading in range(len(source)):
            kind, target = self._out(int(state[reading]))
            last = node[reading, depth[reading] - 1] if depth[reading] else entry[source[reading]]
            if last >= 0:
                edges.append((np.full(len(kind), last), kind, target + more))
        parts = [np.concatenate(part) for part in zip(*edges, strict=True)]
        whole = _graph(parts[0], parts[1], parts[2], graph.nodes + more, self._skip)
        rules, lexer = self._language.rules, lexical.lexer
        found = live_chart(chart_of(whole, rules, lexer), rules, rules.goal)
        if found is None:
            return np.zeros(len(source), np.bool_)
        passed = self._passed(found, entry, more)
        used = np.zeros(len(source), np.bool_)
        used[depth > 0] = _are_live(found, node[depth > 0, 0])
        for reading in np.flatnonzero(depth == 0).tolist():
            kind, target = self._out(int(state[reading]))
            used[reading] = bool(np.isin(kind * whole.nodes + target + more, passed[int(source[reading])]).any())
        return used

    def _passed(self, found: LiveChart, entry: IntArray, more: int) -> _Passed:
        return _Passed(found, self._pending, self._is_start, entry, self._high + more, self._skip)


class _Passed:
    """Of every lexer state, what live lexemes pass over the slot that are in it before the slot."""

    def __init__(
        self, found: LiveChart, pending: BoolArray, is_start: BoolArray, entry: IntArray, high: int, skip: int
    ) -> None:
        graph = found.chart.graph
        is_live = live_edges(found)
        source, target = graph.edge_source, graph.edge_target.astype(np.int64)
        skips = np.flatnonzero((graph.edge_class == skip) & (target >= high) & (source < high))
        is_live[skips] = [_live_skip(found, int(source[edge]), int(target[edge])) for edge in skips]
        over = np.flatnonzero(is_live & (target >= high))
        self._source, self._code = source[over], graph.edge_class[over] * graph.nodes + target[over]
        self._pending, self._is_start, self._entry = pending, is_start, entry
        self._known: dict[int, IntArray] = {}

    def __getitem__(self, state: int) -> IntArray:
        """Classes and nodes, as one number each."""
        if state not in self._known:
            if self._is_start[state]:
                mine = self._source == self._entry[state]
            else:
                before = np.zeros(int(self._source.max(initial=0)) + 1, np.bool_)
                size = min(len(before), len(self._pending))
                before[:size] = self._pending[:size, state]
                mine = before[self._source]
            self._known[state] = np.unique(self._code[mine])
        return self._known[state]


def _dense(bits: NDArray[np.uint64], size: int) -> BoolArray:
    return np.unpackbits(bits.view(np.uint8), axis=-1, count=size, bitorder="little").view(np.bool_)


def _live_skip(found: LiveChart, first: int, behind: int) -> bool:
    """Whether some derivation goes from a node to another one without a lexeme."""
    chart = found.chart
    own, other = chart.row_of[first], chart.row_of[behind]
    both = (own >= 0) & (other >= 0)
    return bool((found.live[own[both]] & chart.pool[other[both]]).any())


def _are_live(found: LiveChart, nodes: IntArray) -> BoolArray:
    """Whether some derivation has something begin at nodes."""
    is_live = np.append(found.live.any(axis=1), False)
    return np.asarray(is_live[found.chart.row_of[nodes]].any(axis=1))


def _graph(source: IntArray, kind: IntArray, target: IntArray, nodes: int, skip: int) -> Graph:
    code = np.unique((source * nodes + target) * (skip + 1) + kind)
    pair, kind = np.divmod(code, skip + 1)
    source, target = np.divmod(pair, nodes)
    return Graph(
        np.arange(nodes),
        np.full(nodes, -1, np.int32),
        np.searchsorted(source, np.arange(nodes + 1)).astype(np.int32),
        kind.astype(np.int32),
        target.astype(np.int32),
    )
