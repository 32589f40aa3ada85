"""Characters that are equal when case is ignored, as far as the dialects agree.

ECMA-262 compares simple case foldings (with ``u``) or upper case, Python lower case with a few exceptions, and the
Unicode versions differ. Characters form groups, all of which some dialect may take for the same; only pairs that
are each other's lower and upper case, and the letters of ASCII, are the same for certain.
"""

from __future__ import annotations

from functools import lru_cache
from sys import maxunicode

from latticework.grammar.ranges import Ranges, normalise_ranges
from latticework.grammar.regex.classes import ClassSet


def folded(klass: ClassSet, by_name: bool = False) -> ClassSet:
    r"""``klass`` with the characters equal to its own; ``by_name``: a class like ``\d``, which Python leaves as is."""
    sure, possible = _partners()
    return ClassSet(klass.inner if by_name else _with(klass.inner, sure), _with(klass.outer, possible))


def _with(ranges: Ranges, partners: dict[int, tuple[int, ...]]) -> Ranges:
    more = [other for point, others in partners.items() if _inside(ranges, point) for other in others]
    return normalise_ranges([*ranges, *((other, other) for other in more)])


def _inside(ranges: Ranges, point: int) -> bool:
    return any(low <= point <= high for low, high in ranges)


@lru_cache(maxsize=1)
def _partners() -> tuple[dict[int, tuple[int, ...]], dict[int, tuple[int, ...]]]:
    """The other characters that certainly, and that possibly, equal a character. The first call costs about 0.2 s."""
    group_of: dict[str, int] = {}
    parent: dict[int, int] = {}

    def root(point: int) -> int:
        while parent.setdefault(point, point) != point:
            point = parent[point]
        return point

    for point in range(maxunicode + 1):
        char = chr(point)
        lower, upper, title, fold = char.lower(), char.upper(), char.title(), char.casefold()
        if char == lower == upper == title == fold:
            continue
        # The lower case of U+0130 is two characters; readers that want one take the first.
        for other in {lower[0], *(form for form in (upper, title, fold) if len(form) == 1)}:
            parent[root(point)] = root(ord(other))
        first = group_of.setdefault(fold, point)
        parent[root(point)] = root(first)
    groups: dict[int, list[int]] = {}
    for point in list(parent):
        groups.setdefault(root(point), []).append(point)
    possible: dict[int, tuple[int, ...]] = {}
    sure: dict[int, tuple[int, ...]] = {}
    for members in groups.values():
        for point in members:
            possible[point] = tuple(other for other in members if other != point)
            swapped = chr(point).swapcase()
            pair = len(members) == 2 or chr(point).isascii()
            if pair and len(swapped) == 1 and swapped != chr(point) and swapped.swapcase() == chr(point):
                sure[point] = (ord(swapped),)
    return sure, possible
