"""Whether the empty text is in a language."""

from __future__ import annotations

from latticework.grammar import ir


def accepts_nothing(node: ir.Node) -> bool:
    """Whether the empty text is in the language; builds an automaton where set operations decide it."""
    match node:
        case ir.Literal(data=data):
            return not data
        case ir.Words():
            return b"" in node.words
        case ir.Chars() | ir.JsonChars() | ir.JsonKey() | ir.Multiples():
            return False
        case ir.Seq():
            return all(map(accepts_nothing, node.parts))
        case ir.Alt():
            return any(map(accepts_nothing, node.options))
        case ir.Repeat():
            return node.low == 0 or accepts_nothing(node.body)
        case ir.Join():
            return node.low == 0 or (accepts_nothing(node.item) and (node.low < 2 or accepts_nothing(node.separator)))
        case ir.Located() | ir.Alone():
            return accepts_nothing(node.body)
        case ir.Intersect():
            return all(map(accepts_nothing, node.parts))
        case ir.Except():
            return accepts_nothing(node.body) and not accepts_nothing(node.removed)
    from latticework.automata.build import build_automaton
    from latticework.automata.run import accepts

    return accepts(build_automaton(node), b"")
