"""Kernels that copy blocks into the table of an automaton and split it; moves are ``state << 8 | operation``."""

from __future__ import annotations

from numba import njit

from latticework.automata.automaton import RETURN
from latticework.automata.blocks import BACK_MOVE, EXIT_MOVE
from latticework.automata.placement import FIRST_ENTRY
from latticework.jit import KERNEL


@njit(**KERNEL)
def copy_block(own_moves, columns, depth, base, links, exit_move, moves):
    """The moves of one copy of a block that stands within ``depth`` scopes, its states numbered from ``base`` on.

    Args:
        own_moves: [n, k] int32, of the block; targets from n on are sites, or entries of calls.
        columns: [K] int64, the block's class of each class.
        links: int32, the states that those stand for.
        exit_move: what stands for an exit.
        moves: [n, K] int32, out.
    """
    states = len(own_moves)
    for state in range(states):
        for letter in range(len(columns)):
            move = own_moves[state, columns[letter]]
            if move == EXIT_MOVE:
                move = exit_move
            elif move == BACK_MOVE:
                move = RETURN << 8
            elif move >= 0:
                target = move >> 8
                target = target + base if target < states else links[target - states]
                move = target << 8 | ((move & 0xF0) + (depth << 4)) | (move & 15) << depth
            moves[state, letter] = move


@njit(**KERNEL)
def split_moves(moves, kept, state_of, entry_of, next_state, operation):
    """Targets, renumbered, and operations of the states that are kept.

    Args:
        moves: [S, K] int32; kept: int64, states.
        state_of: [S + 2] int32, new numbers by state + 2; entry_of: int32, those of the entries.
        next_state, operation: [len(kept), K] int32, uint8, out.
    """
    for row in range(len(kept)):
        for letter in range(moves.shape[1]):
            move = moves[kept[row], letter]
            target = move >> 8
            next_state[row, letter] = entry_of[target - FIRST_ENTRY] if target >= FIRST_ENTRY else state_of[target + 2]
            operation[row, letter] = move & 0xFF
