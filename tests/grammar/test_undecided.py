"""Given values that ``jsonschema`` judges wrongly or stumbles over are never accepted on its word."""

from __future__ import annotations

from typing import Any

import pytest

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import InputError, SchemaError
from latticework.grammar import json_schema
from latticework.grammar.json_schema.sources import JsonReader

DRAFT_2019 = {"$schema": "https://json-schema.org/draft/2019-09/schema"}
EXOTIC = r"^\p{Lu}"  # none of Python's


@pytest.mark.parametrize(
    "schema",
    [
        # contains evaluates nothing in 2019-09: the inner array has an item too many.
        {**DRAFT_2019, "enum": [[[1]]], "items": {"contains": {"const": 1}, "unevaluatedItems": False}},
        {**DRAFT_2019, "const": {"a": [1]}, "properties": {"a": {"contains": True, "unevaluatedItems": False}}},
        # jsonschema takes the length of the schema true.
        {**DRAFT_2019, "const": [[1]], "items": {"items": True, "unevaluatedItems": False}},
        {
            "const": [{"A": 1}],
            "items": {"patternProperties": {EXOTIC: True}, "unevaluatedProperties": False},
        },
    ],
)
def test_what_cannot_be_decided_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match="cannot be checked"):
        json_schema(schema)


def test_what_can_be_decided_is_kept() -> None:
    schema = {**DRAFT_2019, "enum": [[[]], [1], "x"], "items": {"contains": True, "unevaluatedItems": False}}
    automaton = build_automaton(json_schema({**schema, "enum": [[1], "x"]}).node)
    assert run.accepts(automaton, b"[1]")
    assert run.accepts(automaton, b'"x"')


def test_a_named_draft_keeps_our_reading_of_patterns() -> None:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "enum": ["Ab", "ab", ["Ab"]]}
    schema |= {"pattern": EXOTIC, "items": {"$ref": "#"}}
    automaton = build_automaton(json_schema(schema).node)
    assert run.accepts(automaton, b'"Ab"')
    assert not run.accepts(automaton, b'"ab"')
    assert run.accepts(automaton, b'["Ab"]')


def test_a_value_in_doubt_proves_no_branches_apart() -> None:
    """The first branch may satisfy the second, as far as can be told: a oneOf of them is not taken for exclusive."""
    doubt = {"type": "array", "items": {"contains": True, "unevaluatedItems": False}}
    with pytest.raises(SchemaError):
        json_schema({**DRAFT_2019, "oneOf": [{"const": [[1]]}, doubt]})


def test_a_text_that_cannot_be_checked_is_no_success() -> None:
    schema = {"patternProperties": {EXOTIC: True}, "unevaluatedProperties": False}
    with pytest.raises(InputError, match="cannot be checked"):
        JsonReader(None, schema)('{"A": 1}')
