"""Lift a byte automaton to a vocabulary.

One walk over the vocabulary's trie carries, for every prefix, its *map*: what reading the prefix does
to each state it can be read from. That is the automaton's transition monoid, met only where the
vocabulary goes: maps are interned and ``(map, byte class) -> map`` is remembered, so a vocabulary of
131k tokens needs some thousand compositions and one table look-up per trie node. The map of a token
is its class. Source of the method: own; the monoid is standard (Pin, *Mathematical Foundations of
Automata Theory*, IV), walking it along a trie is the point.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latticework.automata.automaton import NOWHERE, ByteAutomaton
from latticework.errors import LimitExceeded
from latticework.tokens import kernels
from latticework.tokens.automaton import KEEP_SHIFT, STATE_MASK, UNIT_MASK, TokenAutomaton
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

    Cost: with 131k tokens 1 to 2 ms for an automaton of 100 states, 15 ms for 3,000.
    """
    if automaton.states > STATE_MASK + 1:
        raise LimitExceeded("states", STATE_MASK + 1)
    walked = _Walk(automaton, vocabulary.trie, max_pairs)
    class_of_token = np.empty(len(vocabulary), np.int32)
    class_of_map = np.full(walked.maps, -1, np.int32)
    classes = kernels.number_classes(walked.map_of_node, vocabulary.trie.node_of_token, class_of_map, class_of_token)
    used = np.flatnonzero(class_of_map >= 0)
    map_of_class = np.empty(classes, np.int32)
    map_of_class[class_of_map[used]] = used

    grouped = _group(automaton.states, map_of_class, walked)
    return TokenAutomaton(
        automaton=automaton,
        class_of_token=class_of_token,
        end_tokens=vocabulary.end_tokens,
        **grouped,
    )


def _group(states: int, map_of_class: NDArray[np.int32], walked: _Walk) -> dict[str, NDArray]:
    """Pairs, edges and labels of the token automaton, from the maps that are classes."""
    sizes = walked.map_offset[map_of_class + 1] - walked.map_offset[map_of_class]
    pair_offset = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    pairs = int(pair_offset[-1])

    source_offset, cursor = np.zeros(states + 1, np.int64), np.empty(max(states, pairs), np.int64)
    pair_source, token_class, number, code = *(np.empty(pairs, np.int32) for _ in range(3)), np.empty(pairs, np.int64)
    kernels.sort_by_source(
        map_of_class, walked.map_offset, walked.pool_source, walked.pool_code,
        source_offset, cursor[:states], pair_source, code, token_class, number,
    )  # fmt: skip

    chains = np.full(1 << 12, -1, np.int32)
    previous, edge_class, pair_edge = (np.empty(pairs, np.int32) for _ in range(3))
    edge_offset, edge_code = np.zeros(states + 1, np.int32), np.empty(pairs, np.int64)
    edge_hash, class_offset = np.zeros(pairs, np.uint64), np.zeros(pairs + 1, np.int64)
    edges = kernels.group_edges(
        source_offset, code, token_class, number, chains, previous, cursor,
        edge_offset, edge_code, edge_hash, class_offset, edge_class, pair_edge,
    )  # fmt: skip

    edge_label, example = np.empty(edges, np.int32), np.empty(edges, np.int32)
    label_offset, label_class = np.zeros(edges + 1, np.int32), previous
    labels = kernels.intern_labels(
        edge_hash[:edges], class_offset, edge_class, _free_slots(edges), example, edge_label, label_offset, label_class
    )
    return {
        "pair_offset": pair_offset,
        "pair_source": pair_source,
        "pair_edge": pair_edge,
        "edge_offset": edge_offset,
        "edge_code": edge_code[:edges].copy(),
        "edge_label": edge_label,
        "label_offset": label_offset[: labels + 1].copy(),
        "label_class": label_class[: label_offset[labels]].copy(),
    }


class _Walk:
    """The memoised walk: map per trie node, and the maps as ranges of (source, code) pools."""

    def __init__(self, automaton: ByteAutomaton, trie: Trie, max_pairs: int) -> None:
        states, classes = automaton.next_state.shape
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
        self.pool_code[:states] = np.arange(states) | (automaton.levels.astype(np.int64) << KEEP_SHIFT)
        self.map_offset[kernels.IDENTITY + 1] = states
        self.map_of_node[0] = kernels.IDENTITY
        self._progress = np.array([1, kernels.IDENTITY + 1], np.int64)
        self._run(automaton, trie, max_pairs)

    @property
    def maps(self) -> int:
        return int(self._progress[1])

    def _run(self, automaton: ByteAutomaton, trie: Trie, max_pairs: int) -> None:
        moves = _moves(automaton)
        low, high = _bounds(automaton)
        entries, returns, return_state = _calls(automaton)
        while True:
            status = kernels.walk(
                self._progress,
                trie.byte,
                trie.parent,
                automaton.byte_class,
                moves,
                automaton.levels,
                low,
                high,
                entries,
                returns,
                return_state,
                self._after,
                self.map_offset,
                self._map_hash,
                _free_slots(len(self._map_hash)),
                self.pool_source,
                self.pool_code,
                self.map_of_node,
            )
            if status == kernels.DONE:
                return
            if status == kernels.UNITS_EXCEEDED:
                raise LimitExceeded("token_units", UNIT_MASK, hint="a token counts too many repetitions at once")
            if status == kernels.MAPS_FULL:
                self._after = _doubled(self._after)
                self.map_offset = _doubled(self.map_offset)
                self._map_hash = _doubled(self._map_hash)
            elif len(self.pool_source) == max_pairs:
                raise LimitExceeded("max_pairs", max_pairs, hint=_TOO_LARGE)
            else:
                self.pool_source = _doubled(self.pool_source)[:max_pairs]
                self.pool_code = _doubled(self.pool_code)[:max_pairs]


def _moves(automaton: ByteAutomaton) -> NDArray[np.int32]:
    """[K, S] int32 steps as the walk reads them: transposed, because a map is composed with one class at a time."""
    moves = np.array(automaton.next_state.T, order="C")
    if not automaton.has_counters:
        moves[moves >= 0] |= kernels.SIMPLE
        return moves
    operation = automaton.operation.T.astype(np.int32)
    levels = automaton.levels
    stays = (moves >= 0) & (moves < automaton.states) & (operation == levels << 4)
    stays &= np.append(levels, 0)[np.where(stays, moves, -1)] == levels
    calls = automaton.calls
    if calls is not None:
        enters = moves >= automaton.states
        moves[(moves == NOWHERE) & calls.returning] = kernels.BACK_AND_READ
        moves[enters] += (1 << kernels.ENTRY_SHIFT) - automaton.states
    moves |= ((operation >> 4) << KEEP_SHIFT) | ((operation & 3) << kernels.INC_SHIFT)
    moves[stays] |= kernels.SIMPLE
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


def _doubled(array: NDArray) -> NDArray:
    """The array with as much room again at the end, unset."""
    out = np.empty((2 * array.shape[0], *array.shape[1:]), array.dtype)
    out[: len(array)] = array
    return out


def _free_slots(entries: int) -> NDArray[np.int32]:
    """Hash table at most half full."""
    return np.full(1 << (2 * entries).bit_length(), -1, np.int32)
