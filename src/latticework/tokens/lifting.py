"""Lift a byte automaton to a vocabulary.

One walk over the vocabulary's trie carries, for every prefix, its *map*: what reading the prefix does
to each state it can be read from. That is the automaton's transition monoid, met only where the
vocabulary goes: maps are interned and ``(map, byte class) -> map`` is remembered, so a vocabulary of
131k tokens needs some thousand compositions and one table look-up per trie node. The map of a token
is its class. Source of the method: own; the monoid is standard (Pin, *Mathematical Foundations of
Automata Theory*, IV), walking it along a trie is the point.

Many states differ in a few bytes only: all the places in the keys that an object names are the rest of some other key
for every byte but one. Such states have a *default*, and maps list them only where they fare differently from it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latticework.automata.automaton import ByteAutomaton
from latticework.errors import LimitExceeded
from latticework.tokens import kernels
from latticework.tokens.automaton import KEEP_SHIFT, STATE_MASK, UNIT_MASK, TokenAutomaton
from latticework.tokens.grouping import doubled, free_slots, group
from latticework.tokens.kernels_defaults import choose_defaults
from latticework.tokens.trie import Trie
from latticework.tokens.vocabulary import Vocabulary

_FIRST_MAPS = 1 << 12
_FIRST_PAIRS = 1 << 17
_TOO_LARGE = "the automaton is too large for this vocabulary"


def lift(automaton: ByteAutomaton, vocabulary: Vocabulary, *, max_pairs: int = 1 << 26) -> TokenAutomaton:
    """What each token of the vocabulary does to each state of the automaton.

    Args:
        automaton: at most 2^20 states.
        vocabulary: ids without bytes (special, unreachable) get class -1.
        max_pairs: most (source state, prefix map) pairs kept on the way, 12 bytes each.

    Raises:
        LimitExceeded: ``states``, ``max_pairs``, or ``token_units`` (a token that adds more than 1023
            units to one counter).

    Cost: with 131k tokens 2 ms for an automaton of 100 states, 4 ms for one of 900 (a typical open object), 15 ms for
    one of 3,000.
    """
    if automaton.states > STATE_MASK + 1:
        raise LimitExceeded("states", STATE_MASK + 1)
    moves = _moves(automaton)
    ranks = _Ranks(moves, automaton.byte_class)
    walked = _Walk(automaton, moves, ranks, vocabulary.trie, max_pairs)
    class_of_token = np.empty(len(vocabulary), np.int32)
    class_of_map = np.full(walked.maps, -1, np.int32)
    classes = kernels.number_classes(walked.map_of_node, vocabulary.trie.node_of_token, class_of_map, class_of_token)
    used = np.flatnonzero(class_of_map >= 0)
    map_of_class = np.empty(classes, np.int32)
    map_of_class[class_of_map[used]] = used
    edges = group(map_of_class, walked.map_offset, walked.pool_source, walked.pool_code, ranks.root_of, ranks.rank_of)
    return TokenAutomaton(automaton, class_of_token, classes, *edges, vocabulary.end_tokens)


class _Ranks:
    """States in the order in which maps list them: plain ones, which neither have a default nor are one, then defaults,
    then the others by their default.

    rank_of: [S] int32, rank of every state; state_of: [S], the state of every rank; root_of: [S] int32, the rank of
    the default of the state of every rank, -1 for none; plain: how many plain states there are.
    """

    def __init__(self, moves: NDArray[np.int32], byte_class: NDArray[np.int64]) -> None:
        letters, states = moves.shape
        default = np.full(states, -1, np.int32)
        weight = np.bincount(byte_class, minlength=letters).astype(np.int32)
        choose_defaults(
            moves, weight, np.zeros(states, np.int32), np.zeros(states, np.int32), free_slots(states), default
        )
        group = np.where(default < 0, default, 0)
        group[default[default >= 0]] = 0
        has_one = default >= 0
        self.state_of = np.lexsort((default, has_one, group))
        self.plain = int((group < 0).sum())
        self.rank_of = np.empty(states, np.int32)
        self.rank_of[self.state_of] = np.arange(states)
        by_rank = default[self.state_of]
        self.root_of = np.where(by_rank < 0, -1, self.rank_of[by_rank])


class _Walk:
    """The memoised walk: map per trie node, and the maps as ranges of (source, code) pools."""

    def __init__(
        self, automaton: ByteAutomaton, moves: NDArray[np.int32], ranks: _Ranks, trie: Trie, max_pairs: int
    ) -> None:
        classes, states = moves.shape
        if states > max_pairs:
            raise LimitExceeded("max_pairs", max_pairs, hint=_TOO_LARGE)
        self.map_of_node = np.empty(trie.nodes, np.int32)
        self.map_offset = np.zeros(_FIRST_MAPS + 1, np.int64)
        self._map_hash = np.zeros(_FIRST_MAPS, np.uint64)
        self._after = np.empty((_FIRST_MAPS, classes), np.int32)
        self.pool_source = np.empty(min(max(_FIRST_PAIRS, 4 * states), max_pairs), np.int32)
        self.pool_code = np.empty(len(self.pool_source), np.int64)

        self._after[kernels.DEAD] = kernels.DEAD
        self._after[kernels.IDENTITY] = kernels.UNKNOWN
        self.pool_source[:states] = np.arange(states)
        self.pool_code[:states] = ranks.state_of | (automaton.levels[ranks.state_of].astype(np.int64) << KEEP_SHIFT)
        self.map_offset[kernels.IDENTITY + 1] = states
        self.map_of_node[0] = kernels.IDENTITY
        self._progress = np.array([1, kernels.IDENTITY + 1], np.int64)
        self._run(automaton, moves, ranks, trie, max_pairs)

    @property
    def maps(self) -> int:
        return int(self._progress[1])

    def _run(
        self,
        automaton: ByteAutomaton,
        moves: NDArray[np.int32],
        ranks: _Ranks,
        trie: Trie,
        max_pairs: int,
    ) -> None:
        low, high = _bounds(automaton)
        entries, returns, return_state = _calls(automaton)
        latest = np.zeros((3, automaton.states + 1), np.int64)
        while True:
            status = kernels.walk(
                self._progress,
                trie.byte,
                trie.parent,
                automaton.byte_class,
                moves,
                ranks.root_of,
                ranks.plain,
                latest,
                automaton.levels,
                low,
                high,
                entries,
                returns,
                return_state,
                self._after,
                self.map_offset,
                self._map_hash,
                free_slots(len(self._map_hash)),
                self.pool_source,
                self.pool_code,
                self.map_of_node,
            )
            if status == kernels.DONE:
                return
            if status == kernels.UNITS_EXCEEDED:
                raise LimitExceeded("token_units", UNIT_MASK, hint="a token counts too many repetitions at once")
            if status == kernels.MAPS_FULL:
                self._after = doubled(self._after)
                self.map_offset = doubled(self.map_offset)
                self._map_hash = doubled(self._map_hash)
            elif len(self.pool_source) == max_pairs:
                raise LimitExceeded("max_pairs", max_pairs, hint=_TOO_LARGE)
            else:
                self.pool_source = doubled(self.pool_source)[:max_pairs]
                self.pool_code = doubled(self.pool_code)[:max_pairs]


def _moves(automaton: ByteAutomaton) -> NDArray[np.int32]:
    """[K, S] int32 steps as the walk reads them: transposed, because a map is composed with one class at a time."""
    states, letters = automaton.next_state.shape
    moves = np.empty((letters, states), np.int32)
    calls = automaton.calls
    returning = np.zeros(states, np.bool_) if calls is None else calls.returning
    kernels.write_moves(automaton.next_state, automaton.operation, automaton.levels, returning, moves)
    return moves


def _calls(automaton: ByteAutomaton) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Entries, returns and their states as the walk reads them."""
    calls = automaton.calls
    if calls is None:
        return np.zeros((1, 3), np.int32), np.zeros((1, 3), np.int32), np.zeros(1, np.int32)
    scope = np.where(calls.level >= 0, automaton.scope[np.arange(automaton.states), calls.level], 0)
    first, last = calls.return_offset[scope], calls.return_offset[scope + 1]
    entries = np.stack([calls.entry_state, calls.entry_value, calls.level[calls.entry_state]], 1)
    returns = np.stack([calls.level, first, last - first], 1)
    return np.ascontiguousarray(entries), np.ascontiguousarray(returns, np.int32), calls.return_state.copy()


def _bounds(automaton: ByteAutomaton) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """[S, 2] low and high of each state's levels, 0 where there is no level."""
    if not automaton.has_counters:
        empty = np.zeros((1, 2), np.int64)
        return empty, empty
    live = automaton.scope >= 0
    scope = np.where(live, automaton.scope, 0)
    return np.where(live, automaton.low[scope], 0).astype(np.int64), np.where(live, automaton.high[scope], 0).astype(
        np.int64
    )
