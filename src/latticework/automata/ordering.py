"""Members in order, as far as :class:`latticework.grammar.ir.Ordered` wants it: the graph, right to left."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from latticework.automata.graph import Graph, Path
from latticework.grammar import ir

Place: TypeAlias = tuple[int, ...]
_GONE = -1


def ordered(graph: Graph, node: ir.Ordered, k: int, path: Path, build: Callable[[ir.Node, int], int]) -> int:
    """Start of ``node`` followed by ``k``; ``build`` does the same for its parts.

    A place is how many members have been passed, and a later one that has been written since (none: their number).
    Where a member is written, its key decides on the next place. Linear in the members, quadratic with ``early``.
    """
    if node.second or node.ahead is not None:
        return two_orders(graph, node, k, path, build)
    members, nobody = [member for member, _ in node.members], len(node.members)
    required = [is_required for _, is_required in node.members]
    begin: dict[tuple[int, int], int | None] = {}  # a member and what follows it, from a place on
    after: dict[tuple[int, int], int] = {}  # the same behind a member

    def behind(start: int | None, may_end: bool) -> int:
        if node.anywhere is None:
            if start is None:
                return k
            again = build(node.separator, start)
            return graph.union([again, k], path) if may_end else again
        loop = graph.reserve(path)
        further = build(node.anywhere, loop)
        again = build(node.separator, further if start is None else graph.union([start, further], path))
        graph.complete(loop, [again, k] if may_end else [again])
        return loop

    for index in range(nobody, -1, -1):
        for early in (*range(nobody - 1, index, -1), nobody) if node.early else (nobody,):
            options: list[int] = []
            if index < nobody:
                following = (early + 1, nobody) if early == index + 1 < nobody else (index + 1, early)
                options.append(build(members[index], after[following]))
                rest = begin[following]
                if node.early and early == nobody:
                    options += [build(members[later], after[index, later]) for later in range(index + 1, nobody)]
                elif not required[index] and rest is not None:
                    options.append(rest)
            start = graph.union(options, path) if options else None
            begin[index, early] = start
            after[index, early] = behind(start, not any(required[index:early] + required[early + 1 :]))
    start = begin[0, nobody]
    if node.anywhere is not None:
        further = build(node.anywhere, after[0, nobody])
        start = further if start is None else graph.union([start, further], path)
    if start is None:
        return k
    return start if any(required) else graph.union([start, k], path)


def two_orders(graph: Graph, node: ir.Ordered, k: int, path: Path, build: Callable[[ir.Node, int], int]) -> int:
    """As :func:`ordered`, with a second order of the members, and further ones ahead of all.

    A place is how many members of each order have been passed, :data:`_GONE` where what is written is no beginning of
    it. What both orders go on with is built once. Linear in the members, but for places in both orders.
    """
    count = len(node.members)
    orders = (tuple(range(count)), *((node.second,) if node.second else ()))
    required = [[node.members[member][1] for member in order] for order in orders]
    ends = [max((rank + 1 for rank, needed in enumerate(flags) if needed), default=0) for flags in required]
    begin: dict[Place, int | None] = {}  # members from a place on
    after: dict[Place, int] = {}  # the same behind a member

    def options(place: Place) -> dict[int, Place]:
        """Members that may be next, and the place behind each."""
        found: dict[int, list[int]] = {}
        for which, passed in enumerate(place):
            for rank in range(passed, count) if passed != _GONE else ():
                found.setdefault(orders[which][rank], [_GONE] * len(orders))[which] = rank + 1
                if required[which][rank]:
                    break
        return {member: tuple(behind) for member, behind in found.items()}

    def written(next_ones: dict[int, Place]) -> int | None:
        parts = [build(node.members[member][0], after[behind]) for member, behind in next_ones.items()]
        return graph.union(parts, path) if parts else None

    def start_of(place: Place) -> int | None:
        which = _alone(place)
        if which is None or place[which] == count:
            return written(options(place))
        rank = place[which]
        behind = _at(which, rank + 1, len(orders))
        first, rest = build(node.members[orders[which][rank]][0], after[behind]), begin[behind]
        return first if required[which][rank] or rest is None else graph.union([first, rest], path)

    def followed(start: int | None, may_end: bool) -> int:
        if start is None:
            return k
        again = build(node.separator, start)
        return graph.union([again, k], path) if may_end else again

    nothing = (0,) * len(orders)
    for place in _places(nothing, count, options):
        begin[place] = start_of(place)
        may_end = any(passed >= end for passed, end in zip(place, ends, strict=True))
        after[place] = followed(begin[place], may_end)
    start, may_end = begin[nothing], not any(required[0])
    if node.ahead is not None:
        first = options(nothing)
        last = node.members[-1][0] if node.members else None
        if isinstance(last, ir.Join) and last.item == node.ahead:  # what stands ahead may be all there is
            first.pop(count - 1, None)
        loop = graph.reserve(path)
        further, named = build(node.ahead, loop), written(first)
        start = further if named is None else graph.union([named, further], path)
        again = build(node.separator, start)
        graph.complete(loop, [again, k] if may_end else [again])
    if start is None:
        return k
    return graph.union([start, k], path) if may_end else start


def _at(which: int, rank: int, orders: int) -> Place:
    """A place in one order alone."""
    return tuple(rank if index == which else _GONE for index in range(orders))


def _alone(place: Place) -> int | None:
    """The order that alone is left, if one is."""
    alive = [which for which, passed in enumerate(place) if passed != _GONE]
    return alive[0] if len(alive) == 1 else None


def _places(first: Place, count: int, options: Callable[[Place], dict[int, Place]]) -> list[Place]:
    """All places that can be reached, each before those that lead to it."""
    found: set[Place] = set()
    stack = [first]
    while stack:
        place = stack.pop()
        if place in found:
            continue
        found.add(place)
        which = _alone(place)
        if which is None:
            stack += options(place).values()
        elif place[which] < count:
            stack.append(_at(which, place[which] + 1, len(place)))
    return sorted(found, key=lambda place: -sum(count if passed == _GONE else passed for passed in place))
