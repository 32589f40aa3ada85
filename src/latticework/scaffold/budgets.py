"""How many slots a value gets at the start, from what its schema says: type, bounds, enumeration, format, hints.

These are guesses: fillers take up what is too much, and a room that a value fills grows while denoising.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from latticework.grammar import ir

TEXT_SLOTS = 16  # of a string without a bound; training of the packaged model shows 2 to 16 slots
NUMBER_SLOTS = 10
LIST_SLOTS = 24
OBJECT_SLOTS = 48
_LISTED = 256  # words of an enumeration that are all counted in tokens
_ENDLESS = 1 << 20  # characters; bounds above are none


def room_slots(node: ir.Node, count_tokens: Callable[[bytes], int], hint: int | None = None) -> int:
    """Slots for a text of ``node``, at least 1; ``count_tokens`` counts the tokens of a fixed text.

    A ``hint`` (slots) replaces what the type alone suggests, within the bounds of the text.
    """
    slots = _slots(node, count_tokens)
    if hint is not None:
        low, high = length_of(node)
        slots = max(min(low, slots), hint if high is None else min(hint, high))
    return max(1, slots)


def may_need_more(node: ir.Node, slots: int) -> bool:
    """Whether a text of ``node`` may have more characters than there are ``slots``."""
    most = length_of(node)[1]
    return most is None or most > slots


def _slots(node: ir.Node, count_tokens: Callable[[bytes], int]) -> int:
    match node:
        case ir.Located() | ir.Alone():
            return _slots(node.body, count_tokens)
        case ir.Literal():
            return count_tokens(node.data)
        case ir.Words() if len(node.words) <= _LISTED:
            return max(map(count_tokens, node.words), default=1)
        case ir.Alt() if node.options:
            return max(_slots(option, count_tokens) for option in node.options)
        case ir.Seq() if node.parts and isinstance(node.parts[0], ir.Literal):
            first = node.parts[0].data
            if first[:1] in (b'"', b"[", b"{"):
                return _bounded(node, {b'"': TEXT_SLOTS, b"[": LIST_SLOTS, b"{": OBJECT_SLOTS}[first[:1]])
    return _bounded(node, NUMBER_SLOTS if _starts_number(node) else TEXT_SLOTS)


def _bounded(node: ir.Node, usual: int) -> int:
    low, high = length_of(node)
    return max(low, usual if high is None else min(high, usual))


def _starts_number(node: ir.Node) -> bool:
    """Whether a digit or a minus comes first in every text, as far as the IR shows it."""
    match node:
        case ir.Located() | ir.Alone() | ir.Counted():
            return _starts_number(node.body)
        case ir.Repeat():
            return node.low > 0 and _starts_number(node.body)
        case ir.Seq():
            for part in node.parts:
                if length_of(part)[0] > 0:
                    return _starts_number(part)
            return False
        case ir.Alt():
            return bool(node.options) and all(_starts_number(option) for option in node.options)
        case ir.Literal():
            return node.data[:1] in (b"-", *(b"%d" % digit for digit in range(10)))
        case ir.Chars():
            return bool(node.ranges) and all(low >= 0x30 and high <= 0x39 for low, high in node.ranges)
    return isinstance(node, ir.Multiples)


@lru_cache(maxsize=4096)
def length_of(node: ir.Node) -> tuple[int, int | None]:
    """Fewest and most characters of a text, escapes counted as one; ``None`` for no bound. An estimate."""
    match node:
        case ir.Literal():
            return len(node.data), len(node.data)
        case ir.Chars() | ir.JsonChars():
            return 1, 1
        case ir.Seq():
            return _added([length_of(part) for part in node.parts])
        case ir.Alt():
            return _either([length_of(option) for option in node.options])
        case ir.Words():
            return _either([(len(word), len(word)) for word in node.words])
        case ir.Repeat():
            return _times(length_of(node.body), node.low, node.high)
        case ir.Join() | ir.Distinct():
            item = _added([length_of(node.item), length_of(node.separator)])
            return _times(item, node.low, node.high)
        case ir.Ordered():
            lengths = [(*length_of(member), required) for member, required in node.members]
            low = sum(least for least, _, required in lengths if required)
            return low, _added([(0, most) for _, most, _ in lengths])[1]
        case ir.Counted():
            return node.low, node.high
        case ir.Intersect():
            lengths = [length_of(part) for part in node.parts]
            bounds = [most for _, most in lengths if most is not None]
            return max((least for least, _ in lengths), default=0), min(bounds, default=None)
        case ir.Located() | ir.Alone() | ir.Except() | ir.Marked():
            return length_of(node.body)
    return 1, None


def _added(lengths: list[tuple[int, int | None]]) -> tuple[int, int | None]:
    most = [high for _, high in lengths]
    return sum(low for low, _ in lengths), None if None in most else sum(high or 0 for high in most)


def _either(lengths: list[tuple[int, int | None]]) -> tuple[int, int | None]:
    if not lengths:
        return 0, 0
    most = [high for _, high in lengths]
    return min(low for low, _ in lengths), None if None in most else max(high or 0 for high in most)


def _times(length: tuple[int, int | None], low: int, high: int | None) -> tuple[int, int | None]:
    least, most = length
    if high is None or most is None or high * most > _ENDLESS:
        return low * least, None
    return low * least, high * most
