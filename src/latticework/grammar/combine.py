"""Concatenation, union and repetition of IR nodes with the trivial cases folded away."""

from __future__ import annotations

from collections.abc import Iterable

from latticework.grammar import ir


def seq(nodes: Iterable[ir.Node]) -> ir.Node:
    """Concatenation; nothing when a part is nothing."""
    parts = [node for node in nodes if node != ir.EMPTY]
    if ir.NOTHING in parts:
        return ir.NOTHING
    return parts[0] if len(parts) == 1 else ir.Seq(parts)


def alt(nodes: Iterable[ir.Node]) -> ir.Node:
    """Union without repeated or impossible options."""
    options = [node for node in dict.fromkeys(nodes) if node != ir.NOTHING]
    return options[0] if len(options) == 1 else ir.Alt(options)


def optional(node: ir.Node) -> ir.Node:
    """``node`` or nothing written."""
    return ir.EMPTY if node == ir.NOTHING else ir.Alt((ir.EMPTY, node))


def repeat(node: ir.Node, low: int, high: int | None) -> ir.Node:
    """``low`` to ``high`` copies of ``node``."""
    if (low, high) == (1, 1):
        return node
    if high == 0 or node == ir.EMPTY:
        return ir.EMPTY
    if node == ir.NOTHING:
        return ir.NOTHING if low else ir.EMPTY
    return ir.Repeat(node, low, high)
