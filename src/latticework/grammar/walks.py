"""Walks over grammars, which are trees with many equal parts."""

from __future__ import annotations

from collections.abc import Iterator

from latticework.grammar import ir


def nodes(*roots: ir.Node) -> Iterator[ir.Node]:
    """Every node once, outer ones first, without those that only say where something is from."""
    seen: set[bytes] = set()
    stack = [*reversed(roots)]
    while stack:
        node = stack.pop()
        while isinstance(node, ir.Located):  # which equals what is inside
            node = node.body
        if node.digest not in seen:
            seen.add(node.digest)
            yield node
            stack += reversed(ir.children(node))


def first_byte(node: ir.Node) -> bytes:
    """The byte that every text of ``node`` begins with, where that is easily seen, else ``b""``."""
    while isinstance(node, ir.Located | ir.Seq):
        inside = ir.children(node)
        if not inside:
            return b""
        node = inside[0]
    return node.data[:1] if isinstance(node, ir.Literal) else b""
