"""JSON Schemas of Python types, tightened where pydantic's own say less than its validators ask for.

A grammar writes whatever its schema admits, so a schema that is looser than the type would end in a validation
error: any string for a ``Decimal``, any scheme for an ``HttpUrl``, any key for ``dict[int, T]``. What pydantic can
check only in Python (custom validators, dates in the past) stays with :meth:`Grammar.parse`. A ``Decimal`` is written
as a number, or as a string where its digits alone are bounded; with a bound on all digits and one on its value, half
of the digits may stand behind the point. ``Json[T]``, a text inside a text, is refused.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from latticework.grammar.json_schema import formats

_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
_SCHEME = "[a-z][a-z0-9+]*"
_HOST = "(?:[A-Za-z0-9]+[.-])*[A-Za-z]{2,}"
# Seconds in all fit 32 bits, days the range of timedelta.
_SECONDS = r"\d{1,8}(?:\.\d{1,6})?S"
_CLOCK = rf"T(?:\d{{1,6}}H(?:\d{{1,6}}M)?(?:{_SECONDS})?|\d{{1,6}}M(?:{_SECONDS})?|{_SECONDS})"
_CALENDAR = r"(?:\d{1,4}Y(?:\d{1,5}M)?(?:\d{1,6}D)?|\d{1,5}M(?:\d{1,6}D)?|\d{1,6}D)"
_TIMEDELTA = rf"^-?P(?:{_CALENDAR}(?:{_CLOCK})?|{_CLOCK}|\d{{1,5}}W)$"
_INTEGER_KEY = r"^(?:0|-?[1-9]\d{0,17})$"
_NUMBER_KEY = r"^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,14})?$"
_MAX_KEYS = 1_000  # of a range of integers that are listed
_LOCAL_TIME = f"^{formats.DATE}T{formats.HOURS_MINUTES}:[0-5][0-9]$"


class TypeSchema(GenerateJsonSchema):
    """Schema generator for :func:`latticework.json_schema`."""

    def decimal_schema(self, schema: Any) -> JsonSchemaValue:
        digits, places = schema.get("max_digits"), schema.get("decimal_places")
        bounds = {word: float(schema[name]) for name, word in _BOUNDS.items() if schema.get(name) is not None}
        factor = schema.get("multiple_of")
        if factor is not None:
            bounds["multipleOf"] = float(factor)
        if not bounds and (digits is not None or places is not None):
            return {"type": "string", "pattern": _decimal_pattern(digits, places)}
        return {"type": "number", **bounds, **_within_digits(digits, places)}

    def timedelta_schema(self, schema: Any) -> JsonSchemaValue:
        found = super().timedelta_schema(schema)
        return {"type": "string", "pattern": _TIMEDELTA} if found.get("format") == "duration" else found

    def tagged_union_schema(self, schema: Any) -> JsonSchemaValue:
        # A tag that is a member of a plain Enum is never found: what is read from JSON is its value.
        choices = {tag: choice for tag, choice in schema["choices"].items() if isinstance(tag, (str, int))}
        if not choices:
            return self.handle_invalid_for_json_schema(schema, "a union whose tags are members of a plain Enum")
        schema = {**schema, "choices": choices}
        found = super().tagged_union_schema(schema)
        tag = found.get("discriminator", {}).get("propertyName")
        # The tag may have a default in a branch, and yet pydantic needs it to choose the branch.
        return found if tag is None else {"required": [tag], **found}

    def json_schema(self, schema: Any) -> JsonSchemaValue:
        return self.handle_invalid_for_json_schema(schema, "Json[...], a JSON text in a string: use its type alone")

    def dict_schema(self, schema: Any) -> JsonSchemaValue:
        found = super().dict_schema(schema)
        keys = schema.get("keys_schema")
        if keys is None:
            return found
        named = self.resolve_ref_schema(self.generate_inner(keys))
        names = _key_schema(named, keys["type"] == "literal")
        if names is None:
            return self.handle_invalid_for_json_schema(schema, f"a dict with keys of {keys['type']!r}, no JSON text")
        found.pop("propertyNames", None)
        (values,) = found.pop("patternProperties", {None: found.get("additionalProperties", True)}).values()
        found["additionalProperties"] = values
        return found if names in ({}, {"type": "string"}) else {**found, "propertyNames": names}

    def url_schema(self, schema: Any) -> JsonSchemaValue:
        scheme = "|".join(re.escape(name) for name in schema.get("allowed_schemes", ())) or _SCHEME
        bound = {"maxLength": schema["max_length"]} if "max_length" in schema else {}
        return {"type": "string", "pattern": f"^(?:{scheme})://{_HOST}{formats.AFTER_HOST}$", **bound}

    def multi_host_url_schema(self, schema: Any) -> JsonSchemaValue:
        return self.url_schema(schema)

    def set_schema(self, schema: Any) -> JsonSchemaValue:
        return _without_unique(super().set_schema(schema))

    def frozenset_schema(self, schema: Any) -> JsonSchemaValue:
        return _without_unique(super().frozenset_schema(schema))

    def datetime_schema(self, schema: Any) -> JsonSchemaValue:
        if schema.get("tz_constraint") != "naive":
            return super().datetime_schema(schema)
        return {"type": "string", "pattern": _LOCAL_TIME}


def _within_digits(digits: int | None, places: int | None) -> dict[str, Any]:
    """Bounds on a number with so many digits in all and behind the point."""
    if digits is None and places is None:
        return {}
    places = (digits or 0) // 2 if places is None else places
    out: dict[str, Any] = {"multipleOf": float(Decimal(1).scaleb(-places))}
    if digits is not None:
        reach = 10 ** (digits - places)
        out |= {"exclusiveMinimum": -reach, "exclusiveMaximum": reach}
    return {"allOf": [out]}


def _key_schema(schema: JsonSchemaValue, is_literal: bool) -> JsonSchemaValue | None:
    """Texts of keys that read as values of ``schema``; ``None`` if there are none."""
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        names = [found for option in options if (found := _key_schema(option, is_literal)) is not None]
        return {"anyOf": names} if names else None
    kind = schema.get("type")
    given = [schema["const"]] if "const" in schema else schema.get("enum")
    if given is not None:
        whole = kind == "integer" and not is_literal  # enumerations of integers read texts, literals do not
        texts = [str(value) if whole else value for value in given if whole or isinstance(value, str)]
        return {"enum": texts} if texts else None
    if kind == "boolean":
        return {"enum": ["true", "false"]}
    if kind == "integer":
        return _integer_keys(schema)
    if kind == "number":
        return {"pattern": _NUMBER_KEY} if set(_BOUNDS.values()).isdisjoint(schema) else None
    return schema if kind in ("string", None) else None


def _integer_keys(schema: JsonSchemaValue) -> JsonSchemaValue | None:
    low, high = schema.get("minimum"), schema.get("maximum")
    low = schema["exclusiveMinimum"] + 1 if "exclusiveMinimum" in schema else low
    high = schema["exclusiveMaximum"] - 1 if "exclusiveMaximum" in schema else high
    step = schema.get("multipleOf", 1)
    if low is None and high is None and step == 1:
        return {"pattern": _INTEGER_KEY}
    if high is None and low in (0, 1) and step == 1:
        return {"pattern": _INTEGER_KEY.replace("-?", "") if low == 0 else "^[1-9][0-9]{0,17}$"}
    if low is None or high is None or high - low > _MAX_KEYS:
        return None
    texts = [str(value) for value in range(low, high + 1) if value % step == 0]
    return {"enum": texts} if texts else None


def _decimal_pattern(digits: int | None, places: int | None) -> str:
    places = 0 if places is None else places
    whole = 19 if digits is None else digits - places
    if whole < 1:
        return rf"^-?\.\d{{1,{places}}}$"
    integer = rf"(?:0|[1-9]\d{{0,{whole - 1}}})"
    return rf"^-?{integer}(?:\.\d{{1,{places}}})?$" if places else rf"^-?{integer}$"


def _without_unique(schema: JsonSchemaValue) -> JsonSchemaValue:
    """Python drops duplicates on reading; only a set of at least two needs them distinct."""
    if schema.get("minItems", 0) <= 1:
        schema.pop("uniqueItems", None)
    return schema
