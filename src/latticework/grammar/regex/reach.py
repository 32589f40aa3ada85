"""Whether assertions of a pattern can see beyond the text that it matches."""

from __future__ import annotations

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
    length_range,
)


def looks_ahead(pattern: Pattern, room: int) -> bool:
    """Whether something looks more than ``room`` characters past the end, or asks where the text ends (sufficient)."""
    return _looks(pattern, room, forward=True)


def looks_back(pattern: Pattern, room: int) -> bool:
    """Whether something looks more than ``room`` characters before the start, or asks where the text starts."""
    return _looks(pattern, room, forward=False)


def _looks(pattern: Pattern, room: int, forward: bool) -> bool:
    if not asserts(pattern):
        return False
    match pattern:
        case Concat(parts):
            for part in reversed(parts) if forward else parts:
                if _looks(part, room, forward):
                    return True
                room += length_range(part)[0]
            return False
        case Alternation(options):
            return any(_looks(option, room, forward) for option in options)
        case Repetition(body):
            return _looks(body, room, forward)
        case Anchor(at_start):
            return at_start != forward
        case Boundary():
            return room < 1
        case Lookahead(body) | Lookbehind(body):
            if isinstance(pattern, Lookahead) != forward:
                return asserts(body)
            longest = length_range(body)[1]
            return asserts(body) or longest is None or longest > room
        case _:
            raise TypeError(f"{pattern!r} is no assertion")
