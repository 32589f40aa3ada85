"""How deep any value nests, changed in what has been lowered: that costs a walk over its nodes and no second lowering.

Next to nothing that the lowering decides depends on that depth; it stands in the nodes of any value alone.
"""

from __future__ import annotations

from copy import copy

from latticework.grammar import ir
from latticework.grammar.json_schema import values
from latticework.grammar.json_schema.lowering import Lowering
from latticework.grammar.json_schema.options import Options

# Shallower values are written by the lowering itself where equal values must look the same.
LEAST_DEPTH = 2


def may_change(lowering: Lowering, options: Options) -> bool:
    """Whether :func:`at_depth` knows the nodes of any value from others, and nothing else depends on their size."""
    return (
        lowering.max_depth >= LEAST_DEPTH
        and not lowering.depends_on_depth
        and lowering.cuts is None
        and not options.style.by_level
        and options.property_order == "schema"
    )


def at_depth(lowering: Lowering, node: ir.Node | None, options: Options) -> tuple[Lowering, ir.Node | None]:
    """A copy of ``lowering`` whose reports may be added to, and its node, with any value as deep as ``options`` say.

    Cost: about 10 microseconds a node.
    """
    found = copy(lowering)
    found.narrowings = dict(lowering.narrowings)
    if options.max_depth == lowering.max_depth and options.mixed_depth == lowering.mixed_depth:
        return found, node
    found.max_depth, found.mixed_depth = options.max_depth or 0, options.mixed_depth
    before, after = lowering.nesting_narrowing, found.nesting_narrowing
    found.narrowings = dict.fromkeys(after if line == before else line for line in lowering.narrowings)
    if node is None or not lowering.says_any_value:
        return found, node
    style = options.style
    others = {
        values.anything(kind, style, lowering.max_depth, 0, lowering.mixed_depth).digest: values.anything(
            kind, style, found.max_depth, 0, found.mixed_depth
        )
        for kind in ("value", "object", "array")
    }
    return found, _replaced(node, others)


def _replaced(root: ir.Node, others: dict[bytes, ir.Node]) -> ir.Node:
    """``root`` with other nodes in place of those of the given digests."""
    known: dict[tuple[bytes, str | None], ir.Node] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        key = _key(node)
        if key in known:
            stack.pop()
            continue
        if node.digest in others and not isinstance(node, ir.Located):
            known[key] = others[node.digest]
            continue
        parts = ir.children(node)
        missing = [part for part in parts if _key(part) not in known]
        if missing:
            stack += missing
            continue
        changed = [known[_key(part)] for part in parts]
        is_same = all(new is old for new, old in zip(changed, parts, strict=True))
        known[key] = node if is_same else ir.with_children(node, changed)
    return known[_key(root)]


def _key(node: ir.Node) -> tuple[bytes, str | None]:
    """Tells nodes apart that are equal, but come from different places."""
    return node.digest, node.where if isinstance(node, ir.Located) else None
