"""Numba kernels that make the graph of the words of a free slot.

The graph is a minimal acyclic automaton, made of sorted words: where a word leaves the path of the one before, the
nodes left behind are complete, and each is looked up among those made so far (Daciuk, Mihov, Watson & Watson,
*Incremental construction of minimal acyclic finite-state automata*, 2000). All states share the nodes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import HELPER, KERNEL
from latticework.tokens.kernels import mix


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
    begin_of,
    end_of,
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
    leaf,
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
        begin_of, end_of: [Q] int64 into the words; word, ends: [P] int32, the distinct words of each source and
            states in which they end, sorted.
        parent, last, depth: [W] int32, see :func:`order_words`.
        path, open_word: [deepest + 1] int32; open_end: [deepest + 1, 2] int64; open_edge: [deepest + 2] int64:
            scratch, the nodes that are not complete.
        edges_class, edges_target: [W] int32 scratch, their edges.
        leaf: [Q] int32, all -1 at the start, the nodes in which words end in one state and none goes on.
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
        at, stop = begin_of[source], end_of[source]
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
                is_leaf = open_edge[top] == open_edge[top + 1] and open_end[top, 1] - open_end[top, 0] == 1
                node = np.int64(leaf[ends[open_end[top, 0]]]) if is_leaf else np.int64(-1)
                if node < 0:
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
                if is_leaf:
                    leaf[ends[open_end[top, 0]]] = node
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
