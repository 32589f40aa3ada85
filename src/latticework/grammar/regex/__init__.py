"""Regular expressions: own parser (:mod:`.parser` states the dialect), lowered to IR."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from latticework.errors import GrammarError, LimitExceeded
from latticework.grammar import ir
from latticework.grammar.grammar import Grammar
from latticework.grammar.limits import DEFAULT_LIMITS, Limits
from latticework.grammar.regex.lowering import PLAIN, Target, lower, needs_set_operations
from latticework.grammar.regex.parser import parse
from latticework.grammar.regex.syntax import (
    CharSet,
    Pattern,
    asserts_end,
    asserts_start,
    contains,
    length_range,
)

if TYPE_CHECKING:
    from latticework.automata.automaton import ByteAutomaton

__all__ = [
    "Target",
    "dialects_differ",
    "length_range",
    "lowered",
    "lowered_tree",
    "matches",
    "needs_sets",
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
        LimitExceeded: the pattern is longer than ``limits.max_schema_bytes``, or looks around so much that its
            automaton is larger than ``limits.max_states``.
    """
    if len(pattern) > limits.max_schema_bytes:
        raise LimitExceeded(
            "max_schema_bytes", limits.max_schema_bytes, hint=f"the pattern has {len(pattern)} characters"
        )
    node = lowered(pattern)
    if node == ir.NOTHING or (needs_sets(pattern) and _is_empty(node, limits)):
        raise GrammarError("no text matches this pattern", pattern, (0, len(pattern)))
    return Grammar(ir.Located(node, f"regex {pattern[:60]!r}"), "regex", options={"pattern": pattern})


def _is_empty(node: ir.Node, limits: Limits) -> bool:
    """Whether set operations leave no text; what is built for the answer is kept for compiling."""
    from latticework.automata import algebra
    from latticework.automata.build import build_automaton

    automaton = build_automaton(node, limits)
    return not automaton.has_counters and algebra.is_empty(automaton)


@lru_cache(maxsize=1024)
def parsed(pattern: str) -> Pattern:
    """Syntax tree of a pattern, kept for the next use."""
    return parse(pattern)


@lru_cache(maxsize=1024)
def lowered(pattern: str, target: Target = PLAIN, search: bool = False, outside: bool = False) -> ir.Node:
    """Language of a pattern, kept for the next use; see :func:`latticework.grammar.regex.lowering.lower`."""
    return lower(parsed(pattern), pattern, target, search, outside)


def lowered_tree(tree: Pattern) -> ir.Node:
    """Language of a syntax tree that need not be the tree of one text."""
    return lower(tree, "")


def needs_sets(pattern: str) -> bool:
    """Whether the pattern needs set operations to lower, so that its characters cannot be counted."""
    return needs_set_operations(parsed(pattern))


def dialects_differ(pattern: str) -> bool:
    """Whether a class in the pattern holds characters in one dialect that it leaves out in another."""
    return contains(parsed(pattern), lambda part: isinstance(part, CharSet) and part.ranges != part.outer)


def matches(pattern: str, text: str) -> bool | None:
    """Whether ``text`` contains a match in every dialect; ``None`` where they differ, or outside the dialect here.

    About a millisecond a pattern, and more where it looks around; then linear in the text.
    """
    from latticework.automata import run

    try:
        data = text.encode()
        if run.accepts(_searching(pattern, outside=False), data):
            return True
        return None if run.accepts(_searching(pattern, outside=True), data) else False
    except (GrammarError, LimitExceeded, UnicodeEncodeError):
        return None


@lru_cache(maxsize=64)
def _searching(pattern: str, outside: bool) -> ByteAutomaton:
    from latticework.automata.build import build_automaton

    return build_automaton(lowered(pattern, search=True, outside=outside))


@lru_cache(maxsize=1024)
def text_length_range(pattern: str, search: bool) -> tuple[int, int | None]:
    """Bounds on the code points of the whole text, as far as the pattern alone decides them."""
    tree = parsed(pattern)
    low, high = length_range(tree)
    whole = not search or (asserts_start(tree) and asserts_end(tree))
    return low, high if whole else None
