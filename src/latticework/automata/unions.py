"""Options of a union that differ in the bounds of one repetition alone become one option.

``A{0,5} | A{0,40}`` is ``A{0,40}``: the counts of both are one interval. Built as they stand, two counters
would run side by side from the same byte on, which no deterministic automaton can keep apart, and both would have to
be written out. The same holds for whole objects that differ in the bounds of one member.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from latticework.grammar import ir

Shape: TypeAlias = tuple[object, ...]

_MOST_ALIKE = 64  # options of one shape that are compared in pairs


def united(options: Sequence[ir.Node]) -> tuple[ir.Node, ...]:
    """Fewer options with the same union, in the order of the first of each.

    Cost: the size of the options, and a comparison of each pair of those that are alike but for bounds.
    """
    if len(options) < 2:
        return tuple(options)
    alike: dict[Shape, list[ir.Node]] = {}
    for option in options:
        alike.setdefault(_shape(option), []).append(option)
    if len(alike) == len(options):
        return tuple(options)
    return tuple(option for group in alike.values() for option in _merged(group))


def _merged(group: list[ir.Node]) -> list[ir.Node]:
    if len(group) > _MOST_ALIKE:
        return group
    kept: list[ir.Node] = []
    for option in group:
        # What has grown may touch another one by now.
        merging = True
        while merging:
            merging = False
            for place, other in enumerate(kept):
                union = _union(other, option)
                if union is not None:
                    option = union
                    del kept[place]
                    merging = True
                    break
        kept.append(option)
    return kept


def _shape(node: ir.Node) -> Shape:
    """What is left of a node without bounds; two nodes of different shapes are never merged."""
    match node:
        case ir.Located():
            return _shape(node.body)
        case ir.Counted() | ir.Repeat():
            return type(node).__name__, node.body.digest
        case ir.Join():
            return "Join", node.item.digest, node.separator.digest
        case ir.Seq():
            return "Seq", *map(_shape, node.parts)
        case ir.Ordered():
            flags = tuple(required for _, required in node.members)
            around = (part and part.digest for part in (node.separator, node.anywhere, node.ahead))
            rest = *around, node.early, node.second
            return "Ordered", flags, rest, *(_shape(member) for member, _ in node.members)
    return (node.digest,)


def _union(left: ir.Node, right: ir.Node) -> ir.Node | None:
    """One node for the union of two of one shape; ``None`` where bounds leave a gap or differ in several places."""
    if left == right:
        return left
    match left, right:
        case ir.Located(), _:
            body = _union(left.body, right)
            return body and ir.Located(body, left.where)
        case _, ir.Located():
            return _union(left, right.body)
        case (ir.Counted(), ir.Counted()) | (ir.Repeat(), ir.Repeat()) if left.body == right.body:
            bounds = _interval(left, right)
            return bounds and type(left)(left.body, *bounds)
        case ir.Join(), ir.Join() if left.item == right.item and left.separator == right.separator:
            bounds = _interval(left, right)
            return bounds and ir.Join(left.item, left.separator, *bounds)
        case ir.Seq(), ir.Seq() if len(left.parts) == len(right.parts):
            parts = _one_merged(left.parts, right.parts)
            return None if parts is None else ir.Seq(parts)
        case ir.Ordered(), ir.Ordered() if len(left.members) == len(right.members):
            parts = _one_merged((node for node, _ in left.members), (node for node, _ in right.members))
            flags = (required for _, required in left.members)
            if parts is None:
                return None
            members = zip(parts, flags, strict=True)
            return ir.Ordered(members, left.separator, left.anywhere, left.early, left.second, left.ahead)
    return None


def _one_merged(left: Iterable[ir.Node], right: Iterable[ir.Node]) -> list[ir.Node] | None:
    """Pairwise the same but for one pair, which is merged: only then is the product of unions the union of products."""
    found: list[ir.Node] = []
    merged = False
    for one, other in zip(left, right, strict=True):
        if one == other:
            found.append(one)
            continue
        union = None if merged else _union(one, other)
        if union is None:
            return None
        merged = True
        found.append(union)
    return found


def _interval(
    left: ir.Counted | ir.Repeat | ir.Join, right: ir.Counted | ir.Repeat | ir.Join
) -> tuple[int, int | None] | None:
    """The bounds of both as one interval, ``None`` where counts lie between them."""
    if left.low > right.low:
        left, right = right, left
    if left.high is None:
        return left.low, None
    if right.low > left.high + 1:
        return None
    return left.low, None if right.high is None else max(left.high, right.high)
