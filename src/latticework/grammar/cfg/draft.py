"""A context-free grammar while it is written: symbols by number, helper rules for what repeats, shared where equal.

Terminals are numbered from 0 up, nonterminals from -1 down, until :meth:`Draft.finish` numbers those that are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from latticework.errors import InputError
from latticework.grammar.cfg.expressions import Source, Span
from latticework.grammar.cfg.syntax import ContextFreeGrammar, Production, Terminal

Right: TypeAlias = tuple[int, ...]
_LONGEST_NAME = 80


class Draft:
    """Grows; nonterminals without any production derive nothing.

    Attributes:
        ignored: terminals that may stand before and behind lexemes of their mode.
        competing: terminals that take part in lexing, whether a rule has them or not.
        place: where the rule stands that is being written.
        places: where the rule stands that a nonterminal was made for.
    """

    def __init__(self) -> None:
        self.terminals: list[Terminal] = []
        self.nonterminals: list[str] = []
        self._rules: list[dict[Right, None]] = []
        self.ignored: list[int] = []
        self.competing: list[int] = []
        self.place: tuple[Source, Span] | None = None
        self.places: dict[int, tuple[Source, Span]] = {}
        self._helpers: dict[tuple[Right, ...], int] = {}
        self._iterations: dict[tuple[str, Right], int] = {}

    def terminal(self, terminal: Terminal) -> int:
        self.terminals.append(terminal)
        return len(self.terminals) - 1

    def nonterminal(self, name: str) -> int:
        # Names of helpers hold those of what they are made of, so they would grow without end.
        self.nonterminals.append(name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 3] + "...")
        self._rules.append({})
        symbol = -len(self.nonterminals)
        if self.place is not None:
            self.places[symbol] = self.place
        return symbol

    def add(self, left: int, rights: Iterable[Right]) -> None:
        """More ways to write ``left``; those it has already are left out."""
        self._rules[-left - 1].update(dict.fromkeys(rights))

    def rules_of(self, nonterminal: int) -> Iterable[Right]:
        return self._rules[-nonterminal - 1]

    @property
    def rules(self) -> Iterator[tuple[int, Iterable[Right]]]:
        """All nonterminals, each with the ways to write it."""
        for index, rights in enumerate(self._rules):
            yield -index - 1, rights

    def name(self, symbol: int) -> str:
        return self.terminals[symbol].name if symbol >= 0 else self.nonterminals[-symbol - 1]

    def names(self, right: Iterable[int]) -> str:
        return " ".join(map(self.name, right))

    def one_of(self, rights: Sequence[Right]) -> Right:
        """One of ``rights``, as one right side: itself where it is alone, else a helper."""
        distinct = tuple(dict.fromkeys(rights))
        if len(distinct) == 1:
            return distinct[0]
        helper = self._helpers.get(distinct)
        if helper is None:
            helper = self.nonterminal("(" + " | ".join(map(self.names, distinct)) + ")")
            self._helpers[distinct] = helper
            self.add(helper, distinct)
        return (helper,)

    def optional(self, right: Right) -> Right:
        return self.one_of(((), right)) if right else ()

    def copies(self, right: Right, low: int, high: int | None) -> Right:
        """``low`` to ``high`` copies; logarithmically many helpers."""
        if not right or high == 0:
            return ()
        if high is None:
            if low == 0:
                return self._iteration(right, "*")
            return (*self._exactly(right, low - 1), *self._iteration(right, "+"))
        return (*self._exactly(right, low), *self._at_most(right, high - low))

    def _iteration(self, right: Right, sign: str) -> Right:
        helper = self._iterations.get((sign, right))
        if helper is None:
            name = self.names(right)
            helper = self.nonterminal(f"{name}{sign}" if len(right) == 1 else f"({name}){sign}")
            self._iterations[sign, right] = helper
            self.add(helper, [() if sign == "*" else right, (helper, *right)])
        return (helper,)

    def _exactly(self, right: Right, count: int) -> Right:
        if count * len(right) <= 4:
            return right * count
        half = self.one_of_shared(self._exactly(right, count // 2))
        return half + half + right * (count % 2)

    def _at_most(self, right: Right, count: int) -> Right:
        if count == 0:
            return ()
        if count == 1:
            return self.optional(right)
        half = self.one_of_shared(self._at_most(right, count // 2))
        return half + half + (self.optional(right) if count % 2 else ())

    def one_of_shared(self, right: Right) -> Right:
        """``right`` under a name of its own, so that it can be repeated at the cost of one symbol."""
        if len(right) <= 1:
            return right
        helper = self._helpers.get((right,))
        if helper is None:
            helper = self._helpers[(right,)] = self.nonterminal(f"({self.names(right)})")
            self.add(helper, [right])
        return (helper,)

    def productive(self) -> set[int]:
        """Nonterminals that derive some string of terminals; linear in the size of the grammar."""
        missing: list[int] = []
        lefts: list[int] = []
        uses: dict[int, list[int]] = {}
        for left, rights in self.rules:
            for right in rights:
                needed = [symbol for symbol in right if symbol < 0]
                for symbol in needed:
                    uses.setdefault(symbol, []).append(len(missing))
                missing.append(len(needed))
                lefts.append(left)
        found: set[int] = set()
        work = [left for left, count in zip(lefts, missing, strict=True) if count == 0]
        while work:
            left = work.pop()
            if left in found:
                continue
            found.add(left)
            for production in uses.get(left, ()):
                missing[production] -= 1
                if missing[production] == 0:
                    work.append(lefts[production])
        return found

    def reachable(self, start: int, productive: set[int]) -> list[int]:
        """Nonterminals that a derivation from ``start`` may hold, in the order in which it meets them."""
        found = {start: None} if start in productive else {}
        for left in (order := list(found)):  # grows while it is walked
            for right in self.rules_of(left):
                if all(symbol >= 0 or symbol in productive for symbol in right):
                    for symbol in right:
                        if symbol < 0 and symbol not in found:
                            found[symbol] = None
                            order.append(symbol)
        return order

    @property
    def modes(self) -> int:
        """How many modes there are, from 0 up to the highest of any terminal."""
        return 1 + max((terminal.mode for terminal in self.terminals), default=-1)

    def embed(self, grammar: ContextFreeGrammar, mode: int) -> int:
        """The start of a whole grammar, whose modes are numbered from ``mode`` on here.

        Raises ``InputError`` where it has a condition, which holds for whole texts only.
        """
        if grammar.condition is not None:
            raise InputError("a grammar with a condition (grammar & other) cannot be a part of another one")
        symbols = [self.terminal(replace(terminal, mode=terminal.mode + mode)) for terminal in grammar.terminals]
        self.competing += symbols
        self.ignored += [symbols[terminal] for terminal in grammar.ignored]
        symbols += map(self.nonterminal, grammar.nonterminals)
        for production in grammar.productions:
            self.add(symbols[production.left], [tuple(symbols[symbol] for symbol in production.right)])
        return symbols[grammar.start]

    def finish(self, start: int) -> ContextFreeGrammar:
        """The grammar of what ``start`` derives, with the symbols that are of use and the competing terminals."""
        productive = self.productive()
        order = self.reachable(start, productive) or [start]
        kept = set(order) & productive
        rules = [
            (left, right)
            for left in order
            for right in self.rules_of(left)
            if all(symbol >= 0 or symbol in kept for symbol in right)
        ]
        used = (
            {symbol for _, right in rules for symbol in right if symbol >= 0} | set(self.ignored) | set(self.competing)
        )
        number = {terminal: index for index, terminal in enumerate(sorted(used))}
        count = len(number)
        number |= {symbol: count + index for index, symbol in enumerate(order)}
        return ContextFreeGrammar(
            terminals=tuple(self.terminals[terminal] for terminal in sorted(used)),
            nonterminals=tuple(self.name(symbol) for symbol in order),
            productions=tuple(Production(number[left], tuple(number[s] for s in right)) for left, right in rules),
            start=number[start],
            ignored=tuple(number[terminal] for terminal in dict.fromkeys(self.ignored)),
        )
