"""``not`` and the conditional keywords, rewritten as choices between schemas.

A value fails a schema when it fails one of its keywords, and failing a keyword is again a schema: to fail ``required:
[a]`` is to be an object without ``a``, to fail ``properties: {a: S}`` to have an ``a`` that fails S (De Morgan's laws,
keyword by keyword). What no other keyword expresses stays as a *literal*, ``{"type": T, "not": {one keyword}}``,
which the lowering of that type understands. All schemas written here are JSON Schema again, so that a validator can
check given values against them. Nothing here depends on which documents the front end writes: a negation never
excludes less than the standard says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from latticework.grammar.json_schema import formats, keywords
from latticework.grammar.json_schema.document import Subschema
from latticework.grammar.json_schema.shapes import malformed

if TYPE_CHECKING:
    from latticework.grammar.json_schema.conjunction import Conjunction
    from latticework.grammar.json_schema.lowering import Lowering

_MAX_PAIRS = 100

# Keyword, the keyword that fails it, and by how much the bound moves.
_COUNTS = {
    "minLength": ("string", "maxLength", -1),
    "maxLength": ("string", "minLength", 1),
    "minItems": ("array", "maxItems", -1),
    "maxItems": ("array", "minItems", 1),
    "minProperties": ("object", "maxProperties", -1),
    "maxProperties": ("object", "minProperties", 1),
}
# Where not all ways to fail a schema are kept, the first are: those most documents take.
_FIRST = {"type": 0, "const": 1, "enum": 2, "required": 3, "properties": 4}
_LITERALS = {
    "pattern": "string",
    "multipleOf": "number",
    "propertyNames": "object",
    "uniqueItems": "array",
}


def conditions(lowering: Lowering, sub: Subschema, keyword: str) -> list[list[Conjunction]]:
    """The choices that ``if`` or a dependency keyword of ``sub`` stands for; one branch of each must hold."""
    schema = sub.schema
    if keyword == "if":
        first, second = _conditional(sub)
        return [[first, second]]
    entries = schema[keyword]
    if not isinstance(entries, dict):
        lowering.malformed(sub, keyword, "an object")
        return []
    out: list[list[Conjunction]] = []
    for name, wanted in entries.items():
        absent = sub.derived(f"{keyword} without {name}", {"properties": {name: False}})
        # With its type, for the schema must not seem to hold of (and evaluate the items of) an array.
        present = sub.derived(f"{keyword} with {name}", {"type": "object", "required": [name]})
        if isinstance(wanted, str):
            wanted = [wanted]  # draft 3
        if isinstance(wanted, list):
            if not wanted or not all(isinstance(other, str) for other in wanted):
                if wanted:
                    lowering.malformed(sub, keyword, "lists of property names")
                continue
            present = sub.derived(f"{keyword} with {name} and more", {"required": [name, *wanted]})
            out.append([(present,), (absent,)])
        elif wanted not in (True, {}):
            out.append([(present, sub.child(keyword, name)), (absent,)])
    return out


def negations(lowering: Lowering, sub: Subschema) -> list[Conjunction]:
    """Ways to fail the schema object ``sub``; none if every value satisfies it. Not to be changed: they are kept."""
    key = sub.pointer, sub.own
    found = lowering.negations.get(key)
    if found is None:
        reports = len(lowering.issues) + len(lowering.warnings)
        found = _negations(lowering, sub)
        if len(lowering.issues) + len(lowering.warnings) == reports:  # else they are to be made each time
            lowering.negations[key] = found
    return found


def _negations(lowering: Lowering, sub: Subschema) -> list[Conjunction]:
    schema = sub.schema
    dialect = lowering.document.dialect
    if "$ref" in schema and not dialect.ref_siblings:
        return _of_keyword(lowering, sub, "$ref")
    left_out = set(keywords.APPLICATORS if sub.own and not sub.is_literal else ())
    for keyword, expected in malformed(schema):
        if keyword in dialect.keywords:
            lowering.malformed(sub, keyword, expected)
            left_out.add(keyword)
    known = [keyword for keyword in schema if keyword in dialect.keywords and keyword not in left_out]
    known.sort(key=lambda keyword: _FIRST.get(keyword, len(_FIRST)))
    return [way for keyword in known for way in _of_keyword(lowering, sub, keyword)]


def _of_keyword(lowering: Lowering, sub: Subschema, keyword: str) -> list[Conjunction]:
    value = sub.schema[keyword]
    match keyword:
        case "$ref" | "$dynamicRef" | "$recursiveRef":
            from latticework.grammar.json_schema.conjunction import resolved

            target = resolved(lowering, sub, keyword)
            return [] if target is None else [(_not(target),)]
        case "allOf":
            return [(_not(branch),) for branch in _branches(sub, keyword)]
        case "anyOf":
            return [tuple(_not(branch) for branch in _branches(sub, keyword))]
        case "oneOf":
            return _none_or_two(lowering, sub)
        case "not":
            return [(sub.child("not"),)]
        case "if":
            first, second = _conditional(sub)
            return [(first[0], _not(first[1])), (second[0], _not(second[1]))]
        case "type":
            return [(sub.derived("not type", {"not": {"type": value}}, own=True),)]
        case "const":
            return _not_given(lowering, sub, [value])
        case "enum":
            return _not_given(lowering, sub, value) if isinstance(value, list) else []
        case "dependencies" | "dependentRequired" | "dependentSchemas":
            return _not_dependent(sub, keyword)
        case "format":
            # Where the draft does not know the format it is an annotation, which nothing fails.
            if not lowering.formats or value not in formats.PATTERNS or value not in lowering.document.dialect.formats:
                return []
            return [(sub.derived("not format", {"type": "string", "not": {"format": value}}, own=True),)]
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return _not_bounded(lowering, sub, keyword)
    if keyword in _COUNTS:
        return _not_counted(sub, keyword)
    if keyword in _LITERALS:
        if keyword == "uniqueItems" and value is False:
            return []
        literal = {"type": _LITERALS[keyword], "not": {keyword: value}}
        return [(sub.derived(f"not {keyword}", literal, own=True),)]
    if keyword in ("properties", "required", "patternProperties", "additionalProperties"):
        return _not_object(sub, keyword)
    if keyword in ("items", "prefixItems", "additionalItems", "contains"):
        return _not_array(lowering, sub, keyword)
    return []  # an annotation, or counted with the keyword it belongs to


def _not(sub: Subschema) -> Subschema:
    return sub._replace(negated=not sub.negated)


def _branches(sub: Subschema, keyword: str) -> list[Subschema]:
    value = sub.schema[keyword]
    return [sub.child(keyword, index) for index in range(len(value))] if isinstance(value, list) else []


def _conditional(sub: Subschema) -> tuple[Conjunction, Conjunction]:
    """``if`` with ``then``, and the negation of ``if`` with ``else``."""
    absent = sub.derived("anything", True)
    chosen = [sub.child(word) if word in sub.schema else absent for word in ("then", "else")]
    condition = sub.child("if")
    return (condition, chosen[0]), (_not(condition), chosen[1])


def _none_or_two(lowering: Lowering, sub: Subschema) -> list[Conjunction]:
    branches = _branches(sub, "oneOf")
    ways: list[Conjunction] = [tuple(_not(branch) for branch in branches)]
    if len(branches) * (len(branches) - 1) // 2 > _MAX_PAIRS:
        lowering.refuse(sub, "oneOf", f"the negation of more than {_MAX_PAIRS} pairs of branches is not supported")
        return ways
    return ways + [(first, second) for i, first in enumerate(branches) for second in branches[i + 1 :]]


def _not_given(lowering: Lowering, sub: Subschema, given: list[Any]) -> list[Conjunction]:
    """Different from every given value: containers are compared member by member."""
    scalars = [value for value in given if not isinstance(value, (dict, list))]
    parts = [sub.derived("not given", {"not": {"enum": scalars}}, own=True)] if scalars else []
    positional = "prefixItems" if "prefixItems" in lowering.document.dialect.keywords else "items"
    for index, value in enumerate(given):
        if isinstance(value, (dict, list)):
            parts.append(_not(sub.derived(f"not given {index}", _exactly(value, positional))))
    return [tuple(parts)]


def _exactly(value: Any, positional: str) -> dict[str, Any]:
    """A schema that one container alone satisfies, its members given."""
    count = len(value)
    if isinstance(value, dict):
        members = {name: {"enum": [member]} for name, member in value.items()}
        return {"type": "object", "required": [*value], "properties": members, "maxProperties": count}
    members = [{"enum": [member]} for member in value]
    return {"type": "array", "minItems": count, "maxItems": count, **({positional: members} if members else {})}


def _not_dependent(sub: Subschema, keyword: str) -> list[Conjunction]:
    entries = sub.schema[keyword]
    ways: list[Conjunction] = []
    for name, wanted in entries.items() if isinstance(entries, dict) else ():
        present = sub.derived(f"not {keyword} with {name}", {"type": "object", "required": [name]})
        for other in wanted if isinstance(wanted, list) else ():
            ways.append((present, sub.derived(f"not {keyword} without {other}", {"properties": {other: False}})))
        if isinstance(wanted, (dict, bool)):
            ways.append((present, _not(sub.child(keyword, name))))
    return ways


def _not_bounded(lowering: Lowering, sub: Subschema, keyword: str) -> list[Conjunction]:
    schema, value = sub.schema, sub.schema[keyword]
    upper = keyword in ("maximum", "exclusiveMaximum")
    flag = schema.get("exclusiveMaximum" if upper else "exclusiveMinimum")
    if isinstance(flag, bool):  # draft 4: the flag belongs to the bound
        if keyword not in ("minimum", "maximum"):
            return []
        is_open = flag
    else:
        is_open = keyword.startswith("exclusive")
    word = "minimum" if upper else "maximum"
    failing: dict[str, Any] = {"type": "number"}
    if is_open:
        failing[word] = value
    elif lowering.document.dialect.numeric_exclusive:
        failing[f"exclusive{word.capitalize()}"] = value
    else:
        failing |= {word: value, f"exclusive{word.capitalize()}": True}
    return [(sub.derived(f"not {keyword}", failing),)]


def _not_counted(sub: Subschema, keyword: str) -> list[Conjunction]:
    kind, opposite, step = _COUNTS[keyword]
    bound = sub.schema[keyword]
    if not isinstance(bound, (int, float)) or bound + step < 0:
        return []
    return [(sub.derived(f"not {keyword}", {"type": kind, opposite: int(bound) + step}),)]


def _not_object(sub: Subschema, keyword: str) -> list[Conjunction]:
    schema, value = sub.schema, sub.schema[keyword]
    if keyword == "properties":
        names = [name for name, member in value.items() if member is not True] if isinstance(value, dict) else []
        names.sort(key=lambda name: not (isinstance(value[name], dict) and {"const", "enum"} & value[name].keys()))
        wrong = {name: {"properties": {name: {"not": value[name]}}} for name in names}
        return [
            (sub.derived(f"not {keyword} {name}", {"type": "object", "required": [name], **failing}),)
            for name, failing in wrong.items()
        ]
    if keyword == "required":
        names = [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
        return [
            (sub.derived(f"not {keyword} {name}", {"type": "object", "properties": {name: False}}),) for name in names
        ]
    if value in (True, {}):
        return []
    if keyword == "patternProperties":
        return [
            (sub.derived(f"not {keyword} {index}", {"type": "object", "not": {keyword: {pattern: member}}}, own=True),)
            for index, (pattern, member) in enumerate(value.items())
            if member is not True
        ]
    beside = {word: dict.fromkeys(schema[word], True) for word in ("properties", "patternProperties") if word in schema}
    return [(sub.derived(f"not {keyword}", {"type": "object", "not": {**beside, keyword: value}}, own=True),)]


def _not_array(lowering: Lowering, sub: Subschema, keyword: str) -> list[Conjunction]:
    schema, value = sub.schema, sub.schema[keyword]
    if isinstance(value, list):
        if keyword == "items" and "prefixItems" in lowering.document.dialect.keywords:
            return []
        return [
            (sub.derived(f"not {keyword} {index}", {"type": "array", "minItems": index + 1, keyword: wrong}),)
            for index, member in enumerate(value)
            if member is not True
            for wrong in [[True] * index + [{"not": member}]]
        ]
    if keyword == "contains":
        return _not_contained(lowering, sub)
    before = schema.get("prefixItems") if keyword == "items" else schema.get("items")
    if keyword == "additionalItems" and not isinstance(before, list):
        return []
    if value in (True, {}):
        return []
    first = "prefixItems" if keyword == "items" else "items"
    beside = {first: [True] * len(before)} if isinstance(before, list) and before else {}
    return [(sub.derived(f"not {keyword}", {"type": "array", "not": {**beside, keyword: value}}, own=True),)]


def _not_contained(lowering: Lowering, sub: Subschema) -> list[Conjunction]:
    schema, value = sub.schema, sub.schema["contains"]
    counts = "minContains" in lowering.document.dialect.keywords
    low = schema.get("minContains", 1) if counts else 1
    high = schema.get("maxContains") if counts else None
    ways: list[Conjunction] = []
    if low == 1:
        ways.append((sub.derived("not contains", {"type": "array", "items": {"not": value}}),))
    elif low > 1:
        few = {"type": "array", "contains": value, "minContains": 0, "maxContains": low - 1}
        ways.append((sub.derived("not minContains", few),))
    if high is not None:
        ways.append((sub.derived("not maxContains", {"type": "array", "contains": value, "minContains": high + 1}),))
    return ways
