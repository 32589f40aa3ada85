"""Boolean algebra against greenery, on random regular expressions over two letters."""

from __future__ import annotations

import itertools

import greenery
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from latticework.automata import algebra, run
from latticework.automata.automaton import ByteAutomaton
from latticework.automata.build import build_automaton
from latticework.grammar import ir

STRINGS = ["".join(t) for n in range(7) for t in itertools.product("ab", repeat=n)]
FAST = settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))


@st.composite
def patterns(draw, depth: int = 2) -> tuple[ir.Node, str]:
    kind = draw(st.sampled_from(["a", "b", "[ab]"] + (["seq", "alt", "star", "times"] if depth else [])))
    if kind in ("a", "b"):
        return ir.Literal(kind.encode()), kind
    if kind == "[ab]":
        return ir.Chars(((97, 98),)), kind
    left, left_text = draw(patterns(depth - 1))
    if kind == "star":
        return ir.Repeat(left, 0, None), f"({left_text})*"
    if kind == "times":
        return ir.Repeat(left, 1, 4), f"({left_text}){{1,4}}"
    right, right_text = draw(patterns(depth - 1))
    if kind == "seq":
        return ir.Seq((left, right)), f"({left_text})({right_text})"
    return ir.Alt((left, right)), f"(({left_text})|({right_text}))"


def language(automaton: ByteAutomaton) -> set[str]:
    return {text for text in STRINGS if run.accepts(automaton, text.encode())}


def greenery_language(fsm: greenery.Fsm) -> set[str]:
    return {text for text in STRINGS if fsm.accepts(text)}


@given(patterns(), patterns())
@FAST
def test_operations_agree_with_greenery(left: tuple[ir.Node, str], right: tuple[ir.Node, str]) -> None:
    a, b = build_automaton(left[0]), build_automaton(right[0])
    x, y = greenery.parse(left[1]).to_fsm(), greenery.parse(right[1]).to_fsm()
    assert language(algebra.intersection(a, b)) == greenery_language(x & y)
    assert language(algebra.union(a, b)) == greenery_language(x | y)
    assert language(algebra.difference(a, b)) == greenery_language(x - y)
    assert language(algebra.concatenation(a, b)) == greenery_language(x + y)
    assert algebra.equivalent(a, b) == (x ^ y).empty()
    assert algebra.is_empty(algebra.intersection(a, b)) == (x & y).empty()


@given(patterns())
@FAST
def test_complement_is_over_all_byte_strings(pair: tuple[ir.Node, str]) -> None:
    automaton = build_automaton(pair[0])
    outside = algebra.complement(automaton)
    assert language(outside) == set(STRINGS) - language(automaton)
    assert run.accepts(outside, b"\xff")
    assert algebra.equivalent(algebra.complement(outside), automaton)


@given(patterns())
@FAST
def test_minimal_automaton_is_no_larger_than_greenerys(pair: tuple[ir.Node, str]) -> None:
    minimal = algebra.minimise(algebra.expand(build_automaton(pair[0])))
    reduced = greenery.parse(pair[1]).to_fsm().reduce()
    live = sum(reduced.islive(state) for state in reduced.states)
    assert minimal.states == max(1, live)
    assert np.array_equal(algebra.minimise(minimal).next_state, minimal.next_state)


def test_counters_are_expanded_before_set_operations() -> None:
    wide = build_automaton(ir.Repeat(ir.Chars(((97, 98),)), 4, 40))
    narrow = build_automaton(ir.Repeat(ir.Literal(b"a"), 0, 6))
    both = algebra.intersection(wide, narrow)
    assert wide.has_counters
    assert not both.has_counters
    assert [n for n in range(50) if run.accepts(both, b"a" * n)] == [4, 5, 6]
    with pytest.raises(ValueError, match="without counters"):
        algebra.minimise(wide)
