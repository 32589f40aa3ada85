"""Texts followed along a grammar: verdicts of enumeration, and of the automata of their orders of keys."""

from __future__ import annotations

from itertools import permutations
from random import Random
from typing import Any

import pytest
from arranging import constraint_of, documents, spelt

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.grammar import arrangement, ir, json_schema
from latticework.grammar.combine import alt, seq
from latticework.grammar.limits import DEFAULT_LIMITS
from latticework.lattice.arranged.keys import key_orders
from latticework.lattice.arranged.matching import TextMatcher
from latticework.lattice.explain import explain

ONE = {"const": 1}
A_FEW: dict[str, Any] = {
    "type": "object",
    "properties": {name: {"enum": [0, 1]} for name in "abcde"},
    "required": ["b", "d"],
}
NESTED = {
    "type": "array",
    "maxItems": 1,
    "items": {"anyOf": [A_FEW, {**A_FEW, "required": ["a", "e"], "properties": {**A_FEW["properties"], "d": ONE}}]},
}


@pytest.mark.parametrize("schema", [A_FEW, NESTED])
def test_documents_and_no_others_match(schema: Any) -> None:
    root = constraint_of(schema).grammar.arranged
    assert root is not None
    matcher = TextMatcher(root, DEFAULT_LIMITS)
    known = documents(schema)
    assert known
    draw = Random(0)
    for text in draw.sample(sorted(known), min(len(known), 400)):
        assert matcher.matches(text)
        place = draw.randrange(len(text))
        for near in (text[:place], text[:place] + text[place + 1 :], text[:place] + b"0" + text[place:], text * 2):
            assert matcher.matches(near) == (near in known)


def test_open_objects_that_are_alternatives_match_as_their_automata_say() -> None:
    kinds = [
        {
            "type": "object",
            "required": ["kind"],
            "properties": {"kind": {"const": kind}, "a": {"type": "integer"}, first: {"type": "object"}, "b": {}},
        }
        for kind, first in (("x", "p"), ("y", "q"), ("z", "a"))
    ]
    schema = {"anyOf": [*kinds, {"type": "array", "items": {"oneOf": kinds}}]}
    grammar = json_schema(schema, property_order="any", open_objects=True)
    root = grammar.arranged
    assert root is not None
    matcher = TextMatcher(root, DEFAULT_LIMITS)
    members = ['"kind":"x"', '"kind":"z"', '"a":1', '"a":{}', '"p":{"kind":"q"}', '"more":[1,{}]', '"b":"kind"']
    verdicts = set[bool]()
    for chosen in Random(2).sample([*permutations(members, 2), *permutations(members, 3)], 8):
        for text in ("{" + ",".join(chosen) + "}", "[{" + ",".join(chosen) + '},{"kind":"y"}]'):
            data = text.encode()
            automaton = build_automaton(arrangement.listed(root, key_orders(data).all, whole=True))
            verdicts.add(matcher.matches(data))
            assert matcher.matches(data) == run.accepts(automaton, data), text
    assert verdicts == {False, True}


def test_every_kind_of_node_around_unordered_ones() -> None:
    comma, a, b, c = (ir.Literal(text) for text in (b",", b"a", b"b", b"c"))
    free = ir.Unordered("ab", [(a, True), (b, False)], comma)
    extra = ir.Unordered("ab", [(a, False), (b, False)], comma, c, nonempty=True)
    semicolon = ir.Literal(b";")
    cases = [
        (ir.Join(free, semicolon, 1, 2), ["a", "a,b;b,a", "a;a,b"], ["", "b", "a;", "a;a;a", "a,b,a"]),
        (ir.Repeat(seq([free, semicolon]), 0, None), ["", "a;", "b,a;a;"], ["a", ";", "a;;"]),
        (ir.Ordered([(free, False), (extra, True)], semicolon), ["c", "a;c,c,b,c", "b,a;b"], ["", "a;", "b;c"]),
        (ir.Except(extra, alt([seq([a, comma, b]), c])), ["a", "b,a", "c,c"], ["a,b", "c", ""]),
        (ir.Intersect((extra, ir.Repeat(ir.Chars(((0x2C, 0x62),)), 0, None))), ["b,a", "a"], ["a,c", ""]),
        (ir.Alone(ir.Located(alt([free, semicolon]), "/x")), ["b,a", ";"], ["b", "c"]),
    ]
    for node, accepted, rejected in cases:
        matcher = TextMatcher(node, DEFAULT_LIMITS)
        assert [text for text in accepted if not matcher.matches(text.encode())] == []
        assert [text for text in rejected if matcher.matches(text.encode())] == []
    with pytest.raises(ValueError, match="followed"):
        TextMatcher(ir.Counted(free, 1, 2), DEFAULT_LIMITS)


def test_many_keys_at_once() -> None:
    names = [f"k{number}" for number in range(40)]
    schema = {"type": "object", "properties": {key: {"type": "integer"} for key in names}, "required": names[::2]}
    found = constraint_of(schema)
    order = Random(1).sample(names, len(names))
    assert found.accepts(spelt(tuple((name, 1) for name in order)))
    assert not found.accepts(spelt(tuple((name, 1) for name in order if name != "k4")))
    assert not found.accepts(spelt((*((name, 1) for name in order), ("k1", 1))))


def test_how_far_a_text_is_read_is_as_in_the_automaton() -> None:
    comma = ir.Literal(b",")
    draw = Random(3)
    for required in ((True, False, False), (False, False, False)):
        for further, nonempty in ((None, False), (None, True), (ir.Words([b"ca", b"d"]), False)):
            members: list[tuple[ir.Node, bool]] = [
                (ir.Literal(text), needed) for text, needed in zip((b"a", b"ab", b"cb"), required, strict=True)
            ]
            inner = ir.Unordered(("a", "ab", "cb"), members, comma, further, nonempty)
            automaton = build_automaton(
                ir.Join(arrangement.unordered(members, further, comma, nonempty), ir.Literal(b";"), 1, 2)
            )
            matcher = TextMatcher(ir.Join(inner, ir.Literal(b";"), 1, 2), DEFAULT_LIMITS)
            assert matcher.explains
            for _ in range(150):
                text = "".join(
                    draw.choices(["a", "b", ",", ";", "c", "ab", "cb", "d", ",a"], k=draw.randrange(7))
                ).encode()
                found = explain(automaton, text)
                assert matcher.reach(text) == (found.offset, found.expected), text
                assert matcher.matches(text) == found.accepted
