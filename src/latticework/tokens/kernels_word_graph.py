"""Numba kernels behind the walk of a lexer: words in order, readings per class, and the graph of the words of a slot.

The graph is a minimal acyclic automaton, made of sorted words: where a word leaves the path of the one before, the
nodes left behind are complete, and each is looked up among those made so far (Daciuk, Mihov, Watson & Watson,
*Incremental construction of minimal acyclic finite-state automata*, 2000). All states share the nodes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import HELPER, KERNEL
from latticework.tokens.kernels import mix
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
def fill_readings(
    map_of_class,
    map_partition,
    map_offset,
    pool_group,
    pool_code,
    partition_offset,
    partition_source,
    partition_group,
    number,
    group_first,
    offset,
    source,
    word,
    state,
):
    """Readings of all classes, ascending by (source, word, state) within a class.

    Args:
        map_of_class: [A] int32, map of every class; further arguments as the walk left them, but with words by their
            new ``number`` in the codes; they ascend within a group afterwards.
        group_first: [Q + 1] int64, scratch.
        offset: [A + 1] int64 zeros, out.
        source, word, state: [P] int32, out.
    """
    out = np.int64(0)
    for index in range(len(map_of_class)):
        known = map_of_class[index]
        first, last_group = map_offset[known], np.int32(-1)
        for pair in range(map_offset[known], map_offset[known + 1]):
            if pool_group[pair] != last_group:
                first, last_group = pair, pool_group[pair]
                group_first[last_group] = pair
            code = pool_code[pair]
            code = (code & STATE_MASK) | np.int64(number[code >> WORD_SHIFT]) << WORD_SHIFT
            place = pair
            while place > first and pool_code[place - 1] > code:
                pool_code[place] = pool_code[place - 1]
                place -= 1
            pool_code[place] = code
        group_first[last_group + 1] = map_offset[known + 1]
        partition = map_partition[known]
        for at in range(partition_offset[partition], partition_offset[partition + 1]):
            group = partition_group[at]
            for pair in range(group_first[group], group_first[group + 1]):
                source[out] = partition_source[at]
                word[out] = pool_code[pair] >> WORD_SHIFT
                state[out] = pool_code[pair] & STATE_MASK
                out += 1
        offset[index + 1] = out


@njit(**KERNEL)
def count_readings(map_of_class, map_partition, map_offset, pool_group, partition_offset, partition_group, group_size):
    """How many readings all classes have.

    Args: see :func:`fill_readings`; group_size: [Q] int64 zeros, and zeros again afterwards.
    """
    total = np.int64(0)
    for index in range(len(map_of_class)):
        known = map_of_class[index]
        for pair in range(map_offset[known], map_offset[known + 1]):
            group_size[pool_group[pair]] += 1
        partition = map_partition[known]
        for at in range(partition_offset[partition], partition_offset[partition + 1]):
            total += group_size[partition_group[at]]
        for pair in range(map_offset[known], map_offset[known + 1]):
            group_size[pool_group[pair]] = 0
    return total


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
def keep_distinct(order, source, word, state, offset, out_word, out_state):
    """Drop what stands there twice, in sorted order; ``offset``: [Q + 1] int64 zeros, out, by source."""
    out = np.int64(0)
    before = np.int64(-1)
    for index in range(len(order)):
        at = np.int64(order[index])
        if before >= 0 and source[before] == source[at] and word[before] == word[at] and state[before] == state[at]:
            continue
        before = at
        out_word[out] = word[at]
        out_state[out] = state[at]
        out += 1
        offset[source[at] + 1] = out
    for known in range(1, len(offset)):
        if offset[known] == 0:
            offset[known] = offset[known - 1]
    return out


@njit(**HELPER)
def _node(
    ends,
    end_first,
    end_last,
    edges_class,
    edges_target,
    edge_first,
    edge_last,
    progress,
    slots,
    node_hash,
    end_offset,
    end_state,
    edge_offset,
    edge_class,
    edge_target,
):
    """The node with these ends (a range of ``ends``) and edges (a range); -1 where there is no room for it."""
    digest = mix(end_last - end_first)
    for at in range(end_first, end_last):
        digest = mix(np.int64(digest) + ends[at] + 1)
    for at in range(edge_first, edge_last):
        digest = mix(np.int64(digest) + (np.int64(edges_class[at]) << 32) + edges_target[at])
    mask = np.uint64(len(slots) - 1)
    slot = digest & mask
    node = slots[slot]
    while node >= 0:
        first, begin = np.int64(end_offset[node]), np.int64(edge_offset[node])
        if (
            node_hash[node] == digest
            and end_offset[node + 1] - first == end_last - end_first
            and edge_offset[node + 1] - begin == edge_last - edge_first
        ):
            same = True
            for at in range(end_last - end_first):
                same &= end_state[first + at] == ends[end_first + at]
            for at in range(edge_last - edge_first):
                same &= edge_class[begin + at] == edges_class[edge_first + at]
                same &= edge_target[begin + at] == edges_target[edge_first + at]
            if same:
                return np.int64(node)
        slot = (slot + np.uint64(1)) & mask
        node = slots[slot]
    node = progress[1]
    first, begin = np.int64(end_offset[node]), np.int64(edge_offset[node])
    if (
        node == len(node_hash)
        or first + end_last - end_first > len(end_state)
        or begin + edge_last - edge_first > len(edge_class)
    ):
        return np.int64(-1)
    for at in range(end_last - end_first):
        end_state[first + at] = ends[end_first + at]
    for at in range(edge_last - edge_first):
        edge_class[begin + at] = edges_class[edge_first + at]
        edge_target[begin + at] = edges_target[edge_first + at]
    end_offset[node + 1] = first + end_last - end_first
    edge_offset[node + 1] = begin + edge_last - edge_first
    node_hash[node] = digest
    slots[slot] = node
    progress[1] = node + 1
    return np.int64(node)


@njit(**KERNEL)
def build_graph(
    progress,
    offset,
    word,
    ends,
    parent,
    last,
    depth,
    path,
    open_word,
    open_end,
    open_edge,
    edges_class,
    edges_target,
    slots,
    node_hash,
    end_offset,
    end_state,
    edge_offset,
    edge_class,
    edge_target,
    root,
):
    """Make the nodes of all words of all states; resumable.

    Args:
        progress: [2] int64: the state to go on at, the number of nodes; 0 and 0 at the start.
        offset: [Q + 1] int64; word, ends: [P] int32, the distinct words and states in which they end, sorted.
        parent, last, depth: [W] int32, see :func:`order_words`.
        path, open_word: [deepest + 1] int32; open_end: [deepest + 1, 2] int64; open_edge: [deepest + 2] int64:
            scratch, the nodes that are not complete.
        edges_class, edges_target: [W] int32 scratch, their edges.
        slots: [power of two > 2 D] int32 hash table, all -1; filled here.
        node_hash: [D] uint64; end_offset, edge_offset: [D + 1] int32 zeros at the start; end_state, edge_class,
            edge_target: int32, out.
        root: [Q] int32, out.

    Returns: whether all is done; else there was no room.
    """
    mask = np.uint64(len(slots) - 1)
    for node in range(progress[1]):
        slot = node_hash[node] & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = node
    while progress[0] < len(root):
        source = progress[0]
        at, stop = offset[source], offset[source + 1]
        top = 0
        open_word[0] = 0
        open_end[0, 0] = open_end[0, 1] = at
        open_edge[0] = open_edge[1] = 0
        while True:
            # The next word, and how deep it shares the path of the open nodes; behind the last one all are closed.
            shared = -1
            begin, here = at, np.int32(0)
            if at < stop:
                here = word[at]
                while at < stop and word[at] == here:
                    at += 1
                shared = np.int64(depth[here])
                climbing = here
                while shared > top or open_word[shared] != climbing:
                    path[shared] = climbing
                    climbing = parent[climbing]
                    shared -= 1
            while top > shared:
                node = _node(
                    ends,
                    open_end[top, 0],
                    open_end[top, 1],
                    edges_class,
                    edges_target,
                    open_edge[top],
                    open_edge[top + 1],
                    progress,
                    slots,
                    node_hash,
                    end_offset,
                    end_state,
                    edge_offset,
                    edge_class,
                    edge_target,
                )
                if node < 0:
                    return False
                if top == 0:
                    root[source] = node
                else:
                    edges_class[open_edge[top]] = last[open_word[top]]
                    edges_target[open_edge[top]] = node
                    open_edge[top] += 1
                top -= 1
            if shared < 0:
                break
            for level in range(shared + 1, np.int64(depth[here]) + 1):
                top = level
                open_word[top] = path[top]
                open_end[top, 0] = open_end[top, 1] = begin
                open_edge[top + 1] = open_edge[top]
            open_end[top, 0], open_end[top, 1] = begin, at
        progress[0] += 1
    return True
