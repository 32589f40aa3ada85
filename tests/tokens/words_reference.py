"""What a token does to a lexer, byte by byte, and what the tables say: slow, from the definitions."""

from __future__ import annotations

from functools import cache

import numpy as np

from latticework.automata.lexer import Lexer
from latticework.tokens.lexical import LexicalTables

Readings = set[tuple[tuple[int, ...], int]]


@cache
def reachable(lexer: Lexer, state: int) -> frozenset[int]:
    """The states that bytes of the same lexeme lead to, the state itself included."""
    seen, stack = {state}, [state]
    while stack:
        for target in set(lexer.next_state[stack.pop()].tolist()) - seen - {-1}:
            seen.add(target)
            stack.append(target)
    return frozenset(seen)


@cache
def is_viable(lexer: Lexer, before: int, state: int) -> bool:
    """Whether the lexeme at hand can become one that may stand behind one of class ``before`` (-1: behind any)."""
    for later in reachable(lexer, state):
        ended = int(lexer.accept_class[later])
        if lexer.may_end[later] or (ended >= 0 and (before < 0 or lexer.adjacent[before, ended])):
            return True
    return False


def readings(lexer: Lexer, state: int, token: bytes) -> Readings:
    """Words and states of a token."""
    reached: Readings = {((), state)} if is_viable(lexer, -1, state) else set()
    for byte in token:
        after: Readings = set()
        for word, at in reached:
            inside = int(lexer.next_state[at, byte])
            if inside >= 0 and is_viable(lexer, word[-1] if word else -1, inside):
                after.add((word, inside))
            ended = int(lexer.split_class[at] if inside >= 0 else lexer.accept_class[at])
            if ended >= 0 and (not word or lexer.adjacent[word[-1], ended]):
                begun = int(lexer.next_state[lexer.start_after[ended], byte])
                if begun >= 0 and is_viable(lexer, ended, begun):
                    after.add(((*word, ended), begun))
        reached = after
    return reached if token else set()


def words_of(tables: LexicalTables) -> list[tuple[int, ...]]:
    """The classes of every word."""
    words: list[tuple[int, ...]] = [()]
    for parent, last in zip(tables.word_parent.tolist()[1:], tables.word_class.tolist()[1:], strict=True):
        words.append((*words[parent], last))
    return words


def listed(tables: LexicalTables, words: list[tuple[int, ...]], known: int) -> dict[int, Readings]:
    """The readings of a token class by source; none where it has none."""
    begin, end = tables.reading_offset[known : known + 2].tolist()
    rows = [array[begin:end].tolist() for array in (tables.reading_source, tables.reading_word, tables.reading_state)]
    triples = list(zip(*rows, strict=True))
    assert triples == sorted(set(triples))
    found: dict[int, Readings] = {}
    for source, word, state in triples:
        found.setdefault(source, set()).add((words[word], state))
    return found


def graph_words(tables: LexicalTables, state: int) -> Readings:
    """What the word graph lists for a free slot that is entered in a state."""
    found: Readings = set()
    stack: list[tuple[tuple[int, ...], int]] = [((), int(tables.root[state]))]
    while stack:
        word, node = stack.pop()
        ends = tables.end_state[tables.end_offset[node] : tables.end_offset[node + 1]].tolist()
        assert ends == sorted(set(ends))
        found |= {(word, end) for end in ends}
        edges = slice(tables.edge_offset[node], tables.edge_offset[node + 1])
        classes, targets = tables.edge_class[edges].tolist(), tables.edge_target[edges].tolist()
        assert classes == sorted(set(classes))
        stack += [((*word, known), target) for known, target in zip(classes, targets, strict=True)]
    return found


def assert_graph_is_minimal(tables: LexicalTables) -> None:
    """No two nodes are alike, and every node is of use."""
    nodes = {
        (
            tuple(tables.end_state[tables.end_offset[node] : tables.end_offset[node + 1]].tolist()),
            tuple(tables.edge_class[tables.edge_offset[node] : tables.edge_offset[node + 1]].tolist()),
            tuple(tables.edge_target[tables.edge_offset[node] : tables.edge_offset[node + 1]].tolist()),
        )
        for node in range(tables.nodes)
    }
    assert len(nodes) == tables.nodes
    assert set(np.concatenate([tables.root, tables.edge_target]).tolist()) == set(range(tables.nodes))
