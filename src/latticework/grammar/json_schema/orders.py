"""The orders that ``property_order="schema"`` stands for: those in which the schema itself lists the keys of an object.

That is the order of ``properties``; and, where it is another one, the order of ``required`` with all other properties
behind, in the order of ``properties``. Properties without a name come last, and those of the outermost object may also
come first, where documents say which schema they follow. One automaton holds these orders: what two of them go on with
is built once, so that the second one costs little but where required members are large.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from latticework.grammar import ir
from latticework.grammar.json_schema.counting import Member
from latticework.grammar.tree_size import tree_size
from latticework.grammar.walks import nodes as all_nodes

if TYPE_CHECKING:
    from latticework.grammar.json_schema.lowering import Lowering

MAX_WEIGHT = 2_500  # nodes of the members of an object, up to which they are built in a second order
PLACE_WEIGHT = 20  # of a place of any value there
MAX_WHOLE = 100_000  # nodes of the whole grammar, written out as a tree, up to which inner objects have a second order
MAX_COUNT = 2_000  # the largest bound on a length in them: every canvas has a number for each copy and each count


def in_order(lowering: Lowering, members: list[Member], by_need: list[int], comma: ir.Node, level: int) -> ir.Ordered:
    """Members in the order of the schema. ``by_need``: numbers of those with a name, required ones first."""
    nodes = [(member.any_number(comma), member.required) for member in members]
    if lowering.any_order or lowering.one_way or lowering.cuts is not None:
        return ir.Ordered(nodes, comma)
    second = (*by_need, *range(len(by_need), len(nodes)))
    differs = (lowering.second_order or level == 0) and second != tuple(range(len(nodes)))
    if not differs or not _is_small([node for node, _ in nodes]):
        second = ()
    further = members[-1]
    goes_first = level == 0 and lowering.is_outermost and len(members) > 1 and further.repeats and not further.last
    return ir.Ordered(nodes, comma, second=second, ahead=further.node if goes_first else None)


def are_too_many(root: ir.Node | None) -> bool:
    """Whether a grammar is so large that its inner objects had better stand in one order."""
    if root is None or tree_size(root).outside <= MAX_WHOLE:
        return False
    return any(isinstance(node, ir.Ordered) and node.second for node in all_nodes(root))


def _is_small(nodes: list[ir.Node]) -> bool:
    sizes = [tree_size(node) for node in nodes]
    weight = sum(size.outside + PLACE_WEIGHT * size.places for size in sizes)
    return weight <= MAX_WEIGHT and _largest_bound(nodes) <= MAX_COUNT


def _largest_bound(parts: list[ir.Node]) -> int:
    bounded = (node for node in all_nodes(*parts) if isinstance(node, ir.Counted | ir.Repeat | ir.Join))
    return max((node.high or 0 for node in bounded), default=0)
