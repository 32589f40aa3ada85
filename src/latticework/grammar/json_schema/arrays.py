"""``items``, ``prefixItems``, ``minItems``, ``maxItems``, ``contains`` and ``uniqueItems``.

The array form of ``items`` of older drafts included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from latticework.grammar import ir
from latticework.grammar.combine import optional, repeat, seq
from latticework.grammar.json_schema.containing import containing, wanted_items
from latticework.grammar.json_schema.document import Subschema
from latticework.grammar.json_schema.unique import unique_items

if TYPE_CHECKING:
    from latticework.grammar.json_schema.lowering import Lowering

KEYWORDS = frozenset({"items", "prefixItems", "additionalItems", "minItems", "maxItems", "contains", "uniqueItems"})


class Shape(NamedTuple):
    """What one schema says of the items of an array: by position, then of all others."""

    first: tuple[Subschema, ...]
    others: tuple[Subschema, ...]

    def at(self, index: int) -> tuple[Subschema, ...]:
        return (self.first[index],) if index < len(self.first) else self.others


def array(lowering: Lowering, members: tuple[Subschema, ...], level: int) -> ir.Node | None:
    """Arrays that satisfy all ``members``; ``None`` if there are none."""
    style = lowering.style
    constraining = [member for member in members if not KEYWORDS.isdisjoint(member.schema)]
    if lowering.negated(members, "uniqueItems"):
        lowering.narrow("not uniqueItems: arrays with equal items are left out")
        return lowering.dead(members[0], "not", "arrays with equal items are not supported")
    wanted = wanted_items(lowering, members)
    if not constraining and not wanted:
        return lowering.anything("array", level)
    place = (constraining or members)[0]
    low, high = lowering.bounds(constraining, "minItems", "maxItems")
    shapes = [shape_of(lowering, member) for member in constraining]
    said = [
        tuple(sub for shape in shapes for sub in shape.at(index))
        for index in range(max((len(shape.first) for shape in shapes), default=0))
    ]
    said_of_others = tuple(sub for shape in shapes for sub in shape.others)
    first: list[ir.Node] = []
    for index, subschemas in enumerate(said):
        if high is not None and index >= high:
            break
        node = lowering.schema(subschemas, level + 1)
        if node is None:
            high = index
            break
        first.append(style.member(node))
    others: ir.Node | None = None
    if high is None or high > len(first):
        others = lowering.schema(said_of_others, level + 1)
        if others is None:
            high = len(first)
    if high is not None and low > high:
        return lowering.dead(place, "minItems", f"minItems is {low}, but at most {high} items are possible")
    may_be_empty = low == 0 and not any(one.low for one in wanted)
    if high == 0:
        return style.empty("[]") if may_be_empty else None
    conditions = [containing(lowering, said[: len(first)], said_of_others, one, level, high) for one in wanted]
    if ir.NOTHING in conditions:
        if may_be_empty:
            return style.empty("[]")
        return lowering.dead(place, "contains", "no array has the items that contains asks for")
    if any(member.schema.get("uniqueItems") is True for member in constraining) and (high is None or high > 1):
        unique = unique_items(lowering, place, [*said[: len(first)]], said_of_others, low, high, level)
        if unique is None:
            return lowering.dead(place, "uniqueItems", "there are not enough different items")
        if unique != ir.EMPTY:
            conditions.append(unique)
    comma = style.comma(level + 1)
    if conditions and isinstance(conditions[-1], ir.Distinct | ir.Join):
        content = conditions.pop()
        if may_be_empty and not style.by_level:
            content = optional(content)
    elif first:
        content = _after_first(first, others, comma, low, high, may_be_empty=may_be_empty and not style.by_level)
    else:
        assert others is not None
        least = low if may_be_empty and not style.by_level else max(low, 1)
        content = ir.Join(style.member(others), comma, least, high)
    if conditions:
        content = ir.Intersect((content, *conditions))
        if may_be_empty and not style.by_level:
            content = ir.Alt((ir.EMPTY, content))
    return ir.Located(style.container("[]", content, may_be_empty, level), place.place)


def _after_first(
    first: list[ir.Node], others: ir.Node | None, comma: ir.Node, low: int, high: int | None, may_be_empty: bool
) -> ir.Node:
    """Positional items, then copies of ``others``; items beyond ``low`` are optional from the right."""
    count = len(first)
    rest: ir.Node = ir.EMPTY
    if others is not None:
        rest = repeat(seq([comma, others]), max(0, low - count), None if high is None else high - count)
    for index in range(count - 1, 0, -1):
        rest = seq([comma, first[index], rest])
        if index >= low:
            rest = optional(rest)
    content = seq([first[0], rest])
    return optional(content) if may_be_empty else content


def shape_of(lowering: Lowering, member: Subschema) -> Shape:
    """What the keywords of one schema say of items by their position."""
    schema = member.schema
    first_keyword, others_keyword = "prefixItems", "items"
    if isinstance(schema.get("items"), list):
        if not lowering.document.dialect.tuple_items:
            lowering.malformed(member, "items", "a schema", "write prefixItems")
            return Shape((), ())
        first_keyword, others_keyword = "items", "additionalItems"
    elif "prefixItems" not in lowering.document.dialect.keywords:
        first_keyword = ""
    positions: Any = schema.get(first_keyword, [])
    if not isinstance(positions, list):
        lowering.malformed(member, first_keyword, "a list of schemas")
        positions = []
    first = tuple(member.child(first_keyword, index) for index in range(len(positions)))
    others = (member.child(others_keyword),) if others_keyword in schema else ()
    return Shape(first, others)
