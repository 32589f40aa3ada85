"""The cheapest text of terminals that a chart allows, and how it is derived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer
from latticework.automata.rules import Rules
from latticework.lattice.chart.chart import Chart
from latticework.lattice.chart.graph import Graph
from latticework.lattice.chart.kernels_cheapest import (
    SKIP_COST,
    cheapest_spans,
    number_spans,
    read_derivation,
    span_number,
)
from latticework.lattice.chart.kernels_graph import BEFORE_END, GAP, SLOT, START
from latticework.lattice.chart.kernels_live import FAR, bound_costs, mark_live
from latticework.lattice.chart.kernels_shallow import read_shallow

MAX_SLACK = 1_000.0
EDGE_COST = 1e-3  # of a lexeme in fixed text, where there is nothing to save
LEAVING_SHARE = 0.1  # of the cost of a lexeme, for the last one that begins in a gap
CROWDED_COST = 1.0
AVOIDED_COST = 1.0  # more for every lexeme of a derivation at a place where it did not fit
SWALLOW_COST = 0.3  # of every lexeme of the fixed text that a longer one passes over, in a comment or a string


@dataclass(frozen=True, eq=False, slots=True)
class Derivation:
    """A derivation of a text of L terminals (the end is not counted). Nodes of graphs are named by their keys.

    Attributes:
        terminals: [L] int32.
        items: [D, 5] int64, its spans, top down and from left to right: symbol, keys of the first and the last node,
            and how many terminals stand before it and up to its end.
        path: [L + 1] int64, keys of the nodes at which the lexemes (and what is ignored before them) begin, and of the
            one behind the last.
        gap: [L + 1] int32, the gaps these nodes are in, -1 for none.
    """

    terminals: NDArray[np.int32]
    items: NDArray[np.int64]
    path: NDArray[np.int64]
    gap: NDArray[np.int32]

    @property
    def begins(self) -> NDArray[np.int64]:
        """[F, 3], the lexemes that begin in fixed text: offset of the byte, lexer state, terminals before it."""
        is_fixed = (self.path > START) & (self.path < BEFORE_END) & (self.gap < 0)
        begins = np.stack([self.path >> 33, self.path & 0xFFFFFFFF, np.arange(len(self.path))], axis=1)
        return begins[is_fixed]

    @property
    def spans(self) -> NDArray[np.int64]:
        """[S, 3], top down and from left to right: symbol, terminals before it and up to its end; of those with the
        same terminals the topmost only, none without terminals."""
        found = self.items[self.items[:, 3] < self.items[:, 4]][:, [0, 3, 4]]
        is_new = np.ones(len(found), np.bool_)
        is_new[1:] = (found[1:, 1:] != found[:-1, 1:]).any(axis=1)
        return found[is_new]


@dataclass(frozen=True, eq=False, slots=True)
class LiveChart:
    """A chart that derives its whole graph from a goal, with the spans that any derivation of it uses.

    Attributes:
        live: [rows, words] uint64, like the pool of the chart.
    """

    chart: Chart
    live: NDArray[np.uint64]
    goal: int


def live_chart(chart: Chart, rules: Rules, goal: int) -> LiveChart | None:
    """``None`` if no text of the goal leads from the first node of the graph to the last."""
    last = chart.graph.nodes - 1
    if not chart.holds(goal, 0, last):
        return None
    live = np.zeros((chart.rows, chart.pool.shape[1]), np.uint64)
    live[chart.row_of[0, goal], last >> 6] = np.uint64(1) << np.uint64(last & 63)
    mark_live(rules, chart.skip_offset, chart.skip_target, chart.row_of, chart.pool, live)
    return LiveChart(chart, live, goal)


def live_edges(found: LiveChart) -> NDArray[np.bool_]:
    """[E] whether some derivation uses an edge of the graph."""
    chart = found.chart
    source = np.repeat(np.arange(chart.graph.nodes), np.diff(chart.edge_offset))
    target = chart.edge_target
    row = chart.row_of[source, chart.edge_symbol]
    live = found.live[row, target >> 6] >> (target & 63).astype(np.uint64) & np.uint64(1) != 0
    is_live = np.zeros(len(chart.graph.edge_class), np.bool_)
    is_live[chart.edge_of[live]] = True
    return is_live


class Search:
    """Cheap derivations of one chart.

    Derivations hold few lexemes in every gap for its slots, and most of their lexemes in fixed text are what they seem.
    A lexeme that begins in a gap of some slots costs one over their number, the last one in a gap a tenth of that, as
    a token that ends one lexeme begins the next; two that begin in one slot cost more, as few tokens hold so much.
    """

    def __init__(
        self, found: LiveChart, rules: Rules, lexer: Lexer, gap_slots: NDArray[np.int32], levels: NDArray[np.int32]
    ) -> None:
        """Args: ``gap_slots``, ``levels``: [G] int32 of the gaps."""
        self._found, self._rules = found, rules
        chart, graph = found.chart, found.chart.graph
        self._class_cost = _costs(graph, lexer, gap_slots, levels)
        self._is_skip = graph.edge_class == lexer.classes + 1
        adjacent = np.ones((lexer.classes + 1, lexer.classes + 1), np.bool_)
        adjacent[:-1, :-1] = lexer.adjacent
        self._ahead, self._behind = np.empty(graph.nodes), np.empty(graph.nodes)
        edges = graph.edge_offset, graph.edge_class, graph.edge_target, self._class_cost
        bound_costs(*edges, adjacent, self._ahead, self._behind)
        self._base = np.zeros(found.live.shape, np.int32)
        spans = number_spans(chart.row_of, found.live, self._base)
        self._edge_cost = self._class_cost[chart.edge_of]
        self._cost, self._way = np.empty(spans), np.empty((spans, 3), np.int32)
        self._goal = span_number(found.live, self._base, chart.row_of[0, found.goal], graph.nodes - 1)
        self._slack = 1.0

    def cheapest(self) -> Derivation:
        """A derivation of least cost."""
        self._fill()
        chart, live = self._found.chart, self._found.live
        items = _with_room(
            lambda items: read_derivation(self._found.goal, chart.row_of, live, self._base, self._way, items),
            chart.graph,
        )
        return _derivation(chart.graph, self._rules, items)

    def avoid(self, derivation: Derivation, first: int, last: int) -> None:
        """Make the lexemes ``first .. last - 1`` of a derivation of this chart, as far as there are, dearer where they
        stand.

        Of those that pass over a gap, all others from and to the same nodes, too: they have to fit the same tokens.
        """
        chart = self._found.chart
        is_fixed = chart.graph.gap < 0
        path = np.searchsorted(chart.graph.keys, derivation.path)
        for at in range(max(first, 0), min(last, len(derivation.terminals))):
            source, target = path[at], path[at + 1]
            # The lexeme may stand behind what is ignored, at a later node than its place in the path.
            begin, end = chart.edge_offset[source], chart.edge_offset[target + 1]
            same = chart.edge_target[begin:end] == target
            if is_fixed[source + 1 : target].all():
                same &= chart.edge_symbol[begin:end] == derivation.terminals[at]
            self._edge_cost[begin:end][same] += AVOIDED_COST

    def _fill(self) -> None:
        chart, live = self._found.chart, self._found.live
        ahead, behind = self._ahead, self._behind
        edges = chart.edge_offset, chart.edge_symbol, chart.edge_target, self._edge_cost
        skips = chart.skip_offset, chart.skip_target, self._class_cost[self._is_skip]
        while True:
            kept = np.zeros_like(live)
            self._cost[:] = FAR
            bound = behind[0] + self._slack
            rows = chart.row_of, live, self._base
            cheapest_spans(self._rules, *edges, *skips, *rows, ahead, behind, bound, kept, self._cost, self._way)
            if self._cost[self._goal] < FAR:
                return
            self._slack *= 2
            if self._slack > MAX_SLACK:  # bounds save work only: where they mislead, go without
                ahead[:], behind[:], self._slack = 0.0, 0.0, FAR / 2


def shallow(chart: Chart, rules: Rules, goal: int) -> Derivation | None:
    """Some derivation of the goal along the whole graph, whatever it costs; much quicker than :class:`Search`."""
    last = chart.graph.nodes - 1
    if not chart.holds(goal, 0, last):
        return None
    is_empty = np.zeros(rules.symbols, np.bool_)
    is_empty[rules.empty] = True
    edges = chart.edge_offset, chart.edge_symbol, chart.edge_target, chart.skip_offset, chart.skip_target
    items = _with_room(
        lambda items: read_shallow(rules, *edges, chart.row_of, chart.pool, is_empty, goal, last, items), chart.graph
    )
    return _derivation(chart.graph, rules, items)


def _with_room(read: Callable[[NDArray[np.int64]], int], graph: Graph) -> NDArray[np.int64]:
    """[D, 5] the items that are read into an array that is large enough."""
    room = 64 * graph.nodes
    while True:
        items = np.empty((room, 5), np.int64)
        count = read(items)
        if count >= 0:
            return items[:count].copy()
        room *= 4


def _derivation(graph: Graph, rules: Rules, items: NDArray[np.int64]) -> Derivation:
    """Of spans between nodes of a graph by their numbers, which are replaced."""
    leaves = items[items[:, 0] < rules.terminals]
    path = np.append(0, leaves[:, 2])
    items[:, 1:3] = graph.keys[items[:, 1:3]]
    np.minimum(items[:, 3:], len(leaves), out=items[:, 3:])
    return Derivation(leaves[:, 0].astype(np.int32), items, graph.keys[path], graph.gap[path])


def _costs(graph: Graph, lexer: Lexer, gap_slots: NDArray[np.int32], levels: NDArray[np.int32]) -> NDArray[np.float64]:
    """[E] of the edges of a graph."""
    source, target = graph.edge_source, graph.edge_target
    gap = graph.gap[source]
    begun = np.zeros(len(source))
    inside = gap >= 0
    begun[inside] = 1.0 / gap_slots[gap[inside]]
    begun[inside & (graph.gap[target] != gap)] *= LEAVING_SHARE
    begun[inside & (source == target) & (np.append(levels, GAP)[gap] == SLOT)] += CROWDED_COST
    is_fixed = np.append(0, np.cumsum(graph.gap < 0))  # how many there are before a node
    passed = np.maximum(is_fixed[target] - is_fixed[source + 1], 0)
    is_skip = graph.edge_class == lexer.classes + 1
    return np.where(is_skip, SKIP_COST, EDGE_COST + begun) + SWALLOW_COST * passed
