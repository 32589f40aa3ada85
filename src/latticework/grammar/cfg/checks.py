"""What is likely to be a mistake in a grammar: what is never used, derives nothing, or loses every tie."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from latticework.errors import LimitExceeded
from latticework.grammar import ir
from latticework.grammar.cfg.draft import Draft
from latticework.grammar.cfg.syntax import Terminal

if TYPE_CHECKING:
    from latticework.automata.automaton import ByteAutomaton

_MAX_STATES = 2_000


def refuse_empty(draft: Draft, start: int) -> None:
    """Raises :class:`GrammarError` where no text follows from ``start``, a rule with a place."""
    if start not in draft.productive():
        place, span = draft.places[start]
        place.fail(f"no text follows from {draft.name(start)}", span, "it cannot be written without itself")


def endless(draft: Draft, start: int) -> list[str]:
    """Warnings about rules that ``start`` reaches and no text follows from. ``start`` itself has texts."""
    productive = draft.productive()
    reached = draft.reachable(start, set(range(-len(draft.nonterminals), 0)))
    return [f"{draft.name(symbol)}: no text follows from this" for symbol in reached if symbol not in productive]


def losing(terminals: Sequence[Terminal]) -> list[str]:
    """Warnings about terminals that lose every tie: all their texts are also those of stronger terminals.

    Cost: nothing where priorities are equal and no pattern is finite, else a few milliseconds a pattern.
    """
    found: list[str] = []
    known: dict[Terminal, ByteAutomaton] = {}
    for terminal in terminals:
        stronger = [
            other for other in terminals if other.mode == terminal.mode and _strength(other) > _strength(terminal)
        ]
        covering = _covering(terminal, stronger, known) if stronger else []
        if covering:
            found.append(f"{terminal.name}: never read, because all its texts are read as {', '.join(covering)}")
    return found


def _strength(terminal: Terminal) -> tuple[int, bool]:
    return terminal.priority, terminal.is_literal


def _covering(terminal: Terminal, stronger: list[Terminal], known: dict[Terminal, ByteAutomaton]) -> list[str]:
    """Names of the stronger terminals that together match whatever ``terminal`` does, if they do."""
    if all(isinstance(other.pattern, ir.Literal) for other in stronger) and not _is_finite(terminal.pattern):
        return []
    if isinstance(terminal.pattern, ir.Literal):
        return [other.name for other in stronger if _matches(other, terminal.pattern.data, known)][:1]
    from latticework.automata import algebra

    try:
        rest = _automaton(terminal, known)
        covering: list[str] = []
        while (word := _shortest_text(rest)) is not None:
            matching = next((other for other in stronger if _matches(other, word, known)), None)
            if matching is None:
                return []
            covering.append(matching.name)
            rest = algebra.difference(rest, _automaton(matching, known), _MAX_STATES)
        return covering
    except LimitExceeded:
        return []


def _is_finite(node: ir.Node) -> bool:
    """Whether there are finitely many texts, as far as the nodes show it."""
    if isinstance(node, (ir.Repeat, ir.Join)) and node.high is None:
        return False
    if isinstance(node, (ir.Counted, ir.JsonKey, ir.Multiples, ir.Marked)):
        return False
    return all(map(_is_finite, ir.children(node)))


def _matches(terminal: Terminal, data: bytes, known: dict[Terminal, ByteAutomaton]) -> bool:
    from latticework.automata.run import accepts

    if isinstance(terminal.pattern, ir.Literal):
        return terminal.pattern.data == data
    return accepts(_automaton(terminal, known), data)


def _automaton(terminal: Terminal, known: dict[Terminal, ByteAutomaton]) -> ByteAutomaton:
    from latticework.automata.algebra import expand
    from latticework.automata.build import build_automaton

    if terminal not in known:
        known[terminal] = expand(build_automaton(terminal.pattern), _MAX_STATES)
    return known[terminal]


def _shortest_text(automaton: ByteAutomaton) -> bytes | None:
    """A shortest text of an automaton without counters, ``None`` where it has none."""
    table = automaton.next_state[:, automaton.byte_class].tolist()
    accepting = automaton.accepting.tolist()
    found = {0: b""}
    waiting = deque([0])
    while waiting:
        state = waiting.popleft()
        if accepting[state]:
            return found[state]
        for byte, target in enumerate(table[state]):
            if target >= 0 and target not in found:
                found[target] = found[state] + bytes((byte,))
                waiting.append(target)
    return None
