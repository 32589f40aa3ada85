"""Assertions anywhere in a pattern, exactly: marks in the text, and what has to stand around each.

The pattern is lowered with a mark in place of every assertion. An assertion is a language of texts with one place
marked: those whose prefix and suffix there are as it wants (``(?<=x)``: anything, ``x``, the place, anything). A text
matches when it can be marked so that every mark stands at such a place (:class:`latticework.grammar.ir.Marked`).
Assertions inside an assertion are marked in its own language in the same way. Costs a product of automata for each
assertion, so :mod:`.lowering` keeps the patterns it can lower without.
"""

from __future__ import annotations

from typing import Protocol

from latticework.errors import GrammarError
from latticework.grammar import ir
from latticework.grammar.combine import alt, optional, repeat, seq
from latticework.grammar.ranges import complement_ranges
from latticework.grammar.regex.syntax import (
    Alternation,
    Anchor,
    Boundary,
    Concat,
    Lookahead,
    Lookbehind,
    Pattern,
    Repetition,
    asserts,
)

_HERE = ir.Literal(bytes((ir.HERE,)))
_LINE_FEED = ((0x0A, 0x0A),)


class PlainLowering(Protocol):
    """What lowers the parts without assertions; ``outer``: to all texts that match in any dialect."""

    text: str
    outer: bool

    def plain(self, pattern: Pattern) -> ir.Node: ...
    def one_of(self, ranges: ir.Ranges) -> ir.Node: ...
    def flipped(self) -> PlainLowering: ...


def lower_in_context(pattern: Pattern, lowering: PlainLowering) -> ir.Node:
    """Texts that ``pattern`` matches as a whole.

    Raises:
        GrammarError: more different assertions beside each other than there are marks, twelve.
    """
    marks = _Marks(lowering)
    return marks.resolved(marks.body(pattern))


class _Marks:
    """The assertions of one pattern, each with a mark; those inside an assertion have marks of their own."""

    def __init__(self, lowering: PlainLowering) -> None:
        self.lowering = lowering
        self.anything = ir.Repeat(lowering.one_of(ir.ANY_CHAR.ranges), 0, None)
        self.conditions: dict[ir.Node, int] = {}

    def resolved(self, node: ir.Node) -> ir.Node:
        """``node``, which has the marks, without them."""
        return ir.Marked(node, self.conditions) if self.conditions and node != ir.NOTHING else node

    def body(self, pattern: Pattern) -> ir.Node:
        """The pattern with marks in place of its assertions."""
        if not asserts(pattern):
            return self.lowering.plain(pattern)
        match pattern:
            case Concat(parts):
                return seq([self.body(part) for part in parts])
            case Alternation(options):
                return alt([self.body(option) for option in options])
            case Repetition(repeated, low, high):
                return repeat(self.body(repeated), low, high)
        condition = self._condition(pattern)
        if condition == ir.NOTHING:
            return ir.NOTHING
        index = self.conditions.setdefault(condition, len(self.conditions))
        if index >= len(ir.MARKS):
            message = f"more than {len(ir.MARKS)} different assertions beside each other are not supported"
            raise GrammarError(message, self.lowering.text, pattern.span)
        return ir.Literal(ir.MARKS[index : index + 1])

    def _condition(self, assertion: Pattern) -> ir.Node:
        """Texts with ``ir.HERE`` at a place where the assertion holds."""
        anything = self.anything
        match assertion:
            case Anchor(at_start):
                if at_start:
                    return seq([_HERE, anything])
                # Python's $ also stands before a last line feed.
                tail = optional(self.lowering.one_of(_LINE_FEED)) if self.lowering.outer else ir.EMPTY
                return seq([anything, _HERE, tail])
            case Lookahead(body, negative):
                return self._around(body, negative, ahead=True)
            case Lookbehind(body, negative):
                return self._around(body, negative, ahead=False)
            case Boundary():
                return self._boundary(assertion)
            case _:
                raise TypeError(f"{assertion!r} is no assertion")

    def _around(self, body: Pattern, negative: bool, ahead: bool) -> ir.Node:
        inside = _Marks(self.lowering.flipped() if negative else self.lowering)
        here = [_HERE, inside.body(body)] if ahead else [inside.body(body), _HERE]
        found = inside.resolved(seq([self.anything, *here, self.anything]))
        if not negative:
            return found
        anywhere = seq([self.anything, _HERE, self.anything])
        return anywhere if found == ir.NOTHING else ir.Except(anywhere, found)

    def _boundary(self, boundary: Boundary) -> ir.Node:
        """What is a word character in one dialect only counts as neither, or, to be excluded, as both."""
        inner, outer = boundary.word.ranges, boundary.word.outer
        word, not_other = (outer, inner) if self.lowering.outer else (inner, outer)
        other = complement_ranges(not_other)
        words, others = self.lowering.one_of(word), self.lowering.one_of(other)
        word_before, word_after = seq([self.anything, words]), seq([words, self.anything])
        none_before, none_after = optional(seq([self.anything, others])), optional(seq([others, self.anything]))
        if not boundary.negative:
            return alt([seq([word_before, _HERE, none_after]), seq([none_before, _HERE, word_after])])
        between = [seq([word_before, _HERE, word_after]), seq([none_before, _HERE, none_after])]
        if self.lowering.outer:
            return alt(between)
        # Before version 3.14 of Python, \\B does not match in the empty text.
        return ir.Except(alt(between), _HERE)
