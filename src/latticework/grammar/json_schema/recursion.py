"""Recursive schemas, unrolled as deep as the size of the automaton allows.

A schema that is met again below itself uses up one unit of a budget; where none is left no value is possible. With one
way back into itself (trees, linked lists) the automaton grows linearly with the budget, with several it doubles each
time, so budgets are tried in turn until the next one would be too large. What is unrolled is a subset of the
language: no wrong document, only less depth, which is reported.
"""

from __future__ import annotations

from latticework.errors import LimitExceeded
from latticework.grammar import ir
from latticework.grammar.json_schema.document import Document, Subschema
from latticework.grammar.json_schema.lowering import Lowering
from latticework.grammar.json_schema.options import Options
from latticework.grammar.limits import Limits

BUDGETS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16)
MAX_WEIGHT = 40_000  # nodes of the unrolled grammar, each counted as often as it is used
MAX_HEIGHT = 120  # nested nodes: a few Python frames each while the automaton is built


def lower(document: Document, options: Options, limits: Limits) -> tuple[Lowering, ir.Node | None]:
    """The lowered document and its lowering, which has the reports; ``None`` if no document satisfies it.

    Raises:
        LimitExceeded: too large, whatever the depth.
    """
    found = _lowered(document, options, limits, 0)
    if not found[0].recursive or found[0].issues:
        return found
    reached = 0
    for budget in BUDGETS:
        try:
            deeper = _lowered(document, options, limits, budget)
        except LimitExceeded:
            break
        if deeper[1] is not None and found[1] is not None and not _is_small(deeper[1]):
            break
        found, reached = deeper, budget
    lowering, node = found
    lowering.narrow(f"schemas that refer to themselves: at most {reached} times below themselves")
    return lowering, node


def _lowered(document: Document, options: Options, limits: Limits, budget: int) -> tuple[Lowering, ir.Node | None]:
    lowering = Lowering(document, options, limits, budget)
    if not document.known_dialect:
        lowering.warn(f"unknown $schema {document.root['$schema']!r} is read as the latest draft")
    try:
        return lowering, lowering.schema((Subschema(document.root, ""),), 0)
    except RecursionError:
        raise LimitExceeded("max_schema_depth", limits.max_schema_depth, hint="the Python stack is exhausted") from None


def _is_small(root: ir.Node) -> bool:
    """Whether the grammar written out as a tree keeps the bounds; linear in its different nodes."""
    weight: dict[bytes, int] = {}
    height: dict[bytes, int] = {}
    stack = [(root, False)]
    while stack:
        node, done = stack.pop()
        if node.digest in weight:
            continue
        children = ir.children(node)
        if not done:
            stack.append((node, True))
            stack += [(child, False) for child in children if child.digest not in weight]
            continue
        weight[node.digest] = 1 + sum(weight[child.digest] for child in children)
        height[node.digest] = 1 + max((height[child.digest] for child in children), default=0)
    return weight[root.digest] <= MAX_WEIGHT and height[root.digest] <= MAX_HEIGHT
