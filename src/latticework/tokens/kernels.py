"""Numba kernels of the lifting: the memoised trie walk and the grouping of its result into edges.

A *map* is what a byte string does to the automaton: the ascending list of (source state, code) pairs
of the sources it can be read from; codes as in :mod:`latticework.tokens.automaton`. Maps are interned,
so a token's map is its class; only pairs (map, byte class) that the trie really meets are composed.

Kernels never allocate inside: they stop when a pool is full, the caller enlarges it and calls again.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.automata.automaton import UNBOUNDED
from latticework.tokens.automaton import ADD_SHIFT, ENTER_SHIFT, KEEP_SHIFT, STATE_MASK, UNIT_MASK

DONE, MAPS_FULL, PAIRS_FULL, UNITS_EXCEEDED = range(4)
UNKNOWN, DEAD = -2, -1

_ADD_0, _ADD_1 = ADD_SHIFT
_ENTER_0, _ENTER_1 = ENTER_SHIFT
_IMPOSSIBLE, _OVERFLOW = -1, -2


@njit(cache=True, nogil=True, inline="never")
def mix(value):
    """64-bit finaliser of SplitMix64; spreads a key over a hash table."""
    h = np.uint64(value) * np.uint64(0x9E3779B97F4A7C15)
    h = (h ^ (h >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return h ^ (h >> np.uint64(32))


@njit(cache=True, nogil=True)
def add_unit(units, low, high):
    """``units + 1``, saturated at ``low`` where there is no upper bound."""
    units += 1
    if high == UNBOUNDED:
        return min(units, low)
    if units > high:
        return _IMPOSSIBLE
    return _OVERFLOW if units > UNIT_MASK else units


@njit(cache=True, nogil=True)
def compose(code, middle, target, operation, levels, low, high):
    """Code of ``code`` (ending in state ``middle``) followed by one byte step to ``target``.

    low, high: [S, 2] bounds of each state's levels. Returns _IMPOSSIBLE when no count allows it.
    """
    kept = (code >> KEEP_SHIFT) & 3
    add_0 = (code >> _ADD_0) & UNIT_MASK
    add_1 = (code >> _ADD_1) & UNIT_MASK
    enter_0 = (code >> _ENTER_0) & UNIT_MASK
    enter_1 = (code >> _ENTER_1) & UNIT_MASK
    keep = operation >> 4
    inside = levels[middle]
    # A level entered and left inside the token has a known count: its bounds are settled here.
    if keep <= 0 < inside and kept <= 0 and (enter_0 < low[middle, 0] or enter_0 > high[middle, 0]):
        return _IMPOSSIBLE
    if keep <= 1 < inside and kept <= 1 and (enter_1 < low[middle, 1] or enter_1 > high[middle, 1]):
        return _IMPOSSIBLE
    kept = min(kept, keep)
    if keep <= 0:
        enter_0 = 0
    if keep <= 1:
        enter_1 = 0
    if operation & 1:
        units = add_unit(add_0 if kept > 0 else enter_0, low[target, 0], high[target, 0])
        if units < 0:
            return units
        if kept > 0:
            add_0 = units
        else:
            enter_0 = units
    if operation & 2:
        units = add_unit(add_1 if kept > 1 else enter_1, low[target, 1], high[target, 1])
        if units < 0:
            return units
        if kept > 1:
            add_1 = units
        else:
            enter_1 = units
    return (
        np.int64(target)
        | (np.int64(kept) << KEEP_SHIFT)
        | (add_0 << _ADD_0)
        | (add_1 << _ADD_1)
        | (enter_0 << _ENTER_0)
        | (enter_1 << _ENTER_1)
    )


@njit(cache=True, nogil=True)
def image(begin, end, out, byte_class, pool_source, pool_code, tables):
    """Append to the pools at ``out`` the map ``begin..end`` followed by one byte; returns (new end, hash)."""
    next_state, operation, levels, low, high = tables
    total = np.uint64(0)
    for pair in range(begin, end):
        code = pool_code[pair]
        middle = code & STATE_MASK
        target = next_state[middle, byte_class]
        if target < 0:
            continue
        if levels[middle] | levels[target]:
            code = compose(code, middle, target, operation[middle, byte_class], levels, low, high)
            if code == _IMPOSSIBLE:
                continue
            if code == _OVERFLOW:
                return np.int64(-1), total
        else:
            # Units of levels left earlier in the token stay: they are part of the guard.
            code = (code & ~STATE_MASK) | target
        source = pool_source[pair]
        pool_source[out] = source
        pool_code[out] = code
        out += 1
        total += mix((np.int64(source) << 40) ^ code)
    return out, total


@njit(cache=True, nogil=True)
def find_map(digest, begin, end, slots, map_hash, map_offset, pool_source, pool_code):
    """Slot of the hash table that holds the map equal to ``begin..end``, or the free slot for it."""
    mask = np.uint64(len(slots) - 1)
    slot = digest & mask
    while slots[slot] >= 0:
        known = slots[slot]
        first = map_offset[known]
        if map_hash[known] == digest and map_offset[known + 1] - first == end - begin:
            pair = 0
            while (
                pair < end - begin
                and pool_code[first + pair] == pool_code[begin + pair]
                and pool_source[first + pair] == pool_source[begin + pair]
            ):
                pair += 1
            if pair == end - begin:
                return slot
        slot = (slot + np.uint64(1)) & mask
    return slot


@njit(cache=True, nogil=True)
def walk(
    progress, trie, byte_class, tables, after, map_offset, map_hash, slots, pool_source, pool_code, path, map_of_node
):
    """Walk the trie; resumable.

    Args:
        progress: [2] int64: the node to go on at, the number of maps.
        trie: (byte, depth, skip) arrays, see :class:`latticework.tokens.trie.Trie`.
        byte_class: [256] int64.
        tables: (next_state [S, K] int32, operation [S, K] uint8, levels [S] int32, low, high [S, 2] int32).
        after: [M, K] int32, the memo: map after (map, byte class), UNKNOWN or DEAD.
        map_offset: [M + 1] int64 into the pools; map_hash: [M] uint64.
        slots: [power of two > 2 M] int32 hash table of maps, -1 where free; filled here.
        pool_source: [P] int32; pool_code: [P] int64. Map 0, the identity, is there at the start.
        path: [depth + 1] int32, map per trie depth; path[0] is 0.
        map_of_node: [N] int32, out; DEAD at the start.

    Returns: DONE, or which pool is full, or UNITS_EXCEEDED.
    """
    byte, depth, skip = trie
    nodes = len(byte)
    node, maps = progress[0], progress[1]
    for known in range(maps):
        slot = map_hash[known] & np.uint64(len(slots) - 1)
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & np.uint64(len(slots) - 1)
        slots[slot] = known
    status = DONE
    while node < nodes:
        level = depth[node]
        before = path[level]
        letter = byte_class[byte[node]]
        reached = after[before, letter]
        if reached == UNKNOWN:
            begin, end = map_offset[before], map_offset[before + 1]
            out = map_offset[maps]
            if maps + 1 >= len(after):
                status = MAPS_FULL
                break
            if out + end - begin > len(pool_source):
                status = PAIRS_FULL
                break
            stop, digest = image(begin, end, out, letter, pool_source, pool_code, tables)
            if stop < 0:
                status = UNITS_EXCEEDED
                break
            if stop == out:
                reached = DEAD
            else:
                slot = find_map(digest, out, stop, slots, map_hash, map_offset, pool_source, pool_code)
                reached = slots[slot]
                if reached < 0:
                    reached = maps
                    slots[slot] = maps
                    map_hash[maps] = digest
                    after[maps] = UNKNOWN
                    maps += 1
                    map_offset[maps] = stop
            after[before, letter] = reached
        if reached < 0:
            node = skip[node]
        else:
            path[level + 1] = reached
            map_of_node[node] = reached
            node += 1
    progress[0], progress[1] = node, maps
    return status


@njit(cache=True, nogil=True)
def number_classes(map_of_node, node_of_token, class_of_map, class_of_token):
    """Number densely, in the order of first use, the maps that are some token's; returns how many.

    class_of_map: [M] int32, -1 at the start; class_of_token: [V] int32, out.
    """
    classes = 0
    for token in range(len(node_of_token)):
        node = node_of_token[token]
        reached = map_of_node[node] if node >= 0 else DEAD
        if reached < 0:
            class_of_token[token] = -1
            continue
        known = class_of_map[reached]
        if known < 0:
            known = classes
            class_of_map[reached] = known
            classes += 1
        class_of_token[token] = known
    return classes


@njit(cache=True, nogil=True)
def group_by_source(map_of_class, states, map_offset, pool_source, pool_code):
    """Sort the pairs of all classes by source state; a counting sort, so classes ascend within a source.

    map_of_class: [A] int32. Returns source_offset [S + 1] int64, then per sorted pair its code int64 [P],
    class int32 [P] and number int32 [P] in class order, and the source per class-order pair int32 [P].
    """
    source_offset = np.zeros(states + 1, np.int64)
    for known in map_of_class:
        for entry in range(map_offset[known], map_offset[known + 1]):
            source_offset[pool_source[entry] + 1] += 1
    for state in range(states):
        source_offset[state + 1] += source_offset[state]
    total = source_offset[states]
    cursor = source_offset[:states].copy()
    code = np.empty(total, np.int64)
    token_class = np.empty(total, np.int32)
    number = np.empty(total, np.int32)
    pair_source = np.empty(total, np.int32)
    pair = 0
    for index in range(len(map_of_class)):
        known = map_of_class[index]
        for entry in range(map_offset[known], map_offset[known + 1]):
            source = pool_source[entry]
            place = cursor[source]
            cursor[source] = place + 1
            code[place] = pool_code[entry]
            token_class[place] = index
            number[place] = pair
            pair_source[pair] = source
            pair += 1
    return source_offset, code, token_class, number, pair_source


@njit(cache=True, nogil=True)
def group_edges(source_offset, code, token_class, number):
    """Make an edge of the pairs with one source and one code.

    Returns edge_offset [S + 1] int32, edge_code [E] int64, edge_hash [E] uint64 over the edge's classes,
    class_offset [E + 1] int64 and edge_class [P] int32 (ascending classes per edge), pair_edge [P] int32.
    """
    states, pairs = len(source_offset) - 1, len(code)
    edge_offset = np.zeros(states + 1, np.int32)
    edge_code = np.empty(pairs, np.int64)
    edge_hash = np.zeros(pairs, np.uint64)
    class_offset = np.zeros(pairs + 1, np.int64)
    edge_class = np.empty(pairs, np.int32)
    pair_edge = np.empty(pairs, np.int32)
    edge_of = np.empty(pairs, np.int32)
    cursor = np.empty(pairs, np.int64)
    # Edges of the source at hand by target state, chained where codes differ in their counts only.
    latest_to = np.full(states, -1, np.int32)
    previous = np.empty(pairs, np.int32)
    edges = 0
    for source in range(states):
        begin, end, first = source_offset[source], source_offset[source + 1], edges
        for place in range(begin, end):
            target = code[place] & STATE_MASK
            edge = latest_to[target]
            while edge >= first and edge_code[edge] != code[place]:
                edge = previous[edge]
            if edge < first:
                edge = edges
                edges += 1
                edge_code[edge] = code[place]
                previous[edge] = latest_to[target]
                latest_to[target] = edge
            edge_of[place] = edge
            class_offset[edge + 1] += 1
            edge_hash[edge] += mix(token_class[place] + 1)
        for edge in range(first, edges):
            cursor[edge] = class_offset[edge]
            class_offset[edge + 1] += class_offset[edge]
        for place in range(begin, end):
            edge = edge_of[place]
            edge_class[cursor[edge]] = token_class[place]
            cursor[edge] += 1
            pair_edge[number[place]] = edge
        edge_offset[source + 1] = edges
    return edge_offset, edge_code[:edges], edge_hash[:edges], class_offset[: edges + 1], edge_class, pair_edge


@njit(cache=True, nogil=True)
def intern_labels(edge_hash, class_offset, edge_class, slots):
    """Give edges with the same classes one label.

    slots: [power of two > E] int32, -1. Returns edge_label [E] int32, label_offset [L + 1] int32, label_class int32.
    """
    edges, mask = len(edge_hash), np.uint64(len(slots) - 1)
    edge_label = np.empty(edges, np.int32)
    example = np.empty(edges, np.int32)
    label_offset = np.zeros(edges + 1, np.int32)
    label_class = np.empty(len(edge_class), np.int32)
    labels = 0
    for edge in range(edges):
        begin, size = class_offset[edge], class_offset[edge + 1] - class_offset[edge]
        slot = edge_hash[edge] & mask
        label = slots[slot]
        while label >= 0:
            first = label_offset[label]
            if edge_hash[example[label]] == edge_hash[edge] and label_offset[label + 1] - first == size:
                same = 0
                while same < size and label_class[first + same] == edge_class[begin + same]:
                    same += 1
                if same == size:
                    break
            slot = (slot + np.uint64(1)) & mask
            label = slots[slot]
        if label < 0:
            label = labels
            labels += 1
            slots[slot] = label
            example[label] = edge
            first = label_offset[label]
            for entry in range(size):
                label_class[first + entry] = edge_class[begin + entry]
            label_offset[labels] = first + size
        edge_label[edge] = label
    return edge_label, label_offset[: labels + 1], label_class[: label_offset[labels]]
