"""Every JSON Schema keyword stands in exactly one table: enforced, annotation, or refused with what to do instead.

A keyword in none of them is unknown: an annotation by the standard, reported in ``Grammar.warnings``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ENFORCED = frozenset(
    {
        "$ref",
        "additionalItems",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "oneOf",
        "pattern",
        "prefixItems",
        "properties",
        "required",
        "type",
    }
)

APPLICATORS = frozenset({"$ref", "allOf", "anyOf", "oneOf"})

ANNOTATIONS = frozenset(
    {
        "$anchor",
        "$comment",
        "$defs",
        "$dynamicAnchor",
        "$id",
        "$recursiveAnchor",
        "$schema",
        "$vocabulary",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
        "default",
        "definitions",
        "deprecated",
        "description",
        "discriminator",
        "example",
        "examples",
        "externalDocs",
        "id",
        "readOnly",
        "title",
        "writeOnly",
        "xml",
    }
)

REFUSED = {
    "$dynamicRef": "write the schema it stands for, or a plain $ref",
    "$recursiveRef": "write the schema it stands for, or a plain $ref",
    "contains": "list the wanted items with prefixItems",
    "dependencies": "split the cases with anyOf",
    "dependentRequired": "split the cases with anyOf",
    "dependentSchemas": "split the cases with anyOf",
    "disallow": "list what is allowed (draft 3 keyword)",
    "divisibleBy": "list what is allowed (draft 3 keyword)",
    "else": "split the cases with anyOf",
    "extends": "use allOf (draft 3 keyword)",
    "if": "split the cases with anyOf",
    "maxContains": "list the wanted items with prefixItems",
    "minContains": "list the wanted items with prefixItems",
    "multipleOf": "use integers, or a pattern on a string",
    "not": "list what is allowed instead",
    "patternProperties": "name the properties, or use additionalProperties",
    "propertyNames": "name the properties",
    "then": "split the cases with anyOf",
    "unevaluatedItems": "use items: false after prefixItems",
    "unevaluatedProperties": "use additionalProperties in a schema that names all properties",
    "uniqueItems": "drop it and remove duplicates from the result",
}

# Type of the values a refused keyword concerns; those not listed concern all.
CONCERNS = {
    "contains": "array",
    "dependencies": "object",
    "dependentRequired": "object",
    "dependentSchemas": "object",
    "maxContains": "array",
    "minContains": "array",
    "multipleOf": "integer",
    "patternProperties": "object",
    "propertyNames": "object",
    "unevaluatedItems": "array",
    "unevaluatedProperties": "object",
    "uniqueItems": "array",
}

_EMPTY_SCHEMAS: tuple[Any, ...] = (True, {})

# Uses of a refused keyword that admit everything: (schema that holds it) -> bool.
WITHOUT_EFFECT: dict[str, Callable[[dict[str, Any]], bool]] = {
    "contains": lambda schema: schema.get("minContains") == 0 and "maxContains" not in schema,
    "dependencies": lambda schema: schema["dependencies"] == {},
    "dependentRequired": lambda schema: not any(schema["dependentRequired"].values()),
    "dependentSchemas": lambda schema: schema["dependentSchemas"] == {},
    "else": lambda schema: "if" not in schema or schema["else"] in _EMPTY_SCHEMAS,
    "if": lambda schema: all(schema.get(branch, True) in _EMPTY_SCHEMAS for branch in ("then", "else")),
    "maxContains": lambda schema: "contains" not in schema,
    "minContains": lambda schema: "contains" not in schema or WITHOUT_EFFECT["contains"](schema),
    "not": lambda schema: schema["not"] is False,
    "patternProperties": lambda schema: schema["patternProperties"] == {},
    "propertyNames": lambda schema: schema["propertyNames"] in _EMPTY_SCHEMAS,
    "then": lambda schema: "if" not in schema or schema["then"] in _EMPTY_SCHEMAS,
    "unevaluatedItems": lambda schema: schema["unevaluatedItems"] in _EMPTY_SCHEMAS,
    "unevaluatedProperties": lambda schema: schema["unevaluatedProperties"] in _EMPTY_SCHEMAS,
    "uniqueItems": lambda schema: schema["uniqueItems"] is False,
}
