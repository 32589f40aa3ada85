"""Lexical graphs: the texts of terminals that the fillings of a canvas may be read as."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.errors import LimitExceeded
from latticework.lattice.chart.canvas import Canvas
from latticework.lattice.chart.kernels_graph import (
    BEFORE_END,
    END,
    FIXED,
    GAP,
    MAX_SLOTS,
    SLOT_SHIFT,
    START,
    WITHIN,
    build_graph,
    mark_leading,
)
from latticework.lattice.chart.kernels_sweep import GapTables, sweep
from latticework.lattice.chart.tables import SlotTables

Int32Array = NDArray[np.int32]


@dataclass(frozen=True, eq=False, slots=True)
class Graph:
    """Immutable; M nodes in the order of the text, all on a path from the first to the last.

    Attributes:
        keys: [M] int64, see :mod:`.kernels_graph`.
        gap: [M] int32, the gap a node is in, -1 for none.
        edge_offset: [M + 1] int32 into the edges, by source.
        edge_class: [E] int32, as many as there are classes for the end of the text, one more for a skip.
        edge_target: [E] int32, no smaller than the source.
    """

    keys: NDArray[np.int64]
    gap: Int32Array
    edge_offset: Int32Array
    edge_class: Int32Array
    edge_target: Int32Array

    @property
    def nodes(self) -> int:
        return len(self.keys)

    @property
    def edge_source(self) -> NDArray[np.int64]:
        """[E] int64."""
        return np.repeat(np.arange(self.nodes), np.diff(self.edge_offset))


def swept(tables: SlotTables, canvas: Canvas, state: int = 0) -> tuple[GapTables, int]:
    """What the lexer makes of the gaps from a state on, and how far it comes (see :func:`.kernels_sweep.sweep`)."""
    if len(canvas.gap_slots) and canvas.gap_slots.max() >= MAX_SLOTS:
        raise LimitExceeded("slots of a gap", MAX_SLOTS)
    row = np.concatenate([[0], np.cumsum(canvas.gap_slots + 1)]).astype(np.int32)
    rows = int(row[-1])
    gaps = GapTables(
        canvas.text,
        canvas.gap_at,
        canvas.gap_slots,
        row,
        canvas.open_end,
        np.zeros((rows, tables.inside.shape[1]), np.uint64),
        np.zeros((rows, tables.stay.shape[1]), np.uint64),
        np.zeros((rows, tables.stay.shape[1]), np.uint64),
        np.zeros((canvas.gaps, tables.first.shape[1]), np.uint64),
    )
    return gaps, int(sweep(tables, gaps, state))


def everything(tables: SlotTables, gaps: int) -> NDArray[np.uint64]:
    """[G, 3, classes]: any lexeme may lead into, within and out of any gap."""
    return np.full((gaps, WITHIN + 2, tables.first.shape[1]), ~np.uint64(0))


def lexical_graph(
    tables: SlotTables,
    gaps: GapTables,
    levels: Int32Array,
    keep: NDArray[np.uint64],
    max_nodes: int,
    first: int | np.int64 = START,
    last: int | np.int64 = END,
) -> Graph | None:
    """The graph; ``None`` if there is no path from the first node to the last.

    Args:
        levels: [G] int32 of the gaps.
        keep: [G, 3, classes] uint64 sets of the lexemes that may lead into, within and out of a gap.
        first, last: keys of these nodes; by default the start and the end of the text.

    Raises:
        LimitExceeded: more than ``max_nodes`` nodes.
    """
    room, most = 16_384, 65_536
    capacity = 2_048
    while True:
        keys = np.empty(capacity, np.int64)
        index = np.full(1 << (2 * capacity).bit_length(), -1, np.int32)
        edges = np.empty((3, most), np.int32)
        nodes, size = build_graph(tables, gaps, levels, keep, first, last, index, keys, edges, room)
        if nodes >= 0 and size >= 0:
            break
        if nodes < 0:
            if capacity > 4 * max_nodes:
                raise LimitExceeded("max_chart_nodes", max_nodes)
            capacity *= 4
        else:
            room, most = 4 * room, 4 * most
    return _ordered(keys[:nodes], edges[:, :size], gaps, last, len(tables.start_after), max_nodes)


def _ordered(
    keys: NDArray[np.int64],
    edges: NDArray[np.int32],
    gaps: GapTables,
    last: int | np.int64,
    classes: int,
    max_nodes: int,
) -> Graph | None:
    """Nodes that lead to the last, in the order of their keys, and their edges, each once."""
    order = np.argsort(keys)
    end = int(np.searchsorted(keys[order], last))
    if end == len(keys) or keys[order[end]] != last:
        return None
    place = np.empty(len(keys), np.int64)
    place[order] = np.arange(len(keys))
    source, kind, target = place[edges[0]], edges[1].astype(np.int64), place[edges[2]]
    code = np.unique((source * len(keys) + target) * (classes + 2) + kind)
    pair, kind = np.divmod(code, classes + 2)
    source, target = np.divmod(pair, len(keys))
    leads = np.zeros(len(keys), np.bool_)
    leads[end] = True
    first = np.searchsorted(source, np.arange(len(keys) + 1))
    mark_leading(first, target, leads)
    if not leads[0]:
        return None
    kept = np.flatnonzero(leads)
    if len(kept) > max_nodes:
        raise LimitExceeded("max_chart_nodes", max_nodes)
    new = np.cumsum(leads) - 1
    on_path = leads[source] & leads[target]
    source, target, kind = new[source[on_path]], new[target[on_path]], kind[on_path]
    own = keys[order][kept]
    in_gap = (own != START) & (own < BEFORE_END) & (own & FIXED == 0)
    gap = np.where(in_gap, np.searchsorted(gaps.at, own >> 33), -1)
    return Graph(
        own,
        gap.astype(np.int32),
        np.searchsorted(source, np.arange(len(kept) + 1)).astype(np.int32),
        kind.astype(np.int32),
        target.astype(np.int32),
    )


def coarsest(gaps: int) -> Int32Array:
    """[G] the level at which a gap is one node."""
    return np.full(gaps, GAP, np.int32)


def slot_of(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The slots of nodes in a gap, counted from its first."""
    return keys >> SLOT_SHIFT & (MAX_SLOTS - 1)


def place_of(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of nodes in their slots: ranks of nodes of the word graph, where a gap is exact."""
    return keys & ((1 << SLOT_SHIFT) - 1)
