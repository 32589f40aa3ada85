"""Kernel that finds states which read nearly the same bytes in the same way, so that one can stand for all."""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.automata.automaton import NOWHERE
from latticework.jit import KERNEL
from latticework.tokens.kernels import mix

# Bytes that have to move a state alike before it is worth a default: narrow states have few pairs anyway.
LEAST_BYTES = 8


@njit(**KERNEL)
def choose_defaults(moves, weight, likely, votes, best, default):
    """Give every state a default that moves like it for at least half of its bytes, where there is one.

    The move of most bytes is found by a majority vote (Boyer & Moore 1991), for all states at once. Of the states that
    share it, the one with most such bytes is the default of all others that agree with it often enough. A default has
    no default itself.

    Args:
        moves: [K, S] int32, as :func:`latticework.tokens.kernels.walk` reads them.
        weight: [K] int32, bytes of each class.
        likely, votes: [S] int32, zeros: scratch.
        best: [power of two > S] int32, all -1: scratch.
        default: [S] int32, all -1; out: the default of a state, -1 for none.
    """
    letters, states = moves.shape
    for letter in range(letters):
        for state in range(states):
            move = moves[letter, state]
            if move != NOWHERE:
                if move == likely[state]:
                    votes[state] += weight[letter]
                elif weight[letter] > votes[state]:
                    likely[state] = move
                    votes[state] = weight[letter] - votes[state]
                else:
                    votes[state] -= weight[letter]
    for state in range(states):
        votes[state] = 0
    for letter in range(letters):
        for state in range(states):
            if moves[letter, state] == likely[state]:
                votes[state] += weight[letter]
    mask = np.uint64(len(best) - 1)
    for state in range(states):
        if votes[state] >= LEAST_BYTES:
            slot = mix(likely[state]) & mask
            while best[slot] >= 0 and likely[best[slot]] != likely[state]:
                slot = (slot + np.uint64(1)) & mask
            if best[slot] < 0 or votes[best[slot]] < votes[state]:
                best[slot] = state
    for state in range(states):
        if votes[state] < LEAST_BYTES:
            continue
        slot = mix(likely[state]) & mask
        while likely[best[slot]] != likely[state]:
            slot = (slot + np.uint64(1)) & mask
        chosen = best[slot]
        alike = differing = 0
        for letter in range(letters):
            if moves[letter, state] != moves[letter, chosen]:
                differing += weight[letter]
            elif moves[letter, state] != NOWHERE:
                alike += weight[letter]
        if chosen != state and alike >= differing:
            default[state] = chosen
