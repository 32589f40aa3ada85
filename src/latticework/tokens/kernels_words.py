"""Numba kernels that lift a lexer: the memoised walk over the trie of a vocabulary, with words of lexeme classes.

As in :mod:`latticework.tokens.kernels`, a *map* is what a byte string does: the ascending list of (source, code)
pairs, here with the word that was given out and the state that was reached in the code, ``word << 32 | state``. A
source stands there once unless lexemes may end in several places. Words are interned as (word before, last class).

Kernels never allocate inside: they stop when a pool is full, the caller enlarges it and calls again.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import HELPER, KERNEL
from latticework.tokens.kernels import DEAD, DONE, UNKNOWN, mix, same

MAPS_FULL, PAIRS_FULL, WORDS_FULL = DONE + 1, DONE + 2, DONE + 3
WORD_SHIFT = 32
STATE_MASK = (1 << WORD_SHIFT) - 1
# A step that ends a lexeme, above the state it leads to.
ENDS = 1 << 30


@njit(**KERNEL)
def spread_viability(next_state, viable):
    """Let every state have what the states behind it have: ``viable[q] |= viable[next_state[q, :]]``, while that grows.

    next_state: [Q, L] int32; viable: [Q, C] uint8, 0 or 1, in and out.
    """
    columns = np.uint64(viable.shape[1])
    grows = True
    while grows:
        grows = False
        for offset in range(len(next_state)):
            state = len(next_state) - 1 - offset
            before = np.int32(-1)
            for letter in range(next_state.shape[1]):
                target = next_state[state, letter]
                if target < 0 or target == before:
                    continue
                before = target
                news = np.uint8(0)
                for column in range(columns):
                    news |= viable[target, column] & ~viable[state, column]
                    viable[state, column] |= viable[target, column]
                if news:
                    grows = True


@njit(**HELPER)
def _word(before, last, progress, word_parent, word_class, slots):
    """The number of a word and one class more, new if need be; -1 if there is no room."""
    mask = np.uint64(len(slots) - 1)
    slot = mix((np.int64(before) << 20) + last) & mask
    found = slots[slot]
    while found >= 0 and (word_parent[found] != before or word_class[found] != last):
        slot = (slot + np.uint64(1)) & mask
        found = slots[slot]
    if found < 0:
        found = progress[2]
        if found == len(word_parent):
            return np.int64(-1)
        word_parent[found] = before
        word_class[found] = last
        slots[slot] = found
        progress[2] = found + 1
    return np.int64(found)


@njit(**HELPER)
def _put(source, code, first, out, pool_source, pool_code):
    """Insert a pair into those of its source, ``first..out``, which ascend; returns the new end."""
    place = out
    while place > first and pool_code[place - 1] > code:
        place -= 1
    if place > first and pool_code[place - 1] == code:
        return out
    for moved in range(out - place):
        pool_code[out - moved] = pool_code[out - moved - 1]
    pool_source[out] = source
    pool_code[place] = code
    return out + 1


@njit(**HELPER)
def _image(
    begin,
    end,
    out,
    letter,
    progress,
    moves,
    splits,
    accept_class,
    split_class,
    viable,
    adjacent,
    word_parent,
    word_class,
    word_slots,
    pool_source,
    pool_code,
):
    """Append to the pools at ``out`` the map ``begin..end`` followed by a byte; returns the new end.

    ``-PAIRS_FULL`` or ``-WORDS_FULL`` where there is no room.
    """
    first, last_source = out, np.int32(-1)
    for pair in range(begin, end):
        if out + 2 > len(pool_source):
            return np.int64(-PAIRS_FULL)
        source, code = pool_source[pair], pool_code[pair]
        if source != last_source:
            first, last_source = out, source
        state, word = code & STATE_MASK, code >> WORD_SHIFT
        move = np.int64(moves[letter, state])
        if move >= ENDS:
            ended = accept_class[state]
            if adjacent[word_class[word], ended]:
                longer = _word(word, ended, progress, word_parent, word_class, word_slots)
                if longer < 0:
                    return np.int64(-WORDS_FULL)
                out = _put(source, longer << WORD_SHIFT | (move - ENDS), first, out, pool_source, pool_code)
        elif move >= 0 and viable[move, word_class[word]]:
            out = _put(source, code - state + move, first, out, pool_source, pool_code)
        if len(splits) > 0 and splits[letter, state] >= 0:
            ended = split_class[state]
            if adjacent[word_class[word], ended]:
                longer = _word(word, ended, progress, word_parent, word_class, word_slots)
                if longer < 0:
                    return np.int64(-WORDS_FULL)
                begun = np.int64(splits[letter, state])
                out = _put(source, longer << WORD_SHIFT | begun, first, out, pool_source, pool_code)
    return out


@njit(**KERNEL)
def walk(
    progress,
    byte,
    parent,
    byte_class,
    moves,
    splits,
    accept_class,
    split_class,
    viable,
    adjacent,
    after,
    map_offset,
    map_hash,
    map_slots,
    pool_source,
    pool_code,
    word_parent,
    word_class,
    word_slots,
    map_of_node,
):
    """Give every trie node its map; resumable.

    Args:
        progress: [3] int64: the node to go on at, the number of maps, the number of words. At the start 1, 2, 1:
            the map DEAD has no pairs, the map IDENTITY is the root's, word 0 is empty.
        byte, parent: see :class:`latticework.tokens.trie.Trie`.
        byte_class: [256] int64.
        moves: [L, Q] int32, the state within the lexeme, or ``ENDS`` plus that of the next one, or -1.
        splits: [L, Q] int32, the state in the next lexeme where one may end though it could go on, -1 where not; or
            [0, Q] if none may.
        accept_class, split_class: [Q] int32.
        viable: [Q, K + 1] uint8, whether a lexeme may be in the state behind one of a class, K for any.
        adjacent: [K + 1, K] uint8, whether a class may stand behind another.
        after: [M, L] int32, the memo: map after (map, byte class), or UNKNOWN.
        map_offset: [M + 1] int64 into the pools; map_hash: [M] uint64.
        map_slots, word_slots: [power of two > 2 M, > 2 W] int32 hash tables, all -1; filled here.
        pool_source: [P] int32; pool_code: [P] int64.
        word_parent, word_class: [W] int32; the class of word 0 is K.
        map_of_node: [N] int32, out.

    Returns: DONE, or which pool is full.
    """
    node, maps = progress[0], progress[1]
    mask, word_mask = np.uint64(len(map_slots) - 1), np.uint64(len(word_slots) - 1)
    for known in range(1, maps):
        slot = map_hash[known] & mask
        while map_slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        map_slots[slot] = known
    for word in range(1, progress[2]):
        slot = mix((np.int64(word_parent[word]) << 20) + word_class[word]) & word_mask
        while word_slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & word_mask
        word_slots[slot] = word
    status = DONE
    while node < len(byte):
        before, letter = map_of_node[parent[node]], byte_class[byte[node]]
        reached = after[before, letter]
        if reached == UNKNOWN:
            if maps == len(after):
                status = MAPS_FULL
                break
            out = map_offset[maps]
            stop = _image(
                map_offset[before],
                map_offset[before + 1],
                out,
                letter,
                progress,
                moves,
                splits,
                accept_class,
                split_class,
                viable,
                adjacent,
                word_parent,
                word_class,
                word_slots,
                pool_source,
                pool_code,
            )
            if stop < 0:
                status = -stop
                break
            reached = DEAD
            if stop > out:
                digest = np.uint64(0)
                for pair in range(out, stop):
                    digest += mix(np.int64(pool_source[pair]) * 0x9E3779B1 + pool_code[pair])
                slot = digest & mask
                reached = map_slots[slot]
                while reached >= 0 and not (
                    map_hash[reached] == digest
                    and map_offset[reached + 1] - map_offset[reached] == stop - out
                    and same(map_offset[reached], out, stop - out, pool_source, pool_code)
                ):
                    slot = (slot + np.uint64(1)) & mask
                    reached = map_slots[slot]
                if reached < 0:
                    reached = maps
                    map_slots[slot] = maps
                    map_hash[maps] = digest
                    after[maps] = UNKNOWN
                    maps += 1
                    map_offset[maps] = stop
            after[before, letter] = reached
        map_of_node[node] = reached
        node += 1
    progress[0], progress[1] = node, maps
    return status
