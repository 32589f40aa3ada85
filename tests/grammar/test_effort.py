"""Schemas with many negations: what is kept is right, cheap and reported; random ones are held against jsonschema."""

from __future__ import annotations

import json
from itertools import permutations, product
from random import Random
from typing import Any

from jsonschema import Draft202012Validator
from words import Sampler

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.grammar import Limits, json_schema
from latticework.grammar.json_schema import effort

KEYS = [(), *permutations("1234", 1), *permutations("1234", 2)]


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def fields(kinds: list[str]) -> dict[str, Any]:
    """A recursive oneOf of closed objects that overlap, because their tag is optional."""
    plain = {name: {"type": "string"} for name in ("label", "help", "place")}
    branches = [
        {"properties": {"type": {"enum": [kind]}, **plain, "inner": {"$ref": "#"}}, "additionalProperties": False}
        for kind in kinds
    ]
    return {"type": "object", "required": ["label"], "oneOf": branches}


def conditionals(count: int) -> dict[str, Any]:
    """``if`` on the value of one optional property, many times."""
    rules = [
        {"if": {"properties": {"kind": {"const": f"k{i}"}}}, "then": {"properties": {"x": {"maximum": i}}}}
        for i in range(count)
    ]
    properties = {"kind": {"enum": [f"k{i}" for i in range(count + 1)]}, "x": {"enum": [*range(count + 1)]}}
    return {"type": "object", "properties": properties, "allOf": rules}


def test_overlapping_branches_that_nest_are_kept_within_bounds() -> None:
    schema = fields([f"kind{i}" for i in range(11)])
    grammar = json_schema(schema, recursion="bounded")
    assert any("left out" in line for line in grammar.narrowings)
    automaton = build_automaton(grammar.node)
    assert run.accepts(automaton, b'{"type":"kind3","label":"x","place":"y"}')
    judge = Draft202012Validator(schema)
    sampler = Sampler(grammar.node, seed=1)
    for index in range(60):
        text = sampler.text(most=20 + index)
        assert judge.is_valid(json.loads(text)), text


def test_conditions_on_one_property_do_not_multiply() -> None:
    schema = conditionals(14)
    automaton = build_automaton(json_schema(schema, limits=Limits(max_branches=40)).node)
    judge = Draft202012Validator(schema)
    for kind, x in product([None, "k0", "k5", "k13", "k14"], [None, 0, 3, 5, 6, 13, 14]):
        value = {name: given for name, given in (("kind", kind), ("x", x)) if given is not None}
        text = compact(value)
        assert run.accepts(automaton, text) == judge.is_valid(value), value


def test_few_ways_keep_every_other_choice(monkeypatch: Any) -> None:
    """Fewer ways to fail a ``not`` never cost a branch of another union, and add nothing."""
    random = Random(5)
    monkeypatch.setattr(effort, "MAX_WEIGHT", 1)
    for _ in range(40):
        names = ["a", "b", "c"]
        parts = [
            {"properties": {random.choice(names): {"const": random.randrange(3)}}, "required": random.sample(names, 1)}
            for _ in range(random.randrange(2, 4))
        ]
        choice = [{"required": [name]} for name in random.sample(names, 2)]
        schema = {
            "type": "object",
            "properties": {name: {"enum": [0, 1, 2]} for name in names},
            "anyOf": choice,
            "allOf": [{"not": part} for part in parts],
            "additionalProperties": False,
        }
        judge = Draft202012Validator(schema)
        values = [
            {name: x for name, x in zip(names, given, strict=True) if x is not None}
            for given in product([None, 0, 1, 2], repeat=3)
        ]
        valid = [value for value in values if judge.is_valid(value)]
        if not valid:
            continue
        automaton = build_automaton(json_schema(schema).node)
        taken = [value for value in values if run.accepts(automaton, compact(value))]
        assert all(value in valid for value in taken)
        for branch in choice:
            wanted = Draft202012Validator(branch)
            assert any(map(wanted.is_valid, taken)) == any(map(wanted.is_valid, valid)), (schema, branch)


def test_many_closed_branches_of_one_property_each() -> None:
    """Every branch forbids what the others name: the property that is there fails all of them at once."""
    names = [f"p{i}" for i in range(12)]
    branches = [{"properties": {name: {"type": "integer"}}, "additionalProperties": False} for name in names]
    schema = {"type": "object", "oneOf": branches}
    automaton = build_automaton(json_schema(schema).node)
    judge = Draft202012Validator(schema)
    for value in ({}, {"p0": 1}, {"p7": 1}, {"p11": 2}, {"p7": "x"}, {"p7": 1, "p8": 1}, {"q": 1}):
        text = compact(value)
        assert run.accepts(automaton, text) == judge.is_valid(value), value


def test_keys_that_must_fail_two_schemas_may_be_of_one_pattern() -> None:
    wrong = [{"propertyNames": {"not": {"enum": given}}} for given in (["1", "3"], ["2", "3"])]
    schema = {
        "type": "object",
        "patternProperties": {"^[0-9]$": {"type": "integer"}},
        "additionalProperties": False,
        "not": {"anyOf": wrong},
        "maxProperties": 2,
    }
    automaton = build_automaton(json_schema(schema).node)
    judge = Draft202012Validator(schema)
    taken = {keys: run.accepts(automaton, compact(dict.fromkeys(keys, 7))) for keys in KEYS}
    for keys, is_taken in taken.items():
        assert not is_taken or judge.is_valid(dict.fromkeys(keys, 7)), keys
        if judge.is_valid(dict.fromkeys(keys, 7)):
            assert is_taken or taken[keys[::-1]], f"{keys} in neither order"
    for first, second in product("1234", repeat=2):  # equal keys override each other
        text = f'{{"{first}":1,"{second}":2}}'
        assert not run.accepts(automaton, text.encode()) or judge.is_valid(json.loads(text)), text
