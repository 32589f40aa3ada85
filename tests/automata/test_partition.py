"""The partition refinement behind minimisation, against refinement round by round."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.automata.algebra import coarsest_congruence, coreachable


def refined(table: list[list[int]], kind: list[int]) -> list[int]:
    """Block of every state, numbered by first occurrence: split by kind, then by the blocks that letters lead to."""
    block = kind
    while True:
        keys = [(block[s], *(block[t] if t >= 0 else None for t in row)) for s, row in enumerate(table)]
        known: dict[tuple, int] = {}
        finer = [known.setdefault(key, len(known)) for key in keys]
        if len(known) == len(set(block)):
            return finer
        block = finer


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[int]], list[int]]:
    states, letters = draw(st.integers(1, 12)), draw(st.integers(1, 3))
    row = st.lists(st.integers(-1, states - 1), min_size=letters, max_size=letters)
    kinds = st.lists(st.integers(0, 2), min_size=states, max_size=states)
    return draw(st.lists(row, min_size=states, max_size=states)), draw(kinds)


@given(tables())
@settings(max_examples=300, deadline=None)
def test_blocks_are_those_of_the_rounds(drawn: tuple[list[list[int]], list[int]]) -> None:
    table, kind = drawn
    block, first = coarsest_congruence(np.array(table), np.array(kind))
    expected = refined(table, kind)
    known: dict[int, int] = {}
    assert [known.setdefault(b, len(known)) for b in block.tolist()] == expected
    assert [expected.index(expected[f]) for f in first.tolist()] == first.tolist()
    assert len(first) == len(set(expected))


def test_a_long_chain() -> None:
    """Every state is a block of its own, which rounds find one by one."""
    states = 20_000
    table = np.append(np.arange(1, states), -1)[:, None]
    _, first = coarsest_congruence(table, np.zeros(states, np.bool_))
    assert len(first) == states


@given(tables())
@settings(max_examples=100, deadline=None)
def test_states_alive_are_those_on_a_way_to_one_that_accepts(drawn: tuple[list[list[int]], list[int]]) -> None:
    table, kind = drawn
    alive = {state for state, k in enumerate(kind) if k == 0}
    while more := {state for state, row in enumerate(table) if state not in alive and alive.intersection(row)}:
        alive |= more
    assert set(np.flatnonzero(coreachable(np.array(table), np.array(kind) == 0)).tolist()) == alive
