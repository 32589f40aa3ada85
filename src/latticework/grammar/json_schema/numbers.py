"""``minimum``, ``maximum`` and their exclusive forms on integers and numbers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from latticework.grammar import ir
from latticework.grammar.json_schema import values
from latticework.grammar.json_schema.decimals import Interval, decimal_bound, numbers
from latticework.grammar.json_schema.document import Subschema

if TYPE_CHECKING:
    from latticework.grammar.json_schema.lowering import Lowering

KEYWORDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})


def number(lowering: Lowering, members: tuple[Subschema, ...], integers: bool) -> ir.Node | None:
    """Integers, or all numbers, within the bounds of all ``members``; ``None`` if there are none."""
    lowering.narrow(values.INTEGER_NARROWING if integers else values.NUMBER_NARROWING)
    bounding = [member for member in members if not KEYWORDS.isdisjoint(member.schema)]
    if not bounding:
        return values.INTEGER if integers else values.NUMBER
    bounds = _within_reach(lowering, bounding[0], interval(lowering, bounding))
    if not integers:
        lowering.narrow("numbers with bounds: no exponent, at most 15 digits before a point")
    node = numbers(bounds, integers)
    if node == ir.NOTHING:
        kind = "integer" if integers else "number"
        return lowering.dead(bounding[0], "minimum", f"no {kind} lies within the bounds")
    return node


def interval(lowering: Lowering, members: Iterable[Subschema]) -> Interval:
    """Where the numbers that satisfy all ``members`` lie."""
    found = Interval()
    for member in members:
        found = _bounded_by(lowering, member, found)
    return found


def _bounded_by(lowering: Lowering, member: Subschema, found: Interval) -> Interval:
    for keyword, exclusive_keyword, upper in (
        ("minimum", "exclusiveMinimum", False),
        ("maximum", "exclusiveMaximum", True),
    ):
        exclusive = member.schema.get(exclusive_keyword)
        is_flag = isinstance(exclusive, bool)
        if is_flag and not lowering.document.dialect.boolean_exclusive:
            lowering.malformed(member, exclusive_keyword, "a number", "true and false belong to draft 4")
        for word, is_open in ((keyword, exclusive is True), (exclusive_keyword, True)):
            if word not in member.schema or (word == exclusive_keyword and is_flag):
                continue
            value = member.schema[word]
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
                lowering.malformed(member, word, "a number")
                continue
            if value in (float("inf"), float("-inf")):
                lowering.malformed(member, word, "a finite number")
                continue
            bound = decimal_bound(value, upper)
            found = found.at_most(bound, is_open) if upper else found.at_least(bound, is_open)
    return found


def _within_reach(lowering: Lowering, member: Subschema, bounds: Interval) -> Interval:
    """The interval without bounds so far out that capped digits never reach them."""
    reach = Decimal(10) ** lowering.limits.max_bound_digits
    low, high = bounds.low, bounds.high
    if (low is not None and low >= reach) or (high is not None and high <= -reach):
        digits = lowering.limits.max_bound_digits
        lowering.refuse(member, "minimum", f"bounds beyond {digits} digits are not supported")
    if low is not None and low <= -reach:
        low = None
    if high is not None and high >= reach:
        high = None
    return Interval(low, bounds.low_open, high, bounds.high_open)
