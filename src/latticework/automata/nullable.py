"""Whether the empty string is in the language of an IR node."""

from __future__ import annotations

from collections.abc import Callable

from latticework.grammar import ir


class Nullable:
    """Answers by node, each found once; ``accepts_nothing`` decides for nodes whose automaton has to be built."""

    def __init__(self, accepts_nothing: Callable[[ir.Node], bool]) -> None:
        self._accepts_nothing = accepts_nothing
        self._found: dict[bytes, bool] = {}

    def __call__(self, node: ir.Node) -> bool:
        found = self._found.get(node.digest)
        if found is None:
            found = self._found[node.digest] = self._decide(node)
        return found

    def _decide(self, node: ir.Node) -> bool:
        match node:
            case ir.Literal():
                return not node.data
            case ir.Seq():
                return all(self(part) for part in node.parts)
            case ir.Alt():
                return any(self(option) for option in node.options)
            case ir.Words():
                return b"" in node.words
            case ir.Repeat():
                return node.low == 0 or self(node.body)
            case ir.Join():
                return node.low == 0 or (self(node.item) and (node.low == 1 or self(node.separator)))
            case ir.Ordered():
                return all(not required or self(member) for member, required in node.members)
            case ir.Counted():
                return node.low == 0 and self(node.body)
            case ir.Intersect():
                return all(self(part) for part in node.parts)
            case ir.Except():
                return self(node.body) and not self(node.removed)
            case ir.Marked():
                return self._accepts_nothing(node)
            case ir.Located() | ir.Alone():
                return self(node.body)
        return False
