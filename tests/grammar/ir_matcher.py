"""A slow, simple matcher of the grammar IR: the oracle the front ends and the automaton builder are held to.

``matches(node, data)`` follows the definition of each node. The core relation is *ends*: from a
position in ``data``, the pairs (position after a match, characters read by it). Characters are what
``Chars`` and ``JsonChars`` read; they matter to ``Counted`` alone. Every set is finite, because
``data`` is; memoised per (node, position).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from fractions import Fraction

from latticework.grammar import ir

Ends = frozenset[tuple[int, int]]

_SHORT = {b'\\"': 0x22, b"\\\\": 0x5C, b"\\/": 0x2F, b"\\b": 8, b"\\f": 12, b"\\n": 10, b"\\r": 13, b"\\t": 9}
_CANONICAL_SHORT = {spelling: point for spelling, point in _SHORT.items() if spelling != b"\\/"}


def matches(node: ir.Node, data: bytes) -> bool:
    """Whether the whole of ``data`` is in the language of ``node``."""
    return any(end == len(data) for end, _ in _Matcher(data).ends(node, 0))


class _Matcher:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.memo: dict[tuple[bytes, int], Ends] = {}

    def ends(self, node: ir.Node, at: int) -> Ends:
        key = (node.digest, at)
        if key not in self.memo:
            self.memo[key] = frozenset(self.walk(node, at))
        return self.memo[key]

    def walk(self, node: ir.Node, at: int) -> Iterator[tuple[int, int]] | Ends:
        match node:
            case ir.Literal():
                return self.literal(node.data, at)
            case ir.Words():
                return frozenset(pair for word in node.words for pair in self.literal(word, at))
            case ir.Chars():
                return ((end, 1) for point, end in utf8_at(self.data, at) if inside(node.ranges, point))
            case ir.JsonChars():
                spellings = all_spellings_at if node.all_escapes else canonical_at
                return ((end, 1) for point, end in spellings(self.data, at) if inside(node.ranges, point))
            case ir.Seq():
                return self.sequence(node.parts, at)
            case ir.Alt():
                return frozenset().union(*(self.ends(option, at) for option in node.options))
            case ir.Repeat():
                return self.copies(lambda p: self.ends(node.body, p), at, node.low, node.high)
            case ir.Join():
                return self.join(node, at)
            case ir.Distinct():
                return ((end, 0) for end in self.distinct(node, at, ()))
            case ir.Ordered():
                return self.ordered(node, at, 0, None, False)
            case ir.Counted():
                high = node.high
                return (e for e in self.ends(node.body, at) if node.low <= e[1] and (high is None or e[1] <= high))
            case ir.JsonKey():
                return self.json_key(node, at)
            case ir.Multiples():
                return self.multiples(node, at)
            case ir.Intersect():
                sets = [self.ends(part, at) for part in node.parts]
                common = frozenset.intersection(*(frozenset(end for end, _ in s) for s in sets))
                return (pair for pair in sets[0] if pair[0] in common)
            case ir.Except():
                removed = {end for end, _ in self.ends(node.removed, at)}
                return (pair for pair in self.ends(node.body, at) if pair[0] not in removed)
            case ir.Located() | ir.Alone():
                return self.ends(node.body, at)
            case ir.Multiples():
                return self.multiples(node, at)
            case _:
                raise TypeError(f"unknown node {type(node).__name__}")

    def literal(self, word: bytes, at: int) -> Ends:
        return frozenset({(at + len(word), 0)}) if self.data.startswith(word, at) else frozenset()

    def sequence(self, parts: tuple[ir.Node, ...], at: int) -> Ends:
        reached = frozenset({(at, 0)})
        for part in parts:
            reached = frozenset((end, n + more) for p, n in reached for end, more in self.ends(part, p))
        return reached

    def copies(self, step: Callable[[int], Ends], at: int, low: int, high: int | None) -> Ends:
        """Ends after ``low`` to ``high`` steps: the sets after k steps settle or die out, so the loop ends."""
        reached = frozenset({(at, 0)})
        found: set[tuple[int, int]] = set(reached) if low == 0 else set()
        done = 0
        while reached and (high is None or done < high):
            following = frozenset((end, n + more) for p, n in reached for end, more in step(p))
            done += 1
            if done >= low:
                found |= following
            if following == reached:
                found |= following
                break
            reached = following
        return frozenset(found)

    def join(self, node: ir.Join, at: int) -> Ends:
        def separated(p: int) -> Ends:
            return self.sequence((node.separator, node.item), p)

        found: set[tuple[int, int]] = {(at, 0)} if node.low == 0 else set()
        if node.high is None or node.high >= 1:
            rest_high = None if node.high is None else node.high - 1
            for p, n in self.ends(node.item, at):
                found |= {(end, n + m) for end, m in self.copies(separated, p, max(node.low - 1, 0), rest_high)}
        return frozenset(found)

    def distinct(self, node: ir.Distinct, at: int, used: tuple[int, ...]) -> Iterator[int]:
        for end, _ in self.ends(node.item, at):
            checksum = sum(byte for byte in self.data[at:end] if byte not in b" \t\n\r") % node.modulus
            if checksum in used or (len(used) >= node.free and checksum < max(used)):
                continue
            count = len(used) + 1
            if node.low <= count and (node.high is None or count <= node.high):
                yield end
            if node.high is None or count < node.high:
                for start, _ in self.ends(node.separator, end):
                    yield from self.distinct(node, start, (*used, checksum))

    def ordered(self, node: ir.Ordered, at: int, index: int, early: int | None, written: bool) -> Ends:
        """Behind all members before ``index`` and the later one that has been written ``early``."""
        if node.second or node.ahead is not None:
            orders = [node.members, *([[node.members[place] for place in node.second]] if node.second else [])]
            first = [] if node.ahead is None else [(ir.Join(node.ahead, node.separator, 1, None), False)]
            found = (self.ends(ir.Ordered([*first, *order], node.separator), at) for order in orders)
            return frozenset().union(*found)
        if early == index:
            return self.ordered(node, at, index + 1, None, written)
        found: set[tuple[int, int]] = {(at, 0)} if index == len(node.members) else set()

        def written_next(member: ir.Node, index: int, early: int | None) -> None:
            for p, n in self.sequence((node.separator, member) if written else (member,), at):
                if p > at:
                    found.update((end, n + m) for end, m in self.ordered(node, p, index, early, True))

        if node.anywhere is not None:
            written_next(node.anywhere, index, early)
        for later in range(index + 1, len(node.members)) if node.early and early is None else ():
            written_next(node.members[later][0], index, later)
        if index < len(node.members):
            member, required = node.members[index]
            for p, n in self.sequence((node.separator, member) if written else (member,), at):
                found |= {(end, n + m) for end, m in self.ordered(node, p, index + 1, early, True)}
            if not required:
                found |= self.ordered(node, at, index + 1, early, written)
        return frozenset(found)

    def multiples(self, node: ir.Multiples, at: int) -> Iterator[tuple[int, int]]:
        """All numerals from here on whose exact value is a multiple."""
        numeral = re.compile(rb"[0-9]+(?:\.[0-9]+)?")
        for end in range(at + 1, len(self.data) + 1):
            if numeral.fullmatch(self.data, at, end):
                scaled = Fraction(self.data[at:end].decode()) * 10**node.places
                if scaled % node.divisor == 0:
                    yield end, 0

    def json_key(self, node: ir.JsonKey, at: int) -> Iterator[tuple[int, int]]:
        """All whole strings whose decoded text is none of ``excluded``, canonical while it could become one."""
        if not self.data.startswith(b'"', at):
            return
        paths = [("", at + 1)]
        while paths:
            key, p = paths.pop()
            if self.data.startswith(b'"', p) and key not in node.excluded:
                yield p + 1, 0
            could_become_excluded = any(word.startswith(key) and word != key for word in node.excluded)
            spellings = canonical_at if could_become_excluded or not node.all_escapes else all_spellings_at
            paths += [(key + chr(point), end) for point, end in spellings(self.data, p)]


def utf8_at(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    """The well-formed code point that starts at ``at``, and where it ends."""
    for width in (1, 2, 3, 4):
        try:
            char = data[at : at + width].decode()
        except UnicodeDecodeError:
            continue
        if len(char) == 1:
            yield ord(char), at + width
        return


def canonical_at(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    """The character of a JSON string at ``at`` in its canonical spelling."""
    spelling = data[at : at + 2]
    if spelling in _CANONICAL_SHORT:
        yield _CANONICAL_SHORT[spelling], at + 2
    elif spelling == b"\\u":
        value = hex4(data, at)
        if value is not None and value < 0x20 and value not in _SHORT.values():
            yield value, at + 6
    else:
        yield from raw_at(data, at)


def all_spellings_at(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    """The character of a JSON string at ``at`` in any spelling; a surrogate pair is one character."""
    if data[at : at + 2] in _SHORT:
        yield _SHORT[data[at : at + 2]], at + 2
        return
    value = hex4(data, at)
    if value is None:
        yield from raw_at(data, at)
    elif 0xD800 <= value < 0xDC00:
        low = hex4(data, at + 6)
        if low is not None and 0xDC00 <= low < 0xE000:
            yield 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00), at + 12
    elif not 0xDC00 <= value < 0xE000:
        yield value, at + 6


def raw_at(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    for point, end in utf8_at(data, at):
        if point >= 0x20 and point not in (0x22, 0x5C):
            yield point, end


def hex4(data: bytes, at: int) -> int | None:
    digits = data[at + 2 : at + 6]
    if data[at : at + 2] != b"\\u" or len(digits) < 4 or not all(d in b"0123456789abcdefABCDEF" for d in digits):
        return None
    return int(digits, 16)


def inside(ranges: ir.Ranges, point: int) -> bool:
    return any(low <= point <= high for low, high in ranges)


def decoded(data: bytes) -> object:
    """Strict ``json.loads``: UTF-8, no duplicate keys, no NaN."""

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        keys = [key for key, _ in pairs]
        if len(set(keys)) < len(keys):
            raise ValueError(f"duplicate keys in {keys}")
        return dict(pairs)

    return json.loads(data.decode(), object_pairs_hook=unique, parse_constant=no_constant)


def no_constant(name: str) -> None:
    """Refuses the NaN and Infinity that ``json`` would read."""
    raise ValueError(f"{name} is no JSON")
