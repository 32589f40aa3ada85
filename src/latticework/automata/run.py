"""Running a byte automaton on bytes, one configuration at a time (the plain semantics of ``automaton.py``)."""

from __future__ import annotations

from typing import TypeAlias

from latticework.automata.automaton import RETURN, ByteAutomaton, Calls

Configuration: TypeAlias = tuple[int, tuple[int, ...]]

START: Configuration = (0, ())


def step(automaton: ByteAutomaton, configuration: Configuration, byte: int) -> Configuration | None:
    """The configuration after one byte, or ``None``."""
    state, counts = configuration
    column = automaton.byte_class[byte]
    target = int(automaton.next_state[state, column])
    calls = automaton.calls
    if target < 0 and calls is not None:
        if target == RETURN:
            return _back(automaton, calls, configuration)
        if calls.returning[state]:
            caller = _back(automaton, calls, configuration)
            return None if caller is None else step(automaton, caller, byte)
    if target < 0:
        return None
    operation = int(automaton.operation[state, column])
    keep, inc = operation >> 4, operation & 15
    if not _may_leave(automaton, configuration, keep):
        return None
    value = -1
    if calls is not None and target >= automaton.states:
        entry = target - automaton.states
        target, value = int(calls.entry_state[entry]), int(calls.entry_value[entry])
    after = list(counts[:keep]) + [0] * (int(automaton.levels[target]) - keep)
    if value >= 0 and calls is not None:
        after[calls.level[target]] = value
    for level in range(len(after)):
        if inc >> level & 1:
            after[level] += 1
            if after[level] > automaton.high[automaton.scope[target, level]]:
                return None
    return target, tuple(after)


def _back(automaton: ByteAutomaton, calls: Calls, configuration: Configuration) -> Configuration | None:
    """The configuration behind the call that a configuration is in."""
    state, counts = configuration
    level = int(calls.level[state])
    target = int(calls.return_state[calls.return_offset[automaton.scope[state, level]] + counts[level]])
    keep = int(automaton.levels[target])
    return (target, counts[:keep]) if _may_leave(automaton, configuration, keep) else None


def _may_leave(automaton: ByteAutomaton, configuration: Configuration, keep: int) -> bool:
    """Whether all levels but the first ``keep`` may be left."""
    state, counts = configuration
    for level in range(keep, len(counts)):
        scope = automaton.scope[state, level]
        if not automaton.low[scope] <= counts[level] <= automaton.high[scope]:
            return False
    return True


def is_accepting(automaton: ByteAutomaton, configuration: Configuration) -> bool:
    """May a document end here?"""
    return bool(automaton.accepting[configuration[0]]) and _may_leave(automaton, configuration, 0)


def run(automaton: ByteAutomaton, data: bytes) -> tuple[Configuration, int]:
    """Last configuration reached and the number of bytes read; less than ``len(data)`` when stuck."""
    at = START
    for position, byte in enumerate(data):
        after = step(automaton, at, byte)
        if after is None:
            return at, position
        at = after
    return at, len(data)


def accepts(automaton: ByteAutomaton, data: bytes) -> bool:
    """Is ``data`` in the language? O(len(data))."""
    at, read = run(automaton, data)
    return read == len(data) and is_accepting(automaton, at)


def prefix_length(automaton: ByteAutomaton, data: bytes) -> int:
    """Bytes of ``data`` that can be read before the automaton is stuck."""
    return run(automaton, data)[1]


def next_bytes(automaton: ByteAutomaton, data: bytes) -> bytes:
    """Bytes that can be read after ``data``, ascending; empty when ``data`` itself cannot be read."""
    at, read = run(automaton, data)
    if read < len(data):
        return b""
    return bytes(byte for byte in range(256) if step(automaton, at, byte) is not None)
