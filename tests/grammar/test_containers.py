"""Keys by pattern, items by count, multiples: valid documents accepted, invalid ones not."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_matcher import matches
from schemas import DRAFTS, validator
from verdicts import check, narrowed

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import SchemaError
from latticework.grammar import ir, json_schema

DRAFT_4, DRAFT_6, DRAFT_7 = (DRAFTS[name] for name in ("draft-04", "draft-06", "draft-07"))

Cases = list[tuple[Any, list[str], list[str]]]

# ---- patternProperties

STRING, INTEGER = {"type": "string"}, {"type": "integer"}
PATTERNS: Cases = [
    (
        {"type": "object", "patternProperties": {"^a": INTEGER}, "additionalProperties": False},
        ["{}", '{"a":1}', '{"ab":1,"abc":2}'],
        ['{"b":1}', '{"a":"x"}', '{"\\u0061":"x"}', '{"a":1,"b":1}', '{"ba":1}', '{"":1}', "1"],
    ),
    (
        {"patternProperties": {"^a": INTEGER}, "additionalProperties": STRING},
        ["{}", '{"a":1}', '{"b":"x"}', '{"b":"x","a":1}', '{"a":1,"b":"x"}', "1", '{"A":"x"}'],
        ['{"a":"x"}', '{"b":1}', '{"\\u0061b":"x"}', '{"b":"x","\\u0062":1}', '{"a\\u0062":"x"}'],
    ),
    (
        {"patternProperties": {"^a": INTEGER, "b$": {"minimum": 5}}, "additionalProperties": False},
        ['{"a":1}', '{"b":"x"}', '{"ab":5}', '{"b":5.5}'],
        ['{"ab":4}', '{"ab":5.5}', '{"b":4}', '{"a":1.5}', '{"c":1}', '{"\\u0061b":4}', '{"a\\u0062":4}'],
    ),
    (
        {"properties": {"ab": {"minimum": 3}}, "patternProperties": {"^a": INTEGER}, "additionalProperties": False},
        ['{"ab":3}', '{"a":1}', '{"ab":3,"a":1}', "{}"],
        ['{"ab":2}', '{"ab":3.5}', '{"a":1.5}', '{"b":3}', '{"\\u0061b":2}'],
    ),
    (
        {"patternProperties": {"a": INTEGER, "b": STRING}, "additionalProperties": False},
        ['{"a":1}', '{"b":"x"}', '{"a":1,"b":"x"}'],
        ['{"ab":1}', '{"ab":"x"}', '{"ba":1}'],
    ),
    (
        {"patternProperties": {"^a": False}, "additionalProperties": True},
        ["{}", '{"b":1}', "[]"],
        ['{"a":1}', '{"\\u0061":1}'],
    ),
    (
        {"patternProperties": {"^.$": INTEGER}, "additionalProperties": False},
        ['{"a":1}', '{"é":1}', '{"\\"":1}'],
        ['{"ab":1}', '{"":1}'],
    ),
    (
        {
            "type": "object",
            "patternProperties": {"^a": {}},
            "additionalProperties": False,
            "required": ["ab"],
            "maxProperties": 2,
        },
        ['{"ab":1}', '{"ab":1,"a":1}'],
        ["{}", '{"a":1}', '{"ab":1,"a":1,"ac":1}', '{"ab":1,"b":1}'],
    ),
    (
        {
            "allOf": [
                {"patternProperties": {"^a": INTEGER}},
                {"patternProperties": {"^a": {"minimum": 3}, "^b": STRING}},
            ],
            "additionalProperties": {},
        },
        ['{"a":3}', '{"b":"x","a":4}', '{"c":null}'],
        ['{"a":2}', '{"a":3.5}', '{"b":1}'],
    ),
    ({"patternProperties": {}, "additionalProperties": INTEGER}, ['{"a":1}'], ['{"a":"x"}']),
    (
        {"patternProperties": {"\\d": INTEGER}, "additionalProperties": False},
        ['{"a1":1}', "{}"],
        ['{"a":1}', '{"1":"x"}'],
    ),
]


@pytest.mark.parametrize(("schema", "valid", "invalid"), PATTERNS, ids=str)
def test_pattern_properties(schema: Any, valid: list[str], invalid: list[str]) -> None:
    check(schema, valid, invalid)
    check({**schema, "$schema": DRAFT_6}, valid, invalid, open_objects=True, property_order="any")


def test_keys_beside_patterns_are_closed_unless_open() -> None:
    schema = {"patternProperties": {"^a": INTEGER}}
    narrowed(schema, ['{"b":1}'])
    check(schema, ['{"b":1}', '{"a":1,"b":null}'], ['{"a":"x"}', '{"\\u0061":"x"}'], open_objects=True)


def test_a_key_twice_counts_with_its_last_value() -> None:
    schema = {"patternProperties": {"^a": INTEGER, "b$": STRING}, "additionalProperties": {"type": "null"}}
    check(schema, [], ['{"a":1,"a":"x"}', '{"b":"x","b":1}', '{"c":null,"c":1}', '{"a":1,"\\u0061":null}'])
    check({"not": {"additionalProperties": STRING}}, [], ['{"a":1,"a":"x"}'], open_objects=True)
    check({"not": {"propertyNames": {"maxLength": 1}}, "type": "object"}, [], ['{"a":1,"a":"x"}'], open_objects=True)
    check({"minProperties": 2, "properties": {"z": {}}}, [], ['{"a":1,"a":2}'], open_objects=True)


# ---- propertyNames

NAMES: Cases = [
    (
        {"propertyNames": {"maxLength": 1}},
        ["{}", '{"a":1}', '{"\\u0061":1}', '{"\\ud83d\\ude00":1}', "1"],
        ['{"ab":1}', '{"\\u0061b":1}'],
    ),
    ({"propertyNames": {"pattern": "^a"}}, ["{}", '{"a":1}', '{"ab":1,"ac":[]}'], ['{"b":1}', '{"a":1,"\\u0062":1}']),
    ({"propertyNames": {"enum": ["a", "b"]}}, ["{}", '{"a":1}', '{"a":1,"b":1}'], ['{"c":1}', '{"ab":1}', '{"":1}']),
    ({"propertyNames": {"const": "a"}}, ["{}", '{"a":1}'], ['{"b":1}']),
    ({"propertyNames": {"not": {"const": "a"}}}, ["{}", '{"b":1}', '{"aa":1}', '{"":1}'], ['{"a":1}', '{"\\u0061":1}']),
    ({"propertyNames": {"not": {"pattern": "^a"}}}, ["{}", '{"b":1}', '{"ba":1}'], ['{"a":1}', '{"\\u0061b":1}']),
    (
        {"propertyNames": {"oneOf": [{"pattern": "^a"}, {"maxLength": 1}]}},
        ['{"b":1}', '{"ab":1}'],
        ['{"a":1}', '{"bb":1}'],
    ),
    ({"propertyNames": {"if": {"pattern": "^a"}, "then": {"maxLength": 2}}}, ['{"ab":1}', '{"bcd":1}'], ['{"abc":1}']),
    ({"propertyNames": False}, ["{}", "[]"], ['{"a":1}']),
    ({"propertyNames": True}, ['{"a":1}'], []),
    ({"propertyNames": {"type": "integer"}}, ["{}", "1"], ['{"1":1}']),
    ({"propertyNames": {"format": "ipv4"}}, ["{}", '{"1.2.3.4":1}'], ['{"a":1}']),
    (
        {"properties": {"ab": INTEGER, "b": {}}, "propertyNames": {"pattern": "^a"}, "additionalProperties": STRING},
        ["{}", '{"ab":1}', '{"ab":1,"a":"x"}'],
        ['{"b":1}', '{"ab":"x"}', '{"a":1}', '{"c":"x"}'],
    ),
    (
        {"patternProperties": {"a": INTEGER}, "propertyNames": {"maxLength": 2}, "additionalProperties": STRING},
        ['{"a":1}', '{"ba":1,"b":"x"}'],
        ['{"aaa":1}', '{"a":"x"}', '{"b":1}', '{"bbb":"x"}'],
    ),
]


@pytest.mark.parametrize(("schema", "valid", "invalid"), NAMES, ids=str)
def test_property_names(schema: Any, valid: list[str], invalid: list[str]) -> None:
    check(schema, valid, invalid)
    check(schema, valid, invalid, open_objects=True)


@pytest.mark.parametrize("required", ["b", "ab"])
def test_a_required_name_that_is_forbidden_leaves_no_object(required: str) -> None:
    with pytest.raises(SchemaError, match="no value satisfies"):
        json_schema({"type": "object", "required": [required], "propertyNames": {"enum": ["a"]}})


# ---- contains

ANY_NULL = {"type": ["null", "boolean"]}
CONTAINS: Cases = [
    ({"contains": INTEGER}, ["[1]", '["a",1]', '[1,"a"]', '["a",1,null]', "1"], ["[]", '["a"]', "[1.5]"]),
    ({"contains": INTEGER, "minContains": 2}, ["[1,2]", '["a",1,2]', '[1,"a",2]', "[1,2,3]"], ["[]", "[1]", '[1,"a"]']),
    ({"contains": INTEGER, "maxContains": 1}, ["[1]", '["a",1]', '[1,"a","b"]'], ["[]", "[1,2]", '["a"]', '[1,"a",2]']),
    ({"contains": INTEGER, "minContains": 0}, ["[]", '["a"]', "[1,2]"], []),
    ({"contains": INTEGER, "minContains": 0, "maxContains": 1}, ["[]", '["a"]', "[1]", '["a",1,"b"]'], ["[1,2]"]),
    (
        {"contains": INTEGER, "minContains": 1, "maxContains": 2},
        ["[1]", "[1,2]", '[1,"a",2]'],
        ["[]", "[1,2,3]", '["a"]'],
    ),
    ({"contains": INTEGER, "maxItems": 2}, ["[1]", '["a",1]', '[1,"a"]'], ["[]", '["a","b"]', '[1,"a","b"]']),
    ({"contains": INTEGER, "minItems": 2}, ['["a",1]', '[1,"a"]', '[1,"a",2]'], ["[1]", '["a","b"]']),
    (
        {"items": {"enum": [1, "a", None]}, "contains": {"const": 1}},
        ["[1]", '["a",1]', "[null,1,1]"],
        ['["a"]', "[2,1]", "[]"],
    ),
    (
        {"prefixItems": [STRING], "contains": INTEGER},
        ['["a",1]', '["a","b",1]', '["a",1,"b"]'],
        ["[1]", '["a"]', "[1,2]", '["a","b"]', "[]"],
    ),
    (
        {"prefixItems": [{"type": ["string", "integer"]}, STRING], "items": STRING, "contains": INTEGER},
        ["[1]", '[1,"a"]', '[1,"a","b"]'],
        ['["a"]', '["a","b"]', "[1,1]", "[]"],
    ),
    (
        {"prefixItems": [{}, {}], "items": False, "contains": INTEGER, "maxContains": 1},
        ["[1]", '[1,"a"]', '["a",1]'],
        ["[1,1]", '["a"]', '["a","b"]', '["a","b",1]'],
    ),
    (
        {"allOf": [{"contains": INTEGER}, {"contains": STRING}]},
        ['[1,"a"]', '["a",1]', '[null,"a",1]'],
        ["[1]", '["a"]', "[]", "[1,null]"],
    ),
    (
        {"allOf": [{"contains": {"minimum": 3}}, {"contains": {"maximum": 3}}]},
        ["[3]", "[2,4]", '["a"]'],
        ["[]", "[2]", "[4]"],
    ),
    ({"contains": {"contains": {"const": 1}}}, ["[[1]]", "[[],[0,1]]", "[1]"], ["[]", "[[]]", "[[0]]"]),
    ({"contains": {"not": INTEGER}}, ['["a"]', "[1,null]"], ["[]", "[1]"]),
    ({"contains": True}, ["[1]", "[[]]"], ["[]"]),
    ({"contains": False}, ["{}", "1"], ["[]", "[1]"]),
    (
        {"contains": {"const": 1}, "minContains": 2, "not": {"minItems": 3}},
        ["[1,1]", "[1.0,1]"][:1],
        ["[1]", "[1,1,1]"],
    ),
    ({"not": {"items": STRING}}, ["[1]", '["a",1]'], ["[]", '["a"]', "1"]),
    ({"not": {"items": STRING}, "maxItems": 1}, ["[1]"], ["[]", '["a"]', '["a",1]']),
    ({"items": ANY_NULL, "not": {"items": {"type": "null"}}}, ["[true]", "[null,false]"], ["[null]", "[1]", "[]"]),
    (
        {"allOf": [{"not": {"items": STRING}}, {"not": {"items": INTEGER}}]},
        ["[null]", '["a",1]'],
        ["[1]", '["a"]', "[]"],
    ),
]


@pytest.mark.parametrize(("schema", "valid", "invalid"), CONTAINS, ids=str)
def test_contains(schema: Any, valid: list[str], invalid: list[str]) -> None:
    check(schema, valid, invalid)
    check({"$schema": DRAFTS["2019-09"], **schema}, [], [] if "prefixItems" in schema else invalid)


def test_contains_before_it_could_be_counted() -> None:
    for draft in (DRAFT_6, DRAFT_7):
        check({"$schema": draft, "contains": INTEGER}, ["[1]", '["a",1]', "1"], ["[]", '["a"]'])
        check({"$schema": draft, "contains": INTEGER, "minContains": 0}, ["[1]"], ["[]"])
        tuples = {"items": [STRING], "additionalItems": INTEGER, "contains": INTEGER, "type": "array"}
        check({"$schema": draft, **tuples}, ['["a",1]', '["a",1,2]'], ["[]", '["a"]', "[1]", '["a","b"]'])


# ---- uniqueItems

UNIQUE: Cases = [
    (
        {"items": {"enum": [1, 2, "a"]}, "uniqueItems": True},
        ["[]", "[1]", '["a",1,2]', "[2,1]"],
        ["[1,1]", '["a",1,"a"]', "[3]"],
    ),
    (
        {"items": {"enum": [1, 1.0, True]}, "uniqueItems": True},
        ["[1]", "[true,1]", "[1,true]"],
        ["[1,1]", "[1,1.0]", "[1.0,1]", "[true,1,true]"],
    ),
    (
        {"items": {"enum": [0, False, None, ""]}, "uniqueItems": True},
        ["[0,false]", '[null,"",false,0]'],
        ["[false,false]", "[0,0.0]"],
    ),
    (
        {"items": {"type": "boolean"}, "uniqueItems": True},
        ["[]", "[true]", "[false,true]"],
        ["[true,true]", "[true,false,true]", "[1]"],
    ),
    (
        {"items": {"type": ["boolean", "null"]}, "uniqueItems": True, "minItems": 2},
        ["[true,null]"],
        ["[null]", "[null,null]"],
    ),
    (
        {"items": {"enum": [[1], [1, 2], {"a": 1}]}, "uniqueItems": True},
        ['[[1],[1,2],{"a":1}]'],
        ["[[1],[1]]", '[{"a":1},{"a":1}]'],
    ),
    (
        {"items": {"enum": [[1], [True], [1.0]]}, "uniqueItems": True},
        ["[[1.0],[true]]"],
        ["[[1],[1.0]]", "[[true],[true]]"],
    ),
    ({"items": {"enum": [1, 2, 3]}, "uniqueItems": True, "maxItems": 2}, ["[1,2]", "[3]"], ["[1,2,3]", "[1,1]"]),
    (
        {"items": {"enum": [1, 2, 3]}, "uniqueItems": True, "contains": {"const": 2}},
        ["[2]", "[1,2]"],
        ["[]", "[1]", "[2,2]"],
    ),
    ({"items": {"anyOf": [{"const": 1}, {"enum": [2, 1]}]}, "uniqueItems": True}, ["[1,2]"], ["[1,1]", "[2,2]"]),
    ({"maxItems": 1, "uniqueItems": True}, ["[]", "[1]", "[[]]"], ["[1,1]"]),
    (
        {"prefixItems": [{"const": 1}, {"const": 2}], "items": False, "uniqueItems": True},
        ["[]", "[1]", "[1,2]"],
        ["[1,1]"],
    ),
    ({"uniqueItems": False, "items": {"const": 1}}, ["[1,1]"], ["[2]"]),
]


@pytest.mark.parametrize(("schema", "valid", "invalid"), UNIQUE, ids=str)
def test_unique_items(schema: Any, valid: list[str], invalid: list[str]) -> None:
    check({"type": "array", **schema}, valid, invalid)


def test_unique_items_of_many_values_come_in_order() -> None:
    schema = {"type": "array", "items": {"enum": [*range(12)]}, "uniqueItems": True}
    check(schema, ["[]", "[0,3]", "[7]"], ["[3,3]", "[0,12]", "[0,3,0]"])
    check(schema, ["[3,0]", "[3,0,1]"], [])
    narrowed(schema, ["[8,7,6,5,4,3,2,1,0]"])


def test_unique_items_of_every_schema_with_few_values() -> None:
    """Whatever lists few values in the end: bounds, patterns, tuples; each spelling of a value counts as the value."""
    array = {"type": "array", "uniqueItems": True}
    check({**array, "items": {"type": "integer", "minimum": -1, "maximum": 1}}, ["[1,-1,0]", "[]"], ["[0,1,0]", "[2]"])
    check({**array, "items": {"type": "string", "pattern": "^[ab]?$"}}, ['["","b"]', '["b","a"]'], ['["a","a"]'])
    pairs = {"type": "object", "properties": {"a": {"enum": [1, 2]}, "b": {"type": "null"}}, "required": ["a"]}
    check({**array, "items": pairs}, ['[{"a":1},{"a":1,"b":null}]'], ['[{"a":1},{"a":1}]', "[{}]"])
    tuples = {"prefixItems": [{"enum": [1, 2]}], "items": False, "type": "array"}
    check({**array, "items": tuples}, ["[[1],[],[2]]"], ["[[1],[1]]", "[[],[]]"])
    grammar = json_schema({**array, "items": pairs}, property_order="any")
    automaton = build_automaton(grammar.node)
    assert run.accepts(automaton, b'[{"b":null,"a":1},{"a":2,"b":null}]')
    assert not run.accepts(automaton, b'[{"b":null,"a":1},{"a":1,"b":null}]')


@pytest.mark.parametrize("count", [3, 9, 10, 14])
def test_unique_items_against_every_array(count: int) -> None:
    values = list(range(count))
    automaton = build_automaton(json_schema({"type": "array", "items": {"enum": values}, "uniqueItems": True}).node)
    for length in range(4):
        for items in product(values, repeat=length) if count**length < 1_000 else ():
            text = json.dumps(items, separators=(",", ":")).encode()
            assert run.accepts(automaton, text) == (len(set(items)) == len(items)), items
    assert run.accepts(automaton, json.dumps(values, separators=(",", ":")).encode())


@pytest.mark.parametrize(
    "items", [{"type": "integer"}, {}, {"type": "string", "maxLength": 1}, {"type": "string"}], ids=str
)
def test_unique_items_of_unlisted_values_are_refused(items: Any) -> None:
    with pytest.raises(SchemaError, match="uniqueItems"):
        json_schema({"type": "array", "items": items, "uniqueItems": True})


def test_more_unique_items_than_there_are_values() -> None:
    with pytest.raises(SchemaError, match="no value satisfies"):
        json_schema({"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 3})


# ---- multipleOf

MULTIPLES: Cases = [
    ({"type": "integer", "multipleOf": 3}, ["0", "3", "-3", "12", "300"], ["1", "-1", "31", "1.5"]),
    ({"type": "number", "multipleOf": 3}, ["0", "-0", "3.0", "-6.00", "0.0"], ["1", "1.5", "3.5", "0.3"]),
    (
        {"type": "integer", "multipleOf": 5, "minimum": -12, "maximum": 11},
        ["-10", "-5", "0", "5", "10"],
        ["-15", "15", "11", "-12"],
    ),
    ({"type": "integer", "multipleOf": 7, "exclusiveMinimum": 7, "maximum": 21}, ["14", "21"], ["7", "28", "0", "-14"]),
    ({"type": "integer", "multipleOf": 0.5}, ["0", "1", "-3"], ["0.5"]),
    ({"type": "integer", "multipleOf": 1.5}, ["0", "3", "-6"], ["1", "2", "1.5"]),
    ({"multipleOf": 0.25}, ["0.25", "-1.75", "3", '"a"', "null"], ["0.1", "0.3", "1.125"]),
    ({"allOf": [{"multipleOf": 4}, {"multipleOf": 6}], "type": "integer"}, ["0", "12", "-24"], ["4", "6", "8"]),
    ({"type": "integer", "multipleOf": 4, "not": {"multipleOf": 6}}, ["4", "8", "-16"], ["0", "12", "24", "2"]),
    ({"multipleOf": 2, "not": {"type": "integer"}, "type": ["number", "string"]}, ['"a"'], ["2", "3", "1.5", "2.0"]),
    ({"enum": [1, 2, 3, 4.0, "a"], "multipleOf": 2}, ["2", "4.0", '"a"'], ["1", "3"]),
    ({"multipleOf": 10, "type": "integer"}, ["0", "10", "-100"], ["1", "15"]),
    ({"multipleOf": 1e2, "type": "integer"}, ["0", "100", "-300"], ["10", "150"]),
]


@pytest.mark.parametrize(("schema", "valid", "invalid"), MULTIPLES, ids=str)
@pytest.mark.parametrize("draft", ["none", "draft-07"])
def test_multiple_of(schema: Any, valid: list[str], invalid: list[str], draft: str) -> None:
    check({**schema, **({"$schema": DRAFTS[draft]} if DRAFTS[draft] else {})}, valid, invalid)


@given(
    st.sampled_from(["0.01", "0.1", "0.05", "1.1", "2.5", "0.125", "12", "1e-3", "0.3"]),
    st.decimals(-50, 50, places=4),
    st.integers(-99, 99),
)
@settings(max_examples=150, deadline=None)
def test_decimal_multiples_are_exact(factor: str, value: Decimal, times: int) -> None:
    """Held to decimal arithmetic: doubles, which jsonschema divides, know no multiples of 0.01."""
    node = json_schema({"type": "number", "multipleOf": float(factor)}).node
    for candidate in (value, times * Decimal(factor), value.quantize(Decimal("0.01")), value.quantize(Decimal(1))):
        text = format(candidate, "f")
        assert matches(node, text.encode()) == (candidate % Decimal(factor) == 0), text


@given(st.integers(1, 30), st.integers(0, 3), st.from_regex(r"-?[0-9]{1,3}(\.[0-9]{0,4})?", fullmatch=True))
@settings(max_examples=150, deadline=None)
def test_multiples_as_a_node(divisor: int, places: int, text: str) -> None:
    from latticework.automata import run
    from latticework.automata.build import build_automaton

    node = ir.Seq((ir.Multiples(divisor, places), ir.Literal(b";")))
    data = f"{text};".encode()
    is_numeral = not text.startswith("-") and not text.endswith(".")
    expected = is_numeral and Decimal(text) * 10**places % divisor == 0
    assert matches(node, data) == expected
    assert run.accepts(build_automaton(node), data) == expected


@pytest.mark.parametrize("value", [0, -1, True, "2", None, float("inf")])
def test_factors_that_are_none_are_malformed(value: Any) -> None:
    with pytest.raises(SchemaError, match="multipleOf"):
        json_schema({"type": "number", "multipleOf": value})


def test_a_factor_with_too_many_residues_is_refused() -> None:
    with pytest.raises(SchemaError, match="multipleOf"):
        json_schema({"type": "integer", "multipleOf": 1234567})


# ---- integers that are written with a point

WHOLE: Cases = [
    ({"type": "integer"}, ["1", "-2"], ["1.5", '"a"']),
    ({"not": {"type": "integer"}}, ["1.5", '"a"'], ["1", "1.0"]),
    ({"type": "number", "not": {"type": "integer"}}, ["1.5", "-0.5"], ["1", "1.0", "0.0", "1e0", '"a"']),
    ({"enum": [1.0, 2.5], "type": "integer"}, ["1.0", "1"], ["2.5"]),
]


@pytest.mark.parametrize(("schema", "valid", "invalid"), WHOLE, ids=str)
@pytest.mark.parametrize("draft", sorted(set(DRAFTS) - {"draft-04"}))
def test_whole_numbers_are_integers_since_draft_6(
    schema: Any, valid: list[str], invalid: list[str], draft: str
) -> None:
    check({**schema, **({"$schema": DRAFTS[draft]} if DRAFTS[draft] else {})}, valid, invalid)


def test_whole_numbers_with_a_point_are_no_integers_in_draft_4() -> None:
    check({"$schema": DRAFT_4, "type": "integer"}, ["1"], ["1.0", "1.5"])
    check({"$schema": DRAFT_4, "not": {"type": "integer"}}, ["1.0", "1.5"], ["1"])
    check({"$schema": DRAFT_4, "enum": [1.0, 2, 2.5], "type": "integer"}, ["2"], [*["1.0", "1", "2.5"][:1], "2.5"])
    check({"$schema": DRAFT_4, "oneOf": [{"type": "integer"}, {"multipleOf": 2}]}, ["1", "2.0"], ["2", "1.5"])


# ---- every draft agrees with jsonschema on what lies beside the tables


@pytest.mark.parametrize("draft", sorted(DRAFTS))
def test_tuples(draft: str) -> None:
    head = {"$schema": DRAFTS[draft]} if DRAFTS[draft] else {}
    old = {"items": [INTEGER, STRING], "additionalItems": {"type": "null"}}
    new = {"prefixItems": [INTEGER, STRING], "items": {"type": "null"}}
    schema = {**head, "type": "array", **(new if draft in ("2020-12", "none") else old)}
    valid = ["[]", "[1]", '[1,"a"]', '[1,"a",null,null]']
    check(schema, valid, ['["a"]', "[1,1]", '[1,"a",1]', "{}"])
    assert all(validator(schema).is_valid(json.loads(text)) for text in valid)
