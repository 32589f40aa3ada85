"""``unevaluatedProperties`` and ``unevaluatedItems``: examples, refusals, and random schemas against jsonschema."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemas import DRAFTS, validator
from unevaluated_schemas import JUDGES, UnevaluatedMaker, documents, orders
from verdicts import check

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import LimitExceeded, SchemaError
from latticework.grammar import Limits, json_schema
from latticework.grammar.json_schema import keywords

DRAFT_7, DRAFT_2019 = DRAFTS["draft-07"], DRAFTS["2019-09"]
Cases = list[tuple[Any, list[str], list[str]]]


def named(*names: str, **more: Any) -> dict[str, Any]:
    return {"properties": {name: {} for name in names}, **more}


def needed(*names: str, **more: Any) -> dict[str, Any]:
    return named(*names, required=[*names], **more)


BASE = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}

PROPERTIES: Cases = [
    ({"unevaluatedProperties": False}, ["{}", "[1]", "1"], ['{"a":1}']),
    ({"unevaluatedProperties": {"type": "integer"}}, ['{"a":1}', "{}"], ['{"a":"x"}']),
    ({**named("a"), "unevaluatedProperties": {"type": "integer"}}, ['{"a":"x","b":1}'], ['{"a":1,"b":"x"}']),
    (
        {"patternProperties": {"^a": {}}, "unevaluatedProperties": False, **named("b")},
        ['{"b":1}', '{"b":1,"ax":1}'],
        ['{"x":1}', '{"ba":1}'],
    ),
    ({**named("a"), "additionalProperties": {"type": "integer"}, "unevaluatedProperties": False}, ['{"x":1}'], []),
    # extension of a base
    (
        {"allOf": [{"$ref": "#/$defs/b"}], **named("x"), "unevaluatedProperties": False, "$defs": {"b": BASE}},
        ['{"a":1}', '{"a":1,"x":1}'],
        ["{}", '{"x":1}', '{"a":1,"y":1}', '{"a":"s"}'],
    ),
    (
        {"$ref": "#/$defs/b", **named("x"), "unevaluatedProperties": False, "$defs": {"b": BASE}},
        ['{"x":1,"a":1}'],
        ['{"a":1,"y":1}'],
    ),
    (
        {
            "$ref": "#/$defs/m",
            "unevaluatedProperties": False,
            "$defs": {"b": BASE, "m": {"allOf": [{"$ref": "#/$defs/b"}, named("m")]}},
        },
        ['{"a":1}', '{"a":1,"m":1}'],
        ['{"a":1,"x":1}', '{"m":1}'],
    ),
    # a cousin is not seen
    (
        {"allOf": [named("a"), {**named("b"), "unevaluatedProperties": False}]},
        ["{}", '{"b":1}'],
        ['{"a":1}', '{"a":1,"b":1}'],
    ),
    # one further in is
    (
        {"allOf": [{**named("a"), "unevaluatedProperties": {"type": "string"}}], "unevaluatedProperties": False},
        ['{"a":1}', '{"a":1,"x":"s"}'],
        ['{"x":1}'],
    ),
    ({"allOf": [{"unevaluatedProperties": True}], "unevaluatedProperties": False}, ['{"x":1}'], []),
    # choices: all branches that hold count
    (
        {"anyOf": [needed("a"), needed("b"), {}], "unevaluatedProperties": False},
        ["{}", '{"a":1}', '{"b":1}', '{"a":1,"b":1}'],
        ['{"c":1}', '{"a":1,"c":1}'],
    ),
    (
        {
            "anyOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, needed("b")],
            "unevaluatedProperties": False,
        },
        ['{"a":1}', '{"b":2}', '{"a":1,"b":2}'],
        ['{"a":2,"b":2}', "{}"],
    ),
    (
        {"oneOf": [needed("a"), needed("b")], "unevaluatedProperties": False, **named("c")},
        ['{"a":1}', '{"b":1}', '{"a":1,"c":1}'],
        ['{"a":1,"b":1}', "{}", '{"c":1}', '{"a":1,"x":1}'],
    ),
    ({"oneOf": [named("a")], "unevaluatedProperties": False}, ['{"a":1}', "{}"], ['{"b":1}']),
    (
        {
            "oneOf": [{"$ref": "#/$defs/x"}, {"$ref": "#/$defs/y"}],
            "$defs": {
                "x": {"allOf": [BASE], **needed("x"), "unevaluatedProperties": False},
                "y": {"allOf": [BASE], **named("y"), "unevaluatedProperties": False},
            },
        },
        ['{"a":1,"x":1}', '{"a":1}', '{"a":1,"y":1}'],
        ['{"a":1,"x":1,"y":1}', '{"x":1}', '{"a":1,"z":1}'],
    ),
    # conditions
    (
        {
            "if": {"properties": {"t": {"const": "a"}}, "required": ["t"]},
            "then": named("x"),
            "else": named("y"),
            "unevaluatedProperties": False,
        },
        ['{"t":"a","x":1}', '{"y":1}', "{}"],
        ['{"t":"a","y":1}', '{"x":1}', '{"t":"b"}', '{"t":"b","y":1}'],
    ),
    ({"if": needed("a"), "unevaluatedProperties": False}, ["{}", '{"a":1}'], ['{"b":1}']),
    ({"then": named("a"), "unevaluatedProperties": False}, ["{}"], ['{"a":1}']),
    (
        {
            **named("t"),
            "required": ["t"],
            "allOf": [
                {"if": {"properties": {"t": {"const": tag}}}, "then": needed(f"of_{tag}")} for tag in ("a", "b", "c")
            ],
            "unevaluatedProperties": False,
        },
        ['{"t":"a","of_a":1}', '{"t":"c","of_c":1}', '{"t":"d"}'],
        ['{"t":"a","of_a":1,"of_b":1}', '{"t":"a"}', '{"t":"d","of_a":1}', '{"of_a":1}'],
    ),
    (
        {**named("a"), "dependentSchemas": {"a": named("b")}, "unevaluatedProperties": False},
        ["{}", '{"a":1}', '{"a":1,"b":1}'],
        ['{"b":1}', '{"a":1,"c":1}'],
    ),
    # not evaluates nothing
    ({"not": {"not": named("a")}, "unevaluatedProperties": False}, ["{}"], ['{"a":1}']),
    # the negation
    (
        {"type": "object", "not": {"allOf": [named("a")], "unevaluatedProperties": False}},
        ['{"b":1}', '{"a":1,"b":1}'],
        ["{}", '{"a":1}'],
    ),
    (
        {"type": "object", "not": {"anyOf": [needed("a"), needed("b")], "unevaluatedProperties": False}},
        ["{}", '{"c":1}', '{"a":1,"c":1}'],
        ['{"a":1}', '{"b":1}', '{"a":1,"b":1}'],
    ),
    ({"enum": [{"a": 1}, {"b": 1}], "allOf": [named("a")], "unevaluatedProperties": False}, ['{"a":1}'], ['{"b":1}']),
]


@pytest.mark.parametrize(("schema", "valid", "invalid"), PROPERTIES, ids=str)
def test_unevaluated_properties(schema: Any, valid: list[str], invalid: list[str]) -> None:
    check(schema, valid, invalid, open_objects=True, orders=True)
    check(schema, valid, invalid, orders=True)
    check(schema, [], invalid, property_order="any")


ITEMS: Cases = [
    ({"unevaluatedItems": False}, ["[]", "{}"], ["[1]"]),
    ({"unevaluatedItems": {"type": "integer"}}, ["[]", "[1,2]"], ['["a"]', '[1,"a"]']),
    ({"prefixItems": [{"type": "string"}], "unevaluatedItems": False}, ["[]", '["a"]'], ["[1]", '["a",1]']),
    ({"items": {"type": "integer"}, "unevaluatedItems": False}, ["[]", "[1,2]"], ['["a"]']),
    (
        {"allOf": [{"prefixItems": [{"type": "string"}, True]}], "prefixItems": [True], "unevaluatedItems": False},
        ['["a",1]', "[]"],
        ['["a",1,1]', "[1]"],
    ),
    (
        {"prefixItems": [True], "contains": {"type": "string"}, "unevaluatedItems": False},
        ['[1,"a"]', '["a"]', '[1,"a","b"]'],
        ["[1,2]", '[1,2,"a"]', "[]"],
    ),
    (
        {"contains": {"type": "string"}, "minContains": 0, "unevaluatedItems": {"type": "integer"}},
        ["[]", '[1,"a"]'],
        ["[null]"],
    ),
    (
        {"anyOf": [{"prefixItems": [{"const": 1}]}, {"prefixItems": [True, {"const": 2}]}], "unevaluatedItems": False},
        ["[]", "[1]", "[1,2]", "[3]", "[3,2]"],
        ["[1,3]", "[1,2,3]", "[3,3]"],
    ),
    (
        {"if": {"contains": {"const": "a"}}, "then": {"if": {"contains": {"const": "b"}}}, "unevaluatedItems": False},
        ["[]", '["a","a"]', '["b","a"]'],
        ['["b"]', '["a","c"]'],
    ),
    (
        {"type": "array", "not": {"allOf": [{"prefixItems": [True]}], "unevaluatedItems": False}},
        ["[1,2]", "[1,2,3]"],
        ["[]", "[1]"],
    ),
    # dependentSchemas says nothing about arrays
    (
        {"type": "array", "dependentSchemas": {"a": {"prefixItems": [True]}}, "unevaluatedItems": False},
        ["[]"],
        ["[1]"],
    ),
    (
        {"allOf": [{**named("a"), "prefixItems": [True]}], "unevaluatedItems": False, "unevaluatedProperties": False},
        ["[1]", '{"a":1}', "1"],
        ["[1,2]", '{"b":1}'],
    ),
]


@pytest.mark.parametrize(("schema", "valid", "invalid"), ITEMS, ids=str)
def test_unevaluated_items(schema: Any, valid: list[str], invalid: list[str]) -> None:
    check(schema, valid, invalid)


def test_unevaluated_items_in_2019_09() -> None:
    head = {"$schema": DRAFT_2019, "unevaluatedItems": False}
    check({**head, "items": [{"type": "string"}]}, ["[]", '["a"]'], ["[1]", '["a",1]'])
    check({**head, "items": [True], "additionalItems": {"type": "integer"}}, ["[1,2]"], ['[1,"a"]'])
    check({**head, "allOf": [{"items": [True, True]}]}, ["[1,2]"], ["[1,2,3]"])
    # The standard has contains evaluate nothing there; jsonschema has it otherwise.
    automaton = build_automaton(json_schema({**head, "contains": {"const": 1}, "items": [True]}).node)
    assert run.accepts(automaton, b"[1]")
    assert not run.accepts(automaton, b"[2,1]")


def test_a_schema_of_further_properties_counts_in_2019_09() -> None:
    """The standard, where jsonschema looks at the words of the schema instead."""
    branch = {"additionalProperties": {"type": "integer"}}
    schema = {"$schema": DRAFT_2019, "allOf": [branch], "unevaluatedProperties": False}
    assert not validator(schema).is_valid({"x": 1})
    automaton = build_automaton(json_schema(schema).node)
    assert run.accepts(automaton, b'{"x":1}')
    assert not run.accepts(automaton, b'{"x":"s"}')


def test_objects_stay_as_open_as_the_keyword_says() -> None:
    schema = {**named("a"), "unevaluatedProperties": True}
    assert run.accepts(build_automaton(json_schema(schema).node), b'{"a":1,"x":2}')
    grammar = json_schema({"allOf": [BASE], "unevaluatedProperties": {"type": "string"}})
    assert run.accepts(build_automaton(grammar.node), b'{"a":1,"x":"s"}')
    assert not any("open_objects" in line for line in grammar.narrowings)


def test_before_2019_09_the_keyword_leaves_out_and_admits_nothing() -> None:
    closed = {"$schema": DRAFT_7, **named("a"), "unevaluatedProperties": False}
    automaton = build_automaton(json_schema(closed, open_objects=True).node)
    assert run.accepts(automaton, b'{"a":1}')
    assert not run.accepts(automaton, b'{"b":1}')
    with pytest.raises(SchemaError, match="no value satisfies"):
        json_schema({"$schema": DRAFT_7, "not": {"unevaluatedProperties": False}})
    one_of = [{"type": "object", "unevaluatedProperties": False}, {"type": "object", "required": ["a"]}]
    check({"$schema": DRAFT_7, "oneOf": one_of}, ["{}"], ['{"a":1}'], open_objects=True)


def test_recursive_schemas_extend_others() -> None:
    node = {
        "allOf": [{"$ref": "#/$defs/base"}],
        "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
        "unevaluatedProperties": False,
    }
    check(
        {"$ref": "#/$defs/node", "$defs": {"base": BASE, "node": node}},
        ['{"a":1}', '{"a":1,"kids":[{"a":2},{"a":3,"kids":[]}]}'],
        ['{"a":1,"x":1}', '{"a":1,"kids":[{"a":2,"x":1}]}', '{"a":1,"kids":[{}]}'],
    )


def test_schemas_reached_twice_count_in_both_places() -> None:
    two = [needed("a"), needed("b")]
    schema = {
        "properties": {"p": {"allOf": [{"$ref": "#/$defs/s"}, {"$ref": "#/$defs/t"}]}},
        "$defs": {"s": {"anyOf": two, "unevaluatedProperties": False}, "t": {"allOf": [{"$ref": "#/$defs/s"}]}},
    }
    check(schema, ['{"p":{"a":1}}', '{"p":{"a":1,"b":1}}'], ['{"p":{}}', '{"p":{"a":1,"c":1}}'])


@pytest.mark.parametrize(
    ("schema", "keyword", "text"),
    [
        ({"unevaluatedProperties": 3}, "unevaluatedProperties", "must be a schema"),
        ({"unevaluatedItems": "x"}, "unevaluatedItems", "must be a schema"),
        ({"anyOf": [{"$ref": "#"}, named("a")], "unevaluatedProperties": False}, "unevaluatedProperties", "lead back"),
        ({"unevaluatedProperties": {"$id": "http://x/y", "$ref": "z"}}, "unevaluatedProperties", "identifiers"),
    ],
    ids=str,
)
def test_what_cannot_be_rewritten_is_refused(schema: Any, keyword: str, text: str) -> None:
    with pytest.raises(SchemaError) as caught:
        json_schema(schema)
    assert any(issue.keyword == keyword and text in issue.message for issue in caught.value.issues)


def test_too_many_branches_to_tell_apart_are_refused() -> None:
    schema = {"anyOf": [needed(f"p{index}") for index in range(12)], "unevaluatedProperties": False}
    with pytest.raises(LimitExceeded, match="unevaluatedProperties"):
        json_schema(schema)
    # Nothing has to be told apart where the branches evaluate nothing new, or exclude each other.
    names = [f"p{index}" for index in range(12)]
    json_schema({**named(*names), "anyOf": schema["anyOf"], "unevaluatedProperties": False})
    tagged = [{"properties": {"t": {"const": name}, name: {}}, "required": ["t"], "type": "object"} for name in names]
    json_schema({"anyOf": tagged, "unevaluatedProperties": False})


def test_a_pruned_choice_is_not_reported() -> None:
    kinds = ("a", "b")
    branches = [{"if": {"properties": {"t": {"const": kind}}}, "then": named(f"of_{kind}")} for kind in kinds]
    base = {"type": "object", "properties": {"t": {"enum": [*kinds]}}, "required": ["t"]}
    assert json_schema({**base, "allOf": branches, "unevaluatedProperties": False}).warnings == ()


def test_both_keywords_are_known() -> None:
    assert set(keywords.UNEVALUATED) <= keywords.APPLICATORS


# ---- random schemas

LIMITS = Limits(max_states=3_000, max_nodes=8_000, max_branches=60)
RANDOM = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


@given(st.integers(0, 2**40))
@settings(RANDOM, max_examples=100)
def test_random_schemas_admit_what_jsonschema_does(seed: int) -> None:
    random = Random(seed)
    draft, kind = random.choice(("2019-09", "2020-12")), random.choice(("object", "object", "array"))
    schema = UnevaluatedMaker(random, draft, kind).document(random.choice((1, 2)))
    open_objects = random.random() < 0.6
    judge = JUDGES[draft](schema)
    automaton, exact, refusals = None, open_objects, []
    try:
        grammar = json_schema(schema, open_objects=open_objects, max_depth=1, limits=LIMITS)
        automaton = build_automaton(grammar.node, LIMITS)
        exact = exact and not any("left out" in line or "together" in line for line in grammar.narrowings)
    except LimitExceeded:
        return
    except SchemaError as refused:
        lines = [issue.message + issue.hint for issue in refused.issues]
        refusals = [line for line in lines if "no value" not in line and "left out" not in line]
        exact = exact and not any("left out" in line for line in lines)
    assert not refusals, schema
    values = list(documents(kind))
    for value in random.sample(values, min(40, len(values))):
        texts = [json.dumps(order, separators=(",", ":")).encode() for order in orders(value)]
        accepted = automaton is not None and any(run.accepts(automaton, text) for text in texts)
        valid = judge.is_valid(value)
        assert valid or not accepted, (schema, value)
        assert accepted or not valid or not exact, (schema, value)
