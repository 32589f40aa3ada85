"""Multiplying out the unions of a conjunction, without the combinations that plainly contradict themselves."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from latticework.errors import LimitExceeded
from latticework.grammar.json_schema.conjunction import identity
from latticework.grammar.json_schema.disjoint import contradictory, excludes
from latticework.grammar.json_schema.document import Subschema

if TYPE_CHECKING:
    from latticework.grammar.json_schema.conjunction import Conjunction, Expanded, Union
    from latticework.grammar.json_schema.lowering import Lowering


class _Combination(NamedTuple):
    """One branch of each union so far; ``choice`` tells apart what was chosen where nothing is negated."""

    branches: tuple[Conjunction, ...]
    choice: int


def cases(lowering: Lowering, expanded: Expanded) -> list[Conjunction]:
    """Conjunctions without the unions of ``expanded`` that together mean the same.

    A combination of branches that contradicts itself is left out as soon as it does, and a union that what has been
    chosen already satisfies adds nothing: so the many negations of a ``oneOf`` seldom multiply. Where they do all the
    same, some ways to fail the negated schemas are left out, which is reported as a narrowing.

    Raises:
        LimitExceeded: more than ``max_branches`` combinations are left.
    """
    own = tuple(member._replace(own=True) for member in expanded.members)
    limit = lowering.limits.max_branches
    combinations = [_Combination((), 0)]
    for union in expanded.unions:
        following: list[_Combination] = []
        for before in combinations:
            given = (*own, *(member for branch in before.branches for member in branch))
            for branch in _open_branches(lowering, given, union):
                choice = before.choice if union.keyword == "not" else len(following)
                following.append(_Combination((*before.branches, branch), choice))
        if union.keyword == "not":
            following = _fewer(lowering, following, union.holder.place)
        if len(following) > limit:
            raise LimitExceeded("max_branches", limit, union.holder.place)
        combinations = following
    return [expanded.case(combination.branches) for combination in combinations]


def _fewer(lowering: Lowering, combinations: list[_Combination], place: str) -> list[_Combination]:
    """The first ways to fail the negated schemas, as many as are to be kept, beside each other choice."""
    by_choice = Counter(combination.choice for combination in combinations)
    lowering.most_ways = max(lowering.most_ways, *by_choice.values(), 0)
    if len(combinations) <= lowering.ways:
        return combinations
    most = max(1, lowering.ways // len(by_choice))
    kept: list[_Combination] = []
    seen: Counter[int] = Counter()
    for combination in combinations:
        seen[combination.choice] += 1
        if seen[combination.choice] <= most:
            kept.append(combination)
    if len(kept) < len(combinations):
        lowering.narrow(f"at {place or '(root)'}: some of the ways not to satisfy this schema are left out")
    return kept


def _open_branches(lowering: Lowering, given: Conjunction, union: Union) -> list[Conjunction]:
    """The branches that make a difference beside ``given``."""
    types = lowering.types_of_all(lowering.expand(given).members)
    for branch in union.branches:
        if all(_says_types_alone(member) and _types(lowering, member) >= types for member in branch):
            return [()]
    refuted = union.holder._replace(negated=False)
    chosen = set(identity(given))
    if any(chosen.issuperset(identity(branch)) for branch in union.branches):
        return [()]
    if union.keyword == "not" and union.holder.negated and excludes(lowering, given, (refuted,)):
        return [()]
    if len(union.branches) == 1:
        return list(union.branches)
    return [branch for branch in union.branches if not contradictory(lowering, (*given, *branch))]


def _says_types_alone(member: Subschema) -> bool:
    """Whether the schema says nothing but which types are possible."""
    if member.schema is True or member.negated:
        return member.schema is True and not member.negated
    if not isinstance(member.schema, dict):
        return False
    return set(member.schema) == {"type"} or (member.is_literal and set(member.schema["not"]) == {"type"})


def _types(lowering: Lowering, member: Subschema) -> frozenset[str]:
    return lowering.types_of_all(() if member.schema is True else (member,))
