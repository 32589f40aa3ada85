"""Numba kernels that turn the maps of token classes into the edges and labels of the token automaton.

Sources are *ranks* here (see :mod:`latticework.tokens.lifting`): states that have no default come first. The edges of
these are grouped from their pairs; those of the others are the edges of the default, changed by the few classes
for which the two differ.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import HELPER, KERNEL
from latticework.tokens.kernels import mix


@njit(**KERNEL)
def sort_by_source(map_of_class, map_offset, pool_source, pool_code, source_offset, cursor, code, token_class):
    """Counting sort of the pairs of all classes by source; classes ascend within a source.

    Args:
        map_of_class: [A] int32; map_offset, pool_source, pool_code: as :func:`latticework.tokens.kernels.walk` left
            them.
        source_offset: [S + 1] int64, zeros; out.
        cursor: [S] int64, scratch.
        code, token_class: [P] int64, int32, out, per sorted pair.
    """
    for index in range(len(map_of_class)):
        known = map_of_class[index]
        for entry in range(map_offset[known], map_offset[known + 1]):
            source_offset[pool_source[entry] + 1] += 1
    for state in range(len(cursor)):
        cursor[state] = source_offset[state]
        source_offset[state + 1] += source_offset[state]
    for index in range(len(map_of_class)):
        known = map_of_class[index]
        for entry in range(map_offset[known], map_offset[known + 1]):
            place = cursor[pool_source[entry]]
            cursor[pool_source[entry]] = place + 1
            code[place] = pool_code[entry]
            token_class[place] = index


@njit(**KERNEL)
def group_edges(
    source_offset,
    code,
    token_class,
    latest,
    previous,
    cursor,
    edge_offset,
    edge_code,
    edge_hash,
    class_offset,
    edge_class,
):
    """Make one edge of the pairs with one source and one code; returns the number of edges E.

    Args:
        source_offset: [R + 1], code, token_class: as :func:`sort_by_source` left them, for sources without default.
        latest: [power of two] int32, all -1: scratch, heads of the hash chains of the source at hand.
        previous, cursor: [P] int32, int64, scratch. ``code`` is overwritten, with the edge of each sorted pair.
        edge_offset: [R + 1] int32, zeros; out.
        edge_code, edge_hash: [P] int64, [P] uint64 zeros; out; the hash is over the edge's classes.
        class_offset, edge_class: [P + 1] int64 zeros, [P] int32, out: classes per edge, ascending.
    """
    edges = 0
    mask = np.uint64(len(latest) - 1)
    for source in range(len(source_offset) - 1):
        begin, end, first = source_offset[source], source_offset[source + 1], edges
        for place in range(begin, end):
            slot = mix(code[place]) & mask
            edge = latest[slot]
            # An edge below ``first`` is another source's and ends the chain.
            while edge >= first and edge_code[edge] != code[place]:
                edge = previous[edge]
            if edge < first:
                edge = edges
                edges += 1
                edge_code[edge] = code[place]
                previous[edge] = latest[slot]
                latest[slot] = edge
            code[place] = edge
            class_offset[edge + 1] += 1
            edge_hash[edge] += mix(token_class[place] + 1)
        for edge in range(first, edges):
            cursor[edge] = class_offset[edge]
            class_offset[edge + 1] += class_offset[edge]
        for place in range(begin, end):
            edge = code[place]
            edge_class[cursor[edge]] = token_class[place]
            cursor[edge] += 1
        edge_offset[source + 1] = edges
    return edges


@njit(**HELPER)
def _label_of(digest, classes, begin, size, labels, slots, label_hash, label_offset, label_class):
    """The label with the ``size`` classes from ``begin`` on; ``labels`` if there is none: then it is made."""
    mask = np.uint64(len(slots) - 1)
    slot = digest & mask
    label = slots[slot]
    while label >= 0:
        first = label_offset[label]
        if label_hash[label] == digest and label_offset[label + 1] - first == size:
            same = 0
            while same < size and label_class[first + same] == classes[begin + same]:
                same += 1
            if same == size:
                return label
        slot = (slot + np.uint64(1)) & mask
        label = slots[slot]
    slots[slot] = labels
    label_hash[labels] = digest
    first = label_offset[labels]
    for entry in range(size):
        label_class[first + entry] = classes[begin + entry]
    label_offset[labels + 1] = first + size
    return np.int32(labels)


@njit(**KERNEL)
def intern_labels(edge_hash, class_offset, edge_class, slots, label_hash, edge_label, label_offset, label_class):
    """Give edges with the same classes one label; returns the number of labels L.

    Args:
        edge_hash, class_offset, edge_class: as :func:`group_edges` left them, E edges.
        slots: [power of two > labels ever] int32 hash table of labels, all -1.
        label_hash: [labels ever] uint64, out.
        edge_label, label_offset, label_class: [E], [labels ever + 1] zeros, [>= P] int32, out.
    """
    labels = 0
    for edge in range(len(edge_hash)):
        begin, size = class_offset[edge], class_offset[edge + 1] - class_offset[edge]
        label = _label_of(
            edge_hash[edge], edge_class, begin, size, labels, slots, label_hash, label_offset, label_class
        )
        edge_label[edge] = label
        if label == labels:
            labels += 1
    return labels


@njit(**HELPER)
def _index_default(root, edge_offset, edge_code, edge_label, label_offset, label_class, latest, previous, head, chain):
    """Chains to find the edges of a default by code and by class; earlier defaults had smaller edges."""
    mask = np.uint64(len(latest) - 1)
    for kind in range(len(head)):
        head[kind] = -1
    place = 0
    for edge in range(edge_offset[root], edge_offset[root + 1]):
        slot = mix(edge_code[edge]) & mask
        previous[edge] = latest[slot]
        latest[slot] = edge
        for entry in range(label_offset[edge_label[edge]], label_offset[edge_label[edge] + 1]):
            kind = label_class[entry]
            chain[0, place] = edge
            chain[1, place] = head[kind]
            head[kind] = place
            place += 1
    return place


@njit(**HELPER)
def _compare(
    begin, end, first, last, code, token_class, edge_code, latest, previous, head, chain, change, local, extra
):
    """Note, by edge of a default (``first..last``), what a source changes; returns the number of edges with new ones.

    ``code`` of every pair of the source becomes the edge it adds a class to, -1 for none.
    """
    count = last - first
    for edge in range(count):
        change[edge] = 0
        local[0, edge] = local[1, edge] = 0
    mask = np.uint64(len(latest) - 1)
    seen = -1
    for pair in range(begin, end):
        kind = token_class[pair]
        if kind != seen:
            seen = kind
            place = head[kind]
            while place >= 0:
                edge = chain[0, place] - first
                change[edge] -= mix(kind + 1)
                local[0, edge] += 1
                place = chain[1, place]
        if code[pair] < 0:
            continue
        edge = latest[mix(code[pair]) & mask]
        while edge >= first and edge_code[edge] != code[pair]:
            edge = previous[edge]
        if edge < first:
            edge = last
            while edge - first < count and extra[edge - last] != code[pair]:
                edge += 1
            if edge - first == count:
                extra[edge - last] = code[pair]
                change[count] = 0
                local[0, count] = local[1, count] = 0
                count += 1
        change[edge - first] += mix(kind + 1)
        local[1, edge - first] += 1
        code[pair] = edge - first
    return count


@njit(**KERNEL)
def derive_edges(
    progress,
    root_of,
    source_offset,
    code,
    token_class,
    latest,
    previous,
    head,
    chain,
    change,
    local,
    extra,
    added,
    classes,
    slots,
    label_hash,
    edge_offset,
    edge_code,
    edge_hash,
    edge_label,
    label_offset,
    label_class,
):
    """Edges of the sources that have a default: those of the default without the classes for which the two differ, and
    with what the source itself does with these. Resumable.

    Args:
        progress: [3] int64: the rank to go on at, the numbers of edges and of labels.
        root_of: [S] int32, rank of the default; ascending over the sources that have one.
        source_offset, code, token_class: as :func:`sort_by_source` left them; a negative code is no move. ``code`` is
            overwritten for sources that are done.
        latest, previous: as in :func:`group_edges`, all -1 and [E] int32.
        head: [A] int32; chain: [2, pairs of one default] int32: scratch, the edges each class takes from the default.
        change: [local] uint64; local: [3, local] int64; extra: [local] int64; added: [local] int32: scratch; ``local``
            is as many as a default has edges and a source has pairs.
        classes: [A] int32, scratch.
        slots, label_hash, label_offset, label_class: as :func:`intern_labels` left them, with room for more.
        edge_offset: [S + 1] int32, edge_code, edge_hash, edge_label: [E] int64, uint64, int32, filled up to the first
            rank; out.

    Returns:
        Whether it is done; otherwise ``label_class`` is full.
    """
    edges, labels = progress[1], progress[2]
    root, taken = np.int64(-1), np.int64(0)
    for rank in range(progress[0], len(root_of)):
        begin, end = source_offset[rank], source_offset[rank + 1]
        if root_of[rank] != root:
            root = np.int64(root_of[rank])
            taken = _index_default(
                root, edge_offset, edge_code, edge_label, label_offset, label_class, latest, previous, head, chain
            )
        first, last = np.int64(edge_offset[root]), np.int64(edge_offset[root + 1])
        if label_offset[labels] + taken + end - begin > len(label_class):
            progress[0], progress[1], progress[2] = rank, edges, labels
            return False
        count = _compare(
            begin, end, first, last, code, token_class, edge_code, latest, previous, head, chain, change, local, extra
        )
        place = np.int64(0)
        for edge in range(count):
            local[2, edge] = place
            place += local[1, edge]
        seen = -1
        for pair in range(begin, end):
            # A class that is new to the source marks its chain as taken away: ``head`` is restored below.
            kind = token_class[pair]
            if kind != seen:
                seen = kind
                head[kind] = -2 - head[kind]
            if code[pair] >= 0:
                added[local[2, code[pair]]] = kind
                local[2, code[pair]] += 1
        for edge in range(count):
            size = local[1, edge] - local[0, edge]
            digest, label = change[edge], np.int32(-1)
            if edge < last - first:
                label = edge_label[first + edge]
                size += label_offset[label + 1] - label_offset[label]
                digest += edge_hash[first + edge]
            if local[0, edge] or local[1, edge]:
                if size == 0:
                    continue
                at, stop, out = local[2, edge] - local[1, edge], local[2, edge], 0
                if edge < last - first:
                    for entry in range(label_offset[label], label_offset[label + 1]):
                        kind = label_class[entry]
                        if head[kind] >= -1:
                            while at < stop and added[at] < kind:
                                classes[out] = added[at]
                                out += 1
                                at += 1
                            classes[out] = kind
                            out += 1
                while at < stop:
                    classes[out] = added[at]
                    out += 1
                    at += 1
                label = _label_of(digest, classes, 0, size, labels, slots, label_hash, label_offset, label_class)
                if label == labels:
                    labels += 1
            edge_code[edges] = edge_code[first + edge] if edge < last - first else extra[edge - (last - first)]
            edge_hash[edges] = digest
            edge_label[edges] = label
            edges += 1
        seen = -1
        for pair in range(begin, end):
            kind = token_class[pair]
            if kind != seen:
                seen = kind
                head[kind] = -2 - head[kind]
        edge_offset[rank + 1] = edges
    progress[0], progress[1], progress[2] = len(root_of), edges, labels
    return True


@njit(**KERNEL)
def order_edges(rank_of, rank_offset, rank_code, rank_label, edge_offset, edge_code, edge_label):
    """Edges by rank to edges by state.

    Args:
        rank_of: [S] int32; rank_offset, rank_code, rank_label: [S + 1] int32, [E] int64, [E] int32.
        edge_offset, edge_code, edge_label: the same by state, out; ``edge_offset[0]`` is 0.
    """
    out = 0
    for state in range(len(rank_of)):
        rank = rank_of[state]
        for edge in range(rank_offset[rank], rank_offset[rank + 1]):
            edge_code[out] = rank_code[edge]
            edge_label[out] = rank_label[edge]
            out += 1
        edge_offset[state + 1] = out
