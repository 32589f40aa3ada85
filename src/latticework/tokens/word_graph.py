"""The words of a free slot as one acyclic automaton for all states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latticework.tokens import kernels_word_graph
from latticework.tokens.grouping import doubled, free_slots
from latticework.tokens.readings import Sources, Words

_FIRST_NODES = 1 << 11


def word_graph(sources: Sources, words: Words) -> dict[str, NDArray]:
    """``root``, ``end_offset``, ``end_state``, ``edge_offset``, ``edge_class`` and ``edge_target`` of the tables.

    Cost: linear in the words of all sources.
    """
    states = len(sources.begin)
    deepest = int(words.depth.max())
    root = np.zeros(states, np.int32)
    nodes, ends, edges = _FIRST_NODES, _FIRST_NODES, _FIRST_NODES
    progress = np.zeros(2, np.int64)
    node_hash = np.zeros(nodes, np.uint64)
    end_offset, edge_offset = np.zeros(nodes + 1, np.int32), np.zeros(nodes + 1, np.int32)
    end_state, edge_class, edge_target = np.empty(ends, np.int32), np.empty(edges, np.int32), np.empty(edges, np.int32)
    path, open_word = np.zeros(deepest + 1, np.int32), np.zeros(deepest + 1, np.int32)
    open_end, open_edge = np.zeros((deepest + 1, 2), np.int64), np.zeros(deepest + 2, np.int64)
    edges_class, edges_target = np.empty_like(words.parent), np.empty_like(words.parent)
    leaf = np.full(states, -1, np.int32)
    while not kernels_word_graph.build_graph(
        progress,
        *sources,
        words.parent,
        words.last,
        words.depth,
        path,
        open_word,
        open_end,
        open_edge,
        edges_class,
        edges_target,
        leaf,
        free_slots(len(node_hash)),
        node_hash,
        end_offset,
        end_state,
        edge_offset,
        edge_class,
        edge_target,
        root,
    ):
        node_hash, end_offset, edge_offset, end_state, edge_class, edge_target = map(
            doubled, (node_hash, end_offset, edge_offset, end_state, edge_class, edge_target)
        )
    nodes = int(progress[1])
    ends, edges = int(end_offset[nodes]), int(edge_offset[nodes])
    return {
        "root": root,
        "end_offset": end_offset[: nodes + 1].copy(),
        "end_state": end_state[:ends].copy(),
        "edge_offset": edge_offset[: nodes + 1].copy(),
        "edge_class": edge_class[:edges].copy(),
        "edge_target": edge_target[:edges].copy(),
    }
