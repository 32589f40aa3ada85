"""What is likely to be a mistake in a grammar: what is never used, derives nothing, or loses every tie."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from latticework.errors import LimitExceeded
from latticework.grammar import ir
from latticework.grammar.cfg.draft import Draft
from latticework.grammar.cfg.syntax import Terminal

if TYPE_CHECKING:
    from latticework.automata.automaton import ByteAutomaton

_MAX_STATES = 2_000
_FEW = 500


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

    Cost: automata are built where patterns have different priorities, a few milliseconds each; else next to nothing.
    """
    ties = _Ties()
    found: list[str] = []
    by_strength: dict[tuple[int, bool], list[Terminal]] = {}
    for terminal in terminals:
        by_strength.setdefault((terminal.priority, terminal.is_literal), []).append(terminal)
    for terminal in terminals:
        own = (terminal.priority, terminal.is_literal)
        stronger = [other for strength, others in by_strength.items() if strength > own for other in others]
        covering = ties.covering(terminal, [other for other in stronger if other.mode == terminal.mode])
        if covering:
            found.append(f"{terminal.name}: never read, because all its texts are read as {', '.join(covering)}")
    return found


class _Ties:
    """Which terminals match the same texts; what is found out about one is kept."""

    def __init__(self) -> None:
        self.texts = cache(_texts)
        self.is_finite = cache(_is_finite)
        self.automaton = cache(_automaton)

    def covering(self, terminal: Terminal, stronger: list[Terminal]) -> list[str]:
        """Names of the stronger terminals that together match whatever ``terminal`` does, if they do."""
        if not self.is_finite(terminal.pattern) and all(self.is_finite(other.pattern) for other in stronger):
            return []
        texts = self.texts(terminal.pattern)
        sample = _sample(terminal.pattern)
        try:
            if sample is not None and self.first_match(sample, stronger) is None:
                return []
            if texts is None:
                return self.covering_many(terminal, stronger)
            names = [self.first_match(text, stronger) for text in sorted(texts)]
        except LimitExceeded:
            return []
        return list(dict.fromkeys(name for name in names if name)) if all(names) else []

    def covering_many(self, terminal: Terminal, stronger: list[Terminal]) -> list[str]:
        """As :meth:`covering`, by taking the texts of one stronger terminal after the other away."""
        from latticework.automata.algebra import difference

        rest = self.automaton(terminal.pattern)
        covering: list[str] = []
        while (word := _shortest_text(rest)) is not None:
            matching = next((other for other in stronger if self.matches(other, word)), None)
            if matching is None:
                return []
            covering.append(matching.name)
            rest = difference(rest, self.automaton(matching.pattern), _MAX_STATES)
        return covering

    def first_match(self, text: bytes, terminals: list[Terminal]) -> str | None:
        return next((terminal.name for terminal in terminals if self.matches(terminal, text)), None)

    def matches(self, terminal: Terminal, text: bytes) -> bool:
        from latticework.automata.run import accepts

        texts = self.texts(terminal.pattern)
        return text in texts if texts is not None else accepts(self.automaton(terminal.pattern), text)


def _automaton(pattern: ir.Node) -> ByteAutomaton:
    from latticework.automata.algebra import expand
    from latticework.automata.build import build_automaton

    return expand(build_automaton(pattern), _MAX_STATES)


def _sample(node: ir.Node) -> bytes | None:
    """Some text, where the node is plain."""
    match node:
        case ir.Literal(data=data):
            return data
        case ir.Chars(ranges=ranges) if ranges:
            return chr(ranges[0][0]).encode()
        case ir.Seq(parts=parts):
            samples = [_sample(part) for part in parts]
            found = [sample for sample in samples if sample is not None]
            return b"".join(found) if len(found) == len(samples) else None
        case ir.Alt(options=options) if options:
            return _sample(options[0])
        case ir.Repeat(low=low, body=body):
            sample = _sample(body)
            return None if sample is None else sample * low
    return None


def some_text(pattern: ir.Node) -> bytes | None:
    """A text of a terminal, short where the pattern is plain or has no counters; ``None`` where it has none."""
    sample = _sample(pattern)
    return _shortest_text(_automaton(pattern)) if sample is None else sample


def _texts(node: ir.Node) -> set[bytes] | None:
    """All texts, ``None`` where there are more than a few hundred or the node is not plain."""
    match node:
        case ir.Literal(data=data):
            return {data}
        case ir.Words():
            return set(node.words) if len(node.words) <= _FEW else None
        case ir.Chars():
            if sum(high - low + 1 for low, high in node.ranges) > _FEW:
                return None
            return {chr(point).encode() for low, high in node.ranges for point in range(low, high + 1)}
        case ir.Alt():
            inner = [_texts(option) for option in node.options]
            found = {text for texts in inner if texts is not None for text in texts}
            return found if None not in inner and len(found) <= _FEW else None
        case ir.Seq():
            return _joined(node.parts)
        case ir.Repeat(high=high) if high is not None and high <= _FEW:
            found = {b""} if node.low == 0 else set()
            for count in range(max(node.low, 1), high + 1):
                more = _joined([node.body] * count)
                if more is None or len(found | more) > _FEW:
                    return None
                found |= more
            return found
        case ir.Located() | ir.Alone():
            return _texts(node.body)
    return None


def _joined(parts: Sequence[ir.Node]) -> set[bytes] | None:
    found = {b""}
    for part in parts:
        texts = _texts(part)
        if texts is None or len(found) * len(texts) > _FEW:
            return None
        found = {before + text for before in found for text in texts}
    return found


def _is_finite(node: ir.Node) -> bool:
    """Whether there are finitely many texts, as far as the nodes show it."""
    if isinstance(node, (ir.Repeat, ir.Join)) and node.high is None:
        return False
    if isinstance(node, (ir.Counted, ir.JsonKey, ir.Multiples, ir.Marked)):
        return False
    return all(map(_is_finite, ir.children(node)))


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
