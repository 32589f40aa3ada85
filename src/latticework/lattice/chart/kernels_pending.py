"""Lexemes that are pending before a slot of a gap, and those that may be pending behind it."""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import ALLOCATING, HELPER
from latticework.lattice.chart.kernels_graph import (
    FIXED,
    OFFSET_SHIFT,
    PLACE_MASK,
    SLOT_MASK,
    SLOT_SHIFT,
    START,
    WORD,
    cross,
    gap_of,
    onward,
)
from latticework.lattice.chart.kernels_rows import lowest_one
from latticework.lattice.chart.kernels_sweep import add, clear, has, is_empty, merge, union

_ONE = np.uint64(1)


@njit(**HELPER)
def _over_slots(tables, first, last, states, after):
    """States behind some slots in which the lexeme does not end, and is not one of which nothing stands yet."""
    for _ in range(first, last):
        clear(after)
        for word in range(len(states)):
            bits = states[word] & tables.starts[word]
            states[word] &= ~tables.starts[word]
            while bits:
                state = (word << 6) + lowest_one(bits)
                bits &= bits - _ONE
                if has(tables.stay[state], state):
                    add(after, state)
        union(after, states, tables.stay)
        for word in range(len(states)):
            states[word] = after[word]


@njit(**HELPER)
def _over_text(tables, text, first, last, states, after):
    for at in range(first, last):
        clear(after)
        for word in range(len(states)):
            bits = states[word]
            while bits:
                going_on = tables.next_state[(word << 6) + lowest_one(bits), text[at]]
                bits &= bits - _ONE
                if going_on >= 0:
                    add(after, going_on)
        for word in range(len(states)):
            states[word] = after[word]


@njit(**ALLOCATING)
def pending_before(tables, gaps, keys, gap, slot, pending):
    """The lexer states before a slot of a gap in which the lexeme is that begins at a node.

    Args:
        keys: [U] int64, nodes before the slot of a graph that is exact in all gaps.
        pending: [U, states] uint64 sets, zero; written.
    """
    after = np.zeros(pending.shape[1], np.uint64)
    for node in range(len(keys)):
        key, states = keys[node], pending[node]
        own = gap_of(gaps, key)
        offset, following, done = 0, 0, 0  # done: slots of the next gap that the lexeme begins behind
        if own >= 0:
            merge(states, tables.node_end[tables.by_rank[key & PLACE_MASK]])
            offset, following, done = gaps.at[own], own, ((key >> SLOT_SHIFT) & SLOT_MASK) + 1
        elif key == START:
            add(states, 0)
        else:
            offset = key >> OFFSET_SHIFT
            following = np.searchsorted(gaps.at, offset + 1)
            add(states, key & (FIXED - 1))
        while following < gap and not is_empty(states):
            _over_text(tables, gaps.text, offset, gaps.at[following], states, after)
            _over_slots(tables, done, gaps.slots[following], states, after)
            for word in range(len(states)):
                states[word] &= ~tables.starts[word]  # a node of its own behind the gap
            offset, done = gaps.at[following], 0
            following += 1
        _over_text(tables, gaps.text, offset, gaps.at[gap], states, after)
        _over_slots(tables, done, slot, states, after)


@njit(**ALLOCATING)
def edges_behind(tables, gaps, levels, gap, slot, state, kinds, keys):
    """Edges of a lexeme that is in a state behind a slot of a gap, to exact nodes: how many there are, or -1.

    Args:
        kinds, keys: [E] int32 and int64, written: classes as in :func:`build_graph`, and the nodes they lead to.
    """
    states = np.zeros(gaps.reached.shape[1], np.uint64)
    after = np.zeros(gaps.reached.shape[1], np.uint64)
    found = np.zeros(gaps.classes.shape[1], np.uint64)
    add(states, state)
    size = cross(tables, gaps, gap, slot + 1, WORD, states, after, found, kinds, keys, 0)
    return onward(tables, gaps, levels, gaps.at[gap], gap + 1, True, states, after, found, kinds, keys, size)
