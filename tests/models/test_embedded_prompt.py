"""The prompt of the embedded model, its tokenizer, and the hooks that other packages call."""

from __future__ import annotations

from typing import Any

import pytest

from latticework.models.embedded import BOS, WEIGHTS, build_prompt
from latticework.models.embedded.prompt import MAX_LINES, format_prompt, schema_leaves
from latticework.models.embedded.tokenizer import SPECIAL_TOKENS, load_tokenizer


def lines(schema: Any) -> list[str]:
    return [leaf.line() for leaf in schema_leaves(schema)]


def test_one_line_for_every_kind_of_value() -> None:
    schema = {
        "type": "object",
        "required": ["name", "born", "total", "count", "paid", "state", "tags", "parts", "owner"],
        "properties": {
            "name": {"type": "string"},
            "born": {"type": "string", "format": "date"},
            "total": {"type": ["number", "null"]},
            "count": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
            "paid": {"type": "boolean"},
            "state": {"enum": ["open", "done"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "scores": {"type": "array", "items": {"type": "number"}},
            "owner": {"$ref": "#/$defs/Person"},
            "kind": {"const": "a"},
            "level": {"type": ["string", "null"], "enum": ["low", "high", None]},
        },
        "$defs": {"Person": {"type": "object", "properties": {"mail": {"type": "string"}}, "required": ["mail"]}},
    }
    assert lines(schema) == [
        "name:s",
        "born:d",
        "total:n?",
        "count:i?",
        "paid:b",
        "state:e:open|done",
        "tags:l",
        "scores:ln*",
        "owner.mail:s",
        "kind:e*:a",
        "level:e?:low|high",
    ]


def test_arrays_of_objects_and_unions() -> None:
    item = {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}
    schema = {
        "type": "object",
        "required": ["items", "unit", "size"],
        "properties": {
            "items": {"type": "array", "items": item},
            "unit": {"oneOf": [{"const": "kg"}, {"const": "lb"}]},
            "size": {"allOf": [{"type": "integer"}, {"minimum": 1}]},
        },
    }
    assert lines(schema) == ["items[].sku:s", "unit:e:kg|lb", "size:i"]


@pytest.mark.parametrize(
    "schema",
    [
        None,
        True,
        7,
        "text",
        [],
        {},
        {"type": "array"},
        {"$ref": "#"},
        {"$ref": "#/nowhere/at/all"},
        {"$ref": "https://example.org/remote.json"},
        {"anyOf": []},
        {"anyOf": [{"type": "null"}]},
        {"type": []},
        {"type": 3, "properties": 4},
        {"properties": {"a": {"$ref": "#"}, "b": {"items": {"$ref": "#"}}, "c": False, "": {"enum": []}}},
        {"properties": {"a": {"type": "object", "required": 3, "properties": {"b": None}}}},
        {"properties": {"a": {"enum": [None, {"x": 1}, "two\nlines", 3.5]}}},
        {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"properties": {f"key{i}": {"type": "string"} for i in range(500)}},
    ],
)
def test_no_schema_raises(schema: Any) -> None:
    leaves = schema_leaves(schema)
    assert len(leaves) <= MAX_LINES
    assert all("\n" not in leaf.line() for leaf in leaves)
    assert build_prompt("some text", schema)[-1] == BOS


def test_layout() -> None:
    leaves = schema_leaves({"properties": {"a": {"type": "integer"}}, "required": ["a"]})
    assert format_prompt(leaves, "  The a is 3.\n") == "a:i\n\nThe a is 3.\n\n"


@pytest.mark.parametrize("text", ["plain", "Größe 12,50 € – 北京 🙂\t\x00\n", '{"a":"b"},"c":{}}', "<mask> <eos>"])
def test_text_survives_the_tokenizer(text: str) -> None:
    tokenizer = load_tokenizer(WEIGHTS)
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert min(ids) >= len(SPECIAL_TOKENS)  # text never becomes a special token
    assert tokenizer.decode(ids) == text


def test_a_value_has_the_same_ids_in_prose_and_in_json() -> None:
    tokenizer = load_tokenizer(WEIGHTS)

    def ids(text: str) -> list[int]:
        return tokenizer.encode(text, add_special_tokens=False)

    value = "Acme Labs GmbH"
    inside = ids(value)
    for before, after in ((" ", "."), ('"', '"'), ("(", ")")):
        assert ids(before + value + after)[1:-1] == inside


def test_special_ids_follow_their_names() -> None:
    tokenizer = load_tokenizer(WEIGHTS)
    assert tokenizer.convert_tokens_to_ids(list(SPECIAL_TOKENS)) == list(range(len(SPECIAL_TOKENS)))
    assert tokenizer.mask_token_id == SPECIAL_TOKENS.index("<mask>")
