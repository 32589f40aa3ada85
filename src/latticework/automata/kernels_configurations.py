"""Numba kernel of expansion: the configurations of an automaton with counters that are reached, and their moves."""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.automata.automaton import RETURN, UNBOUNDED
from latticework.automata.kernels_product import enlarged
from latticework.jit import ALLOCATING, HELPER

_FIRST = 64


@njit(**HELPER)
def _place(slots, order, state, outer, inner):
    """Where a configuration stands among the slots, or where it has room: linear probing, at most half are taken."""
    mask = len(slots) - 1
    at = (state * 0x9E3779B1 + outer * 0x85EBCA77 + inner * 0xC2B2AE3D) & mask
    while slots[at] >= 0:
        known = slots[at]
        if order[known, 0] == state and order[known, 1] == outer and order[known, 2] == inner:
            break
        at = (at + 1) & mask
    return at


@njit(**HELPER)
def _may_leave(at, keep, levels, bounds):
    """Whether all levels but the first ``keep`` may be left; bounds: [S, 4] int32, low and high of each level."""
    for level in range(keep, levels[at[0]]):
        count = at[1 + level]
        if count < bounds[at[0], 2 * level] or count > bounds[at[0], 2 * level + 1]:
            return False
    return True


@njit(**HELPER)
def _back(at, levels, bounds, returns, return_state):
    """Leave the call that a configuration is in; returns whether that is possible."""
    target = return_state[returns[at[0], 1] + at[1 + returns[at[0], 0]]]
    if not _may_leave(at, levels[target], levels, bounds):
        return False
    at[0] = target
    for level in range(levels[target], 2):
        at[1 + level] = 0
    return True


@njit(**HELPER)
def _step(at, letter, next_state, operation, levels, bounds, entries, returns, return_state):
    """Read one byte of a class; ``at`` becomes the configuration behind it. Returns whether there is one."""
    while next_state[at[0], letter] < 0:
        is_return = next_state[at[0], letter] == RETURN
        if not is_return and returns[at[0], 2] == 0:
            return False
        if not _back(at, levels, bounds, returns, return_state):
            return False
        if is_return:
            return True
    target, move = next_state[at[0], letter], operation[at[0], letter]
    keep = move >> 4
    if not _may_leave(at, keep, levels, bounds):
        return False
    for level in range(keep, 2):
        at[1 + level] = 0
    if target >= len(levels):
        entry = target - len(levels)
        target = entries[entry, 0]
        at[1 + entries[entry, 2]] = entries[entry, 1]
    at[0] = target
    for level in range(levels[target]):
        low, high = bounds[target, 2 * level], bounds[target, 2 * level + 1]
        if move >> level & 1:
            at[1 + level] += 1
            if at[1 + level] > high:
                return False
        if high == UNBOUNDED and at[1 + level] > low:
            at[1 + level] = low  # from there on more make no difference
    return True


@njit(**ALLOCATING)
def reachable_configurations(next_state, operation, levels, bounds, entries, returns, return_state, max_configurations):
    """The configurations that can be reached from the start, in the order in which they are met, and their moves.

    Args:
        next_state, operation: [S, K] int32, uint8, and levels: [S] int32, as in ``automaton.py``.
        bounds: [S, 4] int32, low and high of each level's scope.
        entries: [M, 3] int32 of calls: state, value and level.
        returns: [S, 3] int32: level of the call that a state is in, where its returns begin in ``return_state``, and
            whether bytes that the state does not read are read behind the call.
        max_configurations: most of them.

    Returns:
        [P, 3] int32, state and counts, and [P, K] int32 moves, -1 for none; one configuration more than
        ``max_configurations`` where there are more, whose moves are not set.
    """
    letters = next_state.shape[1]
    order = np.zeros((_FIRST, 3), np.int32)
    moves = np.empty((_FIRST, letters), np.int32)
    slots = np.full(4 * _FIRST, -1, np.int32)
    found = np.zeros(3, np.int32)
    slots[_place(slots, order, 0, 0, 0)] = 0
    count = 1
    at = 0
    while at < count:
        if count + letters > len(order):
            order, moves, slots = enlarged(order, moves, slots, count, at)
            for known in range(count):
                slots[_place(slots, order, order[known, 0], order[known, 1], order[known, 2])] = known
        for letter in range(letters):
            found[0], found[1], found[2] = order[at, 0], order[at, 1], order[at, 2]
            if not _step(found, letter, next_state, operation, levels, bounds, entries, returns, return_state):
                moves[at, letter] = -1
                continue
            slot = _place(slots, order, found[0], found[1], found[2])
            if slots[slot] < 0:
                if count > max_configurations:
                    return order[:count], moves[:count]
                slots[slot] = count
                order[count, 0], order[count, 1], order[count, 2] = found[0], found[1], found[2]
                count += 1
            moves[at, letter] = slots[slot]
        at += 1
    return order[:count], moves[:count]
