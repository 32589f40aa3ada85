"""Object members in any order, each at most once.

Which members have been written is remembered exactly, one state of the automaton for each set of them, so that every
member is built anew behind each set: worth it for small objects, beyond a bound the order of the schema stands.
"""

from __future__ import annotations

from latticework.grammar import ir
from latticework.grammar.combine import alt, repeat, seq

MAX_MEMBERS = 7
MAX_WEIGHT = 4_000  # nodes of the members, each counted once for every set before it; what is shared counts as one


def is_worth_it(members: list[ir.Node], max_weight: int) -> bool:
    """Whether the bounds admit the members in any order."""
    count = len(members)
    return (
        count <= MAX_MEMBERS and sum(ir.tree_size(node).outside for node in members) << max(count - 1, 0) <= max_weight
    )


def unordered(members: list[tuple[ir.Node, bool]], further: ir.Node | None, comma: ir.Node) -> ir.Node:
    """Every arrangement of ``(node, required)`` members with all required ones.

    ``further``: a member that may stand any number of times anywhere.
    """
    required = sum(1 << index for index, (_, is_required) in enumerate(members) if is_required)
    more = ir.EMPTY if further is None else repeat(seq([comma, further]), 0, None)
    behind: dict[int, ir.Node] = {}  # what may follow once these members have been written

    def member_after(written: int, lead: ir.Node) -> list[ir.Node]:
        return [
            seq([lead, node, behind[written | 1 << index]])
            for index, (node, _) in enumerate(members)
            if not written >> index & 1
        ]

    for written in range((1 << len(members)) - 1, 0, -1):
        end = [ir.EMPTY] if written & required == required else []
        behind[written] = seq([more, alt([*end, *member_after(written, comma)])])
    options = [ir.EMPTY] if not required else []
    options += member_after(0, ir.EMPTY)
    if further is not None:
        end = [ir.EMPTY] if not required else []
        options.append(seq([further, more, alt([*end, *member_after(0, comma)])]))
    return alt(options)
