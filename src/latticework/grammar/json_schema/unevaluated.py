"""``unevaluatedProperties`` and ``unevaluatedItems``, rewritten as choices between schemas without them.

What is evaluated depends on which branches of the choices beside the keyword hold. Once they are chosen it is known,
and the keyword says what ``additionalProperties`` or ``items`` says in a schema that names all of it. More branches
that hold evaluate more and forbid less, so one alternative for every set of branches that are taken to hold, the others
left open, is exact (JSON Schema core, section 11).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from latticework.errors import LimitExceeded
from latticework.grammar.json_schema import keywords, negation
from latticework.grammar.json_schema.document import Subschema
from latticework.grammar.json_schema.evaluation import NOTHING, Evaluated, Survey, in_place, stands_alone

if TYPE_CHECKING:
    from latticework.grammar.json_schema.conjunction import Conjunction
    from latticework.grammar.json_schema.lowering import Lowering

_T = TypeVar("_T")
_MAX_WAYS = 300
_HINT = "use additionalProperties or items in a schema that names everything"


class Rewritten(NamedTuple):
    """A schema with ``unevaluated...`` keywords: all of ``before`` and ``after``, and one of ``branches``."""

    before: Conjunction
    branches: list[Conjunction]
    after: Conjunction

    @property
    def ways(self) -> list[Conjunction]:
        return [(*self.before, *branch, *self.after) for branch in self.branches]


class _Way(NamedTuple):
    """Schemas that hold together, and what they evaluate beyond what is evaluated in any case."""

    members: Conjunction
    evaluated: Evaluated = NOTHING

    def joined(self, other: _Way) -> _Way:
        return _Way((*self.members, *other.members), self.evaluated.joined(other.evaluated))


_Part = list[_Way]  # one of them must hold


class _Chosen(NamedTuple):
    """Ways ``taken`` one by one where there was a choice, and all of it together."""

    way: _Way
    taken: tuple[_Way, ...]

    def with_way(self, way: _Way) -> _Chosen:
        return _Chosen(self.way.joined(way), (*self.taken, way))


def held(lowering: Lowering, sub: Subschema) -> tuple[str, ...]:
    """The ``unevaluated...`` keywords that say something about the values ``sub`` admits; malformed ones reported."""
    types = lowering.types(sub) if any(keyword in sub.schema for keyword in keywords.UNEVALUATED) else None
    found: list[str] = []
    for keyword, kind in keywords.UNEVALUATED.items():
        if keyword not in sub.schema or (types is not None and kind not in types):
            continue
        if not isinstance(sub.schema[keyword], (bool, dict)):
            lowering.malformed(sub, keyword, "a schema")
        elif keyword == "unevaluatedProperties" or not _admits_all(sub, keyword):
            found.append(keyword)
    return tuple(found)


def rewritten(lowering: Lowering, sub: Subschema, found: tuple[str, ...]) -> Rewritten:
    """``sub`` without the keywords ``found`` in it, which :func:`held` names.

    Raises:
        LimitExceeded: more than 300 sets of branches, or ``max_branches``, are to be told apart.
    """
    return _Rewriting(lowering, sub, found).result()


def _admits_all(sub: Subschema, keyword: str) -> bool:
    return sub.schema[keyword] in (True, {})


class _Rewriting:
    def __init__(self, lowering: Lowering, sub: Subschema, found: tuple[str, ...]) -> None:
        self.lowering = lowering
        self.holder = sub
        self.found = found
        # One that admits everything needs no choices told apart.
        self.telling = tuple(keyword for keyword in found if not _admits_all(sub, keyword))
        self.survey = Survey(lowering, self.telling)
        self.trail = [sub.pointer]
        self._agreeing: dict[tuple[Any, ...], bool] = {}
        self.is_within_itself = sub.pointer in lowering.rewriting

    def result(self) -> Rewritten:
        covered = self.survey.around(self.holder) if self.telling else Evaluated(every_property=True, every_item=True)
        rewriting = self.lowering.rewriting
        rewriting.add(self.holder.pointer)
        try:
            parts = self._parts(self.holder, covered, ())
            several = [index for index, part in enumerate(parts) if len(part) != 1]
            first, last = (several[0], several[-1] + 1) if several else (len(parts), len(parts))
            fixed = self._product(parts[:first] + parts[last:], ())[0]
            ways = self._product(parts[first:last], fixed.members)
        finally:
            if not self.is_within_itself:
                rewriting.discard(self.holder.pointer)
        branches = [
            (*way.members, *self._beyond(covered.joined(fixed.evaluated).joined(way.evaluated))) for way in ways
        ]
        return Rewritten(_members(parts[:first]), branches, _members(parts[last:]))

    # ---- ways for a schema to hold

    def _ways(self, sub: Subschema, covered: Evaluated, given: Conjunction) -> _Part:
        """``covered``: evaluated in any case; ``given``: holds beside ``sub``."""
        if sub.pointer in self.trail or covered.covers(self.survey.possible(sub)):  # a cycle has been refused
            return [_Way((sub,))]
        certain = self.survey.certain(sub)
        self.trail.append(sub.pointer)
        parts = self._parts(sub, covered.joined(certain), given)
        self.trail.pop()
        if any(keyword in sub.schema for keyword in keywords.UNEVALUATED):
            # It has alternatives of its own, and is looked at here for what it evaluates only.
            parts = [[_Way((sub,))], *([part[0]._replace(members=())] if len(part) == 1 else part for part in parts)]
        ways = self._product(parts, given)
        return [way._replace(evaluated=way.evaluated.joined(certain)) for way in ways]

    def _parts(self, sub: Subschema, covered: Evaluated, given: Conjunction) -> list[_Part]:
        """What ``sub`` consists of, its ``unevaluated...`` keywords apart, in document order."""
        from latticework.grammar.json_schema.conjunction import around_properties

        if stands_alone(self.lowering, sub):
            return self._keyword(sub, "$ref", covered, given)
        own = sub._replace(own=True)
        before, after = around_properties(sub.schema)
        parts = [part for keyword in before for part in self._keyword(sub, keyword, covered, (own, *given))]
        parts.append([_Way((own,))])
        return parts + [part for keyword in after for part in self._keyword(sub, keyword, covered, (own, *given))]

    def _keyword(self, sub: Subschema, keyword: str, covered: Evaluated, given: Conjunction) -> list[_Part]:
        if keyword in keywords.UNEVALUATED:
            return []
        if keyword == "not":
            return [[_Way((sub.child("not")._replace(negated=True),))]]
        children = in_place(self.lowering, sub).get(keyword)
        if children is None or all(covered.covers(self.survey.possible(child)) for child in children):
            return [[_Way((_alone(sub, keyword),))]]
        if keyword == "allOf" or keyword in keywords.REFERENCES:
            return [self._ways(child, covered, given) for child in children]
        if keyword == "anyOf":
            return [self._any_of(children, covered, given)]
        if keyword == "oneOf":
            return [self._one_of(children, covered, given)]
        choices = negation.conditions(self.lowering, sub, keyword)
        if keyword == "if" and len(children) == 1:  # neither then nor else: it evaluates, and asserts nothing
            choices = [[(children[0],), ()]]
        return [[way for branch in choice for way in self._all_of(branch, covered, given)] for choice in choices]

    def _all_of(self, branch: Conjunction, covered: Evaluated, given: Conjunction) -> _Part:
        return self._product([self._ways(member, covered, given) for member in branch], given)

    def _any_of(self, children: list[Subschema], covered: Evaluated, given: Conjunction) -> _Part:
        """Every set of branches that evaluates more than each smaller one."""
        sets: list[_Chosen] = []
        for child in children:
            alone = [_Chosen(way, (way,)) for way in self._ways(child, covered, given) if self._agree(given, way)]
            both = [
                before.with_way(one.way)
                for one in alone
                for before in sets
                if not before.way.evaluated.covers(one.way.evaluated)
                and not one.way.evaluated.covers(before.way.evaluated)
                and all(self._agree(given, other, one.way) for other in before.taken)
            ]
            sets = self._bounded([*sets, *alone, *both])
        return _undominated([chosen.way for chosen in sets])

    def _one_of(self, children: list[Subschema], covered: Evaluated, given: Conjunction) -> _Part:
        from latticework.grammar.json_schema.disjoint import excludes

        out: _Part = []
        for child in children:
            for way in self._ways(child, covered, given):
                beside = (*given, *way.members)
                others = [
                    other._replace(negated=True)
                    for other in children
                    if other is not child and not (self._tells and excludes(self.lowering, beside, (other,)))
                ]
                out.append(way._replace(members=(*way.members, *others)))
        return self._bounded(out)

    def _product(self, parts: list[_Part], given: Conjunction) -> _Part:
        """One way of every part, without the combinations that plainly contradict themselves."""
        beside = (*given, *_members([part for part in parts if len(part) == 1]))
        combined = [_Chosen(_Way(()), ())]
        for part in parts:
            if len(part) == 1:
                combined = [before._replace(way=before.way.joined(part[0])) for before in combined]
                continue
            possible = [way for way in part if self._agree(beside, way)]
            combined = self._bounded(
                [
                    before.with_way(way)
                    for before in combined
                    for way in possible
                    if all(self._agree(beside, other, way) for other in before.taken)
                ]
            )
        return _undominated([chosen.way for chosen in combined if self._holds_together(beside, chosen)])

    @property
    def _tells(self) -> bool:
        """Whether proofs may be asked for: a proof about this very schema must not ask for itself."""
        return not self.is_within_itself

    def _holds_together(self, given: Conjunction, chosen: _Chosen) -> bool:
        """The same of all that has been chosen; two of them have been compared already."""
        if len(chosen.taken) < 3:
            return True
        *others, last = chosen.taken
        return self._agree((*given, *(member for way in others for member in way.members)), last)

    def _agree(self, given: Conjunction, *ways: _Way) -> bool:
        """Whether it is not plain that the ways, one or two, contradict each other or what is given."""
        from latticework.grammar.json_schema.conjunction import identity
        from latticework.grammar.json_schema.disjoint import contradictory, excludes

        before = (*given, *(member for way in ways[:-1] for member in way.members))
        last = ways[-1].members
        if not self._tells or not before or not last:
            return True
        key = identity(before), identity(last)
        if key not in self._agreeing:
            apart = contradictory(self.lowering, (*before, *last)) or excludes(self.lowering, before, last)
            self._agreeing[key] = not apart
        return self._agreeing[key]

    def _bounded(self, ways: list[_T]) -> list[_T]:
        limit = min(_MAX_WAYS, self.lowering.limits.max_branches)
        if len(ways) > limit:
            hint = f"{self.found[0]} tells apart which branches hold: {_HINT}"
            raise LimitExceeded("max_branches", limit, self.holder.place, hint)
        return ways

    # ---- what the keywords say of the rest

    def _beyond(self, evaluated: Evaluated) -> list[Subschema]:
        """Schemas that say what the keywords say where just this is evaluated."""
        said: list[Subschema] = []
        for keyword in self.found:
            if _admits_all(self.holder, keyword):
                said.append(self.holder.derived(keyword, {"additionalProperties": True}))
            elif keyword == "unevaluatedProperties" and not evaluated.every_property:
                said.append(self._properties_beyond(evaluated))
            elif keyword == "unevaluatedItems" and not evaluated.every_item:
                said.append(self._items_beyond(evaluated))
        return said

    def _properties_beyond(self, evaluated: Evaluated) -> Subschema:
        names, patterns = sorted(evaluated.names), sorted(evaluated.patterns)
        schema: dict[str, Any] = {"additionalProperties": self._copied(self.holder.child("unevaluatedProperties"))}
        if names:
            schema["properties"] = dict.fromkeys(names, True)
        if patterns:
            schema["patternProperties"] = dict.fromkeys(patterns, True)
        return self.holder.derived(f"properties beyond {json.dumps([names, patterns])}", schema)

    def _items_beyond(self, evaluated: Evaluated) -> Subschema:
        pointers = sorted(evaluated.contained)
        options = [self._copied(self.survey.contains[pointer]) for pointer in pointers]
        if self.holder.schema["unevaluatedItems"] is not False:
            options.append(self._copied(self.holder.child("unevaluatedItems")))
        others = options[0] if len(options) == 1 else {"anyOf": options}
        first = [True] * evaluated.items
        if not options:
            schema: dict[str, Any] = {"maxItems": evaluated.items}
        elif not first:
            schema = {"items": others}
        elif "prefixItems" in self.lowering.document.dialect.keywords:
            schema = {"prefixItems": first, "items": others}
        else:
            schema = {"items": first, "additionalItems": others}
        return self.holder.derived(f"items beyond {json.dumps([evaluated.items, pointers])}", schema)

    def _copied(self, sub: Subschema) -> Any:
        """The schema of ``sub``, to stand elsewhere in the holder; refused where its references would change."""
        document = self.lowering.document
        here, there = ((document.base_of(p), document.scopes.at(p)) for p in (self.holder.pointer, sub.pointer))
        if here != there or _mentions(sub.schema, document.dialect.identifier):
            message = "identifiers inside the schemas it concerns are not supported"
            self.lowering.refuse(self.holder, self.found[0], message, _HINT)
            return True
        return sub.schema


def _alone(sub: Subschema, keyword: str) -> Subschema:
    words = ("if", "then", "else") if keyword == "if" else (keyword,)
    return sub.derived(f"only {keyword}", {word: sub.schema[word] for word in words if word in sub.schema})


def _members(parts: list[_Part]) -> Conjunction:
    return tuple(member for part in parts for member in part[0].members)


def _undominated(ways: _Part) -> _Part:
    """Without those that ask for more than another and evaluate nothing that the other does not."""
    if len(ways) == 1:
        return ways
    keys = [{(member.pointer, member.own, member.negated) for member in way.members} for way in ways]
    return [
        way
        for way, key in zip(ways, keys, strict=True)
        if not any(
            other_key < key and other.evaluated.covers(way.evaluated)
            for other, other_key in zip(ways, keys, strict=True)
        )
    ]


def _mentions(schema: Any, keyword: str) -> bool:
    if isinstance(schema, dict):
        return isinstance(schema.get(keyword), str) or any(_mentions(member, keyword) for member in schema.values())
    return isinstance(schema, list) and any(_mentions(member, keyword) for member in schema)
