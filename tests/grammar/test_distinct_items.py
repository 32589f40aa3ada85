"""``distinct="narrow"``: unlisted unique items. What is accepted is valid; most arrays of few items are accepted."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
import schemas
from grading import membership
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_matcher import matches
from schemas import DocumentMaker, SchemaMaker, spelt
from words import Sampler

from latticework.errors import LimitExceeded, SchemaError
from latticework.grammar import Limits, json_schema

LIMITS = Limits(max_states=20_000, max_nodes=20_000, max_branches=100)
STRING = {"type": "string"}
UNIQUE = {"type": "array", "uniqueItems": True}
TREE = {"type": "object", "properties": {"a": STRING, "b": {"type": ["number", "null"]}}, "required": ["a"]}
ITEMS: list[Any] = [
    STRING,
    {"type": "string", "minLength": 2, "maxLength": 4},
    {"type": "string", "pattern": "^a+b?$"},
    {"type": "string", "format": "date"},
    {"type": "integer"},
    {"type": "number"},
    {"type": "number", "minimum": 0, "multipleOf": 0.5},
    {"type": ["string", "boolean", "null"]},
    TREE,
    {**TREE, "additionalProperties": {"type": "integer"}},
    {"type": "object", "patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False},
    {"type": "array", "items": {"type": "number"}, "maxItems": 2},
    {"anyOf": [{"enum": [{"a": 1, "b": 2}, {"b": 2, "a": 1.0}, "\x1f"]}, {"type": "integer"}]},
    {"not": {"type": "object", "additionalProperties": {"type": "string"}}},
    {},
]


class Language:
    def __init__(self, schema: Any, **options: Any) -> None:
        self.schema = schema
        self.grammar = json_schema(schema, limits=LIMITS, distinct="narrow", **options)
        self.is_regular = self.grammar.context_free is None
        self.has = membership(self.grammar, LIMITS)
        self.validator = schemas.validator(schema)

    def accepts(self, text: str) -> bool:
        return self.has(text.encode())

    def check(self, text: str) -> bool:
        """Whether it is accepted, for which it has to be valid."""
        accepted = self.accepts(text)
        assert not accepted or self.validator.is_valid(json.loads(text)), (self.schema, text)
        return accepted

    def walk(self, seed: int) -> None:
        """Checks random texts of a regular language."""
        sampler = Sampler(self.grammar.node, seed)
        for most in (0, 4, 8, 12, 20, 30, 40, 60, 80, 120):
            assert self.check(sampler.text(most).decode())


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def respelt(value: Any, random: Random) -> str:
    """Another text of the same value: keys in another order, doubled keys, escapes, other numerals."""
    if isinstance(value, dict):
        members = random.sample([*value.items()], len(value))
        parts = [f"{spelt(name, random)}:{respelt(member, random)}" for name, member in members]
        if parts and random.random() < 0.3:
            name = random.choice(members)[0]
            parts.insert(0, f"{compact(name)}:1")
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list):
        return "[" + ",".join(respelt(item, random) for item in value) + "]"
    return spelt(value, random)


@pytest.mark.parametrize("order", ["schema", "any"])
@pytest.mark.parametrize("items", ITEMS, ids=compact)
def test_what_is_accepted_has_different_items(items: Any, order: Any) -> None:
    schema = {**UNIQUE, "items": items}
    language = Language(schema, property_order=order, open_objects=True)
    assert any("unique items" in line for line in language.grammar.narrowings)
    language.walk(0)
    random = Random(1)
    maker = DocumentMaker(random)
    for _ in range(150):
        values = [maker.near(items) for _ in range(random.choice((1, 1, 2)))]
        language.check(compact(values))
        texts = [respelt(value, random) for value in [*values, *values]]
        language.check(f"[{','.join(texts)}]")
        language.check(f"[{','.join(map(compact, random.choices(values, k=2)))}]")


@pytest.mark.parametrize(
    ("items", "one", "other"),
    [
        (STRING, '"a"', r'"\u0061"'),
        (STRING, '"/"', r'"\/"'),
        (STRING, r'"\u001f"', r'"\u001F"'),
        (STRING, '"😀"', r'"\ud83d\ude00"'),
        ({"type": "number"}, "1", "1.0"),
        ({"type": "number"}, "1", "1e0"),
        ({"type": "number"}, "0", "-0"),
        ({"type": "number"}, "0.5", "0.50"),
        ({"type": "number"}, "0.1", "0.10000000000000001"),
        ({"type": "number"}, "0.001", "1e-3"),
        (TREE, '{"a":"","b":1}', '{"b":1,"a":""}'),
        ({**TREE, "additionalProperties": True}, '{"a":"x","c":1}', '{"a":"x","c":2,"c":1}'),
        ({"type": "object"}, '{"c":1,"d":2}', '{"d":2,"c":1}'),
        ({"type": "array", "items": STRING}, '["a"]', r'["\u0061"]'),
    ],
)
def test_equal_items_in_other_words(items: Any, one: str, other: str) -> None:
    for options in ({}, {"property_order": "any"}, {"whitespace": "any"}):
        language = Language({**UNIQUE, "items": items}, open_objects=True, **options)
        for text in (f"[{one},{other}]", f"[{other},{one}]", f"[{one},{one}]", f"[ {one} ,{one}]"):
            assert not language.check(text)


def test_blanks_do_not_tell_items_apart() -> None:
    language = Language({**UNIQUE, "items": TREE}, whitespace="any", max_whitespace=3)
    assert language.check('[{"a": "x"},{ "a":"y"}]')
    assert not language.accepts('[{"a":"x"},{ "a" :"x" }]')


def test_most_arrays_of_two_or_three_strings_are_accepted() -> None:
    language = Language({**UNIQUE, "items": STRING})
    random = Random(0)

    def kept(count: int) -> float:
        found = [["".join(random.choices("abcdefgh", k=6)) for _ in range(count)] for _ in range(400)]
        return sum(language.check(compact(value)) for value in found) / len(found)

    assert language.accepts("[]")
    assert kept(1) == 1
    assert kept(2) > 0.85
    assert kept(3) > 0.65
    assert 0 < kept(4) < 0.4


def test_bounds_on_the_number_of_items() -> None:
    language = Language({**UNIQUE, "items": STRING, "minItems": 2, "maxItems": 3})
    assert language.check('["a","b"]')
    assert language.check('["a","c","b"]')
    for text in ('["a"]', "[]", '["a","b","c","d"]', '["a","a"]'):
        assert not language.accepts(text)
    Language({**UNIQUE, "items": STRING, "minItems": 12}).walk(0)
    with pytest.raises(SchemaError, match="uniqueItems"):
        json_schema({**UNIQUE, "items": STRING, "minItems": 17}, distinct="narrow")


def test_large_items_stand_alone() -> None:
    language = Language({**UNIQUE, "items": {"type": "string", "maxLength": 3000}})
    assert any("at most one" in line for line in language.grammar.narrowings)
    assert language.check(r'["\u0061"]')
    assert language.accepts("[]")
    assert not language.accepts('["a","b"]')
    with pytest.raises(SchemaError, match="uniqueItems"):
        json_schema({**language.schema, "minItems": 2}, distinct="narrow")


def test_beside_contains() -> None:
    language = Language({**UNIQUE, "items": STRING, "contains": {"const": "b"}})
    assert language.check('["a","b"]')
    for text in ("[]", '["a"]', '["b","b"]', '["a","c"]'):
        assert not language.check(text)


# ---- minProperties of properties without a name

NUMBERS = {"type": "object", "additionalProperties": {"type": "integer"}}


def test_several_properties_without_a_name() -> None:
    language = Language({**NUMBERS, "minProperties": 2})
    assert any("minProperties" in line for line in language.grammar.narrowings)
    assert language.check('{"a":1,"b":2}')
    assert language.check('{"a":1,"b":2,"a":3}')
    for text in ("{}", '{"a":1}', '{"a":1,"a":1}', r'{"a":1,"\u0061":1}', '{"a":1,"b":"x"}'):
        assert not language.check(text)
    language.walk(0)
    with pytest.raises(SchemaError, match="distinct"):
        json_schema({**NUMBERS, "minProperties": 2})
    with pytest.raises(SchemaError, match="distinct keys"):
        json_schema({**NUMBERS, "minProperties": 40}, distinct="narrow")


def test_named_ones_count_as_well() -> None:
    named = {"properties": {"x": {"type": "null"}, "y": {"type": "null"}}, "required": ["y"]}
    language = Language({**NUMBERS, **named, "minProperties": 3, "maxProperties": 4})
    for text in ('{"y":null,"a":1,"b":2}', '{"x":null,"y":null,"a":1}', '{"x":null,"y":null,"a":1,"b":2}'):
        assert language.check(text)
    for text in ('{"x":null,"y":null}', '{"y":null,"a":1,"a":1}', '{"y":null,"a":1}', '{"a":1,"b":2,"c":3}'):
        assert not language.check(text)
    assert not language.check('{"x":null,"y":null,"a":1,"b":2,"c":3}')
    language.walk(1)


@pytest.mark.parametrize("whitespace", ["compact", "any", "pretty"])
@pytest.mark.parametrize(
    "schema",
    [
        {"minProperties": 2},
        {"minProperties": 3, "additionalProperties": {"minProperties": 1, "type": "object"}},
        {"minProperties": 2, "propertyNames": {"maxLength": 3}, "maxProperties": 3},
        {"minProperties": 2, "patternProperties": {"^a": {"type": "integer"}}, "additionalProperties": False},
        {"minProperties": 4, "required": ["a", "b"]},
        {"minProperties": 2, "additionalProperties": {"type": "string", "maxLength": 90}},
        {**UNIQUE, "items": {"minProperties": 1, "type": "object"}},
    ],
    ids=compact,
)
def test_documents_with_several_properties(schema: dict[str, Any], whitespace: str) -> None:
    language = Language({"type": "object", **schema}, open_objects=True, whitespace=whitespace)
    language.walk(0)
    random = Random(2)
    for value in schemas.near(random, schema, 60):
        language.check(compact(value))
        language.check(respelt(value, random))


@given(st.integers(0, 2**40))
@settings(deadline=None, max_examples=60)
def test_items_of_any_schema(seed: int) -> None:
    random = Random(seed)
    items = SchemaMaker(random, random.choice(sorted(schemas.DRAFTS))).document(2)
    schema = {**UNIQUE, "items": items}
    if isinstance(items, dict):
        schema |= {keyword: items.pop(keyword) for keyword in ("$schema", "$defs", "definitions") if keyword in items}
    options = {"property_order": random.choice(("schema", "any")), "recursion": random.choice(("bounded", "exact"))}
    try:
        language = Language(schema, **options, max_depth=1)
        if language.is_regular:
            language.walk(seed)
    except (SchemaError, LimitExceeded):
        return
    maker = DocumentMaker(random)
    maker.root = schema
    for _ in range(25):
        value = maker.near(schema)
        pairs = [value, *(value if isinstance(value, list) else ())]
        language.check(compact(value))
        text = f"[{','.join(respelt(item, random) for item in pairs[1:] * 2)}]"
        language.check(text)
        if language.is_regular and len(text) <= 40:
            assert matches(language.grammar.node, text.encode()) == language.accepts(text)
