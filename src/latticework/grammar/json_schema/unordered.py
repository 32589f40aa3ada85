"""Which objects have their members in any order within an automaton, and what larger ones have there.

Which members have been written is remembered exactly, one state of the automaton for each set of them, so that every
member is built anew behind each set: worth it for small objects. Larger ones are :class:`.ir.Unordered`. Where those
have to be automata all the same, members stand in the order of the schema, but for one at a time that comes early, and
further ones anywhere, as far as the size admits; or in the order in which they are required, as the texts of many
authors do, optional ones behind them.
"""

from __future__ import annotations

from latticework.grammar import ir
from latticework.grammar.tree_size import tree_size

MAX_MEMBERS = 7
MAX_WEIGHT = 4_000  # nodes of the members, each counted once for every set before it; what is shared counts as one

MAX_WRITTEN_OUT = 300  # the same where the alternative is no loss of orders: exact marginals for a dearer automaton

ANY_VALUE = 20  # nodes that a place of any value counts as
DEARER = 8  # a node of nearly ordered members costs so many of those in any order: those are fewer than they are short


def is_worth_it(members: list[ir.Node], max_weight: int, further: ir.Node | None = None) -> bool:
    """Whether the bounds admit the members in any order, which are no places of any value: copies of those are dear."""
    count = len(members)
    if count > MAX_MEMBERS:
        return False
    sizes = [tree_size(node) for node in (*members, *(() if further is None else (further,)))]
    places = sum(size.places for size in sizes) if len(sizes) > 1 else 0
    return not places and sum(size.outside for size in sizes[:count]) << max(count - 1, 0) <= max_weight


def nearly_ordered(
    members: list[tuple[ir.Node, bool]], further: ir.Node | None, comma: ir.Node, max_weight: int
) -> ir.Ordered | None:
    """Members in order, as freely as the bound admits; ``None`` where it admits no freedom."""
    count = len(members)
    weight = sum(tree_size(node).outside for node, _ in members)
    around = 0
    if further is not None:  # its keys exclude those of all others
        size = tree_size(further)
        around = size.outside + count + ANY_VALUE * size.places
    early = weight * count + around * (count + 1) <= max_weight // DEARER
    anywhere = further is not None and around * (count + 1) <= max_weight // DEARER
    return ir.Ordered(members, comma, further if anywhere else None, early) if early or anywhere else None


def has_second_order(members: list[tuple[ir.Node, bool]], max_weight: int) -> bool:
    """Whether the bound admits the members in order once more, in another order."""
    return sum(tree_size(node).outside for node, _ in members) <= max_weight
