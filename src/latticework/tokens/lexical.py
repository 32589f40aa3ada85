"""What every token of a vocabulary does to a lexer: the words of lexeme classes it completes and the state it ends in.

A token read from lexer state ``q`` has *readings* ``(word, r)``: it completes the lexemes of the word, in order, and
leaves the lexer in state ``r``; several where lexemes may end in several places, none where it cannot stand. Tokens
with the same readings from every state form a token class.

The *words of a free slot* from state ``q`` are kept as a graph (a minimal acyclic automaton, shared by all states):
``root[q]``; from each node edges by lexeme class, and the lexer states in which a token may end there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer


@dataclass(frozen=True, eq=False, slots=True)
class LexicalTables:
    """Immutable. V token ids, A token classes, W words, Q lexer states, D nodes, P readings.

    Attributes:
        lexer: what was lifted.
        class_of_token: [V] int32, -1 for tokens without any reading (specials always).
        word_parent, word_class: [W] int32; word w is word ``word_parent[w]`` and one lexeme of class ``word_class[w]``
            more. Word 0 is empty (parent and class -1); parents come before children.
        reading_offset: [A + 1] int64 into the readings.
        reading_source, reading_word, reading_state: [P] int32, ascending by (source, word, state) within a class.
        root: [Q] int32 node.
        end_offset: [D + 1] int32 into ``end_state``.
        end_state: int32 lexer states in which a token may end in a node, ascending.
        edge_offset: [D + 1] int32 into the edges.
        edge_class, edge_target: int32, ascending by class; a class leads to one node.
        end_tokens: int32 ids that may fill the tail (end and pad roles), ascending.
    """

    lexer: Lexer
    class_of_token: NDArray[np.int32]
    word_parent: NDArray[np.int32]
    word_class: NDArray[np.int32]
    reading_offset: NDArray[np.int64]
    reading_source: NDArray[np.int32]
    reading_word: NDArray[np.int32]
    reading_state: NDArray[np.int32]
    root: NDArray[np.int32]
    end_offset: NDArray[np.int32]
    end_state: NDArray[np.int32]
    edge_offset: NDArray[np.int32]
    edge_class: NDArray[np.int32]
    edge_target: NDArray[np.int32]
    end_tokens: NDArray[np.int32]

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @property
    def classes(self) -> int:
        return len(self.reading_offset) - 1

    @property
    def nodes(self) -> int:
        return len(self.edge_offset) - 1

    @property
    def nbytes(self) -> int:
        """Memory of the tables, the lexer's included, bytes."""
        own = sum(v.nbytes for v in (getattr(self, n) for n in self.__slots__) if isinstance(v, np.ndarray))
        return own + self.lexer.nbytes
