"""Boolean algebra, concatenation and minimisation of byte automata without counters.

Constructions are the textbook ones (Hopcroft, Motwani & Ullman): products for intersection, union and
difference, partition refinement for minimisation. Automata with counters are first expanded
(:func:`expand`): every reachable configuration becomes a state.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from latticework.automata.automaton import MAX_LEVELS, ByteAutomaton
from latticework.automata.graph import Graph
from latticework.errors import LimitExceeded

DEFAULT_MAX_STATES = 200_000


def plain(next_state: np.ndarray, byte_class: np.ndarray, accepting: np.ndarray) -> ByteAutomaton:
    """A counter-free automaton from its tables; [S, K] int, [256] int, [S] bool."""
    states = len(next_state)
    empty = np.zeros(0, np.int32)
    return ByteAutomaton(
        next_state=np.ascontiguousarray(next_state, np.int32),
        operation=np.zeros(next_state.shape, np.uint8),
        byte_class=byte_class.astype(np.int64),
        accepting=np.asarray(accepting, np.bool_),
        levels=np.zeros(states, np.int32),
        scope=np.full((states, MAX_LEVELS), -1, np.int32),
        low=empty,
        high=empty.copy(),
    )


def expand(automaton: ByteAutomaton, max_states: int = DEFAULT_MAX_STATES) -> ByteAutomaton:
    """The same language without counters, minimised.

    Raises:
        LimitExceeded: more than ``max_states`` configurations are reachable.
    """
    if not automaton.has_counters:
        return automaton
    from latticework.automata.kernels_configurations import reachable_configurations

    bounds = np.zeros((automaton.states, 2 * MAX_LEVELS), np.int32)
    for level in range(MAX_LEVELS):
        live = automaton.levels > level
        bounds[live, 2 * level] = automaton.low[automaton.scope[live, level]]
        bounds[live, 2 * level + 1] = automaton.high[automaton.scope[live, level]]
    order, moves = reachable_configurations(
        automaton.next_state, automaton.operation, automaton.levels, bounds, *_calls(automaton), max_states
    )
    if len(order) > max_states:
        raise LimitExceeded("max_states", max_states)
    state, counts = order[:, 0], order[:, 1:]
    within = (bounds[state, ::2] <= counts) & (counts <= bounds[state, 1::2])
    accepting = automaton.accepting[state] & (within | (automaton.levels[state, None] <= np.arange(MAX_LEVELS))).all(1)
    return minimise(plain(moves, automaton.byte_class, accepting))


def _calls(automaton: ByteAutomaton) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Entries, returns and their states as the kernel reads them."""
    calls = automaton.calls
    if calls is None:
        return np.zeros((0, 3), np.int32), np.zeros((automaton.states, 3), np.int32), np.zeros(0, np.int32)
    scope = np.where(calls.level >= 0, automaton.scope[np.arange(automaton.states), calls.level], 0)
    entries = np.stack([calls.entry_state, calls.entry_value, calls.level[calls.entry_state]], 1)
    returns = np.stack([calls.level, calls.return_offset[scope], calls.returning], 1)
    return entries.astype(np.int32), returns.astype(np.int32), calls.return_state


def intersection(*automata: ByteAutomaton, max_states: int = DEFAULT_MAX_STATES) -> ByteAutomaton:
    """Strings in every operand."""
    result = automata[0]
    for other in automata[1:]:
        if never_accepts(result):
            return _nothing()
        result = _product(result, other, lambda a, b: a & b, False, False, max_states)
    return minimise(result) if len(automata) == 1 else result


def never_accepts(automaton: ByteAutomaton) -> bool:
    """Whether it is seen at once that the language is empty: always if it is and the automaton is minimal."""
    return not automaton.accepting.any()


def _nothing() -> ByteAutomaton:
    return plain(np.full((1, 1), -1), np.zeros(256, np.int64), np.zeros(1, np.bool_))


def union(a: ByteAutomaton, b: ByteAutomaton, max_states: int = DEFAULT_MAX_STATES) -> ByteAutomaton:
    """Strings in either operand."""
    return _product(a, b, lambda x, y: x | y, True, True, max_states)


def difference(a: ByteAutomaton, b: ByteAutomaton, max_states: int = DEFAULT_MAX_STATES) -> ByteAutomaton:
    """Strings of ``a`` that are not in ``b``."""
    if never_accepts(a):
        return _nothing()
    return _product(a, b, lambda x, y: x & ~y, False, True, max_states)


def complement(a: ByteAutomaton) -> ByteAutomaton:
    """All byte strings (well-formed UTF-8 or not) that are not in ``a``."""
    a = expand(a)
    total = np.vstack([a.next_state, np.full((1, a.next_state.shape[1]), -1, np.int32)])
    total = np.where(total < 0, a.states, total)
    return minimise(plain(total, a.byte_class, np.append(~a.accepting, True)))


def concatenation(a: ByteAutomaton, b: ByteAutomaton, max_states: int = DEFAULT_MAX_STATES) -> ByteAutomaton:
    """A string of ``a`` followed by a string of ``b``."""
    from latticework.automata.determinise import determinise

    a, b = expand(a, max_states), expand(b, max_states)
    graph = Graph(2 * max_states)
    starts = graph.final
    for part in (b, a):
        nodes = [graph.reserve(()) for _ in range(part.states)]
        for state, row in enumerate(byte_ranges(part)):
            edges = tuple((low, high, nodes[target], 0) for low, high, target in row)
            step_node = graph.node(edges, ())
            graph.complete(nodes[state], [step_node, starts] if part.accepting[state] else [step_node])
        starts = nodes[0]
    return minimise(determinise(graph, starts, max_states))


def _product(
    a: ByteAutomaton,
    b: ByteAutomaton,
    accept: Callable[[np.ndarray, np.ndarray], np.ndarray],
    keep_dead_a: bool,
    keep_dead_b: bool,
    max_states: int,
) -> ByteAutomaton:
    from latticework.automata.kernels_product import reachable_pairs

    a, b = expand(a, max_states), expand(b, max_states)
    pairs, byte_class = np.unique(np.stack([a.byte_class, b.byte_class], 1), axis=0, return_inverse=True)
    next_a, next_b = _with_dead_state(a, pairs[:, 0]), _with_dead_state(b, pairs[:, 1])
    order, moves = reachable_pairs(next_a, next_b, keep_dead_a, keep_dead_b, max_states)
    if len(order) > max_states:
        raise LimitExceeded("max_states", max_states)
    accepting = accept(np.append(a.accepting, False)[order[:, 0]], np.append(b.accepting, False)[order[:, 1]])
    return minimise(plain(moves, byte_class.reshape(-1), accepting))


def _with_dead_state(automaton: ByteAutomaton, classes: np.ndarray) -> np.ndarray:
    """[S + 1, K] moves by ``classes`` of bytes, those to nowhere to a dead state S."""
    table = np.full((automaton.states + 1, len(classes)), automaton.states, np.int32)
    moves = automaton.next_state[:, classes]
    table[:-1] = np.where(moves < 0, automaton.states, moves)
    return table


def minimise(automaton: ByteAutomaton) -> ByteAutomaton:
    """The minimal automaton of the language: dead states dropped, equivalent ones merged. O(S K log S).

    The input must be free of counters.
    """
    if automaton.has_counters:
        raise ValueError("expand the automaton first: minimise works without counters")
    reach = _reachable(automaton.next_state)
    next_state = np.where(reach[:, None], automaton.next_state, -1)
    alive = coreachable(next_state, automaton.accepting & reach)
    alive[0] = True
    old = np.flatnonzero(alive & reach)
    renumber = np.full(automaton.states + 1, -1, np.int64)
    renumber[old] = np.arange(len(old))
    table = renumber[next_state[old]]  # -1 picks the last entry, which is -1
    accepting = automaton.accepting[old]
    block, first = coarsest_congruence(table, accepting)
    count = len(first)
    # Number blocks by first occurrence so that the start state stays 0.
    by_first = np.argsort(first)
    rank = np.empty(count, np.int64)
    rank[by_first] = np.arange(count)
    block = rank[block]
    chosen = first[by_first]
    merged = np.where(table[chosen] < 0, -1, block[table[chosen]])
    columns: dict[bytes, int] = {}
    column_class = np.array([columns.setdefault(c.tobytes(), len(columns)) for c in np.ascontiguousarray(merged.T)])
    _, keep = np.unique(column_class, return_index=True)
    return plain(merged[:, keep], column_class[automaton.byte_class], accepting[chosen])


def coarsest_congruence(table: np.ndarray, kind: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Block of every state, and the first state of each block; states of different kinds are never merged.

    Args:
        table: [S, K] int, -1 for no transition.
        kind: [S] int or bool.

    Cost: O(transitions log S).
    """
    from latticework.automata.kernels_partition import refine

    states = len(table)
    label, source = np.nonzero(table.T >= 0)
    target = table[source, label]
    arrows = len(source)
    block = np.unique(kind, return_inverse=True)[1].reshape(-1).astype(np.int32)
    members = np.argsort(block, kind="stable").astype(np.int32)
    place = np.empty(states, np.int32)
    place[members] = np.arange(states)
    past, first = np.zeros(states, np.int32), np.zeros(states, np.int32)
    sizes = np.bincount(block)
    past[: len(sizes)] = np.cumsum(sizes)
    first[: len(sizes)] = past[: len(sizes)] - sizes
    of_arrows = np.zeros((5, arrows), np.int32)
    of_arrows[:2] = np.arange(arrows)
    refine(
        source.astype(np.int32),
        np.searchsorted(label, np.arange(table.shape[1] + 1)).astype(np.int32),
        np.argsort(target, kind="stable").astype(np.int32),
        np.concatenate([np.zeros(1, np.int32), np.cumsum(np.bincount(target, minlength=states))]).astype(np.int32),
        np.stack([members, place]),
        block,
        first,
        past,
        len(sizes),
        of_arrows,
        np.zeros((4, max(arrows, states) + 1), np.int32),
    )
    return block, np.unique(block, return_index=True)[1]


def is_empty(automaton: ByteAutomaton) -> bool:
    """Has the language no string at all?"""
    if not automaton.has_counters:
        return not bool((_reachable(automaton.next_state) & automaton.accepting).any())
    return is_empty(expand(automaton))


def equivalent(a: ByteAutomaton, b: ByteAutomaton) -> bool:
    """Do two automata accept the same language?"""
    return is_empty(difference(a, b)) and is_empty(difference(b, a))


def byte_ranges(automaton: ByteAutomaton) -> list[list[tuple[int, int, int]]]:
    """Per state, the transitions of a counter-free automaton as ``(low byte, high byte, target)``."""
    rows = []
    for targets in automaton.next_state[:, automaton.byte_class].tolist():
        row: list[tuple[int, int, int]] = []
        for byte, target in enumerate(targets):
            if target < 0:
                continue
            if row and row[-1][1] == byte - 1 and row[-1][2] == target:
                row[-1] = (row[-1][0], byte, target)
            else:
                row.append((byte, byte, target))
        rows.append(row)
    return rows


def _reachable(next_state: np.ndarray) -> np.ndarray:
    from latticework.automata.kernels_partition import spread

    seen = np.zeros(len(next_state), np.bool_)
    seen[0] = True
    source, target = _arrows(next_state)
    spread(_offsets(source, len(next_state)), target, seen)
    return seen


def coreachable(next_state: np.ndarray, accepting: np.ndarray) -> np.ndarray:
    """The states from which an accepting one can be reached; [S, K] int, -1 for no transition, and [S] bool."""
    from latticework.automata.kernels_partition import spread

    source, target = _arrows(next_state)
    alive = accepting.copy()
    spread(_offsets(target, len(next_state)), source[np.argsort(target, kind="stable")], alive)
    return alive


def _arrows(next_state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[M] sources, ascending, and targets of the transitions."""
    source, column = np.nonzero(next_state >= 0)
    target = next_state[source, column]
    # Neighbouring letters mostly lead to the same state: once is enough.
    news = (np.diff(source, prepend=-1) != 0) | (np.diff(target, prepend=-1) != 0)
    return source[news], target[news]


def _offsets(states: np.ndarray, count: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.bincount(states, minlength=count))])
