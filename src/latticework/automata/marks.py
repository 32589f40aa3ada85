"""Texts with marked places: keeping those whose marks stand where they may, and taking the marks away.

Per mark, the texts in which some occurrence of it is misplaced form a language: guess that occurrence, run the
complement of the condition with ``HERE`` read there, and pass over all other marks. Those texts are taken out;
then the marks become moves that read nothing, and the subset construction takes them away.
"""

from __future__ import annotations

from latticework.automata import algebra
from latticework.automata.automaton import ByteAutomaton
from latticework.automata.determinise import determinise
from latticework.automata.graph import Edge, Graph
from latticework.grammar.ir import HERE, MARKS

_PASSED_OVER = (*MARKS, HERE)  # HERE is the place of an assertion around this one


def unmarked(body: ByteAutomaton, *conditions: ByteAutomaton, max_states: int) -> ByteAutomaton:
    """The language of :class:`latticework.grammar.ir.Marked`, minimised.

    Exponential in the worst case, linear in the sizes of ``body`` and each condition for those that look a few
    characters around them.

    Raises:
        LimitExceeded: more than ``max_states`` states on the way.
    """
    for mark, condition in zip(MARKS, conditions, strict=False):
        body = algebra.difference(body, _misplaced(condition, mark, max_states), max_states)
    return _without_marks(body, max_states)


def _misplaced(condition: ByteAutomaton, mark: int, max_states: int) -> ByteAutomaton:
    """Texts with any marks in which ``mark`` stands once where ``condition`` does not have ``HERE``."""
    wrong = algebra.complement(condition)
    graph = Graph(4 * max_states)
    before = [graph.reserve(()) for _ in range(wrong.states)]
    behind = [graph.reserve(()) for _ in range(wrong.states)]
    for state, row in enumerate(algebra.byte_ranges(wrong)):
        for layer in (before, behind):
            edges: list[Edge] = [(byte, byte, layer[state], 0) for byte in _PASSED_OVER]
            edges += [(low, high, layer[target], 0) for low, high, target in _unmarked_parts(row)]
            if layer is before:
                edges += [(mark, mark, behind[target], 0) for low, high, target in row if low <= HERE <= high]
            parts = [graph.node(tuple(sorted(edges)), ())]
            graph.complete(layer[state], [*parts, graph.final] if layer is behind and wrong.accepting[state] else parts)
    return algebra.minimise(determinise(graph, before[0], max_states))


def _without_marks(automaton: ByteAutomaton, max_states: int) -> ByteAutomaton:
    graph = Graph(4 * max_states)
    nodes = [graph.reserve(()) for _ in range(automaton.states)]
    for state, row in enumerate(algebra.byte_ranges(automaton)):
        edges: list[Edge] = [(low, high, nodes[target], 0) for low, high, target in _unmarked_parts(row)]
        edges += [(HERE, HERE, nodes[target], 0) for low, high, target in row if low <= HERE <= high]
        silent = [nodes[target] for low, high, target in row if any(low <= mark <= high for mark in MARKS)]
        ends = [graph.final] if automaton.accepting[state] else []
        graph.complete(nodes[state], [graph.node(tuple(sorted(edges)), ()), *silent, *ends])
    return algebra.minimise(determinise(graph, nodes[0], max_states))


def _unmarked_parts(row: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The moves of a state on bytes that are no marks."""
    parts: list[tuple[int, int, int]] = []
    for low, high, target in row:
        for byte in (*sorted(byte for byte in _PASSED_OVER if low <= byte <= high), high + 1):
            if low < byte:
                parts.append((low, byte - 1, target))
            low = byte + 1
    return parts
