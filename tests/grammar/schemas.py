"""Random JSON Schemas of every draft, and documents near them: the input of the property tests.

Everything is drawn from a ``random.Random`` (or hypothesis' stand-in for one). :class:`SchemaMaker` nests all keywords
of a draft inside each other, :class:`DocumentMaker` tries to satisfy a schema and then breaks the value a little,
:func:`spelt` writes a value in one of its many texts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

DRAFTS = {
    "none": "",
    "draft-04": "http://json-schema.org/draft-04/schema#",
    "draft-06": "http://json-schema.org/draft-06/schema#",
    "draft-07": "http://json-schema.org/draft-07/schema#",
    "2019-09": "https://json-schema.org/draft/2019-09/schema",
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
}
NAMES = ("a", "b", "ab", 'c"', "dé", "0", "other")
EXTRA_NAMES = ("x", "ba", "", "A", "a\n", "\\", "bb")
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
TEXTS = ("", "a", "b", "ab", "ba", "1", "é", "a\n", '"', "\\", "😀", "aaa", "abab", "2020-02-29", "1.2.3.4", "x")
NUMBERS = (0, 1, -1, 2, 3, 4, -2, 6, 8, 10, 12, 0.5, -0.5, 1.5, 0.25, 2.75, -1.25, 100)
BOUNDS = (-2, -1, 0, 1, 2, 3, 5, 0.5, -1.25)
PATTERNS = (
    "^a",
    "b$",
    "^[ab1]*$",
    "^$",
    "a|1",
    "^(?!a)",
    "é",
    "^.{2}$",
    "(^a|b$)",
    "\\\\",
    '"',
    "^[^a]+$",
    "^\\d",
    ".",
)
KEY_PATTERNS = ("^a", "b$", "^[ab]+$", "a", "^.$", "^(?!a)", "^[^ab]", "é", "^0")
FORMATS = ("date", "ipv4", "uuid", "no-such-format")
NOTHING: Any = {"not": {}}

_GROUPS = (
    *("type", "strings", "numbers", "given", "reference", "conditional", "dependency"),
    *("objects", "objects", "objects", "arrays", "arrays"),
    *("any_of", "one_of", "one_of", "all_of", "negation", "negation"),
)
_OBJECT_KEYWORDS = (
    *("properties", "required", "additionalProperties", "patternProperties"),
    *("minProperties", "maxProperties", "propertyNames"),
)
_JSON_SCHEMA = {"2019-09", "2020-12", "none"}


class SchemaMaker:
    """Random schemas of one draft.

    ``exact``: only what is lowered without narrowing, for the test that no valid document is left out. ``foreign``: how
    often keywords of other drafts are mixed in.
    """

    def __init__(self, random: Random, draft: str, exact: bool = False, foreign: float = 0.0) -> None:
        self.random = random
        self.draft = draft
        self.exact = exact
        self.foreign = foreign
        # Few things per schema, so that they meet each other (swarm testing).
        self.groups = self.sample(_GROUPS, 3)
        self.types = self.sample(TYPES, 2)
        self.some_names = self.sample(NAMES, 2)
        self.key_patterns = self.sample(KEY_PATTERNS, 2)
        self.patterns = self.sample(PATTERNS, 3)
        self.object_words = self.sample(_OBJECT_KEYWORDS, 3)
        self.definitions = "$defs" if draft in _JSON_SCHEMA else "definitions"
        self.here: list[str] = []  # references that are not recursive
        self.below: list[str] = []  # those possible inside a property or an item

    def document(self, depth: int = 3) -> Any:
        """A whole schema with ``$schema`` and definitions, some of them recursive."""
        names = [f"d{index}" for index in range(self.random.choice((0, 0, 1, 2)))]
        places = [f"#/{self.definitions}/{name}" for name in names]
        self.here, self.below = places, places if self.exact else ["#", *places * 3]
        schema = self.schema(depth)
        if isinstance(schema, bool):
            return schema
        definitions: dict[str, Any] = {}
        for index, name in enumerate(names):
            self.here = places[index + 1 :]
            self.below = self.here if self.exact else self.below
            definitions[name] = self.schema(depth - 1)
        schema = {**schema, **({self.definitions: definitions} if definitions else {})}
        return {**({"$schema": DRAFTS[self.draft]} if DRAFTS[self.draft] else {}), **schema}

    def schema(self, depth: int) -> Any:
        if depth <= 0 or self.maybe(0.15):
            return self.leaf()
        groups = self.one([1, 1, 2, 2, 3])
        out: dict[str, Any] = {}
        for _ in range(groups):
            make: Callable[[int], dict[str, Any]] = getattr(self, self.one(self.groups))
            out |= {key: value for key, value in make(depth - 1).items() if key not in out}
        if self.maybe(0.4):
            out |= {key: value for key, value in self.type(0).items() if key not in out}
        if isinstance(out.get("items"), bool):  # jsonschema takes its length
            out.pop("additionalItems", None)
        return out

    def leaf(self) -> Any:
        if self.maybe(0.12):
            return self.true()
        if self.maybe(0.04):
            return self.false()
        out: dict[str, Any] = self.type(0) if self.maybe(0.7) else {}
        if self.maybe(0.6):
            out |= self.one([self.strings, self.numbers, self.given, self.reference])(0)
        return out

    # ---- choices

    def one(self, choices: Any) -> Any:
        return self.random.choice(list(choices))

    def sample(self, choices: Any, least: int) -> list[Any]:
        """Some of the choices, at least so many; each as often as it stands there."""
        distinct = list(dict.fromkeys(choices))
        kept = self.random.sample(distinct, self.random.randint(least, len(distinct)))
        return [choice for choice in choices if choice in kept]

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def some(self, choices: Any, most: int) -> list[Any]:
        count = self.random.randint(1, most)
        return list(dict.fromkeys(self.one(choices) for _ in range(count)))

    def allows(self, *drafts: str) -> bool:
        """Whether the draft is one of these or a keyword foreign to it is wanted."""
        return self.draft in drafts or (self.foreign > 0 and self.maybe(self.foreign))

    @property
    def since_6(self) -> tuple[str, ...]:
        return ("draft-06", "draft-07", "2019-09", "2020-12", "none")

    def true(self) -> Any:
        return {} if self.draft == "draft-04" or self.maybe(0.5) else True

    def false(self) -> Any:
        return NOTHING if self.draft == "draft-04" or self.maybe(0.2) else False

    def subset(self, makers: dict[str, Callable[[], Any]], most: int = 3) -> dict[str, Any]:
        return {name: makers[name]() for name in self.some(sorted(makers), most)}

    # ---- keyword groups

    def type(self, depth: int) -> dict[str, Any]:
        kinds = ("string", "integer", "object", "array", *TYPES) if self.maybe(0.1) else self.types
        return {"type": self.one(kinds) if self.maybe(0.8) else self.some(kinds, 3)}

    def strings(self, depth: int) -> dict[str, Any]:
        makers: dict[str, Callable[[], Any]] = {
            "minLength": lambda: self.random.randint(0, 3),
            "maxLength": lambda: self.random.randint(0, 3),
            "pattern": lambda: self.one(self.patterns),
        }
        if not self.exact and self.maybe(0.15):
            makers = {"format": lambda: self.one(FORMATS)}
        return self.subset(makers, 2)

    def numbers(self, depth: int) -> dict[str, Any]:
        bound = lambda: self.one(BOUNDS)  # noqa: E731
        makers: dict[str, Callable[[], Any]] = {
            "minimum": bound,
            "maximum": bound,
            "multipleOf": lambda: self.one((1, 2, 3, 4, 0.5, 0.25, 5)),
        }
        if self.draft != "draft-04":
            makers |= {"exclusiveMinimum": bound, "exclusiveMaximum": bound}
        out = self.subset(makers, 2)
        if self.draft in ("draft-04", "none"):
            for word in ("minimum", "maximum"):
                if word in out and self.maybe(0.3) and self.draft == "draft-04":
                    out["exclusive" + word.capitalize()] = self.maybe(0.7)
        return out

    def given(self, depth: int) -> dict[str, Any]:
        value = DocumentMaker(self.random, self.exact or self.maybe(0.9)).anything
        if self.maybe(0.3) and self.allows(*self.since_6):
            return {"const": value(2)}
        return {"enum": [value(2) for _ in range(self.random.randint(1, 4))]}

    def reference(self, depth: int) -> dict[str, Any]:
        return {"$ref": self.one(self.here)} if self.here else {}

    def inside(self, depth: int) -> Any:
        """A schema for a property or an item."""
        here, self.here = self.here, self.below
        schema = self.schema(depth)
        self.here = here
        return schema

    def objects(self, depth: int) -> dict[str, Any]:
        inner = lambda: self.inside(depth)  # noqa: E731
        makers: dict[str, Callable[[], Any]] = {
            "properties": lambda: {name: inner() for name in self.some(self.some_names, 3)},
            "required": lambda: self.some(self.some_names, 2),
            "additionalProperties": lambda: self.one((False, True, inner(), inner())),
            "patternProperties": lambda: {pattern: inner() for pattern in self.some(self.key_patterns, 2)},
            "minProperties": lambda: self.random.randint(0, 1 if self.exact else 3),
            "maxProperties": lambda: self.random.randint(0, 3),
        }
        if self.allows(*self.since_6):
            makers["propertyNames"] = lambda: self.names_schema(depth)
        makers = {word: make for word, make in makers.items() if word in self.object_words} or makers
        out = self.subset(makers, 4)
        if "properties" in makers and self.maybe(0.4):
            out["properties"] = makers["properties"]()
        return out | self.type_with("object")

    def names_schema(self, depth: int) -> Any:
        options: list[Callable[[], Any]] = [
            lambda: {"pattern": self.one(self.key_patterns)},
            lambda: {"maxLength": self.random.randint(1, 3)},
            lambda: {"minLength": self.random.randint(1, 2)},
            lambda: {"enum": self.some(self.some_names, 3)},
            lambda: {"not": {"enum": self.some(self.some_names, 2)}},
            lambda: {"not": {"pattern": self.one(self.key_patterns)}},
            lambda: {"anyOf": [{"pattern": "^a"}, {"maxLength": 1}]},
            lambda: self.inside(min(depth, 1)),
        ]
        return self.one(options)()

    def arrays(self, depth: int) -> dict[str, Any]:
        inner = lambda: self.inside(depth)  # noqa: E731
        several = lambda: [inner() for _ in range(self.random.randint(1, 2))]  # noqa: E731
        makers: dict[str, Callable[[], Any]] = {
            "items": inner,
            "minItems": lambda: self.random.randint(0, 3),
            "maxItems": lambda: self.random.randint(0, 3),
        }
        if self.draft == "draft-04":
            makers["items"] = lambda: self.without_boolean(inner())
        if self.allows("2020-12", "none"):
            makers["prefixItems"] = several
        if self.allows(*self.since_6):
            makers["contains"] = inner
        out = self.subset(makers, 3)
        if self.draft in ("draft-04", "draft-06", "draft-07", "2019-09") and self.maybe(0.4):
            out["items"] = several()
        if self.draft not in ("2020-12", "none") and self.maybe(0.3):
            out["additionalItems"] = self.one((False, True, inner()))
        if "contains" in out and self.allows("2019-09", "2020-12", "none"):
            if self.maybe(0.4):
                out["minContains"] = self.random.randint(0, 2)
            if self.maybe(0.4):
                out["maxContains"] = self.random.randint(0, 2)
        if self.maybe(0.15):
            out["uniqueItems"] = self.maybe(0.9)
            if self.maybe(0.8):
                scalars = DocumentMaker(self.random, self.exact or self.maybe(0.9)).scalar
                out["items"] = self.one(({"enum": [scalars() for _ in range(3)]}, {"type": ["boolean", "null"]}))
        return out | self.type_with("array")

    def without_boolean(self, schema: Any) -> Any:
        return schema if isinstance(schema, dict) else {} if schema else NOTHING

    def type_with(self, kind: str) -> dict[str, Any]:
        return {"type": kind} if self.maybe(0.6) else {}

    def branches(self, depth: int) -> list[Any]:
        return [self.schema(depth) for _ in range(self.one((1, 2, 2, 2, 3)))]

    def any_of(self, depth: int) -> dict[str, Any]:
        return {"anyOf": self.branches(depth)}

    def one_of(self, depth: int) -> dict[str, Any]:
        return {"oneOf": self.branches(depth)}

    def all_of(self, depth: int) -> dict[str, Any]:
        return {"allOf": self.branches(depth)}

    def negation(self, depth: int) -> dict[str, Any]:
        return {"not": self.schema(depth)}

    def conditional(self, depth: int) -> dict[str, Any]:
        if not self.allows("draft-07", "2019-09", "2020-12", "none"):
            return {}
        out = {"if": self.schema(depth)}
        out |= {word: self.schema(depth) for word in ("then", "else") if self.maybe(0.7)}
        return out

    def dependency(self, depth: int) -> dict[str, Any]:
        name_lists = lambda: {name: self.some(self.some_names, 2) for name in self.some(self.some_names, 2)}  # noqa: E731
        schemas = lambda: {name: self.schema(depth) for name in self.some(self.some_names, 2)}  # noqa: E731
        out: dict[str, Any] = {}
        if self.draft in ("draft-04", "draft-06", "draft-07") or (self.foreign and self.maybe(self.foreign)):
            out["dependencies"] = self.one(
                (name_lists(), {name: self.without_boolean(sub) for name, sub in schemas().items()})
            )
        if self.allows("2019-09", "2020-12", "none"):
            if self.maybe(0.6):
                out["dependentRequired"] = name_lists()
            if self.maybe(0.6):
                out["dependentSchemas"] = schemas()
        return out | self.type_with("object")


class DocumentMaker:
    """Random values, random values that try to satisfy a schema, and mutations of values.

    ``plain``: no float that is an integer (a schema writes given values in one spelling only), no line feed (Python's
    ``$`` stands before a last one as well).
    """

    def __init__(self, random: Random, plain: bool = False) -> None:
        self.random = random
        self.plain = plain
        self.texts, self.names = (
            [word for word in words if not (plain and "\n" in word)]
            for words in (TEXTS, (*NAMES, *NAMES, *EXTRA_NAMES))
        )
        self.root: Any = True

    def one(self, choices: Any) -> Any:
        return self.random.choice(list(choices))

    def scalar(self) -> Any:
        kind = self.random.randint(0, 9)
        if kind == 0:
            return None
        if kind <= 2:
            return self.one((True, False))
        if kind <= 5:
            number = self.one(NUMBERS)
            return float(number) if not self.plain and self.random.random() < 0.15 else number
        return self.one(self.texts)

    def anything(self, depth: int) -> Any:
        kind = self.random.random()
        if depth <= 0 or kind < 0.6:
            return self.scalar()
        count = self.random.randint(0, 2)
        if kind < 0.8:
            return [self.anything(depth - 1) for _ in range(count)]
        return {self.name(): self.anything(depth - 1) for _ in range(count)}

    def name(self) -> str:
        return self.one(self.names)

    # ---- near a schema

    def near(self, schema: Any, depth: int = 4) -> Any:
        """A value that satisfies much of ``schema``."""
        if isinstance(schema, bool) or depth <= 0 or not schema or self.random.random() < 0.04:
            return self.anything(min(depth, 2))
        if "$ref" in schema:
            target: Any = self.root
            for token in schema["$ref"].split("/")[1:]:
                target = target.get(token, True) if isinstance(target, dict) else True
            if self.random.random() < 0.8:
                return self.near(target, depth - 1)
        found = [value for value in self.parts(schema, depth) if value is not Ellipsis]
        merged: dict[str, Any] = {}
        for value in found:
            if isinstance(value, dict):
                merged |= value
        if merged and self.random.random() < 0.7:
            return merged
        return self.one(found)

    def parts(self, schema: dict[str, Any], depth: int) -> list[Any]:
        found: list[Any] = []
        if "const" in schema:
            found.append(schema["const"])
        if "enum" in schema:
            found.append(self.one(schema["enum"]))
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                found += [self.near(self.one(schema[keyword]), depth - 1) for _ in range(self.one((1, 1, 2)))]
        found += [self.near(branch, depth - 1) for branch in schema.get("allOf", ())]
        found += [self.near(schema[word], depth - 1) for word in ("if", "then", "else", "not") if word in schema]
        found.append(self.of_type(schema, depth))
        return found

    def of_type(self, schema: dict[str, Any], depth: int) -> Any:
        named = schema.get("type")
        kinds = [named] if isinstance(named, str) else named or self.kinds(schema)
        match self.one(kinds):
            case "null":
                return None
            case "boolean":
                return self.one((True, False))
            case "integer" | "number" as kind:
                return self.number(schema, kind)
            case "string":
                return self.one(self.texts)
            case "array":
                return self.array(schema, depth)
            case _:
                return self.object(schema, depth)

    def kinds(self, schema: dict[str, Any]) -> list[str]:
        objects = {"properties", "required", "additionalProperties", "patternProperties", "propertyNames"}
        objects |= {"dependencies", "dependentRequired", "dependentSchemas", "minProperties", "maxProperties"}
        if objects & set(schema):
            return ["object"] * 5 + ["null", "array"]
        if {"items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems"} & set(schema):
            return ["array"] * 5 + ["string"]
        if {"minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"} & set(schema):
            return ["number"] * 5 + ["string"]
        return list(TYPES)

    def number(self, schema: dict[str, Any], kind: str) -> Any:
        words = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
        bounds = [schema[word] for word in words if word in schema and not isinstance(schema[word], bool)]
        number = self.one((*NUMBERS, *bounds, *bounds, *bounds))
        number += self.one((0, 0, 0, 1, -1, 0.5))
        if isinstance(number, float) and number.is_integer() and (self.plain or self.random.random() < 0.8):
            return int(number)
        return int(number) if kind == "integer" and self.random.random() < 0.8 else number

    def array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        first = schema.get("prefixItems", schema.get("items"))
        first = first if isinstance(first, list) else []
        others = schema.get("items") if not isinstance(schema.get("items"), list) else schema.get("additionalItems")
        low, high = schema.get("minItems", 0), schema.get("maxItems", 3)
        count = self.random.randint(min(low, high), max(low, high, len(first)))
        out = [
            self.near(first[i] if i < len(first) else True if others is None else others, depth - 1)
            for i in range(count)
        ]
        if "contains" in schema and out and self.random.random() < 0.8:
            out[self.random.randrange(len(out))] = self.near(schema["contains"], depth - 1)
        return out

    def object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        named = schema.get("properties", {})
        wanted = [name for name in named if self.random.random() < 0.6] + [*schema.get("required", ())]
        for keyword in ("dependencies", "dependentRequired", "dependentSchemas"):
            for name, others in schema.get(keyword, {}).items():
                if self.random.random() < 0.5:
                    wanted += [name, *(others if isinstance(others, list) else ())]
        wanted += [self.name() for _ in range(self.one((0, 0, 0, 1, 1, 2)))]
        patterns = schema.get("patternProperties", {})
        out: dict[str, Any] = {}
        for name in dict.fromkeys(sorted(wanted, key=lambda name: [*named, name].index(name))):
            said = named.get(name)
            if said is None and patterns and self.random.random() < 0.7:
                said = self.one(patterns.values())
            if said is None:
                said = schema.get("additionalProperties", True)
            out[name] = self.near(said, depth - 1)
        return out

    # ---- mutations

    def mutated(self, value: Any) -> Any:
        """The value with one thing changed somewhere."""
        if isinstance(value, list) and value and self.random.random() < 0.6:
            index = self.random.randrange(len(value))
            return [self.mutated(item) if i == index else item for i, item in enumerate(value)]
        if isinstance(value, dict) and value and self.random.random() < 0.5:
            key = self.one(value)
            return {name: self.mutated(member) if name == key else member for name, member in value.items()}
        if isinstance(value, dict) and self.random.random() < 0.8:
            return self.changed_members(value)
        if isinstance(value, list) and self.random.random() < 0.8:
            extra = self.one(value) if value and self.random.random() < 0.4 else self.anything(1)
            return self.one((value[1:], value[:-1], [*value, extra], [extra, *value], value[::-1], []))
        if isinstance(value, (int, float)) and not isinstance(value, bool) and self.random.random() < 0.7:
            changed = self.one((value + 1, value - 1, value + 0.5, -value, value * 2, float(value), 0, 1))
            integral = isinstance(changed, float) and changed.is_integer()
            return int(changed) if integral and (self.plain or self.random.random() < 0.6) else changed
        if isinstance(value, str) and self.random.random() < 0.6:
            return self.one((value + self.one(self.texts), value[1:], value[:-1], self.one(self.texts) + value))
        return self.anything(1)

    def changed_members(self, value: dict[str, Any]) -> dict[str, Any]:
        items = list(value.items())
        match self.random.randint(0, 4):
            case 0 if items:
                del items[self.random.randrange(len(items))]
            case 1 if items:
                index = self.random.randrange(len(items))
                items[index] = (self.name(), items[index][1])
            case 2:
                self.random.shuffle(items)
            case 3:
                return {}
            case _:
                items.insert(self.random.randint(0, len(items)), (self.name(), self.anything(1)))
        return dict(items)


def near(random: Random, schema: Any, count: int, plain: bool = False) -> Iterator[Any]:
    """Values that satisfy much of the schema, most of them changed a little."""
    maker = DocumentMaker(random, plain)
    maker.root = schema
    for _ in range(count):
        value = maker.near(schema)
        for _ in range(random.choice((0, 0, 1, 1, 2, 3))):
            value = maker.mutated(value)
        yield value


def spelt(value: Any, random: Random) -> str:
    """A compact text of ``value`` in an odd spelling; what it reads as may differ where keys are doubled."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, str):
        return '"' + "".join(_spelt_character(char, random) for char in value) + '"'
    if isinstance(value, list):
        return "[" + ",".join(spelt(item, random) for item in value) + "]"
    if isinstance(value, dict):
        members = [(key, spelt(member, random)) for key, member in value.items()]
        if members and random.random() < 0.15:
            key = random.choice(members)[0]
            members.insert(random.randint(0, len(members)), (key, random.choice(("1", '"a"', "null", "{}", "[]"))))
        return "{" + ",".join(f"{spelt(key, random)}:{text}" for key, text in members) + "}"
    texts = [json.dumps(value)]
    if abs(value) < 1000:
        texts += [f"{value:.1f}", f"{value:.2f}", f"{value}e0", f"{value * 10}e-1"]
        texts += ["-0", "-0.0", "0.0", "0e3"] if value == 0 else []
    return random.choice((texts[0], random.choice(texts)))


def _spelt_character(char: str, random: Random) -> str:
    if random.random() < 0.7 or ord(char) > 0xFFFF:
        return json.dumps(char, ensure_ascii=random.random() < 0.2)[1:-1]
    return f"\\u{ord(char):04x}"


def shrunk(schema: Any, fails: Callable[[Any], bool], seconds: float = 20) -> Any:
    """A smaller schema for which ``fails`` still holds: parts are taken away as long as it does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for smaller in _smaller(schema):
            try:
                validator(smaller).check_schema(smaller)
                if fails(smaller):
                    schema = smaller
                    break
            except Exception:  # no schema any more
                continue
        else:
            break
    return schema


def _smaller(schema: Any) -> Iterator[Any]:
    if isinstance(schema, dict):
        keys = [key for key in schema if key != "$schema"]
        yield from ({name: value for name, value in schema.items() if name != key} for key in keys)
        yield from ({**schema, key: value} for key in keys for value in _smaller(schema[key]))
    elif isinstance(schema, list):
        yield from (schema[:index] + schema[index + 1 :] for index in range(len(schema)))
        for index, member in enumerate(schema):
            yield from ([*schema[:index], value, *schema[index + 1 :]] for value in _smaller(member))


def validator(schema: Any) -> Any:
    """The validator of the declared draft, 2020-12 if none, formats checked."""
    kind = validator_for(schema, default=Draft202012Validator)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)
