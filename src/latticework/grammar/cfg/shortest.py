"""Lazy repetitions in terminals.

A lazy repetition makes the part it stands in as short as it can be: of the texts that match from there to the end of
the terminal, those remain that begin with no other one; options at the very end do not count. So ``/<.*?>[a-z]*/``
ends its first part at the first ``>``, as a matcher that tries the shortest first has it, and the longest match over
all terminals cannot run on.
"""

from __future__ import annotations

from latticework.errors import GrammarError
from latticework.grammar import ir
from latticework.grammar.combine import alt, repeat, seq
from latticework.grammar.regex import lowered_tree
from latticework.grammar.regex.reach import looks_ahead, looks_back
from latticework.grammar.regex.syntax import Alternation, Concat, Pattern, Repetition, asserts, contains, nullable

_MORE = ir.Repeat(ir.ANY_CHAR, 1, None)


def is_lazy(pattern: Pattern) -> bool:
    """Whether this is a repetition that takes as little as it can."""
    return isinstance(pattern, Repetition) and pattern.lazy


def language_with_lazy_parts(tree: Pattern) -> ir.Node:
    """The language of a pattern.

    Raises:
        GrammarError: a greedy repetition behind or around a lazy one.
    """
    if not contains(tree, is_lazy):
        return lowered_tree(tree)
    match tree:
        case Alternation(options):
            return alt([language_with_lazy_parts(option) for option in options])
        case Concat(parts) if _may_be_left_out(parts[-1]) and not looks_ahead(Concat(parts[:-1], tree.span), 0):
            return seq([language_with_lazy_parts(Concat(parts[:-1], tree.span)), lowered_tree(parts[-1])])
        case Concat(parts):
            first = next(index for index, part in enumerate(parts) if contains(part, is_lazy))
            if asserts(tree) and not _may_split(parts[:first], parts[first:]):
                return _shortest(tree)
            head = lowered_tree(Concat(parts[:first], tree.span))
            if first == len(parts) - 1:
                return seq([head, language_with_lazy_parts(parts[first])])
            return seq([head, _shortest(Concat(parts[first:], tree.span))])
        case Repetition(body, low, high, lazy=False) if low == high:
            return repeat(language_with_lazy_parts(body), low, high)
    return _shortest(tree)


def _may_be_left_out(pattern: Pattern) -> bool:
    """Whether a pattern never makes what stands before it any longer, because it matches nothing, too."""
    return not asserts(pattern) and not contains(pattern, is_lazy) and nullable(pattern)


def _may_split(head: tuple[Pattern, ...], rest: tuple[Pattern, ...]) -> bool:
    """Whether neither part looks at the other."""
    return not (looks_ahead(Concat(head, (0, 0)), 0) or looks_back(Concat(rest, (0, 0)), 0))


def _shortest(tree: Pattern) -> ir.Node:
    """Texts of ``tree`` of which no other one is a beginning.

    Raises:
        GrammarError: a repetition takes as much as it can behind or around one that takes as little.
    """
    if _is_greedy_after_lazy(tree, False)[1]:
        raise GrammarError(
            "a greedy repetition behind or around a lazy one is not supported in a terminal",
            hint="say which characters may be repeated instead: [^x]* for .*? in front of x",
        )
    node = lowered_tree(tree)
    return ir.NOTHING if node == ir.NOTHING else ir.Except(node, ir.Seq((node, _MORE)))


def _is_greedy_after_lazy(pattern: Pattern, after: bool) -> tuple[bool, bool]:
    """Whether a lazy repetition stands before the end of the pattern, and whether a greedy one follows or holds it."""
    match pattern:
        case Concat(parts):
            clash = False
            for part in parts:
                after, found = _is_greedy_after_lazy(part, after)
                clash |= found
            return after, clash
        case Alternation(options):
            results = [_is_greedy_after_lazy(option, after) for option in options]
            return any(seen for seen, _ in results), any(clash for _, clash in results)
        case Repetition(body, low, high, lazy=lazy):
            if lazy:
                return True, contains(body, lambda part: isinstance(part, Repetition) and part.low != part.high)
            seen, clash = _is_greedy_after_lazy(body, after)
            return seen, clash or (low != high and seen)
    return after, False
