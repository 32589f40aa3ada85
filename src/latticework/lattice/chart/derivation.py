"""The cheapest text of terminals that a chart allows, and how it is derived."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer
from latticework.automata.rules import Rules
from latticework.lattice.chart.chart import Chart
from latticework.lattice.chart.kernels_cheapest import (
    SKIP_COST,
    cheapest_spans,
    number_spans,
    read_derivation,
    span_number,
)
from latticework.lattice.chart.kernels_graph import BEFORE_END, SLOT, START
from latticework.lattice.chart.kernels_live import FAR, bound_costs, mark_live

MAX_SLACK = 1_000.0
EDGE_COST = 1e-3  # of a lexeme in fixed text, where there is nothing to save
CROWDED_COST = 1.0
SWALLOW_COST = 0.3  # of every lexeme of the fixed text that a longer one passes over, in a comment or a string


@dataclass(frozen=True, eq=False, slots=True)
class Derivation:
    """A derivation of a text of L terminals (the end is not counted).

    Attributes:
        terminals: [L] int32.
        items: [D, 4] int32, its spans, top down and from left to right: symbol, first and last node of the graph, and
            how many terminals stand before it.
        path: [L + 1] int32, the nodes at which the lexemes (and what is ignored before them) begin, and the one behind
            the last.
        begins: [F, 3] int64, those in fixed text: offset of the byte, lexer state, terminals before it.
    """

    terminals: NDArray[np.int32]
    items: NDArray[np.int32]
    path: NDArray[np.int32]
    begins: NDArray[np.int64]


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


def cheapest(
    found: LiveChart, rules: Rules, lexer: Lexer, gap_slots: NDArray[np.int32], levels: NDArray[np.int32]
) -> Derivation:
    """A derivation with few lexemes in every gap for its slots, most of whose lexemes in fixed text are what they seem.

    A lexeme that begins in a gap costs ``1 / slots``; two that begin in one slot cost more, as few tokens hold so much.

    Args:
        gap_slots, levels: [G] int32 of the gaps.
    """
    chart, live = found.chart, found.live
    graph = chart.graph
    in_gap = graph.gap >= 0
    node_cost = np.full(graph.nodes, EDGE_COST)
    node_cost[in_gap] += 1.0 / gap_slots[graph.gap[in_gap]]
    ahead, behind = np.empty(graph.nodes), np.empty(graph.nodes)
    is_fixed = np.append(0, np.cumsum(~in_gap))  # how many there are before a node
    source, target = graph.edge_source, graph.edge_target
    passed = np.maximum(is_fixed[target] - is_fixed[source + 1], 0)
    is_skip = graph.edge_class == lexer.classes + 1
    crowded = (source == target) & in_gap[source] & (levels[graph.gap[source]] == SLOT) if len(levels) else False
    class_cost = CROWDED_COST * crowded + np.where(is_skip, SKIP_COST, node_cost[source]) + SWALLOW_COST * passed
    adjacent = np.ones((lexer.classes + 1, lexer.classes + 1), np.bool_)
    adjacent[:-1, :-1] = lexer.adjacent
    bound_costs(graph.edge_offset, graph.edge_class, graph.edge_target, class_cost, adjacent, ahead, behind)
    base = np.zeros(live.shape, np.int32)
    spans = number_spans(chart.row_of, live, base)
    edge_cost = class_cost[chart.edge_of]
    cost, way = np.empty(spans), np.empty((spans, 3), np.int32)
    goal_row = chart.row_of[0, found.goal]
    goal = span_number(live, base, goal_row, graph.nodes - 1)
    slack = 1.0
    while True:
        kept = np.zeros_like(live)
        cost[:] = FAR
        bound = behind[0] + slack
        edges = chart.edge_offset, chart.edge_symbol, chart.edge_target, edge_cost
        skips = chart.skip_offset, chart.skip_target, class_cost[is_skip]
        cheapest_spans(rules, *edges, *skips, chart.row_of, live, base, ahead, behind, bound, kept, cost, way)
        if cost[goal] < FAR:
            break
        slack *= 2
        if slack > MAX_SLACK:  # bounds save work only: where they mislead, go without
            ahead[:], behind[:], slack = 0.0, 0.0, FAR / 2
    room = 64 * graph.nodes
    while True:
        items = np.empty((room, 4), np.int32)
        count = read_derivation(found.goal, chart.row_of, live, base, way, items)
        if count >= 0:
            break
        room *= 4
    items = items[:count].copy()
    leaves = items[items[:, 0] < rules.terminals]
    path = np.append(np.int32(0), leaves[:, 2])
    key = graph.keys[path]
    is_fixed = (key > START) & (key < BEFORE_END) & (graph.gap[path] < 0)
    begins = np.stack([key >> 33, key & 0xFFFFFFFF, np.arange(len(path))], axis=1)[is_fixed]
    return Derivation(leaves[:, 0].copy(), items, path, begins)
