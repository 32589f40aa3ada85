"""What a schema leaves out on purpose stands in its narrowings, or in the error where nothing is left."""

from __future__ import annotations

from typing import Any

import pytest
from schemas import DRAFTS

from latticework.errors import SchemaError
from latticework.grammar import json_schema

DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020 = list(DRAFTS.values())[1:]
FOREIGN = "keywords of other drafts are enforced"


def narrowings(schema: Any, **options: Any) -> str:
    return "\n".join(json_schema(schema, **options).narrowings)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$schema": DRAFT_6, "if": {"type": "string"}, "then": {"maxLength": 3}}, "if, then"),
        ({"$schema": DRAFT_4, "allOf": [{"items": {"const": 1}}]}, "const"),
        ({"$schema": DRAFT_2020, "dependencies": {"a": ["b"]}}, "dependencies"),
        ({"dependencies": {"a": ["b"]}}, "dependencies"),
    ],
)
def test_keywords_of_other_drafts(schema: Any, words: str) -> None:
    assert f"{FOREIGN}: {words}" in narrowings(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"$schema": DRAFT_7, "if": {"type": "string"}, "then": {"maxLength": 3}},
        {"$schema": DRAFT_4, "dependencies": {"a": ["b"]}},
        {"$schema": DRAFT_4, "enum": [{"const": 1}], "properties": {"if": {"type": "string"}}},
    ],
)
def test_keywords_of_the_draft_itself(schema: Any) -> None:
    assert FOREIGN not in narrowings(schema)


@pytest.mark.parametrize(
    ("schema", "differs"),
    [
        ({"pattern": "^\\D$"}, True),
        ({"patternProperties": {"\\s": {"type": "integer"}}}, True),
        ({"type": "string", "not": {"pattern": "\\w"}}, True),
        ({"pattern": "^[a-z]+$"}, False),
    ],
)
def test_patterns_whose_classes_dialects_read_differently(schema: Any, differs: bool) -> None:
    assert ("ECMAScript and Python agree" in narrowings(schema)) is differs


def test_negated_formats() -> None:
    assert "not format ipv4" in narrowings({"type": "string", "not": {"format": "ipv4"}})


def test_an_unknown_draft() -> None:
    assert "unknown $schema" in narrowings({"$schema": "http://example.com/draft", "type": "string"})


def test_an_object_that_only_further_properties_could_fill() -> None:
    schema = {"type": "object", "properties": {"a": False}, "minProperties": 1}
    with pytest.raises(SchemaError, match="open_objects=True allows them"):
        json_schema(schema)
    assert json_schema(schema, open_objects=True)
