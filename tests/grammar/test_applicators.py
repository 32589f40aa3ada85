"""``not``, ``if``, ``oneOf`` and the dependencies by example: valid documents accepted, invalid ones not."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from schemas import DRAFTS
from verdicts import check, narrowed

from latticework.errors import SchemaError
from latticework.grammar import json_schema

DRAFT_4, DRAFT_6, DRAFT_7 = (DRAFTS[name] for name in ("draft-04", "draft-06", "draft-07"))
DRAFT_2019 = DRAFTS["2019-09"]

Cases = list[tuple[Any, list[str], list[str]]]


def named(*names: str, **more: Any) -> dict[str, Any]:
    """Objects with these properties, all required."""
    return {"type": "object", "properties": {name: {} for name in names}, "required": [*names], **more}


# ---- not, over every keyword

NOT: Cases = [
    ({"type": "integer"}, ["1.5", '"a"', "null", "[]", "{}", "true"], ["1", "0", "-3"]),
    ({"type": ["number", "null"]}, ['"a"', "[]", "{}", "true"], ["1", "0.5", "null"]),
    ({"type": "boolean"}, ["1", "0", '"true"', "null"], ["true", "false"]),
    ({"const": 1}, ["0", "2", "1.5", '"1"', "true", "null", "[1]"], ["1", "1.0"]),
    ({"const": True}, ["false", "1", '"true"'], ["true"]),
    ({"const": 0}, ["false", "1", "null", "0.5"], ["0", "0.0", "-0", "-0.0", "0e0"]),
    ({"const": "a"}, ['"b"', '""', '"aa"', "1"], ['"a"', '"\\u0061"']),
    ({"const": None}, ["false", "0", '""', "[]"], ["null"]),
    (
        {"const": {"a": 1}},
        ["{}", '{"a":2}', '{"b":1}', '{"a":2,"b":1}', "[]", '{"a":true}'],
        ['{"a":1}', '{"\\u0061":1}'],
    ),
    (
        {"const": {"a": 1, "b": []}},
        ['{"a":1}', '{"b":[1],"a":1}', '{"a":2,"b":[]}', '{"x":1}'],
        ['{"a":1,"b":[]}', '{"b":[],"a":1}'],
    ),
    (
        {"const": [1, {"a": 2}]},
        ["[]", "[1]", "[1,{}]", '[2,{"a":2}]', '[1,{"a":2},3]', '[true,{"a":2}]'],
        ['[1,{"a":2}]'],
    ),
    ({"const": []}, ["[1]", "{}", '""'], ["[]"]),
    ({"const": {}}, ['{"a":1}', "[]", "null"], ["{}"]),
    ({"enum": [1, "a", None, [0]]}, ["2", '"b"', "false", "[]", "[0,0]", "[1]"], ["1", '"a"', "null", "[0]", "[0.0]"]),
    ({"enum": [{"a": 1}, {"a": 2}]}, ["{}", '{"a":3}', '{"a":1,"b":1}'], ['{"a":1}', '{"a":2}']),
    ({"minimum": 3}, ["2", "-5", "2.99", "0"], ["3", "4.5", '"a"', "null"]),
    ({"maximum": 3}, ["4", "3.01"], ["3", "-1", "[]"]),
    ({"exclusiveMinimum": 0}, ["0", "-1", "-0.5"], ["0.5", "1", "{}"]),
    ({"exclusiveMaximum": 0}, ["0", "1"], ["-1", "-0.5", "false"]),
    ({"multipleOf": 2}, ["1", "-3", "0.5"], ["0", "2", "-4", "2.0", '"a"', "null"]),
    ({"multipleOf": 0.5}, ["0.25", "-1.75"], ["0.5", "1", "-1.5", "0"]),
    ({"minLength": 2}, ['""', '"a"', '"\\u00e9"'], ['"ab"', "1", '"\\ud83d\\ude00b"']),
    ({"maxLength": 1}, ['"ab"', '"\\u00e9b"'], ['""', '"a"', '"\\ud83d\\ude00"', "[]"]),
    ({"pattern": "^a"}, ['"b"', '""', '"ba"'], ['"a"', '"ab"', "1", '"\\u0061b"']),
    ({"pattern": "b$"}, ['"a"', '""'], ['"b"', '"ab"', '"b\\n"']),
    ({"format": "ipv4"}, ['"x"', '"1.2.3.x"'], ['"1.2.3.4"', "1"]),
    ({"required": ["a"]}, ["{}", '{"b":1}'], ['{"a":1}', '{"\\u0061":1}', '{"b":1,"a":1}', "1"]),
    ({"required": ["a", "b"]}, ["{}", '{"b":1}', '{"a":1}'], ['{"a":1,"b":1}', '{"b":1,"a":1}', "null"]),
    ({"properties": {"a": {"type": "string"}}}, ['{"a":1}', '{"a":null,"x":1}'], ["{}", '{"a":"x"}', '{"b":1}', "1"]),
    ({"properties": {"a": False}}, ['{"a":1}'], ["{}", '{"b":1}', "[]"]),
    (
        {"properties": {"a": {"type": "string"}, "b": {"type": "null"}}},
        ['{"b":1,"a":"x"}', '{"a":1}'],
        ['{"a":"x"}', "{}"],
    ),
    ({"additionalProperties": False}, ['{"a":1}', '{"a":1,"b":2}'], ["{}", "1"]),
    ({"additionalProperties": {"type": "string"}}, ['{"a":1}', '{"a":"x","b":1}'], ["{}", '{"a":"x"}', "[]"]),
    (
        {"properties": {"a": {}}, "additionalProperties": {"type": "string"}},
        ['{"b":1}', '{"a":"x","b":1}', '{"a":1,"c":"x","b":1}'],
        ["{}", '{"a":1}', '{"a":1,"b":"x"}', '{"\\u0061":1}'],
    ),
    (
        {"patternProperties": {"^a": {}}, "additionalProperties": False},
        ['{"b":1}', '{"a":1,"b":1}'],
        ["{}", '{"a":1}', '{"ab":1}', '{"\\u0061b":1}'],
    ),
    (
        {"patternProperties": {"^a": {"type": "string"}}},
        ['{"a":1}', '{"ab":1}', '{"b":1,"ab":1}'],
        ["{}", '{"a":"x"}', '{"b":1}'],
    ),
    ({"propertyNames": {"maxLength": 1}}, ['{"ab":1}', '{"a":1,"bb":1}'], ["{}", '{"a":1}', '{"\\u0061":1}', "1"]),
    ({"propertyNames": {"pattern": "^a"}}, ['{"b":1}', '{"a":1,"b":1}'], ["{}", '{"a":1}', '{"\\u0061b":1}']),
    ({"propertyNames": False}, ['{"a":1}'], ["{}", "[]"]),
    ({"minProperties": 1}, ["{}"], ['{"a":1}', "1"]),
    ({"maxProperties": 0}, ['{"a":1}', '{"a":1,"b":1}'], ["{}", "[]"]),
    ({"dependentRequired": {"a": ["b"]}}, ['{"a":1}', '{"a":1,"c":1}'], ["{}", '{"b":1}', '{"a":1,"b":1}', "1"]),
    ({"dependentSchemas": {"a": {"maxProperties": 1}}}, ['{"a":1,"b":1}'], ["{}", '{"a":1}', '{"b":1,"c":1}']),
    ({"items": {"type": "integer"}}, ['["a"]', '[1,"a"]', '["a",1]'], ["[]", "[1]", "[1,2]", "1"]),
    ({"items": False}, ["[1]", "[1,2]"], ["[]", "{}"]),
    ({"prefixItems": [{"type": "integer"}]}, ['["a"]', '["a",1]'], ["[]", "[1]", '[1,"a"]']),
    (
        {"prefixItems": [{"type": "integer"}, {"const": 0}]},
        ['["a"]', "[1,1]", '["a",0]', "[1,1,5]"],
        ["[]", "[1]", "[1,0]", "[1,0,5]"],
    ),
    ({"prefixItems": [True], "items": {"type": "integer"}}, ['[1,"a"]', '["a",1,"b"]'], ["[]", '["a"]', '["a",1]']),
    ({"minItems": 2}, ["[]", "[1]"], ["[1,2]", "1"]),
    ({"maxItems": 1}, ["[1,2]", "[1,2,3]"], ["[]", "[1]", "{}"]),
    ({"contains": {"type": "integer"}}, ["[]", '["a"]', '["a",null]'], ["[1]", '["a",1]', "1"]),
    ({"contains": {"type": "integer"}, "minContains": 2}, ["[]", "[1]", '["a",1]'], ["[1,2]", '[1,"a",2]']),
    ({"contains": {"type": "integer"}, "maxContains": 1}, ["[]", '["a"]', "[1,2]", '[1,"a",2]'], ["[1]", '["a",1]']),
    ({"contains": {"type": "integer"}, "minContains": 0, "maxContains": 1}, ["[1,2]", '[1,"a",2]'], ["[]", "[1]"]),
    ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, ["0", "4"], ["1", "3", '"a"']),
    ({"anyOf": [{"minimum": 3}, {"type": "string"}]}, ["2"], ["3", '"a"', "null"]),
    ({"oneOf": [{"minimum": 3}, {"maximum": 5}]}, ["3", "4", "5", '"a"', "null"], ["2", "6"]),
    ({"not": {"type": "integer"}}, ["1", "-2"], ["1.5", '"a"']),
    ({"if": {"minimum": 3}, "then": {"maximum": 5}}, ["6"], ["3", "2", "5"]),
    (
        {"if": {"type": "integer"}, "then": {"minimum": 3}, "else": {"type": "string"}},
        ["1", "null", "0.5"],
        ["3", '"a"'],
    ),
    ({"if": {"type": "integer"}, "else": {"type": "string"}}, ["null", "0.5"], ["3", '"a"']),
    ({"type": "integer", "minimum": 3}, ["2", "3.5", '"a"'], ["3", "4"]),
    ({"type": "object", "required": ["a"], "minProperties": 2}, ["{}", '{"a":1}', '{"b":1}', "1"], ['{"a":1,"b":1}']),
]


@pytest.mark.parametrize(("negated", "valid", "invalid"), NOT, ids=str)
def test_not(negated: Any, valid: list[str], invalid: list[str]) -> None:
    check({"not": negated}, valid, invalid, open_objects=True)


@pytest.mark.parametrize(("negated", "valid", "invalid"), NOT, ids=str)
def test_not_beside_closed_objects_takes_out_no_less(negated: Any, valid: list[str], invalid: list[str]) -> None:
    closed = {"type": ["object", "array"], "properties": {"a": {}, "b": {}}}
    for beside in ({"properties": {"z": {}}}, {"anyOf": [closed, True]}):
        with suppress(SchemaError):  # closed objects may leave nothing
            check({**beside, "not": negated}, [], invalid)


@pytest.mark.parametrize(("negated", "valid", "invalid"), NOT, ids=str)
def test_not_not_and_one_of_with_true_say_the_same(negated: Any, valid: list[str], invalid: list[str]) -> None:
    check({"not": {"not": negated}}, [], valid, open_objects=True, property_order="any")
    check({"oneOf": [negated, True]}, valid, invalid, open_objects=True)
    with suppress(SchemaError):
        check({"if": negated, "then": False}, [], invalid, property_order="any")


def test_not_in_draft_4() -> None:
    strict = {"minimum": 3, "exclusiveMinimum": True}
    check({"$schema": DRAFT_4, "not": strict}, ["3", "2"], ["4", "3.5", '"a"'])
    check({"$schema": DRAFT_4, "not": {"minimum": 3, "exclusiveMinimum": False}}, ["2", "2.5"], ["3"])
    check({"$schema": DRAFT_4, "not": {"type": "integer"}}, ["1.5", "1.0", '"a"'], ["1"])
    check(
        {"$schema": DRAFT_4, "not": {"dependencies": {"a": ["b"]}}},
        ['{"a":1}'],
        ["{}", '{"a":1,"b":1}'],
        open_objects=True,
    )
    tuples = {"items": [{"type": "integer"}], "additionalItems": {"type": "string"}}
    check({"$schema": DRAFT_4, "not": tuples}, ['["a"]', "[1,1]", '[1,"a",1]'], ["[]", "[1]", '[1,"a"]', "{}"])
    check(
        {"$schema": DRAFT_7, "not": {"items": [{"type": "integer"}], "additionalItems": False}},
        ["[1,1]"],
        ["[1]", "[]"],
    )


def test_keywords_of_other_drafts_say_nothing_where_they_are_negated() -> None:
    check({"$schema": DRAFT_4, "type": "integer", "not": {"const": 1, "minimum": 5}}, ["2"], ["5"])
    check({"$schema": DRAFT_6, "type": "integer", "not": {"if": {}, "then": False, "minimum": 5}}, ["2"], ["5"])
    check({"$schema": DRAFT_4, "oneOf": [{"const": 1}, {"type": "integer", "minimum": 2}]}, [], ["2"])
    check({"$schema": DRAFT_6, "oneOf": [{"if": {}, "then": {"type": "string"}}, {"type": "integer"}]}, [], ["2"])
    check(
        {"$schema": DRAFT_7, "type": "array", "contains": {"type": "null"}, "minContains": 0}, ["[null]"], ["[]", "[1]"]
    )
    check({"$schema": DRAFT_7, "type": "array", "prefixItems": [{}], "items": {"type": "integer"}}, ["[1]"], ['["a"]'])
    with pytest.raises(SchemaError, match="no value satisfies"):
        json_schema({"$schema": DRAFT_4, "not": {"format": "date"}})


def test_the_negation_of_unique_items_is_never_accepted_wrongly() -> None:
    check({"not": {"uniqueItems": True, "minItems": 2}}, ["[]", "[1]"], ["[1,2]", "{}", "1"])
    with pytest.raises(SchemaError):
        json_schema({"not": {"uniqueItems": True}})


# ---- numbers that a reader may round

ROUNDED = ["1.00000000000000001", "999999999999999.99999999999999999", "2.00000000000000001"]


@pytest.mark.parametrize("negated", [{"type": "integer"}, {"multipleOf": 1}, {"enum": [1, 2, 10**15]}], ids=str)
def test_no_decimal_is_rounded_onto_what_is_excluded(negated: Any) -> None:
    check({"type": "number", "not": negated}, ["1.5", "2.25"], [*ROUNDED, "1", "2.0"])


# ---- if

IF: Cases = [
    ({"if": {"type": "integer"}, "then": {"minimum": 3}}, ["3", "1.5", '"a"'], ["2"]),
    ({"if": {"type": "integer"}, "else": {"maxLength": 1}}, ["2", '"a"', "null"], ['"ab"']),
    ({"if": {"type": "integer"}}, ["2", '"ab"'], []),
    ({"then": False, "else": False}, ["2", '"ab"'], []),
    ({"if": True, "then": {"type": "string"}, "else": {"type": "null"}}, ['"a"'], ["null", "1"]),
    ({"if": False, "then": {"type": "string"}, "else": {"type": "null"}}, ["null"], ['"a"', "1"]),
    (
        {
            "type": "object",
            "properties": {"t": {"enum": ["a", "b"]}, "x": {}},
            "required": ["t"],
            "if": {"properties": {"t": {"const": "a"}}},
            "then": {"required": ["x"]},
        },
        ['{"t":"a","x":1}', '{"t":"b"}', '{"t":"b","x":1}'],
        ['{"t":"a"}', "{}", "1"],
    ),
    (
        {
            "type": "object",
            "properties": {"t": {}, "x": {}},
            "if": {"required": ["t"]},
            "then": {"properties": {"x": {"type": "string"}}},
            "else": {"required": ["x"]},
        },
        ['{"t":1}', '{"t":1,"x":"a"}', '{"x":1}'],
        ["{}", '{"t":1,"x":1}'],
    ),
    (
        {"if": {"minimum": 10}, "then": {"multipleOf": 10}, "else": {"if": {"minimum": 5}, "then": {"multipleOf": 5}}},
        ["1", "5", "10", "20", '"a"'],
        ["6", "11"],
    ),
    (
        {
            "allOf": [
                {"if": {"minLength": 2}, "then": {"pattern": "^a"}},
                {"if": {"pattern": "b$"}, "then": {"maxLength": 2}},
            ]
        },
        ['"a"', '"ab"', '"b"', '"aaa"'],
        ['"bb"', '"aab"', '"ba"'],
    ),
]


@pytest.mark.parametrize(("schema", "valid", "invalid"), IF, ids=str)
def test_if(schema: Any, valid: list[str], invalid: list[str]) -> None:
    check(schema, valid, invalid)
    check(schema, valid, invalid, open_objects=True)
    check({**schema, "$schema": DRAFT_7}, valid, invalid)


def test_if_says_nothing_before_draft_7_where_it_would_admit_more() -> None:
    check({"$schema": DRAFT_6, "not": {"if": {"minimum": 3}, "then": {"maximum": 5}, "maximum": 9}}, ["10"], ["6", "3"])


# ---- oneOf of branches that overlap

ONE_OF: Cases = [
    ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, ["1.5", "-0.25"], ["1", "1.0", '"a"']),
    ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, ["1", "2.5", '"a"', "null"], ["2", "3", "0.5", "1.5"]),
    ({"oneOf": [{"minimum": 3}, {"maximum": 3}]}, ["2", "4", "3.5"], ["3", "3.0", '"a"']),
    ({"oneOf": [{"exclusiveMinimum": 3}, {"maximum": 3}]}, ["2", "3", "4"], ['"a"']),
    ({"oneOf": [{"multipleOf": 2}, {"multipleOf": 3}]}, ["2", "3", "4", "-9"], ["0", "1", "6", "12", "0.5", '"a"']),
    ({"oneOf": [{"const": 1}, {"minimum": 0}]}, ["0", "2", "0.5", '"a"'], ["1", "1.0", "-1"]),
    ({"oneOf": [{"enum": [2]}, {"maximum": 2}]}, ["1", '"a"', "-0.5"], ["2", "3"]),
    ({"oneOf": [{"enum": [1, "a"]}, {"enum": ["a", 2]}, {"type": "integer"}]}, ["3"], ['"a"', "1", "2"]),
    ({"oneOf": [{"enum": [1, "a", "b"]}, {"enum": ["a", 2]}]}, ["1", "2", '"b"'], ['"a"']),
    ({"oneOf": [{"type": "string"}, {"type": "string", "maxLength": 3}]}, ['"abcd"'], ['"abc"', '""', "1"]),
    ({"oneOf": [{"maxLength": 2}, {"minLength": 2}]}, ['"a"', '"abc"'], ['"ab"', '"\\u00e9b"', "1"]),
    ({"oneOf": [{"pattern": "^a"}, {"pattern": "b$"}]}, ['"a"', '"b"', '"cb"'], ['"ab"', '"c"', '"\\u0061b"']),
    ({"oneOf": [{"const": "a"}, {"type": "string", "minLength": 1}]}, ['"b"', '"ab"'], ['"a"', '""', '"\\u0061"']),
    ({"oneOf": [True, False, {}]}, [], ["1", "null", "{}"]),
    ({"oneOf": [True, {"type": "integer"}]}, ["null", "1.5"], ["1"]),
    ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, ['{"a":1}', '{"b":1}'], ["{}", '{"a":1,"b":1}', "1"]),
    ({"oneOf": [named("a"), named("b")]}, ['{"a":1}', '{"b":1}'], ["{}", '{"a":1,"b":1}', '{"b":1,"a":1}']),
    (
        {"oneOf": [named("a"), named("b"), named("c")]},
        ['{"a":1}', '{"b":1}', '{"c":1}'],
        ['{"a":1,"b":1}', '{"a":1,"b":1,"c":1}'],
    ),
    ({"oneOf": [named("a"), named("a", "b")]}, ['{"a":1}'], ['{"a":1,"b":1}', '{"b":1}']),
    (
        {"oneOf": [named("a", additionalProperties=False), named("a", additionalProperties={"type": "string"})]},
        ['{"a":1,"x":"s"}'],
        ['{"a":1}', '{"a":1,"x":1}', "{}"],
    ),
    (
        {
            "oneOf": [
                {"type": "object", "properties": {"t": {"enum": ["x", "y"]}}},
                {"properties": {"t": {"enum": ["y", "z"]}}},
            ]
        },
        ['{"t":"x"}', '{"t":"z"}', "1"],
        ['{"t":"y"}', "{}", '{"t":"w"}'],
    ),
    ({"oneOf": [{"type": "null"}, {}]}, ["1"], ["null"]),
    (
        {"oneOf": [{"type": "array", "minItems": 1}, {"type": "array", "items": {"type": "integer"}}]},
        ["[]", '["a"]', '[1,"a"]'],
        ["[1]", "[1,2]", "1"],
    ),
    (
        {"oneOf": [{"contains": {"const": 1}}, {"contains": {"const": 2}}]},
        ["[1]", "[2,2]", "[2,0]"],
        ["[]", "[1,2]", "[2,0,1]"],
    ),
    (
        {"oneOf": [{"oneOf": [{"minimum": 1}, {"minimum": 2}]}, {"minimum": 3}]},
        ["1", "1.5", "3", '"a"'],
        ["0", "2", "2.5"],
    ),
    ({"type": "integer", "oneOf": [{"minimum": 3}, {"maximum": 5}], "not": {"const": 7}}, ["2", "6"], ["3", "5", "7"]),
]


@pytest.mark.parametrize(("schema", "valid", "invalid"), ONE_OF, ids=str)
def test_one_of(schema: Any, valid: list[str], invalid: list[str]) -> None:
    if not valid:
        with pytest.raises(SchemaError, match="no value satisfies"):
            json_schema(schema)
        return
    check(schema, valid, invalid, open_objects=True)
    check(schema, [], invalid, property_order="any")


def test_one_of_closed_objects_holds_whatever_adds_the_other_property() -> None:
    a_or_b = [named("a"), named("b")]
    both = ['{"a":1,"b":1}', '{"b":1,"a":1}']
    check({"oneOf": a_or_b}, ['{"a":1}', '{"b":1}'], both)
    check({"oneOf": a_or_b, "anyOf": [{"properties": {"b": {}}}, {"properties": {"c": {}}}]}, ['{"a":1}'], both)
    check({"oneOf": a_or_b, "properties": {"a": {}, "b": {}}}, ['{"a":1}', '{"b":1}'], both)
    check({"oneOf": [{**a_or_b[0], "anyOf": [{"properties": {"b": {}}}, True]}, a_or_b[1]]}, ['{"a":1}'], both)
    check({"oneOf": [*a_or_b, {"type": "object", "properties": {"b": {"type": "string"}}}]}, ['{"b":1}'], both)
    check({"oneOf": a_or_b, "not": {"properties": {"b": {"type": "string"}}}}, ['{"b":1}'], [*both, '{"a":1}'])
    check({"oneOf": a_or_b, "not": {"additionalProperties": False, "properties": {"a": {}}}}, ['{"b":1}'], both)
    check({"oneOf": a_or_b, "dependentSchemas": {"a": {"properties": {"b": {}}}}}, ['{"a":1}', '{"b":1}'], both)
    check({"oneOf": a_or_b, "if": {"required": ["a"]}, "then": {"properties": {"b": {}}}}, ['{"a":1}'], both)


@pytest.mark.parametrize("draft", sorted(DRAFTS))
def test_one_of_in_every_draft(draft: str) -> None:
    head = {"$schema": DRAFTS[draft]} if DRAFTS[draft] else {}
    check({**head, "oneOf": [{"type": "integer"}, {"minimum": 2}]}, ["1", "2.5", '"a"'], ["2", "0.5"])
    check({**head, "oneOf": [{"maximum": 2}, {"enum": [1, 2, 3]}]}, ["0", "3", '"a"'], ["1", "2", "4"])
    whole = ["1.0"] if draft == "draft-04" else []
    check({**head, "oneOf": [{"type": "number"}, {"type": "integer"}]}, ["1.5", *whole], ["1"])


# ---- dependencies

DEPENDENT: Cases = [
    ({"dependentRequired": {"a": ["b"]}}, ["{}", '{"b":1}', '{"a":1,"b":1}', "1", "[]"], ['{"a":1}', '{"a":1,"c":1}']),
    ({"dependentRequired": {"a": ["b"], "b": ["a"]}}, ["{}", '{"a":1,"b":1}'], ['{"a":1}', '{"b":1}']),
    ({"dependentRequired": {"a": []}}, ["{}", '{"a":1}'], []),
    ({"dependentRequired": {"a": ["a"]}}, ["{}", '{"a":1}'], []),
    (
        {"dependentSchemas": {"a": {"properties": {"b": {"type": "string"}}}}},
        ["{}", '{"b":1}', '{"a":1,"b":"x"}', "1"],
        ['{"a":1,"b":1}'],
    ),
    ({"dependentSchemas": {"a": False}}, ["{}", '{"b":1}', "1"], ['{"a":1}', '{"\\u0061":1}']),
    ({"dependentSchemas": {"a": True}}, ["{}", '{"a":1}'], []),
    (
        {"type": "object", "dependentSchemas": {"a": {"maxProperties": 2}}, "dependentRequired": {"a": ["b"]}},
        ["{}", '{"a":1,"b":1}'],
        ['{"a":1}', '{"a":1,"b":1,"c":1}', "1"],
    ),
    (
        {"dependentSchemas": {"a": {"required": ["b"]}, "b": {"required": ["c"]}}},
        ["{}", '{"c":1}', '{"b":1,"c":1}', '{"a":1,"b":1,"c":1}'],
        ['{"a":1}', '{"a":1,"b":1}', '{"b":1}'],
    ),
]


@pytest.mark.parametrize(("schema", "valid", "invalid"), DEPENDENT, ids=str)
def test_dependencies(schema: Any, valid: list[str], invalid: list[str]) -> None:
    check(schema, valid, invalid, orders=True, open_objects=True)
    check({**schema, "properties": {"a": {}, "b": {}, "c": {}}}, valid, invalid, orders=True)
    check({**schema, "$schema": DRAFT_2019}, valid, invalid, orders=True, open_objects=True)
    old = {**schema.get("dependentRequired", {}), **schema.get("dependentSchemas", {})}
    if len(old) == sum(len(entries) for entries in schema.values() if isinstance(entries, dict)):
        rest = {"type": schema["type"]} if "type" in schema else {}
        check({"$schema": DRAFT_7, "dependencies": old, **rest}, valid, invalid, orders=True, open_objects=True)


def test_schemas_written_for_one_schema_are_told_apart() -> None:
    contradiction = {"required": ["a"], "dependentRequired": {"a": ["b"]}}
    schema = {"allOf": [{"$ref": "#/$defs/s"}, {"not": {"$ref": "#/$defs/s"}}], "$defs": {"s": contradiction}}
    with pytest.raises(SchemaError, match="no value satisfies"):
        json_schema(schema)
    for first in ({"properties": {"0": {"type": "string"}}}, {"properties": {"other": {"type": "string"}}}):
        name = next(iter(first["properties"]))
        for second, text in (
            ({"prefixItems": [{"type": "string"}]}, "[1]"),
            ({"patternProperties": {"^x": {"type": "string"}}}, '{"x":1}'),
            ({"additionalProperties": {"type": "string"}}, '{"x":1}'),
        ):
            valid = [f'{{"{name}":1}}', text]
            check({"not": {**first, **second}}, valid, ["{}", '["a"]', '{"x":"a"}'], open_objects=True)


def test_a_negation_closes_no_object() -> None:
    check({"not": {"required": ["a"]}, "type": "object"}, ['{"b":1}', "{}"], ['{"a":1}', '{"b":1,"a":2}'])
    narrowed({"not": {"const": {"a": 1}}}, ['{"a":1,"b":1}'], open_objects=True)
