"""Constraints of each kind for the integration tests, and what else says whether a text is one of their documents."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema

import latticework as lw

FLAT = {
    "type": "object",
    "properties": {"a": {"type": "string"}, "b": {"type": "integer"}, "c": {"enum": ["red", "grün"]}},
    "required": ["a", "b"],
}
BOUNDED = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 9}, "tags": {"type": "array", "items": {"enum": [1, 22]}}},
    "required": ["name", "tags"],
}
RECURSIVE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/node"}},
            "required": ["v"],
        }
    },
}
# Long texts of characters of two and four bytes and of escapes: no canvas border can avoid all of them.
WIDE = r"(é\\u00(e9|fc)|🙂\\n|ü){9,40}"
SUMS = 'start: term ("+" term)*\nterm: NUMBER | "(" start ")"\nNUMBER: /[0-9]+/\n'


@dataclass(frozen=True)
class Kind:
    """A grammar and an oracle that shares nothing with it."""

    grammar: Callable[[], lw.Grammar]
    is_valid: Callable[[str], bool]


def _schema(schema: dict[str, Any]) -> Kind:
    return Kind(
        lambda: lw.json_schema(schema), lambda text: jsonschema.Draft202012Validator(schema).is_valid(json.loads(text))
    )


def _is_json(text: str) -> bool:
    json.loads(text)
    return True


def _is_sum(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9+()]+", text)) and eval(re.sub(r"\b0+(?=\d)", "", text)) >= 0


KINDS = {
    "flat": _schema(FLAT),
    "bounded": _schema(BOUNDED),
    "recursive": _schema(RECURSIVE),
    "wide": Kind(lambda: lw.regex(WIDE), lambda text: re.fullmatch(WIDE, text) is not None),
    "json": Kind(lambda: lw.lark("json"), _is_json),
    "sums": Kind(lambda: lw.lark(SUMS), _is_sum),
}


@cache
def compiled(kind: str, vocabulary: lw.Vocabulary) -> Any:
    return lw.compile(KINDS[kind].grammar(), vocabulary)
