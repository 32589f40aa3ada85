"""Items that must differ and are not listed: on request, arrays whose items have different checksums.

Which texts have been used is more than an automaton can remember, but it can remember a few checksums of them. Equal
values must then have equal checksums: strings and numbers are written in one way only and no object repeats a key, so
that equal values consist of the same characters (blanks, and the order of members, do not matter to a sum).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from latticework.errors import LimitExceeded
from latticework.grammar import ir
from latticework.grammar.arrangement import in_few_orders
from latticework.grammar.cfg.nested import holds_rule
from latticework.grammar.combine import optional
from latticework.grammar.json_schema.document import Subschema
from latticework.grammar.json_schema.scalars import DIGIT, MINUS, NONZERO, QUOTE
from latticework.grammar.limits import Limits
from latticework.grammar.tree_size import tree_size

if TYPE_CHECKING:
    from latticework.grammar.json_schema.conjunction import Conjunction
    from latticework.grammar.json_schema.lowering import Lowering

# How many checksums there are, and items that come in any order. Valid arrays of MaskBench with two items or more that
# are kept: 94 % by the second, 90 %, 89 %, 75 % by the next.
LADDER = ((16, 3), (12, 3), (10, 3), (5, 3), (4, 2), (2, 2))
MAX_STATES = 20_000  # of a list before it is minimised
_MAX_WEIGHT = 5_000  # nodes of an item written out as a tree
_LIMITS = Limits(max_nodes=20_000, max_states=2_000)

# Each character is written as it is, else by its short escape; control characters without one have two spellings.
_TEXT = ir.JsonChars(((0x08, 0x0A), (0x0C, 0x0D), (0x20, ir.MAX_CODE_POINT)))
_STRING = ir.Seq((QUOTE, ir.Repeat(_TEXT, 0, None), QUOTE))
_POSITIVE = ir.Seq((NONZERO, ir.Repeat(DIGIT, 0, None)))
_ZERO, _SIGN = ir.Literal(b"0"), optional(MINUS)
_FRACTION = ir.Seq(
    (_SIGN, ir.Alt((_ZERO, _POSITIVE)), ir.Literal(b"."), ir.Repeat(DIGIT, 0, None), NONZERO),
)
# So short that different numerals are different doubles.
_EXACT = ir.Seq((_SIGN, ir.Repeat(ir.Chars(((0x2E, 0x2E), (0x30, 0x39))), 1, 15)))
_NUMBER = ir.Alt((_ZERO, ir.Seq((_SIGN, _POSITIVE)), ir.Intersect((_FRACTION, _EXACT))))
_ATOM = ir.Alt((_STRING, _NUMBER, ir.Words((b"true", b"false", b"null"))))
_BETWEEN = ir.Chars((byte, byte) for byte in b"[]{},: \t\n\r")
SPELT_ONE_WAY = ir.Seq(
    (
        ir.Repeat(_BETWEEN, 0, None),
        ir.Join(_ATOM, ir.Repeat(_BETWEEN, 1, None), 0, None),
        ir.Repeat(_BETWEEN, 0, None),
    )
)


def distinct_items(
    lowering: Lowering, place: Subschema, said: Conjunction, low: int, high: int | None, level: int
) -> ir.Node | None:
    """Nonempty contents of arrays of different items: :class:`ir.Distinct`, or one large item in a :class:`ir.Join`.

    ``None`` where there must be more items than can be told apart.
    """
    low = max(low, 1)
    comma = lowering.style.comma(level + 1)
    node = lowering.spelt_one_way(said, level + 1)
    if node is not None:
        item = ir.Intersect((lowering.style.member(node), SPELT_ONE_WAY))
        found = _largest(item, comma, low, high)
        if found is not None:
            lowering.narrow(
                f"at {place.place or '(root)'}: unique items differ in one of {found.modulus} checksums, their strings"
                " and numbers are written one way, objects in them have at most one property without a name"
            )
            return found
    alone = lowering.schema(said, level + 1)
    if low > 1 or alone is None:
        return None
    lowering.narrow(f"at {place.place or '(root)'}: unique items: at most one, they are large")
    return ir.Join(lowering.style.member(alone), comma, 1, 1)


def distinct_members(
    lowering: Lowering, place: Subschema, key: ir.Node, said: Conjunction, count: int, level: int
) -> ir.Node | None:
    """``count`` members with different keys of one class, separated by commas; ``None`` where that is too large.

    Values that would make it too large are scalars, or objects and arrays of few levels.
    """
    style = lowering.style
    lowering.depends_on_depth = True
    key = ir.Intersect((key, _STRING))
    for lower in (lowering.schema, lowering.spelt_one_way):
        value = lower(said, level + 1)
        if value is None:
            continue
        rest = style.member(ir.Seq((style.colon, value)))
        found = _largest(key, ir.Seq((rest, style.comma(level + 1))), count, count)
        if found is not None:
            lowering.narrow(
                f"at {place.place or '(root)'}: minProperties: additional properties that count differ in one of"
                f" {found.modulus} checksums of their keys; large values are left out"
            )
            return ir.Seq((found, rest))
    return None


def _largest(item: ir.Node, separator: ir.Node, low: int, high: int | None) -> ir.Distinct | None:
    """With as many checksums as the size admits."""
    from latticework.automata.distinct import Memory

    states, more = _states(item), _states(separator)
    if states is None or more is None:
        return None
    for modulus, free in LADDER:
        found = ir.Distinct(item, separator, low, high, modulus, free)
        if low <= modulus and len(Memory(found).states) * (modulus * states + more) <= MAX_STATES:
            return found
    return None


def _states(item: ir.Node) -> int | None:
    """States of the smallest automaton of ``item``; ``None`` where it is large or admits nothing."""
    item = in_few_orders(item)
    if holds_rule(item) or tree_size(item).weight > _MAX_WEIGHT:
        return None
    from latticework.automata import algebra
    from latticework.automata.build import build_automaton

    try:
        automaton = algebra.expand(build_automaton(item, _LIMITS), _LIMITS.max_states)
    except LimitExceeded:
        return None
    return None if algebra.is_empty(automaton) else algebra.minimise(automaton).states
