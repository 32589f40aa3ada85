"""The productions of a context-free grammar in the form a chart reads: right sides of at most two symbols.

Right sides longer than two are cut from the left, and what remains is a symbol that all productions with the same end
share, so the form grows linearly; empty and single right sides stay as they are ("2NF", Lange and Leiß, *To CNF or not
to CNF?*, 2009). A symbol that has no finite text, or is part of none, is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latticework.grammar.cfg.syntax import ContextFreeGrammar

Int32Array = NDArray[np.int32]


class Rules(NamedTuple):
    """n symbols: the terminals of the grammar (same numbers), END, GOAL, then all others. ``GOAL -> start END``.

    The others are numbered bottom up: a symbol stands behind those that its right sides may begin with, but for those
    whose texts may begin with it again.

    Unary rules ``parent -> child`` and pairs ``parent -> left right`` are listed by what they are looked up by; all
    arrays are int32, and offsets are [n + 1].
    """

    terminals: int
    end: int
    goal: int
    symbols: int
    empty: Int32Array  # symbols with an empty right side
    nullable: NDArray[np.bool_]  # [n]
    child_offset: Int32Array  # by child
    child_parent: Int32Array
    left_offset: Int32Array  # pairs by left symbol
    left_parent: Int32Array
    left_right: Int32Array
    right_offset: Int32Array  # pairs by right symbol
    right_parent: Int32Array
    right_left: Int32Array
    unary_offset: Int32Array  # unary rules by parent
    unary_child: Int32Array
    pair_offset: Int32Array  # pairs by parent
    pair_left: Int32Array
    pair_right: Int32Array

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, bytes."""
        return sum(value.nbytes for value in self if isinstance(value, np.ndarray))


def useful_symbols(grammar: ContextFreeGrammar) -> NDArray[np.bool_]:
    """[T + N] bool: the symbol is part of a derivation of some text from the start symbol."""
    count = len(grammar.terminals)
    productive = np.zeros(count + len(grammar.nonterminals), np.bool_)
    productive[:count] = True
    waiting: dict[int, list[int]] = {}
    missing: list[int] = []
    for index, production in enumerate(grammar.productions):
        wanted = {symbol for symbol in production.right if symbol >= count}
        missing.append(len(wanted))
        for symbol in wanted:
            waiting.setdefault(symbol, []).append(index)
    ready = [index for index, number in enumerate(missing) if number == 0]
    while ready:
        left = grammar.productions[ready.pop()].left
        if productive[left]:
            continue
        productive[left] = True
        for index in waiting.get(left, ()):
            missing[index] -= 1
            if missing[index] == 0:
                ready.append(index)
    reached = np.zeros(len(productive), np.bool_)
    of_left: dict[int, list[tuple[int, ...]]] = {}
    for production in grammar.productions:
        if all(productive[symbol] for symbol in production.right):
            of_left.setdefault(production.left, []).append(production.right)
    stack = [grammar.start] if productive[grammar.start] else []
    reached[stack] = True
    while stack:
        for right in of_left.get(stack.pop(), ()):
            for symbol in right:
                if not reached[symbol]:
                    reached[symbol] = True
                    stack.append(symbol)
    return reached


def rules_of(grammar: ContextFreeGrammar) -> Rules:
    """The rules of a grammar; cost O(size of the productions)."""
    count = len(grammar.terminals)
    useful = useful_symbols(grammar)
    end, goal = count, count + 1
    numbers: dict[object, int] = {symbol: symbol for symbol in range(count)}
    unary: dict[tuple[int, int], None] = {}
    pairs: dict[tuple[int, int, int], None] = {}
    empty: dict[int, None] = {}

    def number(key: object) -> int:
        return numbers.setdefault(key, len(numbers) + 2)  # behind END and GOAL

    def write(left: int, right: tuple[int, ...]) -> None:
        if not right:
            empty[left] = None
        elif len(right) == 1:
            if (child := number(right[0])) != left:
                unary[left, child] = None
        else:
            rest = right[1:]
            is_known = len(rest) == 1 or rest in numbers
            behind = number(rest[0] if len(rest) == 1 else rest)
            pairs[left, number(right[0]), behind] = None
            if not is_known:
                write(behind, rest)

    for production in grammar.productions:
        if useful[production.left] and all(useful[symbol] for symbol in production.right):
            write(number(production.left), production.right)
    if useful[grammar.start]:
        pairs[goal, number(grammar.start), end] = None
    symbols = len(numbers) + 2
    nullable = _nullable(symbols, empty, unary, pairs)
    place = _bottom_up(symbols, count + 2, nullable, unary, pairs)
    unary = {(place[left], place[child]): None for left, child in unary}
    pairs = {(place[left], place[first], place[second]): None for left, first, second in pairs}
    child_offset, child_parent = _by(symbols, 1, 2, unary)
    unary_offset, unary_child = _by(symbols, 0, 2, unary)
    left_offset, left_parent, left_right = _by(symbols, 1, 3, pairs)
    right_offset, right_parent, right_left = _by(symbols, 2, 3, pairs)
    pair_offset, pair_left, pair_right = _by(symbols, 0, 3, pairs)
    return Rules(
        count,
        end,
        goal,
        symbols,
        np.array(sorted(place[symbol] for symbol in empty), np.int32),
        nullable[np.argsort(place)],
        child_offset,
        child_parent,
        left_offset,
        left_parent,
        left_right,
        right_offset,
        right_parent,
        right_left,
        unary_offset,
        unary_child,
        pair_offset,
        pair_left,
        pair_right,
    )


def _by(symbols: int, column: int, width: int, rules: Iterable[tuple[int, ...]]) -> tuple[Int32Array, ...]:
    """Offsets by one column of the rules, and the other columns in that order."""
    table = np.array(sorted(rules, key=lambda rule: rule[column]), np.int32).reshape(-1, width)
    offset = np.searchsorted(table[:, column], np.arange(symbols + 1)).astype(np.int32)
    others = (np.ascontiguousarray(table[:, other]) for other in range(width) if other != column)
    return offset, *others


def _bottom_up(
    symbols: int,
    first: int,
    nullable: NDArray[np.bool_],
    unary: Iterable[tuple[int, int]],
    pairs: Iterable[tuple[int, int, int]],
) -> list[int]:
    """New numbers of the symbols, those before ``first`` as they are."""
    begins: list[list[int]] = [[] for _ in range(symbols)]  # symbols that texts of one may begin with
    for left, child in unary:
        begins[left].append(child)
    for left, before, behind in pairs:
        begins[left].append(before)
        if nullable[before]:
            begins[left].append(behind)
    place = list(range(symbols))
    is_seen, number = [False] * symbols, first
    for root in range(symbols):
        stack = [root]
        while stack:
            symbol = stack.pop()
            if symbol < 0:  # all that it begins with is behind us
                place[~symbol] = number
                number += 1
            elif symbol >= first and not is_seen[symbol]:
                is_seen[symbol] = True
                stack += [~symbol, *begins[symbol]]
    return place


def _nullable(
    symbols: int,
    empty: Iterable[int],
    unary: Iterable[tuple[int, int]],
    pairs: Iterable[tuple[int, int, int]],
) -> NDArray[np.bool_]:
    found = np.zeros(symbols, np.bool_)
    found[list(empty)] = True
    rules = [*unary, *pairs]
    grows = True
    while grows:
        grows = False
        for parent, *children in rules:
            if not found[parent] and found[children].all():
                found[parent] = grows = True
    return found
