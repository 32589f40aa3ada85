"""Options that choose among the documents of a schema: each keeps exactly those that its words promise."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any

import pytest
import schemas
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_matcher import matches
from pydantic import BaseModel
from schemas import DocumentMaker, SchemaMaker, spelt
from words import Sampler

import latticework as lw
from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import InputError, LimitExceeded, SchemaError
from latticework.grammar import Limits, json_schema

LIMITS = Limits(max_states=3_000, max_nodes=10_000, max_branches=200)


class Language:
    """A compiled schema."""

    def __init__(self, schema: Any, **options: Any) -> None:
        self.grammar = json_schema(schema, **options)
        self.automaton = build_automaton(self.grammar.node)

    def accepts(self, text: str) -> bool:
        return run.accepts(self.automaton, text.encode())

    def __contains__(self, value: Any) -> bool:
        return self.accepts(json.dumps(value, separators=(",", ":")))

    def texts(self, seed: int = 0) -> list[str]:
        sampler = Sampler(self.grammar.node, seed)
        return [sampler.text(most).decode() for most in range(0, 160, 2)]


# ---- optional properties

MAYBE = {"type": ["string", "null"]}
OBJECTS = [
    {"properties": {"a": MAYBE, "b": {"type": "string"}, "c": MAYBE}, "required": ["c"]},
    {"properties": {"a": {"anyOf": [{"type": "integer"}, {"type": "null"}]}, "b": {"enum": ["x", None]}}},
    {"properties": {"a": {"const": None}, "b": {"type": "null"}, "c": {"not": {"type": "null"}}}},
    {"properties": {"a": {"$ref": "#/$defs/m"}, "b": {"allOf": [{"$ref": "#/$defs/m"}, {"type": "string"}]}}},
    {"properties": {"a": MAYBE, "b": MAYBE, "c": MAYBE}, "maxProperties": 2},
    {"properties": {"a": MAYBE, "b": MAYBE, "c": MAYBE}, "minProperties": 2},
    {"properties": {"a": MAYBE, "b": MAYBE}, "dependentRequired": {"a": ["b"]}},
    {"properties": {"a": MAYBE, "b": MAYBE}, "not": {"required": ["a", "b"]}},
    {"properties": {"a": MAYBE}, "if": {"required": ["a"]}, "then": {"properties": {"b": MAYBE}}},
    {"properties": {"a": True, "b": False, "c": {}}},
    {"oneOf": [{"required": ["b"]}, {"required": ["a"]}], "properties": {"a": MAYBE, "b": MAYBE, "c": MAYBE}},
]
ABSENT = object()
VALUES = (ABSENT, None, "x", 7)


def documents() -> list[dict[str, Any]]:
    named = ({"a": a, "b": b, "c": c} for a, b, c in product(VALUES, repeat=3))
    return [{name: value for name, value in found.items() if value is not ABSENT} for found in named]


@pytest.mark.parametrize("schema", OBJECTS, ids=json.dumps)
def test_optional_chooses_among_the_documents_of_the_default(schema: dict[str, Any]) -> None:
    schema = {"type": "object", "additionalProperties": False, "$defs": {"m": MAYBE}, **schema}
    validator = schemas.validator(schema)
    both, omit, null = (Language(schema, optional=word, property_order="any") for word in ("both", "omit", "null"))
    for document in documents():
        if document in omit or document in null:
            assert document in both
            assert validator.is_valid(document)


@pytest.mark.parametrize("schema", OBJECTS[:4], ids=json.dumps)
def test_optional_keeps_what_it_says(schema: dict[str, Any]) -> None:
    schema = {"type": "object", "additionalProperties": False, "$defs": {"m": MAYBE}, **schema}
    both, omit, null = (Language(schema, optional=word) for word in ("both", "omit", "null"))
    required = schema.get("required", [])
    nullable = [name for name in schema["properties"] if name not in required and {name: None} in open_of(schema)]
    for document in documents():
        never_null = all(document.get(name, ABSENT) is not None for name in nullable)
        all_there = all(name in document for name in nullable)
        assert (document in omit) == (document in both and never_null)
        assert (document in null) == (document in both and all_there)
    assert any("optional=" in line for line in omit.grammar.narrowings)
    assert any("optional=" in line for line in null.grammar.narrowings)


def open_of(schema: dict[str, Any]) -> Language:
    return Language({**schema, "required": []})


def test_null_stands_where_fewer_properties_are_allowed() -> None:
    schema = {"type": "object", **OBJECTS[4]}
    language = Language(schema, optional="null")
    assert {"a": None} in language
    assert not any("optional=" in line for line in language.grammar.narrowings)


class Node(BaseModel):
    name: str
    label: str | None = None
    next: Node | None = None


def test_optional_is_how_pydantic_dumps() -> None:
    node = Node(name="a", next=Node(name="b", label="x"))
    omit, null = Language(Node, optional="omit"), Language(Node, optional="null")
    assert omit.accepts(node.model_dump_json(exclude_none=True))
    assert null.accepts(node.model_dump_json())
    assert not omit.accepts(node.model_dump_json())
    assert not null.accepts(node.model_dump_json(exclude_none=True))


# ---- strings


def test_minimal_escapes_are_those_json_needs() -> None:
    schema = {"type": "array", "items": [{"type": "string"}, {"type": "string", "maxLength": 9}, {}]}
    language = Language({**schema, "$schema": "http://json-schema.org/draft-07/schema#"}, escapes="minimal")
    for text in language.texts():
        for spelling in re.findall(r'"(?:[^"\\]|\\.)*"', text):
            lower = re.sub(r"\\u00[0-9a-fA-F]{2}", lambda match: match[0].lower(), spelling)
            assert json.dumps(json.loads(spelling), ensure_ascii=False) == lower
        assert "\\/" not in text
    for text in (r'["\u0041"]', r'["","\u00e9"]', r'["","",{"\u0041":1}]', r'["\/"]', r'["\u000a"]'):
        assert not language.accepts(text)
        assert Language({**schema, "$schema": "http://json-schema.org/draft-07/schema#"}).accepts(text)
    assert language.accepts('["\\n\\u001F\\\\\\"/","é"]')


def test_named_keys_are_excluded_in_minimal_spelling_too() -> None:
    schema = {"properties": {"ab": {"type": "integer"}}, "additionalProperties": {"type": "string"}, "type": "object"}
    language = Language(schema, escapes="minimal")
    assert language.accepts('{"ab":1,"abc":"x"}')
    for text in ('{"ab":"x"}', r'{"a\u0062":"x"}', r'{"\u0063":"x"}'):
        assert not language.accepts(text)


CAPPED = [
    ({"type": "string"}, 3),
    ({"type": "string", "maxLength": 2}, 2),
    ({"type": "string", "maxLength": 9}, 3),
    ({"type": "string", "minLength": 2}, 3),
    ({"type": "string", "pattern": "^(ab)*$"}, 3),
    ({"type": "string", "pattern": "a"}, 3),
    ({"type": "string", "not": {"const": "aa"}}, 3),
    ({}, 3),
]


@pytest.mark.parametrize(("schema", "most"), CAPPED, ids=str)
def test_max_string_length_bounds_values(schema: Any, most: int) -> None:
    language, free = Language(schema, max_string_length=3), Language(schema)
    for length in range(6):
        for letters in product("ab", repeat=length):
            value = "".join(letters)
            assert (value in language) == (value in free and length <= most)
    assert any("max_string_length" in line for line in language.grammar.narrowings) == (most == 3)


def test_max_string_length_leaves_keys_and_given_values() -> None:
    schema = {"type": "object", "propertyNames": {"pattern": "^a*$"}, "additionalProperties": {"enum": ["abcdef"]}}
    assert {"aaaaaa": "abcdef"} in Language(schema, max_string_length=2)


def test_a_longer_string_than_max_string_length_is_an_error() -> None:
    for schema in ({"type": "string", "minLength": 5}, {"type": "string", "format": "uuid"}):
        with pytest.raises(SchemaError, match="max_string_length"):
            json_schema(schema, max_string_length=4)


# ---- numbers

NUMBERS = [
    {"type": "number"},
    {"type": "integer"},
    {"type": "number", "minimum": 0},
    {"type": "number", "exclusiveMinimum": -3},
    {"type": "number", "maximum": 50, "minimum": 0.5},
    {"type": "integer", "minimum": 7},
    {"type": "number", "multipleOf": 0.5},
    {"type": "number", "not": {"enum": [5, 2.5, 1000]}},
    {},
]


@pytest.mark.parametrize("schema", NUMBERS, ids=json.dumps)
@pytest.mark.parametrize(("whole", "fraction"), [(2, 1), (1, 0), (None, 1), (2, None)])
def test_digits_are_bounded(schema: Any, whole: int | None, fraction: int | None) -> None:
    language = Language(schema, max_integer_digits=whole, max_fraction_digits=fraction)
    free = Language(schema)
    numerals = [
        sign + before + after
        for sign in ("", "-")
        for before in ("0", "1", "5", "7", "25", "50", "99", "100", "1000", "12345")
        for after in ("", ".0", ".5", ".25", ".125", "e1", "E-2")
    ]
    for text in numerals:
        digits, _, places = text.lstrip("-").partition(".")
        kept = "e" not in text.lower()
        kept = kept and (fraction is None or len(places) <= fraction)
        if whole is not None and (schema.get("maximum") is None or text.startswith("-")):
            kept = kept and len(digits) <= whole
        assert language.accepts(text) == (free.accepts(text) and kept), text
    assert language.grammar.narrowings


def test_numbers_beyond_the_digits_are_an_error() -> None:
    cases: list[tuple[Any, dict[str, Any]]] = [
        ({"type": "number", "minimum": 1000}, {"max_integer_digits": 3}),
        ({"type": "number", "minimum": 0.001, "maximum": 0.002}, {"max_fraction_digits": 2}),
        ({"allOf": [{"type": "number"}, {"not": {"type": "integer"}}]}, {"max_fraction_digits": 0}),
    ]
    for schema, options in cases:
        with pytest.raises(SchemaError, match="digits"):
            json_schema(schema, **options)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3), st.integers(1, 4), st.integers(0, 4))
@settings(max_examples=200, deadline=None)
def test_any_decimal_is_in_or_out_by_its_digits(value: Decimal, whole: int, fraction: int) -> None:
    text = format(value, "f")
    before, _, after = text.lstrip("-").partition(".")
    node = json_schema({"type": "number"}, max_integer_digits=whole, max_fraction_digits=fraction).node
    assert matches(node, text.encode()) == (len(before) <= whole and len(after) <= fraction)


# ---- formats and OpenAPI


def test_format_may_be_an_annotation() -> None:
    schema = {"type": "object", "properties": {"d": {"format": "date"}, "e": {"enum": ["x"], "format": "date"}}}
    assert {"d": "soon"} not in Language(schema)
    language = Language(schema, format="annotation")
    assert {"d": "soon", "e": "x"} in language
    with pytest.raises(SchemaError):
        json_schema({"not": {"format": "date"}}, format="annotation")
    widened = json_schema(
        {"type": "string", "format": "date", "pattern": r"(a)\1"}, format="annotation", on_unsupported="widen"
    )
    assert widened.parse('"aa"') == "aa"


def test_nullable_counts_under_openapi_only() -> None:
    string = {"type": "string", "nullable": True}
    for schema, meaning in (
        (string, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"nullable": True, "enum": ["a"]}, {"enum": ["a"]}),
        ({**string, "enum": ["a"]}, {"enum": ["a"]}),
        ({**string, "enum": ["a", None]}, {"enum": ["a", None]}),
        ({**string, "default": {"type": "x", "nullable": True}}, {"type": ["string", "null"]}),
        ({"type": "array", "items": string}, {"type": "array", "items": {"type": ["string", "null"]}}),
        (
            {"type": "object", "properties": {"nullable": string}},
            {"type": "object", "properties": {"nullable": {"type": ["string", "null"]}}},
        ),
        (
            {"$ref": "#/components/schemas/S", "components": {"schemas": {"S": string}}},
            {"type": ["string", "null"]},
        ),
        ({"allOf": [{"type": "string"}], "nullable": True}, {"type": "string"}),
    ):
        before = json.dumps(schema)
        language, wanted = Language(schema, openapi=True), schemas.validator(meaning)
        for value in (None, "a", "b", 1, [], [None], ["a"], {}, {"nullable": None}, {"nullable": "a"}):
            assert (value in language) == wanted.is_valid(value), (schema, value)
            assert schemas.validator(language.grammar.schema).is_valid(value) == wanted.is_valid(value)
        assert json.dumps(schema) == before
    plain = Language(string)
    assert None not in plain
    assert any("openapi=True" in line for line in plain.grammar.warnings)


def test_a_discriminator_says_nothing_and_its_branches_are_disjoint() -> None:
    def pet(kind: str, **more: Any) -> dict[str, Any]:
        return {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": [kind]}, **more}}

    schema = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Dog"}},
        "components": {"schemas": {"Cat": pet("cat", n={"type": "integer"}), "Dog": pet("dog", s={"type": "string"})}},
    }
    one, any_of = Language(schema, openapi=True), Language({**schema, "anyOf": schema["oneOf"], "oneOf": [{}]})
    for document in ({"kind": "cat", "n": 1}, {"kind": "dog", "s": "x"}, {"kind": "dog", "n": 1}, {"kind": "cow"}):
        assert (document in one) == (document in any_of)
    assert one.automaton.states == any_of.automaton.states


# ---- all options together


@given(st.integers(0, 2**40))
@settings(max_examples=120, deadline=None)
def test_options_only_leave_documents_out(seed: int) -> None:
    random = Random(seed)
    schema = SchemaMaker(random, random.choice(sorted(schemas.DRAFTS)), False, 0.0).document(2)
    options = {
        "optional": random.choice(("omit", "null")),
        "escapes": random.choice(("any", "minimal")),
        "max_string_length": random.choice((None, 3)),
        "max_integer_digits": random.choice((None, 2)),
        "max_fraction_digits": random.choice((None, 0, 1)),
        "max_depth": 1,
        "limits": LIMITS,
    }
    try:
        narrow, wide = json_schema(schema, **options), json_schema(schema, max_depth=1, limits=LIMITS)
        inside, outside = build_automaton(narrow.node, LIMITS), build_automaton(wide.node, LIMITS)
    except (SchemaError, LimitExceeded):
        return
    maker = DocumentMaker(random)
    maker.root = schema
    values = [maker.mutated(maker.near(schema)) if random.random() < 0.5 else maker.near(schema) for _ in range(30)]
    texts = [json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values]
    texts += [spelt(value, random) for value in values]
    for text in texts:
        if run.accepts(inside, text.encode()):
            assert run.accepts(outside, text.encode()), (schema, text)
            assert schemas.validator(schema).is_valid(json.loads(text)), (schema, text)


def test_options_that_change_the_language_change_the_digest() -> None:
    properties = {"a": MAYBE, "d": {"type": "string", "format": "date"}, "n": {"type": "number"}}
    schema = {"type": "object", "properties": properties}
    changes: list[dict[str, Any]] = [
        {},
        {"optional": "omit"},
        {"optional": "null"},
        {"escapes": "minimal"},
        {"max_string_length": 5},
        {"max_string_length": 12},
        {"max_integer_digits": 3},
        {"max_fraction_digits": 3},
        {"format": "annotation"},
    ]
    grammars = [json_schema(schema, **change) for change in changes]
    assert len({grammar.digest for grammar in grammars}) == len(set(grammars)) == len(changes)
    vocabulary = lw.Vocabulary([bytes((value,)) for value in range(256)], special={})
    text = b'{"a":"\\u0041"}'.decode()
    assert [lw.compile(grammar, vocabulary).accepts(text) for grammar in (grammars[0], grammars[3])] == [True, False]


@pytest.mark.parametrize(
    "wrong",
    [
        {"optional": "never"},
        {"escapes": "all"},
        {"format": "maybe"},
        {"max_string_length": -1},
        {"max_string_length": True},
        {"max_integer_digits": 0},
        {"max_integer_digits": 20},
        {"max_fraction_digits": 18},
    ],
)
def test_wrong_options_are_input_errors(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        json_schema({}, **wrong)
