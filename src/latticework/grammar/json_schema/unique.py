"""``uniqueItems`` where the items are drawn from few values, so that those already used can be remembered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from latticework.grammar import ir
from latticework.grammar.combine import alt, seq
from latticework.grammar.json_schema.document import Subschema
from latticework.grammar.json_schema.enums import key_of

if TYPE_CHECKING:
    from latticework.grammar.json_schema.conjunction import Conjunction
    from latticework.grammar.json_schema.lowering import Lowering

MAX_REMEMBERED = 9  # values whose use is remembered exactly: the states double with each
_HINT = "list the possible items with enum, or drop it and remove duplicates from the result"


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

    ``ir.EMPTY`` where nothing has to be remembered, and where the keyword is refused.
    """
    if said:
        if len(said) == high and _all_different(lowering, said):
            return ir.EMPTY
        lowering.refuse(place, "uniqueItems", "not supported beside items by position", _HINT)
        return ir.EMPTY
    texts = _values(lowering, said_of_others, level)
    if texts is None:
        lowering.refuse(place, "uniqueItems", "not supported where the possible items are not listed", _HINT)
        return ir.EMPTY
    high = len(texts) if high is None else min(high, len(texts))
    if low > high:
        return None
    comma = lowering.style.comma(level + 1)
    items = [lowering.style.member(ir.Literal(text)) for text in texts]
    if len(items) > MAX_REMEMBERED:
        lowering.narrow(f"uniqueItems of more than {MAX_REMEMBERED} values: items come in one fixed order")
        return _in_order(items, comma, low, high)
    return _in_any_order(items, comma, max(low, 1), high)


def _in_order(items: list[ir.Node], comma: ir.Node, low: int, high: int) -> ir.Node:
    """Nonempty subsequences; the number of items is bounded elsewhere."""
    return ir.Except(ir.Ordered([(item, False) for item in items], comma), ir.EMPTY)


def _in_any_order(items: list[ir.Node], comma: ir.Node, low: int, high: int) -> ir.Node:
    memo: dict[int, ir.Node] = {}
    for used in range((1 << len(items)) - 1, -1, -1):
        count = used.bit_count()
        options: list[ir.Node] = [ir.EMPTY] if count >= low else []
        if count < high:
            lead = comma if count else ir.EMPTY
            options += [
                seq([lead, item, memo[used | 1 << index]]) for index, item in enumerate(items) if not used >> index & 1
            ]
        memo[used] = alt(options)
    return memo[0]


def _values(lowering: Lowering, said: Conjunction, level: int) -> list[bytes] | None:
    """The texts of all items, ``None`` where they are not listed one by one."""
    node = lowering.schema(said, level + 1)
    while isinstance(node, ir.Located):
        node = node.body
    options = node.options if isinstance(node, ir.Alt) else (node,)
    texts: list[bytes] = []
    for option in options:
        while isinstance(option, ir.Located):
            option = option.body
        if isinstance(option, ir.Words):
            texts += option.words
        elif isinstance(option, ir.Literal):
            texts.append(option.data)
        else:
            return None
    # Two texts of one value (1 and 1.0 in an enum) must not both be used.
    distinct: dict[Any, bytes] = {}
    for text in texts:
        distinct.setdefault(key_of(json.loads(text)), text)
    return list(distinct.values())


def _all_different(lowering: Lowering, said: list[Conjunction]) -> bool:
    """Whether items by position are drawn from values that have nothing in common."""
    seen: set[Any] = set()
    for conjunction in said:
        texts = _values(lowering, conjunction, 0)
        if texts is None:
            return False
        keys = {key_of(json.loads(text)) for text in texts}
        if seen & keys:
            return False
        seen |= keys
    return True
