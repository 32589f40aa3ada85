"""How long a matcher that backtracks, as Python's ``re`` does, may take for a pattern: it knows no limit of time."""

from __future__ import annotations

from functools import lru_cache

from latticework.errors import GrammarError
from latticework.grammar.regex import parsed
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
)

MAX_STEPS = 1_000_000  # some hundredths of a second
_MOST = MAX_STEPS + 1
_LONGEST_PATTERN = 10_000
_CHOICES = "*+{?|"


def may_be_slow(pattern: str, text: str) -> bool:
    """Whether searching ``text`` for ``pattern`` may take more than ``MAX_STEPS`` steps, estimated from above.

    Patterns outside the dialect of :mod:`.parser` may be slow as soon as they have two choices. Cost: linear in the
    pattern, and kept for the next text of the same length.
    """
    return len(pattern) > _LONGEST_PATTERN or _steps(pattern, len(text) + 1) > MAX_STEPS


@lru_cache(maxsize=1024)
def _steps(pattern: str, length: int) -> int:
    try:
        ways = _ways(parsed(pattern), length)
    except GrammarError:
        choices = sum(map(pattern.count, _CHOICES))
        ways = (1, length, _MOST)[min(choices, 2)]
    # From every start, along every way, to the end of the text or of the pattern.
    return ways * length * max(length, len(pattern))


def _ways(pattern: Pattern, length: int) -> int:
    """Ways to go through a pattern from one place of a text of fewer than ``length`` characters, up to ``_MOST``."""
    match pattern:
        case CharSet() | Anchor() | Boundary():
            found = 1
        case Concat(parts):
            found = 1
            for part in parts:
                found = min(found * _ways(part, length), _MOST)
        case Alternation(options):
            found = sum(_ways(option, length) for option in options)
        case Lookahead(body) | Lookbehind(body) | Atomic(body):
            found = _ways(body, length)
        case Repetition(body, low, high):
            inside = _ways(body, length)
            # Copies that are asked for may be empty, those beyond read something.
            most = max(low, length if high is None else min(high, length))
            # After every copy there is one way more: to stop. 20 copies with two ways each are over any bound.
            found = most - low + 1 if inside == 1 else (inside + (most > low)) ** min(most, 20)
    return min(found, _MOST)
