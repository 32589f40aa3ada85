"""Lift a lexer to a vocabulary: what every token completes and where it ends, from every state.

One walk over the vocabulary's trie as in :mod:`latticework.tokens.lifting`: the map of a prefix says, for every lexer
state, which word of lexeme classes it gives out and the state behind it; maps are interned, and so are words. Pairs of
classes that are neighbours in no text, and states in which no lexeme ends that may follow, are dropped on the way. The
words of a free slot are then made one acyclic automaton (``kernels_word_graph.py``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer
from latticework.automata.united import byte_classes
from latticework.errors import LimitExceeded
from latticework.tokens import kernels_words
from latticework.tokens.grouping import doubled, free_slots
from latticework.tokens.kernels import DEAD, DONE, IDENTITY, UNKNOWN, number_classes
from latticework.tokens.lexer_moves import Moves
from latticework.tokens.lexical import LexicalTables
from latticework.tokens.readings import Readings, order_words
from latticework.tokens.trie import Trie
from latticework.tokens.vocabulary import Vocabulary
from latticework.tokens.word_graph import word_graph

_FIRST_MAPS = 1 << 12
_FIRST_PAIRS = 1 << 18
_FIRST_PARTITIONS = 1 << 10
_FIRST_WORDS = 1 << 15
_TOO_LARGE = "the lexer is too large for this vocabulary"
_TOO_MANY = "lexemes may end in too many places: use fewer terminals that overlap"


def lexical_tables(
    lexer: Lexer, vocabulary: Vocabulary, *, max_pairs: int = 1 << 26, max_readings: int = 1 << 10
) -> LexicalTables:
    """What each token of the vocabulary does to the lexer, and the words that a free slot can give out.

    Args:
        lexer: fewer than 2^30 states.
        vocabulary: ids without bytes (special, unreachable) get class -1.
        max_pairs: most readings of all prefixes of tokens kept on the way, those counted once that several states
            share; 12 bytes each.
        max_readings: most readings of one prefix of a token from one state, where lexemes may end in several places.

    Raises:
        LimitExceeded: ``max_pairs`` or ``max_readings``.

    Cost: linear in the vocabulary and in the readings of the prefixes that differ. With 131k tokens 3 ms for JSON,
    25 ms for 60 terminals like those of C++ (180 states), 0.15 s for all of C++ (900 states, 1.9 million readings).
    """
    walked = Walk(lexer, vocabulary.trie, max_pairs, max_readings)
    class_of_token = np.empty(len(vocabulary), np.int32)
    class_of_map = np.full(walked.maps, -1, np.int32)
    classes = number_classes(walked.map_of_node, vocabulary.trie.node_of_token, class_of_map, class_of_token)
    used = np.flatnonzero(class_of_map >= 0)
    map_of_class = np.empty(classes, np.int32)
    map_of_class[class_of_map[used]] = used

    words = order_words(walked, map_of_class, lexer.classes)
    readings = Readings(walked, map_of_class, words.number, lexer.states)
    return LexicalTables(
        lexer=lexer,
        class_of_token=class_of_token,
        word_parent=words.parent,
        word_class=words.last,
        **readings.by_class(),
        **word_graph(readings.by_source(), words),
        end_tokens=vocabulary.end_tokens,
    )


class Walk:
    """The memoised walk: map per trie node, and the maps, partitions and words, see :func:`kernels_words.walk`."""

    def __init__(self, lexer: Lexer, trie: Trie, max_pairs: int, max_readings: int) -> None:
        states, classes = lexer.states, lexer.classes
        if states > max_pairs:
            raise LimitExceeded("max_pairs", max_pairs, hint=_TOO_LARGE)
        byte_class, letters = byte_classes(lexer.next_state.T)
        columns = np.ascontiguousarray(lexer.next_state[:, letters].T)
        moves = Moves(lexer, columns)
        pairs = min(max(_FIRST_PAIRS, 4 * states), max_pairs)
        self.map_of_node = np.empty(trie.nodes, np.int32)
        self.map_partition = np.zeros(_FIRST_MAPS, np.int32)
        self.map_offset = np.zeros(_FIRST_MAPS + 1, np.int64)
        self._map_hash = np.zeros(_FIRST_MAPS, np.uint64)
        self._after = np.empty((_FIRST_MAPS, len(columns)), np.int32)
        self.pool_group, self.pool_code = np.empty(pairs, np.int32), np.empty(pairs, np.int64)
        self.partition_offset = np.zeros(_FIRST_PARTITIONS + 1, np.int64)
        self._partition_hash = np.zeros(_FIRST_PARTITIONS, np.uint64)
        self.partition_source, self.partition_group = np.empty(pairs, np.int32), np.empty(pairs, np.int32)
        self.word_parent = np.zeros(max(_FIRST_WORDS, classes + 1), np.int32)
        self.word_class = np.full(len(self.word_parent), classes, np.int32)
        self.word_class[1 : classes + 1] = np.arange(classes)

        self._after[DEAD] = DEAD
        self._after[IDENTITY] = UNKNOWN
        alive = np.flatnonzero(moves.viable[:, classes])
        groups = np.arange(len(alive))
        self.partition_source[: len(alive)], self.partition_group[: len(alive)] = alive, groups
        self.pool_group[: len(alive)], self.pool_code[: len(alive)] = groups, alive
        self.partition_offset[1] = self.map_offset[IDENTITY + 1] = len(alive)
        self.map_of_node[0] = IDENTITY
        self._progress = np.array([1, IDENTITY + 1, classes + 1, 1], np.int64)
        self._run(lexer, moves, byte_class, trie, max_pairs, max_readings)

    @property
    def maps(self) -> int:
        return int(self._progress[1])

    @property
    def words(self) -> int:
        return int(self._progress[2])

    @property
    def partitions(self) -> int:
        return int(self._progress[3])

    def _run(
        self, lexer: Lexer, moves: Moves, byte_class: NDArray, trie: Trie, max_pairs: int, max_readings: int
    ) -> None:
        states = lexer.states
        new_group, kept_offset, kept_slot = np.empty(states, np.int32), *np.empty((2, states + 1), np.int64)
        while True:
            status = kernels_words.walk(
                self._progress,
                trie.byte,
                trie.parent,
                byte_class,
                moves.moves,
                moves.splits,
                lexer.accept_class,
                lexer.split_class,
                moves.viable,
                moves.adjacent,
                self._after,
                self.map_partition,
                self.map_offset,
                self._map_hash,
                free_slots(len(self._map_hash)),
                self.pool_group,
                self.pool_code,
                self.partition_offset,
                self._partition_hash,
                free_slots(len(self._partition_hash)),
                self.partition_source,
                self.partition_group,
                self.word_parent,
                self.word_class,
                free_slots(len(self.word_parent)),
                new_group,
                kept_offset,
                kept_slot,
                free_slots(states),
                max_readings,
                self.map_of_node,
            )
            if status == DONE:
                return
            if status == kernels_words.TOO_MANY:
                raise LimitExceeded("max_readings", max_readings, hint=_TOO_MANY)
            self._enlarge(int(status), max_pairs)

    def _enlarge(self, status: int, max_pairs: int) -> None:
        if status == kernels_words.MAPS_FULL:
            self._after = doubled(self._after)
            self.map_partition = doubled(self.map_partition)
            self.map_offset = doubled(self.map_offset)
            self._map_hash = doubled(self._map_hash)
        elif status == kernels_words.WORDS_FULL:
            self.word_parent = doubled(self.word_parent)
            self.word_class = doubled(self.word_class)
        elif status == kernels_words.PARTITIONS_FULL:
            self.partition_offset = doubled(self.partition_offset)
            self._partition_hash = doubled(self._partition_hash)
        elif status == kernels_words.CODES_FULL:
            _check_room(self.pool_code, max_pairs)
            self.pool_group = doubled(self.pool_group)[:max_pairs]
            self.pool_code = doubled(self.pool_code)[:max_pairs]
        else:
            _check_room(self.partition_source, max_pairs)
            self.partition_source = doubled(self.partition_source)[:max_pairs]
            self.partition_group = doubled(self.partition_group)[:max_pairs]


def _check_room(pool: NDArray, max_pairs: int) -> None:
    if len(pool) == max_pairs:
        raise LimitExceeded("max_pairs", max_pairs, hint=_TOO_LARGE)
