"""Everything about one context-free language and one vocabulary that does not depend on a canvas."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latticework.automata.rules import Rules
from latticework.lattice.chart.dominance import standing_in
from latticework.lattice.chart.tables import SlotTables, entered_by, slot_tables, thinned
from latticework.lattice.chart.words import Words, class_terminals, leads_to, words_of
from latticework.tokens.lexical import LexicalTables
from latticework.tokens.vocabulary import Vocabulary

_THIN = 2  # lexemes that end in a slot, where it is not looked at in full


class Derived(NamedTuple):
    """What takes time to work out and is kept with the tables.

    Attributes:
        slots: what may happen in a free slot.
        leads: [Q, T + 1] bool, whether a lexeme in a lexer state may become a terminal, or none at all.
        stands: [Q, T + 1] a lexer state that can do whatever one can for a terminal to come, -1 if none is known.
    """

    slots: SlotTables
    leads: NDArray[np.bool_]
    stands: NDArray[np.int32]


class Detail(NamedTuple):
    """What may happen in a free slot, or a part of it.

    Attributes:
        tables: what the graphs are made of.
        entered: [K, nodes] uint64 sets of the nodes of the word graph that a class of lexemes leads to.
    """

    tables: SlotTables
    entered: NDArray[np.uint64]


class Language:
    """Immutable; shareable between threads.

    Attributes:
        vocabulary, rules, lexical: what it is made of.
        filler: the token that stands for a slot without text where these are allowed, -1 if there is none.
        derived: worked out from them; holds ``slots``, ``leads`` and ``stands``.
        slots: what may happen in a free slot.
        has: [K, T] bool, whether a class of lexemes may be read as a terminal.
        leads, stands: [Q, T + 1], see :class:`Derived`.
    """

    def __init__(
        self, vocabulary: Vocabulary, rules: Rules, lexical: LexicalTables, derived: Derived | None = None
    ) -> None:
        """``derived``, where it is known already, is that of ``lexical`` and ``rules``."""
        self.vocabulary = vocabulary
        self.rules = rules
        self.lexical = lexical
        self.filler: int = vocabulary.filler
        self.has: NDArray[np.bool_] = class_terminals(lexical, rules)
        self.derived = derived or _derived(lexical, self.has)
        self.slots: SlotTables = self.derived.slots
        self.leads: NDArray[np.bool_] = self.derived.leads
        self.stands: NDArray[np.int32] = self.derived.stands

    @cached_property
    def elastic_slots(self) -> SlotTables:
        """What may happen in a free slot that may hold a filler, which leaves no text."""
        stay = self.slots.stay.copy()
        state = np.arange(len(stay))
        stay[state, state >> 6] |= np.uint64(1) << (state & 63).astype(np.uint64)
        return self.slots._replace(stay=stay)

    @cached_property
    def leading(self) -> NDArray[np.uint64]:
        """[T + 1, states] uint64 sets: the columns of ``leads``."""
        room = np.zeros((self.leads.shape[1], -(-len(self.leads) // 64) * 64), np.bool_)
        room[:, : len(self.leads)] = self.leads.T
        return np.packbits(room, axis=1, bitorder="little").view(np.uint64)

    @cached_property
    def follow(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Where lexemes lead that end in a slot: offsets [D * (T + 1) + 1] by word-graph node and terminal, the last
        for what is ignored, into the nodes behind them."""
        slots, nodes = self.slots, len(self.slots.rank)
        may_be = np.concatenate([self.has, np.zeros((len(self.has), 1), np.bool_)], axis=1)
        may_be[slots.ignored :] = False
        may_be[slots.ignored :, -1] = True
        source = np.repeat(np.arange(nodes), np.diff(slots.edge_offset))
        edge, terminal = np.nonzero(may_be[slots.edge_class])
        code = np.unique((source[edge] * may_be.shape[1] + terminal) * nodes + slots.edge_target[edge])
        place, behind = np.divmod(code, nodes)
        offset = np.searchsorted(place, np.arange(nodes * may_be.shape[1] + 1))
        return offset.astype(np.int32), behind.astype(np.int32)

    @cached_property
    def details(self) -> tuple[Detail, Detail]:
        """How closely gaps may be looked at, coarser first."""
        return _detail(thinned(self.slots, _THIN)), _detail(self.slots)

    @cached_property
    def elastic_details(self) -> tuple[Detail, Detail]:
        """The same, of slots that may hold a filler."""
        thin, full = self.details
        stay = self.elastic_slots.stay
        return thin._replace(tables=thin.tables._replace(stay=stay)), full._replace(tables=self.elastic_slots)

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


def _detail(tables: SlotTables) -> Detail:
    return Detail(tables, entered_by(tables))


def _derived(lexical: LexicalTables, has: NDArray[np.bool_]) -> Derived:
    leads = leads_to(lexical, has)
    return Derived(slot_tables(lexical), leads, standing_in(lexical.lexer, has, leads))
