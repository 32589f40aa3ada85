"""``minimum``, ``maximum``, their exclusive forms and ``multipleOf`` on integers and numbers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from latticework.grammar import ir
from latticework.grammar.combine import alt
from latticework.grammar.json_schema.decimals import Interval, decimal_bound, numbers
from latticework.grammar.json_schema.document import Subschema
from latticework.grammar.json_schema.scalars import DIGIT, MINUS, NO_BOUNDS, NONZERO

if TYPE_CHECKING:
    from latticework.grammar.json_schema.lowering import Lowering

_DIGITS = ir.Repeat(DIGIT, 0, None)
_SIGNED = ir.Seq((ir.Alt((ir.EMPTY, MINUS)), _DIGITS, ir.Literal(b".")))
_WITH_POINT = ir.Seq((_SIGNED, _DIGITS))
_FRACTIONS = ir.Seq((_SIGNED, _DIGITS, NONZERO, _DIGITS))
# So short that different numerals are different doubles, and what is no integer stays none when it is read.
_EXACT = ir.Seq((ir.Alt((ir.EMPTY, MINUS)), ir.Repeat(ir.Chars(((0x2E, 0x2E), (0x30, 0x39))), 1, 15)))
_MAX_RESIDUES = 20_000

KEYWORDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})


def number(lowering: Lowering, members: tuple[Subschema, ...], types: frozenset[str]) -> ir.Node | None:
    """Numbers of ``types`` (``"integer"``, ``"fraction"``) that satisfy all ``members``; ``None`` if there are none."""
    integers = "fraction" not in types
    digits = lowering.style.scalars.digits
    lowering.narrow(digits.integer_narrowing if integers else digits.number_narrowing)
    bounding = [member for member in members if not KEYWORDS.isdisjoint(member.schema)]
    excluded = sorted({_exact(v) for given in lowering.negated(members, "enum") for v in given if _is_number(v)})
    factors, other_factors = _factors(lowering, members)
    plain = "integer" in types and not (excluded or factors or other_factors)
    if not bounding and plain:
        return digits.integers if integers else digits.numbers
    place = (bounding or members)[0]
    bounds = _within_reach(lowering, place, interval(lowering, bounding))
    if digits.integer is not None:  # what is out of reach need not be taken out
        reach = Decimal(10) ** digits.integer
        excluded = [v for v in excluded if abs(v) < reach or (bounds.high if v > 0 else bounds.low) is not None]
    if not integers:
        lowering.narrow("numbers with bounds: no exponent, at most 15 digits before a point")
    allowed = _without(bounds, excluded)
    if not integers and any(part.is_strict for part in allowed):
        lowering.narrow("numbers as long before the point as an excluded bound: at most 15 digits in all")
    node = alt([numbers(part, integers, digits) for part in allowed])
    parts = [node, *(_multiples(factor) for factor in factors)]
    if "integer" not in types:
        parts.append(_FRACTIONS if lowering.document.dialect.float_integers else _WITH_POINT)
    if "integer" not in types or other_factors or any(_scaled(factor)[1] for factor in factors):
        lowering.narrow("numbers that are no integers, or multiples of a fraction, or no multiples: at most 14 digits")
        parts.append(_EXACT)
    if ir.NOTHING in parts or ("integer" not in types and not digits.most_fraction):
        kind = "integer" if integers else "number"
        within = "the bounds" if digits == NO_BOUNDS else "the bounds and the digits allowed (max_integer_digits, ...)"
        return lowering.dead(place, "minimum", f"no {kind} lies within {within}")
    node = ir.Intersect(parts) if len(parts) > 1 else node
    for factor in other_factors:
        node = ir.Except(node, _multiples(factor))
    return node


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _exact(value: int | float) -> Decimal:
    return Decimal(value) if isinstance(value, int) else Decimal(repr(value))


def _without(bounds: Interval, excluded: list[Decimal]) -> list[Interval]:
    """The parts of an interval between excluded numbers, in ascending order."""
    parts: list[Interval] = []
    rest = bounds
    for value in excluded:
        parts.append(rest.at_most(value, True))
        rest = rest.at_least(value, True)
    return [part for part in (*parts, rest) if not part.is_empty]


def _factors(lowering: Lowering, members: tuple[Subschema, ...]) -> tuple[list[Decimal], list[Decimal]]:
    """Numbers that ``multipleOf`` wants to divide the value, and those it must not."""
    wanted: list[Decimal] = []
    for member in members:
        if "multipleOf" not in member.schema:
            continue
        value = member.schema["multipleOf"]
        if not _is_number(value) or not 0 < value < float("inf"):
            lowering.malformed(member, "multipleOf", "a positive number")
        elif _has_few_residues(lowering, member, value):
            wanted.append(_exact(value))
    unwanted = [
        _exact(member.schema["not"]["multipleOf"])
        for member in members
        if member.is_literal and "multipleOf" in member.schema["not"]
        if _has_few_residues(lowering, member, member.schema["not"]["multipleOf"])
    ]
    return wanted, unwanted


def _has_few_residues(lowering: Lowering, member: Subschema, value: int | float) -> bool:
    digits, _ = _scaled(_exact(value))
    if digits <= _MAX_RESIDUES:
        return True
    message = f"{value} has {digits} residues, at most {_MAX_RESIDUES} are supported"
    lowering.refuse(member, "multipleOf", message, "use a pattern on a string")
    return False


def _scaled(factor: Decimal) -> tuple[int, int]:
    """``factor`` as an integer and the decimal places it was shifted by."""
    _, digits, exponent = factor.normalize().as_tuple()
    assert isinstance(exponent, int)
    value = int("".join(map(str, digits)))
    return (value * 10**exponent, 0) if exponent >= 0 else (value, -exponent)


def _multiples(factor: Decimal) -> ir.Node:
    """Multiples of ``factor`` with or without sign, in decimal notation without exponent."""
    value, places = _scaled(factor)
    return ir.Seq((ir.Alt((ir.EMPTY, MINUS)), ir.Multiples(value, places)))


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
