"""Numba kernel of products of automata: the pairs of states that are reached, and their moves."""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import ALLOCATING, ALLOCATING_HELPER, HELPER

_FIRST_PAIRS = 64


@njit(**HELPER)
def _place(slots, order, left, right):
    """Where a pair stands among the slots, or where it has room: linear probing, at most half of them are taken."""
    mask = len(slots) - 1
    at = (left * 0x9E3779B1 + right * 0x85EBCA77) & mask
    while slots[at] >= 0 and (order[slots[at], 0] != left or order[slots[at], 1] != right):
        at = (at + 1) & mask
    return at


@njit(**ALLOCATING_HELPER)
def enlarged(order, moves, slots, count, done):
    """Tables with room for as many entries again: ``count`` of ``order`` and ``done`` of ``moves`` are kept, the slots
    are free."""
    size = 2 * (count + moves.shape[1])
    more_order, more_moves = np.empty((size, order.shape[1]), np.int32), np.empty((size, moves.shape[1]), np.int32)
    for known in range(count):
        for place in range(order.shape[1]):
            more_order[known, place] = order[known, place]
    for known in range(done):
        for letter in range(moves.shape[1]):
            more_moves[known, letter] = moves[known, letter]
    wide = len(slots)
    while wide < 2 * size:
        wide *= 2
    return more_order, more_moves, np.full(wide, -1, np.int32)


@njit(**ALLOCATING)
def reachable_pairs(next_a, next_b, keeps_dead_a, keeps_dead_b, max_pairs):
    """The pairs of states that can be reached from (0, 0), in the order in which they are met, and their moves.

    Args:
        next_a, next_b: [Sa + 1, K] and [Sb + 1, K] int32, the last row that of the dead state, which stays dead; moves
            to it are its number.
        keeps_dead_a, keeps_dead_b: whether pairs with a dead left or right state count; those with two never do.
        max_pairs: most of them.

    Returns:
        [P, 2] int32 pairs and [P, K] int32 moves, -1 for none; one pair more than ``max_pairs`` where there are more,
        whose moves are not set.
    """
    letters = next_a.shape[1]
    dead_a, dead_b = len(next_a) - 1, len(next_b) - 1
    order = np.empty((_FIRST_PAIRS, 2), np.int32)
    moves = np.empty((_FIRST_PAIRS, letters), np.int32)
    slots = np.full(4 * _FIRST_PAIRS, -1, np.int32)
    order[0, 0] = order[0, 1] = 0
    slots[_place(slots, order, 0, 0)] = 0
    count = 1
    at = 0
    while at < count:
        if count + letters > len(order):
            order, moves, slots = enlarged(order, moves, slots, count, at)
            for pair in range(count):
                slots[_place(slots, order, order[pair, 0], order[pair, 1])] = pair
        left, right = order[at, 0], order[at, 1]
        for letter in range(letters):
            to_a, to_b = next_a[left, letter], next_b[right, letter]
            is_dead_a, is_dead_b = to_a == dead_a, to_b == dead_b
            if (is_dead_a and (is_dead_b or not keeps_dead_a)) or (is_dead_b and not keeps_dead_b):
                moves[at, letter] = -1
                continue
            slot = _place(slots, order, to_a, to_b)
            if slots[slot] < 0:
                if count > max_pairs:
                    return order[:count], moves[:count]
                slots[slot] = count
                order[count, 0], order[count, 1] = to_a, to_b
                count += 1
            moves[at, letter] = slots[slot]
        at += 1
    return order[:count], moves[:count]
