"""``property_order="schema"``: the orders in which a schema lists keys, in ``properties`` or in ``required``."""

from __future__ import annotations

import json
from itertools import islice
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schemas import near, validator
from test_schema_properties import LIMITS, RANDOM, SEEDS, a_schema, compact, orders, widest
from verdicts import check

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import LimitExceeded, SchemaError
from latticework.grammar import json_schema
from latticework.grammar.json_schema import orders as schema_orders

NAMES = "abcdefg"


def accepts(grammar: Any, keys: list[str]) -> bool:
    text = "{" + ",".join(f'"{key}":0' for key in keys) + "}"
    return run.accepts(build_automaton(grammar.node), text.encode())


@given(st.lists(st.sampled_from(NAMES), unique=True), st.booleans(), st.randoms())
@settings(max_examples=150, deadline=None)
def test_orders_of_properties_and_of_required(needed: list[str], is_open: bool, random: Random) -> None:
    properties = {name: {"const": 0} for name in NAMES}
    schema = {
        "type": "object",
        "properties": properties,
        "required": needed,
        "additionalProperties": {"const": 0} if is_open else False,
    }
    grammar = json_schema(schema)
    by_need = [*needed, *(name for name in NAMES if name not in needed)]
    for _ in range(8):
        some = {*needed, *random.sample(NAMES, random.randint(0, len(NAMES)))}
        keys = [key for key in random.choice((NAMES, by_need)) if key in some]
        if random.random() < 0.5 and len(keys) > 1:
            keys.insert(random.randrange(len(keys)), keys.pop(random.randrange(len(keys))))
        ahead, behind = ["x"] * random.randint(0, 2), ["y"] * random.randint(0, 2)
        good = {*needed} <= {*keys} and any(keys == [key for key in order if key in keys] for order in (NAMES, by_need))
        assert accepts(grammar, keys) == good
        assert accepts(grammar, [*ahead, *keys, *behind]) == (good and (is_open or not ahead + behind))
        assert not accepts(grammar, [*keys, *keys[:1], *keys[:1]]) or not keys


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
def test_what_a_schema_requires_comes_before_what_its_alternatives_require(keyword: str) -> None:
    grammar = json_schema(
        {
            keyword: [{"required": ["a"]}, {"required": ["b"]}],
            "properties": {name: {"const": 0} for name in "abz"},
            "required": ["z"],
            "type": "object",
            "additionalProperties": False,
        }
    )
    assert accepts(grammar, ["z", "b"])
    assert accepts(grammar, ["b", "z"])
    assert not accepts(grammar, ["z"])
    assert accepts(grammar, ["z", "b", "a"]) == (keyword != "oneOf")


def test_properties_without_a_name_come_first_in_the_outermost_object_alone() -> None:
    inner = {"type": "object", "properties": {"b": {}}, "required": ["b"]}
    schema = {"type": "object", "properties": {"a": inner}, "required": ["a"]}
    check(schema, ['{"$schema":"u","a":{"b":1,"c":2},"x":{}}'], ['{"$schema":"u","x":{}}'], open_objects=True)
    automaton = build_automaton(json_schema(schema, open_objects=True).node)
    for text, good in (
        (b'{"x":[],"y":1,"a":{"b":1}}', True),
        (b'{"a":{"c":2,"b":1}}', False),
        (b'{"x":1,"x":2}', False),
        (b'{"x":1,"a":{"b":1},"y":2,"a":{"b":2}}', False),
    ):
        assert run.accepts(automaton, text) == good, text


def test_large_members_have_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = {"type": "object", "properties": {"a": {"const": 0}, "b": {"const": 0}}, "required": ["b"]}
    assert accepts(json_schema(schema), ["b", "a"])
    monkeypatch.setattr(schema_orders, "MAX_WEIGHT", 1)
    assert not accepts(json_schema(schema), ["b", "a"])
    assert accepts(json_schema(schema), ["a", "b"])


def test_members_that_may_be_very_long_have_one_order() -> None:
    for most, turned in ((1_000, True), (30_000, False)):
        text = {"type": "string", "maxLength": most}
        schema = {"type": "object", "properties": {"a": text, "b": text}, "required": ["b"]}
        automaton = build_automaton(json_schema(schema).node)
        assert run.accepts(automaton, b'{"a":"x","b":"y"}')
        assert run.accepts(automaton, b'{"b":"x","a":"y"}') == turned


def test_recursive_objects_have_one_order_but_for_the_outermost() -> None:
    tree = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#"}}, "name": {"type": "string"}},
        "required": ["name"],
        "additionalProperties": False,
    }
    automaton = build_automaton(json_schema(tree).node)
    assert run.accepts(automaton, b'{"children":[{"name":"a"}],"name":"b"}')
    assert run.accepts(automaton, b'{"name":"b","children":[{"children":[],"name":"a"}]}')
    assert not run.accepts(automaton, b'{"children":[{"name":"b","children":[]}],"name":"b"}')


@given(SEEDS)
@settings(RANDOM, max_examples=150)
def test_what_is_accepted_is_valid(seed: int) -> None:
    random = Random(seed)
    schema = a_schema(random)
    try:
        grammar = json_schema(
            schema,
            open_objects=random.random() < 0.7,
            max_depth=random.choice((0, 1)),
            distinct=random.choice(("refuse", "narrow")),
            limits=LIMITS,
        )
        automaton = build_automaton(grammar.node, LIMITS)
    except (SchemaError, LimitExceeded):
        return
    judge = validator(schema)
    for value in near(random, schema, 30):
        for order in islice(orders(value), 4) if widest(value) <= 5 else (value,):
            text = compact(order)
            assert not run.accepts(automaton, text.encode()) or judge.is_valid(json.loads(text)), (schema, text)


def test_very_large_grammars_have_one_order_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = {"type": "object", "properties": {"a": {"const": 0}, "b": {"const": 0}}, "required": ["b"]}
    schema = {"type": "object", "properties": {"p": inner, "q": {"const": 0}}, "required": ["q"]}
    texts = {
        text: text.index('"a"') > text.index('"b"')
        for text in ('{"p":{"b":0,"a":0},"q":0}', '{"q":0,"p":{"a":0,"b":0}}')
    }
    for most, both in ((100, True), (5, False)):
        monkeypatch.setattr(schema_orders, "MAX_WHOLE", most)
        automaton = build_automaton(json_schema(schema).node)
        for text, is_second in texts.items():
            assert run.accepts(automaton, text.encode()) == (both or not is_second)
