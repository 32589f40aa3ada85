"""``property_order="any"`` where the object is too large for every order, and for given objects."""

from __future__ import annotations

import json
from functools import lru_cache
from random import Random
from typing import Any

import pytest
import schemas
from hypothesis import given, settings
from hypothesis import strategies as st
from verdicts import check

from latticework.automata import run
from latticework.automata.automaton import ByteAutomaton
from latticework.automata.build import build_automaton
from latticework.grammar import json_schema


def test_one_member_at_a_time_comes_early_and_further_ones_anywhere() -> None:
    names = "abcdefgh"
    schema = {
        "type": "object",
        "properties": {name: {"type": "null"} for name in names},
        "additionalProperties": {"const": 1},
        "required": ["b", "g"],
    }
    good = ["bg", "abcdefgh", "gb", "bag", "acbg", "habg", "agbx", "xbyg", "bdceg", "ybgz"]
    texts = ["{" + ",".join(f'"{n}":{"null" if n in names else 1}' for n in order) + "}" for order in good]
    check(schema, texts, ['{"b":null}', '{"g":null,"b":1}', '{"x":null,"b":null,"g":null}'], property_order="any")
    grammar = json_schema(schema, property_order="any")
    assert any("but for one at a time that comes early" in line for line in grammar.order_narrowings)
    automaton = build_automaton(grammar.node)
    for order in ("hgba", "gbb", "abag", "hbgh"):
        text = "{" + ",".join(f'"{name}":null' for name in order) + "}"
        assert not run.accepts(automaton, text.encode())


@pytest.mark.parametrize("whitespace", ["compact", "spaced", "any", "pretty"])
def test_given_objects_with_their_keys_in_any_order(whitespace: str) -> None:
    """Small ones in every order, large ones in their own; other objects never."""
    small, nested = {"b": 1, "a": [True, {"y": None, "x": {}}]}, [{"d": 0, "c": ""}]
    large = dict.fromkeys("hgfedcba", 0)
    schema = {"enum": [small, nested, large, 7]}
    style: dict[str, Any] = {"compact": {"separators": (",", ":")}, "pretty": {"indent": 2}}.get(whitespace, {})
    judge = schemas.validator(schema)
    for order in ("any", "schema"):
        automaton = build_automaton(json_schema(schema, property_order=order, whitespace=whitespace).node)

        def accepts(value: Any, automaton: ByteAutomaton = automaton) -> bool:
            return run.accepts(automaton, json.dumps(value, **style).encode())

        assert all(map(accepts, (small, nested, large, 7)))
        assert not accepts(dict(reversed(large.items())))
        turned = {"a": [True, {"x": {}, "y": None}], "b": 1}
        assert judge.is_valid(turned)
        assert accepts(turned) == accepts([{"c": "", "d": 0}]) == (order == "any")
        for wrong in ({"b": 1}, {**small, "c": 1}, {"a": small["a"], "b": 2}, [{"c": 0, "d": ""}], {}, [nested]):
            assert not judge.is_valid(wrong)
            assert not accepts(wrong)


def test_given_objects_that_must_differ() -> None:
    """An object is the same whatever the order of its keys."""
    schema = {"type": "array", "uniqueItems": True, "items": {"enum": [{"a": 1, "b": 2}, {"a": 2, "b": 1}]}}
    for distinct in ("refuse", "narrow"):
        automaton = build_automaton(json_schema(schema, property_order="any", distinct=distinct).node)
        assert run.accepts(automaton, b'[{"b":2,"a":1},{"a":2,"b":1}]')
        assert not run.accepts(automaton, b'[{"a":1,"b":2},{"b":2,"a":1}]')


NAMES = list("abcdefghijklmnopqr")
NEEDED = [NAMES[7], NAMES[1], NAMES[4]]


@lru_cache(maxsize=1)
def large_object() -> ByteAutomaton:
    properties = {name: {"const": 0} for name in NAMES}
    schema = {"type": "object", "properties": properties, "required": NEEDED, "additionalProperties": False}
    grammar = json_schema(schema, property_order="any")
    (said,) = (line for line in grammar.order_narrowings if "keys in the order" in line)
    assert "required ones first" in said
    assert "early" not in said
    return build_automaton(grammar.node)


@given(others=st.sets(st.sampled_from([name for name in NAMES if name not in NEEDED])), random=st.randoms())
@settings(max_examples=200, deadline=None)
def test_large_objects_follow_the_schema_or_the_order_in_which_members_are_required(
    others: set[str], random: Random
) -> None:
    by_schema, by_need = sorted([*NEEDED, *others]), [*NEEDED, *sorted(others)]
    mixed = random.choice((by_schema, by_need)).copy()
    mixed.insert(random.randrange(len(mixed)), mixed.pop(random.randrange(len(mixed))))
    for keys in (by_schema, by_need, mixed, mixed[1:], [*by_need, by_need[0]]):
        text = "{" + ",".join(f'"{key}":0' for key in keys) + "}"
        orders = sorted(set(keys)), [*NEEDED, *sorted({*keys}.difference(NEEDED))]
        assert run.accepts(large_object(), text.encode()) == (set(NEEDED) <= set(keys) and keys in orders), keys
