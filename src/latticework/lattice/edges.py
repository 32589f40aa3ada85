"""The tables of a layout as lists of edges between single values, for kernels that take many at a time.

The host's kernels move whole blocks of cells, one after the other. A device takes thousands of edges at once but has to
find its own among them: so blocks and exits are written out, ``source -> label -> target`` by value, and grouped by
what a kernel computes. Rows of a group are as uneven as can be (one state has thousands of edges, most have two); they
are sorted into tiles by their length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.tables import (
    EXIT_COLS,
    EXIT_OUTPUTS,
    EXIT_ROWS,
    EXIT_SOURCE,
    EXIT_STRIDE,
    EXIT_TARGET,
    PIECE_COLS,
    PIECE_LABEL,
    PIECE_ROWS,
    PIECE_SOURCE,
    PIECE_SOURCE_STRIDE,
    PIECE_TARGET,
    PIECE_TARGET_STRIDE,
    Int32Array,
)

if TYPE_CHECKING:
    from latticework.lattice.layout import Layout
    from latticework.lattice.scoring import ClassTable

# Entries that a tile holds side by side for each of its rows; rows of the first kind may be longer, in several steps.
WIDTHS = (1024, 64, 8)
TILE = 4096


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Entries by row, rows in tiles: all those of ``WIDTHS[0]`` first.

    Attributes:
        row, begin, end: int32, which row, and where its entries are; -1 and an empty range where a tile is not full.
        entries: [entries, fields] int32, by row.
        tiles: how many tiles there are of each width.
    """

    row: Int32Array
    begin: Int32Array
    end: Int32Array
    entries: Int32Array
    tiles: tuple[int, int, int]

    @classmethod
    def of(cls, row: NDArray[np.integer], *fields: NDArray[np.integer]) -> Rows:
        """Group entries, given by their row and their fields; those of a row stay in their order."""
        order = np.argsort(row, kind="stable")
        entries = np.stack([field[order] for field in fields], axis=1).astype(np.int32)
        found, first, count = np.unique(row[order], return_index=True, return_counts=True)
        parts: list[NDArray[np.int64]] = []
        tiles: list[int] = []
        for width, below in zip(WIDTHS, (*WIDTHS[1:], 0), strict=True):
            own = np.flatnonzero((count > below) & ((count <= width) | (width == WIDTHS[0])))
            each = TILE // width
            tiles.append(-(-len(own) // each))
            parts.append(np.append(own, np.full(tiles[-1] * each - len(own), -1)))
        places = np.concatenate(parts)
        used = places >= 0
        row_id = np.where(used, np.append(found, -1)[places], -1)
        begin = np.where(used, np.append(first, 0)[places], 0)
        end = np.where(used, np.append(first + count, 0)[places], 0)
        wide, middle, narrow = tiles
        row_id, begin, end = (part.astype(np.int32) for part in (row_id, begin, end))
        return cls(row_id, begin, end, entries, (wide, middle, narrow))


@dataclass(frozen=True, eq=False, slots=True)
class EdgeTables:
    """What the device reads of one layout and one class table.

    Attributes:
        size, start: values of a slot, and the one of the start configuration.
        labels, kinds: number of labels and of token classes.
        accept: [size] uint8, where a canvas may be full.
        backward: by source value: label, target.
        spread: by cell that is part of exits: 0, and itself where edges begin in it, or an output of its exits.
        forward: by target cell: label, source value.
        gather: by exit output: 0, and one of its cells.
        by_label: by label: source value, target cell.
        classes: by label: classes. kind_labels: by class: labels.
        origin: values whose edges a path takes from a cell (itself, outputs of its exits), cell by cell.
        origin_range, source_range: [2, size] int32, where the origins of a cell are, and the edges of a value.
        label_range: [2, labels] int32, where the classes of a label are.
    """

    size: int
    start: int
    labels: int
    kinds: int
    accept: NDArray[np.uint8]
    backward: Rows
    spread: Rows
    forward: Rows
    gather: Rows
    by_label: Rows
    classes: Rows
    kind_labels: Rows
    origin: Int32Array
    origin_range: Int32Array
    source_range: Int32Array
    label_range: Int32Array

    @classmethod
    def of(cls, layout: Layout, table: ClassTable) -> EdgeTables:
        """Cost and memory O(edges), counts of one slot included: see ``Layout.edge_count``."""
        tables = layout.tables
        piece, exits = tables.piece.astype(np.int64), tables.exit.astype(np.int64)
        cols = piece[PIECE_COLS]
        at, line, col = _unfold(piece[PIECE_ROWS], cols)
        source = piece[PIECE_SOURCE, at] + line * piece[PIECE_SOURCE_STRIDE, at] + col
        target = piece[PIECE_TARGET, at] + line * piece[PIECE_TARGET_STRIDE, at] + col
        label = piece[PIECE_LABEL, at]
        at, line, col = _unfold(np.maximum(exits[EXIT_ROWS], exits[EXIT_OUTPUTS]), exits[EXIT_COLS])
        cell = exits[EXIT_SOURCE, at] + line * exits[EXIT_STRIDE, at] + col
        output = exits[EXIT_TARGET, at] + np.where(exits[EXIT_OUTPUTS, at] > 1, line, 0)
        accept = np.zeros(tables.size, np.uint8)
        accept[: tables.cells] = layout.accept
        own = np.unique(source[source < tables.cells])
        origin_cell, origin = np.append(own, cell), np.append(own, output)
        exiting = np.isin(origin_cell, cell)
        order = np.argsort(origin_cell, kind="stable")
        of_class = np.repeat(np.arange(len(table.label_offset) - 1), np.diff(table.label_offset))
        return cls(
            size=tables.size,
            start=tables.start,
            labels=len(table.label_offset) - 1,
            kinds=table.classes,
            accept=accept,
            backward=Rows.of(source, label, target),
            spread=Rows.of(origin_cell[exiting], np.zeros_like(origin[exiting]), origin[exiting]),
            forward=Rows.of(target, label, source),
            gather=Rows.of(output, np.zeros_like(cell), cell),
            by_label=Rows.of(label, source, target),
            classes=Rows.of(of_class, table.label_class),
            kind_labels=Rows.of(table.label_class, of_class),
            origin=origin[order].astype(np.int32),
            origin_range=_ranges(origin_cell, tables.size),
            source_range=_ranges(source, tables.size),
            label_range=_ranges(of_class, len(table.label_offset) - 1),
        )


def _ranges(row: NDArray[np.integer], rows: int) -> Int32Array:
    """[2, rows] first and last place of the entries of every row, entries in the order of the rows."""
    ends = np.cumsum(np.bincount(row, minlength=rows))
    return np.stack([np.concatenate(([0], ends[:-1])), ends]).astype(np.int32)


def _unfold(
    rows: NDArray[np.int64], cols: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Block, row and column of every value of blocks of ``rows x cols``."""
    sizes = rows * cols
    at = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(len(at)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return at, within // cols[at], within % cols[at]
