"""Numba kernels that lift a lexer: the memoised walk over the trie of a vocabulary, with words of lexeme classes.

As in :mod:`latticework.tokens.kernels`, a *map* is what a byte string does, from all sources (states) at once, and
maps are interned. After a byte or two most sources fare alike (whichever keyword was begun, it is a name by now), so
a map is kept in two parts: a *partition*, the list of (source, group) of the sources that can read the string, and the
*codes* of each group, the words that are given out with the states reached, ``word << 32 | state``. A group has one
code unless lexemes may end in several places. Groups with equal codes are one; they are numbered by their first
sources, so that equal maps are kept alike. Words are interned as (word before, last class).

Kernels never allocate inside: they stop when a pool is full, the caller enlarges it and calls again.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import HELPER, KERNEL
from latticework.tokens.kernels import DEAD, DONE, IDENTITY, UNKNOWN, mix, same

MAPS_FULL, CODES_FULL, WORDS_FULL, PARTITIONS_FULL, SOURCES_FULL, TOO_MANY = range(DONE + 1, DONE + 7)
WORD_SHIFT = 32
STATE_MASK = (1 << WORD_SHIFT) - 1
# A step that ends a lexeme, above the state it leads to.
ENDS = 1 << 30


@njit(**HELPER)
def _same(left, right, size, values):
    """Whether the values at ``left`` and ``right`` are equal."""
    at = 0
    while at < size and values[left + at] == values[right + at]:
        at += 1
    return at == size


@njit(**HELPER)
def _key(value, other):
    """A summand of the hash of a list of pairs; cheap, for there are many."""
    found = np.uint64(value) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(other) * np.uint64(0xBF58476D1CE4E5B9)
    return found * (found >> np.uint64(32) | np.uint64(1))


@njit(**HELPER)
def _longer(word, ended, progress, word_parent, word_class, slots):
    """The word and one class more, new if need be, above the place of the state; -1 if there is no room."""
    if word == 0:
        return np.int64(ended + 1) << WORD_SHIFT
    mask = np.uint64(len(slots) - 1)
    slot = mix((word << 20) + ended) & mask
    found = slots[slot]
    while found >= 0 and (word_parent[found] != word or word_class[found] != ended):
        slot = (slot + np.uint64(1)) & mask
        found = slots[slot]
    if found < 0:
        found = np.int32(progress[2])
        if found == len(word_parent):
            return np.int64(-1)
        word_parent[found] = word
        word_class[found] = ended
        slots[slot] = found
        progress[2] += 1
    return np.int64(found) << WORD_SHIFT


@njit(**HELPER)
def _put(code, first, out, codes):
    """Insert a code into those of its group, ``first..out``, which ascend; returns the new end."""
    place = out
    while place > first and codes[place - 1] > code:
        place -= 1
    if place > first and codes[place - 1] == code:
        return out
    for moved in range(out - place):
        codes[out - moved] = codes[out - moved - 1]
    codes[place] = code
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
    pool_group,
    pool_code,
    max_readings,
):
    """Append to the pools at ``out`` the codes ``begin..end`` followed by a byte; returns the new end.

    ``-CODES_FULL`` or ``-WORDS_FULL`` where there is no room, ``-TOO_MANY`` where a group has too many codes.
    """
    if out + 2 * (end - begin) > len(pool_group):
        return np.int64(-CODES_FULL)
    first, last_group = out, np.int32(-1)
    for pair in range(begin, end):
        group, code = pool_group[pair], pool_code[pair]
        if group != last_group:
            first, last_group = out, group
        state, word = code & STATE_MASK, code >> WORD_SHIFT
        move = np.int64(moves[letter, state])
        if move >= ENDS:
            ended = accept_class[state]
            if adjacent[word_class[word], ended]:
                longer = _longer(word, ended, progress, word_parent, word_class, word_slots)
                if longer < 0:
                    return np.int64(-WORDS_FULL)
                pool_group[out] = group
                pool_code[out] = longer + move - ENDS
                out = out + 1 if out == first else _put(pool_code[out], first, out, pool_code)
        elif move >= 0 and viable[move, word_class[word]]:
            pool_group[out] = group
            pool_code[out] = code - state + move
            out = out + 1 if out == first else _put(pool_code[out], first, out, pool_code)
        if len(splits) > 0 and splits[letter, state] >= 0:
            ended = split_class[state]
            if adjacent[word_class[word], ended]:
                longer = _longer(word, ended, progress, word_parent, word_class, word_slots)
                if longer < 0:
                    return np.int64(-WORDS_FULL)
                pool_group[out] = group
                out = _put(longer + splits[letter, state], first, out, pool_code)
                if out - first > max_readings:
                    return np.int64(-TOO_MANY)
    return out


@njit(**HELPER)
def _merge(groups, out, stop, pool_group, pool_code, new_group, kept_offset, kept_slot, slots):
    """Give one number to groups with equal codes and none to those without, in place; returns how many are left.

    Args:
        groups: how many there were.
        out, stop: the codes, by old groups; those that are kept stand there afterwards, to ``kept_offset[kept]``.
        new_group: [Q] int32, out, the new group of each old one or -1.
        kept_offset, kept_slot: [Q + 1] int64, where the codes of each new group begin, and scratch.
        slots: [power of two > 2 Q] int32 hash table, all -1 before and after.
    """
    mask = np.uint64(len(slots) - 1)
    kept, at = 0, out
    kept_offset[0] = out
    for group in range(groups):
        begin = at
        digest = np.uint64(0)
        while at < stop and pool_group[at] == group:
            digest += mix(pool_code[at])
            at += 1
        if at == begin:
            new_group[group] = -1
            continue
        size = at - begin
        slot = digest & mask
        found = slots[slot]
        while found >= 0 and not (
            kept_offset[found + 1] - kept_offset[found] == size and _same(kept_offset[found], begin, size, pool_code)
        ):
            slot = (slot + np.uint64(1)) & mask
            found = slots[slot]
        if found < 0:
            found = np.int32(kept)
            slots[slot] = found
            kept_slot[kept] = slot
            write = kept_offset[kept]
            for place in range(size):
                pool_group[write + place] = found
                pool_code[write + place] = pool_code[begin + place]
            kept += 1
            kept_offset[kept] = write + size
        new_group[group] = found
    for group in range(kept):
        slots[kept_slot[group]] = -1
    return kept


@njit(**HELPER)
def _coarser(partition, new_group, progress, offset, digests, slots, source, group):
    """The partition whose groups are renamed (-1: left out); ``-PARTITIONS_FULL`` or ``-SOURCES_FULL`` without room.

    progress[3] is how many there are; offset: [R + 1] int64; digests: [R] uint64; slots: [power of two > 2 R] int32;
    source, group: int32 pools.
    """
    known = progress[3]
    if known == len(digests):
        return np.int64(-PARTITIONS_FULL)
    out = first = offset[known]
    if first + offset[partition + 1] - offset[partition] > len(source):
        return np.int64(-SOURCES_FULL)
    digest = np.uint64(0)
    for at in range(np.uint64(offset[partition]), np.uint64(offset[partition + 1])):
        renamed = new_group[group[at]]
        source[out], group[out] = source[at], renamed
        # Without a branch, which none could foresee: what is left out counts for nothing and is written over.
        is_kept = np.int64(renamed >= 0)
        digest += _key(source[at], renamed) * np.uint64(is_kept)
        out += is_kept
    digest = mix(digest)
    mask = np.uint64(len(slots) - 1)
    slot = digest & mask
    found = slots[slot]
    while found >= 0 and not (
        digests[found] == digest
        and offset[found + 1] - offset[found] == out - first
        and same(offset[found], first, out - first, source, group)
    ):
        slot = (slot + np.uint64(1)) & mask
        found = slots[slot]
    if found < 0:
        found = np.int32(known)
        slots[slot] = found
        digests[known] = digest
        offset[known + 1] = out
        progress[3] = known + 1
    return np.int64(found)


@njit(**HELPER)
def _refill(slots, hashes, first, last):
    """Put entries into an empty hash table."""
    mask = np.uint64(len(slots) - 1)
    for known in range(first, last):
        slot = hashes[known] & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = known


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
    map_partition,
    map_offset,
    map_hash,
    map_slots,
    pool_group,
    pool_code,
    partition_offset,
    partition_hash,
    partition_slots,
    partition_source,
    partition_group,
    word_parent,
    word_class,
    word_slots,
    new_group,
    kept_offset,
    kept_slot,
    group_slots,
    max_readings,
    map_of_node,
):
    """Give every trie node its map; resumable.

    Args:
        progress: [4] int64: the node to go on at, and how many maps, words and partitions there are. At the start
            1, 2, K + 1, 1: the map DEAD has no codes, the map IDENTITY is the root's; word 0 is empty, words 1 .. K are
            the classes; in partition 0, every source is a group.
        byte, parent: see :class:`latticework.tokens.trie.Trie`.
        byte_class: [256] int64.
        moves: [L, Q] int32, the state within the lexeme, or ``ENDS`` plus that of the next one, or -1.
        splits: [L, Q] int32, the state in the next lexeme where one may end though it could go on, -1 where not; or
            [0, Q] if none may.
        accept_class, split_class: [Q] int32.
        viable: [Q, K + 1] uint8, whether a lexeme may be in the state behind one of a class, K for any.
        adjacent: [K + 1, K] uint8, whether a class may stand behind another.
        after: [M, L] int32, the memo: map after (map, byte class), or UNKNOWN.
        map_partition: [M] int32; map_offset: [M + 1] int64 into the pools; map_hash: [M] uint64.
        pool_group, pool_code: [P] int32, int64: the codes of all maps, ascending by group, code.
        partition_offset: [R + 1] int64; partition_hash: [R] uint64.
        partition_source, partition_group: int32, the sources of all partitions, ascending, and their groups.
        word_parent, word_class: [W] int32; the class of word 0 is K.
        map_slots, partition_slots, word_slots: [power of two > 2 M, 2 R, 2 W] int32 hash tables, all -1; filled here.
        new_group, kept_offset, kept_slot, group_slots: scratch of the merging of groups.
        max_readings: most codes of a group.
        map_of_node: [N] int32, out.

    Returns: DONE, or what is full, or TOO_MANY.
    """
    node, maps = progress[0], progress[1]
    mask = np.uint64(len(map_slots) - 1)
    _refill(map_slots, map_hash, IDENTITY + 1, maps)
    _refill(partition_slots, partition_hash, 1, progress[3])
    word_mask = np.uint64(len(word_slots) - 1)
    for word in range(adjacent.shape[1] + 1, progress[2]):
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
            begin, end = map_offset[before], map_offset[before + 1]
            stop = _image(
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
                pool_group,
                pool_code,
                max_readings,
            )
            if stop < 0:
                status = -stop
                break
            reached = DEAD
            if stop > out:
                groups = np.int64(pool_group[end - 1]) + 1
                kept = _merge(groups, out, stop, pool_group, pool_code, new_group, kept_offset, kept_slot, group_slots)
                stop = kept_offset[kept]
                partition = np.int64(map_partition[before])
                if kept < groups:
                    partition = _coarser(
                        partition,
                        new_group,
                        progress,
                        partition_offset,
                        partition_hash,
                        partition_slots,
                        partition_source,
                        partition_group,
                    )
                    if partition < 0:
                        status = -partition
                        break
                digest = mix(partition)
                for pair in range(np.uint64(out), np.uint64(stop)):
                    digest += _key(pool_code[pair], pool_group[pair])
                digest = mix(digest)
                slot = digest & mask
                reached = map_slots[slot]
                while reached >= 0 and not (
                    map_hash[reached] == digest
                    and map_partition[reached] == partition
                    and map_offset[reached + 1] - map_offset[reached] == stop - out
                    and same(map_offset[reached], out, stop - out, pool_group, pool_code)
                ):
                    slot = (slot + np.uint64(1)) & mask
                    reached = map_slots[slot]
                if reached < 0:
                    reached = maps
                    map_slots[slot] = maps
                    map_hash[maps] = digest
                    map_partition[maps] = partition
                    after[maps] = UNKNOWN
                    maps += 1
                    map_offset[maps] = stop
            after[before, letter] = reached
        map_of_node[node] = reached
        node += 1
    progress[0], progress[1] = node, maps
    return status
