"""Members in order, as far as :class:`latticework.grammar.ir.Ordered` wants it: the graph, right to left."""

from __future__ import annotations

from collections.abc import Callable

from latticework.automata.graph import Graph, Path
from latticework.grammar import ir


def ordered(graph: Graph, node: ir.Ordered, k: int, path: Path, build: Callable[[ir.Node, int], int]) -> int:
    """Start of ``node`` followed by ``k``; ``build`` does the same for its parts.

    A place is how many members have been passed, and a later one that has been written since (none: their number).
    Where a member is written, its key decides on the next place. Linear in the members, quadratic with ``early``.
    """
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
