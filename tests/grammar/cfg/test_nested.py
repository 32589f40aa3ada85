"""Nodes that name rules: the grammar has the texts of the nodes with the rules put in their places."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.automata.longest import whole_lexer
from latticework.automata.rules import rules_of
from latticework.grammar import ir
from latticework.grammar.cfg.nested import NotContextFree, Rule, grammar_of, holds_rule
from latticework.lattice.chart.recognise import Recogniser

RULES = {
    "one": ir.Literal(b"a"),
    "some": ir.Alt((ir.Literal(b"a"), ir.Literal(b"ab"))),
    "many": ir.Repeat(ir.Literal(b"b"), 1, None),
    "none": ir.NOTHING,
}
COMMA = ir.Literal(b",")
TEXTS = [bytes(text) for length in range(6) for text in product(b"ab,", repeat=length)]


def random_node(random: Random, depth: int) -> ir.Node:
    if depth == 0 or random.random() < 0.2:
        leaves = [Rule(random.choice(list(RULES))), ir.Literal(random.choice((b"a", b"b", b"ba", b""))), COMMA]
        return random.choice([*leaves[:1] * 2, *leaves])
    parts = [random_node(random, depth - 1) for _ in range(random.randint(1, 3))]
    low = random.randint(0, 2)
    high = random.choice((None, low, low + 1, low + 3))
    match random.randint(0, 5):
        case 0:
            return ir.Seq(parts)
        case 1:
            return ir.Alt(parts)
        case 2:
            return ir.Repeat(parts[0], low, high)
        case 3:
            return ir.Join(parts[0], COMMA, low, high)
        case 4:
            return random.choice((ir.Located(parts[0], "/x"), ir.Alone(parts[0])))
    # As for the members of objects: none is empty.
    members = [(ir.Seq((ir.Literal(b"b"), part)), random.random() < 0.4) for part in parts]
    further = ir.Seq((ir.Literal(b"a"), Rule("one"))) if random.random() < 0.3 else None
    if random.random() < 0.3:
        second = random.sample(range(len(members)), len(members))
        return ir.Ordered(members, COMMA, second=second, ahead=further)
    return ir.Ordered(members, COMMA, further, random.random() < 0.3)


def put_in(node: ir.Node) -> ir.Node:
    """The same without rules."""
    match node:
        case Rule():
            return RULES[node.name]
        case ir.Seq():
            return ir.Seq(map(put_in, node.parts))
        case ir.Alt():
            return ir.Alt(map(put_in, node.options))
        case ir.Repeat():
            return ir.Repeat(put_in(node.body), node.low, node.high)
        case ir.Join():
            return ir.Join(put_in(node.item), node.separator, node.low, node.high)
        case ir.Located() | ir.Alone():
            return put_in(node.body)
        case ir.Ordered():
            further = None if node.anywhere is None else put_in(node.anywhere)
            ahead = None if node.ahead is None else put_in(node.ahead)
            members = [(put_in(member), wanted) for member, wanted in node.members]
            return ir.Ordered(members, COMMA, further, node.early, node.second, ahead)
    return node


def recogniser(node: ir.Node, **more: ir.Node) -> Recogniser:
    grammar = grammar_of("start", {**RULES, **more, "start": node})
    return Recogniser(rules_of(grammar), whole_lexer(grammar, 10_000))


@given(st.integers(0, 2**40))
@settings(deadline=None, max_examples=20)
def test_texts_are_those_of_the_nodes(seed: int) -> None:
    node = random_node(Random(seed), 3)
    automaton, found = build_automaton(put_in(node)), recogniser(node)
    for text in TEXTS:
        assert bool(found.accepts(text)) == run.accepts(automaton, text), (node, text)


def test_rules_within_themselves() -> None:
    """Balanced brackets are regular for no automaton."""
    inner = ir.Repeat(Rule("pair"), 0, None)
    found = recogniser(Rule("pair"), pair=ir.Seq((ir.Literal(b"["), inner, ir.Literal(b"]"))))
    assert found.accepts(b"[" * 60 + b"]" * 60)
    assert found.accepts(b"[[][[]]]")
    assert not found.accepts(b"[" * 60 + b"]" * 59)
    assert not found.accepts(b"[]]")


def test_set_operations_on_rules_are_refused() -> None:
    outer = ir.Seq((Rule("one"), ir.Intersect((Rule("some"), ir.Literal(b"a")))))
    assert holds_rule(outer)
    with pytest.raises(NotContextFree, match="Intersect"):
        recogniser(outer)
    with pytest.raises(NotContextFree, match="Except"):
        recogniser(ir.Except(Rule("some"), ir.Literal(b"a")))
