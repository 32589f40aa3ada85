"""Canvases with marks between their slots: bytes that no token has, and that a model never sees.

The lexer and the rules know the marks (:mod:`latticework.automata.regions`), so that they can say what may stand
between two of them. A mark has a fixed slot of its own in the canvas that is asked about; slots are translated on the
way in and out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer
from latticework.automata.regions import MARK_BYTES
from latticework.automata.rules import Rules
from latticework.errors import Infeasible, InputError
from latticework.lattice.chart.constraint import ContextFreeConstraint
from latticework.lattice.chart.decide import Budget, Question, decide
from latticework.lattice.chart.led import Led
from latticework.lattice.chart.session import WISHES, ContextFreeSession
from latticework.lattice.chart.wishes import wishes_of
from latticework.lattice.inputs import to_array
from latticework.lattice.path import Proposal
from latticework.tokens.vocabulary import ROLES, Vocabulary
from latticework.tokens.words import lexical_tables


def with_marks(vocabulary: Vocabulary, rules: Rules, lexer: Lexer, budget: Budget) -> ContextFreeConstraint:
    """The constraint of rules and a lexer that read marks, over ``vocabulary`` and, behind it, a token for each mark.

    Tokens that hold bytes of marks fill no free slot. Raises ``LimitExceeded`` like :func:`lexical_tables`.
    """
    lifted, extended = _vocabularies(vocabulary)
    lexical = lexical_tables(lexer, lifted)
    none = np.full(len(MARK_BYTES), -1, np.int32)
    lexical = replace(lexical, class_of_token=np.append(lexical.class_of_token, none))
    return ContextFreeConstraint(extended, rules, lexical, budget=budget)


@lru_cache(maxsize=4)
def _vocabularies(vocabulary: Vocabulary) -> tuple[Vocabulary, Vocabulary]:
    """Without the tokens that hold marks, and with one for each mark behind."""
    marks = set(MARK_BYTES)
    special = {token: role for role in ROLES for token in vocabulary.ids(role)}
    pieces = (vocabulary.bytes(token) for token in range(len(vocabulary)))
    tokens = [b"" if marks.intersection(piece) else piece for piece in pieces]
    return Vocabulary(tokens, special), Vocabulary([*tokens, *(bytes([mark]) for mark in MARK_BYTES)], special)


class MarkedConstraint:
    """A context-free constraint over canvases of one form. Immutable; may be shared between threads.

    Attributes:
        vocabulary: the model's, V tokens.
        inner: the constraint over canvases with a slot for every mark.
        places: the marks, in order: the slot before which one stands, and its byte. Marks behind all slots have the
            number of slots.
        ending: a mark behind everything, -1 for none.
    """

    grammar: Any = None

    def __init__(
        self,
        vocabulary: Vocabulary,
        inner: ContextFreeConstraint,
        places: Iterable[tuple[int, int]],
        ending: int = -1,
    ) -> None:
        self.vocabulary = vocabulary
        self.inner = inner
        self.places = tuple(places)
        self.ending = ending

    @cached_property
    def digest(self) -> bytes:
        """16 bytes that name the language, the vocabulary and the form."""
        found = blake2b(self.inner.digest, digest_size=16)
        found.update(repr((self.places, self.ending)).encode())
        return found.digest()

    def moved(self, slots: Mapping[int, int]) -> MarkedConstraint:
        """The constraint of a form with other slots, by those before which a mark stands."""
        places = [(slots[slot], byte) for slot, byte in self.places]
        return MarkedConstraint(self.vocabulary, self.inner, places, self.ending)

    def until(self, slot: int) -> MarkedConstraint:
        """The constraint with those marks only that stand before a slot."""
        kept = [place for place in self.places if place[0] < slot]
        return MarkedConstraint(self.vocabulary, self.inner, kept, self.ending)

    def accepts(self, tokens: NDArray[np.int64]) -> bool:
        """Whether a filled canvas [N] is in the language, fillers left out."""
        question, _ = self.question(tokens, np.zeros(len(tokens), np.bool_))
        return self.inner.accepts(self.inner.vocabulary.decode(question.tokens.tolist()))

    def fits(self, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> bool:
        """Whether a canvas can be filled, with fillers in spare slots. Raises ``LimitExceeded``: no verdict."""
        question, _ = self.question(tokens, free)
        return decide(self.inner.language, question, self.inner.budget).witness is not None

    def question(self, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> tuple[Question, NDArray[np.int64]]:
        """The canvas with its marks, and [N] the slots that its own slots have there."""
        count = len(tokens)
        places = [*self.places, (count, self.ending)] if self.ending >= 0 else list(self.places)
        before = np.array([slot for slot, _ in places], np.int64)
        slots = np.arange(count) + np.searchsorted(before, np.arange(count), side="right")
        marked = np.zeros(count + len(places), np.int64)
        is_free = np.zeros(len(marked), np.bool_)
        marked[slots], is_free[slots] = tokens, free
        number = [len(self.vocabulary) + MARK_BYTES.index(byte) for _, byte in places]
        marked[before + np.arange(len(places))] = number
        return Question(marked, is_free, tail=False, elastic=True), slots

    def session(self, tokens: Any, free: Any, tail: bool = False, elastic: bool = True) -> MarkedSession:
        """Ask about the canvas of this form, as :meth:`ContextFreeConstraint.session` does.

        Raises:
            Infeasible: no filling is valid.
            InputError: the shapes do not fit, or the canvas is not elastic.
            LimitExceeded: the budget is spent; no verdict.
        """
        if tail or not elastic:
            raise InputError("holes with a rule or grammar have spare slots, and no tail")
        return MarkedSession(self, tokens, free)


class MarkedSession(Led):
    """One canvas of N slots under a :class:`MarkedConstraint`; answers like a :class:`ContextFreeSession`.

    Attributes:
        constraint: the constraint.
        n_slots: N.
        tail, elastic: False and True.
    """

    tail = False
    elastic = True

    def __init__(self, constraint: MarkedConstraint, tokens: Any, free: Any) -> None:
        self.constraint = constraint
        own, is_free = to_array(tokens, np.int64), to_array(free, np.bool_)
        if own.ndim != 1 or own.shape != is_free.shape:
            raise InputError(f"tokens {own.shape} and free {is_free.shape} must both be [N]")
        self.n_slots = len(own)
        question, self._slots = constraint.question(own, is_free)
        try:
            self._inner = ContextFreeSession(constraint.inner, question.tokens, question.free, False, True)
        except Infeasible:
            message = f"no valid filling of the {self.n_slots} slots with holes of these rules and grammars"
            raise Infeasible(message, slots=self.n_slots) from None

    @property
    def tokens(self) -> NDArray[np.int64]:
        """[N] copy of the slots; what free slots hold has no meaning."""
        return self._inner.tokens[self._slots]

    @property
    def free(self) -> NDArray[np.bool_]:
        """[N] copy, True where a slot may be filled."""
        return self._inner.free[self._slots]

    def feasible(self) -> bool:
        """Whether a valid filling exists. A session is never left infeasible."""
        return self._inner.feasible()

    def prepare(self) -> None:
        """Nothing can be computed ahead of the logits."""

    def forced(self) -> dict[int, int]:
        """No slots are known to have exactly one admissible token."""
        return {}

    def only_ends(self) -> bool:
        """Never: there is no tail."""
        return False

    def admissible(self, max_questions: int = 20_000) -> NDArray[np.bool_]:
        """[N, V] bool: the token is in some valid filling. Raises ``LimitExceeded``."""
        return self._inner.admissible(max_questions)[self._slots, : len(self.constraint.vocabulary)]

    def propose(
        self,
        logits: Any,
        temperature: float = 0.0,
        generator: np.random.Generator | int | None = None,
        entropy: bool = False,
    ) -> Proposal:
        """A valid filling near the model's tokens, as of :meth:`ContextFreeSession.propose`; logits are [N, V]."""
        vocabulary, language = self.constraint.vocabulary, self.constraint.inner.language
        allowed = language.lexical.class_of_token[: len(vocabulary)] >= 0
        allowed[language.filler] = True
        draw = np.random.default_rng(generator) if temperature > 0 else None
        wishes = wishes_of(logits, self.free, allowed, WISHES, temperature, draw, entropy)
        found = self._inner.led_by(replace(wishes, slots=self._slots[wishes.slots]))
        return replace(
            found,
            tokens=found.tokens[self._slots],
            confidence=found.confidence[self._slots],
            entropy=None if found.entropy is None else found.entropy[self._slots],
            tail=found.tail[self._slots],
        )

    def commit(self, tokens: Mapping[int, int]) -> None:
        """Fix free slots; raises as :meth:`ContextFreeSession.commit`."""
        moved = {self._slot(slot): int(token) for slot, token in tokens.items()}
        try:
            self._inner.commit(moved)
        except Infeasible:
            message = f"no valid filling of the {self.n_slots} slots has these tokens at slots {sorted(tokens)}"
            raise Infeasible(message, slots=self.n_slots) from None

    def retract(self, slots: Iterable[int]) -> None:
        """Free slots again; always safe. Raises ``InputError``: a slot is out of range."""
        self._inner.retract([self._slot(slot) for slot in slots])

    def _slot(self, slot: int) -> int:
        if not 0 <= slot < self.n_slots:
            raise InputError(f"slot {slot} is out of range for a canvas of {self.n_slots} slots")
        return int(self._slots[slot])
