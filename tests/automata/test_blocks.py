"""Grammars with ``ir.Alone`` in random places accept what they accept without it."""

from __future__ import annotations

import numpy as np
from hypothesis import Phase, given, reject, settings
from hypothesis import strategies as st
from ir_matcher import matches
from test_build import STRINGS, bounds, char, grammars, language

import latticework as lw
from latticework.automata import algebra
from latticework.automata.automaton import MAX_LEVELS, ByteAutomaton
from latticework.automata.build import build_automaton
from latticework.errors import LimitExceeded
from latticework.grammar import ir

SETTINGS = settings(max_examples=250, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
COMMA = ir.Literal(b",")


def plain(node: ir.Node) -> ir.Node:
    """The same grammar without ``Alone``."""
    match node:
        case ir.Alone():
            return plain(node.body)
        case ir.Seq():
            return ir.Seq(map(plain, node.parts))
        case ir.Alt():
            return ir.Alt(map(plain, node.options))
        case ir.Repeat():
            return ir.Repeat(plain(node.body), node.low, node.high)
        case ir.Counted():
            return ir.Counted(plain(node.body), node.low, node.high)
        case ir.Join():
            return ir.Join(plain(node.item), plain(node.separator), node.low, node.high)
        case ir.Ordered():
            return ir.Ordered([(plain(member), required) for member, required in node.members], plain(node.separator))
        case ir.Intersect():
            return ir.Intersect(map(plain, node.parts))
        case ir.Except():
            return ir.Except(plain(node.body), plain(node.removed))
    return node


def counting() -> st.SearchStrategy[ir.Node]:
    """Bodies with counters, some of which can be empty or end inside a scope."""
    a, b, both = char("a"), char("b"), char("ab")
    return st.sampled_from(
        [
            ir.Repeat(both, 0, 5),
            ir.Repeat(a, 4, 5),
            ir.Seq((ir.Repeat(a, 2, 4), ir.Repeat(b, 4, None))),
            ir.Counted(ir.Repeat(both, 0, None), 3, 3),
            ir.Seq((ir.Counted(ir.Repeat(a, 0, None), 0, 4), ir.Counted(ir.Repeat(b, 0, None), 0, 4))),
            ir.Repeat(ir.Seq((ir.Repeat(a, 0, 4), b)), 0, 4),
            ir.Join(ir.Alt((a, ir.Repeat(b, 1, 4))), COMMA, 0, 4),
        ]
    )


@st.composite
def pieces(draw, bodies: list[ir.Node], depth: int) -> ir.Node:
    """A grammar around few bodies, each of which stands in several places."""
    leaf = st.one_of(st.sampled_from(bodies), st.sampled_from([char("a"), char("b"), COMMA, ir.Literal(b"ab")]))
    if not depth:
        return draw(leaf)
    sub = pieces(bodies, depth - 1)
    kind = draw(st.sampled_from(["leaf", "seq", "alt", "repeat", "join", "ordered", "set", "counted", "alone"]))
    if kind == "leaf":
        return draw(leaf)
    if kind in ("seq", "alt"):
        parts = draw(st.lists(sub, min_size=1, max_size=3))
        return ir.Seq(parts) if kind == "seq" else ir.Alt(parts)
    if kind == "ordered":
        return ir.Ordered(draw(st.lists(st.tuples(sub, st.booleans()), min_size=1, max_size=3)), COMMA)
    if kind == "set":
        return ir.Intersect((draw(sub), draw(sub))) if draw(st.booleans()) else ir.Except(draw(sub), draw(sub))
    if kind == "alone":
        return ir.Alone(draw(sub))
    low, high = bounds(draw)
    if kind == "counted":
        count = ir.Alone(ir.Seq((ir.Repeat(char("a"), 0, None), ir.Repeat(char("b"), 0, 4))))
        return ir.Counted(ir.Seq((count, count) if draw(st.booleans()) else (count,)), low, high)
    if kind == "join":
        return ir.Join(draw(sub), draw(st.sampled_from([COMMA, ir.EMPTY, ir.Alone(COMMA)])), low, high)
    return ir.Repeat(draw(sub), low, high)


@st.composite
def shared(draw) -> ir.Node:
    body = st.one_of(counting(), grammars(2).map(lambda pair: pair[0]))
    return draw(pieces([ir.Alone(draw(body)) for _ in range(draw(st.integers(1, 2)))], 3))


@given(shared())
@SETTINGS
def test_language_is_that_of_the_bodies(grammar: ir.Node) -> None:
    without = plain(grammar)
    try:
        automaton, expected = build_automaton(grammar), build_automaton(without)
    except LimitExceeded:
        reject()
    check_form(automaton)
    accepted = language(automaton)
    assert accepted == language(expected)
    assert accepted == {text for text in STRINGS if matches(without, text.encode())}


@given(shared())
@SETTINGS
def test_expanded_automata_are_equivalent(grammar: ir.Node) -> None:
    few = lw.Limits(max_states=3_000)
    try:
        automaton, expected = build_automaton(grammar, few), build_automaton(plain(grammar), few)
        pair = algebra.expand(automaton, few.max_states), algebra.expand(expected, few.max_states)
    except LimitExceeded:
        reject()
    assert algebra.equivalent(*pair)


def check_form(automaton: ByteAutomaton) -> None:
    """What ``automaton.py`` promises, and that every state can be reached."""
    assert automaton.levels.max() <= MAX_LEVELS
    assert (automaton.next_state < automaton.states).all()
    assert automaton.next_state.min() >= -1
    assert (automaton.operation[automaton.next_state < 0] == 0).all()
    assert ((automaton.scope >= 0).sum(1) == automaton.levels).all()
    assert automaton.scope.max() < len(automaton.low)
    source, column = np.nonzero(automaton.next_state >= 0)
    target, operation = automaton.next_state[source, column], automaton.operation[source, column]
    keep, inc = operation >> 4, operation & 15
    assert (keep <= np.minimum(automaton.levels[source], automaton.levels[target])).all()
    assert (inc < 1 << automaton.levels[target]).all()
    for level in range(MAX_LEVELS):
        kept = keep > level
        assert (automaton.scope[source[kept], level] == automaton.scope[target[kept], level]).all()


def sizes(grammar: ir.Node) -> tuple[int, int]:
    return build_automaton(grammar).states, build_automaton(plain(grammar)).states
