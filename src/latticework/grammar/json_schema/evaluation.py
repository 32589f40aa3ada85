"""Which properties and items a schema evaluates, in the sense of ``unevaluatedProperties`` and ``unevaluatedItems``.

A schema that holds evaluates what its own keywords speak of and what the schemas do that it applies to the same value:
``allOf`` and references always, the branches of a choice where they hold. What stands below ``not`` evaluates nothing.
Keywords that the draft gives no meaning to evaluate nothing either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from latticework.grammar.json_schema import keywords
from latticework.grammar.json_schema.arrays import shape_of
from latticework.grammar.json_schema.document import Subschema

if TYPE_CHECKING:
    from latticework.grammar.json_schema.lowering import Lowering

_SURE = keywords.REFERENCES | {"allOf"}
_LISTS = ("allOf", "anyOf", "oneOf")
_MAPS = ("dependencies", "dependentSchemas")


class Evaluated(NamedTuple):
    """Parts of a value: properties by name and by pattern, items by position and by what they contain.

    ``items``: so many first items. ``contained``: pointers of ``contains``, which evaluates the items that satisfy it.
    """

    names: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()
    every_property: bool = False
    items: int = 0
    every_item: bool = False
    contained: frozenset[str] = frozenset()

    def joined(self, other: Evaluated) -> Evaluated:
        return Evaluated(
            self.names | other.names,
            self.patterns | other.patterns,
            self.every_property or other.every_property,
            max(self.items, other.items),
            self.every_item or other.every_item,
            self.contained | other.contained,
        )

    def covers(self, other: Evaluated) -> bool:
        """Whether this is all that ``other`` is."""
        properties = self.every_property or (
            not other.every_property and other.names <= self.names and other.patterns <= self.patterns
        )
        return properties and (
            self.every_item
            or (not other.every_item and other.items <= self.items and other.contained <= self.contained)
        )


NOTHING = Evaluated()


class Survey:
    """What the schemas that one schema applies to the same value evaluate.

    ``kinds``: the keywords asked about, ``unevaluatedProperties``, ``unevaluatedItems`` or both.
    """

    def __init__(self, lowering: Lowering, kinds: tuple[str, ...]) -> None:
        self.lowering = lowering
        self.kinds = kinds
        self.contains: dict[str, Subschema] = {}
        self._known: dict[str, tuple[Evaluated, Evaluated]] = {}

    def certain(self, sub: Subschema) -> Evaluated:
        """What ``sub`` evaluates whenever it holds."""
        return self._find(sub, ())[0]

    def possible(self, sub: Subschema) -> Evaluated:
        """What ``sub`` may evaluate."""
        return self._find(sub, ())[1]

    def around(self, sub: Subschema) -> Evaluated:
        """What is evaluated for certain beside ``unevaluated...`` of ``sub``."""
        found = self._own(sub, outermost=True)
        for keyword, children in in_place(self.lowering, sub).items():
            for child in children if keyword in _SURE else ():
                found = found.joined(self._find(child, (sub.pointer,))[0])
        return found

    def _find(self, sub: Subschema, trail: tuple[str, ...]) -> tuple[Evaluated, Evaluated]:
        if sub.negated or not isinstance(sub.schema, dict):
            return NOTHING, NOTHING
        if sub.pointer in trail:
            self.lowering.refuse(sub, self.kinds[0], "the schemas beside it lead back to it", "remove the reference")
            return NOTHING, NOTHING
        if sub.pointer not in self._known:
            certain = possible = self._own(sub)
            for keyword, children in in_place(self.lowering, sub).items():
                for child in children:
                    sure, maybe = self._find(child, (*trail, sub.pointer))
                    possible = possible.joined(maybe)
                    certain = certain.joined(sure) if keyword in _SURE else certain
            self._known[sub.pointer] = certain, possible
        return self._known[sub.pointer]

    def _own(self, sub: Subschema, outermost: bool = False) -> Evaluated:
        """``outermost``: this is the schema whose ``unevaluated...`` is in question."""
        schema = sub.schema
        if stands_alone(self.lowering, sub):
            return NOTHING
        found = NOTHING
        if "unevaluatedProperties" in self.kinds:
            every = "additionalProperties" in schema or ("unevaluatedProperties" in schema and not outermost)
            found = Evaluated(_names(schema, "properties"), _names(schema, "patternProperties"), every)
        if "unevaluatedItems" in self.kinds:
            first, others = shape_of(self.lowering, sub)
            every = bool(others) or ("unevaluatedItems" in schema and not outermost)
            found = found._replace(items=len(first), every_item=every)
            # In 2019-09 contains evaluates nothing.
            if "contains" in schema and "prefixItems" in self.lowering.document.dialect.keywords:
                contains = sub.child("contains")
                self.contains[contains.pointer] = contains
                found = found._replace(contained=frozenset((contains.pointer,)))
        return found


def _names(schema: dict[str, Any], keyword: str) -> frozenset[str]:
    value = schema.get(keyword)
    return frozenset(name for name in value if isinstance(name, str)) if isinstance(value, dict) else frozenset()


def stands_alone(lowering: Lowering, sub: Subschema) -> bool:
    """Whether ``sub`` is a reference beside which nothing counts (up to draft 7)."""
    return "$ref" in sub.schema and not lowering.document.dialect.ref_siblings


def in_place(lowering: Lowering, sub: Subschema) -> dict[str, list[Subschema]]:
    """Schemas that ``sub`` applies to the same value and that may evaluate something, by keyword."""
    from latticework.grammar.json_schema.conjunction import resolved

    schema, known = sub.schema, lowering.document.dialect.keywords
    found: dict[str, list[Subschema]] = {}
    for keyword in ("$ref",) if stands_alone(lowering, sub) else schema:
        if keyword not in known:
            continue
        if keyword in keywords.REFERENCES:
            target = resolved(lowering, sub, keyword)
            found[keyword] = [] if target is None else [target]
        elif keyword in _LISTS and isinstance(schema[keyword], list):
            found[keyword] = [sub.child(keyword, index) for index in range(len(schema[keyword]))]
        elif keyword in _MAPS and isinstance(schema[keyword], dict):
            found[keyword] = [sub.child(keyword, name) for name in schema[keyword]]
        elif keyword == "if":
            found[keyword] = [sub.child(word) for word in ("if", "then", "else") if word in schema]
    return found
