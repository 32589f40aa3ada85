"""Proving that no document of one ``oneOf`` branch satisfies another, so that nothing has to be taken out of it.

A proof goes type by type. Two branches exclude each other on a type when their given values differ (``const``,
``enum``), their numbers lie in separate ranges, or, for objects, when one requires a property the other
forbids, or a property present in both has itself exclusive values: tagged unions. The documents of a branch are
those this front end writes, so a property that a closed object never has counts as forbidden there. Where there is
no proof, a branch is lowered beside the negation of the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from latticework.errors import LimitExceeded
from latticework.grammar.json_schema import keywords
from latticework.grammar.json_schema.conjunction import identity
from latticework.grammar.json_schema.document import Subschema
from latticework.grammar.json_schema.enums import given_keys, key_of, satisfying
from latticework.grammar.json_schema.numbers import interval

if TYPE_CHECKING:
    from latticework.grammar.json_schema.conjunction import Conjunction, Union
    from latticework.grammar.json_schema.lowering import Lowering

_MAX_BRANCHES = 60
_MAX_NESTING = 4
_MAX_UNIONS = 2  # unions inside unions whose types are looked at
_MAX_PROOFS = 20_000  # steps of proofs in one schema (about a second); what is not proven by then counts as not true


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
        closed = any(m.is_written and m.schema.get("properties") for m in self.members)
        return closed and not open_objects and not self.has_unions


def exclusive(lowering: Lowering, union: Union, context: Conjunction, other_unions: bool) -> Union:
    """``union`` with every branch beside the negations of the branches it may overlap with.

    Raises:
        LimitExceeded: too many branches to compare each with each.
    """
    if len(union.branches) > _MAX_BRANCHES:
        raise LimitExceeded("max_branches", _MAX_BRANCHES, union.holder.place, "a oneOf compares all its branches")
    alone = [_facts(lowering, branch, strict=True) for branch in union.branches]
    branches: list[Conjunction] = []
    for i, branch in enumerate(union.branches):
        within = _beside(lowering, _facts(lowering, branch), context, other_unions)
        others = [j for j in range(len(alone)) if j != i and not _exclude(lowering, within, alone[j], 0)]
        if others:  # negations beside a branch may write properties that it does not name
            within = replace(within, has_unions=True)
            others = [j for j in range(len(alone)) if j != i and not _exclude(lowering, within, alone[j], 0)]
        negated = [member._replace(negated=True) for j in others for member in union.branches[j]]
        branches.append((*branch, *negated))
    return union._replace(branches=tuple(branches))


def excludes(lowering: Lowering, these: Conjunction, other: Conjunction) -> bool:
    """Whether it is proven that every value that satisfies ``these``, and perhaps more, violates ``other``."""
    facts = replace(_facts(lowering, these), has_unions=True)
    return _exclude(lowering, facts, _facts(lowering, other, strict=True), 0)


def contradictory(lowering: Lowering, conjunction: Conjunction, depth: int = 0) -> bool:
    """Whether it is plain that no value satisfies ``conjunction``."""
    lowering.proofs += 1
    if lowering.proofs > _MAX_PROOFS or depth > _MAX_NESTING:
        return False
    facts = _facts(lowering, conjunction)
    if not facts.types:
        return True
    given = [found for member in facts.members if (found := given_keys(member)) is not None]
    if given:
        excluded = {key_of(value) for values in lowering.negated(facts.members, "enum") for value in values}
        if frozenset.intersection(*given) <= excluded:
            return True
    if facts.types != {"object"}:
        return False
    for name in facts.required:
        said = facts.property(name)
        if any(sub.schema is False for sub in said) or (len(said) > 1 and contradictory(lowering, said, depth + 1)):
            return True
    return False


def _facts(lowering: Lowering, conjunction: Conjunction, depth: int = 0, strict: bool = False) -> _Facts:
    """``strict``: only what the draft gives a meaning to, so that the facts leave nothing out that satisfies it."""
    key = identity(conjunction), depth, strict
    found = lowering.facts.get(key)
    if found is None:
        found = lowering.facts[key] = _find_facts(lowering, conjunction, depth, strict)
    return found


def _find_facts(lowering: Lowering, conjunction: Conjunction, depth: int, strict: bool) -> _Facts:
    known = lowering.document.dialect.keywords
    expanded = lowering.expand(conjunction)
    members = expanded.members
    if strict:
        members = tuple(
            member._replace(schema={keyword: member.schema[keyword] for keyword in member.schema if keyword in known})
            for member in members
        )
    types = lowering.types_of_all(members)
    for union in expanded.unions if depth < _MAX_UNIONS else ():
        if union.keyword in known or not strict:
            said = (_facts(lowering, branch, depth + 1, strict).types for branch in union.branches)
            types &= frozenset().union(*said)
    return _Facts(members, types if expanded.possible else frozenset(), bool(expanded.unions))


def _beside(lowering: Lowering, facts: _Facts, context: Conjunction, other_unions: bool) -> _Facts:
    """The facts of a branch and of the schemas beside its union together."""
    types = facts.types & lowering.types_of_all(context)
    return _Facts((*context, *facts.members), types, facts.has_unions or other_unions)


def _exclude(lowering: Lowering, these: _Facts, other: _Facts, depth: int) -> bool:
    """Whether every document of ``these`` violates ``other``."""
    shared = these.types & other.types
    if not shared:
        return True
    lowering.proofs += 1
    if depth > _MAX_NESTING or lowering.proofs > _MAX_PROOFS:
        return False
    given = these.given()
    candidates = other.given() if given is None else given
    if candidates is not None:
        return not any(_satisfies(lowering, value, these.members + other.members) for value in candidates)
    return all(_exclude_on(lowering, kind, these, other, depth) for kind in shared)


def _satisfies(lowering: Lowering, value: Any, members: tuple[Subschema, ...]) -> bool:
    """Whether the value may satisfy what all members say themselves; their unions and negations, perhaps the one in
    question, have no say."""
    return all(satisfying(lowering, _alone(member), [value], doubtful=True) for member in members)


def _alone(member: Subschema) -> Subschema:
    if member.is_literal or keywords.APPLICATORS.isdisjoint(member.schema):
        return member
    own = {keyword: value for keyword, value in member.schema.items() if keyword not in keywords.APPLICATORS}
    return member._replace(schema=own)


def _exclude_on(lowering: Lowering, kind: str, these: _Facts, other: _Facts, depth: int) -> bool:
    if kind in ("integer", "fraction"):
        return interval(lowering, (*these.members, *other.members)).is_empty
    if kind != "object":
        return False
    if any(these.never_written(name, lowering.open_objects) for name in other.required):
        return True
    for name in these.required:
        wanted, mine = other.property(name), these.property(name)
        if wanted and _exclude(lowering, _facts(lowering, mine), _facts(lowering, wanted, strict=True), depth + 1):
            return True
    return False
