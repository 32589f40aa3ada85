"""What is possible in the gaps of a canvas, going by the lexer alone. All sets are rows of 64-bit words."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from latticework.jit import ALLOCATING, HELPER
from latticework.lattice.chart.kernels_rows import lowest_one

_ONE = np.uint64(1)


class GapTables(NamedTuple):
    """The gaps of a canvas and what the lexer makes of them; G gaps, the rows of all gaps one after the other.

    A gap has a row for each slot and one more. The arrays of sets are written by :func:`sweep`.
    """

    text: NDArray[np.uint8]
    at: NDArray[np.int32]  # [G]
    slots: NDArray[np.int32]  # [G]
    row: NDArray[np.int32]  # [G + 1], the first row of each gap
    open_end: bool
    inside: NDArray[np.uint64]  # by row: word-graph nodes behind lexemes that end in the slot
    reached: NDArray[np.uint64]  # by row: lexer states before the slot
    begun: NDArray[np.uint64]  # by row: of these, those of lexemes that begin in the gap
    classes: NDArray[np.uint64]  # [G, classes]: lexemes that begin and end in the gap


@njit(**HELPER)
def merge(target, source):
    for word in range(len(source)):
        target[word] |= source[word]


@njit(**HELPER)
def has(bits, index):
    return (bits[index >> 6] >> np.uint64(index & 63)) & _ONE != 0


@njit(**HELPER)
def add(bits, index):
    bits[index >> 6] |= _ONE << np.uint64(index & 63)


@njit(**HELPER)
def clear(bits):
    for word in range(len(bits)):
        bits[word] = 0


@njit(**HELPER)
def union(target, members, rows):
    """target |= the rows of all members."""
    for word in range(len(members)):
        bits = members[word]
        while bits:
            merge(target, rows[(word << 6) + lowest_one(bits)])
            bits &= bits - _ONE


@njit(**HELPER)
def is_empty(bits):
    found = _ONE - _ONE
    for word in range(len(bits)):
        found |= bits[word]
    return found == 0


@njit(**HELPER)
def _read_byte(tables, byte, states, after):
    """Lexer states behind one more byte of text, lexemes ending or not."""
    clear(after)
    for word in range(len(states)):
        bits = states[word]
        while bits:
            state = (word << 6) + lowest_one(bits)
            bits &= bits - _ONE
            going_on = tables.next_state[state, byte]
            if going_on >= 0:
                add(after, going_on)
            kind = tables.split_class[state] if going_on >= 0 else tables.accept_class[state]
            if kind >= 0:
                begun = tables.next_state[tables.start_after[kind], byte]
                if begun >= 0:
                    add(after, begun)


@njit(**ALLOCATING)
def sweep(tables, gaps, state):
    """What is possible in every gap, going by the lexer alone from left to right; fills the zeroed sets of ``gaps``.

    Args:
        state: of the lexer before the text.

    Returns:
        The offset of the byte that cannot be read, or the length of the text if all can; one more if it may end there.
    """
    states = np.zeros(gaps.reached.shape[1], np.uint64)
    after = np.zeros(gaps.reached.shape[1], np.uint64)
    add(states, state)
    at = 0
    for gap in range(len(gaps.at) + 1):
        stop = gaps.at[gap] if gap < len(gaps.at) else len(gaps.text)
        while at < stop:
            _read_byte(tables, gaps.text[at], states, after)
            if is_empty(after):
                return at
            states, after = after, states
            at += 1
        if gap == len(gaps.at):
            break
        behind = gaps.row[gap + 1] - 1
        merge(gaps.reached[gaps.row[gap]], states)
        for row in range(gaps.row[gap], behind):
            here, begun = gaps.reached[row], gaps.begun[row]
            for word in range(len(begun)):
                bits = here[word] & tables.starts[word]
                begun[word] |= bits
                while bits:
                    add(gaps.inside[row], tables.root[(word << 6) + lowest_one(bits)])
                    bits &= bits - _ONE
            union(gaps.inside[row], here, tables.inside)
            union(gaps.classes[gap], here, tables.inside_class)
            union(gaps.classes[gap], begun, tables.first)
            union(gaps.begun[row + 1], here, tables.inside_end)
            union(gaps.begun[row + 1], begun, tables.stay)
            union(gaps.reached[row + 1], here, tables.stay)
            merge(gaps.reached[row + 1], gaps.begun[row + 1])
        clear(states)
        merge(states, gaps.reached[behind])
        if gaps.open_end and gap == len(gaps.at) - 1:
            for row in range(gaps.row[gap], behind):
                merge(states, gaps.reached[row])
        if is_empty(states):
            return at
    for word in range(len(states)):
        bits = states[word]
        while bits:
            state = (word << 6) + lowest_one(bits)
            bits &= bits - _ONE
            if tables.may_end[state] or 0 <= tables.accept_class[state] < tables.ignored:
                return len(gaps.text) + 1
    return len(gaps.text)
