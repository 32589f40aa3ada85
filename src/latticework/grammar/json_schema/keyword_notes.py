"""What the documentation says of each enforced keyword: when it is narrowed, and when a schema with it is refused."""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    """``narrowed``: valid documents that are left out (``Grammar.narrowings`` says so); ``refused``: raises instead."""

    narrowed: str = ""
    refused: str = ""


_GIVEN = Note(
    'each value in one spelling, keys in the given order (in any with `property_order="any"`, up to 5 of them, or where'
    " there are up to 20 objects and arrays)",
    "a value that no JSON text has (lone surrogates, infinities), or of which `jsonschema` cannot tell whether it"
    " satisfies the keywords beside it",
)
_BOUND = Note("no exponent, at most 15 digits before the point", "bounds of more than `max_bound_digits` digits")
_EXCLUDED = Note(
    "no exponent, at most 15 digits before the point; 15 in all where there are as many before it as in the bound",
    "bounds of more than `max_bound_digits` digits",
)
_BRANCHES = Note(
    "of the many ways not to satisfy several schemas at once, 60 are kept, fewer where that takes too long",
    "more than `max_branches` combinations of branches",
)
_DYNAMIC = Note("", "as `$ref`; given values (`enum`, `const`) beside references, where two resources share an anchor")
_CONTAINS = Note(refused="counts above 200")
_COUNTED = Note(
    'properties without a name together count as one for `minProperties`; with `distinct="narrow"` those count that'
    " differ in a checksum of their keys",
    'more distinct keys than the schema names, unless `distinct="narrow"`; counting more than 100 properties',
)
_UNEVALUATED = Note(
    refused="identifiers inside the schemas it concerns; references back to it; more than `max_branches` combinations"
)
_DEPENDENT = Note("as `anyOf`", "as `anyOf`")

NOTES = {
    "$ref": Note(
        "schemas that refer to themselves: as deep as the size of the automaton allows, or any (`recursion`)",
        "it leads outside the document (the schema of the document's own draft excepted), nowhere, or to itself",
    ),
    "$dynamicRef": _DYNAMIC,
    "$recursiveRef": _DYNAMIC,
    "additionalItems": Note(),
    "additionalProperties": Note(
        "absent beside named properties: no others, unless `open_objects=True`; they come after the named"
        " ones, in the outermost object also before them, unless"
        ' `property_order="any"`'
    ),
    "allOf": Note(),
    "anyOf": _BRANCHES,
    "const": _GIVEN,
    "contains": _CONTAINS,
    "dependencies": _DEPENDENT,
    "dependentRequired": _DEPENDENT,
    "dependentSchemas": _DEPENDENT,
    "else": _BRANCHES,
    "enum": _GIVEN,
    "exclusiveMaximum": _EXCLUDED,
    "exclusiveMinimum": _EXCLUDED,
    "format": Note("the subset below; escapes only where JSON needs them", "some negated formats (see below)"),
    "if": _BRANCHES,
    "items": Note(),
    "maxContains": _CONTAINS,
    "maxItems": Note("8 in arrays in arrays in arrays, where those are too large for an automaton"),
    "maxLength": Note(
        "lengths above 256 where they are too large for an automaton (beside strings that are not counted)"
    ),
    "maxProperties": _COUNTED,
    "maximum": _BOUND,
    "minContains": _CONTAINS,
    "minItems": Note(),
    "minLength": Note(),
    "minProperties": _COUNTED,
    "minimum": _BOUND,
    "multipleOf": Note(
        "numbers that are no integers, or multiples of a fraction, have at most 14 digits",
        "divisors with more than 20,000 residues",
    ),
    "not": Note(
        "as `anyOf`; arrays that must not have unique items are left out",
        "negated formats without a cover (see below); a schema that leads back to its own negation",
    ),
    "oneOf": _BRANCHES,
    "pattern": Note(
        "escapes only where JSON needs them; classes such as `\\s` hold the characters on which ECMAScript and Python"
        " agree",
        "whatever is outside the dialect of `latticework.grammar.regex.parser`",
    ),
    "patternProperties": Note(
        "as `pattern`; of many patterns, keys that match more than two are left out",
        "as `pattern`; a named property of which dialects disagree whether it matches",
    ),
    "prefixItems": Note(),
    "properties": Note(
        'in the order of `properties`, or of `required` with the others behind, unless `property_order="any"`; large or'
        " recursive objects in the first of these orders only",
        "a name that is no Unicode text",
    ),
    "propertyNames": Note(),
    "required": Note(),
    "then": _BRANCHES,
    "type": Note(
        "integers have at most 19 digits and no fraction; numbers 17 digits after the point, 2 in the exponent"
    ),
    "unevaluatedItems": _UNEVALUATED,
    "unevaluatedProperties": _UNEVALUATED,
    "uniqueItems": Note(
        'of more than 9 possible values, more than a few items come in one fixed order; with `distinct="narrow"`, items'
        " that are not listed differ in a checksum (most arrays of few items do; large items: at most one)",
        'the possible items are unlimited or more than 2,000, unless `distinct="narrow"`; items are given by position',
    ),
}
