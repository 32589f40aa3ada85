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
from latticework.tokens import kernels_word_graph, kernels_words
from latticework.tokens.grouping import doubled, free_slots
from latticework.tokens.kernels import DEAD, DONE, IDENTITY, UNKNOWN, number_classes
from latticework.tokens.lexical import LexicalTables
from latticework.tokens.trie import Trie
from latticework.tokens.vocabulary import Vocabulary

_FIRST_MAPS = 1 << 11
_FIRST_PAIRS = 1 << 17
_FIRST_PARTITIONS = 1 << 9
_FIRST_WORDS = 1 << 14
_FIRST_NODES = 1 << 10
_TOO_LARGE = "the lexer is too large for this vocabulary, or its lexemes may end in too many places"


def lexical_tables(lexer: Lexer, vocabulary: Vocabulary, *, max_pairs: int = 1 << 26) -> LexicalTables:
    """What each token of the vocabulary does to the lexer, and the words that a free slot can give out.

    Args:
        lexer: fewer than 2^30 states.
        vocabulary: ids without bytes (special, unreachable) get class -1.
        max_pairs: most readings of all prefixes of tokens kept on the way, 12 bytes each.

    Raises:
        LimitExceeded: ``max_pairs``.

    Cost: linear in the vocabulary and in the readings of the prefixes that differ.
    """
    walked = _Walk(lexer, vocabulary.trie, max_pairs)
    class_of_token = np.empty(len(vocabulary), np.int32)
    class_of_map = np.full(walked.maps, -1, np.int32)
    classes = number_classes(walked.map_of_node, vocabulary.trie.node_of_token, class_of_map, class_of_token)
    used = np.flatnonzero(class_of_map >= 0)
    map_of_class = np.empty(classes, np.int32)
    map_of_class[class_of_map[used]] = used

    number, word_parent, word_class, depth = _ordered_words(lexer, map_of_class, walked)
    offset, source, word, state = _readings(lexer, map_of_class, walked, number)
    return LexicalTables(
        lexer=lexer,
        class_of_token=class_of_token,
        word_parent=word_parent,
        word_class=word_class,
        reading_offset=offset,
        reading_source=source,
        reading_word=word,
        reading_state=state,
        end_tokens=vocabulary.end_tokens,
        **_graph(lexer, source, word, state, word_parent, word_class, depth),
    )


def _ordered_words(
    lexer: Lexer, map_of_class: NDArray[np.int32], walked: _Walk
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """New number of each word of the walk or -1, and parents, classes and lengths of the words that are used."""
    words = walked.words
    number, first_child, sibling = (np.full(words, -1, np.int32) for _ in range(3))
    parent, last, depth = (np.empty(words, np.int32) for _ in range(3))
    count = kernels_word_graph.order_words(
        map_of_class,
        walked.map_offset,
        walked.pool_code,
        walked.word_parent[:words],
        walked.word_class[:words],
        number,
        first_child,
        sibling,
        np.zeros(lexer.classes + 2, np.int32),
        parent,
        last,
        depth,
    )
    return number, parent[:count].copy(), last[:count].copy(), depth[:count]


def _readings(
    lexer: Lexer, map_of_class: NDArray[np.int32], walked: _Walk, number: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Offsets by class, sources, words by their new numbers, and states."""
    total = kernels_word_graph.count_readings(
        map_of_class,
        walked.map_partition,
        walked.map_offset,
        walked.pool_group,
        walked.partition_offset,
        walked.partition_group,
        np.zeros(lexer.states, np.int64),
    )
    offset = np.zeros(len(map_of_class) + 1, np.int64)
    source, word, state = (np.empty(total, np.int32) for _ in range(3))
    kernels_word_graph.fill_readings(
        map_of_class,
        walked.map_partition,
        walked.map_offset,
        walked.pool_group,
        walked.pool_code,
        walked.partition_offset,
        walked.partition_source,
        walked.partition_group,
        number,
        np.zeros(lexer.states + 1, np.int64),
        offset,
        source,
        word,
        state,
    )
    return offset, source, word, state


def _graph(
    lexer: Lexer,
    source: NDArray[np.int32],
    word: NDArray[np.int32],
    state: NDArray[np.int32],
    word_parent: NDArray[np.int32],
    word_class: NDArray[np.int32],
    depth: NDArray[np.int32],
) -> dict[str, NDArray[np.int32]]:
    """The word graph of the tables, from all readings."""
    offset, word, state = _distinct(lexer.states, len(word_parent), source, word, state)
    deepest = int(depth.max())
    root = np.zeros(lexer.states, np.int32)
    nodes, ends, edges = _FIRST_NODES, _FIRST_NODES, _FIRST_NODES
    progress = np.zeros(2, np.int64)
    node_hash = np.zeros(nodes, np.uint64)
    end_offset, edge_offset = np.zeros(nodes + 1, np.int32), np.zeros(nodes + 1, np.int32)
    end_state, edge_class, edge_target = np.empty(ends, np.int32), np.empty(edges, np.int32), np.empty(edges, np.int32)
    path, open_word = np.zeros(deepest + 1, np.int32), np.zeros(deepest + 1, np.int32)
    open_end, open_edge = np.zeros((deepest + 1, 2), np.int64), np.zeros(deepest + 2, np.int64)
    edges_class, edges_target = np.empty_like(word_parent), np.empty_like(word_parent)
    while not kernels_word_graph.build_graph(
        progress,
        offset,
        word,
        state,
        word_parent,
        word_class,
        depth,
        path,
        open_word,
        open_end,
        open_edge,
        edges_class,
        edges_target,
        free_slots(len(node_hash)),
        node_hash,
        end_offset,
        end_state,
        edge_offset,
        edge_class,
        edge_target,
        root,
    ):
        node_hash, end_offset, edge_offset, end_state, edge_class, edge_target = map(
            doubled, (node_hash, end_offset, edge_offset, end_state, edge_class, edge_target)
        )
    nodes = int(progress[1])
    ends, edges = int(end_offset[nodes]), int(edge_offset[nodes])
    return {
        "root": root,
        "end_offset": end_offset[: nodes + 1].copy(),
        "end_state": end_state[:ends].copy(),
        "edge_offset": edge_offset[: nodes + 1].copy(),
        "edge_class": edge_class[:edges].copy(),
        "edge_target": edge_target[:edges].copy(),
    }


def _distinct(
    states: int, words: int, source: NDArray[np.int32], word: NDArray[np.int32], state: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """All words and states of each source, sorted: offsets by source, words, states."""
    order, scratch = np.arange(len(source), dtype=np.int32), np.empty(len(source), np.int32)
    for key, values in ((state, states), (word, words), (source, states)):
        kernels_word_graph.sort_stably(key, order, np.zeros(values + 1, np.int64), scratch)
        order, scratch = scratch, order
    offset = np.zeros(states + 1, np.int64)
    out_word, out_state = (np.empty(len(source), np.int32) for _ in range(2))
    kernels_word_graph.keep_distinct(order, source, word, state, offset, out_word, out_state)
    return offset, out_word, out_state


class _Walk:
    """The memoised walk: map per trie node, and the maps, partitions and words, see :func:`kernels_words.walk`."""

    def __init__(self, lexer: Lexer, trie: Trie, max_pairs: int) -> None:
        states, classes = lexer.states, lexer.classes
        if states > max_pairs:
            raise LimitExceeded("max_pairs", max_pairs, hint=_TOO_LARGE)
        byte_class, letters = byte_classes(lexer.next_state.T)
        columns = np.ascontiguousarray(lexer.next_state[:, letters].T)
        moves = _Moves(lexer, columns)
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
        self.word_parent = np.full(_FIRST_WORDS, -1, np.int32)
        self.word_class = np.full(_FIRST_WORDS, classes, np.int32)

        self._after[DEAD] = DEAD
        self._after[IDENTITY] = UNKNOWN
        alive = np.flatnonzero(moves.viable[:, classes])
        groups = np.arange(len(alive))
        self.partition_source[: len(alive)], self.partition_group[: len(alive)] = alive, groups
        self.pool_group[: len(alive)], self.pool_code[: len(alive)] = groups, alive
        self.partition_offset[1] = self.map_offset[IDENTITY + 1] = len(alive)
        self.map_of_node[0] = IDENTITY
        self._progress = np.array([1, IDENTITY + 1, 1, 1], np.int64)
        self._run(lexer, moves, byte_class, trie, max_pairs)

    @property
    def maps(self) -> int:
        return int(self._progress[1])

    @property
    def words(self) -> int:
        return int(self._progress[2])

    def _run(self, lexer: Lexer, moves: _Moves, byte_class: NDArray, trie: Trie, max_pairs: int) -> None:
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
                self.map_of_node,
            )
            if status == DONE:
                return
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


class _Moves:
    """The lexer as the walk reads it: transposed, with what no text has taken out.

    Attributes:
        moves, splits, viable, adjacent: see :func:`kernels_words.walk`.
    """

    def __init__(self, lexer: Lexer, columns: NDArray[np.int32]) -> None:
        """columns: [L, Q], ``next_state`` for one byte of each class."""
        states, classes = lexer.states, lexer.classes
        ends = lexer.accept_class >= 0
        self.adjacent = np.ones((classes + 1, classes), np.uint8)
        self.adjacent[:classes] = lexer.adjacent
        # [Q, K + 1]; the last column is for no class before.
        self.viable = np.zeros((states, classes + 1), np.uint8)
        self.viable[ends] = np.pad(lexer.adjacent, ((0, 1), (0, 0)), constant_values=True).T[lexer.accept_class[ends]]
        self.viable[lexer.may_end] = 1
        kernels_words.spread_viability(np.ascontiguousarray(columns.T), self.viable)
        begun = self._begun(lexer, columns, lexer.accept_class)
        lives = self.viable[columns, classes] > 0
        self.moves = np.where(columns < 0, np.where(begun >= 0, begun + kernels_words.ENDS, -1), columns)
        self.moves = np.where((columns >= 0) & ~lives, -1, self.moves).astype(np.int32)
        self.splits = np.zeros((0, states), np.int32)
        if (lexer.split_class >= 0).any():
            self.splits = np.where(columns >= 0, self._begun(lexer, columns, lexer.split_class), -1).astype(np.int32)

    def _begun(self, lexer: Lexer, columns: NDArray[np.int32], ended: NDArray[np.int32]) -> NDArray[np.int32]:
        """[L, Q] state of the lexeme that begins with the byte where one of the class of ``ended`` ends, or -1."""
        if not lexer.classes:
            return np.full_like(columns, -1)
        begun = columns[:, lexer.start_after[ended]]
        fits = (ended >= 0) & (begun >= 0) & (self.viable[begun, ended] > 0)
        return np.where(fits, begun, -1)
