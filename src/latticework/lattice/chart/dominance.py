"""Lexer states that can do whatever others can, for a lexeme that is to become a given terminal.

An identifier in which a keyword may still be seen can go on in no way in which one that is no keyword's beginning could
not, so where both are possible the first need not be looked at. This is a simulation between states: every step that
leads to the terminal is answered by a step with the same byte to a state that again can do as much, and the lexeme ends
where the other does, with the same state behind it (Milner, *An algebraic definition of simulation between programs*,
1971).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latticework.automata.lexer import Lexer
from latticework.automata.united import byte_classes
from latticework.lattice.chart.kernels_dominance import Steps, predecessors, refine

_FEWEST_STATES = 100  # of a terminal; fewer are not worth the search
_MOST_CANDIDATES = 8
_MOST_REACHED = 32  # states that a candidate may become
_SELF_LOOPS = 8  # classes of bytes on which a state that stands for many stays as it is


def standing_in(lexer: Lexer, has: NDArray[np.bool_], leads: NDArray[np.bool_]) -> NDArray[np.int32]:
    """[Q, T + 1] a state that can do whatever a state can, for each terminal to come (the last: none); -1 if unknown.

    Never a circle. Only states of terminals with many states are looked at, and few that may stand for them.

    Args:
        has: [K, T] bool, whether a class may be read as a terminal.
        leads: [Q, T + 1] bool, whether a state may become a terminal, or none at all.
    """
    found = np.full(leads.shape, -1, np.int32)
    _, letters = byte_classes(lexer.next_state.T)
    loops = (lexer.next_state[:, letters] == np.arange(lexer.states)[:, None]).sum(axis=1)
    for terminal in np.flatnonzero(leads.sum(axis=0) >= _FEWEST_STATES):
        if terminal == has.shape[1]:
            continue
        steps = _steps(lexer, letters, has[:, terminal], leads[:, terminal])
        eligible = np.flatnonzero(leads[:, terminal] & (loops >= _SELF_LOOPS))
        candidates = eligible[np.argsort(-loops[eligible], kind="stable")]
        _note(steps, candidates, np.flatnonzero(leads[:, terminal]), found[:, terminal])
    return found


def _steps(lexer: Lexer, letters: NDArray[np.int64], is_it: NDArray[np.bool_], leads: NDArray[np.bool_]) -> Steps:
    """What every state does on one byte of each class, as far as it leads to the terminal."""
    moves = lexer.next_state[:, letters]
    going_on = np.where((moves >= 0) & leads[moves], moves, -1)
    ending = np.where(moves >= 0, lexer.split_class[:, None], lexer.accept_class[:, None])
    behind = lexer.start_after[ending]
    begun = np.where(ending >= 0, lexer.next_state[behind, letters[None, :]], -1)
    is_ignored = ending >= lexer.ignored_from
    skipped = np.where((begun >= 0) & is_ignored & leads[begun], begun, -1)
    emitted = np.where((begun >= 0) & ~is_ignored & is_it[ending], behind, -1)
    may_end = (lexer.accept_class >= 0) & is_it[lexer.accept_class]
    going_on, skipped, emitted = (np.ascontiguousarray(part, np.int32) for part in (going_on, skipped, emitted))
    return Steps(going_on, skipped, emitted, may_end)


def _note(steps: Steps, candidates: NDArray[np.int64], states: NDArray[np.int64], stands: NDArray[np.int32]) -> None:
    """Write what the first few candidates that become few states stand for."""
    chosen: list[int] = []
    reached: set[int] = set()
    for candidate in candidates.tolist():
        closure = _closure(steps, candidate)
        if len(closure) <= _MOST_REACHED:
            chosen.append(candidate)
            reached |= closure
        if len(chosen) == _MOST_CANDIDATES:
            break
    if not chosen:
        return
    others = np.array(sorted(reached), np.int64)
    covers = _simulation(steps, states, others)
    place, row = _numbers(others, len(stands)), _numbers(states, len(stands))
    for rank, candidate in enumerate(chosen):
        column = covers[:, place[candidate]].copy()
        column[row[candidate]] = False
        for other in chosen[:rank]:
            column[row[other]] = False  # those before it stand for it, if both can do the same
        covered = states[column]
        stands[covered[stands[covered] < 0]] = candidate


def _simulation(steps: Steps, states: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """[S, C] whether one of ``others`` can do whatever one of ``states`` can; both are closed under steps."""
    size = len(steps.may_end)
    row, place = _numbers(states, size), _numbers(others, size)
    going_on, skipped = row[steps.going_on[states]], row[steps.skipped[states]]
    other_going_on, other_skipped = place[steps.going_on[others]], place[steps.skipped[others]]
    emitted, other_emitted = steps.emitted[states], steps.emitted[others]
    # Most pairs fail at once: a byte leads on from one of them alone.
    moves = ((going_on >= 0) | (skipped >= 0)).astype(np.float32)
    stuck = ((other_going_on < 0) & (other_skipped < 0)).astype(np.float32)
    covers = (moves @ stuck.T == 0) & (~steps.may_end[states][:, None] | steps.may_end[others])
    for letter in np.flatnonzero((emitted >= 0).any(0)):
        wanted = emitted[:, letter][:, None]
        covers &= (wanted < 0) | (wanted == other_emitted[:, letter])
    refine(going_on, skipped, other_going_on, other_skipped, *predecessors(going_on, skipped), covers)
    return covers


def _numbers(states: NDArray[np.int64], size: int) -> NDArray[np.int32]:
    """[Q + 1] the place of every state among ``states``, -1 for others; -1 picks the last entry."""
    number = np.full(size + 1, -1, np.int32)
    number[states] = np.arange(len(states))
    return number


def _closure(steps: Steps, state: int) -> set[int]:
    """The states that a lexeme in a state may be in before it ends."""
    found, waiting = {state}, [state]
    while waiting and len(found) <= _MOST_REACHED:
        here = waiting.pop()
        behind = np.union1d(steps.going_on[here], steps.skipped[here])
        fresh = set(behind[behind >= 0].tolist()) - found
        found |= fresh
        waiting += sorted(fresh)
    return found
