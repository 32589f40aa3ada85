"""The kernel that writes counts and calls out, against the plain semantics of ``run.py``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from strategies_automata import byte_automata, calling_automata, dense_automaton

from latticework.automata import algebra
from latticework.automata.automaton import UNBOUNDED, ByteAutomaton
from latticework.automata.run import START, Configuration, is_accepting, step
from latticework.errors import LimitExceeded

SETTINGS = settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))


def capped(automaton: ByteAutomaton, at: Configuration) -> Configuration:
    """Counts of unbounded scopes matter only up to their lower bound."""
    state, counts = at
    scopes = automaton.scope[state]
    return state, tuple(
        min(count, int(automaton.low[s])) if automaton.high[s] == UNBOUNDED else count
        for count, s in zip(counts, scopes, strict=False)
    )


def configurations(automaton: ByteAutomaton) -> ByteAutomaton:
    """Every configuration that can be reached is a state."""
    letters = [int(np.flatnonzero(automaton.byte_class == k)[0]) for k in range(automaton.next_state.shape[1])]
    ids, rows = {START: 0}, []
    order = [START]
    for at in order:  # grows while it is walked
        row = []
        for byte in letters:
            after = step(automaton, at, byte)
            if after is not None and (after := capped(automaton, after)) not in ids:
                ids[after] = len(order)
                order.append(after)
            row.append(-1 if after is None else ids[after])
        rows.append(row)
    accepting = np.array([is_accepting(automaton, at) for at in order])
    return algebra.plain(np.array(rows, np.int32), automaton.byte_class, accepting)


def check(automaton: ByteAutomaton) -> None:
    if not automaton.has_counters:
        assert algebra.expand(automaton) is automaton
        return
    plain = configurations(automaton)
    expected, found = algebra.minimise(plain), algebra.expand(automaton, plain.states)
    assert np.array_equal(found.next_state[:, found.byte_class], expected.next_state[:, expected.byte_class])
    assert np.array_equal(found.accepting, expected.accepting)
    if plain.states > 1:
        with pytest.raises(LimitExceeded):
            algebra.expand(automaton, plain.states - 1)


@given(st.one_of(byte_automata(), calling_automata()))
@SETTINGS
def test_counts_and_calls_are_written_out(automaton: ByteAutomaton) -> None:
    check(automaton)


def test_two_levels_and_many_moves() -> None:
    for seed in range(40):
        check(dense_automaton(np.random.default_rng(seed)))
