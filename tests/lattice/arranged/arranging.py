"""Small languages with members in any order, by enumeration: every document, every way to cut it into tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from itertools import permutations, product
from typing import Any

from latticework.compiler import compile
from latticework.grammar import json_schema
from latticework.lattice.arranged.constraint import ArrangedConstraint
from latticework.tokens.vocabulary import Vocabulary

SINGLE = [bytes([byte]) for byte in b'{}[],:"01abcde']
LONGER = [b'{"', b'":', b',"', b'":0', b'a":0,"b', b'0,"', b'"a":0', b'":0,"', b'"}', b'c":1', b'{"a":0,"b":0']
VOCABULARY = Vocabulary([*SINGLE, *LONGER, b""], special={len(SINGLE) + len(LONGER): "eos"})
END = len(VOCABULARY) - 1
TEXT_OF = [*SINGLE, *LONGER]


def constraint_of(schema: Any, vocabulary: Vocabulary = VOCABULARY) -> ArrangedConstraint:
    found = compile(json_schema(schema, property_order="any"), vocabulary)
    assert isinstance(found, ArrangedConstraint)
    return found


def values_of(schema: Any) -> Iterator[Any]:
    """Every value of a schema of the kinds used here; objects as tuples of pairs in their order."""
    if "const" in schema:
        yield schema["const"]
    elif "enum" in schema:
        yield from schema["enum"]
    elif "anyOf" in schema:
        for option in schema["anyOf"]:
            yield from values_of(option)
    elif schema["type"] == "array":
        items = list(values_of(schema["items"]))
        for count in range(schema.get("minItems", 0), schema["maxItems"] + 1):
            yield from map(list, product(items, repeat=count))
    else:
        names, required = list(schema["properties"]), set(schema.get("required", ()))
        choices = {name: list(values_of(said)) for name, said in schema["properties"].items()}
        for count in range(len(names) + 1):
            for order in permutations(names, count):
                if required <= set(order):
                    for values in product(*(choices[name] for name in order)):
                        yield tuple(zip(order, values, strict=True))


def spelt(value: Any) -> str:
    if isinstance(value, tuple):
        return "{" + ",".join(f"{json.dumps(key)}:{spelt(said)}" for key, said in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelt, value)) + "]"
    return json.dumps(value)


def documents(schema: Any) -> set[bytes]:
    return {spelt(value).encode() for value in values_of(schema)}


@cache
def cuts(text: bytes, most: int) -> tuple[tuple[int, ...], ...]:
    """Every way to write a text with up to ``most`` tokens."""
    if not text:
        return ((),)
    if not most:
        return ()
    return tuple(
        (token, *rest)
        for token, piece in enumerate(TEXT_OF)
        if text.startswith(piece)
        for rest in cuts(text[len(piece) :], most - 1)
    )


def fillings(schema: Any, slots: int) -> set[tuple[int, ...]]:
    """Every filling of an empty canvas, end tokens behind the document."""
    return {
        (*cut, *[END] * (slots - len(cut)))
        for text in documents(schema)
        if len(text) <= 12 * slots
        for cut in cuts(text, slots)
    }
