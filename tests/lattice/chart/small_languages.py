"""Random small context-free languages over small vocabularies, and their canvases answered by trying all fillings."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
from lexing_reference import cut
from recogniser import derives

from latticework.automata.ignored import set_apart
from latticework.automata.lexing import build_lexer
from latticework.automata.rules import rules_of, useful_symbols
from latticework.grammar import ir
from latticework.grammar.cfg.syntax import ContextFreeGrammar, Production, Terminal
from latticework.grammar.regex import regex
from latticework.lattice.chart.constraint import ContextFreeConstraint
from latticework.tokens.vocabulary import Vocabulary
from latticework.tokens.words import lexical_tables

TOKENS = [b"a", b"b", b"ab", b"(", b")", b" ", b"a(", b")b", b"b a", b"1"]
EOS = len(TOKENS)
VOCABULARY = Vocabulary([*TOKENS, b""], {EOS: "eos"})
PATTERNS = ["a", "b", r"\(", r"\)", "ab", "[ab]+", "a+", "1", "[1a]+", "aba?"]


def random_grammar(random: np.random.Generator) -> ContextFreeGrammar:
    """A grammar of 2 to 5 terminals and 1 to 3 nonterminals that derives something."""
    while True:
        chosen = random.choice(len(PATTERNS), int(random.integers(2, 6)), replace=False)
        munch = bool(random.random() < 0.75)
        terminals = []
        for place in chosen:
            pattern = PATTERNS[place]
            is_literal = pattern.isalnum()
            node = ir.Literal(pattern.encode()) if is_literal else regex(pattern).node
            terminals.append(Terminal(pattern, node, is_literal=is_literal, munch=munch))
        ignored: tuple[int, ...] = ()
        used = len(terminals)
        if random.random() < 0.5:
            ignored = (len(terminals),)
            terminals.append(Terminal("space", regex(" +").node))
        if random.random() < 0.3:  # like a comment: it may go on, and does not end where it could
            ignored += (len(terminals),)
            terminals.append(Terminal("comment", regex(random.choice([r"1[ab]*", r"\(a+b?", r"1(a|b )*1"])).node))
        count, names = len(terminals), int(random.integers(1, 4))
        symbols = [*range(used), *range(count, count + names)]
        productions = [
            Production(count + left, tuple(random.choice(symbols, int(random.integers(0, 4))).tolist()))
            for left in range(names)
            for _ in range(int(random.integers(1, 4)))
        ]
        grammar = ContextFreeGrammar(
            tuple(terminals), tuple(f"n{k}" for k in range(names)), tuple(productions), count, ignored
        )
        if useful_symbols(grammar)[count]:
            return grammar


def constraint_of(grammar: ContextFreeGrammar, vocabulary: Vocabulary = VOCABULARY) -> ContextFreeConstraint:
    lexer = set_apart(build_lexer(grammar))
    return ContextFreeConstraint(vocabulary, rules_of(grammar), lexical_tables(lexer, vocabulary))


class Fillings:
    """All fillings of canvases over ``VOCABULARY``, judged by the definition of lexemes and by Earley's algorithm."""

    def __init__(self, grammar: ContextFreeGrammar) -> None:
        self.grammar = grammar
        self.in_language = lru_cache(maxsize=None)(self._in_language)

    def _in_language(self, text: bytes) -> bool:
        return any(derives(self.grammar, [frozenset(found) for found in word]) for word in cut(self.grammar, text))

    def valid(self, tokens: np.ndarray, free: np.ndarray, tail: bool) -> set[tuple[int, ...]]:
        choices = [
            range(len(TOKENS) + tail) if is_free else [token] for token, is_free in zip(tokens, free, strict=True)
        ]
        return {filling for filling in product(*choices) if self._is_valid(filling, tail)}

    def valid_elastic(self, tokens: np.ndarray, free: np.ndarray) -> set[tuple[int, ...]]:
        """With slots that may hold ``EOS`` as a filler, and no tail."""
        choices = [range(len(TOKENS) + 1) if is_free else [token] for token, is_free in zip(tokens, free, strict=True)]
        return {
            filling
            for filling in product(*choices)
            if self.in_language(b"".join(TOKENS[token] for token in filling if token != EOS))
        }

    def _is_valid(self, filling: tuple[int, ...], tail: bool) -> bool:
        length = len(filling)
        while tail and length and filling[length - 1] == EOS:
            length -= 1
        if EOS in filling[:length]:
            return False
        return self.in_language(b"".join(TOKENS[token] for token in filling[:length]))


def random_canvas(random: np.random.Generator, slots: int, fillings: Fillings) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and free slots; often with fixed tokens that fit."""
    tokens = random.integers(0, len(TOKENS), slots)
    free = random.random(slots) < 0.6
    if random.random() < 0.7:
        valid = sorted(fillings.valid(tokens, np.ones(slots, np.bool_), True))
        if valid:
            tokens = np.array(valid[int(random.integers(len(valid)))])
    return tokens, free
