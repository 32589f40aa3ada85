"""Helpers of the kernels over sets of cells: rows of uint8, 0 or 1, moved by pieces and reduced by exits."""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import HELPER
from latticework.lattice.tables import (
    EXIT_COLS,
    EXIT_OUTPUTS,
    EXIT_ROWS,
    EXIT_SOURCE,
    EXIT_STRIDE,
    EXIT_TARGET,
    PIECE_COLS,
    PIECE_ROWS,
    PIECE_SOURCE,
    PIECE_SOURCE_STRIDE,
    PIECE_TARGET,
    PIECE_TARGET_STRIDE,
)

_BLOCK, _FEW = 1024, 128


@njit(**HELPER)
def any_of(values, first, last):
    """Whether a range of a set is not empty."""
    found = np.uint8(0)
    for i in range(np.uint64(first), np.uint64(last)):
        found |= values[i]
    return found > 0


@njit(**HELPER)
def same(values, others, count):
    """Whether two sets are equal; by blocks, so that it vectorises and still stops early."""
    first, end = np.uint64(0), np.uint64(count)
    while first < end:
        last = first + np.uint64(_BLOCK)
        if last > end:
            last = end
        found = np.uint8(0)
        for i in range(first, last):
            found |= values[i] ^ others[i]
        if found:
            return False
        first = last
    return True


@njit(**HELPER)
def copy(values, result, first, last):
    for i in range(np.uint64(first), np.uint64(last)):
        result[i] = values[i]


@njit(**HELPER)
def clear(values):
    for i in range(np.uint64(len(values))):
        values[i] = 0


@njit(**HELPER)
def push(pieces, piece, before, after):
    """after |= the piece applied to before."""
    count = np.uint64(pieces[PIECE_COLS, piece])
    for line in range(pieces[PIECE_ROWS, piece]):
        a = np.uint64(pieces[PIECE_SOURCE, piece] + line * pieces[PIECE_SOURCE_STRIDE, piece])
        b = np.uint64(pieces[PIECE_TARGET, piece] + line * pieces[PIECE_TARGET_STRIDE, piece])
        for i in range(count):
            after[b + i] |= before[a + i]


@njit(**HELPER)
def pull(pieces, piece, before, after):
    """before |= the piece applied backwards to after."""
    count = np.uint64(pieces[PIECE_COLS, piece])
    for line in range(pieces[PIECE_ROWS, piece]):
        a = np.uint64(pieces[PIECE_SOURCE, piece] + line * pieces[PIECE_SOURCE_STRIDE, piece])
        b = np.uint64(pieces[PIECE_TARGET, piece] + line * pieces[PIECE_TARGET_STRIDE, piece])
        for i in range(count):
            before[a + i] |= after[b + i]


@njit(**HELPER)
def crosses(pieces, piece, before, after):
    """Whether the piece leads from the set before to the set after."""
    count = np.uint64(pieces[PIECE_COLS, piece])
    found = np.uint8(0)
    for line in range(pieces[PIECE_ROWS, piece]):
        a = np.uint64(pieces[PIECE_SOURCE, piece] + line * pieces[PIECE_SOURCE_STRIDE, piece])
        b = np.uint64(pieces[PIECE_TARGET, piece] + line * pieces[PIECE_TARGET_STRIDE, piece])
        for i in range(count):
            found |= before[a + i] & after[b + i]
    return found > 0


@njit(**HELPER)
def reduce_exit(exits, exit_, row):
    """Fill the outputs of an exit from the cells of its window."""
    outputs, lines = exits[EXIT_OUTPUTS, exit_], exits[EXIT_ROWS, exit_]
    for line in range(outputs):
        row[exits[EXIT_TARGET, exit_] + line] = 0
    for line in range(outputs if outputs > 1 else lines):
        start = exits[EXIT_SOURCE, exit_] + line * exits[EXIT_STRIDE, exit_]
        if any_of(row, start, start + exits[EXIT_COLS, exit_]):
            row[exits[EXIT_TARGET, exit_] + (line if outputs > 1 else 0)] = 1


@njit(**HELPER)
def spread_exit(exits, exit_, row):
    """Give the cells of an exit's window what its outputs hold."""
    outputs, lines = exits[EXIT_OUTPUTS, exit_], exits[EXIT_ROWS, exit_]
    for line in range(outputs if outputs > 1 else lines):
        if row[exits[EXIT_TARGET, exit_] + (line if outputs > 1 else 0)]:
            start = np.uint64(exits[EXIT_SOURCE, exit_] + line * exits[EXIT_STRIDE, exit_])
            for i in range(start, start + np.uint64(exits[EXIT_COLS, exit_])):
                row[i] = 1


@njit(**HELPER)
def next_change(values, others, at, end):
    """The first place from ``at`` on where two sets differ, ``end`` if there is none."""
    at = np.uint64(at)
    while at < np.uint64(end):
        last = at + np.uint64(_FEW)
        if last > np.uint64(end):
            last = np.uint64(end)
        found = np.uint8(0)
        for i in range(at, last):
            found |= values[i] ^ others[i]
        if found:
            while values[at] == others[at]:
                at += np.uint64(1)
            return np.int64(at)
        at = last
    return np.int64(end)


@njit(**HELPER)
def lacks(values, others, count):
    """Whether something of the second set is not in the first."""
    found = np.uint8(0)
    for i in range(np.uint64(count)):
        found |= others[i] & ~values[i]
    return found > 0


@njit(**HELPER)
def next_lack(values, others, at, end):
    """The first place from ``at`` on where the second set has something that the first has not, ``end`` if none."""
    at = np.uint64(at)
    while at < np.uint64(end):
        last = at + np.uint64(_FEW)
        if last > np.uint64(end):
            last = np.uint64(end)
        found = np.uint8(0)
        for i in range(at, last):
            found |= others[i] & ~values[i]
        if found:
            while not others[at] & ~values[at]:
                at += np.uint64(1)
            return np.int64(at)
        at = last
    return np.int64(end)


@njit(**HELPER)
def leads_into(row_offset, target, line, after):
    """Whether a single-value piece of a row leads into a set."""
    found = np.uint8(0)
    piece = row_offset[line]
    while piece < row_offset[line + 1] and not found:
        found = after[target[piece]]
        piece += 1
    return found


@njit(**HELPER)
def lasts(seen, after, row, count):
    """Whether all that is in the first and in the second set is in the third."""
    found = np.uint8(0)
    for i in range(np.uint64(count)):
        found |= seen[i] & after[i] & ~row[i]
    return found == 0
