"""How long the shortest text of a grammar is."""

from __future__ import annotations

from latticework.grammar import ir


def fewest_bytes(root: ir.Node) -> int:
    """A lower bound on the bytes of any text, exact but where texts are excluded; linear in the nodes."""
    known: dict[bytes, int] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        missing = [child for child in ir.children(node) if child.digest not in known]
        if missing and node.digest not in known:
            stack += missing
            continue
        stack.pop()
        known.setdefault(node.digest, _fewest(node, known))
    return known[root.digest]


def _fewest(node: ir.Node, known: dict[bytes, int]) -> int:
    below = [known[child.digest] for child in ir.children(node)]
    match node:
        case ir.Literal():
            return len(node.data)
        case ir.Words():
            return min(map(len, node.words), default=0)
        case ir.Chars() | ir.JsonChars() | ir.Multiples():
            return 1
        case ir.JsonKey():
            return 2
        case ir.Seq():
            return sum(below)
        case ir.Alt():
            return min(below, default=0)
        case ir.Repeat():
            return node.low * below[0]
        case ir.Join() | ir.Distinct():
            return node.low * below[0] + max(node.low - 1, 0) * below[1]
        case ir.Ordered() | ir.Unordered():
            needed = [least for least, (_, required) in zip(below, node.members, strict=False) if required]
            return sum(needed) + max(len(needed) - 1, 0) * below[len(node.members)]
        case ir.Counted():
            return max(node.low, below[0])
        case ir.Intersect():
            return max(below, default=0)
        case ir.Except() | ir.Marked() | ir.Located() | ir.Alone():
            return below[0]
    return 0
