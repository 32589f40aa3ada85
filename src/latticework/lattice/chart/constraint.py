"""A compiled context-free constraint: a language laid out for one vocabulary, and sessions over canvases."""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer
from latticework.errors import Infeasible
from latticework.lattice.chart.decide import Budget, Question, decide
from latticework.lattice.chart.explain import Explainer
from latticework.lattice.chart.language import Derived, Language
from latticework.lattice.chart.recognise import Recogniser

if TYPE_CHECKING:
    from latticework.automata.rules import Rules
    from latticework.lattice.chart.session import ContextFreeSession
    from latticework.lattice.explain import Explanation
    from latticework.tokens.lexical import LexicalTables
    from latticework.tokens.vocabulary import Vocabulary

_MOST_TOKENS_TRIED = 1 << 9


class ContextFreeConstraint:
    """A context-free language over the tokens of a vocabulary. Immutable; may be shared between threads.

    Attributes:
        vocabulary: the vocabulary.
        language: rules, lexer and token tables.
        grammar: what was compiled, for whoever made it.
        budget: what one question may cost.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        rules: Rules,
        lexical: LexicalTables,
        grammar: Any = None,
        budget: Budget | None = None,
        derived: Derived | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.language = Language(vocabulary, rules, lexical, derived)
        self.grammar = grammar
        self.budget = budget or Budget()
        self._recogniser = Recogniser(rules, lexical.lexer)
        self._explainer = Explainer(rules, lexical.lexer, self.budget)

    @property
    def lexer(self) -> Lexer:
        """How texts are cut into lexemes."""
        return self.language.lexical.lexer

    @property
    def nbytes(self) -> int:
        """Memory of the tables, bytes."""
        return self.language.nbytes

    @cached_property
    def digest(self) -> bytes:
        """16 bytes that name the language and the vocabulary; equal for equal tables."""
        found = blake2b(self.vocabulary.digest, digest_size=16)
        for tables in (self.language.rules, *(getattr(self.lexer, name) for name in self.lexer.__slots__)):
            for array in map(np.asarray, tables if isinstance(tables, tuple) else (tables,)):
                found.update(f"{array.shape}{array.dtype}".encode() + np.ascontiguousarray(array).tobytes())
        return found.digest()

    def accepts(self, text: str | bytes) -> bool:
        """Whether a text (UTF-8 if str) is in the language; cost of a chart over its lexemes."""
        if isinstance(text, str):
            try:
                text = text.encode()
            except UnicodeEncodeError:
                return False
        return self._recogniser.accepts(text)

    def explain(self, text: str | bytes) -> Explanation:
        """Where a text leaves the language and what could follow there; see :meth:`.explain.Explainer.explain`.

        Raises:
            LimitExceeded: the budget of one question is spent.
        """
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        return self._explainer.explain(data, self.accepts(data))

    def goes_on(self, text: bytes) -> bool:
        """Whether a document of the language begins with ``text`` and has at most 256 bytes more.

        Raises:
            LimitExceeded: the budget of one question is spent.
        """
        return self._explainer.goes_on(text)

    def longer(self, text: bytes) -> NDArray[np.bool_] | None:
        """[256] bool, the bytes that may make the last lexeme of a text longer; ``None`` where it cannot end there."""
        lexer, states = self.lexer, np.array(sorted(self._explainer.states_behind(text)), np.int64)
        is_complete = (lexer.accept_class >= 0) | (lexer.split_class >= 0)
        if not (is_complete | lexer.may_end)[states].any():
            return None
        reached = lexer.next_state[states[is_complete[states]]]
        return np.asarray(((reached >= 0) & self._explainer.leads_on[reached]).any(axis=0))

    @cached_property
    def min_tokens(self) -> int:
        """Fewest tokens of a text, end and pad not counted. Computed when first asked for, by bisection.

        Raises:
            Infeasible: no text of up to 512 tokens can be written with the vocabulary.
            LimitExceeded: the budget is spent.
        """
        if self._fits(0):
            return 0
        high = 1
        while not self._fits(high):
            high *= 2
            if high > _MOST_TOKENS_TRIED:
                message = f"no document of up to {_MOST_TOKENS_TRIED} tokens can be written with this vocabulary"
                raise Infeasible(message)
        low = high // 2 + 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._fits(middle) else (middle + 1, high)
        return low

    def _fits(self, slots: int) -> bool:
        """Whether some text has at most so many tokens."""
        question = Question(np.zeros(slots, np.int64), np.ones(slots, np.bool_), tail=True)
        return decide(self.language, question, self.budget).witness is not None

    def session(self, tokens: Any, free: Any, tail: bool = True, elastic: bool = False) -> ContextFreeSession:
        """Ask about one canvas.

        Args:
            tokens: [N] integers, NumPy or torch; read where ``free`` is False.
            free: [N] bool, NumPy or torch; True where a slot may be filled.
            tail: whether slots after the document may hold end or pad tokens. Either way a document
                may fill the canvas exactly.
            elastic: whether free slots may hold fillers, which leave no text: holes of any length up to their slots.

        Raises:
            Infeasible: no filling is valid.
            InputError: the shapes do not fit, or there is no token that may stand for a filler.
            LimitExceeded: the budget is spent; no verdict.
        """
        from latticework.lattice.chart.session import ContextFreeSession

        return ContextFreeSession(self, tokens, free, tail, elastic)
