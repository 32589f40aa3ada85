"""Numba kernels of minimisation: states that are reached, and the coarsest partition that transitions respect.

Refines a partition of the states and one of the transitions in turn, always by the smaller half, and never looks at
transitions that are not there: O(transitions log states), also where states form long chains (Valmari, *Fast brief
practical DFA minimization*, Information Processing Letters 112, 2012).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import ALLOCATING, HELPER, KERNEL


@njit(**ALLOCATING)
def spread(offset, target, seen):
    """Add to a set of states all that arrows lead to from them: those of a state are between two offsets.

    Args:
        offset: [S + 1] int64; target: [M] int; seen: [S] bool, in and out.
    """
    stack = np.empty(len(seen), np.int64)
    size = 0
    for state in range(len(seen)):
        if seen[state]:
            stack[size] = state
            size += 1
    while size:
        size -= 1
        state = stack[size]
        for arrow in range(offset[state], offset[state + 1]):
            other = target[arrow]
            if not seen[other]:
                seen[other] = True
                stack[size] = other
                size += 1


@njit(**HELPER)
def _mark(element, members, place, block, first, marked, touched, count):
    """Move an element to the marked ones of its block; returns how many blocks are touched."""
    own = block[element]
    here, there = place[element], first[own] + marked[own]
    other = members[there]
    members[here], members[there] = other, element
    place[other], place[element] = here, there
    if marked[own] == 0:
        touched[count] = own
        count += 1
    marked[own] += 1
    return count


@njit(**HELPER)
def _split(blocks, members, block, first, past, marked, touched, count):
    """Make the smaller of the marked and the other elements of every touched block one of its own."""
    for index in range(count):
        own = touched[count - 1 - index]
        middle = first[own] + marked[own]
        if middle < past[own]:
            if marked[own] <= past[own] - middle:
                first[blocks], past[blocks] = first[own], middle
                first[own] = middle
            else:
                first[blocks], past[blocks] = middle, past[own]
                past[own] = middle
            for at in range(first[blocks], past[blocks]):
                block[members[at]] = blocks
            marked[blocks] = 0
            blocks += 1
        marked[own] = 0
    return blocks


@njit(**KERNEL)
def refine(source, label_offset, by_target, target_offset, states, block, first, past, blocks, arrows, scratch):
    """Refine a partition of states until all of a block go to the same blocks; returns how many blocks there are.

    Args:
        source: [M] int32, of the transitions, by label; label_offset: [L + 1] int32 into them.
        by_target: [M] int32, transitions by target; target_offset: [S + 1] int32.
        states: [2, S] int32, the states by block, and where each stands.
        block: [S] int32; first, past: [S] int32, where a block begins and ends; ``blocks`` of them. In and out.
        arrows: [5, M] int32 scratch for the same of the transitions; of them members and places are 0 .. M - 1.
        scratch: [4, max(M, S) + 1] int32 zeros.
    """
    members, place = states[0], states[1]
    arrow_members, arrow_place, arrow_block, arrow_first, arrow_past = (
        arrows[0],
        arrows[1],
        arrows[2],
        arrows[3],
        arrows[4],
    )
    marked, arrow_marked, touched, arrow_touched = scratch[0], scratch[1], scratch[2], scratch[3]
    arrow_blocks = 0
    for label in range(len(label_offset) - 1):
        if label_offset[label] < label_offset[label + 1]:
            arrow_first[arrow_blocks], arrow_past[arrow_blocks] = label_offset[label], label_offset[label + 1]
            for arrow in range(label_offset[label], label_offset[label + 1]):
                arrow_block[arrow] = arrow_blocks
            arrow_blocks += 1
    done, arrow_done = 1, 0
    while arrow_done < arrow_blocks:
        count = 0
        for at in range(arrow_first[arrow_done], arrow_past[arrow_done]):
            count = _mark(source[arrow_members[at]], members, place, block, first, marked, touched, count)
        blocks = _split(blocks, members, block, first, past, marked, touched, count)
        arrow_done += 1
        while done < blocks:
            count = 0
            for at in range(first[done], past[done]):
                state = members[at]
                for arrow in range(target_offset[state], target_offset[state + 1]):
                    count = _mark(
                        by_target[arrow],
                        arrow_members,
                        arrow_place,
                        arrow_block,
                        arrow_first,
                        arrow_marked,
                        arrow_touched,
                        count,
                    )
            arrow_blocks = _split(
                arrow_blocks,
                arrow_members,
                arrow_block,
                arrow_first,
                arrow_past,
                arrow_marked,
                arrow_touched,
                count,
            )
            done += 1
    return blocks
