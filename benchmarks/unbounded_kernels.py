"""Numba kernels of :mod:`unbounded`: pieces of lexemes, subset construction, emptiness."""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import ALLOCATING, ALLOCATING_HELPER, HELPER

WHOLE, BEGINNING, ENDING, MIDDLE = 0, 1, 2, 3


@njit(**HELPER)
def _longest(move, accept, state, text, begin, end):
    """Offset behind the longest match, -1 for none, and the state behind all of the text, -1 if it is not read."""
    best = -1
    for at in range(begin, end):
        state = move[state, text[at]]
        if state < 0:
            return best, state
        if accept[state]:
            best = at + 1
    return best, state


@njit(**ALLOCATING_HELPER)
def _add(found, count, begin, terminal, end, kind):
    if count == len(found):
        larger = np.empty((4 * count, 4), np.int32)
        larger[:count] = found
        found = larger
    found[count, 0], found[count, 1], found[count, 2], found[count, 3] = begin, terminal, end, kind
    return found


@njit(**ALLOCATING)
def pieces(move, accept, alive, starts, passed, text, begin, end, gap_before, gap_behind):
    """Pieces of lexemes in a run of fixed text: every terminal at every offset reached, its longest match only.

    Args:
        move: [S, 256] int32, of all automata, dead states -1; accept: [S] bool; alive: [S] bool, more bytes may follow.
        starts: [3, T] int32, where automata begin: words without those of stronger terminals, all words, their ends.
        passed: [256] bool, bytes that are passed over before a lexeme.
        gap_before, gap_behind: whether a lexeme may begin before, end behind the run.

    Returns:
        [P, 4] int32: offset, terminal, offset behind it, kind; and [end - begin + 1] bool, the offsets reached.
    """
    found, count = np.empty((256, 4), np.int32), 0
    terminals = starts.shape[1]
    reached = np.zeros(end - begin + 1, np.bool_)
    if gap_before:
        for terminal in range(terminals):
            match, state = _longest(move, accept, starts[2, terminal], text, begin, end)
            if match > begin:
                found = _add(found, count, begin, terminal, match, ENDING)
                count += 1
                reached[match - begin] = True
            if gap_behind and state >= 0 and alive[state]:
                found = _add(found, count, begin, terminal, end, MIDDLE)
                count += 1
    reached[0] = True
    for at in range(begin, end):
        if not reached[at - begin]:
            continue
        if passed[text[at]]:
            reached[at - begin + 1] = True
        for terminal in range(terminals):
            match = -1
            if starts[0, terminal] >= 0:
                match, _ = _longest(move, accept, starts[0, terminal], text, at, end)
            _, state = _longest(move, accept, starts[1, terminal], text, at, end)
            for way in range(2):
                if way == 0 and match > at:
                    stop, kind = match, WHOLE
                elif way == 1 and gap_behind and state >= 0 and alive[state]:
                    stop, kind = end, BEGINNING
                else:
                    continue
                reached[stop - begin] = True
                found = _add(found, count, at, terminal, stop, kind)
                count += 1
    return found[:count], reached


@njit(**ALLOCATING)
def run_set(move, states, text, begin, end):
    """[S'] int32 the distinct states behind a text, from any of some states."""
    now = states.copy()
    for at in range(begin, end):
        size = 0
        for index in range(len(now)):
            state = move[now[index], text[at]]
            if state < 0:
                continue
            is_new = True
            for other in range(size):
                if now[other] == state:
                    is_new = False
                    break
            if is_new:
                now[size] = state
                size += 1
        now = now[:size]
        if size == 0:
            break
    return now


@njit(**ALLOCATING)
def determinised(offset, label, target, silent_offset, silent_target, start, final, labels, most):
    """Subset construction of an automaton with silent moves; moves by state.

    Args:
        silent_offset, silent_target: closure of every state under silent moves, itself included.

    Returns:
        [D, labels] int32 moves, -1 for none, and [D] bool; nothing if there are more than ``most`` states.
    """
    states = len(offset) - 1
    room, pool_room = 256, 4_096
    first = np.zeros(room + 1, np.int64)
    pool = np.empty(pool_room, np.int32)
    move = np.full((room, labels), -1, np.int32)
    table = np.full(1_024, -1, np.int32)
    count = 0
    closure = silent_target[silent_offset[start] : silent_offset[start + 1]].copy()
    closure.sort()
    pool[: len(closure)] = closure
    first[1] = len(closure)
    count = 1
    table[_hash(closure) & (len(table) - 1)] = 0
    done = 0
    while done < count:
        if count > most:
            return move[:0], np.zeros(0, np.bool_)
        total = 0
        for at in range(first[done], first[done + 1]):
            for edge in range(offset[pool[at]], offset[pool[at] + 1]):
                total += silent_offset[target[edge] + 1] - silent_offset[target[edge]]
        keys = np.empty(total, np.int64)
        total = 0
        for at in range(first[done], first[done + 1]):
            for edge in range(offset[pool[at]], offset[pool[at] + 1]):
                for other in range(silent_offset[target[edge]], silent_offset[target[edge] + 1]):
                    keys[total] = np.int64(label[edge]) * states + silent_target[other]
                    total += 1
        keys.sort()
        at = 0
        while at < total:
            own = keys[at] // states
            size = 0
            members = np.empty(total - at, np.int32)
            while at < total and keys[at] // states == own:
                member = np.int32(keys[at] % states)
                if size == 0 or members[size - 1] != member:
                    members[size] = member
                    size += 1
                at += 1
            members = members[:size]
            slot = _hash(members) & (len(table) - 1)
            while table[slot] >= 0:
                known = table[slot]
                if first[known + 1] - first[known] == size:
                    is_same = True
                    for index in range(size):
                        if pool[first[known] + index] != members[index]:
                            is_same = False
                            break
                    if is_same:
                        break
                slot = (slot + 1) & (len(table) - 1)
            if table[slot] < 0:
                if count == room:
                    room *= 2
                    larger = np.zeros(room + 1, np.int64)
                    larger[: count + 1] = first[: count + 1]
                    first = larger
                    wider = np.full((room, labels), -1, np.int32)
                    wider[:count] = move[:count]
                    move = wider
                while first[count] + size > pool_room:
                    pool_room *= 2
                    longer = np.empty(pool_room, np.int32)
                    longer[: first[count]] = pool[: first[count]]
                    pool = longer
                pool[first[count] : first[count] + size] = members
                first[count + 1] = first[count] + size
                table[slot] = count
                move[done, own] = count
                count += 1
                if 2 * count > len(table):
                    table = np.full(4 * len(table), -1, np.int32)
                    for known in range(count):
                        place = _hash(pool[first[known] : first[known + 1]]) & (len(table) - 1)
                        while table[place] >= 0:
                            place = (place + 1) & (len(table) - 1)
                        table[place] = known
            else:
                move[done, own] = table[slot]
        done += 1
    accept = np.zeros(count, np.bool_)
    for state in range(count):
        for at in range(first[state], first[state + 1]):
            if final[pool[at]]:
                accept[state] = True
    return move[:count], accept


@njit(**HELPER)
def _hash(members):
    value = np.int64(1469598103)
    for index in range(len(members)):
        value = (value * np.int64(31) + members[index] + 1) & np.int64(0x7FFFFFFFFFFF)
    return value ^ (value >> 17)


@njit(**ALLOCATING)
def is_empty(move, accept, rules, goal, most):
    """Whether no word of ``goal`` leads from the first state to an accepting one: 1, 0, or -1 after ``most`` triples.

    Triples (state, symbol, state) are taken from a stack; it stops at the first that answers the question.

    Args:
        move: [S, T] int32; rules: of :class:`latticework.automata.rules.Rules`.
    """
    states = len(move)
    seen = np.zeros(rules.symbols * states * states, np.bool_)
    stack, height = np.empty((4_096, 3), np.int32), 0
    for state in range(states):
        for index in range(len(rules.empty)):
            symbol = rules.empty[index]
            if symbol == goal and state == 0 and accept[0]:
                return 0
            seen[(symbol * states + state) * states + state] = True
            stack, height = _push(stack, height, state, symbol, state)
        for symbol in range(move.shape[1]):
            if move[state, symbol] >= 0:
                seen[(symbol * states + state) * states + move[state, symbol]] = True
                stack, height = _push(stack, height, state, symbol, move[state, symbol])
    taken = 0
    while height > 0:
        height -= 1
        source, symbol, target = stack[height, 0], stack[height, 1], stack[height, 2]
        taken += 1
        if taken > most or height > most:
            return -1
        for at in range(rules.child_offset[symbol], rules.child_offset[symbol + 1]):
            parent = rules.child_parent[at]
            place = (parent * states + source) * states + target
            if not seen[place]:
                if parent == goal and source == 0 and accept[target]:
                    return 0
                seen[place] = True
                stack, height = _push(stack, height, source, parent, target)
        for at in range(rules.left_offset[symbol], rules.left_offset[symbol + 1]):
            parent, right = rules.left_parent[at], rules.left_right[at]
            wanted = (right * states + target) * states
            place = (parent * states + source) * states
            for other in range(states):
                if seen[wanted + other] and not seen[place + other]:
                    if parent == goal and source == 0 and accept[other]:
                        return 0
                    seen[place + other] = True
                    stack, height = _push(stack, height, source, parent, other)
        for at in range(rules.right_offset[symbol], rules.right_offset[symbol + 1]):
            parent, left = rules.right_parent[at], rules.right_left[at]
            for other in range(states):
                if seen[(left * states + other) * states + source]:
                    place = (parent * states + other) * states + target
                    if not seen[place]:
                        if parent == goal and other == 0 and accept[target]:
                            return 0
                        seen[place] = True
                        stack, height = _push(stack, height, other, parent, target)
    return 1


@njit(**ALLOCATING_HELPER)
def _push(stack, height, source, symbol, target):
    if height == len(stack):
        larger = np.empty((2 * height, 3), np.int32)
        larger[:height] = stack
        stack = larger
    stack[height, 0], stack[height, 1], stack[height, 2] = source, symbol, target
    return stack, height + 1
