"""Slow references of what a byte automaton and an edge code mean, straight from their definitions."""

from __future__ import annotations

from itertools import product

from latticework.automata.automaton import NOWHERE, RETURN, UNBOUNDED, ByteAutomaton
from latticework.tokens.automaton import ADD_SHIFT, ENTER_SHIFT, KEEP_SHIFT, STATE_MASK, UNIT_MASK, TokenAutomaton

Configuration = tuple[int, tuple[int, ...]]


def step(automaton: ByteAutomaton, at: Configuration, byte: int) -> Configuration | None:
    """One byte, word for word from the automaton's definition."""
    (state, counts), letter = at, automaton.byte_class[byte]
    target, operation = int(automaton.next_state[state, letter]), int(automaton.operation[state, letter])
    keep, inc = operation >> 4, operation & 15
    calls, entered = automaton.calls, None
    if calls is not None and (target == RETURN or (target == NOWHERE and calls.returning[state])):
        call = automaton.scope[state, calls.level[state]]
        places = calls.return_state[calls.return_offset[call] : calls.return_offset[call + 1]]
        caller = int(places[counts[calls.level[state]]])
        depth = int(automaton.levels[caller])
        left = [(v, automaton.scope[state, level]) for level, v in enumerate(counts) if level >= depth]
        if any(not automaton.low[s] <= v <= automaton.high[s] for v, s in left):
            return None
        behind = caller, counts[:depth]
        return behind if target == RETURN else step(automaton, behind, byte)
    if calls is not None and target >= automaton.states:
        entered = int(calls.entry_value[target - automaton.states])
        target = int(calls.entry_state[target - automaton.states])
    bounds = [(automaton.low[s], automaton.high[s]) for s in automaton.scope[state, : len(counts)]]
    if target < 0 or any(not low <= v <= high for v, (low, high) in list(zip(counts, bounds, strict=True))[keep:]):
        return None
    after = list(counts[:keep]) + [0] * (int(automaton.levels[target]) - keep)
    if calls is not None and entered is not None:
        after[calls.level[target]] = entered
    after = [v + (inc >> level & 1) for level, v in enumerate(after)]
    highs = automaton.high[automaton.scope[target, : len(after)]]
    return None if any(v > high for v, high in zip(after, highs, strict=True)) else (target, tuple(after))


def run(automaton: ByteAutomaton, at: Configuration, data: bytes) -> Configuration | None:
    for byte in data:
        reached = step(automaton, at, byte)
        if reached is None:
            return None
        at = reached
    return at


def apply(automaton: ByteAutomaton, at: Configuration, code: int) -> Configuration | None:
    """Effect of an edge code, word for word from the definition of the token automaton."""
    state, counts = at
    target, keep = code & STATE_MASK, code >> KEEP_SHIFT & 3
    add = [code >> shift & UNIT_MASK for shift in ADD_SHIFT]
    enter = [code >> shift & UNIT_MASK for shift in ENTER_SHIFT]
    for level, value in enumerate(counts):
        scope = automaton.scope[state, level]
        low = 0 if level < keep else automaton.low[scope]
        if level >= keep and automaton.is_call[scope]:
            if value != add[level]:
                return None
        elif not low <= value + add[level] <= automaton.high[scope]:
            return None
    after = [counts[level] + add[level] if level < keep else enter[level] for level in range(automaton.levels[target])]
    return target, tuple(after)


def saturated(automaton: ByteAutomaton, at: Configuration | None) -> Configuration | None:
    """Counts above ``low`` of a scope without upper bound are all alike."""
    if at is None:
        return None
    scopes = automaton.scope[at[0], : len(at[1])]
    return at[0], tuple(
        min(v, int(automaton.low[s])) if automaton.high[s] == UNBOUNDED else v
        for v, s in zip(at[1], scopes, strict=True)
    )


def configurations(automaton: ByteAutomaton) -> list[Configuration]:
    """Every state with every count up to its bound (5 where there is none)."""
    out = []
    for state in range(automaton.states):
        scopes = automaton.scope[state, : automaton.levels[state]]
        counts = [range(int(min(automaton.high[s], 5)) + 1) for s in scopes]
        out += [(state, values) for values in product(*counts)]
    return out


def edges_from(lifted: TokenAutomaton, state: int, token: int) -> list[int]:
    """The edges a token takes from a state, by their labels; several only where it leaves a call."""
    known = lifted.class_of_token[token]
    edges = range(lifted.edge_offset[state], lifted.edge_offset[state + 1])
    found = [edge for edge in edges if known in classes_of(lifted, edge)]
    calls = lifted.automaton.calls
    assert len(found) <= 1 or (calls is not None and calls.level[state] >= 0)
    return found


def classes_of(lifted: TokenAutomaton, edge: int) -> list[int]:
    """The classes that take an edge."""
    label = lifted.edge_label[edge]
    return lifted.label_class[lifted.label_offset[label] : lifted.label_offset[label + 1]].tolist()


def assert_token(lifted: TokenAutomaton, at: Configuration, token: int, data: bytes) -> None:
    """The lifted automaton does with the token what its bytes do, one by one."""
    automaton = lifted.automaton
    every = [apply(automaton, at, int(lifted.edge_code[edge])) for edge in edges_from(lifted, at[0], token)]
    reached = [after for after in every if after is not None]
    expected = run(automaton, at, data) if data else None
    assert [saturated(automaton, after) for after in reached] == (
        [] if expected is None else [saturated(automaton, expected)]
    ), (at, data)
