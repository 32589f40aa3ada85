"""Options that differ in bounds alone: the union stays what it was, and counters stay counters."""

from __future__ import annotations

import json
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_matcher import matches

import latticework as lw
from latticework.automata.build import build_automaton
from latticework.automata.run import accepts
from latticework.automata.unions import united
from latticework.grammar import ir

A, B, COMMA = ir.Literal(b"a"), ir.Literal(b"b"), ir.Literal(b",")
TEXTS = [bytes(text) for size in range(7) for text in product(b"ab,", repeat=size)][:1500]


@st.composite
def _bounds(draw: st.DrawFn) -> tuple[int, int | None]:
    low = draw(st.integers(0, 3))
    return low, draw(st.none() | st.integers(low, 5))


def _counts() -> st.SearchStrategy[ir.Node]:
    body = st.sampled_from([A, ir.Alt((A, B))])
    return st.one_of(
        st.builds(lambda b, n: ir.Repeat(b, *n), body, _bounds()),
        st.builds(lambda b, n: ir.Counted(ir.Repeat(ir.Chars(((97, 98),)), 0, None), *n), body, _bounds()),
        st.builds(lambda b, n: ir.Join(b, COMMA, *n), body, _bounds()),
    )


def _options() -> st.SearchStrategy[ir.Node]:
    part = st.sampled_from([A, B]) | _counts()
    member = st.tuples(_counts().map(lambda node: ir.Seq((B, node))), st.booleans())
    whole = st.one_of(
        _counts(),
        st.lists(part, min_size=1, max_size=3).map(ir.Seq),
        st.builds(
            lambda members, early, turned: ir.Ordered(
                members, COMMA, None, early and not turned, [*range(len(members))][::-1] if turned else ()
            ),
            st.lists(member, min_size=1, max_size=2),
            st.booleans(),
            st.booleans(),
        ),
    )
    return whole | whole.map(lambda node: ir.Located(node, "/here"))


@settings(max_examples=150, deadline=None)
@given(st.lists(_options(), max_size=4))
def test_union_is_the_same(options: list[ir.Node]) -> None:
    merged = united(options)
    assert len(merged) <= len(options)
    before, after = ir.Alt(options), ir.Alt(merged)
    for text in TEXTS[::3]:
        assert matches(before, text) == matches(after, text), text


@settings(max_examples=40, deadline=None)
@given(st.lists(_options(), min_size=1, max_size=3))
def test_automata_of_unions(options: list[ir.Node]) -> None:
    automaton = build_automaton(ir.Alt(options))
    for text in TEXTS[::5]:
        assert accepts(automaton, text) == matches(ir.Alt(options), text), text


def test_bounds_that_touch_are_one_interval_and_gaps_stay() -> None:
    repeat = [ir.Repeat(A, 0, 5), ir.Repeat(A, 9, 20), ir.Repeat(A, 6, 8)]
    assert united(repeat) == (ir.Repeat(A, 0, 20),)
    assert len(united([ir.Repeat(A, 0, 5), ir.Repeat(A, 7, None)])) == 2
    two = [ir.Seq((ir.Repeat(A, 0, 5), ir.Repeat(B, 0, 5))), ir.Seq((ir.Repeat(A, 0, 9), ir.Repeat(B, 0, 9)))]
    assert len(united(two)) == 2  # aaaaaaab would be gained, not aaaaaaabbbbbbb alone


@pytest.mark.parametrize("high", [50, 5000])
def test_overlapping_lengths_keep_a_counter(high: int) -> None:
    def member(most: int) -> dict[str, object]:
        properties = {"name": {"type": "string", "maxLength": most}, "n": {"type": "integer"}}
        return {"type": "object", "properties": properties, "required": ["name"], "additionalProperties": False}

    automaton = build_automaton(lw.json_schema({"anyOf": [member(40), member(high)]}).node)
    assert automaton.has_counters
    assert automaton.states < 100
    for length in (0, 40, 41, high, high + 1):
        text = json.dumps({"name": "x" * length, "n": 3}, separators=(",", ":")).encode()
        assert accepts(automaton, text) == (length <= high)
