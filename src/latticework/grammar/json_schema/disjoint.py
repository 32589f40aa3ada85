"""Proving that no document of one ``oneOf`` branch satisfies another, so that nothing has to be taken out of it.

A proof goes type by type. Two branches exclude each other on a type when their given values differ (``const``,
``enum``), their numbers lie in separate ranges, or, for objects, when one requires a property the other
forbids, or a property present in both has itself exclusive values: tagged unions. The documents of a branch are
those this front end writes, so a property that a closed object never has counts as forbidden there. Where there is
no proof, a branch is lowered beside the negation of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from latticework.errors import LimitExceeded
from latticework.grammar.json_schema.document import Subschema
from latticework.grammar.json_schema.enums import given_keys, satisfying
from latticework.grammar.json_schema.numbers import interval

if TYPE_CHECKING:
    from latticework.grammar.json_schema.conjunction import Conjunction, Union
    from latticework.grammar.json_schema.lowering import Lowering

_MAX_BRANCHES = 60
_MAX_NESTING = 4


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a conjunction says for certain: necessary conditions on its documents.

    ``has_unions``: it holds unions besides, whose branches may say more and name more properties.
    """

    members: tuple[Subschema, ...]
    types: frozenset[str]
    has_unions: bool

    @property
    def required(self) -> frozenset[str]:
        names = (m.schema.get("required") for m in self.members)
        return frozenset(name for value in names if isinstance(value, list) for name in value if isinstance(name, str))

    def given(self) -> list[Any] | None:
        for member in self.members:
            if "const" in member.schema:
                return [member.schema["const"]]
            if isinstance(member.schema.get("enum"), list):
                return member.schema["enum"]
        return None

    def property(self, name: str) -> tuple[Subschema, ...]:
        """All that is said about a property of this name."""
        said: list[Subschema] = []
        for member in self.members:
            properties = member.schema.get("properties")
            if isinstance(properties, dict) and name in properties:
                said.append(member.child("properties", name))
            elif "additionalProperties" in member.schema and not member.schema.get("patternProperties"):
                said.append(member.child("additionalProperties"))
        return tuple(said)

    def never_written(self, name: str, open_objects: bool) -> bool:
        """Whether no document this front end writes for the conjunction has a property of this name."""
        if name in self.required or any(member.is_literal for member in self.members):
            return False
        if any("additionalProperties" in m.schema or m.schema.get("patternProperties") for m in self.members):
            return any(sub.schema is False for sub in self.property(name))
        named = [p for m in self.members if isinstance(p := m.schema.get("properties"), dict)]
        if any(name in properties for properties in named):
            return any(sub.schema is False for sub in self.property(name))
        return any(named) and not open_objects and not self.has_unions


def exclusive(lowering: Lowering, union: Union, context: Conjunction, other_unions: bool) -> Union:
    """``union`` with every branch beside the negations of the branches it may overlap with.

    Raises:
        LimitExceeded: too many branches to compare each with each.
    """
    if len(union.branches) > _MAX_BRANCHES:
        raise LimitExceeded("max_branches", _MAX_BRANCHES, union.holder.place, "a oneOf compares all its branches")
    alone = [_facts(lowering, branch) for branch in union.branches]
    within = [_beside(lowering, facts, context, other_unions) for facts in alone]
    branches: list[Conjunction] = []
    for i, branch in enumerate(union.branches):
        others = [
            member._replace(negated=True)
            for j, other in enumerate(union.branches)
            if i != j and not _exclude(lowering, within[i], alone[j], 0)
            for member in other
        ]
        branches.append((*branch, *others))
    return union._replace(branches=tuple(branches))


def contradictory(lowering: Lowering, conjunction: Conjunction) -> bool:
    """Whether it is plain that no value satisfies ``conjunction``."""
    facts = _facts(lowering, conjunction)
    if not facts.types:
        return True
    given = [found for member in facts.members if (found := given_keys(member)) is not None]
    if given and not frozenset.intersection(*given):
        return True
    return facts.types == {"object"} and any(
        sub.schema is False for name in facts.required for sub in facts.property(name)
    )


def _facts(lowering: Lowering, conjunction: Conjunction, depth: int = 0) -> _Facts:
    expanded = lowering.expand(conjunction)
    types = lowering.types_of_all(expanded.members)
    for union in expanded.unions if depth <= _MAX_NESTING else ():
        types &= frozenset().union(*(_facts(lowering, branch, depth + 1).types for branch in union.branches))
    return _Facts(expanded.members, types if expanded.possible else frozenset(), bool(expanded.unions))


def _beside(lowering: Lowering, facts: _Facts, context: Conjunction, other_unions: bool) -> _Facts:
    """The facts of a branch and of the schemas beside its union together."""
    types = facts.types & lowering.types_of_all(context)
    return _Facts((*context, *facts.members), types, facts.has_unions or other_unions)


def _exclude(lowering: Lowering, these: _Facts, other: _Facts, depth: int) -> bool:
    """Whether every document of ``these`` violates ``other``."""
    shared = these.types & other.types
    if not shared:
        return True
    if depth > _MAX_NESTING:
        return False
    given = these.given()
    candidates = other.given() if given is None else given
    if candidates is not None:
        return not any(_satisfies(lowering, value, these.members + other.members) for value in candidates)
    return all(_exclude_on(lowering, kind, these, other, depth) for kind in shared)


def _satisfies(lowering: Lowering, value: Any, members: tuple[Subschema, ...]) -> bool:
    """Whether the value satisfies all members; one that holds a ``oneOf``, perhaps the one in question, has no say."""
    return all(satisfying(lowering, member, [value]) for member in members if "oneOf" not in member.schema)


def _exclude_on(lowering: Lowering, kind: str, these: _Facts, other: _Facts, depth: int) -> bool:
    if kind in ("integer", "fraction"):
        return interval(lowering, (*these.members, *other.members)).is_empty
    if kind != "object":
        return False
    if any(these.never_written(name, lowering.open_objects) for name in other.required):
        return True
    for name in these.required:
        wanted, mine = other.property(name), these.property(name)
        if wanted and _exclude(lowering, _facts(lowering, mine), _facts(lowering, wanted), depth + 1):
            return True
    return False
