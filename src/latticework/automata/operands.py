"""Set operations of the grammar IR: operands compiled by themselves, without counters, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable

from latticework.automata import algebra, blocks, marks
from latticework.automata.automaton import ByteAutomaton
from latticework.automata.blocks import BuildLimits
from latticework.automata.distinct import distinct
from latticework.grammar import ir


class Operands:
    """``build`` gives the automaton of a node without counters, within ``limits``. Operands are kept."""

    def __init__(self, limits: BuildLimits, build: Callable[[ir.Node, BuildLimits], ByteAutomaton]) -> None:
        self.limits = limits
        self._build = build

    def automaton(self, node: ir.Node) -> ByteAutomaton:
        """That of an operand, built unless it is kept."""

        def make() -> ByteAutomaton:
            is_set = isinstance(node, ir.Intersect | ir.Except)
            return self.combined(node) if is_set else self._build(node, self.limits)

        return blocks.operands.made(node.digest, self.limits, make)

    def combined(self, node: ir.Node) -> ByteAutomaton:
        """That of a node which says what to do with its operands."""
        match node:
            case ir.Intersect():
                return algebra.intersection(*map(self.automaton, node.parts))
            case ir.Except():
                body = self.automaton(node.body)
                return body if algebra.never_accepts(body) else algebra.difference(body, self.automaton(node.removed))
            case ir.Marked():
                return marks.unmarked(*map(self.automaton, ir.children(node)), max_states=self.limits.max_states)
            case ir.Distinct():
                item, separator = self.automaton(node.item), self.automaton(node.separator)
                return distinct(node, item, separator, self.limits.max_states)
        raise TypeError(f"{type(node).__name__} has no operands")
