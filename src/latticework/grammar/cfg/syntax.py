"""A context-free grammar over terminals, as a value: terminals are languages of bytes, rules are sequences of symbols.

Symbols are numbers: ``0 .. T - 1`` are the terminals, ``T .. T + N - 1`` the nonterminals. How a text is cut into
lexemes is part of the grammar, because it decides which texts are in the language: see :class:`Terminal`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Literal

from latticework.grammar import ir


@dataclass(frozen=True, slots=True)
class Terminal:
    """One kind of lexeme.

    Where several terminals match the same bytes, those of the highest ``priority`` remain, and of these the fixed
    texts (``is_literal``) if there are any; the lexeme is read as every terminal that remains. ``munch``: a lexeme is
    never ended where more bytes could belong to it (to it or to another terminal of its mode); without it, a
    lexeme may end wherever the terminal matches.

    Attributes:
        name: for messages, ``IDENTIFIER`` or ``"+"``.
        pattern: the language, which must not hold the empty text.
        mode: terminals of one mode compete for a lexeme; those of several compete only where the rules admit
            either next. Grammars that are put together keep a mode each.
        writing: ``"plain"``: as ``pattern`` says; ``"escaped"``: as a part of a JSON string that is a text of
            ``pattern`` once it is decoded; ``"opening"`` and ``"closing"``: the quotation marks around such parts.
    """

    name: str
    pattern: ir.Node
    priority: int = 0
    is_literal: bool = False
    munch: bool = True
    mode: int = 0
    writing: Literal["plain", "opening", "escaped", "closing"] = "plain"


@dataclass(frozen=True, slots=True)
class Production:
    """``left`` (a nonterminal) may be written as the symbols ``right``, which may be none."""

    left: int
    right: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class ContextFreeGrammar:
    """Immutable.

    Attributes:
        terminals: T of them.
        nonterminals: N names, for messages.
        productions: of all nonterminals, in the order written.
        start: a nonterminal.
        ignored: terminals that may stand before, between and behind lexemes of their mode; in no production.
        condition: a language that all texts are in besides, byte by byte; ``None`` for no condition.
    """

    terminals: tuple[Terminal, ...]
    nonterminals: tuple[str, ...]
    productions: tuple[Production, ...]
    start: int
    ignored: tuple[int, ...] = ()
    condition: ir.Node | None = None

    def name(self, symbol: int) -> str:
        """How to call a symbol in a message."""
        count = len(self.terminals)
        return self.terminals[symbol].name if symbol < count else self.nonterminals[symbol - count]

    @cached_property
    def digest(self) -> bytes:
        """16 bytes that identify the language and how it is cut into lexemes; names do not count."""
        found = blake2b(digest_size=16)
        for terminal in self.terminals:
            found.update(terminal.pattern.digest)
            traits = (terminal.priority, terminal.is_literal, terminal.munch, terminal.mode, terminal.writing)
            found.update(repr(traits).encode())
        shape = [(production.left, production.right) for production in self.productions]
        found.update(repr((shape, len(self.nonterminals), self.start, self.ignored)).encode())
        if self.condition is not None:
            found.update(self.condition.digest)
        return found.digest()
