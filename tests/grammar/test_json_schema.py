"""The JSON Schema front end by example: what each keyword admits, and the corners where engines go wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ir_matcher import decoded, matches
from jsonschema import Draft202012Validator

from latticework.automata.build import build_automaton
from latticework.errors import InputError, LatticeworkError, LimitExceeded, SchemaError
from latticework.grammar import Limits, json_schema

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def accepts(schema: Any, text: str, **options: Any) -> bool:
    return matches(json_schema(schema, **options).node, text.encode())


def is_valid(schema: Any, value: Any) -> bool:
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).is_valid(value)


def issues(schema: Any, **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(SchemaError) as caught:
        json_schema(schema, **options)
    return [(issue.pointer, issue.keyword) for issue in caught.value.issues]


def closed(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    names = list(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


ACCEPTED: list[tuple[Any, str]] = [
    (closed({"a": {}, "b": {}}, []), "{}"),
    (closed({"a": {}, "b": {}}, []), '{"b":1}'),
    (closed({"a": {}, "b": {}}, ["b"]), '{"a":[],"b":{"x":[1]}}'),
    ({"type": "object"}, '{"any":{"b":1},"c":[]}'),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, '{"x":1,"y":2}'),
    ({"properties": {"a": {"type": "integer"}}, "additionalProperties": {"type": "boolean"}}, '{"a":1,"b":true}'),
    ({"properties": {"a": {"type": "integer"}}}, "3"),
    ({"properties": {"a": {"type": "integer"}}}, '"text"'),
    ({"minLength": 3}, "1"),
    ({"minLength": 3}, '"abc"'),
    ({"items": {"type": "integer"}}, '{"a":"b"}'),
    ({"minimum": 3}, '"a"'),
    ({"type": ["string", "null"], "maxLength": 1}, "null"),
    ({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}]}, '[1,2,"x"]'),
    ({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}], "items": False}, "[1]"),
    ({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}], "items": False}, "[]"),
    ({"type": "array", "prefixItems": [{"const": 1}, False]}, "[1]"),
    ({"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3}, "[1,2,3]"),
    ({"type": "array", "maxItems": 0}, "[]"),
    ({"enum": [1, 2.5, "a", None, True, {"k": [1]}, []]}, '{"k":[1]}'),
    ({"enum": [1, 2.5, "a", None, True, {"k": [1]}, []]}, "2.5"),
    ({"enum": ["é", '"', "\n"]}, '"\\n"'),
    ({"enum": [1, "x", 3], "type": "integer", "minimum": 2}, "3"),
    ({"const": {"b": 1, "a": [None]}}, '{"b":1,"a":[null]}'),
    ({"enum": ["a", "bb"], "not": {"const": "a"}}, '"bb"'),
    ({"type": "string", "maxLength": 1}, '"\\ud83d\\ude00"'),
    ({"type": "string", "maxLength": 1}, '"\\n"'),
    ({"type": "string", "maxLength": 1}, '"😀"'),
    ({"type": "string", "minLength": 2}, '"\\u00e9é"'),
    ({"type": "string", "pattern": "b"}, '"abc"'),
    ({"type": "string", "pattern": "^a|b$"}, '"xb"'),
    ({"type": "string", "pattern": "^a|b$"}, '"ax"'),
    ({"type": "string", "pattern": '^"\\\\/$'}, '"\\"\\\\/"'),
    ({"type": "string", "pattern": "^a*$", "maxLength": 3}, '"aaa"'),
    ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, '"a"'),
    ({"type": "integer", "anyOf": [{"minimum": 5}, {"maximum": 1}]}, "7"),
    ({"allOf": [{"type": "object", "properties": {"a": {"type": "integer"}}}, {"required": ["a"]}]}, '{"a":1}'),
    ({"allOf": [{"properties": {"a": {"minimum": 1}}}, {"properties": {"a": {"maximum": 2}}}]}, '{"a":2}'),
    ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, "1"),
    ({"oneOf": [closed({"t": {"const": "a"}, "x": {}}), closed({"t": {"const": "b"}, "y": {}})]}, '{"t":"b","y":1}'),
    ({"oneOf": [closed({"a": {}}), closed({"b": {}})]}, '{"b":0}'),
    ({"oneOf": [{"enum": [1, 2]}, {"enum": [2, 3]}]}, "3"),
    ({"$ref": "#/$defs/a~1b~0%25", "$defs": {"a/b~%": {"type": "null"}}}, "null"),
    ({"$ref": "#named", "$defs": {"x": {"$anchor": "named", "const": 1}}}, "1"),
    ({"items": [{"const": 1}], "additionalItems": {"const": 2}, "type": "array", "$schema": DRAFT_7}, "[1,2,2]"),
    ({"$schema": DRAFT_7, "$ref": "#/definitions/a", "type": "null", "definitions": {"a": {"const": 1}}}, "1"),
    ({"type": "object", "required": ["x"]}, '{"x":1}'),
    ({"type": "object", "minProperties": 1}, '{"x":1}'),
    ({"type": "object", "properties": {"a": {}, "b": {}}, "minProperties": 1, "maxProperties": 1}, '{"b":1}'),
    (True, "[[],{}]"),
    ({}, "false"),
    (closed({"": {"const": ""}}), '{"":""}'),
    ({"type": "object", "properties": {'q"\\\n': {"const": 1}}}, '{"q\\"\\\\\\n":1}'),
    ({"type": "string", "format": "no-such-format"}, '"x"'),
    ({"type": "array", "uniqueItems": False, "items": {"const": 1}}, "[1,1]"),
    ({"type": "string", "multipleOf": 3}, '"a"'),
]

REJECTED: list[tuple[Any, str]] = [
    (closed({"a": {}, "b": {}}, []), '{"b":1,"a":1}'),
    (closed({"a": {}, "b": {}}, []), '{"a":1,"a":1}'),
    (closed({"a": {}}), "{}"),
    (closed({"a": {}}), '{"a":1,"x":1}'),
    (closed({"a": {}}), '{"a":1,}'),
    (closed({"a": {}}), '{"a" :1}'),
    ({"properties": {"a": {"type": "integer"}}, "additionalProperties": True}, '{"\\u0061":"x"}'),
    ({"properties": {"a": {"type": "integer"}}, "additionalProperties": True}, '{"b":1,"a":"x"}'),
    ({"properties": {"a": False}, "additionalProperties": True}, '{"a":1}'),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, '{"x":"1"}'),
    ({"minLength": 3}, '"ab"'),
    ({"type": "string", "maxLength": 1}, '"ab"'),
    ({"type": "string", "minLength": 2}, '"\\n"'),
    ({"type": "string", "minLength": 2}, '"\\ud83d\\ude00"'),
    ({"type": "string"}, '"\\ud83d"'),
    ({"type": "string"}, '"\t"'),
    ({"type": "string"}, '"\\x41"'),
    ({"type": "string"}, '"a'),
    ({"type": "string", "pattern": "^a|b$"}, '"xbx"'),
    ({"type": "string", "pattern": "^a*$", "maxLength": 3}, '"aaaa"'),
    ({"type": "integer"}, "true"),
    ({"type": "boolean"}, "1"),
    ({"enum": [1, True]}, "false"),
    ({"enum": [1, "x", 3], "type": "integer", "minimum": 2}, "1"),
    ({"enum": [[1, 2]]}, "[1, 2]"),
    ({"const": 0}, "false"),
    ({"const": "a"}, '"\\u0061"'),
    ({"type": "array", "prefixItems": [{"const": 1}, False]}, "[1,1]"),
    ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, "[1]"),
    ({"type": "integer", "anyOf": [{"minimum": 5}, {"maximum": 1}]}, "3"),
    ({"allOf": [{"properties": {"a": {"minimum": 1}}}, {"properties": {"a": {"maximum": 2}}}]}, '{"a":3}'),
    ({"oneOf": [closed({"t": {"const": "a"}, "x": {}}), closed({"t": {"const": "b"}, "y": {}})]}, '{"t":"b","x":1}'),
    ({"oneOf": [{"enum": [1, 2]}, {"enum": [2, 3]}]}, "2"),
    ({"type": "object", "required": ["x"]}, '{"y":1}'),
    ({"type": "object", "minProperties": 1}, "{}"),
    ({"type": "object", "properties": {"a": {}, "b": {}}, "maxProperties": 1}, '{"a":1,"b":1}'),
    ({"$schema": DRAFT_4, "enum": [1.0, 2], "type": "integer"}, "1.0"),
    (True, "[" * 9 + "]" * 9),
    (True, "nul"),
    (True, " 1"),
]


@pytest.mark.parametrize(("schema", "text"), ACCEPTED)
def test_accepted_and_indeed_valid(schema: Any, text: str) -> None:
    assert accepts(schema, text)
    decoded(text.encode())


@pytest.mark.parametrize(("schema", "text"), REJECTED)
def test_rejected(schema: Any, text: str) -> None:
    assert not accepts(schema, text)


# ---- layout

NESTED = closed(
    {"a": {"type": "array", "items": {"type": "integer"}}, "b": closed({"c": {}}), "e": {"enum": [{"k": [1, {}]}]}}
)
VALUE = {"a": [1, 2], "b": {"c": {"x": [], "y": [None]}}, "e": {"k": [1, {}]}}
EMPTY = {"a": [], "b": {"c": {}}, "e": {"k": [1, {}]}}


@pytest.mark.parametrize("value", [VALUE, EMPTY])
@pytest.mark.parametrize(
    ("options", "layout"),
    [
        ({}, {"separators": (",", ":")}),
        ({"whitespace": "spaced"}, {}),
        ({"whitespace": "pretty"}, {"indent": 2}),
        ({"whitespace": ("pretty", 4)}, {"indent": 4}),
        ({"whitespace": "pretty", "indent": 0}, {"indent": 0}),
    ],
)
def test_styles_are_exactly_those_of_json_dumps(value: Any, options: dict, layout: dict) -> None:
    text = json.dumps(value, **layout)
    assert accepts(NESTED, text, **options)
    for position in range(len(text)):
        if text[position] in " \n":
            assert not accepts(NESTED, text[:position] + text[position + 1 :], **options)
        spread = text[:position] + " " + text[position:]
        assert not accepts(NESTED, spread, **options) or json.loads(spread) != value  # the blank is in a key


def test_any_whitespace_is_bounded_per_gap() -> None:
    text = '{ "a" : [ 1 ,\n2 ] , "b" :{"c":[ ]},"e":\t{ "k" : [ 1 , { } ] } }'
    assert accepts(NESTED, text, whitespace="any")
    assert accepts(NESTED, text.replace(" ", "  "), whitespace="any", max_whitespace=2)
    assert not accepts(NESTED, text.replace(" ", "  "), whitespace="any")
    assert not accepts(NESTED, text + " ", whitespace="any")


@pytest.mark.parametrize(
    "options",
    [
        {"whitespace": "loose"},
        {"whitespace": "compact", "indent": 2},
        {"whitespace": "pretty", "indent": -1},
        {"whitespace": "any", "max_whitespace": 0},
        {"property_order": "sorted"},
        {"on_unsupported": "ignore"},
        {"max_depth": -1},
        {"max_depth": 99},
    ],
)
def test_unusable_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        json_schema({}, **options)


# ---- open and closed objects, nesting


def test_objects_with_properties_are_closed_unless_asked() -> None:
    schema = {"type": "object", "properties": {"a": {}}}
    assert not accepts(schema, '{"a":1,"b":2}')
    assert any("open_objects" in line for line in json_schema(schema).narrowings)
    assert accepts(schema, '{"a":1,"b":2}', open_objects=True)
    assert not any("open_objects" in line for line in json_schema(schema, open_objects=True).narrowings)


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_any_value_nests_to_max_depth(depth: int) -> None:
    for text in ("[" * depth + "1" + "]" * depth, '{"k":' * depth + "1" + "}" * depth):
        assert accepts({}, text, max_depth=depth)
        assert not accepts({}, f"[{text}]", max_depth=depth)
        assert not accepts({}, f'{{"k":{text}}}', max_depth=depth)


# ---- errors


def test_all_issues_are_reported_at_once_with_pointers_and_hints() -> None:
    schema = closed(
        {
            "a": {"type": "string", "pattern": r"(x)\1"},
            "b/c": {"type": "array", "items": {"extends": {}}},
            "d": {"type": "strng"},
            "e": {"$ref": "#/$defs/missing"},
            "f": {"type": "number", "disallow": "integer"},
            "g": {"maxLength": -1},
            "h": {"enum": "abc"},
            "i": 3,
        }
    )
    assert set(issues(schema)) == {
        ("/properties/a", "pattern"),
        ("/properties/b~1c/items", "extends"),
        ("/properties/d", "type"),
        ("/properties/e", "$ref"),
        ("/properties/f", "disallow"),
        ("/properties/g", "maxLength"),
        ("/properties/h", "enum"),
        ("/properties/i", ""),
    }
    with pytest.raises(SchemaError) as caught:
        json_schema(schema)
    message = str(caught.value)
    assert "8 issues" in message
    assert r"(x)\1" in message
    assert "^^" in message


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        (False, ("", "")),
        ({"enum": []}, ("", "enum")),
        ({"type": []}, ("", "type")),
        ({"type": "integer", "minimum": 3, "maximum": 2}, ("", "minimum")),
        ({"type": "string", "minLength": 3, "maxLength": 2}, ("", "minLength")),
        ({"type": "array", "minItems": 3, "maxItems": 2}, ("", "minItems")),
        ({"type": "array", "items": False, "minItems": 1}, ("", "minItems")),
        (closed({"a": False}), ("", "required")),
        ({"type": "object", "required": ["b"], "additionalProperties": False}, ("", "required")),
        ({"type": "object", "required": ["a", "b"], "maxProperties": 1}, ("", "maxProperties")),
        (closed({"a": closed({"b": {"enum": [1], "type": "string"}})}), ("/properties/a/properties/b", "enum")),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, ("/allOf/0", "type")),
        ({"type": "string", "pattern": "^a{3}$", "maxLength": 2}, ("", "pattern")),
        ({"type": "string", "pattern": "a^b"}, ("", "pattern")),
    ],
)
def test_unsatisfiable_schemas_are_named(schema: Any, place: tuple[str, str]) -> None:
    assert place in issues(schema)


def test_impossible_options_are_dropped_and_reported() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"enum": []}, "b": {"anyOf": [False, {"type": "integer"}, {"const": 1, "type": "null"}]}},
        "additionalProperties": {"const": 2, "type": "string"},
    }
    grammar = json_schema(schema)
    assert matches(grammar.node, b'{"b":3}')
    assert not matches(grammar.node, b'{"a":1}')
    assert not matches(grammar.node, b'{"x":2}')
    assert sum("left out" in warning for warning in grammar.warnings) >= 3


def test_unknown_keywords_are_ignored_and_reported() -> None:
    grammar = json_schema({"type": "integer", "x-order": 1, "title": "t", "nullable": True})
    assert len(grammar.warnings) == 2
    assert not matches(grammar.node, b"null")


def test_widen_drops_with_a_warning_and_validates_afterwards() -> None:
    schema = {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}
    assert issues(schema) == [("", "uniqueItems")]
    grammar = json_schema(schema, on_unsupported="widen")
    assert matches(grammar.node, b"[1,1]")
    assert any("uniqueItems" in warning for warning in grammar.warnings)
    assert grammar.parse("[1,2]") == [1, 2]
    with pytest.raises(InputError, match="non-unique"):
        grammar.parse("[1,1]")


@pytest.mark.parametrize(
    ("schema", "keyword"),
    [
        ({"properties": []}, "properties"),
        ({"properties": {1: {}}}, "properties"),
        ({"required": "a"}, "required"),
        ({"required": [1]}, "required"),
        ({"anyOf": []}, "anyOf"),
        ({"allOf": {}}, "allOf"),
        ({"type": 3}, "type"),
        ({"maxItems": "3"}, "maxItems"),
        ({"maxItems": 2.5}, "maxItems"),
        ({"pattern": 3}, "pattern"),
        ({"format": 3}, "format"),
        ({"prefixItems": {}}, "prefixItems"),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema", "items": [{}]}, "items"),
        ({"enum": [float("nan")]}, "enum"),
        ({"enum": ["\ud800"]}, "enum"),
        ({"enum": [{"a": object()}]}, "enum"),
        ({"patternProperties": 3}, "patternProperties"),
        ({"dependentRequired": 3}, "dependentRequired"),
    ],
)
def test_malformed_keywords_are_named(schema: dict, keyword: str) -> None:
    assert ("", keyword) in issues(schema)


def test_malformed_schemas_are_errors_even_when_widening() -> None:
    assert issues({"type": "nope"}, on_unsupported="widen") == [("", "type")]


# ---- references


TREE = {"type": "object", "properties": {"next": {"$ref": "#"}, "v": {"type": "integer"}}, "required": ["v"]}
PAIR = {"type": "array", "items": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "maxItems": 2}


def test_recursive_schemas_are_unrolled_and_the_depth_is_reported() -> None:
    text = '{"v":0}'
    for _ in range(6):
        text = f'{{"next":{text},"v":1}}'
    assert accepts(TREE, text)
    assert not accepts(TREE, text.replace('"v":0', '"v":null'))
    assert not accepts(TREE, '{"next":{"next":[],"v":1},"v":1}')
    assert accepts(PAIR, "[[null,[]],null]")
    assert not accepts(PAIR, "[[null,[1]],null]")
    assert any("16 times below themselves" in line for line in json_schema(TREE).narrowings)
    mutual = {
        "$ref": "#/$defs/a",
        "$defs": {"a": closed({"b": {"$ref": "#/$defs/b"}}), "b": {"type": ["null", "object"]}},
    }
    mutual["$defs"]["b"] |= {"properties": {"a": {"$ref": "#/$defs/a"}}}
    assert accepts(mutual, '{"b":{"a":{"b":null}}}')
    assert not accepts(mutual, '{"b":{"a":{}}}')


def test_recursion_without_an_end_has_no_documents() -> None:
    endless = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    assert issues(endless) == [("", "required")]
    assert issues({"$ref": "#"}) == [("", "$ref")]
    assert issues({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}})
    assert issues({"not": {"$ref": "#"}})


@pytest.mark.parametrize(
    "reference", ["other.json", "http://x.y/z#/a", "#/nowhere", "#/$defs/0/x", "#/$defs/list/7", "#anchor", 3]
)
def test_references_that_lead_nowhere_are_refused(reference: Any) -> None:
    schema = {"properties": {"p": {"$ref": reference}}, "$defs": {"list": {"anyOf": [True]}}}
    assert issues(schema) == [("/properties/p", "$ref")]


def test_references_to_the_own_identifier_and_to_any_place() -> None:
    schema = {
        "$id": "https://example.com/dir/s.json",
        "prefixItems": [
            {"type": "integer"},
            {"$ref": "s.json#/prefixItems/0"},
            {"$ref": "https://example.com/dir/s.json#/x/0"},
        ],
        "x": [{"type": "null"}],
        "type": "array",
    }
    assert accepts(schema, "[1,2,null]")
    assert not accepts(schema, "[1,null]")


def test_references_below_an_embedded_identifier_start_there() -> None:
    inner = {"$id": "https://example.com/inner", "$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}}
    schema = {"properties": {"p": inner, "q": {"$ref": "inner"}}, "$defs": {"a": {"type": "integer"}}}
    schema["$id"] = "https://example.com/outer"
    assert accepts(schema, '{"p":null,"q":null}')
    assert not accepts(schema, '{"p":1}')
    assert not accepts(schema, '{"q":1}')
    anchors = {"properties": {"p": {"$ref": "#here"}}, "$defs": {"a": {"$anchor": "here", "type": "null"}}}
    assert accepts(anchors, '{"p":null}')
    assert not accepts(anchors, '{"p":1}')
    data = {"const": {"$anchor": "here", "type": "integer"}}  # an instance, no schema
    assert not accepts({**anchors, "properties": {"c": data, **anchors["properties"]}}, '{"p":1}')


def test_a_shared_definition_is_lowered_once() -> None:
    schema: dict[str, Any] = {"$defs": {"d0": {"type": "integer"}}, "$ref": "#/$defs/d24"}
    for index in range(24):
        pair = closed({"l": {"$ref": f"#/$defs/d{index}"}, "r": {"$ref": f"#/$defs/d{index}"}})
        schema["$defs"][f"d{index + 1}"] = pair
    json_schema(schema)  # 2**24 leaves if it were copied


def test_a_branch_that_refers_back_to_its_own_union_is_refused() -> None:
    loop = {"type": "integer", "anyOf": [{"$ref": "#/$defs/a"}, {"minimum": 3}]}
    assert issues({"$ref": "#/$defs/a", "$defs": {"a": loop}})
    twice = {"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"anyOf": [{"const": 1}]}}}
    assert accepts(twice, "1")


def test_properties_are_written_in_the_order_the_schema_mentions_them() -> None:
    base = {"type": "object", "properties": {"b": {"const": 2}}, "required": ["b"]}
    parts = [{"properties": {"a": {"const": 1}}, "required": ["a"]}]
    for keyword in ("allOf", "anyOf", "oneOf"):
        assert accepts({keyword: parts, **base}, '{"a":1,"b":2}')
        assert not accepts({keyword: parts, **base}, '{"b":2,"a":1}')
        assert accepts({**base, keyword: parts}, '{"b":2,"a":1}')
        assert not accepts({**base, keyword: parts}, '{"a":1,"b":2}')


# ---- oneOf

A_OR_B = [{"type": "object", "properties": {name: {}}, "required": [name]} for name in "ab"]


def both(schema: Any, texts: list[str], **options: Any) -> None:
    """Engine and jsonschema say the same of every text."""
    for text in texts:
        assert accepts(schema, text, **options) == is_valid(schema, json.loads(text)), text


def test_one_of_objects_that_may_overlap() -> None:
    texts = ['{"a":1}', '{"b":1}', '{"a":1,"b":1}', "{}", '{"a":1,"c":1}']
    both({"oneOf": A_OR_B}, texts[:4])
    both({"oneOf": A_OR_B}, texts, open_objects=True)
    either = {"oneOf": A_OR_B, "anyOf": [{"properties": {"b": {}}}, {"properties": {"c": {}}}]}
    both(either, texts)
    both({"oneOf": A_OR_B, "properties": {"a": {}, "b": {}}}, texts[:4])
    inside = [{**A_OR_B[0], "anyOf": [{"properties": {"b": {}}}, True]}, A_OR_B[1]]
    both({"oneOf": inside}, texts[:4])
    third = {"type": "object", "properties": {"b": {"type": "string"}}}  # whose negation names a property of another
    both({"oneOf": [*A_OR_B, third]}, [*texts, '{"a":1,"b":"x"}'], open_objects=True)


@pytest.mark.parametrize(
    ("branches", "texts"),
    [
        ([{"type": "integer"}, {"type": "number"}], ["1", "1.5", "null", '"a"']),
        ([{"type": "string"}, {"type": "string", "maxLength": 3}], ['"abc"', '"abcd"']),
        ([{"type": "number", "minimum": 3}, {"type": "number", "maximum": 3}], ["2", "3", "4"]),
        ([{"const": 1}, {"type": "integer", "minimum": 0}], ["1", "0", "2"]),
        ([closed({"t": {"enum": ["x", "y"]}}), closed({"t": {"enum": ["y", "z"]}})], ['{"t":"x"}', '{"t":"y"}']),
        ([True, False], ["1", "null"]),
        ([{"type": "null"}, {"const": None}, {"enum": [None, 1]}], ["null", "1"]),
        ([{"enum": [[1], {"a": 1}]}, {"type": "object"}], ["[1]", '{"a":1}', "{}", "[2]"]),
    ],
    ids=str,
)
def test_one_of_branches_that_may_overlap(branches: list[Any], texts: list[str]) -> None:
    both({"oneOf": branches}, texts)


def test_one_of_without_a_document_is_refused() -> None:
    assert ("", "oneOf") in issues({"oneOf": [True, False, {}]})


@pytest.mark.parametrize(
    ("branches", "text"),
    [
        ([{"type": "integer", "minimum": 4}, {"type": "number", "exclusiveMaximum": 4}], "4"),
        ([{"const": 1}, {"type": "integer", "minimum": 2}], "1"),
        ([{"type": ["null", "string"]}, {"type": "array"}], "[]"),
        ([closed({"t": {"enum": ["x"]}}), closed({"t": {"enum": ["y", "z"]}})], '{"t":"z"}'),
        ([closed({"k": closed({"t": {"const": 1}})}), closed({"k": closed({"t": {"const": 2}})})], '{"k":{"t":2}}'),
        ([{"enum": [1, "a"]}, {"enum": [2, "b"]}], '"b"'),
        ([False, {"type": "null"}], "null"),
    ],
    ids=str,
)
def test_one_of_branches_proven_exclusive(branches: list[Any], text: str) -> None:
    assert accepts({"oneOf": branches}, text)


def test_keywords_beside_a_reference_are_reported_where_the_draft_ignores_them() -> None:
    schema = {"$schema": DRAFT_7, "$ref": "#/definitions/a", "minimum": 3, "definitions": {"a": {"type": "integer"}}}
    grammar = json_schema(schema)
    assert matches(grammar.node, b"1")
    assert any("minimum" in warning for warning in grammar.warnings)
    assert not accepts({key: value for key, value in schema.items() if key != "$schema"}, "1")


# ---- limits


def test_sizes_that_would_eat_the_machine_are_limits() -> None:
    with pytest.raises(LimitExceeded, match="max_schema_bytes"):
        json_schema(json.dumps({"enum": ["x" * 1000]}), limits=Limits(max_schema_bytes=100))
    with pytest.raises(LimitExceeded, match="max_enum_values"):
        json_schema({"properties": {"p": {"enum": list(range(20))}}}, limits=Limits(max_enum_values=10))
    with pytest.raises(LimitExceeded, match="max_schema_nodes"):
        json_schema(closed({f"p{i}": {"minimum": i} for i in range(50)}), limits=Limits(max_schema_nodes=20))
    branches = [{"anyOf": [{"minimum": i} for i in range(10)]} for _ in range(5)]
    with pytest.raises(LimitExceeded, match="max_branches"):
        json_schema({"allOf": branches})


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


def test_deep_schemas_are_limits_and_never_recursion_errors() -> None:
    json_schema(nested(60))
    for source in (nested(300), nested(50_000), "[" * 100_000, '{"items":' * 20_000 + "{}" + "}" * 20_000):
        with pytest.raises(LatticeworkError) as caught:
            json_schema(source)
        assert isinstance(caught.value, (LimitExceeded, SchemaError))
    deep_value: Any = 1
    for _ in range(5000):
        deep_value = [deep_value]
    with pytest.raises((LimitExceeded, SchemaError)):
        json_schema({"enum": [deep_value]})


def test_a_limit_hit_while_building_names_the_schema_node() -> None:
    schema = {"type": "object", "properties": {"a": {}, "p": {"type": "string", "pattern": "a.{12}b"}}}
    limits = Limits(max_states=2_000, max_nodes=2_000)
    with pytest.raises(LimitExceeded):
        build_automaton(json_schema(schema, limits=limits).node, limits)
    named = json_schema({"properties": {"q": {"type": "string", "pattern": "^(?!x).{200}$"}}}).node
    with pytest.raises(LimitExceeded) as caught:
        build_automaton(named, Limits(max_states=20))
    assert caught.value.where == "/properties/q"


@pytest.mark.parametrize("text", ["{", "", "nope", '{"type": "integer"', b"\xff"])
def test_text_that_is_no_json_is_an_error(text: str | bytes) -> None:
    with pytest.raises(SchemaError, match="no JSON"):
        json_schema(text)


# ---- the schemas of a real document


def test_a_schema_text_is_read_as_json() -> None:
    assert accepts('{"type": "integer"}', "12")


def test_grammars_compare_by_language_and_reading() -> None:
    one, two = json_schema({"type": "integer"}), json_schema({"title": "t", "type": "integer"})
    assert one == two
    assert one.digest == two.digest
    assert hash(one) == hash(two)
    assert json_schema({"type": "string"}) != one


def test_validator_agreement_on_every_example() -> None:
    for schema, text in ACCEPTED:
        value = json.loads(text)
        if isinstance(schema, dict) and "$schema" in schema:
            continue
        assert Draft202012Validator(schema).is_valid(value), (schema, text)
