"""Regular expressions: own parser (:mod:`.parser` states the dialect), lowered to IR."""

from __future__ import annotations

from functools import lru_cache

from latticework.errors import GrammarError, LimitExceeded
from latticework.grammar import ir
from latticework.grammar.grammar import Grammar
from latticework.grammar.limits import DEFAULT_LIMITS, Limits
from latticework.grammar.regex.lowering import PLAIN, Target, lower
from latticework.grammar.regex.parser import parse
from latticework.grammar.regex.syntax import (
    CharSet,
    Pattern,
    asserts_end,
    asserts_start,
    contains,
    is_lookahead,
    length_range,
)

__all__ = [
    "Target",
    "dialects_differ",
    "has_lookahead",
    "length_range",
    "lowered",
    "parsed",
    "regex",
    "text_length_range",
]


def regex(pattern: str, *, limits: Limits = DEFAULT_LIMITS) -> Grammar:
    r"""The texts that ``pattern`` matches as a whole (``re.fullmatch``).

    The dialect is the common ground of ECMA-262 and Python, see :mod:`latticework.grammar.regex.parser`.
    ``\d \w \s`` are ASCII digits, ASCII word characters and the blanks both dialects agree on; a negated
    class leaves out whatever one of them would count in.

    Raises:
        GrammarError: outside the dialect, or no text can match; with line, column and caret.
        LimitExceeded: the pattern is longer than ``limits.max_schema_bytes``.
    """
    if len(pattern) > limits.max_schema_bytes:
        raise LimitExceeded(
            "max_schema_bytes", limits.max_schema_bytes, hint=f"the pattern has {len(pattern)} characters"
        )
    node = lowered(pattern)
    if node == ir.NOTHING:
        raise GrammarError("no text matches this pattern", pattern, (0, len(pattern)))
    return Grammar(ir.Located(node, f"regex {pattern[:60]!r}"), "regex", options={"pattern": pattern})


@lru_cache(maxsize=1024)
def parsed(pattern: str) -> Pattern:
    """Syntax tree of a pattern, kept for the next use."""
    return parse(pattern)


@lru_cache(maxsize=1024)
def lowered(pattern: str, target: Target = PLAIN, search: bool = False, outside: bool = False) -> ir.Node:
    """Language of a pattern, kept for the next use; see :func:`latticework.grammar.regex.lowering.lower`."""
    return lower(parsed(pattern), pattern, target, search, outside)


def has_lookahead(pattern: str) -> bool:
    """Whether the pattern needs set operations to lower."""
    return contains(parsed(pattern), is_lookahead)


def dialects_differ(pattern: str) -> bool:
    """Whether a class in the pattern holds characters in one dialect that it leaves out in another."""
    return contains(parsed(pattern), lambda part: isinstance(part, CharSet) and part.ranges != part.outer)


@lru_cache(maxsize=1024)
def text_length_range(pattern: str, search: bool) -> tuple[int, int | None]:
    """Bounds on the code points of the whole text, as far as the pattern alone decides them."""
    tree = parsed(pattern)
    low, high = length_range(tree)
    whole = not search or (asserts_start(tree) and asserts_end(tree))
    return low, high if whole else None
