"""Everything about one context-free language and one vocabulary that does not depend on a canvas."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from latticework.automata.rules import Rules
from latticework.lattice.chart.tables import SlotTables, slot_tables
from latticework.lattice.chart.words import Ends, Words, class_terminals, leads_to, words_of
from latticework.tokens.lexical import LexicalTables
from latticework.tokens.vocabulary import Vocabulary


class Language:
    """Immutable; shareable between threads.

    Attributes:
        vocabulary, rules, lexical: what it is made of.
        filler: the token that stands for a slot without text where these are allowed, -1 if there is none.
        slots: what may happen in a free slot.
        has: [K, T] bool, whether a class of lexemes may be read as a terminal.
        leads: [Q, T + 1] bool, whether a lexeme in a lexer state may become a terminal, or none at all.
    """

    def __init__(self, vocabulary: Vocabulary, rules: Rules, lexical: LexicalTables) -> None:
        self.vocabulary = vocabulary
        self.rules = rules
        self.lexical = lexical
        self.filler: int = vocabulary.filler
        self.slots: SlotTables = slot_tables(lexical)
        self.ends = Ends(lexical.end_offset, lexical.end_state)
        self.has: NDArray[np.bool_] = class_terminals(lexical, rules)
        self.leads: NDArray[np.bool_] = leads_to(lexical, self.has)

    @cached_property
    def elastic_slots(self) -> SlotTables:
        """What may happen in a free slot that may hold a filler, which leaves no text."""
        stay = self.slots.stay.copy()
        state = np.arange(len(stay))
        stay[state, state >> 6] |= np.uint64(1) << (state & 63).astype(np.uint64)
        return self.slots._replace(stay=stay)

    @cached_property
    def words(self) -> Words:
        """Indices over the readings of tokens."""
        return words_of(self.lexical)

    @cached_property
    def first_of_class(self) -> NDArray[np.int64]:
        """[A] a token of every class."""
        kinds, first = np.unique(self.lexical.class_of_token, return_index=True)
        return first[kinds >= 0].astype(np.int64)

    @property
    def nbytes(self) -> int:
        """Memory of the tables, bytes."""
        return self.lexical.nbytes + self.rules.nbytes + self.slots.nbytes
