"""Strings of schemas that follow grammars: against ``jsonschema`` and what the grammar says of each string."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from recogniser import Recogniser

import latticework as lw
from latticework.automata.build import build_automaton
from latticework.automata.run import accepts

CODE = lw.lark(r"""
    start: (NAME | TEXT | "(" start ")")*
    NAME: /[a-z]+/
    TEXT: /"[^"\n]*"/
    %ignore /[ \n]+/
""")
WORD = lw.regex(r'[ab"]+')
PLAIN = {"type": "string"}
TEXTS = ["", "a", '"', '""', "a \n", '(\n"x" a)', "(", "\\", "A", '"\\"b', ")(", '\n""']
SCHEMAS: dict[str, tuple[dict[str, Any], dict[str, lw.Grammar]]] = {
    "call": (
        {
            "type": "object",
            "properties": {"name": {"enum": ["run", "ask"]}, "code": {**PLAIN, "description": "source"}},
            "required": ["code"],
            "additionalProperties": False,
        },
        {"/properties/code": CODE},
    ),
    "definition": (
        {
            "$defs": {"code": PLAIN, "word": PLAIN},
            "type": "object",
            "properties": {
                "code": {"anyOf": [{"$ref": "#/$defs/code"}, {"type": "null"}]},
                "name": {"type": "array", "items": {"$ref": "#/$defs/word"}},
            },
            "additionalProperties": False,
        },
        {"#/$defs/code": CODE, "/$defs/word": WORD},
    ),
    "regular": (
        {"type": "object", "properties": {"name": PLAIN, "code": PLAIN}, "additionalProperties": False},
        {"/properties/name": WORD},
    ),
    "recursive": (
        {
            "type": "object",
            "properties": {"code": PLAIN, "name": {"$ref": "#"}},
            "required": ["code"],
            "additionalProperties": False,
        },
        {"/properties/code": CODE},
    ),
}


def accepter(grammar: lw.Grammar) -> Callable[[str], bool]:
    if grammar.context_free is not None:
        return Recogniser(grammar).accepts
    automaton = build_automaton(grammar.node)
    return lambda text: accepts(automaton, text.encode())


@cache
def is_text_of(grammar: lw.Grammar) -> Callable[[str], bool]:
    return accepter(grammar)


def strings_at(name: str, value: dict[str, Any]) -> list[tuple[str, lw.Grammar]]:
    """The strings for which a schema has a grammar."""
    found: list[tuple[str, lw.Grammar]] = []
    code, other = value.get("code"), value.get("name")
    if name != "regular" and isinstance(code, str):
        found.append((code, CODE))
    if name == "definition":
        found += [(text, WORD) for text in other or []]
    if name == "regular" and isinstance(other, str):
        found.append((other, WORD))
    if name == "recursive" and isinstance(other, dict):
        found += strings_at(name, other)
    return found


@pytest.mark.parametrize("name", SCHEMAS)
def test_documents_satisfy_the_schema_and_their_strings_the_grammars(name: str) -> None:
    schema, strings = SCHEMAS[name]
    grammar = lw.json_schema(schema, strings=strings)
    is_accepted, validator = accepter(grammar), Draft202012Validator(schema)
    others: list[Any] = [None, "run", 'a"', ["a", "b"], ["\\"], {"code": "a"}, {"code": "(", "name": {"code": "a"}}]
    count = 0
    for code, other in product([*TEXTS, None, 1], others):
        for value in ({"code": code}, {"name": other}, {"name": other, "code": code}, {"code": code, "name": other}):
            if not validator.is_valid(value) or list(value) != [key for key in schema["properties"] if key in value]:
                continue
            wanted = all(is_text_of(own)(text) for text, own in strings_at(name, value))
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            assert is_accepted(text) == wanted, text
            if wanted:
                assert grammar.parse(text) == value
            count += wanted
    assert count > 10


BESIDE: list[dict[str, Any]] = [
    {"oneOf": [{"required": ["code"]}, {"required": ["name"]}]},
    {"oneOf": [{"properties": {"code": {"type": "string"}}}, {"properties": {"code": {"maxLength": 1}}}]},
    {"if": {"required": ["name"]}, "then": {"required": ["code"]}},
    {"if": {"properties": {"code": {"const": "a"}}}, "then": {"required": ["name"]}},
    {"not": {"properties": {"code": {"type": "string"}}, "required": ["name"]}},
    {"not": {"properties": {"code": {"const": "a"}}}},
    {"not": {"$ref": "#/properties/code"}},
    {"anyOf": [{"properties": {"code": {"enum": ["(", "a"]}}}, {"required": ["name"]}]},
    {"anyOf": [{"properties": {"name": {"$ref": "#/properties/code"}}}, {"properties": {"name": {"type": "null"}}}]},
    {"patternProperties": {"^c": {"minLength": 1}}},
    {"patternProperties": {"^n": {"$ref": "#/properties/code"}}},
    {"additionalProperties": {"$ref": "#/properties/code"}},
    {"unevaluatedProperties": False},
    {"dependentSchemas": {"name": {"properties": {"code": {"pattern": "a"}}}}},
    {"const": {"code": "("}},
    {"allOf": [{"enum": [{"code": "("}, {"name": "a"}]}]},
    {"minProperties": 1, "maxProperties": 1},
    {"propertyNames": {"enum": ["code", "name"]}},
]


@pytest.mark.parametrize("more", BESIDE, ids=lambda more: "".join(more))
@pytest.mark.parametrize("order", ["schema", "any"])
def test_no_keyword_beside_lets_another_string_by(more: dict[str, Any], order: Any) -> None:
    schema = {"type": "object", "properties": {"code": PLAIN}, **more}
    try:
        grammar = lw.json_schema(schema, strings={"/properties/code": CODE}, property_order=order)
    except (lw.SchemaError, lw.InputError):
        return
    is_accepted, validator = accepter(grammar), Draft202012Validator(schema)
    others: list[Any] = [None, "a", "(", 1]
    for code, other in product(TEXTS[:8], others):
        values: list[dict[str, Any]] = [{"code": code}, {"name": other}, {"code": code, "name": other}]
        for value in (*values, {"name": other, "code": code}):
            if is_accepted(json.dumps(value, ensure_ascii=False, separators=(",", ":"))):
                assert validator.is_valid(value), value
                assert "code" not in value or is_text_of(CODE)(value["code"]), value


def test_a_canvas_holds_only_calls_whose_code_is_code() -> None:
    schema, strings = SCHEMAS["call"]
    tokens = [b'{"code":', b'"', b"a", b"\\", b'\\"', b"(", b")", b"}", b"n"]
    vocabulary = lw.Vocabulary([*tokens, b""], {len(tokens): "eos"})
    constraint = lw.compile(lw.json_schema(schema, strings=strings), vocabulary)
    given, free = np.array([0, 1, 0, 0, 0, 1, 7]), np.array([0, 0, 1, 1, 1, 0, 0], np.bool_)
    expected = np.zeros((len(given), len(tokens) + 1), np.bool_)
    for middle in product(range(len(tokens)), repeat=3):
        word = [0, 1, *middle, 1, 7]
        try:
            value = json.loads(b"".join(tokens[token] for token in word))
        except ValueError:
            continue
        if list(value) == ["code"] and is_text_of(CODE)(value["code"]):
            expected[np.arange(len(word)), word] = True
    assert np.array_equal(constraint.session(given, free, False).admissible(), expected)


def properties(**schemas: Any) -> dict[str, Any]:
    return {"type": "object", "properties": schemas, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "place", "message"),
    [
        (properties(a=PLAIN), "/properties/b", "no schema here"),
        (properties(a={"type": "integer"}), "/properties/a", "not type: string"),
        (properties(a={**PLAIN, "maxLength": 3}), "/properties/a", "maxLength cannot be enforced"),
        ({**properties(a=PLAIN), "$defs": {"b": PLAIN}}, "/$defs/b", "nothing is written"),
        ({**properties(a=PLAIN), "enum": [{"a": "("}]}, "/properties/a", "enum"),
        ({**properties(a=PLAIN), "allOf": [{"properties": {"a": {"enum": ["("]}}}]}, "/properties/a", "enum"),
        ({**properties(a=PLAIN), "allOf": [{"properties": {"a": {"minLength": 2}}}]}, "/properties/a", "together"),
        (
            {**properties(a=PLAIN), "allOf": [{"properties": {"a": {"not": {"const": "a"}}}}]},
            "/properties/a",
            "together",
        ),
        ({"type": "object", "propertyNames": PLAIN}, "/propertyNames", "together"),
        (properties(a={"type": "array", "items": PLAIN, "uniqueItems": True}), "/properties/a/items", "not listed"),
    ],
)
def test_what_is_refused(schema: dict[str, Any], place: str, message: str) -> None:
    with pytest.raises(lw.SchemaError, match=message):
        lw.json_schema(schema, strings={place: CODE})


def test_options_that_do_not_go_together() -> None:
    schema, strings = SCHEMAS["call"]
    with pytest.raises(lw.InputError, match="recursion"):
        lw.json_schema(schema, strings=strings, recursion="bounded")
    with pytest.raises(lw.InputError, match="max_string_length"):
        lw.json_schema(schema, strings=strings, max_string_length=9)
    with pytest.raises(lw.SchemaError, match="layout"):
        lw.json_schema(schema, strings=strings, whitespace="pretty")
