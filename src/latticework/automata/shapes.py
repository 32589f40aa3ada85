"""Shapes of IR nodes that the builder asks for."""

from __future__ import annotations

from latticework.grammar import ir


def from_first_character(node: ir.Node) -> tuple[ir.Chars | ir.JsonChars, *tuple[ir.Node, ...]] | None:
    """``node`` as a concatenation that begins with one character; ``None`` where that is not easily seen."""
    match node:
        case ir.Chars() | ir.JsonChars():
            return (node,)
        case ir.Repeat(body=body, low=low, high=high) if low:
            parts = from_first_character(body)
            return parts and (*parts, ir.Repeat(body, low - 1, None if high is None else high - 1))
        case ir.Seq() if node.parts:
            parts = from_first_character(node.parts[0])
            return parts and (*parts, *node.parts[1:])
    return None


def without_places(node: ir.Node) -> ir.Node:
    """What is inside of nodes that name a place in a schema or stand alone."""
    while isinstance(node, ir.Located | ir.Alone):
        node = node.body
    return node
