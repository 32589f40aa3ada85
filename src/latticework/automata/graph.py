"""The builder's scratch graph: byte edges, epsilon edges and scope paths, hash-consed.

A node has byte edges ``(low, high, target, inc)``, epsilon targets, and a *path*: the scopes it lies
in, outer first. Two rules keep counters well defined. A byte edge into a deeper path enters the missing
scopes at 0; an epsilon edge never leads into a deeper path (``enter`` copies the edges to the
shallower path instead), so an epsilon edge can only leave scopes. The levels that a byte edge keeps
are therefore the common prefix of the paths of its two ends.
"""

from __future__ import annotations

from typing import TypeAlias

from latticework.errors import LimitExceeded

Edge: TypeAlias = tuple[int, int, int, int]
Path: TypeAlias = tuple[int, ...]

MERGE_DEPTH = 200


def common_prefix(a: Path, b: Path) -> int:
    """Number of leading scopes that two paths share."""
    shared = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        shared += 1
    return shared


class Graph:
    """Mutable while a grammar is being built, then read by the subset pass."""

    def __init__(self, max_nodes: int) -> None:
        self.max_nodes = max_nodes
        self.edges: list[tuple[Edge, ...]] = []
        self.epsilon: list[tuple[int, ...]] = []
        self.path: list[Path] = []
        self.scope_bounds: list[tuple[int, int]] = []
        self._consed: dict[tuple[tuple[Edge, ...], tuple[int, ...], Path], int] = {}
        self._merged: dict[tuple[int, int], int] = {}
        self._open: set[int] = set()
        self._trie: set[int] = set()
        self.final = self.reserve(())  # stays open: its identity is what accepting means

    def new_scope(self, low: int, high: int) -> int:
        self.scope_bounds.append((low, high))
        return len(self.scope_bounds) - 1

    def reserve(self, path: Path) -> int:
        """A node whose edges come later (loops); see :meth:`complete`."""
        node = self._append((), (), path)
        self._open.add(node)
        return node

    def complete(self, node: int, parts: list[int]) -> None:
        """Make a reserved node the union of ``parts``, copying their edges where that is safe."""
        edges: list[Edge] = []
        epsilon: list[int] = []
        path = self.path[node]
        for part in parts:
            if part not in self._open and self._edges_move(part, path):
                edges += self.edges[part]
                epsilon += self.epsilon[part]
            else:
                epsilon.append(self.from_path(part, path))
        self.edges[node] = tuple(sorted(set(edges)))
        self.epsilon[node] = tuple(dict.fromkeys(e for e in epsilon if e != node))
        self._open.discard(node)

    def node(self, edges: tuple[Edge, ...], path: Path, epsilon: tuple[int, ...] = ()) -> int:
        key = (edges, epsilon, path)
        found = self._consed.get(key)
        if found is None:
            found = self._consed[key] = self._append(edges, epsilon, path)
        return found

    def literal(self, data: bytes, k: int, path: Path) -> int:
        """``data`` followed by ``k``; :meth:`union` merges literals into tries."""
        for byte in reversed(data):
            k = self.node(((byte, byte, k, 0),), path)
            self._trie.add(k)
        return k

    def from_path(self, node: int, path: Path) -> int:
        """``node`` as an epsilon target of a node at ``path``."""
        own = self.path[node]
        if own == path[: len(own)]:
            return node
        if own[: len(path)] != path:
            raise AssertionError("an epsilon edge from one scope straight into another")
        return self.enter(node, path, 0, len(path) + 1)

    def enter(self, node: int, path: Path, inc: int, inside: int) -> int:
        """A node at ``path`` with the first byte edges of ``node``, each counting ``inc`` more.

        The scopes between ``path`` and ``node`` are entered at 0; a way that leaves one of them before
        a byte was read exists only if the scope admits 0. Nodes in fewer than ``inside`` scopes are
        outside of the body that is entered: they stay epsilon targets. Within the body no open node may
        be reached without reading a byte: bodies that can be empty are never repeated symbolically.
        """
        edges: dict[Edge, None] = {}
        epsilon: list[int] = []
        seen: set[int] = set()
        stack = [node]
        while stack:
            at = stack.pop()
            if at in seen:
                continue
            if at in self._open:
                raise AssertionError("entered an open node")
            seen.add(at)
            own = self.path[at]
            for target in self.epsilon[at]:
                if self._leaves_at_zero(own, self.path[target], len(path)):
                    (stack if len(self.path[target]) >= inside else epsilon).append(target)
            for low, high, target, op in self.edges[at]:
                if self._leaves_at_zero(own, self.path[target], len(path)):
                    edges[(low, high, target, op | inc)] = None
        return self.node(tuple(sorted(edges)), path, tuple(sorted(set(epsilon))))

    def _leaves_at_zero(self, own: Path, target: Path, entered_from: int) -> bool:
        kept = common_prefix(own, target)
        return all(self.scope_bounds[s][0] == 0 for s in own[max(kept, entered_from) :])

    def union(self, options: list[int], path: Path) -> int:
        """A node at ``path`` with the union of the options' languages.

        Options with disjoint first bytes share one node; literals (object keys) merge into a trie.
        Anything else becomes epsilon edges, which the subset pass resolves with canonical sets.
        """
        unique = list(dict.fromkeys(self.from_path(option, path) for option in options))
        if not unique:
            return self.node((), path)
        merged = unique[0]
        for option in unique[1:]:
            merged = self._merge(merged, option, path, 0)
        return merged

    def _merge(self, a: int, b: int, path: Path, depth: int) -> int:
        if a == b:
            return a
        key = (a, b)
        found = self._merged.get(key)
        if found is not None and self.path[found] == path:
            return found
        merged = self._merge_edges(a, b, path, depth) if depth < MERGE_DEPTH else None
        if merged is None:
            merged = self.node((), path, (self.from_path(a, path), self.from_path(b, path)))
        self._merged[key] = merged
        return merged

    def _merge_edges(self, a: int, b: int, path: Path, depth: int) -> int | None:
        if a in self._open or b in self._open or not (self._edges_move(a, path) and self._edges_move(b, path)):
            return None
        if self.epsilon[a] or self.epsilon[b]:
            return None
        by_range = {(low, high): (target, inc) for low, high, target, inc in self.edges[a]}
        if len(by_range) != len(self.edges[a]):
            return None
        merged = list(self.edges[a])
        position = {(low, high): i for i, (low, high, _, _) in enumerate(merged)}
        for low, high, target, inc in self.edges[b]:
            same = by_range.get((low, high))
            if same is not None and same[1] == inc and a in self._trie and b in self._trie:
                other = same[0]
                if self.path[other] != path or self.path[target] != path:
                    return None
                merged[position[(low, high)]] = (low, high, self._merge(other, target, path, depth + 1), inc)
            elif any(first <= high and low <= last for first, last in by_range):
                return None
            else:
                merged.append((low, high, target, inc))
        made = self.node(tuple(sorted(merged)), path)
        if a in self._trie and b in self._trie:
            self._trie.add(made)
        return made

    def _edges_move(self, node: int, path: Path) -> bool:
        """May this node's edges stand at a node of ``path`` without changing what they keep?"""
        own = self.path[node]
        depth = len(own)
        return own == path or (path[:depth] == own and all(len(self.path[e[2]]) <= depth for e in self.edges[node]))

    def _append(self, edges: tuple[Edge, ...], epsilon: tuple[int, ...], path: Path) -> int:
        if len(self.edges) >= self.max_nodes:
            raise LimitExceeded("max_nodes", self.max_nodes)
        self.edges.append(edges)
        self.epsilon.append(epsilon)
        self.path.append(path)
        return len(self.edges) - 1
