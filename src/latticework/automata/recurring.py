"""Parts of a grammar that are built in several places: those worth an automaton of their own.

A definition that a schema refers to from many places is built once for each thing that may follow it, and once more for
each place of what holds it. Compiled by itself it is a block (``blocks.py``), copied or even shared where it stands.
"""

from __future__ import annotations

from latticework.grammar import ir
from latticework.grammar.walks import first_byte

# Bytes and characters of repeated parts, below which compiling one by itself costs more than it saves.
LEAST_SAVED = 200
_OPAQUE = (ir.Alone, ir.Intersect, ir.Except, ir.Marked, ir.Distinct, ir.Counted)  # compiled by themselves, or counted


def recurring(root: ir.Node) -> frozenset[bytes]:
    """Digests of the nodes that stand in several places and are large. Linear in the number of different nodes.

    A node within such a node counts once for all places of that.
    """
    weight: dict[bytes, int] = {}
    places: dict[bytes, int] = {}
    compound: list[ir.Node] = []
    stack = [(root, False)]
    while stack:
        node, done = stack.pop()
        while isinstance(node, ir.Located):
            node = node.body
        if done:
            parts = copies(node)
            for part in parts:
                places[part.digest] = places.get(part.digest, 0) + 1
            weight[node.digest] = 1 + sum(weight[part.digest] for part in parts)
            compound.append(node)
        elif node.digest not in weight:
            parts = ir.children(node) if not isinstance(node, _OPAQUE) else ()
            weight[node.digest] = 0 if parts else _leaf(node)
            if parts:
                stack.append((node, True))
                stack += [(part, False) for part in parts]
    merged = {option.digest for node in compound if isinstance(node, ir.Alt) for option in _alike(node)}
    return frozenset(
        node.digest
        for node in compound
        if isinstance(node, ir.Seq | ir.Alt)
        and (places.get(node.digest, 0) - 1) * weight[node.digest] >= LEAST_SAVED
        and node.digest not in merged
    )


def _alike(node: ir.Alt) -> list[ir.Node]:
    """The options that begin like another one: they are merged, and what follows is shared as far as it is equal."""
    options: list[ir.Node] = []
    nested: list[ir.Node] = []
    stack = list(node.options)
    while stack:
        option = stack.pop()
        while isinstance(option, ir.Located):
            option = option.body
        if isinstance(option, ir.Alt):
            nested.append(option)
            stack += option.options
        else:
            options.append(option)
    begins = [first_byte(option) for option in options]
    alike = [option for option, byte in zip(options, begins, strict=True) if byte and begins.count(byte) > 1]
    return alike + nested if alike else alike


def copies(node: ir.Node) -> tuple[ir.Node, ...]:
    """The nodes directly inside ``node``, as often as they are built at least."""
    if not isinstance(node, ir.Ordered):
        return ir.children(node)
    further = () if node.anywhere is None else (node.anywhere,) * len(node.members)
    return *ir.children(node) * (len(node.members) if node.early else 1), *further


def _leaf(node: ir.Node) -> int:
    match node:
        case ir.Literal():
            return len(node.data)
        case ir.Words():
            return sum(map(len, node.words)) // 2
        case ir.JsonKey():
            return 4 * len(node.excluded)
        case ir.Multiples():
            return node.divisor * (1 + node.places)
    return 4
