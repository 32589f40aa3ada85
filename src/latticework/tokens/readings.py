"""From the walk of a lexer to the readings of token classes, and to the words that every source can give out."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from latticework.tokens import kernels_readings

Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]


class Maps(Protocol):
    """What the walk leaves, see :func:`latticework.tokens.kernels_words.walk`."""

    map_partition: Int32Array
    map_offset: Int64Array
    pool_group: Int32Array
    pool_code: Int64Array
    partition_offset: Int64Array
    partition_source: Int32Array
    partition_group: Int32Array
    word_parent: Int32Array
    word_class: Int32Array

    @property
    def words(self) -> int: ...
    @property
    def partitions(self) -> int: ...


class Words(NamedTuple):
    """The words that token classes use, in the order of their classes; a word stands before the longer ones.

    Attributes:
        number: [words of the walk] their numbers here, or -1.
        parent, last, depth: [W] int32, the word without its last class, that class, and how many there are.
    """

    number: Int32Array
    parent: Int32Array
    last: Int32Array
    depth: Int32Array


class Sources(NamedTuple):
    """``word[begin[q]:end[q]]`` are the words of source q, each with a state it may end in; distinct, sorted."""

    begin: Int64Array
    end: Int64Array
    word: Int32Array
    state: Int32Array


def order_words(maps: Maps, map_of_class: Int32Array, classes: int) -> Words:
    """Sort the words of the walk, those left out that no token class has. Linear."""
    words = maps.words
    number, first_child, sibling = (np.full(words, -1, np.int32) for _ in range(3))
    parent, last, depth = (np.empty(words, np.int32) for _ in range(3))
    count = kernels_readings.order_words(
        map_of_class,
        maps.map_offset,
        maps.pool_code,
        maps.word_parent[:words],
        maps.word_class[:words],
        number,
        first_child,
        sibling,
        np.zeros(classes + 2, np.int32),
        parent,
        last,
        depth,
    )
    return Words(number, parent[:count].copy(), last[:count].copy(), depth[:count])


class Readings:
    """The readings of all token classes, by groups of sources; linear in the codes of the classes."""

    def __init__(self, maps: Maps, map_of_class: Int32Array, number: Int32Array, states: int) -> None:
        """
        Args:
            maps: of which ``map_of_class`` are those of the classes.
            number: see :class:`Words`.
            states: of the lexer.
        """
        self._maps, self._map_of_class, self._states = maps, map_of_class, states
        self._partition_offset = maps.partition_offset[: maps.partitions + 1]
        grouped = int(self._partition_offset[-1])
        self._base = np.zeros(maps.partitions + 1, np.int64)
        offset, self._source = np.zeros(grouped + 2, np.int64), np.empty(grouped, np.int32)
        groups = kernels_readings.list_groups(
            self._partition_offset, maps.partition_source, maps.partition_group, self._base, offset, self._source
        )
        self._offset = offset[: groups + 1]

        entries = int((maps.map_offset[map_of_class + 1] - maps.map_offset[map_of_class]).sum())
        self._first = np.zeros(len(map_of_class) + 1, np.int64)
        self._group, self._word, self._state = (np.empty(entries, np.int32) for _ in range(3))
        kernels_readings.collect(
            map_of_class,
            maps.map_partition,
            maps.map_offset,
            maps.pool_group,
            maps.pool_code,
            number,
            self._base,
            self._first,
            self._group,
            self._word,
            self._state,
        )
        self._words = int(number.max()) + 1
        self._of_class, self._of_source = np.zeros(len(map_of_class), np.int64), np.zeros(states, np.int64)
        kernels_readings.count_readings(
            self._first,
            self._group,
            self._offset,
            self._source,
            np.zeros(groups, np.int64),
            self._of_class,
            self._of_source,
        )

    def by_class(self) -> dict[str, NDArray]:
        """``reading_offset``, ``reading_source``, ``reading_word`` and ``reading_state`` of the tables."""
        maps, total = self._maps, int(self._of_class.sum())
        source, word, state = (np.empty(total, np.int32) for _ in range(3))
        kernels_readings.fill_readings(
            self._map_of_class,
            maps.map_partition,
            self._partition_offset,
            maps.partition_source,
            maps.partition_group,
            self._base,
            self._first,
            self._group,
            self._word,
            self._state,
            np.zeros(self._states + 1, np.int64),
            source,
            word,
            state,
        )
        offset = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._of_class)])
        return {"reading_offset": offset, "reading_source": source, "reading_word": word, "reading_state": state}

    def by_source(self) -> Sources:
        """All words of every source."""
        entries, total = len(self._group), int(self._of_source.sum())
        order: Int32Array = np.arange(entries, dtype=np.int32)
        scratch = np.empty(entries, np.int32)
        for key, values in ((self._state, self._states), (self._word, self._words)):
            kernels_readings.sort_stably(key, order, np.zeros(values + 1, np.int64), scratch)
            order, scratch = scratch, order
        begin = np.cumsum(self._of_source) - self._of_source
        end, latest = begin.copy(), np.full(self._states, -1, np.int64)
        word, state = np.empty(total, np.int32), np.empty(total, np.int32)
        kernels_readings.spread(
            order, self._group, self._word, self._state, self._offset, self._source, latest, end, word, state
        )
        return Sources(begin, end, word, state)
