"""How large a grammar is, written out as a tree."""

from __future__ import annotations

from typing import NamedTuple

from latticework.grammar import ir


class TreeSize(NamedTuple):
    """A grammar written out as a tree: nodes, nesting, and how many :class:`.ir.Alone` nodes there are.

    Those inside one another count once. ``outside`` is the weight with each :class:`.ir.Alone` as one node.
    """

    weight: int
    height: int
    places: int
    alone: bool
    outside: int


_MOST_SIZES = 4_096
_sizes: dict[bytes, TreeSize] = {}  # of :class:`.ir.Alone` nodes, which recur from one grammar to the next


def tree_size(root: ir.Node) -> TreeSize:
    """Size of ``root`` with every node counted as often as it is used; linear in the number of different nodes."""
    return tree_sizes(root)[root.digest]


def tree_sizes(root: ir.Node) -> dict[bytes, TreeSize]:
    """Sizes of ``root`` and of the nodes inside by digest; what an :class:`.ir.Alone` node holds may be missing."""
    known: dict[bytes, TreeSize] = {}
    stack = [(root, False)]
    while stack:
        node, done = stack.pop()
        if node.digest in known:
            continue
        is_alone = isinstance(node, ir.Alone)
        size = _sizes.get(node.digest) if is_alone else None
        if size is not None:
            known[node.digest] = size
            continue
        if not done:
            stack.append((node, True))
            stack += [(child, False) for child in ir.children(node) if child.digest not in known]
            continue
        below = [known[child.digest] for child in _copies(node)]
        size = known[node.digest] = TreeSize(
            1 + sum(size.weight for size in below),
            1 + max((size.height for size in below), default=0),
            int(below[0].alone) if is_alone else _places(node, known),
            is_alone or any(size.alone for size in below),
            1 if is_alone else 1 + sum(size.outside for size in below),
        )
        if is_alone:
            if len(_sizes) >= _MOST_SIZES:
                _sizes.clear()
            _sizes[node.digest] = size
    return known


def _copies(node: ir.Node) -> tuple[ir.Node, ...]:
    """The nodes directly inside ``node``, as often as they are built."""
    if not isinstance(node, ir.Ordered):
        return ir.children(node)
    further = () if node.anywhere is None else (node.anywhere,) * len(node.members)
    times = len(node.members) if node.early else 2 if node.second else 1
    return *ir.children(node) * times, *further


def _places(node: ir.Node, known: dict[bytes, TreeSize]) -> int:
    """Places of any value; a second order, and what stands ahead, have none of their own: they cost much less."""
    copies = _copies(node)
    if isinstance(node, ir.Ordered) and (node.second or node.ahead is not None):
        copies = (*(member for member, _ in node.members), node.separator)
    return sum(known[child.digest].places for child in copies)
