"""Smaller bounds where lengths are too large for an automaton: fewer documents, reported, and no others."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from schemas import near, validator
from test_schema_properties import LIMITS, RANDOM, SEEDS, a_schema, compact

import latticework as lw
from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import LimitExceeded, SchemaError
from latticework.grammar import Grammar, ir, json_schema
from latticework.grammar.json_schema import capping
from latticework.grammar.limits import Limits

BYTES = lw.Vocabulary([bytes([value]) for value in range(256)])
SMALL = Limits(max_states=12_000)
ALTERNATIVES = {
    "anyOf": [
        {"type": "object", "properties": {"a": {"type": "string", "maxLength": 9_000}, "b": {"type": "null"}}},
        {"type": "object", "properties": {"a": {"type": "string"}, "c": {"type": "boolean"}}},
    ]
}


def accepts(grammar: Grammar, value: Any) -> bool:
    return run.accepts(build_automaton(grammar.node, SMALL), compact(value).encode())


def is_told(grammar: Grammar) -> bool:
    return any("lengths are too large" in line for line in grammar.narrowings)


@pytest.mark.parametrize("order", ["schema", "any"])
def test_long_strings_beside_strings_that_are_not_counted(order: Literal["schema", "any"]) -> None:
    grammar = json_schema(ALTERNATIVES, property_order=order, limits=SMALL)
    assert is_told(grammar)
    assert accepts(grammar, {"a": "x" * 256, "b": None})
    assert not accepts(grammar, {"a": "x" * 300, "b": None})  # left out
    assert accepts(grammar, {"a": "x" * 9_500, "c": True})
    assert not accepts(grammar, {"a": "x" * 9_500, "b": None})


@pytest.mark.parametrize("keys", [2, 4])
def test_keys_in_any_order_beside_a_long_string(keys: int) -> None:
    """Of two keys there are few enough orders to list, of four the members are arranged."""
    names = "abcd"[:keys]
    inner = {"type": "object", "properties": {key: {"type": "null"} for key in names}, "additionalProperties": False}
    grammar = json_schema({"anyOf": [{"type": "string", "maxLength": 9_000}, inner]}, property_order="any")
    assert not is_told(grammar)
    constraint = lw.compile(grammar, BYTES)
    assert constraint.accepts(compact(dict.fromkeys(reversed(names))))
    assert constraint.accepts(compact("x" * 9_000))
    assert not constraint.accepts(compact("x" * 9_001))


def test_what_has_an_automaton_keeps_its_bounds() -> None:
    grammar = json_schema({"type": "string", "maxLength": 9_000}, limits=SMALL)
    assert not is_told(grammar)
    assert accepts(grammar, "x" * 9_000)
    assert not accepts(grammar, "x" * 9_001)


def test_arrays_in_arrays_in_arrays() -> None:
    schema: dict[str, Any] = {"type": "string", "maxLength": 20}
    for _ in range(3):
        schema = {"type": "array", "items": schema, "maxItems": 400}
    grammar = json_schema(schema, limits=SMALL)
    assert is_told(grammar)
    assert accepts(grammar, [[["x"] * 8] * 12] * 12)
    assert not accepts(grammar, [[["x"] * 9]])  # left out
    assert not accepts(grammar, [[["x"]] * 401])
    assert not accepts(grammar, [[["x" * 21]]])


def test_what_is_taken_away_stays() -> None:
    letters = ir.Repeat(ir.Chars(((97, 122),)), 0, 3_000)
    node = ir.Except(letters, letters)
    changed = capping._Caps().visit(node, 0)
    assert isinstance(changed, ir.Except)
    assert changed.body == ir.Repeat(ir.Chars(((97, 122),)), 0, capping.MOST_CHARACTERS)
    assert changed.removed == letters


@given(SEEDS)
@settings_of(RANDOM, max_examples=100)
def test_no_document_is_added(seed: int) -> None:
    random = Random(seed)
    schema = a_schema(random)
    order = random.choice(("schema", "any"))
    try:
        whole = json_schema(schema, property_order=order, max_depth=1, recursion="bounded", limits=LIMITS).node
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(capping, "MOST_CHARACTERS", 2)
            patch.setattr(capping, "MOST_ITEMS", 1)
            part = capping._Caps().visit(whole, capping.COUNTED)
        before, after = build_automaton(whole, LIMITS), build_automaton(part, LIMITS)
    except (SchemaError, LimitExceeded):
        return
    for value in near(random, schema, 20):
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
        assert run.accepts(before, text) or not run.accepts(after, text)


@given(SEEDS)
@settings_of(RANDOM, max_examples=100)
def test_what_is_accepted_with_smaller_bounds_is_valid(seed: int) -> None:
    """An automaton is tried for every schema, keys in any order or not, and some get smaller bounds."""
    random = Random(seed)
    schema = a_schema(random)
    if isinstance(schema, dict):
        whole = {key: schema.pop(key) for key in ("$schema", "definitions", "$defs") if key in schema}
        few = {"type": "object", "properties": {key: {"type": "null"} for key in "abc"[: random.randint(1, 3)]}}
        schema = whole | {"anyOf": [schema, few, {"type": "array", "maxItems": 7, "items": {"maxLength": 9}}]}
    limits = replace(LIMITS, max_states=random.choice((10, 40, 160)))
    order = random.choice(("schema", "any"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"LONG": 0, "MOST_CHARACTERS": 1, "MOST_ITEMS": 1, "COUNTED": 1}.items():
            patch.setattr(capping, name, value)
        try:
            grammar = json_schema(schema, property_order=order, max_depth=0, recursion="bounded", limits=limits)
            constraint = lw.compile(grammar, BYTES, limits=LIMITS)
        except (SchemaError, LimitExceeded):
            return
    judge = validator(schema)
    for value in near(random, schema, 15):
        assert not constraint.accepts(compact(value)) or judge.is_valid(value), (schema, value)
