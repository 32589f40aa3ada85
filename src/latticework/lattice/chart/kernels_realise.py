"""Filling slots with a given text of terminals: which tokens, one a slot, can be read as just these lexemes?

Method: Viterbi over slots. A *state* is ``(lexemes ended, lexer state)``; through a free slot it moves along the word
graph as far as the words agree with the terminals to come, through a fixed one along the bytes of its token. Exact for
the given terminals: every way to cut them into tokens is tried.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from latticework.jit import ALLOCATING, HELPER, KERNEL
from latticework.lattice.chart.kernels_rows import has_bit, lowest_one

UNREACHED = -1e30
_ONE = np.uint64(1)
ANY_TOKEN, NO_TOKEN, FILLER = -1, -2, -3  # in place of a token class


class Layers(NamedTuple):
    """What is reached before each slot; entries of slot k are ``first[k] : first[k + 1]``."""

    first: NDArray[np.int32]  # [N + 2]
    ended: NDArray[np.int32]  # lexemes
    state: NDArray[np.int32]
    score: NDArray[np.float64]
    parent: NDArray[np.int32]  # entry of the slot before, -1 for none
    kind: NDArray[np.int32]  # token class read between; ANY_TOKEN for one that may be chosen, NO_TOKEN if it is fixed


class Spelling(NamedTuple):
    """L terminals, and the slots in which their lexemes may begin; the last entry is for what is ignored at the end."""

    terminals: NDArray[np.int32]  # [L]
    low: NDArray[np.int32]  # [L + 1] first slot
    high: NDArray[np.int32]  # [L + 1] last slot


class Memo(NamedTuple):
    """What saves work; L terminals, D nodes of the word graph."""

    follow_offset: NDArray[
        np.int32
    ]  # [D * (T + 1) + 1] into ``follow``, by node and terminal, the last: what is ignored
    follow: NDArray[np.int32]  # nodes behind a lexeme that ends in the slot
    stands: NDArray[np.int32]  # [Q, T + 1] a state that can do whatever a state can, see dominance.py
    leading: NDArray[np.uint64]  # [T + 1, states] sets of the states that may become a terminal, or the end
    slot: NDArray[np.int32]  # [(L + 1) * D] one more than the last slot in which a node was come to
    score: NDArray[np.float64]  # [(L + 1) * D] the best with which it was


class Wanted(NamedTuple):
    """Tokens that are looked for first: K classes for every slot."""

    kind: NDArray[np.int32]  # [N, K] token class, -1 for none
    score: NDArray[np.float64]  # [N, K] above 0
    filler: NDArray[np.float64]  # [N] what a filler is worth


@njit(**HELPER)
def _enter(layers, seen, leads, spelling, begin, size, ended, state, score, parent, kind):
    """Reach a state of the layer that begins at entry ``begin``; returns how many entries there are.

    States that cannot become the next terminal are not entered.
    """
    terminals = spelling.terminals
    if not leads[state, terminals[ended] if ended < len(terminals) else leads.shape[1] - 1]:
        return size
    states = len(leads)
    at = seen[ended * states + state]
    if at < begin:
        if size >= len(layers.ended):
            return -1
        at = size
        seen[ended * states + state] = at
        layers.ended[at], layers.state[at], layers.score[at] = ended, state, UNREACHED
        size += 1
    if score > layers.score[at]:
        layers.score[at], layers.parent[at], layers.kind[at] = score, parent, kind
    return size


@njit(**HELPER)
def _is_outdone(layers, seen, stands, spelling, begin, entry):
    """Whether another state of the layer that begins at ``begin`` can do all that one can, and scores no less."""
    ended, state, terminals = layers.ended[entry], layers.state[entry], spelling.terminals
    other = stands[state, terminals[ended] if ended < len(terminals) else stands.shape[1] - 1]
    if other < 0:
        return False
    at = seen[ended * len(stands) + other]
    return at >= begin and layers.score[at] >= layers.score[entry]


@njit(**HELPER)
def _may_end(spelling, has, ignored, ended, kind, slot):
    """Whether a lexeme of a class may be the next terminal, and the one behind it may begin in a slot."""
    if kind >= ignored:
        return True
    if ended >= len(spelling.terminals) or not has[kind, spelling.terminals[ended]]:
        return False
    return spelling.low[ended + 1] <= slot <= spelling.high[ended + 1]


@njit(**HELPER)
def _read_bytes(tables, has, leads, spelling, slot, data, first, last, layers, seen, begin, size, entry, stack):
    """Through a fixed token: all outcomes of its bytes."""
    stack[0, 0], stack[0, 1], stack[0, 2] = first, layers.ended[entry], layers.state[entry]
    top = 1
    while top > 0:
        top -= 1
        at, ended, state = stack[top, 0], stack[top, 1], stack[top, 2]
        while at < last and state >= 0:
            going_on = tables.next_state[state, data[at]]
            kind = tables.split_class[state] if going_on >= 0 else tables.accept_class[state]
            if kind >= 0 and _may_end(spelling, has, tables.ignored, ended, kind, slot):
                begun = tables.next_state[tables.start_after[kind], data[at]]
                if begun >= 0:
                    behind = ended + (kind < tables.ignored)
                    if going_on < 0:
                        state, ended = begun, behind
                        at += 1
                        continue
                    if top >= len(stack):
                        return -1
                    stack[top, 0], stack[top, 1], stack[top, 2] = at + 1, behind, begun
                    top += 1
            state = going_on
            at += 1
        if state >= 0:
            score = layers.score[entry]
            size = _enter(layers, seen, leads, spelling, begin, size, ended, state, score, entry, NO_TOKEN)
            if size < 0:
                return -1
    return size


@njit(**HELPER)
def _read_word(words, has, ignored, spelling, slot, word, ended):
    """Lexemes ended behind a word of classes that agrees with the terminals from ``ended`` on, -1 if it does not."""
    length, at = 0, word
    while at > 0:
        length += words.kind[at] < ignored
        at = words.parent[at]
    at, place = word, ended + length
    while at > 0:
        place -= words.kind[at] < ignored
        if not _may_end(spelling, has, ignored, place, words.kind[at], slot):
            return -1
        at = words.parent[at]
    return ended + length


@njit(**HELPER)
def _readings(words, kind, state):
    """The readings of a class from a lexer state: the first one, and the one behind the last."""
    low, high = words.reading_offset[kind], words.reading_offset[kind + 1]
    last = high
    while low < high:
        middle = (low + high) // 2
        if words.reading_source[middle] < state:
            low = middle + 1
        else:
            high = middle
    high = low
    while high < last and words.reading_source[high] == state:
        high += 1
    return low, high


@njit(**HELPER)
def _read_class(words, has, ignored, leads, spelling, slot, kind, gain, first, last, layers, seen, begin, size, entry):
    """Through a free slot with a token of a class, in one of the ways ``first .. last - 1`` to read it."""
    ended, score = layers.ended[entry], layers.score[entry] + gain
    for way in range(first, last):
        after = _read_word(words, has, ignored, spelling, slot, words.reading_word[way], ended)
        if after >= 0:
            target = words.reading_state[way]
            size = _enter(layers, seen, leads, spelling, begin, size, after, target, score, entry, kind)
            if size < 0:
                return -1
    return size


@njit(**HELPER)
def _read_any(tables, leads, memo, spelling, slot, layers, seen, begin, size, entry, stack):
    """Through a free slot with any token."""
    stack[0, 0], stack[0, 1] = tables.root[layers.state[entry]], layers.ended[entry]
    top = 1
    while top > 0:
        top -= 1
        node, ended = stack[top, 0], stack[top, 1]
        at = ended * len(tables.rank) + node
        if memo.slot[at] == slot + 1 and memo.score[at] >= layers.score[entry]:
            continue
        memo.slot[at], memo.score[at] = slot + 1, layers.score[entry]
        terminals = spelling.terminals
        wanted = terminals[ended] if ended < len(terminals) else leads.shape[1] - 1
        for word in range(memo.leading.shape[1]):
            bits = tables.node_end[node, word] & memo.leading[wanted, word]
            while bits:
                target = (word << 6) + lowest_one(bits)
                bits &= bits - _ONE
                other = memo.stands[target, wanted]
                if other >= 0 and has_bit(tables.node_end, node, other):
                    continue
                score = layers.score[entry]
                size = _enter(layers, seen, leads, spelling, begin, size, ended, target, score, entry, ANY_TOKEN)
                if size < 0:
                    return -1
        first = np.int64(node) * leads.shape[1]
        if ended < len(terminals) and spelling.low[ended + 1] <= slot <= spelling.high[ended + 1]:
            for way in range(memo.follow_offset[first + wanted], memo.follow_offset[first + wanted + 1]):
                if top >= len(stack):
                    return -1
                stack[top, 0], stack[top, 1] = memo.follow[way], ended + 1
                top += 1
        first += leads.shape[1] - 1
        for way in range(memo.follow_offset[first], memo.follow_offset[first + 1]):
            if top >= len(stack):
                return -1
            stack[top, 0], stack[top, 1] = memo.follow[way], ended
            top += 1
    return size


@njit(**ALLOCATING)
def fill_layers(
    tables,
    words,
    has,
    leads,
    memo,
    spelling,
    is_free,
    elastic,
    data,
    data_offset,
    wanted,
    first_slot,
    last_slot,
    layers,
    seen,
):
    """All states before every slot from ``first_slot + 1`` to ``last_slot``; those before the first are there.

    Args:
        has: [K, T] bool, whether a class may be read as a terminal.
        leads: [Q, T + 1] bool, whether a lexer state may become a terminal, or the end.
        memo: of slots before the first one at most.
        spelling: the terminals.
        is_free: [N] bool.
        elastic: whether free slots may hold fillers.
        data, data_offset: bytes of the tokens of the slots, none for free ones.
        wanted: classes to prefer.
        layers: entries of ``first_slot`` set; the others are written.
        seen: [(L + 1) * Q] int32, -1: the last entry of a state.

    Returns:
        The slot that no state gets through, ``last_slot`` if there is none, -1 if there are more entries than fit.
    """
    stack = np.empty((4096, 3), np.int32)
    looked_up = np.zeros((wanted.kind.shape[1], len(leads)), np.int32)  # one more than the last slot it was for
    ways = np.empty((wanted.kind.shape[1], len(leads), 2), np.int64)
    for slot in range(first_slot, last_slot):
        begin = layers.first[slot + 1]
        size, before = begin, layers.first[slot]
        outdone = np.empty(begin - before, np.bool_)  # found first, as the layer to come overwrites ``seen``
        for entry in range(before, begin):
            outdone[entry - before] = _is_outdone(layers, seen, memo.stands, spelling, before, entry)
        for entry in range(before, begin):
            if outdone[entry - before]:
                continue
            if not is_free[slot]:
                first, last = data_offset[slot], data_offset[slot + 1]
                size = _read_bytes(
                    tables, has, leads, spelling, slot, data, first, last, layers, seen, begin, size, entry, stack
                )
            else:
                size = _read_any(tables, leads, memo, spelling, slot, layers, seen, begin, size, entry, stack)
                if elastic and size >= 0:
                    state, ended = layers.state[entry], layers.ended[entry]
                    score = layers.score[entry] + wanted.filler[slot]
                    size = _enter(layers, seen, leads, spelling, begin, size, ended, state, score, entry, FILLER)
                state = layers.state[entry]
                for at in range(wanted.kind.shape[1]):
                    kind, gain = wanted.kind[slot, at], wanted.score[slot, at]
                    if size < 0 or kind < 0:
                        continue
                    if looked_up[at, state] != slot + 1:
                        looked_up[at, state] = slot + 1
                        ways[at, state, 0], ways[at, state, 1] = _readings(words, kind, state)
                    first, last = ways[at, state, 0], ways[at, state, 1]
                    if first < last:
                        ignored = tables.ignored
                        size = _read_class(
                            words,
                            has,
                            ignored,
                            leads,
                            spelling,
                            slot,
                            kind,
                            gain,
                            first,
                            last,
                            layers,
                            seen,
                            begin,
                            size,
                            entry,
                        )
            if size < 0:
                return -1
        layers.first[slot + 2] = size
        if size == begin:
            return slot
    return last_slot


@njit(**ALLOCATING)
def enter_token(tables, has, leads, spelling, data, first, last, ended, state, slot, layers, seen):
    """Make the layer before slot ``slot + 1`` what is reached by the bytes ``first .. last`` of that slot's token."""
    stack = np.empty((4096, 3), np.int32)
    begin = layers.first[slot]
    layers.ended[begin], layers.state[begin], layers.score[begin] = ended, state, 0.0
    layers.first[slot + 1] = begin + 1
    size = _read_bytes(
        tables, has, leads, spelling, slot, data, first, last, layers, seen, begin + 1, begin + 1, begin, stack
    )
    layers.first[slot + 2] = size


@njit(**KERNEL)
def best_end(tables, has, terminals, first_slot, last_slot, end_score, layers):
    """The best entry before a slot of ``first_slot .. last_slot`` with which the text may end, and that slot; or -1.

    Args:
        end_score: [N + 1] float64, what it is worth to end before a slot.
    """
    best, where, total = -1, -1, UNREACHED
    wanted = len(terminals)
    for slot in range(first_slot, last_slot + 1):
        for entry in range(layers.first[slot], layers.first[slot + 1]):
            state, ended = layers.state[entry], layers.ended[entry]
            kind = tables.accept_class[state]
            ends = (ended == wanted and tables.may_end[state]) or (
                ended == wanted - 1 and kind >= 0 and kind < tables.ignored and has[kind, terminals[ended]]
            )
            if ends and layers.score[entry] + end_score[slot] > total:
                best, where, total = entry, slot, layers.score[entry] + end_score[slot]
    return best, where


@njit(**KERNEL)
def trace_back(layers, entry, slot, first_slot, ended, state, kind):
    """The way to an entry: lexemes ended and lexer state before every slot, and what is read in it."""
    ended[slot], state[slot] = layers.ended[entry], layers.state[entry]
    for at in range(slot - 1, first_slot - 1, -1):
        kind[at] = layers.kind[entry]
        entry = layers.parent[entry]
        ended[at], state[at] = layers.ended[entry], layers.state[entry]


@njit(**ALLOCATING)
def classes_between(words, has, ignored, terminals, state, ended, after_state, after_ended, found):
    """Token classes that lead from one state to the next; writes ``found`` and returns how many fit.

    Args:
        words: with the readings of all classes in the order of (source, word).
        found: [F] int32, written.
    """
    stack = np.empty((1024, 2), np.int32)
    stack[0, 0], stack[0, 1] = 0, ended
    top, size = 1, 0
    while top > 0:
        top -= 1
        word, at = stack[top, 0], stack[top, 1]
        if at == after_ended:
            key = np.int64(state) * len(words.parent) + word
            first = np.searchsorted(words.by_key, key)
            while first < len(words.by_key) and words.by_key[first] == key and size < len(found):
                if words.by_key_state[first] == after_state:
                    found[size] = words.by_key_class[first]
                    size += 1
                first += 1
        for child in range(words.child_offset[word], words.child_offset[word + 1]):
            kind = words.kind[words.child[child]]
            fits = kind >= ignored or (at < after_ended and has[kind, terminals[at]])
            if fits and top < len(stack):
                stack[top, 0], stack[top, 1] = words.child[child], at + (kind < ignored)
                top += 1
    return size
