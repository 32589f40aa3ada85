"""Possessive quantifiers and atomic groups, where they leave the language as it is.

A group that never gives back what it took matches the same texts as a plain one when nothing shorter could help the
rest of the pattern: when it has no choice at all, or when every other choice would leave in front of the rest a
character that it cannot begin with. Anything else depends on the order in which an engine tries its choices, and is
refused.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from latticework.errors import GrammarError
from latticework.grammar.ranges import Ranges, complement_ranges, normalise_ranges
from latticework.grammar.regex.syntax import (
    Alternation,
    Anchor,
    Atomic,
    Boundary,
    CharSet,
    Concat,
    Lookahead,
    Lookbehind,
    Pattern,
    Repetition,
    contains,
    nullable,
)

_First = Ranges | None  # characters that what follows may begin with; None: it asserts something first


def without_commitment(pattern: Pattern, text: str) -> Pattern:
    """The same language without atomic groups.

    Raises:
        GrammarError: one of them cannot be shown to leave the language as it is.
    """
    if not contains(pattern, lambda part: isinstance(part, Atomic)):
        return pattern
    return _resolved(pattern, (), text)


def _resolved(pattern: Pattern, after: _First, text: str) -> Pattern:
    match pattern:
        case Concat(parts):
            out: list[Pattern] = []
            for part in reversed(parts):
                part = _resolved(part, after, text)
                after = _first(part, after)
                out.append(part)
            return replace(pattern, parts=tuple(reversed(out)))
        case Alternation(options):
            return replace(pattern, options=tuple(_resolved(option, after, text) for option in options))
        case Repetition(body):
            again = _union(_first(_plain(body), after), after)
            return replace(pattern, body=_resolved(body, again, text))
        case Lookahead(body):
            return replace(pattern, body=_resolved(body, (), text))
        case Lookbehind(body):
            if contains(body, lambda part: isinstance(part, Atomic)):
                raise GrammarError("an atomic group inside lookbehind is not supported", text, pattern.span)
            return pattern
        case Atomic(body):
            if not _keeps_language(body, after):
                raise GrammarError(
                    "this possessive or atomic part may change what matches", text, pattern.span, "use a plain one"
                )
            return body
        case _:
            return pattern


def _keeps_language(body: Pattern, after: _First) -> bool:
    *fixed, last = body.parts if isinstance(body, Concat) and body.parts else (body,)
    if not all(map(_is_fixed, fixed)):
        return False
    match last:
        case Repetition(repeated, low, high, lazy=lazy):
            if low == high:
                return _is_fixed(repeated)
            first = _first(repeated, ())
            return not lazy and _is_fixed(repeated) and not nullable(repeated) and _disjoint(first, after)
        case Alternation(options):
            firsts = [_first(option, ()) for option in options]
            fixed_alone = all(_is_fixed(option) and not nullable(option) for option in options)
            return fixed_alone and all(_disjoint(a, b) for a, b in combinations(firsts, 2))
        case _:
            return _is_fixed(last)


def _is_fixed(pattern: Pattern) -> bool:
    """Whether there is one way to match a given text at most."""
    match pattern:
        case CharSet():
            return True
        case Concat(parts):
            return all(map(_is_fixed, parts))
        case Repetition(body, low, high):
            return low == high and _is_fixed(body)
        case _:
            return False


def _plain(pattern: Pattern) -> Pattern:
    """The pattern with atomic groups as plain ones: what it may begin with."""
    match pattern:
        case Atomic(body):
            return _plain(body)
        case Concat(parts):
            return replace(pattern, parts=tuple(map(_plain, parts)))
        case Alternation(options):
            return replace(pattern, options=tuple(map(_plain, options)))
        case Repetition(body):
            return replace(pattern, body=_plain(body))
        case _:
            return pattern


def _first(pattern: Pattern, after: _First) -> _First:
    """Characters that ``pattern`` followed by ``after`` may begin with, in any dialect."""
    match pattern:
        case CharSet(outer=outer):
            return outer
        case Concat(parts):
            for part in reversed(parts):
                after = _first(part, after)
            return after
        case Alternation(options):
            found: _First = ()
            for option in options:
                found = _union(found, _first(option, after))
            return found
        case Repetition(body, low):
            once = _first(body, after)
            return once if low else _union(once, after)
        case Anchor(at_start):
            return None if at_start else ()
        case Lookahead() | Lookbehind() | Boundary():
            return None
        case Atomic(body):
            return _first(body, after)


def _union(a: _First, b: _First) -> _First:
    return None if a is None or b is None else normalise_ranges((*a, *b))


def _disjoint(a: _First, b: _First) -> bool:
    if a is None or b is None:
        return False
    rest = complement_ranges(b)
    return normalise_ranges((*a, *rest)) == normalise_ranges(rest)
