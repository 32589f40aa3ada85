"""Numba kernels behind the walk of a lexer: words in order, the readings of all classes, and those of every source.

What the walk leaves is small because sources that fare alike share their codes. *Entries* are the codes of all token
classes, each with its group; groups are numbered throughout all partitions here.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import KERNEL
from latticework.tokens.kernels_words import STATE_MASK, WORD_SHIFT


@njit(**KERNEL)
def order_words(
    map_of_class,
    map_offset,
    pool_code,
    word_parent,
    word_class,
    number,
    first_child,
    sibling,
    by_class,
    parent,
    last,
    depth,
):
    """Number the words in use in the order of their classes, a word before the longer ones; returns how many.

    Args:
        map_of_class: [A] int32; map_offset, pool_code: as the walk left them.
        word_parent, word_class: [W] int32, as the walk left them.
        number: [W] int32, all -1; out, the new number of each word or -1.
        first_child, sibling: [W] int32, all -1; scratch.
        by_class: [K + 2] int32 zeros; scratch.
        parent, last, depth: [W] int32, out: of the words by their new numbers; the lexemes of a word are its depth.
    """
    words = len(word_parent)
    for index in range(len(map_of_class)):
        known = map_of_class[index]
        for pair in range(map_offset[known], map_offset[known + 1]):
            number[pool_code[pair] >> WORD_SHIFT] = 0
    number[0] = 0
    for offset in range(words - 1):
        word = words - 1 - offset
        if number[word] >= 0:
            number[word_parent[word]] = 0
    # Descending by class, so that children that are put in front of their siblings come to ascend.
    for word in range(1, words):
        by_class[word_class[word] + 1] += 1
    for known in range(len(by_class) - 1):
        by_class[known + 1] += by_class[known]
    for word in range(1, words):
        known = word_class[word]
        last[by_class[known]] = word
        by_class[known] += 1
    for offset in range(words - 1):
        word = last[words - 2 - offset]
        if number[word] >= 0:
            sibling[word] = first_child[word_parent[word]]
            first_child[word_parent[word]] = word
    count, at = 1, np.int32(0)
    parent[0], last[0], depth[0] = -1, -1, 0
    while True:
        after = first_child[at]
        while after < 0 and at > 0:
            after = sibling[at]
            at = word_parent[at] if after < 0 else at
        if after < 0:
            break
        number[after] = count
        parent[count] = number[word_parent[after]]
        last[count] = word_class[after]
        depth[count] = depth[number[word_parent[after]]] + 1
        count += 1
        at = after
    return count


@njit(**KERNEL)
def list_groups(partition_offset, partition_source, partition_group, base, offset, source):
    """Number the groups of all partitions, and list their sources; returns how many groups there are.

    Args:
        partition_offset, partition_source, partition_group: [R + 1], [N], [N], as the walk left them.
        base: [R + 1] int64 zeros; out, the first group of each partition.
        offset: [N + 2] int64 zeros; out, by group, into the sources.
        source: [N] int32, out, ascending within a group.
    """
    for partition in range(len(partition_offset) - 1):
        groups = np.int64(0)
        for at in range(partition_offset[partition], partition_offset[partition + 1]):
            group = np.int64(partition_group[at])
            groups = group + 1 if group >= groups else groups
            offset[base[partition] + group + 2] += 1
        base[partition + 1] = base[partition] + groups
    groups = base[len(base) - 1]
    for group in range(groups):
        offset[group + 2] += offset[group + 1]
    # Each begins where the one before ends: while they are filled, offset[g + 1] is where group g goes on.
    for partition in range(len(partition_offset) - 1):
        for at in range(partition_offset[partition], partition_offset[partition + 1]):
            group = base[partition] + partition_group[at]
            source[offset[group + 1]] = partition_source[at]
            offset[group + 1] += 1
    return groups


@njit(**KERNEL)
def collect(map_of_class, map_partition, map_offset, pool_group, pool_code, number, base, first, group, word, state):
    """The entries of all classes, ascending by (group, word, state) within a class.

    Args:
        map_of_class: [A] int32; map_partition, map_offset, pool_group, pool_code: as the walk left them.
        number: the new numbers of words, see :func:`order_words`; base: see :func:`list_groups`.
        first: [A + 1] int64 zeros; out, the first entry of each class.
        group, word, state: [E] int32, out.
    """
    out = np.int64(0)
    for index in range(len(map_of_class)):
        known = map_of_class[index]
        begin, last_group = out, np.int32(-1)
        for pair in range(map_offset[known], map_offset[known + 1]):
            if pool_group[pair] != last_group:
                begin, last_group = out, pool_group[pair]
            new_word, new_state = number[pool_code[pair] >> WORD_SHIFT], np.int32(pool_code[pair] & STATE_MASK)
            place = out
            while place > begin and (
                word[place - 1] > new_word or (word[place - 1] == new_word and state[place - 1] > new_state)
            ):
                word[place], state[place] = word[place - 1], state[place - 1]
                place -= 1
            group[out] = base[map_partition[known]] + last_group
            word[place], state[place] = new_word, new_state
            out += 1
        first[index + 1] = out


@njit(**KERNEL)
def count_readings(first, group, offset, source, entries_of, size_of_class, size_of_source):
    """How many readings there are of every class and of every source.

    Args:
        first, group: see :func:`collect`; offset, source: see :func:`list_groups`.
        entries_of: [G] int64 zeros, scratch.
        size_of_class, size_of_source: [A] and [Q] int64 zeros, out.
    """
    for index in range(len(size_of_class)):
        for entry in range(first[index], first[index + 1]):
            size_of_class[index] += offset[group[entry] + 1] - offset[group[entry]]
            entries_of[group[entry]] += 1
    for known in range(len(offset) - 1):
        for at in range(offset[known], offset[known + 1]):
            size_of_source[source[at]] += entries_of[known]


@njit(**KERNEL)
def fill_readings(
    map_of_class,
    map_partition,
    partition_offset,
    partition_source,
    partition_group,
    base,
    first,
    group,
    word,
    state,
    scratch,
    out_source,
    out_word,
    out_state,
):
    """Readings of all classes, ascending by (source, word, state) within a class.

    Args:
        map_of_class, map_partition, partition_offset, partition_source, partition_group: as the walk left them.
        base: see :func:`list_groups`; first, group, word, state: see :func:`collect`.
        scratch: [Q + 1] int64.
        out_source, out_word, out_state: [P] int32, out.
    """
    out = np.int64(0)
    for index in range(len(map_of_class)):
        partition = map_partition[map_of_class[index]]
        for entry in range(first[index], first[index + 1]):
            # The last entry of a group is where the next group begins.
            scratch[group[entry] - base[partition] + 1] = entry + 1
        scratch[0] = first[index]
        for at in range(partition_offset[partition], partition_offset[partition + 1]):
            known = partition_group[at]
            for entry in range(scratch[known], scratch[known + 1]):
                out_source[out] = partition_source[at]
                out_word[out] = word[entry]
                out_state[out] = state[entry]
                out += 1


@njit(**KERNEL)
def sort_stably(key, order, count, out):
    """Counting sort of ``order`` by ``key``.

    key: [P] int32; order, out: [P] int32 indices into it; count: [number of keys + 1] int64 zeros, scratch.
    """
    for index in range(len(order)):
        count[key[order[index]] + 1] += 1
    for at in range(1, len(count)):
        count[at] += count[at - 1]
    for index in range(len(order)):
        at = key[order[index]]
        out[count[at]] = order[index]
        count[at] += 1


@njit(**KERNEL)
def spread(order, group, word, state, offset, source, latest, end, out_word, out_state):
    """Write every (word, state) of an entry to the lists of its sources, once.

    Args:
        order: [E] int32, the entries by (word, state); group, word, state: see :func:`collect`.
        offset, source: see :func:`list_groups`.
        latest: [Q] int64, all -1; scratch.
        end: [Q] int64, where the list of each source begins; out, where it ends.
        out_word, out_state: int32, out.
    """
    rank = np.int64(0)
    before = np.int64(-1)
    for index in range(len(order)):
        entry = np.int64(order[index])
        here, reached = word[entry], state[entry]
        if before >= 0 and (word[before] != here or state[before] != reached):
            rank += 1
        before = entry
        for at in range(offset[group[entry]], offset[group[entry] + 1]):
            known = source[at]
            if latest[known] != rank:
                latest[known] = rank
                out_word[end[known]] = here
                out_state[end[known]] = reached
                end[known] += 1
