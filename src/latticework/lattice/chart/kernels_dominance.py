"""The largest simulation between states of a lexer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from latticework.jit import ALLOCATING


class Steps(NamedTuple):
    """What Q states do on L classes of bytes, as far as it leads to one terminal; -1 for nothing."""

    going_on: NDArray[np.int32]  # [Q, L] the state within the lexeme
    skipped: NDArray[np.int32]  # [Q, L] the state behind ignored text that ends before the byte
    emitted: NDArray[np.int32]  # [Q, L] the state in which the lexeme behind the terminal starts
    may_end: NDArray[np.bool_]  # [Q] whether the text may end here


@njit(**ALLOCATING)
def predecessors(going_on, skipped):
    """[S + 1] offsets and the rows with a step to each row.

    Args:
        going_on, skipped: [S, L] int32 rows, -1 for nothing.
    """
    rows, letters = going_on.shape
    offset = np.zeros(rows + 1, np.int64)
    for row in range(rows):
        for letter in range(letters):
            offset[going_on[row, letter] + 1] += 1  # those of -1 come first
            offset[skipped[row, letter] + 1] += 1
    offset[0] = 0
    offset = np.cumsum(offset)
    found = np.empty(offset[rows], np.int32)
    filled = offset.copy()
    for row in range(rows):
        for letter in range(letters):
            for to in (going_on[row, letter], skipped[row, letter]):
                if to >= 0:
                    found[filled[to]] = row
                    filled[to] += 1
    return offset, found


@njit(**ALLOCATING)
def refine(going_on, skipped, other_going_on, other_skipped, before_offset, before, covers):
    """Take out of ``covers`` what is not so, until all that is left is.

    A row is looked at again only where one that it has a step to has lost something.

    Args:
        going_on, skipped: [S, L] int32, the row that each row's state steps to, -1 for none.
        other_going_on, other_skipped: [C, L] int32, the column that each column's state steps to, -1 for none.
        before_offset, before: :func:`predecessors`.
        covers: [S, C] bool, whether the state of the column can do whatever that of the row can, which holds where
            both are the same; written.
    """
    rows, letters = going_on.shape
    columns = len(other_going_on)
    used = np.empty(letters, np.int64)
    waits = np.ones(rows, np.bool_)
    waiting = np.arange(rows)
    size = rows
    while size:
        size -= 1
        row = waiting[size]
        waits[row] = False
        width = 0
        for letter in range(letters):
            if going_on[row, letter] >= 0 or skipped[row, letter] >= 0:
                used[width] = letter
                width += 1
        shrinks = False
        for column in range(columns):
            if not covers[row, column]:
                continue
            for at in range(width):
                letter = used[at]
                first, second = other_going_on[column, letter], other_skipped[column, letter]
                wanted, also = going_on[row, letter], skipped[row, letter]
                if (
                    wanted >= 0
                    and not (first >= 0 and covers[wanted, first])
                    and not (second >= 0 and covers[wanted, second])
                ) or (
                    also >= 0
                    and not (first >= 0 and covers[also, first])
                    and not (second >= 0 and covers[also, second])
                ):
                    covers[row, column] = False
                    shrinks = True
                    break
        if shrinks:
            for index in range(before_offset[row], before_offset[row + 1]):
                if not waits[before[index]]:
                    waits[before[index]] = True
                    waiting[size] = before[index]
                    size += 1
