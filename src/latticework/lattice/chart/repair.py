"""Mending a derivation that does not fit its slots, in a window around each gap where it fails.

All of the derivation outside of a window stays; inside, the gap is looked at exactly, on a graph as small as that.
Windows are spans of the derivation (an expression, a statement, a block), the smallest first. A sufficient test: where
no window helps, nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latticework.errors import LimitExceeded
from latticework.lattice.chart.canvas import Canvas
from latticework.lattice.chart.chart import chart_of
from latticework.lattice.chart.derivation import Derivation, Search, live_chart
from latticework.lattice.chart.graph import Graph, lexical_graph
from latticework.lattice.chart.kernels_graph import INTO, WITHIN, WORD
from latticework.lattice.chart.kernels_realise import Spelling
from latticework.lattice.chart.kernels_sweep import GapTables
from latticework.lattice.chart.language import Language
from latticework.lattice.chart.tables import SlotTables
from latticework.lattice.chart.witness import Slots, spelling_of

MAX_WINDOW_NODES = 700
MAX_WINDOWS = 8  # of one gap


@dataclass(frozen=True, eq=False, slots=True)
class Failure:
    """A derivation of a graph that does not fit, and what it was made from; ``keep`` as of :func:`lexical_graph`."""

    tables: SlotTables
    canvas: Canvas
    gaps: GapTables
    levels: NDArray[np.int32]
    keep: NDArray[np.uint64]
    graph: Graph
    derivation: Derivation


class Piece(NamedTuple):
    """A spelling in place of the terminals from ``first`` to ``last`` of a derivation."""

    first: int
    last: int
    spelling: Spelling


def mended(language: Language, failure: Failure, slots: Slots, groups: list[list[int]]) -> Spelling | None:
    """Terminals that fit at every place as far as its window shows; ``None`` where no window of a place helps.

    Args:
        groups: gaps at which the derivation does not fit, a group for each place.
    """
    pieces: list[Piece] = []
    for group in groups:
        exact = failure.levels.copy()
        exact[group] = WORD
        first, last = surroundings(failure, group)
        if any(piece.first <= first and last <= piece.last for piece in pieces):
            continue
        if _exact_nodes(language, failure, group) > MAX_WINDOW_NODES:
            return None
        piece = _mend(language, failure, slots, exact, first, last)
        if piece is None:
            return None
        pieces = [other for other in pieces if other.last <= piece.first or other.first >= piece.last]
        pieces.append(piece)
    whole = spelling_of(failure.canvas, slots, failure.graph, failure.derivation)
    parts: list[Spelling] = []
    at = 0
    for piece in sorted(pieces, key=lambda piece: piece.first):
        parts += [_part(whole, at, piece.first), _part(piece.spelling, 0, len(piece.spelling.terminals))]
        at = piece.last
    parts.append(Spelling(whole.terminals[at:], whole.low[at:], whole.high[at:]))
    return Spelling(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _exact_nodes(language: Language, failure: Failure, group: list[int]) -> int:
    """How many nodes an exact graph has in some gaps, by the lexer and the lexemes kept; seldom fewer in truth."""
    kept = np.unpackbits(
        (failure.keep[group, INTO] | failure.keep[group, WITHIN]).view(np.uint8), axis=1, bitorder="little"
    )
    count = 0
    for gap, classes in zip(group, kept[:, : len(language.entered)].view(np.bool_), strict=True):
        entered = np.bitwise_or.reduce(language.entered[classes], axis=0, initial=np.uint64(0))
        inside = failure.gaps.inside[failure.gaps.row[gap] : failure.gaps.row[gap + 1]]
        count += int(np.bitwise_count(inside & entered).sum())
    return count


def _part(spelling: Spelling, first: int, last: int) -> Spelling:
    """Without the entry for what is ignored behind it."""
    return Spelling(spelling.terminals[first:last], spelling.low[first:last], spelling.high[first:last])


def surroundings(failure: Failure, group: list[int]) -> tuple[int, int]:
    """The last lexeme that begins in fixed text before some gaps, and the first one behind them."""
    graph, path = failure.graph, failure.derivation.path
    at = failure.canvas.gap_at[group].astype(np.int64) << 33
    keys, is_fixed = graph.keys[path], graph.gap[path] < 0
    before = np.flatnonzero(is_fixed & (keys < at[0]))
    behind = np.flatnonzero(is_fixed & (keys > at[-1]))
    return int(before[-1]), int(behind[0]) if len(behind) else len(path) - 1


def _mend(
    language: Language, failure: Failure, slots: Slots, levels: NDArray[np.int32], first: int, last: int
) -> Piece | None:
    """The cheapest exact text of some span of the derivation that holds the lexemes ``first .. last``."""
    graph, items, path = failure.graph, failure.derivation.items, failure.derivation.path
    holds = items[(items[:, 1] <= path[first]) & (items[:, 2] >= path[last])]
    # Of spans between the same nodes the topmost stands first.
    _, distinct = np.unique(holds[:, 1:3], axis=0, return_index=True)
    holds = holds[np.sort(distinct)][::-1][:MAX_WINDOWS]
    rules, lexer = language.rules, language.lexical.lexer
    for symbol, begin, end, before in holds.tolist():
        behind = _lexemes_before(failure.derivation, end, before)
        if behind < 0:
            continue
        try:
            window = lexical_graph(
                failure.tables,
                failure.gaps,
                levels,
                failure.keep,
                MAX_WINDOW_NODES,
                int(graph.keys[begin]),
                int(graph.keys[end]),
            )
        except LimitExceeded:
            return None
        if window is None:
            continue
        found = live_chart(chart_of(window, rules, lexer), rules, symbol)
        if found is not None:
            inside = Search(found, rules, lexer, failure.canvas.gap_slots, levels).cheapest()
            spelling = spelling_of(failure.canvas, slots, window, inside)
            return Piece(before, behind, spelling)
    return None


def _lexemes_before(derivation: Derivation, node: int, at_least: int) -> int:
    """How many lexemes end where a span does that has ``at_least`` before it and ends at a node; -1: not known.

    A path passes a gap of one node several times, and nodes do not tell at which of these the span ends.
    """
    places = np.flatnonzero(derivation.path[at_least:] == node)
    if len(places) > 1:
        return -1
    return at_least + int(places[0]) if len(places) else len(derivation.terminals)
