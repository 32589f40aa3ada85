"""A lexer as the walk over a vocabulary reads it, without what stands in no text."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer
from latticework.jit import KERNEL
from latticework.tokens.kernels_words import ENDS


class Moves:
    """The lexer as the walk reads it: transposed, with what no text has taken out.

    Attributes:
        moves, splits, viable, adjacent: see :func:`latticework.tokens.kernels_words.walk`.
    """

    def __init__(self, lexer: Lexer, columns: NDArray[np.int32]) -> None:
        """columns: [L, Q], ``next_state`` for one byte of each class."""
        states, classes = lexer.states, lexer.classes
        self.adjacent = np.ones((classes + 1, classes), np.uint8)
        self.adjacent[:classes] = lexer.adjacent
        # [Q, K + 1]; the last column is for no class before.
        self.viable = np.zeros((states, classes + 1), np.uint8)
        before = np.pad(lexer.adjacent, ((0, 1), (0, 0)), constant_values=True).T
        for ended in (lexer.accept_class, lexer.split_class):
            self.viable[ended >= 0] |= before[ended[ended >= 0]]
        self.viable[lexer.may_end] = 1
        _spread(np.ascontiguousarray(columns.T), self.viable)
        begun = self._begun(lexer, columns, lexer.accept_class)
        lives = self.viable[columns, classes] > 0
        self.moves = np.where(columns < 0, np.where(begun >= 0, begun + ENDS, -1), columns)
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


@njit(**KERNEL)
def _spread(next_state, viable):
    """Let every state have what the states behind it have: ``viable[q] |= viable[next_state[q, :]]``, while that grows.

    next_state: [Q, L] int32; viable: [Q, C] uint8, 0 or 1, in and out.
    """
    columns = np.uint64(viable.shape[1])
    grows = True
    while grows:
        grows = False
        for offset in range(len(next_state)):
            state = len(next_state) - 1 - offset
            before = np.int32(-1)
            for letter in range(next_state.shape[1]):
                target = next_state[state, letter]
                if target < 0 or target == before:
                    continue
                before = target
                news = np.uint8(0)
                for column in range(columns):
                    news |= viable[target, column] & ~viable[state, column]
                    viable[state, column] |= viable[target, column]
                if news:
                    grows = True
