"""What the values of keywords look like, for places that read a keyword without enforcing it as it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and 0 <= value < float("inf") and value == int(value)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds)


_COUNT = (_is_count, "a non-negative integer")
_BOUND = (lambda value: isinstance(value, bool) or _is_number(value), "a number")  # draft 4: a flag beside the bound
_SCHEMAS = (_is(dict), "an object of schemas")
_BRANCHES = (lambda value: isinstance(value, list) and bool(value), "a list of at least one schema")
_SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _COUNT),
    **dict.fromkeys(("minContains", "maxContains"), _COUNT),
    **dict.fromkeys(("minimum", "maximum"), (_is_number, "a number")),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), _BOUND),
    "multipleOf": (lambda value: _is_number(value) and 0 < value < float("inf"), "a positive number"),
    **dict.fromkeys(("pattern", "format"), (_is(str), "a string")),
    "required": (lambda value: isinstance(value, bool) or _is_names(value), "a list of property names"),
    "enum": (_is(list), "a list of values"),
    "uniqueItems": (_is(bool), "a boolean"),
    **dict.fromkeys(("properties", "patternProperties", "dependencies", "dependentSchemas"), _SCHEMAS),
    "dependentRequired": (_is(dict), "an object of lists of property names"),
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), _BRANCHES),
    "prefixItems": (_is(list), "a list of schemas"),
}


def malformed(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keywords whose values are not of the shape that the standard asks for, with what it asks for."""
    for keyword, value in schema.items():
        if keyword in _SHAPES:
            fits, expected = _SHAPES[keyword]
            if not fits(value):
                yield keyword, expected
