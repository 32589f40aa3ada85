"""Seeded random JSON Schemas that use every enforced core keyword, for end-to-end checks of validity."""

from __future__ import annotations

import random
from typing import Any

FORMATS = ["date", "time", "date-time", "duration", "uuid", "email", "ipv4", "ipv6", "hostname", "uri"]
PATTERNS = [
    "^[A-Z]{2}-\\d{3,5}$",
    "^a+b*$",
    "\\d",
    "^(foo|bar)[0-9]?$",
    "^[^ ]{2,8}$",
    "x.{0,4}y$",
    "^\\w+( \\w+){0,3}$",
]
WORDS = [
    "id",
    "name",
    "total",
    "größe",
    'quo"te',
    "back\\slash",
    "naïve key",
    "n",
    "名前",
    "tab\tkey",
    "items",
    "emoji😀",
]
VALUES = [0, 1, -3, 2.5, 1e3, True, False, None, "", "a", 'q"', "ü", "😀", "null", [], [1, "x"], {"k": 1}]


def random_schema(seed: int) -> dict[str, Any]:
    """Schema number ``seed``: an object, array or scalar nested up to three levels, sometimes with ``$defs``."""
    return _Maker(random.Random(seed)).document()


class _Maker:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.definitions: dict[str, Any] = {}

    def document(self) -> dict[str, Any]:
        for name in self.rng.sample(["money", "tag", "point"], self.rng.choice([0, 0, 1, 2])):
            self.definitions[name] = self.scalar()
        schema = self.schema(3)
        if self.definitions:
            schema = {**schema, "$defs": dict(self.definitions)}
        return schema

    def schema(self, depth: int) -> dict[str, Any]:
        kinds = ["object"] * 4 + ["array"] * 2 + ["any_of", "scalar"] if depth else ["scalar"]
        kind = self.rng.choice(kinds)
        if kind == "object":
            return self.object(depth)
        if kind == "array":
            return self.array(depth)
        if kind == "any_of":
            return {"anyOf": [self.schema(depth - 1) for _ in range(self.rng.randint(1, 3))]}
        return self.scalar()

    def scalar(self) -> dict[str, Any]:
        rng = self.rng
        makers = [self.string, self.string, self.integer, self.number, self.constant]
        kind = rng.choice([*makers, "boolean", "null", "types", "reference"])
        if kind == "types":
            return {"type": rng.sample(["string", "integer", "boolean", "null", "number"], 2), "maxLength": 6}
        if kind == "reference" and self.definitions:
            return {"$ref": f"#/$defs/{rng.choice(list(self.definitions))}"}
        if callable(kind):
            return kind()
        return {"type": "boolean" if kind == "reference" else kind}

    def string(self) -> dict[str, Any]:
        rng = self.rng
        schema: dict[str, Any] = {"type": "string"}
        kind = rng.choice(["free", "length", "pattern", "format", "pattern_length"])
        if kind in ("length", "pattern_length"):
            schema["minLength"] = rng.choice([0, 1, 3])
            schema["maxLength"] = rng.choice([8, 20, 60])
        if kind in ("pattern", "pattern_length"):
            schema["pattern"] = rng.choice(PATTERNS)
        if kind == "format":
            schema["format"] = rng.choice(FORMATS)
        return schema

    def integer(self) -> dict[str, Any]:
        return {"type": "integer", **self.bounds(lambda: self.rng.randint(-120, 1200))}

    def number(self) -> dict[str, Any]:
        return {"type": "number", **self.bounds(lambda: round(self.rng.uniform(-50, 500), self.rng.randint(0, 3)))}

    def bounds(self, draw) -> dict[str, Any]:
        rng = self.rng
        low = draw()
        out = {}
        if rng.random() < 0.4:
            out[rng.choice(["minimum", "exclusiveMinimum"])] = low
        if rng.random() < 0.4:
            out[rng.choice(["maximum", "exclusiveMaximum"])] = low + rng.choice([2, 7.5, 300])
        return out

    def constant(self) -> dict[str, Any]:
        if self.rng.random() < 0.3:
            return {"const": self.rng.choice(VALUES)}
        return {"enum": self.rng.sample(VALUES, self.rng.randint(1, 6))}

    def array(self, depth: int) -> dict[str, Any]:
        rng = self.rng
        schema: dict[str, Any] = {"type": "array", "items": self.schema(depth - 1)}
        if rng.random() < 0.3:
            schema["prefixItems"] = [self.schema(0) for _ in range(rng.randint(1, 2))]
            schema["items"] = rng.choice([False, schema["items"]])
        low = rng.choice([0, 0, 1, 2])
        if low:
            schema["minItems"] = low if schema["items"] is not False else min(low, len(schema["prefixItems"]))
        if rng.random() < 0.5:
            schema["maxItems"] = low + rng.choice([0, 1, 5])
        return schema

    def object(self, depth: int) -> dict[str, Any]:
        rng = self.rng
        names = rng.sample(WORDS, rng.randint(1, 5))
        schema: dict[str, Any] = {"type": "object", "properties": {name: self.schema(depth - 1) for name in names}}
        schema["required"] = [name for name in names if rng.random() < 0.6]
        extra = rng.choice(["absent", False, True, "schema"])
        if extra == "schema":
            schema["additionalProperties"] = self.scalar()
        elif extra != "absent":
            schema["additionalProperties"] = extra
        return schema
