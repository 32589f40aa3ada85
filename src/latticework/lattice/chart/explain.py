"""Where a text leaves a context-free language."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer
from latticework.automata.rules import Rules
from latticework.lattice.chart.decide import Budget, Question, decide
from latticework.lattice.chart.language import Language
from latticework.lattice.explain import Explanation
from latticework.tokens.vocabulary import Vocabulary
from latticework.tokens.words import lexical_tables

MAX_REST = 256  # bytes with which a text is tried to be completed


class Explainer:
    """Immutable; texts of a language byte by byte."""

    def __init__(self, rules: Rules, lexer: Lexer, budget: Budget) -> None:
        self._rules = rules
        self._lexer = lexer
        self._budget = budget

    def explain(self, data: bytes, accepted: bool) -> Explanation:
        """The longest beginning of a text that a document of at most ``MAX_REST`` bytes more begins with, by bisection.

        ``expected`` are the bytes that the lexer can read there, of which one must follow.

        Raises:
            LimitExceeded: the budget of one question is spent.
        """
        low, high = 0, len(data)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.goes_on(data[:middle]) else (low, middle - 1)
        before = data[:low]
        line_start = before.rfind(b"\n") + 1
        return Explanation(
            accepted=accepted,
            offset=low,
            line=before.count(b"\n") + 1,
            column=len(before[line_start:].decode("utf-8", "ignore")) + 1,
            expected=self._readable(before),
            ends_early=not accepted and low == len(data),
        )

    @cached_property
    def _language(self) -> Language:
        vocabulary = Vocabulary([bytes([value]) for value in range(256)] + [b""], {256: "filler"})
        return Language(vocabulary, self._rules, lexical_tables(self._lexer, vocabulary))

    def goes_on(self, begin: bytes) -> bool:
        """Whether a document begins so that has at most ``MAX_REST`` bytes more. Raises ``LimitExceeded``."""
        tokens = np.frombuffer(begin + bytes(MAX_REST), np.uint8).astype(np.int64)
        free = np.arange(len(tokens)) >= len(begin)
        question = Question(tokens, free, tail=False, elastic=True)
        return decide(self._language, question, self._budget).witness is not None

    def _readable(self, data: bytes) -> bytes:
        """Bytes that some state of the lexer behind a text can read."""
        states = self.states_behind(data)
        return bytes(byte for byte in range(256) if any(self._after(state, byte) for state in states))

    def states_behind(self, data: bytes) -> set[int]:
        """States of the lexer behind a text, those left out that nothing leads on from."""
        states = {0}
        for byte in data:
            states = {after for state in states for after in self._after(state, byte)}
        return states

    @cached_property
    def leads_on(self) -> NDArray[np.bool_]:
        """[Q] whether a state is more than one in which all texts are stuck."""
        lexer = self._lexer
        ends = (lexer.accept_class >= 0) | (lexer.split_class >= 0) | lexer.may_end
        return ends | (lexer.next_state >= 0).any(axis=1)

    def _after(self, state: int, byte: int) -> set[int]:
        lexer = self._lexer
        going_on = int(lexer.next_state[state, byte])
        kind = int(lexer.split_class[state] if going_on >= 0 else lexer.accept_class[state])
        begun = int(lexer.next_state[lexer.start_after[kind], byte]) if kind >= 0 else -1
        return {after for after in (going_on, begun) if after >= 0 and self.leads_on[after]}
