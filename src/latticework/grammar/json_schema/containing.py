"""``contains`` with its counts, and the negation of ``items``: how many items satisfy a schema.

Written as a language of whole arrays' contents in which every item is marked by the branch it takes: it satisfies
the schema, or (where only so many may) it does not. The lowering of arrays intersects it with the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from latticework.grammar import ir
from latticework.grammar.combine import alt, seq
from latticework.grammar.json_schema.document import Subschema

if TYPE_CHECKING:
    from latticework.grammar.json_schema.conjunction import Conjunction
    from latticework.grammar.json_schema.lowering import Lowering

_MAX_COUNT = 200


class Wanted(NamedTuple):
    """``low`` to ``high`` items from position ``start`` on satisfy ``schema``."""

    schema: Subschema
    start: int
    low: int
    high: int | None


def wanted_items(lowering: Lowering, members: tuple[Subschema, ...]) -> list[Wanted]:
    """What the members ask of the number of items."""
    wanted: list[Wanted] = []
    for member in members:
        schema = member.schema
        if member.is_literal:
            negated = schema["not"]
            for keyword, before in (("items", "prefixItems"), ("additionalItems", "items")):
                if keyword in negated and not isinstance(negated[keyword], list):
                    wrong = member.derived("wrong", {"not": negated[keyword]})
                    wanted.append(Wanted(wrong, len(negated.get(before, ())), 1, None))
        elif "contains" in schema:
            low, high = lowering.bounds([member], "minContains", "maxContains")
            if "minContains" not in schema or "minContains" not in lowering.document.dialect.keywords:
                low = 1
            if max(low, high or 0) > _MAX_COUNT:
                message = f"counts above {_MAX_COUNT} are not supported"
                lowering.refuse(member, "contains", message, "use minItems and maxItems")
            elif low or high is not None:
                wanted.append(Wanted(member.child("contains"), 0, low, high))
    return wanted


def containing(
    lowering: Lowering,
    said: list[Conjunction],
    said_of_others: Conjunction,
    wanted: Wanted,
    level: int,
    most: int | None,
) -> ir.Node:
    """Nonempty contents (items and commas) with the number of items that ``wanted`` asks for.

    ``said``: of the first items, by position; ``said_of_others``: of all later ones; ``most``: items of the array.
    """
    return _Contents(lowering, said, said_of_others, wanted, level, most).node()


class _Contents:
    def __init__(
        self,
        lowering: Lowering,
        said: list[Conjunction],
        said_of_others: Conjunction,
        wanted: Wanted,
        level: int,
        most: int | None,
    ) -> None:
        self.lowering = lowering
        self.said = [*said]
        while len(self.said) < wanted.start:
            self.said.append(said_of_others)
        if most is not None:
            del self.said[most:]
        self.ends_there = most is not None and len(self.said) >= most
        self.said_of_others = said_of_others
        self.wanted = wanted
        self.level = level
        self.comma = lowering.style.comma(level + 1)

    def node(self) -> ir.Node:
        low, high = self.wanted.low, self.wanted.high
        if high is not None and high < low:
            return ir.NOTHING
        memo: dict[tuple[int, int], ir.Node] = {}
        limit = low if high is None else high
        for index in range(len(self.said), -1, -1):
            for count in range(limit + 1):
                memo[index, count] = self._from(index, count, memo)
        return memo[0, 0]

    def _item(self, said: Conjunction, taken: bool | None) -> ir.Node:
        """An item that satisfies the schema, does not, or (``None``) may be either."""
        if taken is not None:
            said = (*said, self.wanted.schema._replace(negated=not taken))
        node = self.lowering.schema(said, self.level + 1)
        return ir.NOTHING if node is None else self.lowering.style.member(node)

    def _from(self, index: int, count: int, memo: dict[tuple[int, int], ir.Node]) -> ir.Node:
        """From item ``index`` on, with its comma before it if it is not the first; ``count`` have satisfied."""
        low, high = self.wanted.low, self.wanted.high
        end = ir.EMPTY if count >= low and index else ir.NOTHING
        if index == len(self.said):
            return alt([end, self._tail(index, count)])
        lead = self.comma if index else ir.EMPTY
        said = self.said[index]
        if index < self.wanted.start or (high is None and count >= low):
            return alt([end, seq([lead, self._item(said, None), memo[index + 1, count]])])
        options: list[ir.Node] = [end]
        if high is None or count < high:
            options.append(seq([lead, self._item(said, True), memo[index + 1, count + 1]]))
        options.append(seq([lead, self._item(said, None if high is None else False), memo[index + 1, count]]))
        return alt(options)

    def _tail(self, index: int, count: int) -> ir.Node:
        """One or more items behind those with a position, ``count`` having satisfied already."""
        if self.ends_there:
            return ir.NOTHING
        low, high = self.wanted.low, self.wanted.high
        any_item, good = self._item(self.said_of_others, None), self._item(self.said_of_others, True)
        plain = any_item if high is None else self._item(self.said_of_others, False)
        lead = self.comma if index else ir.EMPTY

        def run(item: ir.Node) -> ir.Node:
            """Any number of items, each with a comma behind it."""
            return ir.EMPTY if item == ir.NOTHING else ir.Repeat(seq([item, self.comma]), 0, None)

        def behind(item: ir.Node) -> ir.Node:
            return ir.EMPTY if item == ir.NOTHING else ir.Repeat(seq([self.comma, item]), 0, None)

        none_more = seq([lead, run(plain), plain]) if count >= low else ir.NOTHING
        least = max(low - count, 1)
        most = None if high is None else high - count
        if good == ir.NOTHING or (most is not None and most < least):
            return none_more
        last = behind(plain)
        again = seq([self.comma, run(plain), good])
        repeats = ir.Repeat(again, least - 1, None if most is None else most - 1)
        if high is None:  # what follows the last wanted item may be anything
            repeats = ir.Repeat(again, least - 1, least - 1)
        return alt([none_more, seq([lead, run(plain), good, repeats, last])])
