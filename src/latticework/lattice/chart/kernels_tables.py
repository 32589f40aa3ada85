"""Kernels for sets as rows of 64-bit words; words without members are not touched, so they take no memory."""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import KERNEL


@njit(**KERNEL)
def add_members(offset, member, rows):
    """Add lists of numbers to sets: those from ``offset[i]`` to ``offset[i + 1]`` to the i-th.

    Args:
        offset: [N + 1] int, member: int; rows: [N, words] uint64, in and out.
    """
    for row in range(len(offset) - 1):
        for at in range(offset[row], offset[row + 1]):
            number = member[at]
            rows[row, number >> 6] |= np.uint64(1) << np.uint64(number & 63)


@njit(**KERNEL)
def add_below(order, edge_offset, edge_target, place, sums):
    """Add to the set of every node those of the nodes that its edges lead to.

    Args:
        order: [I] int, nodes, targets before sources.
        edge_offset, edge_target: int, edges by node.
        place: [D] int, the row of a node in ``sums``; all in ``order`` and their targets have one.
        sums: [I, words] uint64, in and out.
    """
    for node in order:
        own = place[node]
        for edge in range(edge_offset[node], edge_offset[node + 1]):
            other = place[edge_target[edge]]
            for word in range(sums.shape[1]):
                sums[own, word] |= sums[other, word]
