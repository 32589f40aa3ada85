"""Every JSON Schema keyword stands in exactly one table: enforced, annotation, or refused with what to do instead.

A keyword in none of them is unknown: an annotation by the standard, reported in ``Grammar.warnings``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ENFORCED = frozenset(
    {
        "$dynamicRef",
        "$recursiveRef",
        "$ref",
        "additionalItems",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "contains",
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
        "else",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "if",
        "items",
        "maxContains",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minContains",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "not",
        "oneOf",
        "pattern",
        "patternProperties",
        "prefixItems",
        "properties",
        "propertyNames",
        "required",
        "then",
        "type",
        "uniqueItems",
    }
)

# Followed before a schema is lowered; what they lead to counts beside the other keywords.
REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
APPLICATORS = REFERENCES | {
    "allOf",
    "anyOf",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "if",
    "not",
    "oneOf",
}

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
    "disallow": "use not (draft 3 keyword)",
    "divisibleBy": "use multipleOf (draft 3 keyword)",
    "extends": "use allOf (draft 3 keyword)",
    "unevaluatedItems": "use items: false after prefixItems",
    "unevaluatedProperties": "use additionalProperties in a schema that names all properties",
}

# Type of the values a refused keyword concerns; those not listed concern all.
CONCERNS = {"unevaluatedItems": "array", "unevaluatedProperties": "object"}

_EMPTY_SCHEMAS: tuple[Any, ...] = (True, {})

# Uses of a refused keyword that admit everything: (schema that holds it) -> bool.
WITHOUT_EFFECT: dict[str, Callable[[dict[str, Any]], bool]] = {
    "unevaluatedItems": lambda schema: schema["unevaluatedItems"] in _EMPTY_SCHEMAS,
    "unevaluatedProperties": lambda schema: schema["unevaluatedProperties"] in _EMPTY_SCHEMAS,
}
