"""The largest simulation between states of a lexer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from latticework.jit import HELPER, KERNEL


class Steps(NamedTuple):
    """What Q states do on L classes of bytes, as far as it leads to one terminal; -1 for nothing."""

    going_on: NDArray[np.int32]  # [Q, L] the state within the lexeme
    skipped: NDArray[np.int32]  # [Q, L] the state behind ignored text that ends before the byte
    emitted: NDArray[np.int32]  # [Q, L] the state in which the lexeme behind the terminal starts
    may_end: NDArray[np.bool_]  # [Q] whether the text may end here


@njit(**HELPER)
def _answers(covers, place, row, wanted, first, second):
    """Whether one of two states stands for a wanted one (-1: nothing is wanted)."""
    if wanted < 0 or wanted in (first, second):
        return True
    if first >= 0 and covers[row[wanted], place[first]]:
        return True
    return second >= 0 and covers[row[wanted], place[second]]


@njit(**KERNEL)
def refine(steps, states, others, row, place, covers):
    """Take out of ``covers`` what is not so, until all that is left is.

    Args:
        states: [S] the states that lead to the terminal; row: [Q] their places.
        others: [C] states, closed under steps; place: [Q] their places.
        covers: [S, C] bool, whether the second can do whatever the first can; written.
    """
    shrinks = True
    while shrinks:
        shrinks = False
        for at in range(len(states)):
            state = states[at]
            for column in range(len(others)):
                if not covers[at, column]:
                    continue
                other = others[column]
                good = steps.may_end[other] or not steps.may_end[state]
                for letter in range(steps.emitted.shape[1]):
                    if not good:
                        break
                    emitted = steps.emitted[state, letter]
                    good = emitted < 0 or steps.emitted[other, letter] == emitted
                    first, second = steps.going_on[other, letter], steps.skipped[other, letter]
                    good = (
                        good
                        and _answers(covers, place, row, steps.going_on[state, letter], first, second)
                        and _answers(covers, place, row, steps.skipped[state, letter], first, second)
                    )
                if not good:
                    covers[at, column] = False
                    shrinks = True
