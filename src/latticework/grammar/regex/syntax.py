"""Syntax tree of a regular expression: small frozen values, each knowing its place in the pattern."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from latticework.grammar.ir import Ranges

Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class CharSet:
    """One code point out of ``ranges``; ``outer`` covers what any dialect would take here (see :mod:`.classes`)."""

    ranges: Ranges
    outer: Ranges
    span: Span


@dataclass(frozen=True, slots=True)
class Concat:
    """``parts`` one after the other; no parts match the empty string."""

    parts: tuple[Pattern, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Alternation:
    """Any one of ``options``."""

    options: tuple[Pattern, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Repetition:
    """``low`` to ``high`` copies of ``body``, ``None`` for no upper bound; lazy and greedy are the same language."""

    body: Pattern
    low: int
    high: int | None
    span: Span
    lazy: bool = False


@dataclass(frozen=True, slots=True)
class Anchor:
    """``^`` (``at_start``) or ``$``: matches the empty string at one end of the text."""

    at_start: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Lookahead:
    """``(?=body)`` or, ``negative``, ``(?!body)``: a condition on the text that follows."""

    body: Pattern
    negative: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Lookbehind:
    """``(?<=body)`` or, ``negative``, ``(?<!body)``: a condition on the text that precedes."""

    body: Pattern
    negative: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Boundary:
    r"""``\b`` or, ``negative``, ``\B``: whether exactly one of the two neighbours is one of ``word``."""

    word: CharSet
    negative: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Atomic:
    """``(?>body)``, and what possessive quantifiers stand for; the parser leaves none (:mod:`.committed`)."""

    body: Pattern
    span: Span


Pattern: TypeAlias = CharSet | Concat | Alternation | Repetition | Anchor | Lookahead | Lookbehind | Boundary | Atomic


def contains(pattern: Pattern, wanted: Callable[[Pattern], bool]) -> bool:
    """Whether ``wanted`` holds for the pattern or anything inside."""
    if wanted(pattern):
        return True
    match pattern:
        case Concat(parts):
            return any(contains(part, wanted) for part in parts)
        case Alternation(options):
            return any(contains(option, wanted) for option in options)
        case Repetition(body) | Lookahead(body) | Lookbehind(body) | Atomic(body):
            return contains(body, wanted)
        case Boundary(word):
            return wanted(word)
        case _:
            return False


def is_assertion(pattern: Pattern) -> bool:
    return isinstance(pattern, (Anchor, Lookahead, Lookbehind, Boundary))


def is_start_anchor(pattern: Pattern) -> bool:
    return isinstance(pattern, Anchor) and pattern.at_start


def is_end_anchor(pattern: Pattern) -> bool:
    return isinstance(pattern, Anchor) and not pattern.at_start


def is_lookahead(pattern: Pattern) -> bool:
    return isinstance(pattern, Lookahead)


def asserts(pattern: Pattern) -> bool:
    """Whether an anchor, a word boundary, lookahead or lookbehind stands anywhere inside."""
    return contains(pattern, is_assertion)


def asserts_start(pattern: Pattern) -> bool:
    """Whether every match begins at the start of the text (sufficient, not necessary)."""
    match pattern:
        case Anchor(at_start):
            return at_start
        case Concat(parts):
            return bool(parts) and asserts_start(parts[0])
        case Alternation(options):
            return all(asserts_start(option) for option in options)
        case _:
            return False


def asserts_end(pattern: Pattern) -> bool:
    """Whether every match ends at the end of the text (sufficient, not necessary)."""
    match pattern:
        case Anchor(at_start):
            return not at_start
        case Concat(parts):
            return bool(parts) and asserts_end(parts[-1])
        case Alternation(options):
            return all(asserts_end(option) for option in options)
        case _:
            return False


def nullable(pattern: Pattern) -> bool:
    """Whether a pattern without assertions matches the empty string."""
    match pattern:
        case CharSet():
            return False
        case Concat(parts):
            return all(nullable(part) for part in parts)
        case Alternation(options):
            return any(nullable(option) for option in options)
        case Repetition(body, low):
            return low == 0 or nullable(body)
        case _:
            raise TypeError(f"{pattern!r} is an assertion")


def length_range(pattern: Pattern) -> tuple[int, int | None]:
    """Bounds on the code points a match consumes; the upper one is ``None`` when there is none."""
    match pattern:
        case CharSet():
            return 1, 1
        case Concat(parts):
            ranges = [length_range(part) for part in parts]
            return sum(low for low, _ in ranges), _total([high for _, high in ranges])
        case Alternation(options):
            ranges = [length_range(option) for option in options]
            highs = [high for _, high in ranges if high is not None]
            return min(low for low, _ in ranges), max(highs) if len(highs) == len(ranges) else None
        case Repetition(body, low, high):
            body_low, body_high = length_range(body)
            if body_high == 0 or high == 0:
                return 0, 0
            return body_low * low, None if body_high is None or high is None else body_high * high
        case _:
            return 0, 0


def _total(bounds: list[int | None]) -> int | None:
    known = [bound for bound in bounds if bound is not None]
    return sum(known) if len(known) == len(bounds) else None
