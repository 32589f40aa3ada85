"""The vocabulary as a flat byte trie in level order, the shape the lifting walk reads.

Level order (all one-byte prefixes, then all two-byte prefixes, ...) with a parent pointer per node
lets the walk run straight through the nodes: neighbours do not wait for each other, which measured
2.5 times faster than a depth-first walk that skips dead subtrees (131k tokens: 0.3 against 0.8 ms).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_TOKEN_BYTES = 1 << 14


@dataclass(frozen=True, eq=False, slots=True)
class Trie:
    """Immutable. N nodes in level order, node 0 is the empty prefix; V token ids.

    Attributes:
        byte: [N] uint8, last byte of the node's prefix; 0 for the root.
        parent: [N] int32, node of the prefix without its last byte; ascending; 0 for the root.
        node_of_token: [V] int32, the node that spells the token, 0 for ids without bytes. Ids with the
            same bytes share a node.
    """

    byte: NDArray[np.uint8]
    parent: NDArray[np.int32]
    node_of_token: NDArray[np.int32]

    def __post_init__(self) -> None:
        for name in ("byte", "parent", "node_of_token"):
            getattr(self, name).setflags(write=False)

    @property
    def nodes(self) -> int:
        return len(self.byte)

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, bytes."""
        return self.byte.nbytes + self.parent.nbytes + self.node_of_token.nbytes


def build_trie(tokens: Sequence[bytes]) -> Trie:
    """Build the trie of ``tokens``; cost O(bytes) after sorting (131k tokens: about 0.15 s).

    Sorted tokens share with their predecessor exactly the nodes of their common prefix, so a token adds
    one run of nodes, and everything but the sort is array work.

    Raises:
        ValueError: a token is longer than MAX_TOKEN_BYTES.
    """
    ids = [i for i, token in enumerate(tokens) if token]
    ids.sort(key=tokens.__getitem__)
    ordered = [tokens[i] for i in ids]
    length = np.fromiter(map(len, ordered), dtype=np.int64, count=len(ids))
    if length.max(initial=0) > MAX_TOKEN_BYTES:
        raise ValueError(f"a token has {length.max()} bytes; at most {MAX_TOKEN_BYTES} are supported")
    text = np.frombuffer(b"".join(ordered), dtype=np.uint8)
    start = np.cumsum(length) - length
    common = _common_prefixes(text, start, length)

    added = length - common
    last = np.cumsum(added) - 1
    owner = np.repeat(np.arange(len(length)), added)
    depth = np.arange(len(owner)) - (last - added + 1)[owner] + common[owner]

    order = np.argsort(depth, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(1, len(order) + 1)
    byte = np.concatenate([np.zeros(1, np.uint8), text[start[owner] + depth][order]])
    node_of_token = np.zeros(len(tokens), dtype=np.int32)
    # A duplicate adds no node: the last node added so far spells it.
    node_of_token[ids] = place[last]
    return Trie(byte, _parents(depth, order), node_of_token)


def _common_prefixes(text: NDArray[np.uint8], start: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.int64]:
    """[T] int64: bytes each sorted token shares with the token before it; 0 for the first."""
    common = np.zeros(len(length), dtype=np.int64)
    alive = np.arange(1, len(length))
    limit = np.minimum(length[1:], length[:-1])
    depth = 0
    while len(alive):
        alive = alive[limit[alive - 1] > depth]
        alive = alive[text[start[alive] + depth] == text[start[alive - 1] + depth]]
        common[alive] += 1
        depth += 1
    return common


def _parents(depth: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int32]:
    """[N] int32 parents in level order, of nodes given by their depth in preorder.

    A node's parent is the last node before it in preorder that is one level up.
    """
    parent = np.zeros(len(depth) + 1, dtype=np.int32)
    bounds = np.searchsorted(depth[order], np.arange(depth.max(initial=-1) + 2))
    for level in range(1, len(bounds) - 1):
        above, begin, end = bounds[level - 1], bounds[level], bounds[level + 1]
        parent[begin + 1 : end + 1] = above + np.searchsorted(order[above:begin], order[begin:end])
    return parent
