"""Following references, ``allOf`` and ``not``: from schemas that must all hold to plain members and unions.

Members and unions keep the order of the document, so that properties are written in the order in which the schema
mentions them: an ``allOf`` before ``properties`` comes first, one after it comes later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from latticework.grammar.json_schema import keywords, negation, unevaluated
from latticework.grammar.json_schema.document import Subschema, UnresolvedReference

if TYPE_CHECKING:
    from latticework.grammar.json_schema.lowering import Lowering

Conjunction: TypeAlias = tuple[Subschema, ...]


class Union(NamedTuple):
    """Conjunctions of which one must hold (``oneOf``: exactly one), and where they come from."""

    holder: Subschema
    keyword: str
    branches: tuple[Conjunction, ...]


class Expanded(NamedTuple):
    """What a conjunction leads to, in document order; ``possible`` is false when a member is the schema ``false``."""

    items: tuple[Subschema | Union, ...]
    possible: bool

    @property
    def members(self) -> Conjunction:
        return tuple(item for item in self.items if isinstance(item, Subschema))

    @property
    def unions(self) -> tuple[Union, ...]:
        return tuple(item for item in self.items if isinstance(item, Union))

    def only(self, asserts: Callable[[Subschema], bool]) -> Expanded:
        """Without the members that say nothing themselves."""
        return self._replace(items=tuple(item for item in self.items if isinstance(item, Union) or asserts(item)))

    def case(self, chosen: Iterable[Conjunction]) -> Conjunction:
        """The members with one branch chosen of each union; a member then stands for its own keywords only."""
        branches = iter(chosen)
        out: list[Subschema] = []
        for item in self.items:
            if isinstance(item, Union):
                out += next(branches)
            else:
                out.append(item._replace(own=True))
        return tuple(out)


def identity(items: Iterable[Subschema | Union]) -> tuple[Any, ...]:
    """A hashable that tells conjunctions, and what they lead to, apart."""
    return tuple(
        tuple(map(identity, item.branches)) if isinstance(item, Union) else (item.pointer, item.own, item.negated)
        for item in items
    )


def expand(lowering: Lowering, conjunction: Conjunction) -> Expanded:
    """Follows everything ``conjunction`` leads to; what cannot be followed is reported to ``lowering``."""
    walk = _Walk(lowering)
    possible = all(walk.follow(sub, ()) for sub in conjunction)
    return Expanded(tuple(walk.items), possible)


class _Walk:
    def __init__(self, lowering: Lowering) -> None:
        self.lowering = lowering
        self.members: dict[str, Subschema] = {}
        self.items: list[Subschema | Union] = []

    def follow(self, sub: Subschema, trail: tuple[str, ...]) -> bool:
        """Adds ``sub`` and all it leads to; false when one of them admits nothing. ``trail``: how it was reached."""
        schema = sub.schema
        if isinstance(schema, bool):
            if schema == sub.negated:
                self.lowering.dead(sub, "", "the schema is true and negated" if sub.negated else "the schema is false")
            return schema != sub.negated
        if not isinstance(schema, dict):
            self.lowering.malformed_schema(sub)
            return True
        if sub.negated:
            return self._refute(sub, trail)
        known = self.members.get(sub.pointer)
        if known is not None:
            if known.own and not sub.own and any(step.startswith(f"{sub.pointer}/") for step in trail):
                self.lowering.refuse(sub, "$ref", "a branch of this schema refers back to it", "remove the reference")
            return True
        if sub.own or keywords.APPLICATORS.isdisjoint(schema):
            self._add(sub)
            return True
        trail = (*trail, sub.pointer)
        if "$ref" in schema and not self.lowering.document.dialect.ref_siblings:
            self._report_ignored(sub)
            return self._reference(sub, "$ref", trail)
        rest = unevaluated.held(self.lowering, sub)
        is_known = self.lowering.document.dialect.keywords.issuperset(rest)
        if rest and is_known:
            return self._evaluated(sub, rest, trail)
        before, after = around_properties(schema)
        if not all(self._applicator(sub, keyword, trail) for keyword in before):
            return False
        self._add(sub)
        if rest:  # a choice of one, so that no proof takes it for what the draft says
            ways = unevaluated.rewritten(self.lowering, sub, rest).ways
            self.items.append(Union(sub, rest[0], tuple(ways)))
        return all(self._applicator(sub, keyword, trail) for keyword in after)

    def _evaluated(self, sub: Subschema, rest: tuple[str, ...], trail: tuple[str, ...]) -> bool:
        """Adds ``sub``, the keywords in ``rest`` rewritten."""
        found = unevaluated.rewritten(self.lowering, sub, rest)
        if not found.branches:
            self.lowering.dead(sub, rest[0], "the schemas beside it contradict each other")
            return False
        possible = (
            all(self.follow(member, trail) for member in found.before)
            and self._choose(sub, rest[0], found.branches, trail)
            and all(self.follow(member, trail) for member in found.after)
        )
        self.members[sub.pointer] = sub  # all of it has been followed, not its own keywords alone
        return possible

    def _add(self, sub: Subschema) -> None:
        self.members[sub.pointer] = sub
        self.items.append(sub)

    def _applicator(self, sub: Subschema, keyword: str, trail: tuple[str, ...]) -> bool:
        if keyword in keywords.REFERENCES:
            if keyword in self.lowering.document.dialect.keywords:
                return self._reference(sub, keyword, trail)
            self.lowering.warn(f"at {sub.place or '(root)'}: {keyword} says nothing in this draft")
            return True
        if keyword == "not":
            return self.follow(sub.child("not")._replace(negated=True), trail)
        if keyword in keywords.UNEVALUATED:
            return True
        if keyword in ("allOf", "anyOf", "oneOf"):
            branches = sub.schema[keyword]
            if not isinstance(branches, list) or not branches:
                self.lowering.malformed(sub, keyword, "a list of at least one schema")
                return True
            children = tuple(sub.child(keyword, index) for index in range(len(branches)))
            if keyword == "allOf":
                return all(self.follow(child, trail) for child in children)
            return self._choose(sub, keyword, [(child,) for child in children], trail)
        unions = negation.conditions(self.lowering, sub, keyword)
        return all(self._choose(sub, keyword, branches, trail) for branches in unions)

    def _choose(self, sub: Subschema, keyword: str, branches: list[Conjunction], trail: tuple[str, ...]) -> bool:
        """One of the branches must hold."""
        if len(branches) == 1:
            return all(self.follow(member, trail) for member in branches[0])
        self.items.append(Union(sub, keyword, tuple(branches)))
        return True

    def _refute(self, sub: Subschema, trail: tuple[str, ...]) -> bool:
        step = f"{sub.pointer}/~:not{' own' if sub.own else ''}"
        if step in trail:
            self.lowering.refuse(sub, "not", "the schema leads back to its own negation", "remove the reference")
            return True
        rest = () if sub.own or not isinstance(sub.schema, dict) else unevaluated.held(self.lowering, sub)
        if rest and self.lowering.document.dialect.keywords.issuperset(rest):
            # To fail every way in which the schema can hold.
            ways = unevaluated.rewritten(self.lowering, sub._replace(negated=False), rest).ways
            failing = [[(member._replace(negated=not member.negated),) for member in way] for way in ways]
            return all(self._choose_negation(sub, branches, (*trail, step)) for branches in failing)
        return self._choose_negation(sub, negation.negations(self.lowering, sub), (*trail, step))

    def _choose_negation(self, sub: Subschema, branches: list[Conjunction], trail: tuple[str, ...]) -> bool:
        if not branches:
            self.lowering.dead(sub, "not", "the negated schema admits everything")
            return False
        return self._choose(sub, "not", branches, trail)

    def _reference(self, sub: Subschema, keyword: str, trail: tuple[str, ...]) -> bool:
        target = resolved(self.lowering, sub, keyword)
        if target is None:
            return True
        if target.pointer in trail:
            self.lowering.refuse(sub, keyword, f"{sub.schema[keyword]!r} leads back to itself", "remove the reference")
            return True
        return self.follow(target, trail)

    def _report_ignored(self, sub: Subschema) -> None:
        ignored = [keyword for keyword in sub.schema if keyword != "$ref" and keyword not in keywords.ANNOTATIONS]
        if ignored:
            self.lowering.warn(f"at {sub.place or '(root)'}: up to draft 7 a $ref stands alone, {ignored} are ignored")


def resolved(lowering: Lowering, sub: Subschema, keyword: str) -> Subschema | None:
    """What a reference names; ``None``, reported, where it cannot be followed."""
    reference = sub.schema[keyword]
    if not isinstance(reference, str):
        lowering.malformed(sub, keyword, "a string")
        return None
    resolve = lowering.document.resolve if keyword == "$ref" else lowering.document.resolve_dynamic
    try:
        return resolve(reference, sub.pointer)
    except UnresolvedReference as error:
        lowering.refuse(sub, keyword, str(error), error.hint)
        return None


def around_properties(schema: dict) -> tuple[list[str], list[str]]:
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
