"""Example tables: documents that a schema admits and that it does not, held to ``jsonschema`` as well."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import schemas

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.grammar import json_schema


def check(schema: Any, valid: list[str], invalid: list[str], orders: bool = False, **options: Any) -> None:
    """``valid`` texts are accepted, ``invalid`` ones are not, and ``jsonschema`` says the same of what they read as.

    ``orders``: valid objects in some order of their keys.
    """
    automaton = build_automaton(json_schema(schema, **{"max_depth": 1, **options}).node)
    judge = schemas.validator(schema)
    judge.check_schema(schema)
    for text in valid:
        assert judge.is_valid(json.loads(text)), f"{text} is invalid, says jsonschema"
        spellings = reordered(text) if orders else [text]
        assert any(run.accepts(automaton, spelling.encode()) for spelling in spellings), f"{text} is rejected"
    for text in invalid:
        assert not judge.is_valid(json.loads(text)), f"{text} is valid, says jsonschema"
        assert not run.accepts(automaton, text.encode()), f"{text} is accepted"


def reordered(text: str) -> list[str]:
    """The document with the keys of the outermost object in every order."""
    value = json.loads(text)
    if not isinstance(value, dict):
        return [text]
    return [json.dumps(dict(order), separators=(",", ":")) for order in permutations(value.items())]


def narrowed(schema: Any, texts: list[str], **options: Any) -> None:
    """The texts are valid, and left out on purpose."""
    grammar = json_schema(schema, **{"max_depth": 1, **options})
    assert grammar.narrowings
    automaton = build_automaton(grammar.node)
    for text in texts:
        assert schemas.validator(schema).is_valid(json.loads(text)), f"{text} is invalid, says jsonschema"
        assert not run.accepts(automaton, text.encode()), f"{text} is accepted"
