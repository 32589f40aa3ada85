"""Lazy subset construction over the builder's graph, counters kept symbolic.

States that are a single node with disjoint edges pass straight through; only where epsilon edges or
overlaps exist are subsets formed (Rabin & Scott 1959). Merging is *coherent* when all targets of one
byte lie in the same scopes and count alike; otherwise :class:`Incoherent` names the scopes at fault
and the caller unrolls one of them. A block that is reached on its own is placed as a whole, without a
walk over its states; ``tables.py`` copies it.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import TypeAlias

import numpy as np

from latticework.automata.automaton import MAX_LEVELS, ByteAutomaton
from latticework.automata.blocks import NO_MOVE, Block, Instance, Site, byte_set
from latticework.automata.graph import Graph, Path, common_prefix
from latticework.automata.placement import FIRST_ENTRY, MAX_CALLERS, Caller, Entry, Placement, left_out, settle
from latticework.automata.tables import assemble
from latticework.errors import LimitExceeded

Key: TypeAlias = int | tuple[int, ...]  # a node, or a sorted subset of several

_ARROW = (1 << 48) - 1


class Incoherent(Exception):
    """Configurations that count differently would have to be merged. Internal: never leaves the builder.

    ``clashes``: for each place, the scopes of which one has to go.
    """

    def __init__(self, clashes: list[set[int]]) -> None:
        super().__init__(f"scopes {[sorted(scopes) for scopes in clashes]}")
        self.clashes = clashes


class Sharing(Enum):
    """Which blocks that stand in many places are kept once, as calls.

    ``PART``: those that end with bytes of their own, as the automaton is to be part of another one. ``LEFT_OUT``: all
    that ``WHOLE`` shares, for whoever has the automaton as a part of his own to share.
    """

    NOTHING = 0
    PART = 1
    WHOLE = 2
    LEFT_OUT = 3


def determinise(graph: Graph, start: int, max_states: int, sharing: Sharing = Sharing.NOTHING) -> ByteAutomaton:
    """Byte automaton of the language from ``start`` to the graph's final node.

    Raises: as :func:`with_sites`.
    """
    return with_sites(graph, start, max_states, sharing)[0]


def with_sites(graph: Graph, start: int, max_states: int, sharing: Sharing) -> tuple[ByteAutomaton, list[Site]]:
    """The same, and for ``LEFT_OUT`` what has been left out: states beyond those of the automaton are the sites.

    Raises:
        Incoherent: subsets would mix configurations that count differently.
        LimitExceeded: more than ``max_states`` states.
    """
    if graph.path[start]:
        start = graph.from_path(start, ())
    subsets = _Subsets(graph, max_states, sharing)
    try:
        subsets.walk(start)
    except LimitExceeded:
        if not subsets.clashes:
            raise
    if subsets.clashes:
        raise Incoherent(subsets.clashes)
    if sharing is Sharing.LEFT_OUT:
        settled = left_out(subsets.placements, subsets.entries, subsets.count)
    else:
        settled = settle(subsets.placements, subsets.entries, subsets.count, max_states)
    return assemble(
        subsets.cells,
        subsets.row_states,
        subsets.row_lengths,
        subsets.accepting,
        subsets.inside,
        settled,
        graph.scope_bounds,
        subsets.sites(),
    )


class _Subsets:
    """The states found so far, as :func:`assemble` takes them."""

    def __init__(self, graph: Graph, max_states: int, sharing: Sharing) -> None:
        self.graph = graph
        self.max_states = max_states
        self.sharing = sharing
        self._start = -1
        self.count = 0
        self.cells: list[int] = []
        self.row_states: list[int] = []
        self.row_lengths: list[int] = []
        self.accepting: list[int] = []
        self.inside: list[tuple[int, Path]] = []
        self.placements: list[Placement] = []
        self.entries: list[Entry] = []
        self._entered: list[tuple[Instance, int]] = []
        self.clashes: list[set[int]] = []
        self._ids: dict[Key, int] = {}
        self._work: list[tuple[Key, int]] = []
        self._callers: dict[tuple[Instance, Block, bool], tuple[Placement, int]] = {}
        self._placed: list[tuple[Placement, Instance]] = []
        self._shared: dict[tuple[Block, Path], Placement] = {}
        self._first_bytes: dict[int, int] = {}
        self._moves: dict[frozenset[int], int] = {}

    def walk(self, start: int) -> None:
        final = self.graph.final
        self._start = start
        self.state_of(start)
        continued = 0
        while True:
            for at, state in self._work:  # grows while it is walked
                before = len(self.cells)
                if isinstance(at, int) and self._copied(at):
                    if at == final:
                        self.accepting.append(state)
                else:
                    closed = self._closure((at,) if isinstance(at, int) else at)
                    self.cells += self._merge(closed)
                    if final in closed:
                        self.accepting.append(state)
                self.row_states.append(state)
                self.row_lengths.append(len(self.cells) - before)
            self._work.clear()
            if continued == len(self._placed):
                return
            self._continue(*self._placed[continued])
            continued += 1

    def _copied(self, node: int) -> bool:
        """Add the cells of a node that has disjoint edges and nothing else; ``False`` for other nodes."""
        graph, ids, cells = self.graph, self._ids, self.cells
        graph.unfold(node)
        if graph.epsilon[node]:
            return False
        own, edges = graph.path[node], graph.edges[node]
        if len(edges) > 1 and not graph.in_trie(node):  # the edges in tries are disjoint
            last = -1
            for edge in edges:
                if edge[0] <= last:
                    return False
                last = edge[1]
        for low, high, target, inc in edges:
            state = ids.get(target)
            if state is None:
                state = self.state_of(target)
            cell = low << 8 | high
            if own or inc:
                cell |= common_prefix(own, graph.path[target]) << 20 | inc << 16
            cells.append(state << 24 | cell)
        return True

    def state_of(self, key: Key) -> int:
        found = self._ids.get(key)
        if found is not None:
            return found
        in_block = self.graph.block_states.get(key) if isinstance(key, int) else None
        if in_block is None or self._is_walked(*in_block):
            found = self._take(1)
            self._work.append((key, found))
            path = self.graph.path[key if isinstance(key, int) else key[0]]
            if path:
                self.inside.append((found, path))
        else:
            instance, state = in_block
            placement, caller = self._placement(instance, state)
            entered = state if placement.block is instance.block else instance.block.in_compact(state) or 0
            placement.entries.add(entered)
            if placement.may_share:
                found = FIRST_ENTRY + len(self.entries)
                self.entries.append(Entry(placement, caller, entered))
                self._entered.append((instance, state))
            else:
                found = placement.base + state
        self._ids[key] = found
        return found

    def _is_walked(self, instance: Instance, state: int) -> bool:
        """Whether the rest of a block, where it goes on behind what it was merged with, is small beside the block."""
        block = instance.block
        if not state or not block.recurs or (instance, block, False) in self._callers:
            return False
        return 2 * int(np.count_nonzero(block.reachable(frozenset((state,))))) < block.states

    def _placement(self, instance: Instance, state: int) -> tuple[Placement, int]:
        """Room for the block of a state, or another caller of one that has room already."""
        block, may_share = instance.block, False
        # A call is the level before the block's own: those cannot be entered from outside of it.
        if self.sharing is not Sharing.NOTHING and not block.sites and not (state and block.paths[state]):
            compact = block.compact if block.in_compact(state) is not None else None
            if compact is not None and self._may_be_called(instance, compact):
                block, may_share = compact, True
            else:
                may_share = self._may_be_called(instance, block)
        found = self._callers.get((instance, block, may_share))
        if found is not None:
            return found
        placement = self._shared.get((block, instance.path)) if may_share else None
        if placement is None or len(placement.callers) == MAX_CALLERS:
            is_left_out = may_share and self.sharing is Sharing.LEFT_OUT
            placement = Placement(block, instance.path, -1 if is_left_out else self._take(block.states), may_share)
            self.placements.append(placement)
            if may_share:
                self._shared[block, instance.path] = placement
        if block is instance.block:
            self.graph.number_scopes(instance)
        placement.callers.append(Caller(instance.first_scope))
        self._placed.append((placement, instance))
        found = self._callers[instance, block, may_share] = placement, len(placement.callers) - 1
        return found

    def _may_be_called(self, instance: Instance, block: Block) -> bool:
        """Whether what follows the block is a state of its own that reads other bytes than the block's last states."""
        k = instance.k
        return (
            block.leaves
            and self._start not in instance.nodes.values()  # state 0 is entered by nothing
            and len(instance.path) + block.levels < MAX_LEVELS
            and self._may_be_returned_to(k)
            and not (len(block.joins) and (self.sharing is Sharing.PART or block.join_bytes & self._bytes_from(k)))
        )

    def _may_be_returned_to(self, k: int) -> bool:
        in_block = self.graph.block_states.get(k)
        if in_block is None:
            return self.graph.final not in self._closure((k,))
        instance, state = in_block
        return bool(instance.block.sites) and not instance.block.accepting[state]

    def sites(self) -> list[Site]:
        """What has been left out, by entry."""
        if self.sharing is not Sharing.LEFT_OUT:
            return []
        return [
            Site(instance.block, state, instance.path, entry.placement.callers[entry.caller].exit)
            for (instance, state), entry in zip(self._entered, self.entries, strict=True)
        ]

    def _take(self, states: int) -> int:
        first = self.count
        self.count += states
        if self.count > self.max_states:
            raise LimitExceeded("max_states", self.max_states)
        return first

    def _continue(self, placement: Placement, instance: Instance) -> None:
        """Make the continuation of a block a state, and rows where it begins like what the block reads."""
        graph = self.graph
        block, k = placement.block, instance.k
        caller = placement.callers[self._callers[instance, block, placement.may_share][1]]
        if block.leaves:
            caller.exit = self.state_of(k)
            caller.exit_levels = len(graph.path[k])
        if placement.may_share:
            return
        placement.links = [
            self.state_of(graph.state_node(instance, block.states + site)) for site in range(len(block.sites))
        ]
        if len(block.joins) and (not block.leaves or k in graph.block_states or block.join_bytes & self._bytes_from(k)):
            placement.joined = False
            for state in block.joins.tolist():
                self._work.append((graph.state_node(instance, state), placement.base + state))

    def _bytes_from(self, node: int) -> int:
        """The bytes that can be read first at ``node``."""
        found = self._first_bytes.get(node)
        if found is None:
            instance, state = self.graph.block_states.get(node, (None, 0))
            if instance is not None and not instance.block.accepting[state]:
                rows = [instance.block.row(state)]
            else:
                rows = [self.graph.edges[member] for member in self._closure((node,))]
            found = self._first_bytes[node] = byte_set((low, high) for row in rows for low, high, _, _ in row)
        return found

    def _closure(self, core: tuple[int, ...]) -> list[int]:
        graph = self.graph
        seen = dict.fromkeys(core)
        stack = list(core)
        while stack:
            at = stack.pop()
            graph.unfold(at)
            for target in graph.epsilon[at]:
                if target not in seen:
                    seen[target] = None
                    stack.append(target)
        return list(seen)

    def _merge(self, closed: list[int]) -> list[int]:
        """The cells of a subset, of its members' edges: a sweep over the bytes where one begins or has ended."""
        edges, paths = self.graph.edges, self.graph.path
        events: list[int] = []
        for member in closed:
            own = paths[member]
            for low, high, target, inc in edges[member]:
                keep = common_prefix(own, paths[target]) if own else 0
                arrow = target << 8 | keep << 4 | inc
                events.append(low << 49 | 1 << 48 | arrow)
                events.append(high + 1 << 49 | arrow)
        events.sort()
        row: list[int] = []
        live: dict[int, int] = {}  # how many edges make each arrow
        low = last_high = last_move = -1
        for event in events:
            at = event >> 49
            if at > low:
                if live:
                    move = self._move(live)
                    if last_high == low - 1 and last_move == move:
                        row[-1] += at - low  # its high byte
                    else:
                        row.append(move << 16 | low << 8 | at - 1)
                    last_high, last_move = at - 1, move
                low = at
            arrow = event & _ARROW
            if event >> 48 & 1:
                live[arrow] = live.get(arrow, 0) + 1
            elif live[arrow] == 1:
                del live[arrow]
            else:
                live[arrow] -= 1
        return row

    def _move(self, arrows: Collection[int]) -> int:
        """``state << 8 | operation`` of a move along all ``arrows``, each ``target << 8 | operation``, at once."""
        if len(arrows) == 1:
            (arrow,) = arrows
            return self.state_of(arrow >> 8) << 8 | arrow & 0xFF
        key = frozenset(arrows)
        found = self._moves.get(key)
        if found is None:
            operations = {arrow & 0xFF for arrow in key}
            chosen = {arrow >> 8 for arrow in key}
            if len(operations) == 1:
                chosen = self._united(chosen)
            if len(operations) > 1 or len({self.graph.path[target] for target in chosen}) > 1:
                if not self.clashes:  # the walk goes on elsewhere for a while, to find other clashes at once
                    self.max_states = min(self.max_states, 2 * self.count + 1_000)
                self.clashes.append(_at_fault(key, self.graph.path))
                found = NO_MOVE
            else:
                state = self.state_of(min(chosen) if len(chosen) == 1 else tuple(sorted(chosen)))
                found = state << 8 | operations.pop()
            self._moves[key] = found
        return found

    def _united(self, chosen: set[int]) -> set[int]:
        """The same subset, where the same state of copies of one block becomes a state of one copy.

        ``L(s) k | L(s) k'`` is ``L(s) (k | k')``. Counters agree: one operation leads to all of them, and it can
        keep no scope that is the copies' own, for each has scopes of its own.
        """
        alike: dict[tuple[int, int, Path], list[int]] = {}
        for node in chosen:
            in_block = self.graph.block_states.get(node)
            if in_block is not None:
                instance, state = in_block
                alike.setdefault((id(instance.block), state, instance.path), []).append(node)
        united = set(chosen)
        for (_, state, _), nodes in alike.items():
            if len(nodes) > 1:
                joint = self.graph.joint([self.graph.block_states[node][0] for node in nodes])
                united.difference_update(nodes)
                united.add(self.graph.state_node(joint, state))
        return united


def _at_fault(arrows: Collection[int], paths: list[Path]) -> set[int]:
    involved = [paths[arrow >> 8] for arrow in arrows]
    shared = involved[0]
    for path in involved:
        shared = shared[: common_prefix(shared, path)]
    differing = {scope for path in involved for scope in path[len(shared) :]}
    if differing:
        return differing
    # Same scopes, different operations: the levels whose keeping or counting differs.
    operations = [arrow & 0xFF for arrow in arrows]
    keep = min(op >> 4 for op in operations)
    uneven = {
        level
        for level in range(len(shared))
        if (level >= keep and len({op >> 4 > level for op in operations}) > 1)
        or len({op >> level & 1 for op in operations}) > 1
    }
    return {shared[level] for level in uneven} or set(shared)
