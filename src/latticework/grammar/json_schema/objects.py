"""``properties``, ``required``, ``additionalProperties``, ``minProperties`` and ``maxProperties``.

Members are written in the order of ``properties``; further ones, where the schema admits them, follow (see
:mod:`.further`). A further key is never one of the named ones. Two further keys may be equal: readers keep the last
value, which satisfies the same schema, and no count below relies on them being distinct.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product
from math import prod
from typing import TYPE_CHECKING, Any

from latticework.grammar import arrangement, ir
from latticework.grammar.combine import alt, seq
from latticework.grammar.json_schema import orders, unordered
from latticework.grammar.json_schema.checksums import distinct_members
from latticework.grammar.json_schema.counting import Counting, Member
from latticework.grammar.json_schema.document import Subschema
from latticework.grammar.json_schema.further import Demand, Further, demands
from latticework.grammar.json_schema.optional import always_written, value_of_optional

if TYPE_CHECKING:
    from latticework.grammar.json_schema.lowering import Lowering

KEYWORDS = frozenset(
    {
        "additionalProperties",
        "maxProperties",
        "minProperties",
        "patternProperties",
        "properties",
        "propertyNames",
        "required",
    }
)
_ANYTHING: tuple[Any, ...] = (True, {})
_MAX_COUNTED = 100
_MAX_DEMANDS = 3


def json_object(lowering: Lowering, members: tuple[Subschema, ...], level: int) -> ir.Node | None:
    """Objects that satisfy all ``members``; ``None`` if there are none."""
    wanted = demands(members)
    if not wanted:
        return _object(lowering, members, level, ())
    plain = tuple(member for member in members if not (member.is_literal and member.schema.get("type") == "object"))
    places = _places(lowering, plain, wanted, level)
    options: list[ir.Node] = []
    for names in _choices_of(lowering, places, wanted[0].source):
        at = tuple(demand.at(name) for demand, name in zip(wanted, names, strict=True) if name is not None)
        rest = tuple(demand for demand, name in zip(wanted, names, strict=True) if name is None)
        node = _object(lowering, (*plain, *at), level, rest)
        if node is not None:
            options.append(node)
    return alt(options) if options else None


def _places(
    lowering: Lowering, members: tuple[Subschema, ...], wanted: list[Demand], level: int
) -> list[list[str | None]]:
    """For each demand the names of properties that may meet it, and ``None`` if one without a name may."""
    constraining = [member for member in members if not KEYWORDS.isdisjoint(member.schema)]
    further = Further(lowering, constraining)
    named = _named(lowering, further, constraining, _required(lowering, constraining))
    places: list[list[str | None]] = []
    for demand in wanted:
        names: list[str | None] = [
            name for name, said in named.items() if said is not None and demand.is_met_by_key(lowering, name)
        ]
        places.append([*names, None] if further.witnesses(named, level, (demand,)) else names)
    return places


def _choices_of(
    lowering: Lowering, places: list[list[str | None]], source: Subschema
) -> Iterator[tuple[str | None, ...]]:
    """A place for every demand, in all ways as far as they are kept."""
    count = prod(map(len, places))
    lowering.most_ways = max(lowering.most_ways, count)
    chosen = list(islice(product(*places), lowering.ways))
    kept = [names for names in chosen if names.count(None) <= _MAX_DEMANDS]
    if len(kept) < count:
        place = source.place or "(root)"
        lowering.narrow(f"at {place}: some objects that fail so many schemas by other properties are left out")
    return iter(kept)


def _object(
    lowering: Lowering, members: tuple[Subschema, ...], level: int, wanted: tuple[Demand, ...]
) -> ir.Node | None:
    """Objects that satisfy ``members`` and meet ``wanted`` by properties without a name."""
    if wanted and lowering.one_way:
        return None
    style = lowering.style
    constraining = [member for member in members if not KEYWORDS.isdisjoint(member.schema)]
    if not wanted and _is_open(constraining) and not lowering.one_way:
        return lowering.anything("object", level)
    place = (constraining or members)[0] if constraining or not wanted else wanted[0].source
    required = _required(lowering, constraining)
    further = Further(lowering, constraining)
    named = _named(lowering, further, constraining, required)
    lowering.spend(len(named))
    low, high = lowering.bounds(constraining, "minProperties", "maxProperties")
    if high is not None and len(required) > high:
        return lowering.dead(place, "maxProperties", f"{len(required)} properties are required, {high} allowed")
    room = None if high is None else high - len(required) - bool(wanted)
    present = {*required, *always_written(lowering, named, required, room)}
    written: list[Member] = []
    names: list[str] = []
    missing: list[str] = []
    for name, subschemas in named.items():
        if subschemas is not None and name not in present:
            subschemas = value_of_optional(lowering, subschemas)
        node = None if subschemas is None else lowering.schema(subschemas, level + 1)
        key = lowering.key(name, place)
        if node is None or key is None:
            missing += [name] if name in required else []
            continue
        written.append(Member(style.member(seq([key, style.colon, node])), name in present))
        names.append(name)
    if missing:
        listed = ", ".join(map(repr, missing))
        return lowering.dead(place, "required", f"required properties that can have no value: {listed}")
    last = tuple(further.witnesses(named, level, wanted)) if wanted else ()
    if wanted and (not last or (high is not None and high <= len(present))):
        return None
    if high is None or high > len(present):
        pairs = further.pairs(named, level)
        node = alt(pair.node for pair in pairs)
        can_count = lowering.distinct and len(pairs) == 1 and not wanted and not lowering.one_way
        if node != ir.NOTHING or last:
            # Two keys without a name might be equal, and the value then be that of an object with one of them.
            pair = pairs[0] if can_count else None
            written.append(Member(node, bool(last), not lowering.one_way, last, pair))
    counting = next((member for member in constraining if member.schema.get("minProperties") == low), place)
    first = {name: number for number, name in enumerate(required)}
    by_need = sorted(range(len(names)), key=lambda index: (first.get(names[index], len(first)), index))
    return _written(lowering, counting, written, names, by_need, low, high, level)


def _is_open(constraining: list[Subschema]) -> bool:
    """Whether nothing is said but that any further property may have any value."""
    return all(
        member.schema.get("additionalProperties", True) in _ANYTHING
        and KEYWORDS.intersection(member.schema) <= {"additionalProperties"}
        for member in constraining
    )


def _required(lowering: Lowering, constraining: list[Subschema]) -> dict[str, None]:
    """The required names, those of a schema before those that its alternatives add."""
    names: dict[str, None] = {}
    for member in sorted(constraining, key=lambda member: not member.own):
        value = member.schema.get("required", [])
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            lowering.malformed(member, "required", "a list of property names")
            continue
        names.update(dict.fromkeys(value))
    return names


def _named(
    lowering: Lowering, further: Further, constraining: list[Subschema], required: dict[str, None]
) -> dict[str, tuple[Subschema, ...] | None]:
    """Every name the schemas mention, in order, with all that is said about its value; ``None`` if it may not occur."""
    properties: list[dict[str, Any]] = []
    for member in constraining:
        value = member.schema.get("properties", {})
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            lowering.malformed(member, "properties", "an object of schemas")
            value = {}
        properties.append(value)
    names = dict.fromkeys(name for value in properties for name in value) | required
    named: dict[str, tuple[Subschema, ...] | None] = {}
    for name in names:
        if not further.admits_name(name):
            named[name] = None
            continue
        subschemas: list[Subschema] = []
        for member, value in zip(constraining, properties, strict=True):
            said = further.of_member(member, name)
            if name in value:
                subschemas += [member.child("properties", name), *said]
            elif said:
                subschemas += said
            elif "additionalProperties" in member.schema:
                subschemas.append(member.child("additionalProperties"))
        named[name] = tuple(subschemas)
    return named


def _written(
    lowering: Lowering,
    place: Subschema,
    members: list[Member],
    names: list[str],
    by_need: list[int],
    low: int,
    high: int | None,
    level: int,
) -> ir.Node | None:
    """``names``: of the named members. ``by_need``: their numbers, required ones first, as required."""
    style = lowering.style
    comma = style.comma(level + 1)
    fixed = sum(member.required for member in members)
    most = None if any(member.repeats for member in members) else len(members)
    if most is not None:
        high = most if high is None else min(high, most)
    if high is not None and low > high:
        return lowering.dead(place, "minProperties", f"minProperties is {low}, but at most {high} are possible")
    if high == 0:
        return style.empty("{}")
    may_be_empty = low == fixed == 0
    if style.by_level:
        low = max(low, 1)
    plain = [(member.node, member.required) for member in members if not member.repeats]
    uncounted = high == most and low <= max(fixed, 1) and not any(member.last for member in members)
    content = None
    if lowering.any_order and uncounted:
        content = _arranged(lowering, place, plain, names, by_need, members, comma, low > fixed)
    elif lowering.any_order and len(members) > 1:
        lowering.narrow(f"at {place.place or '(root)'}: keys in the order of the schema, because they are counted")
    if content is not None:
        pass
    elif low <= fixed and high == most:
        content = orders.in_order(lowering, members, by_need, comma, level)
    elif low == 1 and fixed == 0 and high == most:
        content = arrangement.nonempty([member.any_number(comma) for member in members], comma)
    else:
        content = _counted(lowering, place, members, low, high, level)
        if content == ir.NOTHING:
            return lowering.dead(place, "minProperties", "minProperties and maxProperties admit no object")
    return ir.Located(style.container("{}", content, may_be_empty, level), place.pointer)


def _arranged(
    lowering: Lowering,
    place: Subschema,
    plain: list[tuple[ir.Node, bool]],
    names: list[str],
    by_need: list[int],
    members: list[Member],
    comma: ir.Node,
    nonempty: bool,
) -> ir.Node | None:
    """Members in any order; ``None`` where that of the schema is the only one."""
    further = next((member for member in members if member.repeats), None)
    if not plain or (len(plain) == 1 and further is None):
        return None
    repeated = None if further is None else further.node
    weight, apart = (
        (min(lowering.arranged, unordered.MAX_WRITTEN_OUT), repeated) if lowering.lazy else (lowering.arranged, None)
    )
    if unordered.is_worth_it([node for node, _ in plain], weight, apart):
        written_out = arrangement.unordered(plain, repeated, comma, nonempty)
        if not lowering.lazy:
            return written_out
        node = ir.Unordered(names, plain, comma, repeated, nonempty, written_out, small=True)
        lowering.places_of_orders[node.digest] = place.place or "(root)", None
        return node
    last = [] if further is None else [further.any_number(comma)]
    if nonempty:
        found = arrangement.nonempty([*(node for node, _ in plain), *last], comma)
        others = ""
    else:
        found, others = _in_few_orders(lowering, plain, by_need, repeated, last, comma)
    where = place.place or "(root)"
    if not lowering.lazy:
        lowering.narrow(f"at {where}: keys in the order of the schema{others}, the object is large")
        return found
    node = ir.Unordered(names, plain, comma, repeated, nonempty, found)
    lowering.places_of_orders[node.digest] = where, others
    return node


def _in_few_orders(
    lowering: Lowering,
    plain: list[tuple[ir.Node, bool]],
    by_need: list[int],
    repeated: ir.Node | None,
    last: list[ir.Node],
    comma: ir.Node,
) -> tuple[ir.Node, str]:
    """Members in the order of the schema, or nearly so, as freely as the bounds admit; and what that order is."""
    in_order = [*plain, *((node, False) for node in last)]
    nearly = unordered.nearly_ordered(plain, repeated, comma, lowering.arranged)
    found: ir.Node = nearly or ir.Ordered(in_order, comma)
    others = ", but for one at a time that comes early" if nearly is not None and nearly.early else ""
    if by_need != list(range(len(plain))) and unordered.has_second_order(plain, lowering.arranged):
        others += ", or required ones first, as they are required"
        needed_first = ir.Ordered([*(plain[index] for index in by_need), *((node, False) for node in last)], comma)
        found = alt([found, needed_first])
    return found, others


def _counted(
    lowering: Lowering, place: Subschema, members: list[Member], low: int, high: int | None, level: int
) -> ir.Node:
    if len(members) > _MAX_COUNTED:
        message = f"counting more than {_MAX_COUNTED} properties is not supported"
        lowering.refuse(place, "minProperties", message, "drop minProperties and maxProperties")
        return ir.EMPTY
    comma = lowering.style.comma(level + 1)
    several = _several(lowering, place, members, low, level)
    if several and low < len(members) + max(several):
        return Counting(members, comma, low, high, several).content()
    # Asked for by a negation, which other cases may serve, or to be left out anyway.
    if low > len(members) and (lowering.one_way or not place.is_written):
        lowering.narrow(f"at {place.place or '(root)'}: objects with {low} distinct unnamed keys are left out")
        return ir.NOTHING
    if low > len(members):
        message = f"{low} distinct keys among additional properties cannot be guaranteed"
        lowering.refuse(place, "minProperties", message, 'name the properties, or use distinct="narrow"')
        low = len(members)
    if low > 1 and members[-1].repeats:
        lowering.narrow("minProperties: all additional properties together count as one")
    return Counting(members, comma, low, high, {}).content()


def _several(lowering: Lowering, place: Subschema, members: list[Member], low: int, level: int) -> dict[int, ir.Node]:
    """Further members with different keys, by their number, as far as they are asked for and can be told apart."""
    found: dict[int, ir.Node] = {}
    pair = members[-1].pair
    if pair is not None:
        for count in range(2, low - sum(member.required for member in members) + 1):
            node = distinct_members(lowering, place, pair.key, pair.said, count, level)
            if node is None:
                break
            found[count] = node
    return found
