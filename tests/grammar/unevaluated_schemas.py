"""Random schemas around ``unevaluatedProperties`` and ``unevaluatedItems``, and the small documents of few names."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product
from random import Random
from typing import Any

from jsonschema import Draft201909Validator, Draft202012Validator
from jsonschema.validators import extend
from schemas import DRAFTS

NAMES = ("a", "b", "ab", "c")
PATTERNS = ("^a", "b$", "^.$")
VALUES = (0, 1, "s")

# jsonschema takes the keywords of an additionalProperties schema for the names it evaluates in 2019-09.
JUDGES = {
    "2019-09": extend(
        Draft201909Validator,
        {"unevaluatedProperties": Draft202012Validator.VALIDATORS["unevaluatedProperties"]},
    ),
    "2020-12": Draft202012Validator,
}


class UnevaluatedMaker:
    """``kind``: ``"object"`` or ``"array"``; the schemas speak of the parts of one value of that kind."""

    def __init__(self, random: Random, draft: str, kind: str) -> None:
        self.random = random
        self.draft = draft
        self.kind = kind
        self.defined = [f"#/$defs/d{index}" for index in range(random.choice((0, 1, 2)))]
        self.here: list[str] = []
        self.keyword = "unevaluatedProperties" if kind == "object" else "unevaluatedItems"

    def document(self, depth: int) -> dict[str, Any]:
        """A schema that holds the keyword itself or leads to one that does."""
        definitions: dict[str, Any] = {}
        for index, place in reversed(list(enumerate(self.defined))):
            definitions[f"d{index}"] = self.schema(depth - 1)
            self.here.append(place)
        schema = self.schema(depth)
        if self.maybe(0.8):
            schema[self.keyword] = self.rest()
        if self.maybe(0.7):
            schema["type"] = self.kind
        head = {"$schema": DRAFTS[self.draft]}
        return {**head, **schema, **({"$defs": definitions} if definitions else {})}

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def one(self, choices: Any) -> Any:
        return self.random.choice(list(choices))

    def some(self, choices: Any, most: int) -> list[Any]:
        return list(dict.fromkeys(self.one(choices) for _ in range(self.random.randint(1, most))))

    def rest(self) -> Any:
        return self.one((False, False, False, {"type": "string"}, {"const": 1}, True))

    def value(self) -> Any:
        return self.one((True, True, {}, {"type": "integer"}, {"const": 1}, {"type": "string"}, False))

    def schema(self, depth: int) -> dict[str, Any]:
        out = self.own()
        for _ in range(self.one((0, 1, 1, 2)) if depth > 0 else 0):
            out |= self.applicator(depth - 1)
        if self.maybe(0.08):
            out[self.keyword] = self.rest()
        return dict(self.random.sample(list(out.items()), len(out)))

    def branch(self, depth: int) -> Any:
        return self.one((True, False)) if self.maybe(0.05) else self.schema(depth)

    def own(self) -> dict[str, Any]:
        return self.of_object() if self.kind == "object" else self.of_array()

    def of_object(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        if self.maybe(0.7):
            out["properties"] = {name: self.value() for name in self.some(NAMES, 2)}
        if self.maybe(0.15):
            out["patternProperties"] = {pattern: self.value() for pattern in self.some(PATTERNS, 2)}
        if self.maybe(0.05):
            out["additionalProperties"] = self.value()
        if self.maybe(0.25):
            out["required"] = self.some(NAMES, 2)
        if self.maybe(0.05):
            out["maxProperties"] = 2
        return out

    def of_array(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        first = "prefixItems" if self.draft == "2020-12" else "items"
        if self.maybe(0.5):
            out[first] = [self.value() for _ in range(self.one((1, 1, 2)))]
            if self.maybe(0.1):
                out["items" if self.draft == "2020-12" else "additionalItems"] = self.value()
        elif self.maybe(0.07):
            out["items"] = self.one(({}, {"type": "integer"}, {"const": 1}, {"not": {}}))  # jsonschema takes its length
        # In 2019-09 contains evaluates nothing; jsonschema takes it to.
        if self.draft == "2020-12" and self.maybe(0.3):
            out["contains"] = self.value()
            if self.maybe(0.3):
                out["minContains"] = self.one((0, 2))
            if self.maybe(0.2):
                out["maxContains"] = self.one((1, 2))
        if self.maybe(0.1):
            out["minItems"] = self.one((1, 2))
        if self.maybe(0.1):
            out["maxItems"] = self.one((1, 2))
        return out

    def applicator(self, depth: int) -> dict[str, Any]:
        branches = [self.branch(depth) for _ in range(self.one((1, 2, 2, 3)))]
        match self.one(("allOf", "anyOf", "anyOf", "oneOf", "not", "if", "if", "$ref", "dependent")):
            case "not":
                return {"not": branches[0]}
            case "if":
                words = ("if", *(word for word in ("then", "else") if self.maybe(0.7)))
                return {word: self.branch(depth) for word in words}
            case "$ref":
                return {"$ref": self.one(self.here)} if self.here else {}
            case "dependent":
                names = self.some(NAMES, 2)
                return {"dependentSchemas": {name: self.branch(depth) for name in names}}
            case keyword:
                return {keyword: branches}


def documents(kind: str) -> Iterator[Any]:
    """Every value of the kind with up to three parts, objects in one order of their keys; some longer arrays."""
    if kind == "object":
        for chosen in product((None, *VALUES), repeat=len(NAMES)):
            value = {name: member for name, member in zip(NAMES, chosen, strict=True) if member is not None}
            if len(value) <= 3:
                yield value
        return
    for count in range(4):
        yield from map(list, product(VALUES, repeat=count))
    yield from ([1, "s", 0, "s"], [1, 1, 1, 1], ["s", "s", "s", 1], [0, 0, 0, 0])


def orders(value: Any) -> Iterator[Any]:
    """The value with its keys in every order."""
    if isinstance(value, dict):
        yield from map(dict, permutations(value.items()))
    else:
        yield value
