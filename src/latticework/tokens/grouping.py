"""Maps of token classes to the edges and labels of a token automaton."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latticework.tokens import kernels_edges as kernels

Edges = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]

_CHAINS = 1 << 12
_FIRST_LABEL_CLASSES = 1 << 16


def group(
    map_of_class: NDArray[np.int32],
    map_offset: NDArray[np.int64],
    pool_source: NDArray[np.int32],
    pool_code: NDArray[np.int64],
    root_of: NDArray[np.int32],
    rank_of: NDArray[np.int32],
) -> Edges:
    """``edge_offset``, ``edge_code``, ``edge_label``, ``label_offset`` and ``label_class`` of the token automaton.

    Args:
        map_of_class: [A] the map of every class; map_offset, pool_source, pool_code: the maps, see ``kernels.py``.
        root_of, rank_of: see :class:`latticework.tokens.lifting._Ranks`.

    Cost: O(pairs of the maps + edges), and the classes of the edges that differ from those of a default.
    """
    states, roots = len(root_of), int(np.searchsorted(root_of, 0))
    pairs = int((map_offset[map_of_class + 1] - map_offset[map_of_class]).sum())
    source_offset, cursor = np.zeros(states + 1, np.int64), np.empty(max(states, pairs), np.int64)
    code, token_class = np.empty(pairs, np.int64), np.empty(pairs, np.int32)
    kernels.sort_by_source(
        map_of_class, map_offset, pool_source, pool_code, source_offset, cursor[:states], code, token_class
    )
    own = int(source_offset[roots])  # pairs of sources without default
    previous, edge_class = np.empty(own, np.int32), np.empty(own, np.int32)
    offset, codes, hashes = np.zeros(states + 1, np.int32), np.empty(own, np.int64), np.zeros(own, np.uint64)
    class_offset = np.zeros(own + 1, np.int64)
    edges = kernels.group_edges(
        source_offset[: roots + 1], code, token_class, np.full(_CHAINS, -1, np.int32), previous, cursor,
        offset[: roots + 1], codes, hashes, class_offset, edge_class,
    )  # fmt: skip

    root_edges, sizes = np.diff(offset[: roots + 1]), np.diff(source_offset)
    most = edges + int(root_edges[root_of[roots:]].sum()) + pairs - own
    codes, hashes = _longer(codes[:edges], most), _longer(hashes[:edges], most)
    edge_label, label_hash = np.empty(most, np.int32), np.empty(most, np.uint64)
    label_offset, label_class = np.zeros(most + 1, np.int32), np.empty(own + _FIRST_LABEL_CLASSES, np.int32)
    slots = free_slots(most)
    labels = kernels.intern_labels(
        hashes[:edges], class_offset, edge_class, slots, label_hash, edge_label, label_offset, label_class
    )
    progress = np.array([roots, edges, labels], np.int64)
    local = int(root_edges.max(initial=0) + sizes.max(initial=0))
    scratch = (
        np.empty(len(map_of_class), np.int32),
        np.empty((2, int(sizes[:roots].max(initial=0))), np.int32),
        np.empty(local, np.uint64),
        np.empty((3, local), np.int64),
        np.empty(local, np.int64),
        np.empty(local, np.int32),
        np.empty(len(map_of_class), np.int32),
    )
    while not kernels.derive_edges(
        progress, root_of, source_offset, code, token_class, np.full(_CHAINS, -1, np.int32), np.empty(most, np.int32),
        *scratch, slots, label_hash, offset, codes, hashes, edge_label, label_offset, label_class,
    ):  # fmt: skip
        label_class = _longer(label_class, 2 * len(label_class) + 1)

    edges, labels = progress[1:].tolist()
    edge_offset, edge_code, by_state = (
        np.zeros(states + 1, np.int32),
        np.empty(edges, np.int64),
        np.empty(edges, np.int32),
    )
    kernels.order_edges(rank_of, offset, codes, edge_label, edge_offset, edge_code, by_state)
    label_offset = label_offset[: labels + 1].copy()
    return edge_offset, edge_code, by_state, label_offset, label_class[: label_offset[-1]].copy()


def doubled(array: NDArray) -> NDArray:
    """The array with as much room again at the end, unset."""
    return _longer(array, 2 * len(array))


def _longer(array: NDArray, size: int) -> NDArray:
    out = np.empty((size, *array.shape[1:]), array.dtype)
    out[: len(array)] = array
    return out


def free_slots(entries: int) -> NDArray[np.int32]:
    """Hash table at most half full."""
    return np.full(1 << (2 * entries).bit_length(), -1, np.int32)
