"""Lazy subset construction over the builder's graph, counters kept symbolic.

States that are a single node with disjoint edges pass straight through; only where epsilon edges or
overlaps exist are subsets formed (Rabin & Scott 1959). Merging is *coherent* when all targets of one
byte lie in the same scopes and count alike; otherwise :class:`Incoherent` names the scopes at fault
and the caller unrolls one of them.
"""

from __future__ import annotations

import itertools

import numpy as np

from latticework.automata.automaton import MAX_LEVELS, ByteAutomaton
from latticework.automata.graph import Edge, Graph, Path, common_prefix
from latticework.errors import LimitExceeded

Row = list[tuple[int, int, int, int]]


class Incoherent(Exception):
    """Configurations that count differently would have to be merged. Internal: never leaves the builder."""

    def __init__(self, scopes: set[int]) -> None:
        super().__init__(f"scopes {sorted(scopes)}")
        self.scopes = scopes


def determinise(graph: Graph, start: int, max_states: int) -> ByteAutomaton:
    """Byte automaton of the language from ``start`` to the graph's final node.

    Raises:
        Incoherent: a subset would mix configurations that count differently.
        LimitExceeded: more than ``max_states`` states.
    """
    edges, epsilon, paths, final = graph.edges, graph.epsilon, graph.path, graph.final
    if paths[start]:
        start = graph.from_path(start, ())
    ids: dict[int | tuple[int, ...], int] = {start: 0}
    members: list[int | tuple[int, ...]] = [start]
    state_paths: list[Path] = [paths[start]]
    rows: list[Row] = []
    accepting: list[bool] = []

    def state_of(key: int | tuple[int, ...], path: Path) -> int:
        found = ids.get(key)
        if found is None:
            if len(members) >= max_states:
                raise LimitExceeded("max_states", max_states)
            found = ids[key] = len(members)
            members.append(key)
            state_paths.append(path)
        return found

    for at in members:  # grows while it is walked
        if isinstance(at, int) and not epsilon[at]:
            own = paths[at]
            row: Row | None = []
            last = -1
            for low, high, target, inc in edges[at]:
                if low <= last:
                    row = None
                    break
                last = high
                path = paths[target]
                keep = common_prefix(own, path) if own else 0
                row.append((low, high, state_of(target, path), keep << 4 | inc))
            if row is not None:
                rows.append(row)
                accepting.append(at == final)
                continue
        closed = _closure((at,) if isinstance(at, int) else at, epsilon)
        rows.append(_merge([(paths[m], edges[m]) for m in closed], paths, state_of))
        accepting.append(final in closed)
    return _tables(rows, accepting, state_paths, graph.scope_bounds)


def _closure(core: tuple[int, ...], epsilon: list[tuple[int, ...]]) -> list[int]:
    seen = dict.fromkeys(core)
    stack = list(core)
    while stack:
        for target in epsilon[stack.pop()]:
            if target not in seen:
                seen[target] = None
                stack.append(target)
    return list(seen)


def _merge(sources: list[tuple[Path, tuple[Edge, ...]]], paths: list[Path], state_of) -> Row:
    events: list[tuple[int, int, int, int]] = []
    cuts: set[int] = set()
    for own, out in sources:
        for low, high, target, inc in out:
            keep = common_prefix(own, paths[target]) if own else 0
            events.append((low, high, target, keep << 4 | inc))
            cuts.add(low)
            cuts.add(high + 1)
    events.sort()
    points = sorted(cuts)
    row: Row = []
    live: list[tuple[int, int, int, int]] = []
    position = 0
    for low, nxt in itertools.pairwise(points):
        while position < len(events) and events[position][0] <= low:
            live.append(events[position])
            position += 1
        live = [e for e in live if e[1] >= low]
        if not live:
            continue
        targets = {(e[2], e[3]) for e in live}
        operations = {op for _, op in targets}
        target_paths = {paths[t] for t, _ in targets}
        if len(operations) > 1 or len(target_paths) > 1:
            raise Incoherent(_at_fault(targets, paths))
        path = target_paths.pop()
        chosen = sorted(t for t, _ in targets)
        state = state_of(chosen[0] if len(chosen) == 1 else tuple(chosen), path)
        operation = operations.pop()
        if row and row[-1][1] == low - 1 and row[-1][2:] == (state, operation):
            row[-1] = (row[-1][0], nxt - 1, state, operation)
        else:
            row.append((low, nxt - 1, state, operation))
    return row


def _at_fault(targets: set[tuple[int, int]], paths: list[Path]) -> set[int]:
    involved = [paths[t] for t, _ in targets]
    shared = involved[0]
    for path in involved:
        shared = shared[: common_prefix(shared, path)]
    differing = {scope for path in involved for scope in path[len(shared) :]}
    if differing:
        return differing
    # Same scopes, different operations: the levels whose keeping or counting differs.
    operations = [op for _, op in targets]
    keep = min(op >> 4 for op in operations)
    uneven = {
        level
        for level in range(len(shared))
        if (level >= keep and len({op >> 4 > level for op in operations}) > 1)
        or len({op >> level & 1 for op in operations}) > 1
    }
    return {shared[level] for level in uneven} or set(shared)


def _tables(
    rows: list[Row], accepting: list[bool], state_paths: list[Path], bounds: list[tuple[int, int]]
) -> ByteAutomaton:
    states = len(rows)
    flat = np.array([edge for row in rows for edge in row], np.int64).reshape(-1, 4)
    source = np.repeat(np.arange(states), [len(row) for row in rows])
    cut = np.zeros(257, np.int64)
    cut[0] = 1
    cut[flat[:, 0]] = 1
    cut[flat[:, 1] + 1] = 1
    raw_class = np.cumsum(cut[:256]) - 1
    first, last = raw_class[flat[:, 0]], raw_class[flat[:, 1]]
    width = last - first + 1
    total = int(width.sum())
    column = np.arange(total) - np.repeat(np.cumsum(width) - width - first, width)
    line = np.repeat(source, width)
    next_state = np.full((states, int(raw_class[-1]) + 1), -1, np.int32)
    operation = np.zeros(next_state.shape, np.uint8)
    next_state[line, column] = np.repeat(flat[:, 2], width)
    operation[line, column] = np.repeat(flat[:, 3], width)
    keep, merged = _equal_columns(next_state, operation)
    levels = np.array([len(path) for path in state_paths], np.int32)
    scope = np.full((states, MAX_LEVELS), -1, np.int32)
    for state in np.flatnonzero(levels):
        scope[state, : levels[state]] = state_paths[state]
    used = np.unique(scope[scope >= 0])
    renumber = np.full(len(bounds) + 1, -1, np.int32)
    renumber[used] = np.arange(len(used))
    limits = np.array(bounds, np.int64).reshape(-1, 2)[used].astype(np.int32)
    return ByteAutomaton(
        next_state=np.ascontiguousarray(next_state[:, keep]),
        operation=np.ascontiguousarray(operation[:, keep]),
        byte_class=merged[raw_class].astype(np.int64),
        accepting=np.array(accepting, np.bool_),
        levels=levels,
        scope=renumber[scope],
        low=np.ascontiguousarray(limits[:, 0]),
        high=np.ascontiguousarray(limits[:, 1]),
    )


def _equal_columns(next_state: np.ndarray, operation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First column of each class of equal columns, and the class of every column."""
    both = np.ascontiguousarray(np.concatenate([next_state, operation.astype(np.int32)]).T)
    classes: dict[bytes, int] = {}
    merged = np.array([classes.setdefault(row.tobytes(), len(classes)) for row in both], np.int64)
    _, keep = np.unique(merged, return_index=True)
    return keep, merged
