"""``uniqueItems`` where the items are drawn from few values, so that those already used can be remembered."""

from __future__ import annotations

import json
from math import comb
from typing import TYPE_CHECKING, Any, TypeAlias

from latticework.grammar import ir
from latticework.grammar.combine import alt, seq
from latticework.grammar.json_schema.checksums import distinct_items
from latticework.grammar.json_schema.document import Subschema
from latticework.grammar.json_schema.enums import key_of
from latticework.grammar.json_schema.listed import listed

if TYPE_CHECKING:
    from latticework.grammar.json_schema.conjunction import Conjunction
    from latticework.grammar.json_schema.lowering import Lowering

MAX_REMEMBERED = 9  # values whose use is remembered exactly: the states double with each
MAX_WEIGHT = 30_000  # bytes of all texts behind all sets of items used, for the first items of more values
_HINT = (
    'list the possible items with enum, or use distinct="narrow" (arrays whose items are easily told apart)'
    ' or on_unsupported="widen" (checks the result)'
)


def unique_items(
    lowering: Lowering,
    place: Subschema,
    said: list[Conjunction],
    said_of_others: Conjunction,
    low: int,
    high: int | None,
    level: int,
) -> ir.Node | None:
    """Nonempty contents of arrays in which no two items are equal; ``None`` if there are none.

    ``ir.EMPTY`` where nothing has to be remembered, and where the keyword is refused; an :class:`ir.Distinct` or
    :class:`ir.Join` says everything about the items.
    """
    if said:
        if len(said) == high and _all_different(lowering, said):
            return ir.EMPTY
        lowering.refuse(place, "uniqueItems", "not supported beside items by position", _HINT)
        return ir.EMPTY
    values = _values(lowering, said_of_others, level)
    if values is None:
        content = None
        if lowering.distinct:
            content = distinct_items(lowering, place, said_of_others, low, high, level)
        if content is not None:
            return content
        lowering.refuse(place, "uniqueItems", "not supported where the possible items are not listed", _HINT)
        return ir.EMPTY
    high = len(values) if high is None else min(high, len(values))
    if low > high:
        return None
    comma = lowering.style.comma(level + 1)
    low = max(low, 1)
    if len(values) <= MAX_REMEMBERED:
        return _in_any_order(values, comma, low, high)
    free = _remembered(values, high)
    if free == high:
        return _in_any_order(values, comma, low, high)
    lowering.narrow(f"uniqueItems of {len(values)} values: more than {free} items come in one fixed order")
    return alt([_in_any_order(values, comma, low, free), _in_order(values, comma)])


_Value: TypeAlias = tuple[bytes, ...]  # the texts of one value


def _remembered(values: list[_Value], high: int) -> int:
    """How many items may come in any order."""
    count, weight = len(values), sum(len(text) for value in values for text in value)
    total = 0
    for used in range(high):
        total += comb(count, used) * weight
        if total > MAX_WEIGHT:
            return max(used, 1)
    return high


def _in_order(values: list[_Value], comma: ir.Node) -> ir.Node:
    """Nonempty subsequences; the number of items is bounded elsewhere."""
    return ir.Except(ir.Ordered([(ir.Words(value), False) for value in values], comma), ir.EMPTY)


def _in_any_order(values: list[_Value], comma: ir.Node, low: int, high: int) -> ir.Node:
    memo: dict[int, ir.Node] = {}

    def behind(used: int) -> ir.Node:
        """What may follow where these values have been used."""
        if used not in memo:
            count = used.bit_count()
            options: list[ir.Node] = [ir.EMPTY] if count >= low else []
            left = [index for index in range(len(values)) if not used >> index & 1] if count < high else []
            lead = comma if count else ir.EMPTY
            if count == high - 1:
                options.append(seq([lead, ir.Words(text for index in left for text in values[index])]))
            else:
                options += [seq([lead, ir.Words(values[index]), behind(used | 1 << index)]) for index in left]
            memo[used] = alt(options)
        return memo[used]

    return behind(0)


def _values(lowering: Lowering, said: Conjunction, level: int) -> list[_Value] | None:
    """All possible items in the order of their ``enum``, each with its texts; ``None`` where they are not few."""
    node = lowering.schema(said, level + 1)
    texts = [] if node is None else listed(lowering.style.member(node))
    if texts is None:
        return None
    values: dict[Any, list[bytes]] = {}
    for text in texts:
        values.setdefault(key_of(json.loads(text)), []).append(text)
    given = [member.schema["enum"] for member in lowering.expand(said).members if "enum" in member.schema]
    order = {key_of(value): index for index, value in enumerate(given[0])} if given else {}
    keys = sorted(values, key=lambda key: order.get(key, len(order)))
    return [tuple(values[key]) for key in keys]


def _all_different(lowering: Lowering, said: list[Conjunction]) -> bool:
    """Whether items by position are drawn from values that have nothing in common."""
    seen: set[Any] = set()
    for conjunction in said:
        values = _values(lowering, conjunction, 0)
        if values is None:
            return False
        keys = {key_of(json.loads(value[0])) for value in values}
        if seen & keys:
            return False
        seen |= keys
    return True
