"""Following ``$ref`` and ``allOf``: from schemas that must all hold to plain members and the unions among them.

Members keep the order of the document, so that properties are written in the order in which the schema
mentions them: an ``allOf`` before ``properties`` comes first, one after it comes later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from latticework.grammar.json_schema import keywords
from latticework.grammar.json_schema.document import Subschema, UnresolvedReference

if TYPE_CHECKING:
    from latticework.grammar.json_schema.lowering import Lowering

Conjunction: TypeAlias = tuple[Subschema, ...]


class Union(NamedTuple):
    """An ``anyOf`` or ``oneOf``: the member that holds it, its branches, and whether they precede its properties."""

    holder: str
    keyword: str
    branches: Conjunction
    comes_first: bool


class Expanded(NamedTuple):
    """What a conjunction leads to; ``possible`` is false when a member is the schema ``false``."""

    members: Conjunction
    unions: tuple[Union, ...]
    possible: bool

    def only(self, asserts: Callable[[Subschema], bool]) -> Expanded:
        """Without the members that say nothing themselves and hold no union."""
        holders = {union.holder for union in self.unions}
        members = tuple(member for member in self.members if member.pointer in holders or asserts(member))
        return self._replace(members=members)

    def case(self, keep: Conjunction, chosen: Conjunction) -> Conjunction:
        """The members of ``keep`` with one branch chosen of each union, in document order."""
        kept = {member.pointer: member for member in keep}
        out: list[Subschema] = []
        for member in self.members:
            taken = zip(self.unions, chosen, strict=True)
            own = [(union, branch) for union, branch in taken if union.holder == member.pointer]
            out += [branch for union, branch in own if union.comes_first]
            if member.pointer in kept:
                out.append(kept[member.pointer])
            out += [branch for union, branch in own if not union.comes_first]
        return tuple(out)


def expand(lowering: Lowering, conjunction: Conjunction) -> Expanded:
    """Follows everything ``conjunction`` leads to; what cannot be followed is reported to ``lowering``."""
    walk = _Walk(lowering)
    possible = all(walk.follow(sub, ()) for sub in conjunction)
    return Expanded(tuple(walk.members.values()), tuple(walk.unions), possible)


class _Walk:
    def __init__(self, lowering: Lowering) -> None:
        self.lowering = lowering
        self.members: dict[str, Subschema] = {}
        self.unions: list[Union] = []

    def follow(self, sub: Subschema, trail: tuple[str, ...]) -> bool:
        """Adds ``sub`` and all it leads to; false when one of them admits nothing. ``trail``: how it was reached."""
        schema = sub.schema
        if schema is True:
            return True
        if schema is False:
            self.lowering.dead(sub, "", "the schema is false")
            return False
        if not isinstance(schema, dict):
            self.lowering.malformed_schema(sub)
            return True
        known = self.members.get(sub.pointer)
        if known is not None:
            if known.own and not sub.own and any(step.startswith(f"{sub.pointer}/") for step in trail):
                self.lowering.refuse(sub, "$ref", "a branch of this schema refers back to it", "remove the reference")
            return True
        if sub.own or keywords.APPLICATORS.isdisjoint(schema):
            self.members[sub.pointer] = sub
            return True
        trail = (*trail, sub.pointer)
        if "$ref" in schema and not self.lowering.document.dialect.ref_siblings:
            self._report_ignored(sub)
            return self._reference(sub, trail)
        before, after = _around_properties(schema)
        if not all(self._applicator(sub, keyword, trail, True) for keyword in before):
            return False
        self.members[sub.pointer] = sub
        return all(self._applicator(sub, keyword, trail, False) for keyword in after)

    def _applicator(self, sub: Subschema, keyword: str, trail: tuple[str, ...], comes_first: bool) -> bool:
        if keyword == "$ref":
            return self._reference(sub, trail)
        branches = sub.schema[keyword]
        if not isinstance(branches, list) or not branches:
            self.lowering.malformed(sub, keyword, "a list of at least one schema")
            return True
        children = tuple(sub.child(keyword, index) for index in range(len(branches)))
        if keyword == "allOf":
            return all(self.follow(child, trail) for child in children)
        self.unions.append(Union(sub.pointer, keyword, children, comes_first))
        return True

    def _reference(self, sub: Subschema, trail: tuple[str, ...]) -> bool:
        reference = sub.schema["$ref"]
        if not isinstance(reference, str):
            self.lowering.malformed(sub, "$ref", "a string")
            return True
        try:
            target = self.lowering.document.resolve(reference, sub.pointer)
        except UnresolvedReference as error:
            self.lowering.refuse(sub, "$ref", str(error), error.hint)
            return True
        if target.pointer in trail:
            self.lowering.refuse(sub, "$ref", f"{reference!r} leads back to itself", "remove the reference")
            return True
        return self.follow(target, trail)

    def _report_ignored(self, sub: Subschema) -> None:
        ignored = [keyword for keyword in sub.schema if keyword != "$ref" and keyword not in keywords.ANNOTATIONS]
        if ignored:
            self.lowering.warn(
                f"at {sub.pointer or '(root)'}: up to draft 7 a $ref stands alone, {ignored} are ignored"
            )


def _around_properties(schema: dict) -> tuple[list[str], list[str]]:
    """Applicators written before and after ``properties``; all after it where there is none."""
    before: list[str] = []
    after: list[str] = []
    current = before if "properties" in schema else after
    for keyword in schema:
        if keyword == "properties":
            current = after
        elif keyword in keywords.APPLICATORS:
            current.append(keyword)
    return before, after
