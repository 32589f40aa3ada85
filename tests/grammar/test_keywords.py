"""Every keyword of every draft stands in exactly one table."""

from __future__ import annotations

import pytest
from ir_matcher import matches
from jsonschema import Draft4Validator, Draft6Validator, Draft7Validator, Draft201909Validator, Draft202012Validator

from latticework.errors import SchemaError
from latticework.grammar import json_schema
from latticework.grammar.json_schema import keywords

TABLES = (keywords.ENFORCED, keywords.ANNOTATIONS, frozenset(keywords.REFUSED))
DRAFTS = (Draft4Validator, Draft6Validator, Draft7Validator, Draft201909Validator, Draft202012Validator)


@pytest.mark.parametrize("draft", DRAFTS)
def test_every_keyword_jsonschema_enforces_is_in_a_table(draft: type) -> None:
    for keyword in draft.VALIDATORS:
        assert sum(keyword in table for table in TABLES) == 1, keyword


@pytest.mark.parametrize("draft", DRAFTS)
def test_every_keyword_of_the_metaschema_is_in_a_table(draft: type) -> None:
    metaschema = draft.META_SCHEMA
    names = set(metaschema.get("properties", {}))
    for part in metaschema.get("allOf", ()):
        names |= set(draft(metaschema)._resolver.lookup(part["$ref"]).contents["properties"])
    assert len(names) > 20
    for keyword in names:
        assert sum(keyword in table for table in TABLES) == 1, keyword


def test_the_tables_do_not_overlap() -> None:
    for index, table in enumerate(TABLES):
        for other in TABLES[index + 1 :]:
            assert not table & other
    assert keywords.APPLICATORS <= keywords.ENFORCED


EXAMPLES = {
    "$dynamicRef": "#a",
    "$recursiveRef": "#",
    "contains": {"type": "null"},
    "dependencies": {"a": ["b"]},
    "dependentRequired": {"a": ["b"]},
    "dependentSchemas": {"a": {"required": ["b"]}},
    "disallow": "string",
    "divisibleBy": 2,
    "else": {"type": "null"},
    "extends": {},
    "if": {"type": "null"},
    "maxContains": 1,
    "minContains": 1,
    "multipleOf": 2,
    "not": {"type": "null"},
    "patternProperties": {"^a": {}},
    "propertyNames": {"maxLength": 3},
    "then": {"type": "null"},
    "unevaluatedItems": False,
    "unevaluatedProperties": False,
    "uniqueItems": True,
}


@pytest.mark.parametrize("keyword", sorted(keywords.REFUSED))
def test_refused_keywords_are_refused_with_pointer_and_hint(keyword: str) -> None:
    schema = {keyword: EXAMPLES[keyword], "contains": {"type": "null"}, "if": {"type": "null"}}
    with pytest.raises(SchemaError) as caught:
        json_schema({"properties": {"p": schema}})
    found = [issue for issue in caught.value.issues if issue.keyword == keyword]
    assert [issue.pointer for issue in found] == (["/properties/p"] if keyword not in ("if",) else [])
    assert all(issue.hint == keywords.REFUSED[keyword] for issue in found)


@pytest.mark.parametrize(
    "schema",
    [
        {"contains": {"type": "null"}, "minContains": 0},
        {"dependencies": {}},
        {"dependentRequired": {"a": []}},
        {"dependentSchemas": {}},
        {"else": {"type": "null"}},
        {"if": {"type": "null"}},
        {"maxContains": 1},
        {"minContains": 1},
        {"not": False},
        {"patternProperties": {}},
        {"propertyNames": {}},
        {"then": {"type": "null"}},
        {"unevaluatedItems": True},
        {"unevaluatedProperties": {}},
        {"uniqueItems": False},
    ],
    ids=str,
)
def test_uses_without_effect_pass(schema: dict) -> None:
    grammar = json_schema(schema)
    for text in (b"null", b"[1,1]", b'{"b":1}', b'"x"', b"3"):
        assert matches(grammar.node, text)


@pytest.mark.parametrize("keyword", sorted(keywords.ANNOTATIONS - {"$schema", "id", "$id"}))
def test_annotations_say_nothing(keyword: str) -> None:
    assert json_schema({"type": "integer", keyword: "x"}) == json_schema({"type": "integer"})
    assert json_schema({"type": "integer", keyword: "x"}).warnings == ()
