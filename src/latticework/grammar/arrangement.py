"""Grammars with members in any order (:class:`.ir.Unordered`), as languages that automata can hold.

An automaton that knows which of n members have been written has 2^n states for each of its own. Two kinds of language
stand in for it; with both of them questions about the real one can be answered (:mod:`latticework.lattice.arranged`):

- **relaxed**: members in any order, *any number of times*, none needed, but for the few that are *tracked*: those are
  written at most once, and, if required, once. Contains the real language; 2^(tracked) copies of the members.
- **listed**: members in the order of the schema or as in one of a few given orders. Part of the real language, and as
  large as the schema in its own order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias

from latticework.grammar import ir
from latticework.grammar.combine import alt, optional, repeat, seq
from latticework.grammar.walks import nodes

Order: TypeAlias = tuple[str, ...]  # keys of one object
Member: TypeAlias = tuple[bytes, int]  # digest of an unordered node, number of the member
Tracked: TypeAlias = frozenset[Member]

_FURTHER = -1  # in place of the number of a member


def sites(root: ir.Node) -> tuple[ir.Unordered, ...]:
    """The unordered nodes of a grammar that are not small, outer ones first; none if they may not be arranged.

    Where a language is taken away from another one, neither more nor less of it would do: those are not arranged.
    """
    found: dict[bytes, ir.Unordered] = {}
    for node in nodes(root):
        if isinstance(node, ir.Unordered) and not node.small:
            found[node.digest] = node
        if isinstance(node, ir.Except) and sites(node.removed):
            return ()
    return tuple(found.values())


def in_few_orders(root: ir.Node) -> ir.Node:
    """The part of a grammar that an automaton of moderate size holds; itself, where no members are unordered."""
    if not any(isinstance(node, ir.Unordered) for node in nodes(root)):
        return root
    return _rewritten(root, lambda site, here: here if here.otherwise is None else here.otherwise)


def in_schema_order(root: ir.Node, chosen: Collection[bytes]) -> ir.Node:
    """The part of a grammar in which ``chosen`` unordered nodes, by digest, have the order of the schema."""

    def replaced(site: ir.Unordered, here: ir.Unordered) -> ir.Node:
        return _in_order(here, (*range(len(here.members)), _FURTHER)) if site.digest in chosen else here

    return _rewritten(root, replaced)


def merged_sites(root: ir.Node) -> set[bytes]:
    """Digests of the unordered nodes of objects that are alternatives to other objects.

    An automaton reads such objects at once until it knows which one it is; if their members come in any order, and any
    number of times, there are many ways not to know yet.
    """
    found: set[bytes] = set()
    for node in nodes(root):
        if isinstance(node, ir.Alt):
            contents = [content for option in node.options for content in _contents(option)]
            if len(contents) > 1:
                found.update(content.digest for content in contents if isinstance(content, ir.Unordered))
    return found


def _contents(node: ir.Node) -> list[ir.Node]:
    """What stands in the braces of the objects that ``node`` may be."""
    match node:
        case ir.Located() | ir.Alone():
            return _contents(node.body)
        case ir.Alt():
            return [content for option in node.options for content in _contents(option)]
        case ir.Seq() if node.parts:
            opening = node.parts[0]
            if isinstance(opening, ir.Literal) and opening.data.startswith(b"{"):
                return [part for part in node.parts[1:] if isinstance(part, ir.Unordered)] or [node]
            return _contents(opening) if len(node.parts) == 1 else []
    return []


def first_built(root: ir.Node) -> ir.Node:
    """What the first automaton of a grammar is built of: the relaxed language, with nothing tracked, of what may be
    arranged, else the part in few orders."""
    return relaxed(root, frozenset()) if sites(root) else in_few_orders(root)


def relaxed(root: ir.Node, tracked: Tracked) -> ir.Node:
    """All documents of a grammar, and those that repeat or lack members that are not tracked."""

    def replaced(site: ir.Unordered, here: ir.Unordered) -> ir.Node:
        if here.small and here.otherwise is not None:
            return here.otherwise
        chosen = [index for index in range(len(here.members)) if (site.digest, index) in tracked]
        return loose(here, chosen)

    return _rewritten(root, replaced)


def listed(root: ir.Node, orders: Iterable[Order], whole: bool = False) -> ir.Node:
    """The documents of a grammar whose members stand in the order of the schema, or in one of ``orders``.

    An order names the keys of an object. It is an order of every unordered node that has all of these keys (others are
    those of further members): those of its keys that are not required may be left out, its other members follow in the
    order of the schema. Orders with a key of the node twice are none. ``whole``: nothing follows the keys of an order,
    so that those without a required one are none.
    """
    wanted = tuple(dict.fromkeys(orders))

    def replaced(site: ir.Unordered, here: ir.Unordered) -> ir.Node:
        if here.small and here.otherwise is not None:
            return here.otherwise
        known = {name: index for index, name in enumerate(here.names)}
        ranks = list(range(len(here.members)))
        found: dict[tuple[int, ...], None] = {(*ranks, _FURTHER): None}
        for order in wanted:
            rank = _in_numbers(order, known)
            written = [index for index in rank if index != _FURTHER]
            repeats = len(set(written)) < len(written)
            lacks = whole and any(needed and index not in written for index, (_, needed) in enumerate(here.members))
            unknown = here.anywhere is None and len(written) < len(rank)
            if repeats or lacks or unknown or _is_as_in_schema(here, rank):
                continue
            found[(*rank, *(index for index in ranks if index not in written), _FURTHER)] = None
        return alt(_in_order(here, order) for order in found)

    return _rewritten(root, replaced)


def loose(node: ir.Unordered, tracked: list[int]) -> ir.Node:
    """The language of ``node`` with members any number of times, but for the tracked ones, by their numbers."""
    free = alt(
        [
            *(member for index, (member, _) in enumerate(node.members) if index not in tracked),
            *(() if node.anywhere is None else (node.anywhere,)),
        ]
    )
    members = [node.members[index] for index in tracked]
    needs_one = node.nonempty or any(required for _, required in node.members)
    if not members:
        return ir.NOTHING if free == ir.NOTHING and needs_one else ir.Join(free, node.separator, int(needs_one), None)
    return unordered(members, None if free == ir.NOTHING else free, node.separator, needs_one)


def unordered(
    members: list[tuple[ir.Node, bool]], further: ir.Node | None, comma: ir.Node, nonempty: bool = False
) -> ir.Node:
    """Every arrangement of ``(node, required)`` members with all required ones, one state for each set of them.

    ``further``: a member that may stand any number of times anywhere. Size: 2^members copies of each.
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
    options = [ir.EMPTY] if not required and not nonempty else []
    options += member_after(0, ir.EMPTY)
    if further is not None:
        end = [ir.EMPTY] if not required else []
        options.append(seq([further, more, alt([*end, *member_after(0, comma)])]))
    return alt(options)


def nonempty(nodes: list[ir.Node], comma: ir.Node) -> ir.Node:
    """At least one of optional members: the first one written, then any of those after it. Shallow on purpose."""
    rest = [optional(seq([comma, node])) for node in nodes]
    return alt([seq([node, *rest[index + 1 :]]) for index, node in enumerate(nodes)])


def _in_numbers(order: Order, known: dict[str, int]) -> list[int]:
    """Members by number; further ones side by side count as one."""
    found: list[int] = []
    for name in order:
        index = known.get(name, _FURTHER)
        if index != _FURTHER or not found or found[-1] != _FURTHER:
            found.append(index)
    return found


def _is_as_in_schema(node: ir.Unordered, rank: list[int]) -> bool:
    """Whether documents in the order of the schema begin with these members, those that need not be there left out."""
    written = [index for index in rank if index != _FURTHER]
    left_out = set(range(max(written, default=0))).difference(written)
    return (
        written == sorted(written)
        and _FURTHER not in rank[:-1]
        and not any(node.members[index][1] for index in left_out)
        and (
            rank[-1:] != [_FURTHER] or not any(required for _, required in node.members[max(written, default=-1) + 1 :])
        )
    )


def _in_order(node: ir.Unordered, order: tuple[int, ...]) -> ir.Node:
    members: list[tuple[ir.Node, bool]] = []
    for index in order:
        if index != _FURTHER:
            members.append(node.members[index])
        elif node.anywhere is not None:
            members.append((ir.Join(node.anywhere, node.separator, 1, None), False))
    if node.nonempty and not any(required for _, required in members):
        return nonempty([member for member, _ in members], node.separator)
    return ir.Ordered(members, node.separator)


def _rewritten(root: ir.Node, replaced: Callable[[ir.Unordered, ir.Unordered], ir.Node]) -> ir.Node:
    """``root`` with unordered nodes replaced; ``replaced`` gets each, and what it is with its parts rewritten."""
    known: dict[bytes, ir.Node] = {}

    def visit(node: ir.Node) -> ir.Node:
        if isinstance(node, ir.Located):  # which equals what is inside
            body = visit(node.body)
            return node if body is node.body else ir.Located(body, node.where)
        found = known.get(node.digest)
        if found is None:
            found = known[node.digest] = made(node)
        return found

    def made(node: ir.Node) -> ir.Node:
        if isinstance(node, ir.Unordered):
            otherwise = None if node.otherwise is None else visit(node.otherwise)
            members = [(visit(member), required) for member, required in node.members]
            anywhere = None if node.anywhere is None else visit(node.anywhere)
            separator = visit(node.separator)
            here = ir.Unordered(node.names, members, separator, anywhere, node.nonempty, otherwise, node.small)
            return replaced(node, here)
        parts = ir.children(node)
        changed = [visit(part) for part in parts]
        if all(new is old for new, old in zip(changed, parts, strict=True)):
            return node
        return ir.with_children(node, changed)

    return visit(root)
