"""Conditions at the end of a terminal on what follows it: ``/if\\b/``, ``/<(?!=)/``.

A lexeme ends where nothing longer can be read. So a terminal that must not be followed by some text is the terminal
without that condition, beside one that is of no use: itself together with that text. Where the text follows, the
longer one is read, and the whole is refused. A matcher that goes back could take a shorter lexeme there instead.
"""

from __future__ import annotations

from latticework.grammar.ranges import Ranges, complement_ranges
from latticework.grammar.regex.syntax import (
    Alternation,
    Boundary,
    CharSet,
    Concat,
    Lookahead,
    Pattern,
    Repetition,
    asserts,
)


def without_guards(tree: Pattern) -> tuple[Pattern, list[Pattern]]:
    """``tree`` without negative conditions at its end, and what must not be read instead."""
    match tree:
        case Alternation(options, span):
            found = [without_guards(option) for option in options]
            return Alternation(tuple(option for option, _ in found), span), [one for _, more in found for one in more]
        case Concat(parts, span) if parts:
            before = Concat(parts[:-1], span)
            following = _forbidden(parts[-1], before)
            if following is not None:
                inner, guards = without_guards(before)
                return inner, [*guards, Concat((inner, following), span)]
            last, guards = without_guards(parts[-1])
            return Concat((*parts[:-1], last), span), [Concat((before, guard), span) for guard in guards]
    return tree, []


def _forbidden(condition: Pattern, before: Pattern) -> Pattern | None:
    """What must not follow, if ``condition`` says no more than that."""
    match condition:
        case Lookahead(body, negative=True) if not asserts(body):
            return body
        case Boundary(word, negative=False) if _ends_in(before, word.ranges):
            return CharSet(word.outer, word.outer, condition.span)
        case Boundary(word, negative=True) if _ends_in(before, complement_ranges(word.outer)):
            return CharSet(word.outer, word.outer, condition.span)
    return None


def _ends_in(pattern: Pattern, ranges: Ranges) -> bool:
    """Whether every text that matches ends in one of these characters (sufficient)."""
    match pattern:
        case CharSet(own):
            return all(any(low <= first and last <= high for low, high in ranges) for first, last in own)
        case Concat(parts):
            for part in reversed(parts):
                if _ends_in(part, ranges):
                    return True
                if not _may_be_skipped(part, ranges):
                    return False
            return False
        case Alternation(options):
            return all(_ends_in(option, ranges) for option in options)
        case Repetition(body, low):
            return low > 0 and _ends_in(body, ranges)
    return False


def _may_be_skipped(pattern: Pattern, ranges: Ranges) -> bool:
    """Whether a pattern may be empty and ends in these characters otherwise."""
    return isinstance(pattern, Repetition) and _ends_in(pattern.body, ranges)
