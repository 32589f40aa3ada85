"""Every JSON Schema keyword stands in exactly one table: enforced, annotation, or refused with what to do instead.

A keyword in none of them is unknown: an annotation by the standard, reported in ``Grammar.warnings``.
"""

from __future__ import annotations

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
        "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems",
    }
)

# Followed before a schema is lowered; what they lead to counts beside the other keywords.
REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
UNEVALUATED = {"unevaluatedItems": "array", "unevaluatedProperties": "object"}  # and the type of what they concern
APPLICATORS = REFERENCES | {
    *UNEVALUATED,
    "allOf",
    "anyOf",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "if",
    "not",
    "oneOf",
}

# What a keyword says concerns values of one type only; those in no entry concern all, or are no assertions.
OF_TYPE = {
    "number": frozenset({"exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"}),
    "string": frozenset({"format", "maxLength", "minLength", "pattern"}),
    "array": frozenset(
        {
            "additionalItems",
            "contains",
            "items",
            "maxContains",
            "maxItems",
            "minContains",
            "minItems",
            "prefixItems",
            "unevaluatedItems",
            "uniqueItems",
        }
    ),
    "object": frozenset(
        {
            "additionalProperties",
            "dependencies",
            "dependentRequired",
            "dependentSchemas",
            "maxProperties",
            "minProperties",
            "patternProperties",
            "properties",
            "propertyNames",
            "required",
            "unevaluatedProperties",
        }
    ),
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
}
