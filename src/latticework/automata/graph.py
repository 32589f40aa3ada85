"""The builder's scratch graph: byte edges, epsilon edges and scope paths, hash-consed.

A node has byte edges ``(low, high, target, inc)``, epsilon targets, and a *path*: the scopes it lies
in, outer first. Two rules keep counters well defined. A byte edge into a deeper path enters the missing
scopes at 0; an epsilon edge never leads into a deeper path (``enter`` copies the edges to the
shallower path instead), so an epsilon edge can only leave scopes. The levels that a byte edge keeps
are therefore the common prefix of the paths of its two ends.

A block (``blocks.py``) is entered through one node and stays folded: its nodes are made, and their edges
computed, only where something asks for them singly (:meth:`Graph.unfold`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from latticework.automata.blocks import EXIT, Block, Instance
from latticework.automata.encodings import Template
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
        self.scope_block: list[Block | None] = []  # the block a scope is copied from
        self.block_states: dict[int, tuple[Instance, int]] = {}  # nodes that are states of blocks
        self._consed: dict[tuple[tuple[Edge, ...], tuple[int, ...], Path], int] = {}
        self._merged: dict[tuple[int, int], int] = {}
        self._open: set[int] = set()
        self._trie: set[int] = set()
        self._folded: set[int] = set()
        self._instances: dict[tuple[Block, int, Path], Instance] = {}
        self.final = self.reserve(())  # stays open: its identity is what accepting means

    def new_scope(self, low: int, high: int) -> int:
        self.scope_bounds.append((low, high))
        self.scope_block.append(None)
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
            self.unfold(part)
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

    def trie_node(self, edges: Sequence[Edge], path: Path) -> int:
        """A node of a trie that :meth:`union` may merge literals into."""
        node = self.node(tuple(sorted(edges)), path)
        self._trie.add(node)
        return node

    def in_trie(self, node: int) -> bool:
        """Whether the node was made as one of a trie: its edges are disjoint."""
        return node in self._trie

    def spell(self, template: Template, k: int, path: Path, inc: int = 0, late: int = 0) -> int:
        """One character of the template, whose first byte counts ``inc`` and its last ``late``, followed by ``k``."""
        made: list[int] = []
        root = len(template) - 1
        for i, row in enumerate(template):
            counts = inc if i == root else 0
            edges = tuple(
                (low, high, k, counts | late) if child < 0 else (low, high, made[child], counts)
                for low, high, child in row
            )
            made.append(self.node(edges, path))
        return made[root]

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
            self.unfold(at)
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
        self.unfold(a)
        self.unfold(b)
        if a in self._open or b in self._open or not (self._edges_move(a, path) and self._edges_move(b, path)):
            return None
        if self.epsilon[a] or self.epsilon[b]:
            return None
        mergeable = a in self._trie and b in self._trie
        merged: list[Edge] = []
        left, right = self.edges[a], self.edges[b]  # sorted
        i = j = 0
        while i < len(left) and j < len(right):
            x, y = left[i], right[j]
            if x[1] < y[0]:
                merged.append(x)
                i += 1
            elif y[1] < x[0]:
                merged.append(y)
                j += 1
            elif mergeable and x[0] == y[0] and x[1] == y[1] and x[3] == y[3]:
                if self.path[x[2]] != path or self.path[y[2]] != path:
                    return None
                merged.append((x[0], x[1], self._merge(x[2], y[2], path, depth + 1), x[3]))
                i += 1
                j += 1
            else:
                return None
        merged += left[i:]
        merged += right[j:]
        made = self.node(tuple(merged), path)
        if mergeable:
            self._trie.add(made)
        return made

    # ---- blocks

    def instance(self, block: Block, k: int, path: Path) -> int:
        """The start of ``block`` at ``path``, followed by whatever starts at ``k``."""
        if block.start == EXIT:
            return k
        k = self.from_path(k, path)
        return self.state_node(self._instance(block, k, (k,), path), 0)

    def joint(self, instances: list[Instance]) -> Instance:
        """The block of all ``instances``, which share their path, followed by any of their continuations."""
        first = instances[0]
        ends = tuple(sorted({end for instance in instances for end in instance.ends}))
        outer = next((instance.outer for instance in instances if instance.outer is not first.block), None)
        return self._instance(first.block, self.node((), first.path, ends), ends, first.path, outer)

    def _instance(
        self, block: Block, k: int, ends: tuple[int, ...], path: Path, outer: Block | None = None
    ) -> Instance:
        """``outer``: the block that has a site for this one, and has to be opened before it."""
        key = (block, k, path)
        found = self._instances.get(key)
        if found is None:
            found = self._instances[key] = Instance(block, k, ends, path, outer or block)
        return found

    def number_scopes(self, instance: Instance) -> None:
        """Scopes for a copy of a block; where none is made, none are needed."""
        if instance.first_scope < 0:
            bounds = instance.block.bounds
            instance.first_scope = len(self.scope_bounds)
            self.scope_bounds += bounds
            self.scope_block += [instance.outer] * len(bounds)

    def state_node(self, instance: Instance, state: int) -> int:
        """The node of one state of a block, folded; ``k`` for its exit. For a site, the state of the block there."""
        if state == EXIT:
            return instance.k
        node = instance.nodes.get(state)
        if state and node is None:
            self.number_scopes(instance)
        if node is None and state and state >= instance.block.states:
            site = instance.block.sites[state - instance.block.states]
            k = self.state_node(instance, site.exit)
            inner = self._instance(site.block, k, (k,), instance.within(site.path), instance.block)
            node = instance.nodes[state] = self.state_node(inner, site.state)
        elif node is None:
            node = instance.nodes[state] = self._append((), (), instance.path_of(state))
            self.block_states[node] = (instance, state)
            self._folded.add(node)
        return node

    def unfold(self, node: int) -> None:
        """Compute the edges of a block's state; nothing to do for other nodes."""
        if node not in self._folded:
            return
        self._folded.discard(node)
        instance, state = self.block_states[node]
        self.number_scopes(instance)
        block, outer, own = instance.block, len(instance.path), self.path[node]
        edges: list[Edge] = []
        left: dict[int, list[Edge]] = {}
        for low, high, target, op in block.row(state):
            to = self.state_node(instance, target)
            edge = (low, high, to, (op & 15) << outer)
            keep = outer + (op >> 4)
            if target != EXIT and keep < common_prefix(own, self.path[to]):
                left.setdefault(keep, []).append(edge)  # leaves a scope and enters it anew: from outside of it
            else:
                edges.append(edge)
        epsilon = [self.node(tuple(moved), own[:keep]) for keep, moved in left.items()]
        if block.accepting[state]:
            epsilon.append(instance.k)
        self.edges[node], self.epsilon[node] = tuple(edges), tuple(epsilon)

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
