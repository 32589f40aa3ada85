"""Indices over the words and readings of lexical tables, for filling slots."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latticework.automata.rules import Rules
from latticework.tokens.lexical import LexicalTables

Int32Array = NDArray[np.int32]


class Words(NamedTuple):
    """W words, P readings, A token classes."""

    parent: Int32Array  # [W]
    kind: Int32Array  # [W] class of the last lexeme
    child_offset: Int32Array  # [W + 1]
    child: Int32Array
    reading_offset: NDArray[np.int64]  # [A + 1]
    reading_source: Int32Array  # [P]
    reading_word: Int32Array
    reading_state: Int32Array
    by_key: NDArray[np.int64]  # [P] source * W + word, ascending
    by_key_state: Int32Array
    by_key_class: Int32Array


def words_of(lexical: LexicalTables) -> Words:
    """The indices; cost O(P log P)."""
    count = len(lexical.word_parent)
    order = np.argsort(lexical.word_parent[1:], kind="stable") + 1
    key = lexical.reading_source.astype(np.int64) * count + lexical.reading_word
    by_key = np.argsort(key, kind="stable")
    kind = np.repeat(np.arange(lexical.classes, dtype=np.int32), np.diff(lexical.reading_offset))
    return Words(
        lexical.word_parent,
        lexical.word_class,
        np.searchsorted(lexical.word_parent[order], np.arange(count + 1)).astype(np.int32),
        order.astype(np.int32),
        lexical.reading_offset,
        lexical.reading_source,
        lexical.reading_word,
        lexical.reading_state,
        key[by_key],
        lexical.reading_state[by_key],
        kind[by_key],
    )


def class_terminals(lexical: LexicalTables, rules: Rules) -> NDArray[np.bool_]:
    """[K, T] bool, whether a class of lexemes may be read as a terminal."""
    lexer = lexical.lexer
    has = np.zeros((lexer.classes, rules.terminals), np.bool_)
    has[np.repeat(np.arange(lexer.classes), np.diff(lexer.class_offset)), lexer.class_terminal] = True
    return has


def leads_to(lexical: LexicalTables, has: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """[Q, T + 1] bool, whether a lexeme in a lexer state may become a terminal; the last column: no lexeme at all.

    Args:
        has: [K, T], of :func:`class_terminals`.
    """
    lexer = lexical.lexer
    found = np.zeros((lexer.states, has.shape[1] + 1), np.bool_)
    for classes in (lexer.accept_class, lexer.split_class):
        ending = classes >= 0
        found[ending, :-1] |= has[classes[ending]]
    found[:, -1] = lexer.may_end
    source, byte = np.nonzero(lexer.next_state >= 0)
    steps = source * lexer.states + lexer.next_state[source, byte]
    behind_ignored = np.flatnonzero(lexer.accept_class >= lexer.ignored_from)
    begun = lexer.start_after[lexer.accept_class[behind_ignored]]
    step = np.unique(np.append(steps, behind_ignored * lexer.states + begun))
    source, target = step // lexer.states, step % lexer.states
    first = np.flatnonzero(np.diff(source, prepend=-1))
    packed = np.packbits(found, axis=1)
    while len(source):
        reached = packed.copy()
        reached[source[first]] |= np.bitwise_or.reduceat(packed[target], first, axis=0)
        if (reached == packed).all():
            break
        packed = reached
    return np.unpackbits(packed, axis=1, count=found.shape[1]).view(np.bool_)
