"""Which terminals may begin and end the texts of a context-free grammar, and which may stand next to each other.

FIRST, LAST and the pairs of neighbours as in any compiler text book (Aho, Lam, Sethi & Ullman, 4.4), with productions
that are part of no derivation left out. Sets of terminals are Python integers, bit t for terminal t.
"""

from __future__ import annotations

from typing import NamedTuple

from latticework.automata.rules import useful_symbols
from latticework.grammar.cfg.syntax import ContextFreeGrammar


class Followers(NamedTuple):
    """All sets hold terminals only, ignored ones never.

    Attributes:
        useful: terminals that are part of some derivation from the start.
        first: terminals that may begin a text.
        last: terminals that may end one.
        behind: [T] the terminals that may stand right behind each terminal.
    """

    useful: int
    first: int
    last: int
    behind: tuple[int, ...]


def followers_of(grammar: ContextFreeGrammar) -> Followers:
    """Cost: a handful of passes over the productions."""
    count = len(grammar.terminals)
    is_useful = useful_symbols(grammar).tolist()
    rules = [
        (production.left, production.right)
        for production in grammar.productions
        if is_useful[production.left] and all(is_useful[symbol] for symbol in production.right)
    ]
    nullable = _nullable(len(is_useful), rules)
    first = _edges(count, len(is_useful), rules, nullable)
    last = _edges(count, len(is_useful), [(left, right[::-1]) for left, right in rules], nullable)
    behind_symbol = [0] * len(is_useful)
    for _, right in rules:
        begins = 0  # how what stands behind the symbol at hand may begin
        for symbol in reversed(right):
            behind_symbol[symbol] |= begins
            begins = first[symbol] | (begins if nullable[symbol] else 0)
    behind = [0] * count
    for symbol, begins in enumerate(behind_symbol):
        if begins:
            for terminal in terminals_of(last[symbol]):
                behind[terminal] |= begins
    return Followers(
        useful=sum(1 << terminal for terminal in range(count) if is_useful[terminal]),
        first=first[grammar.start],
        last=last[grammar.start],
        behind=tuple(behind),
    )


def terminals_of(terminals: int) -> list[int]:
    """The members of a set, ascending."""
    found = []
    while terminals:
        lowest = terminals & -terminals
        found.append(lowest.bit_length() - 1)
        terminals ^= lowest
    return found


def _nullable(symbols: int, rules: list[tuple[int, tuple[int, ...]]]) -> list[bool]:
    found = [False] * symbols
    grows = True
    while grows:
        grows = False
        for left, right in rules:
            if not found[left] and all(found[symbol] for symbol in right):
                found[left] = grows = True
    return found


def _edges(count: int, symbols: int, rules: list[tuple[int, tuple[int, ...]]], nullable: list[bool]) -> list[int]:
    """FIRST of every symbol; LAST, if the right sides are reversed."""
    found = [1 << symbol for symbol in range(count)] + [0] * (symbols - count)
    grows = True
    while grows:
        grows = False
        for left, right in rules:
            begins = found[left]
            for symbol in right:
                begins |= found[symbol]
                if not nullable[symbol]:
                    break
            if begins != found[left]:
                found[left] = begins
                grows = True
    return found
