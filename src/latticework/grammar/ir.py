"""The grammar IR: what every front end produces and the automaton builder consumes.

Nodes are immutable values. Equality and hash come from a 128-bit BLAKE2 digest over the node's
kind, its fields and its children's digests, computed once at construction, so that comparing,
hashing and memoising a node costs O(1) whatever its size, and equal sub-grammars are shared by
construction of the memo tables alone. The digest is also the grammar's part of a compile-cache key.

A node denotes a language of byte strings. Characters are Unicode code points (surrogates
excluded) in UTF-8; :class:`JsonChars` are code points *as written inside a JSON string*.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from latticework.grammar.ranges import MAX_CODE_POINT as MAX_CODE_POINT
from latticework.grammar.ranges import SURROGATES as SURROGATES
from latticework.grammar.ranges import Ranges as Ranges
from latticework.grammar.ranges import normalise_ranges

# Bytes that no UTF-8 text holds, for :class:`Marked`.
HERE = 0xFF
MARKS = bytes((0xC0, 0xC1, *range(0xF5, 0xFF)))
BLANKS = b" \t\n\r"  # that no checksum counts, for :class:`Distinct`


class Node:
    """Base of all IR nodes. Do not subclass outside this module: the builder knows each kind."""

    __slots__ = ("digest",)
    digest: bytes

    def _seal(self, *fields: object) -> None:
        h = blake2b(type(self).__name__.encode(), digest_size=16)
        for field in fields:
            if isinstance(field, Node):
                h.update(b"N" + field.digest)
            elif isinstance(field, bytes):
                h.update(b"B%d:" % len(field) + field)
            elif isinstance(field, tuple) and field and isinstance(field[0], Node):
                h.update(b"T%d:" % len(field))
                for child in field:
                    h.update(child.digest)
            else:
                text = repr(field).encode()
                h.update(b"R%d:" % len(text) + text)
        self.digest = h.digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        fields = [s for s in type(self).__slots__ if s != "digest"]
        return f"{type(self).__name__}({', '.join(f'{f}={getattr(self, f)!r}' for f in fields)})"


class Literal(Node):
    """Exactly these bytes."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._seal(data)


class Chars(Node):
    """One code point out of ``ranges`` (inclusive, sorted, disjoint), encoded in UTF-8. Surrogates are dropped."""

    __slots__ = ("ranges",)

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        self.ranges = normalise_ranges(ranges)
        self._seal(self.ranges)


class JsonChars(Node):
    r"""One code point out of ``ranges`` as written inside a JSON string (RFC 8259 section 7).

    With ``all_escapes`` every spelling is in the language: the raw character, the short escape,
    ``\uXXXX``, and surrogate pairs (one code point). Otherwise only the canonical one: raw where
    JSON allows it, else the short escape, else ``\u00XX`` (lower or upper case hex digits).
    """

    __slots__ = ("all_escapes", "ranges")

    def __init__(self, ranges: Iterable[tuple[int, int]], all_escapes: bool = False) -> None:
        self.ranges = normalise_ranges(ranges)
        self.all_escapes = all_escapes
        self._seal(self.ranges, all_escapes)


class Seq(Node):
    """Concatenation of ``parts``; the empty tuple is the language of the empty string."""

    __slots__ = ("parts",)

    def __init__(self, parts: Iterable[Node]) -> None:
        self.parts = tuple(parts)
        self._seal(self.parts)


class Alt(Node):
    """Union of ``options``; the empty tuple is the empty language."""

    __slots__ = ("options",)

    def __init__(self, options: Iterable[Node]) -> None:
        self.options = tuple(options)
        self._seal(self.options)


class Words(Node):
    """A finite set of byte strings (enumerations): built as a minimal trie, however many."""

    __slots__ = ("words",)

    def __init__(self, words: Iterable[bytes]) -> None:
        self.words = tuple(sorted(set(words)))
        self._seal(self.words)


class Repeat(Node):
    """``low`` to ``high`` copies of ``body`` (``high=None``: unbounded)."""

    __slots__ = ("body", "high", "low")

    def __init__(self, body: Node, low: int, high: int | None) -> None:
        _check_bounds(low, high)
        self.body, self.low, self.high = body, low, high
        self._seal(body, low, high)


class Join(Node):
    """``low`` to ``high`` items with ``separator`` between neighbours; the item is built once."""

    __slots__ = ("high", "item", "low", "separator")

    def __init__(self, item: Node, separator: Node, low: int, high: int | None) -> None:
        _check_bounds(low, high)
        self.item, self.separator, self.low, self.high = item, separator, low, high
        self._seal(item, separator, low, high)


class Ordered(Node):
    """Members in the given order, each required or optional, ``separator`` between neighbours present.

    ``members`` are ``(node, required)`` pairs. The language: every subsequence that keeps all
    required members, joined by the separator (object members; O(members) states).

    ``anywhere``: a further member that may stand any number of times at any place. ``early``: a member may stand before
    its place, one at a time: until its place is reached only members before it follow, in their order
    (O(members squared) states).

    ``second``: another order in which the members may stand, by their numbers (none: empty). ``ahead``: what may stand
    any number of times before all members. Neither goes with ``anywhere`` or ``early``.
    """

    __slots__ = ("ahead", "anywhere", "early", "members", "second", "separator")

    def __init__(
        self,
        members: Iterable[tuple[Node, bool]],
        separator: Node,
        anywhere: Node | None = None,
        early: bool = False,
        second: Iterable[int] = (),
        ahead: Node | None = None,
    ) -> None:
        self.members = tuple(members)
        self.separator = separator
        self.anywhere, self.early = anywhere, early
        self.second, self.ahead = tuple(second), ahead
        if (self.second or ahead is not None) and (anywhere is not None or early):
            raise ValueError("a second order, or members ahead, beside members out of order")
        if self.second and sorted(self.second) != [*range(len(self.members))]:
            raise ValueError(f"no order of {len(self.members)} members: {self.second}")
        required = tuple(required for _, required in self.members)
        others = () if ahead is None and not self.second else (self.second, ahead)
        self._seal(tuple(node for node, _ in self.members), required, separator, anywhere, early, *others)


class Unordered(Node):
    """Members in any order, each at most once, all required ones, ``separator`` between neighbours.

    ``members`` are ``(node, required)`` pairs, ``names`` their keys as readers see them. ``anywhere``: a further member
    that may stand any number of times at any place. ``nonempty``: there is at least one member. ``otherwise``: what
    stands for it where an automaton is needed, in fewer orders unless it is ``small``; no part of the node's identity.
    No automaton of moderate size knows which of many members have been written:
    :mod:`latticework.grammar.arrangement` has the ways around.
    """

    __slots__ = ("anywhere", "members", "names", "nonempty", "otherwise", "separator", "small")

    def __init__(
        self,
        names: Iterable[str],
        members: Iterable[tuple[Node, bool]],
        separator: Node,
        anywhere: Node | None = None,
        nonempty: bool = False,
        otherwise: Node | None = None,
        small: bool = False,
    ) -> None:
        self.names, self.members = tuple(names), tuple(members)
        self.separator, self.anywhere, self.nonempty = separator, anywhere, nonempty
        required = tuple(required for _, required in self.members)
        self._seal(self.names, tuple(node for node, _ in self.members), required, separator, anywhere, nonempty)
        self.otherwise, self.small = otherwise, small


class Counted(Node):
    """The strings of ``body`` with ``low`` to ``high`` characters (each Chars/JsonChars read counts one)."""

    __slots__ = ("body", "high", "low")

    def __init__(self, body: Node, low: int, high: int | None) -> None:
        _check_bounds(low, high)
        self.body, self.low, self.high = body, low, high
        self._seal(body, low, high)


class JsonKey(Node):
    """A whole JSON string (quotes included) that is none of ``excluded``, spelt as :class:`JsonChars` says.

    ``excluded`` are decoded keys. A key that shares a prefix with an excluded one is spelt
    canonically along that prefix, so that an escape can never smuggle an excluded key in.
    """

    __slots__ = ("all_escapes", "excluded")

    def __init__(self, excluded: Iterable[str], all_escapes: bool = True) -> None:
        self.excluded = tuple(sorted(set(excluded)))
        self.all_escapes = all_escapes
        self._seal(self.excluded, all_escapes)


class Multiples(Node):
    """Decimal numerals (no sign, no exponent) of the multiples of ``divisor / 10**places``.

    Leading zeros are allowed, and zeros behind the last place; a point is followed by a digit.
    """

    __slots__ = ("divisor", "places")

    def __init__(self, divisor: int, places: int = 0) -> None:
        if divisor < 1 or places < 0:
            raise ValueError(f"a positive divisor and places are wanted, not {divisor}, {places}")
        self.divisor, self.places = divisor, places
        self._seal(divisor, places)


class Intersect(Node):
    """Strings in all of ``parts``; each is compiled on its own, without counters."""

    __slots__ = ("parts",)

    def __init__(self, parts: Iterable[Node]) -> None:
        self.parts = tuple(parts)
        self._seal(self.parts)


class Except(Node):
    """Strings of ``body`` that are not in ``removed``; both are compiled without counters."""

    __slots__ = ("body", "removed")

    def __init__(self, body: Node, removed: Node) -> None:
        self.body, self.removed = body, removed
        self._seal(body, removed)


class Marked(Node):
    """Texts of ``body`` without their marks, where every mark stands at a place that its condition admits.

    ``body`` may hold the bytes of :data:`MARKS`, which no UTF-8 text does. The i-th condition is a language of texts
    that hold :data:`HERE` once: where mark i stands, the whole text with ``HERE`` there, and without the other marks,
    must be one of them. Compiled on its own, without counters.
    """

    __slots__ = ("body", "conditions")

    def __init__(self, body: Node, conditions: Iterable[Node]) -> None:
        self.body = body
        self.conditions = tuple(conditions)
        if len(self.conditions) > len(MARKS):
            raise ValueError(f"there are {len(MARKS)} marks, not {len(self.conditions)}")
        self._seal(body, self.conditions)


class Distinct(Node):
    """``low`` to ``high`` items with ``separator`` between neighbours, no two of which have the same checksum.

    The checksum of an item is the sum of its bytes that are no blanks, modulo ``modulus``. The first ``free`` items may
    have their checksums in any order; of each later one it is greater than those of all before it. What follows an item
    must tell where it ends: neither do items go on as separators begin, nor separators as items begin. Compiled on its
    own, without counters.
    """

    __slots__ = ("free", "high", "item", "low", "modulus", "separator")

    def __init__(self, item: Node, separator: Node, low: int, high: int | None, modulus: int, free: int) -> None:
        _check_bounds(low, high)
        if low < 1 or modulus < 1 or free < 1:
            raise ValueError(f"positive numbers are wanted, not low={low}, modulus={modulus}, free={free}")
        self.item, self.separator, self.low, self.high = item, separator, low, high
        self.modulus, self.free = modulus, free
        self._seal(item, separator, low, high, modulus, free)


class Alone(Node):
    """``body``, compiled once by itself and copied wherever it stands (worth it for what recurs: any JSON value)."""

    __slots__ = ("body",)

    def __init__(self, body: Node) -> None:
        self.body = body
        self._seal(body)


class Located(Node):
    """``body``, remembered as coming from ``where`` (JSON Pointer or regex span): errors name it."""

    __slots__ = ("body", "where")

    def __init__(self, body: Node, where: str) -> None:
        self.body, self.where = body, where
        self.digest = body.digest


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside ``node``."""
    match node:
        case Seq():
            return node.parts
        case Alt():
            return node.options
        case Intersect():
            return node.parts
        case Repeat() | Counted() | Located() | Alone():
            return (node.body,)
        case Join() | Distinct():
            return node.item, node.separator
        case Ordered():
            further = (part for part in (node.anywhere, node.ahead) if part is not None)
            return (*(member for member, _ in node.members), node.separator, *further)
        case Unordered():
            further = () if node.anywhere is None else (node.anywhere,)
            return (*(member for member, _ in node.members), node.separator, *further)
        case Except():
            return node.body, node.removed
        case Marked():
            return node.body, *node.conditions
    return ()


def with_children(node: Node, parts: list[Node]) -> Node:
    """``node`` with other nodes directly inside, in the order of :func:`children`."""
    match node:
        case Seq() | Alt() | Intersect():
            return type(node)(parts)
        case Repeat() | Counted():
            return type(node)(parts[0], node.low, node.high)
        case Alone():
            return Alone(parts[0])
        case Located():
            return Located(parts[0], node.where)
        case Join():
            return Join(parts[0], parts[1], node.low, node.high)
        case Distinct():
            return Distinct(parts[0], parts[1], node.low, node.high, node.modulus, node.free)
        case Ordered() | Unordered():
            count = len(node.members)
            members = [(part, required) for part, (_, required) in zip(parts, node.members, strict=False)]
            anywhere = None if node.anywhere is None else parts[count + 1]
            if isinstance(node, Ordered):
                ahead = None if node.ahead is None else parts[-1]
                return Ordered(members, parts[count], anywhere, node.early, node.second, ahead)
            return Unordered(node.names, members, parts[count], anywhere, node.nonempty, node.otherwise, node.small)
        case Except():
            return Except(*parts)
        case Marked():
            return Marked(parts[0], parts[1:])
    return node


def _check_bounds(low: int, high: int | None) -> None:
    if low < 0 or (high is not None and high < 0):
        raise ValueError(f"repetition bounds must not be negative: {low}, {high}")


EMPTY = Seq(())
NOTHING = Alt(())
ANY_CHAR = Chars(((0, MAX_CODE_POINT),))
