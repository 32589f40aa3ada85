"""The chart: for every node of a lexical graph and every symbol, the nodes at which a text of the symbol may end.

Method: bottom-up closure over a graph instead of a string (context-free language reachability; Reps, *Program analysis
via graph reachability*, 1998), from the last node to the first, with sets of end nodes as bits: a rule moves whole
sets. A *row* is the set of one (node, symbol); rows exist where they are not empty.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import ALLOCATING, HELPER

_ONE = np.uint64(1)
_ALL = ~np.uint64(0)


@njit(**HELPER)
def count_ones(word):
    """How many bits of a uint64 are set."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(**HELPER)
def lowest_one(word):
    """Index of the lowest bit set in a uint64 that is not 0."""
    return count_ones((word & (~word + _ONE)) - _ONE)


@njit(**HELPER)
def has_bit(pool, row, bit):
    """Whether a row (-1 for the empty one) holds a node."""
    return row >= 0 and (pool[row, bit >> 6] >> np.uint64(bit & 63)) & _ONE != 0


@njit(**HELPER)
def set_bit(pool, row, bit):
    """Set a bit of a row; whether it was not set before."""
    word, mask = bit >> 6, _ONE << np.uint64(bit & 63)
    is_new = pool[row, word] & mask == 0
    pool[row, word] |= mask
    return is_new


@njit(**HELPER)
def push(agenda, symbol):
    """Put a symbol on an agenda, a set of bits."""
    agenda[symbol >> 6] |= _ONE << np.uint64(symbol & 63)


@njit(**HELPER)
def pop(agenda):
    """Take the symbol with the lowest number from an agenda; -1 if there is none.

    Symbols are numbered bottom up (see :mod:`latticework.automata.rules`), so most are taken when all that they are
    made of at a node is known.
    """
    for word in range(len(agenda)):
        bits = agenda[word]
        if bits:
            agenda[word] = bits & (bits - _ONE)
            return (word << 6) + lowest_one(bits)
    return -1


@njit(**HELPER)
def _offer(fresh, symbol, source, pool, row, first, words):
    """Add the bits of ``source`` that the row lacks to what is new for a symbol; whether there are any."""
    found = _ONE - _ONE
    if row < 0:
        for word in range(first, words):
            fresh[symbol, word] |= source[word]
            found |= source[word]
    else:
        for word in range(first, words):
            bits = source[word] & ~pool[row, word]
            fresh[symbol, word] |= bits
            found |= bits
    return found != 0


@njit(**ALLOCATING)
def fill_rows(
    rules, edge_offset, edge_symbol, edge_target, skip_offset, skip_target, first, last, row_of, pool, used, fresh
):
    """Rows of the nodes ``last - 1 .. first``, descending; those of later nodes are there.

    Args:
        edge_offset, edge_symbol, edge_target: terminals that lead from node to node, never to an earlier one.
        skip_offset, skip_target: nodes that a node leads to without a terminal, later ones.
        row_of: [M, symbols] int32, written for these nodes; -1 where a row is empty.
        pool: [C, words] uint64, rows from ``used`` on are written.
        fresh: [symbols, words] uint64, zero before and after.

    Returns:
        The first node that is done, and how many rows of the pool are used. When the pool is full that node is above
        ``first``; with a larger pool the same call goes on from there.
    """
    symbols, words = row_of.shape[1], pool.shape[1]
    agenda = np.zeros((symbols + 63) >> 6, np.uint64)
    moved = np.zeros(words, np.uint64)
    ends = np.zeros(words, np.uint64)
    for node in range(last - 1, first - 1, -1):
        if used + symbols > len(pool):
            return node + 1, used
        rows = row_of[node]
        for symbol in range(symbols):
            rows[symbol] = -1
        here, own = node >> 6, _ONE << np.uint64(node & 63)
        for edge in range(edge_offset[node], edge_offset[node + 1]):
            target, symbol = edge_target[edge], edge_symbol[edge]
            fresh[symbol, target >> 6] |= _ONE << np.uint64(target & 63)
            push(agenda, symbol)
        for symbol in rules.empty:
            fresh[symbol, here] |= own
            push(agenda, symbol)
        for skip in range(skip_offset[node], skip_offset[node + 1]):
            behind = row_of[skip_target[skip]]
            for symbol in range(symbols):
                row = behind[symbol]
                if row >= 0:
                    for word in range(here, words):
                        fresh[symbol, word] |= pool[row, word]
                    push(agenda, symbol)
        while True:
            symbol = pop(agenda)
            if symbol < 0:
                break
            row = rows[symbol]
            if row < 0:
                row = used
                used += 1
                rows[symbol] = row
                for word in range(words):
                    pool[row, word] = 0
            found = _ONE - _ONE
            for word in range(here, words):
                bits = fresh[symbol, word] & ~pool[row, word]
                fresh[symbol, word] = 0
                moved[word] = bits
                found |= bits
                pool[row, word] |= bits
            if not found:
                continue
            for at in range(rules.child_offset[symbol], rules.child_offset[symbol + 1]):
                parent = rules.child_parent[at]
                if _offer(fresh, parent, moved, pool, rows[parent], here, words):
                    push(agenda, parent)
            for at in range(rules.left_offset[symbol], rules.left_offset[symbol + 1]):
                parent, right = rules.left_parent[at], rules.left_right[at]
                for word in range(here, words):
                    ends[word] = 0
                for word in range(here, words):
                    bits = moved[word]
                    while bits:
                        middle = (word << 6) + lowest_one(bits)
                        bits &= bits - _ONE
                        behind = row_of[middle, right]
                        if behind >= 0:
                            for other in range(word, words):
                                ends[other] |= pool[behind, other]
                if _offer(fresh, parent, ends, pool, rows[parent], here, words):
                    push(agenda, parent)
            # Pairs whose left part ends where it starts were looked up before this row held these ends.
            for at in range(rules.right_offset[symbol], rules.right_offset[symbol + 1]):
                left = rows[rules.right_left[at]]
                if left >= 0 and pool[left, here] & own:
                    parent = rules.right_parent[at]
                    if _offer(fresh, parent, moved, pool, rows[parent], here, words):
                        push(agenda, parent)
    return first, used
