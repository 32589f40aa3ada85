"""The lexical graph of a canvas: nodes at which a lexeme begins, edges that are the lexemes.

A lexeme that begins in a gap begins at one node of the graph: one for the whole gap (level ``GAP``), one for its slot
(``SLOT``), or one for the slot and the word-graph node behind the lexeme before it (``WORD``). Only the last is exact;
the others merge nodes, so their graphs have more texts, never fewer.

Where ignored text stands before a lexeme in or at a gap, an edge without a lexeme (a *skip*) leads to the node behind
it, so that what may follow is listed once.

Keys of nodes ascend with the text: ``offset << 33 | 1 << 32 | lexer state`` in fixed text; in a gap
``offset << 33 | slot << 18 | place``, where the slot counts from the gap's first and the place orders a slot's nodes.
All sets are rows of 64-bit words.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import ALLOCATING, HELPER, KERNEL
from latticework.lattice.chart.kernels_rows import lowest_one
from latticework.lattice.chart.kernels_sweep import add, clear, has, is_empty, merge, union

GAP, SLOT, WORD = range(3)  # levels of a gap
INTO, WITHIN, OUT_OF = range(3)  # how a lexeme passes a gap
START = np.int64(-1)
BEFORE_END = np.int64(1) << 62  # the last lexeme has ended with the text
END = BEFORE_END + 1
OFFSET_SHIFT, SLOT_SHIFT = 33, 18
FIXED = np.int64(1) << 32
PLACE_MASK = np.int64((1 << SLOT_SHIFT) - 1)
SLOT_MASK = np.int64((1 << 32 - SLOT_SHIFT) - 1)
MAX_SLOTS = 1 << 32 - SLOT_SHIFT
_ONE = np.uint64(1)


@njit(**HELPER)
def _finish(tables, states, kinds, keys, size):
    """Edges of a lexeme pending in one of the states with which the text ends."""
    for word in range(len(states)):
        bits = states[word]
        while bits:
            state = (word << 6) + lowest_one(bits)
            bits &= bits - _ONE
            if tables.may_end[state]:
                kinds[size], keys[size] = len(tables.start_after), END
                size += 1
            if 0 <= tables.accept_class[state] < tables.ignored:
                kinds[size], keys[size] = tables.accept_class[state], BEFORE_END
                size += 1
    return size


@njit(**HELPER)
def _follow_node(tables, node, at, slot, kinds, keys, size):
    """Edges of a word-graph node in a slot, to exact nodes."""
    for edge in range(tables.edge_offset[node], tables.edge_offset[node + 1]):
        kinds[size] = tables.edge_class[edge]
        place = np.int64(tables.rank[tables.edge_target[edge]])
        keys[size] = (np.int64(at) << OFFSET_SHIFT) | (np.int64(slot) << SLOT_SHIFT) | place
        size += 1
    return size


@njit(**HELPER)
def _follow_set(found, key, kinds, keys, size):
    """Edges of all classes of a set to one node."""
    for word in range(len(found)):
        bits = found[word]
        while bits:
            kinds[size], keys[size] = (word << 6) + lowest_one(bits), key
            bits &= bits - _ONE
            size += 1
    return size


@njit(**HELPER)
def _skip_to(tables, states, key, state_bits, kinds, keys, size):
    """Skips of lexemes in ``states`` of which nothing stands yet, to one node or, by state, to nodes behind ``key``."""
    for word in range(len(states)):
        bits = states[word] & tables.starts[word]
        states[word] &= ~tables.starts[word]
        while bits:
            state = (word << 6) + lowest_one(bits)
            bits &= bits - _ONE
            kinds[size], keys[size] = len(tables.start_after) + 1, key + np.int64(state if state_bits else 0)
            size += 1
    return size


@njit(**HELPER)
def cross(tables, gaps, gap, first, level, states, after, found, kinds, keys, size):
    """Edges of lexemes pending in ``states`` before a slot of a gap that end in the gap or with the text in it.

    Returns their number; ``states`` are then those behind the gap. -1 if there are more edges than fit.
    """
    at = gaps.at[gap]
    may_end = gaps.open_end and gap == len(gaps.at) - 1
    for slot in range(first, gaps.slots[gap]):
        if size + 2 * 64 * len(states) + 64 * len(found) > len(kinds):
            return -1
        if may_end:
            size = _finish(tables, states, kinds, keys, size)
        key = (np.int64(at) << OFFSET_SHIFT) | (np.int64(slot if level != GAP else 0) << SLOT_SHIFT)
        clear(after)
        # Skips lead to nodes that states share: what stays as it is, by a filler, is not behind them.
        for word in range(len(states)):
            bits = states[word] & tables.starts[word]
            while bits:
                state = (word << 6) + lowest_one(bits)
                bits &= bits - _ONE
                if has(tables.stay[state], state):
                    add(after, state)
        if level == WORD:
            for word in range(len(states)):
                bits = states[word] & tables.starts[word]
                states[word] &= ~tables.starts[word]
                while bits:
                    root = tables.root[(word << 6) + lowest_one(bits)]
                    bits &= bits - _ONE
                    kinds[size], keys[size] = len(tables.start_after) + 1, key | np.int64(tables.rank[root])
                    size += 1
            for word in range(len(states)):
                bits = states[word]
                while bits:
                    root = tables.root[(word << 6) + lowest_one(bits)]
                    bits &= bits - _ONE
                    if size + 64 * len(found) > len(kinds):
                        return -1
                    size = _follow_node(tables, root, at, slot, kinds, keys, size)
        else:
            size = _skip_to(tables, states, key, False, kinds, keys, size)
            clear(found)
            union(found, states, tables.first)
            size = _follow_set(found, key, kinds, keys, size)
        union(after, states, tables.stay)
        for word in range(len(states)):
            states[word] = after[word]
        if is_empty(states):
            break
    return _finish(tables, states, kinds, keys, size) if may_end else size


@njit(**HELPER)
def _leave(tables, gaps, key, gap, level, states, after, found, kinds, keys):
    """Edges from a node in a gap; ``states``, then, hold what is pending behind the gap. -1 if they do not fit."""
    slot = (key >> SLOT_SHIFT) & SLOT_MASK
    row = gaps.row[gap] + slot
    clear(found)
    size = 0
    if level == GAP:
        size = _follow_set(gaps.classes[gap], key, kinds, keys, size)
        merge(states, gaps.begun[row + gaps.slots[gap]])
        if gaps.open_end and gap == len(gaps.at) - 1:
            for other in range(row + 1, row + gaps.slots[gap]):
                merge(states, gaps.begun[other])
        return cross(tables, gaps, gap, gaps.slots[gap], level, states, after, found, kinds, keys, size)
    if level == SLOT:
        union(states, gaps.inside[row], tables.node_end)
        union(found, gaps.inside[row], tables.node_class)
        size = _follow_set(found, key, kinds, keys, size)
    else:
        node = tables.by_rank[key & PLACE_MASK]
        merge(states, tables.node_end[node])
        size = _follow_node(tables, node, gaps.at[gap], slot, kinds, keys, size)
    return cross(tables, gaps, gap, slot + 1, level, states, after, found, kinds, keys, size)


@njit(**HELPER)
def _run(tables, text, offset, stop, states, after, found, kinds, keys, size):
    """Edges of lexemes pending in ``states`` before a byte that end in the text before ``stop``.

    Returns their number; ``states`` are then those pending at ``stop``. -1 if there are more edges than fit.
    """
    while offset < stop and not is_empty(states):
        byte = text[offset]
        clear(after)
        clear(found)
        for word in range(len(states)):
            bits = states[word]
            while bits:
                state = (word << 6) + lowest_one(bits)
                bits &= bits - _ONE
                going_on = tables.next_state[state, byte]
                if going_on >= 0:
                    add(after, going_on)
                kind = tables.split_class[state] if going_on >= 0 else tables.accept_class[state]
                if kind >= 0 and tables.next_state[tables.start_after[kind], byte] >= 0:
                    add(found, kind)
        if size + 64 * len(found) > len(kinds):
            return -1
        for word in range(len(found)):
            bits = found[word]
            while bits:
                kind = (word << 6) + lowest_one(bits)
                bits &= bits - _ONE
                kinds[size] = kind
                keys[size] = (np.int64(offset) << OFFSET_SHIFT) | FIXED | np.int64(tables.start_after[kind])
                size += 1
        for word in range(len(states)):
            states[word] = after[word]
        offset += 1
    return size


@njit(**HELPER)
def onward(tables, gaps, levels, offset, gap, is_behind_gap, states, after, found, kinds, keys, size):
    """All edges of a lexeme pending in ``states`` before a byte, and the next gap: how many there are, or -1."""
    while size >= 0 and not is_empty(states):
        stop = gaps.at[gap] if gap < len(gaps.at) else len(gaps.text)
        if is_behind_gap and offset < stop:
            if size + 64 * len(states) > len(kinds):
                return -1
            key_behind = (np.int64(offset) << OFFSET_SHIFT) | FIXED
            size = _skip_to(tables, states, key_behind, True, kinds, keys, size)
        size = _run(tables, gaps.text, offset, stop, states, after, found, kinds, keys, size)
        if size < 0 or is_empty(states):
            break
        if gap == len(gaps.at):
            if size + 2 * 64 * len(states) > len(kinds):
                return -1
            return _finish(tables, states, kinds, keys, size)
        size = cross(tables, gaps, gap, 0, levels[gap], states, after, found, kinds, keys, size)
        offset, is_behind_gap = stop, True
        gap += 1
    return size


@njit(**HELPER)
def _edges_of(tables, gaps, levels, key, own, states, after, found, kinds, keys):
    """All edges of a node: their number, or -1 if they do not fit; ``own`` is the gap of the node or -1."""
    clear(states)
    size, offset, gap = 0, 0, 0  # the lexeme is pending before this byte, and this is the next gap
    is_behind_gap = own >= 0
    if own >= 0:
        size = _leave(tables, gaps, key, own, levels[own], states, after, found, kinds, keys)
        offset, gap = gaps.at[own], own + 1
    elif key == BEFORE_END:
        kinds[0], keys[0] = len(tables.start_after), END
        return 1
    elif key == START:
        add(states, 0)
    elif key != END:
        offset = key >> OFFSET_SHIFT
        gap = np.searchsorted(gaps.at, offset + 1)
        add(states, key & (FIXED - 1))
    return onward(tables, gaps, levels, offset, gap, is_behind_gap, states, after, found, kinds, keys, size)


@njit(**HELPER)
def gap_of(gaps, key):
    """The gap that a key is in, -1 for none."""
    if key < 0 or key >= BEFORE_END or key & FIXED:
        return -1
    return np.searchsorted(gaps.at, key >> OFFSET_SHIFT)


@njit(**HELPER)
def _node_of(key, index, keys, nodes):
    """Number of the node with a key, ``nodes`` if it is new, in a table of hashes; keys are compared."""
    mask = len(index) - 1
    at = np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(24)) & mask
    while index[at] >= 0:
        if keys[index[at]] == key:
            return index[at]
        at = (at + 1) & mask
    index[at] = nodes
    keys[nodes] = key
    return nodes


@njit(**ALLOCATING)
def build_graph(tables, gaps, levels, keep, begin, stop, index, keys, edges, room):
    """Nodes that can be reached from a node, which is node 0, and their edges, some of them twice.

    Args:
        gaps: swept.
        begin, stop: keys; from ``stop`` on, nodes have no edges.
        levels: [G] of the gaps.
        keep: [G, 3, classes] uint64: lexemes that may lead into a gap, within it and out of it.
        index: [power of two, at least twice the length of ``keys``] int32, -1.
        keys: [M] int64, written.
        edges: [3, E] int32, written: source, class (as many as there are classes for the end, one more for a skip),
            target.
        room: most edges of a node.

    Returns:
        How many nodes and edges there are; -1 nodes if there are more than fit, -1 edges likewise.
    """
    states = np.zeros(gaps.reached.shape[1], np.uint64)
    after = np.zeros(gaps.reached.shape[1], np.uint64)
    found = np.zeros(gaps.classes.shape[1], np.uint64)
    kinds = np.empty(room, np.int32)
    targets = np.empty(room, np.int64)
    end = len(tables.start_after)
    _node_of(begin, index, keys, 0)
    nodes, size, source = 1, 0, 0
    while source < nodes:
        if keys[source] >= stop:
            source += 1
            continue
        own = gap_of(gaps, keys[source])
        count = _edges_of(tables, gaps, levels, keys[source], own, states, after, found, kinds, targets)
        if count < 0 or size + count > edges.shape[1]:
            return nodes, -1
        for at in range(count):
            kind, gap = kinds[at], gap_of(gaps, targets[at])
            if tables.ignored <= kind < end:
                kind = end + 1
            if kind == end + 1 and targets[at] == keys[source]:
                continue
            if kind < end and own >= 0 and not has(keep[own, WITHIN if gap == own else OUT_OF], kind):
                continue
            if kind < end and gap >= 0 and gap != own and not has(keep[gap, INTO], kind):
                continue
            if nodes >= len(keys):
                return -1, size
            target = _node_of(targets[at], index, keys, nodes)
            nodes += target == nodes
            edges[0, size], edges[1, size], edges[2, size] = source, kind, target
            size += 1
        source += 1
    return nodes, size


@njit(**KERNEL)
def mark_leading(first, target, leads):
    """Nodes that lead to those marked; edges of a node are ``first[node] : first[node + 1]``, to no smaller ones."""
    for node in range(len(leads) - 1, -1, -1):
        for edge in range(first[node], first[node + 1]):
            if leads[target[edge]]:
                leads[node] = True
                break
