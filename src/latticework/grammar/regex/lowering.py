"""Syntax tree -> IR, with assertions resolved exactly.

A pattern without assertions lowers node by node. Otherwise the lowering works on *the rest of the
text*: ``_rest(parts, at_start)`` is the language of everything from here to the end of the text when
``parts`` match one after the other and fill it. A ``$`` cuts the rest down to the empty string,
``(?=x)`` intersects it with ``x`` followed by anything, ``(?!x)`` removes that. Anchors below
alternations and repetitions go through :mod:`latticework.grammar.regex.anchors`. What must know the text before
it (lookbehind, word boundaries), or look ahead in every round of a loop, goes through
:mod:`latticework.grammar.regex.context`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from latticework.grammar import ir
from latticework.grammar.combine import alt, repeat, seq
from latticework.grammar.regex import anchors
from latticework.grammar.regex.context import lower_in_context
from latticework.grammar.regex.syntax import (
    Alternation,
    Anchor,
    Boundary,
    CharSet,
    Concat,
    Lookahead,
    Lookbehind,
    Pattern,
    Repetition,
    asserts,
    contains,
    is_end_anchor,
    is_lookahead,
    is_start_anchor,
    nullable,
)

ANYTHING = Repetition(CharSet(ir.ANY_CHAR.ranges, ir.ANY_CHAR.ranges, (0, 0)), 0, None, (0, 0))
_LINE_FEED = CharSet(((0x0A, 0x0A),), ((0x0A, 0x0A),), (0, 0))
_SHORT_ESCAPES = frozenset((0x08, 0x09, 0x0A, 0x0C, 0x0D))


@dataclass(frozen=True, slots=True)
class Target:
    """What the characters of a pattern become.

    Attributes:
        json: characters are spelt (canonically) as inside a JSON string, else plain UTF-8.
        counted: each character stays a node of its own, so that ``ir.Counted`` can count it.
    """

    json: bool = False
    counted: bool = False


PLAIN = Target()


def lower(pattern: Pattern, text: str, target: Target = PLAIN, search: bool = False, outside: bool = False) -> ir.Node:
    """Language of the texts that ``pattern`` matches as a whole, or, with ``search``, contains a match of.

    ``text`` is the pattern's source, for errors. The language holds the texts that match in every dialect; with
    ``outside`` those that match in any.

    Raises:
        GrammarError: more than twelve different assertions in a pattern that needs to know what stands around them.
    """
    lowering = _Lowering(text, target, outside)
    if _needs_context(pattern):
        whole = Concat((ANYTHING, pattern, ANYTHING), pattern.span) if search else pattern
        return lower_in_context(whole, lowering)
    if outside and contains(pattern, is_end_anchor):  # Python's $ also stands before a last line feed
        whole = (ANYTHING, pattern, ANYTHING) if search else (pattern,)
        node = lowering.rest(whole, True)
        return alt([node, seq([node, lowering.plain(_LINE_FEED)])])
    if search:
        return lowering.rest((ANYTHING, pattern, ANYTHING), True)
    return lowering.rest((pattern,), True)


def needs_set_operations(pattern: Pattern) -> bool:
    """Whether the language is lowered to set operations, which count no characters."""
    return _needs_context(pattern) or contains(pattern, is_lookahead)


def _needs_context(pattern: Pattern) -> bool:
    return contains(pattern, _is_hard)


def _is_hard(pattern: Pattern) -> bool:
    match pattern:
        case Lookbehind() | Boundary():
            return True
        case Repetition(body, low, high):
            if contains(body, is_lookahead):
                return high is None or high > anchors.MAX_COPIES
            return (low if high is None else high) > anchors.MAX_COPIES and asserts(body)
        case _:
            return False


class _Lowering:
    """Lowers one pattern; ``outer`` is set inside a negative lookahead, where dialects must not excuse a text."""

    def __init__(self, text: str, target: Target, outer: bool = False) -> None:
        self.text = text
        self.target = target
        self.outer = outer

    def plain(self, pattern: Pattern) -> ir.Node:
        """Language of a pattern without assertions."""
        match pattern:
            case CharSet():
                return self.one_of(self._ranges(pattern))
            case Concat(parts):
                return self._concat(parts)
            case Alternation(options):
                return alt([self.plain(option) for option in options])
            case Repetition(body, low, high):
                return repeat(self.plain(body), low, high)
            case _:
                raise TypeError(f"{pattern!r} is an assertion")

    def _ranges(self, chars: CharSet) -> ir.Ranges:
        return chars.outer if self.outer else chars.ranges

    def flipped(self) -> _Lowering:
        """For what is negated: texts of any dialect for those of all, and the other way round."""
        return _Lowering(self.text, self.target, not self.outer)

    def one_of(self, ranges: ir.Ranges) -> ir.Node:
        """One character."""
        if not ranges:
            return ir.NOTHING
        data = self._literal(ranges)
        if data is not None:
            return ir.Literal(data)
        return ir.JsonChars(ranges) if self.target.json else ir.Chars(ranges)

    def _literal(self, ranges: ir.Ranges) -> bytes | None:
        """The one spelling of a single character, ``None`` when there are several or it is to be counted."""
        if self.target.counted or len(ranges) != 1 or ranges[0][0] != ranges[0][1]:
            return None
        point = ranges[0][0]
        if not self.target.json:
            return chr(point).encode()
        if point < 0x20 and point not in _SHORT_ESCAPES:
            return None
        return json.dumps(chr(point), ensure_ascii=False)[1:-1].encode()

    def _concat(self, parts: tuple[Pattern, ...]) -> ir.Node:
        nodes: list[ir.Node] = []
        run = b""
        for part in parts:
            data = self._literal(self._ranges(part)) if isinstance(part, CharSet) else None
            if data is not None:
                run += data
                continue
            if run:
                nodes.append(ir.Literal(run))
                run = b""
            nodes.append(self.plain(part))
        if run:
            nodes.append(ir.Literal(run))
        return seq(_rotated(nodes))

    def rest(self, parts: tuple[Pattern, ...], at_start: bool) -> ir.Node:
        """Language of the rest of the text that ``parts`` fill; ``at_start``: nothing stands before it."""
        parts = _flatten(parts)
        split = next((i for i, part in enumerate(parts) if asserts(part)), len(parts))
        if split:
            return self._after_plain(parts[:split], parts[split:], at_start)
        if not parts:
            return ir.EMPTY
        first, others = parts[0], parts[1:]
        if contains(first, is_lookahead):
            return self._lookahead(first, others, at_start)
        pieces = anchors.pieces(first, self)
        options: list[ir.Node] = []
        # A text piece may be empty; what looks ahead behind it must not take the start of the text for its middle.
        moves = at_start and any(contains(part, is_lookahead) for part in others)
        for (starts, ends), text in pieces.texts:
            if starts and not at_start:
                continue
            node = ir.Except(text, ir.EMPTY) if moves else text
            if not ends:
                options.append(seq([node, self.rest(others, False)]))
            elif matches_nothing_more(others, False):
                options.append(node)
        for starts, ends in pieces.empties:
            if starts and not at_start:
                continue
            if not ends:
                options.append(self.rest(others, at_start))
            elif matches_nothing_more(others, at_start):
                options.append(ir.EMPTY)
        return alt(options)

    def _after_plain(self, plain: tuple[Pattern, ...], others: tuple[Pattern, ...], at_start: bool) -> ir.Node:
        first = self._concat(plain)
        if not others:
            return first
        moved_on = seq([first, self.rest(others, False)])
        stays_possible = at_start and all(nullable(part) for part in plain)
        if not stays_possible or not any(contains(part, is_start_anchor) for part in others):
            return moved_on
        if any(contains(part, is_lookahead) for part in others):
            moved_on = seq([ir.Except(first, ir.EMPTY), self.rest(others, False)])
        return alt([self.rest(others, True), moved_on])

    def _lookahead(self, first: Pattern, others: tuple[Pattern, ...], at_start: bool) -> ir.Node:
        match first:
            case Lookahead(body, negative):
                rest = self.rest(others, at_start)
                if negative:
                    forbidden = self._forbidden(body, at_start)
                    return rest if ir.NOTHING in (forbidden, rest) else ir.Except(rest, forbidden)
                condition = self.rest((body, ANYTHING), at_start)
                return ir.NOTHING if ir.NOTHING in (condition, rest) else ir.Intersect((rest, condition))
            case Alternation(options):
                return alt([self.rest((option, *others), at_start) for option in options])
            case Repetition(body, low, high, span):
                assert high is not None
                if high == 0:
                    return self.rest(others, at_start)
                once_more = (body, Repetition(body, max(low - 1, 0), high - 1, span), *others)
                taken = self.rest(once_more, at_start)
                return taken if low else alt([self.rest(others, at_start), taken])
            case _:
                raise TypeError(f"{first!r} holds no lookahead")

    def _forbidden(self, body: Pattern, at_start: bool) -> ir.Node:
        """Texts with a match of ``body`` in front, whatever the dialect."""
        other = self.flipped()
        condition = other.rest((body, ANYTHING), at_start)
        if contains(body, is_end_anchor):  # Python's $ also stands before a last line feed
            condition = alt([condition, seq([condition, other.plain(_LINE_FEED)])])
        return condition


def _rotated(nodes: list[ir.Node]) -> list[ir.Node]:
    """The same language, ``(AB){n,m}A`` as ``A(BA){n,m}``: where a round ends is known as soon as the next one begins,
    so that the automaton can count the rounds."""
    nodes = list(nodes)
    for at, node in enumerate(nodes[:-1]):
        if isinstance(node, ir.Repeat) and isinstance(node.body, ir.Seq) and node.body.parts[0] == nodes[at + 1]:
            first, *others = node.body.parts
            nodes[at : at + 2] = [first, ir.Repeat(ir.Seq((*others, first)), node.low, node.high)]
    return nodes


def matches_nothing_more(parts: tuple[Pattern, ...], at_start: bool) -> bool:
    """Whether ``parts`` match the empty string at the end of the text."""
    return all(_matches_empty_end(part, at_start) for part in parts)


def _matches_empty_end(part: Pattern, at_start: bool) -> bool:
    match part:
        case CharSet():
            return False
        case Concat(parts):
            return matches_nothing_more(parts, at_start)
        case Alternation(options):
            return any(_matches_empty_end(option, at_start) for option in options)
        case Repetition(body, low):
            return low == 0 or _matches_empty_end(body, at_start)
        case Anchor(wants_start):
            return at_start or not wants_start
        case Lookahead(body, negative):
            return _matches_empty_end(body, at_start) != negative
        case _:
            raise TypeError(f"{part!r} must know what stands before it")


def _flatten(parts: tuple[Pattern, ...]) -> tuple[Pattern, ...]:
    out: list[Pattern] = []
    for part in parts:
        if isinstance(part, Concat) and asserts(part):
            out.extend(_flatten(part.parts))
        else:
            out.append(part)
    return tuple(out)
