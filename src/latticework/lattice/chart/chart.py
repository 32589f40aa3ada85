"""Charts over lexical graphs: which symbols may stand between which nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer
from latticework.automata.rules import Rules
from latticework.lattice.chart.graph import Graph
from latticework.lattice.chart.kernels_rows import fill_rows

Int32Array = NDArray[np.int32]
_ROWS_OF_A_NODE = 256  # for which there is room before any is seen


@dataclass(frozen=True, eq=False, slots=True)
class Chart:
    """M nodes, n symbols. The row of (node, symbol) is the set of nodes at which a text of the symbol may end.

    Attributes:
        graph: what it is a chart of.
        edge_offset: [M + 1] int32 into the edges, one for every terminal of a class.
        edge_symbol, edge_target: int32.
        edge_of: int64, the edge of the graph each of them stands for.
        skip_offset: [M + 1] int32 into ``skip_target``: nodes that a node leads to without a lexeme.
        row_of: [M, n] int32, -1 for the empty row.
        pool: [rows, words] uint64.
        rows: how many there are.
    """

    graph: Graph
    edge_offset: Int32Array
    edge_symbol: Int32Array
    edge_target: Int32Array
    edge_of: NDArray[np.int64]
    skip_offset: Int32Array
    skip_target: Int32Array
    row_of: Int32Array
    pool: NDArray[np.uint64]
    rows: int

    def holds(self, symbol: int, first: int, last: int) -> bool:
        """Whether some text of a symbol leads from one node to another."""
        row = self.row_of[first, symbol]
        return row >= 0 and bool(self.pool[row, last >> 6] >> np.uint64(last & 63) & np.uint64(1))


def chart_of(graph: Graph, rules: Rules, lexer: Lexer) -> Chart:
    """The whole chart of a graph; cost grows with the rules and, at worst, the cube of the nodes (over 64)."""
    offset, symbol, target, edge_of = _by_terminal(graph, rules, lexer)
    is_skip = graph.edge_class == lexer.classes + 1
    skip_offset = np.append(0, np.cumsum(is_skip))[graph.edge_offset].astype(np.int32)
    skip_target = graph.edge_target[is_skip]
    nodes, words = graph.nodes, -(-graph.nodes // 64)
    row_of = np.empty((nodes, rules.symbols), np.int32)
    fresh = np.zeros((rules.symbols, words), np.uint64)
    pool = np.empty((2 * rules.symbols + _ROWS_OF_A_NODE * nodes, words), np.uint64)
    done, used = nodes, 0
    while True:
        done, used = fill_rows(
            rules, offset, symbol, target, skip_offset, skip_target, 0, done, row_of, pool, used, fresh
        )
        if done == 0:
            return Chart(graph, offset, symbol, target, edge_of, skip_offset, skip_target, row_of, pool, used)
        larger = np.empty((2 * len(pool), words), np.uint64)
        larger[:used] = pool[:used]
        pool = larger


def _by_terminal(
    graph: Graph, rules: Rules, lexer: Lexer
) -> tuple[Int32Array, Int32Array, Int32Array, NDArray[np.int64]]:
    """The edges that are lexemes, with a terminal each."""
    offset = np.append(lexer.class_offset, lexer.class_offset[-1] + np.array([1, 1], np.int32))
    terminal = np.append(lexer.class_terminal, rules.end).astype(np.int32)
    first, count = offset[graph.edge_class], np.diff(offset)[graph.edge_class]
    begins = np.cumsum(count) - count
    at = np.arange(int(count.sum())) - np.repeat(begins - first, count)
    edge_offset = np.append(begins, count.sum())[graph.edge_offset]
    edge_of = np.repeat(np.arange(len(count)), count)
    return edge_offset.astype(np.int32), terminal[at], graph.edge_target[edge_of], edge_of
