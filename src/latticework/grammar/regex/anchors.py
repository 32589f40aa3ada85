"""Anchors below alternations and repetitions: a pattern as a few plain languages with conditions.

Each piece of a pattern is a language together with two flags: the match must begin at the start of
the text, it must end at its end. Matches of the empty string are kept apart, since only they leave
the position where it was: in ``a*^b`` the ``a*`` has to match nothing. Concatenation, union and star
combine pieces exactly, so ``^a|b$`` and ``((^|,)x)+`` mean what they say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol, TypeAlias

from latticework.grammar import ir
from latticework.grammar.regex.syntax import Alternation, Anchor, Concat, Pattern, Repetition, asserts, nullable

MAX_COPIES = 8

Flags: TypeAlias = tuple[bool, bool]
_ANYWHERE: Flags = (False, False)


class Pieces(NamedTuple):
    """Ways to match: ``texts`` are languages with their flags, ``empties`` the flags of empty matches."""

    texts: tuple[tuple[Flags, ir.Node], ...]
    empties: frozenset[Flags]


class PlainLowering(Protocol):
    """What lowers the parts without assertions."""

    def plain(self, pattern: Pattern) -> ir.Node: ...


NOTHING_TO_MATCH = Pieces((), frozenset((_ANYWHERE,)))


def pieces(pattern: Pattern, lowering: PlainLowering) -> Pieces:
    """Pieces of a pattern whose only assertions are anchors, in repetitions of at most :data:`MAX_COPIES` copies."""
    if not asserts(pattern):
        empties = frozenset((_ANYWHERE,)) if nullable(pattern) else frozenset()
        return Pieces(((_ANYWHERE, lowering.plain(pattern)),), empties)
    match pattern:
        case Anchor(at_start):
            return Pieces((), frozenset(((at_start, not at_start),)))
        case Concat(parts):
            out = NOTHING_TO_MATCH
            for part in parts:
                out = _concat(out, pieces(part, lowering))
            return out
        case Alternation(options):
            return _union(pieces(option, lowering) for option in options)
        case Repetition(body, low, high):
            return _repeat(pieces(body, lowering), low, high)
        case _:
            raise TypeError(f"{pattern!r} is no anchor")


def _repeat(body: Pieces, low: int, high: int | None) -> Pieces:
    out = NOTHING_TO_MATCH
    for _ in range(low):
        out = _concat(out, body)
    if high is None:
        return _concat(out, _star(body))
    for _ in range(high - low):
        out = _concat(out, _union((NOTHING_TO_MATCH, body)))
    return out


def _concat(left: Pieces, right: Pieces) -> Pieces:
    texts: list[tuple[Flags, ir.Node]] = []
    for (starts, ends), node in left.texts:
        if not ends:
            texts += [((starts, e), _seq(node, other)) for (s, e), other in right.texts if not s]
        texts += [((starts, ends or e), node) for s, e in right.empties if not s]
    for starts, ends in left.empties:
        if not ends:
            texts += [((starts or s, e), node) for (s, e), node in right.texts]
    empties = frozenset((s1 or s2, e1 or e2) for s1, e1 in left.empties for s2, e2 in right.empties)
    return _collect(texts, empties)


def _union(options: Iterable[Pieces]) -> Pieces:
    options = tuple(options)
    empties: frozenset[Flags] = frozenset().union(*(option.empties for option in options))
    return _collect([text for option in options for text in option.texts], empties)


def _star(body: Pieces) -> Pieces:
    """Any number of copies: the first nonempty one may be bound to the start, the last one to the end."""
    by_flags = dict(body.texts)
    inner = ir.Repeat(by_flags.get(_ANYWHERE, ir.NOTHING), 0, None)
    first, last, both = (by_flags.get(flags) for flags in ((True, False), (False, True), (True, True)))
    texts: list[tuple[Flags, ir.Node]] = [(_ANYWHERE, inner)]
    if first is not None:
        texts.append(((True, False), _seq(first, inner)))
    if last is not None:
        texts.append(((False, True), _seq(inner, last)))
    if both is not None:
        texts.append(((True, True), both))
    if first is not None and last is not None:
        texts.append(((True, True), ir.Seq((first, inner, last))))
    return _collect(texts, frozenset((_ANYWHERE,)))


def _collect(texts: list[tuple[Flags, ir.Node]], empties: frozenset[Flags]) -> Pieces:
    grouped: dict[Flags, dict[ir.Node, None]] = {}
    for flags, node in texts:
        grouped.setdefault(flags, {})[node] = None
    merged = ((flags, next(iter(nodes)) if len(nodes) == 1 else ir.Alt(nodes)) for flags, nodes in grouped.items())
    return Pieces(tuple(merged), empties)


def _seq(first: ir.Node, second: ir.Node) -> ir.Node:
    return ir.Seq((first, second))
