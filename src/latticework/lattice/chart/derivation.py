"""The cheapest text of terminals that a chart allows, and how it is derived."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer
from latticework.automata.rules import Rules
from latticework.lattice.chart.chart import Chart
from latticework.lattice.chart.kernels_cheapest import (
    FAR,
    bound_costs,
    cheapest_spans,
    mark_live,
    number_spans,
    read_derivation,
)

EDGE_COST = 1e-3  # of a lexeme in fixed text, where there is nothing to save


@dataclass(frozen=True, eq=False, slots=True)
class Derivation:
    """A derivation of a text of L terminals (the end is not counted).

    Attributes:
        terminals: [L] int32.
        items: [D, 4] int32, its spans, top down and from left to right: symbol, first and last node of the graph, and
            how many terminals stand before it.
    """

    terminals: NDArray[np.int32]
    items: NDArray[np.int32]


@dataclass(frozen=True, eq=False, slots=True)
class LiveChart:
    """A chart that derives its whole graph, with the spans that any derivation of it uses: ``live``, like its pool."""

    chart: Chart
    live: NDArray[np.uint64]


def live_chart(chart: Chart, rules: Rules) -> LiveChart | None:
    """``None`` if nothing leads from the start of the graph to its end."""
    last = chart.graph.nodes - 1
    if not chart.holds(rules.goal, 0, last):
        return None
    live = np.zeros((chart.rows, chart.pool.shape[1]), np.uint64)
    live[chart.row_of[0, rules.goal], last >> 6] = np.uint64(1) << np.uint64(last & 63)
    mark_live(rules, chart.row_of, chart.pool, live)
    return LiveChart(chart, live)


def cheapest(found: LiveChart, rules: Rules, lexer: Lexer, gap_slots: NDArray[np.int32]) -> Derivation:
    """A derivation with few lexemes in every gap for its slots: one that begins there costs ``1 / slots``."""
    chart, live = found.chart, found.live
    graph = chart.graph
    in_gap = graph.gap >= 0
    node_cost = np.full(graph.nodes, EDGE_COST)
    node_cost[in_gap] += 1.0 / gap_slots[graph.gap[in_gap]]
    ahead, behind = np.empty(graph.nodes), np.empty(graph.nodes)
    class_cost = np.repeat(node_cost, np.diff(graph.edge_offset))
    adjacent = np.ones((lexer.classes + 1, lexer.classes + 1), np.bool_)
    adjacent[:-1, :-1] = lexer.adjacent
    bound_costs(graph.edge_offset, graph.edge_class, graph.edge_target, class_cost, adjacent, ahead, behind)
    base = np.zeros(chart.rows, np.int64)
    spans = number_spans(chart.row_of, live, base)
    edge_cost = np.repeat(node_cost, np.diff(chart.edge_offset))
    cost, way = np.empty(spans), np.empty((spans, 3), np.int32)
    goal = base[chart.row_of[0, rules.goal]]
    slack = 1.0
    while True:
        kept = np.zeros_like(live)
        cost[:] = FAR
        bound = behind[0] + slack
        edges = chart.edge_offset, chart.edge_symbol, chart.edge_target, edge_cost
        cheapest_spans(rules, *edges, chart.row_of, live, base, ahead, behind, bound, kept, cost, way)
        if cost[goal] < FAR:
            break
        slack *= 2
    room = 64 * graph.nodes
    while True:
        items = np.empty((room, 4), np.int32)
        count = read_derivation(rules, chart.row_of, live, base, way, items)
        if count >= 0:
            break
        room *= 4
    items = items[:count].copy()
    leaves = items[items[:, 0] < rules.terminals]
    return Derivation(leaves[:, 0].copy(), items)
