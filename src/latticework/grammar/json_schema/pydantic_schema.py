"""JSON Schemas of Python types, tightened where pydantic's own say less than its validators ask for.

A grammar writes whatever its schema admits, so a schema that is looser than the type would end in a validation
error: any string for a ``Decimal``, any scheme for an ``HttpUrl``. What pydantic can check only in Python
(custom validators, dates in the past) stays with :meth:`Grammar.parse`.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from latticework.grammar.json_schema import formats

_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
_SCHEME = "[a-z][a-z0-9+]*"
_HOST = "(?:[A-Za-z0-9]+[.-])*[A-Za-z]{2,}"
_LOCAL_TIME = f"^{formats.DATE}T{formats.HOURS_MINUTES}:[0-5][0-9]$"


class TypeSchema(GenerateJsonSchema):
    """Schema generator for :func:`latticework.json_schema`."""

    def decimal_schema(self, schema: Any) -> JsonSchemaValue:
        digits, places = schema.get("max_digits"), schema.get("decimal_places")
        bounds = {word: float(schema[name]) for name, word in _BOUNDS.items() if schema.get(name) is not None}
        if bounds or (digits is None and places is None):
            return {"type": "number", **bounds}
        return {"type": "string", "pattern": _decimal_pattern(digits, places)}

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
