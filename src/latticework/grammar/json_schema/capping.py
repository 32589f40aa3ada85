"""Smaller bounds on lengths where a grammar has no automaton of moderate size otherwise.

An automaton counts with two counters at once, and a count beside something that does not count the same (alternatives
that overlap, say) has to be written out. Bounds of thousands then take more states than there may be. Such grammars,
and no others, get smaller bounds: documents are left out, which is reported, and none is added.
"""

from __future__ import annotations

from latticework.grammar import ir
from latticework.grammar.arrangement import first_built
from latticework.grammar.json_schema.document import Document
from latticework.grammar.json_schema.lowering import Lowering
from latticework.grammar.limits import Limits

LONG = 2_000  # characters from which a bound may be too large
MOST_CHARACTERS = 256
MOST_ITEMS = 8  # of arrays within arrays within arrays
COUNTED = 2  # counters at once


def capped(document: Document, lowering: Lowering, node: ir.Node | None, limits: Limits) -> ir.Node | None:
    """``node``, or a part of its language that has an automaton. Builds automata, which are kept, where bounds are
    large."""
    if node is None or lowering.issues or not _is_at_risk(document) or _has_automaton(node, limits):
        return node
    smaller = _Caps().visit(node, 0)
    if smaller == node or not _has_automaton(smaller, limits):
        return node
    lowering.narrow(
        f"lengths are too large for an automaton: strings have at most {MOST_CHARACTERS} characters unless they must be"
        f" longer, arrays in arrays in arrays {MOST_ITEMS} items"
    )
    return smaller


def _is_at_risk(document: Document) -> bool:
    """Whether the schema has a large bound on characters, or bounds for more arrays than can be counted at once."""
    arrays = 0
    for sub in document.schemas():
        most, items = sub.schema.get("maxLength"), sub.schema.get("maxItems")
        if isinstance(most, int) and most > LONG:
            return True
        arrays += isinstance(items, int) and items > MOST_ITEMS
    return arrays >= COUNTED


def _has_automaton(node: ir.Node, limits: Limits) -> bool:
    from latticework.automata.build import is_small

    return is_small(first_built(node), limits)


class _Caps:
    """A grammar with smaller bounds; what is taken away from a language stays as it is."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, int], ir.Node] = {}

    def visit(self, node: ir.Node, counted: int) -> ir.Node:
        """``counted``: arrays around ``node`` whose items are counted."""
        if isinstance(node, ir.Located):  # which equals what is inside
            return ir.Located(self.visit(node.body, counted), node.where)
        key = node.digest, counted
        if key not in self._known:
            self._known[key] = self._made(node, counted)
        return self._known[key]

    def _made(self, node: ir.Node, counted: int) -> ir.Node:
        match node:
            case ir.Counted() | ir.Repeat() if node.high is not None and node.high > MOST_CHARACTERS >= node.low:
                return type(node)(self.visit(node.body, counted), node.low, MOST_CHARACTERS)
            case ir.Join() if node.high is not None and node.high > MOST_ITEMS:
                high = MOST_ITEMS if counted >= COUNTED and node.low <= MOST_ITEMS else node.high
                return ir.Join(self.visit(node.item, counted + 1), node.separator, node.low, high)
            case ir.Except():
                return ir.Except(self.visit(node.body, counted), node.removed)
            case ir.Intersect() | ir.Marked() | ir.Distinct():
                return node
            case ir.Unordered() if node.otherwise is not None:
                new = ir.with_children(node, [self.visit(part, counted) for part in ir.children(node)])
                assert isinstance(new, ir.Unordered)
                otherwise = self.visit(node.otherwise, counted)
                return ir.Unordered(
                    new.names, new.members, new.separator, new.anywhere, new.nonempty, otherwise, new.small
                )
        parts = ir.children(node)
        changed = [self.visit(part, counted) for part in parts]
        if all(new is old for new, old in zip(changed, parts, strict=True)):
            return node
        return ir.with_children(node, changed)
