"""What of a schema's documents is fixed, where their values stand, and the language with fillers behind values.

Objects are read off the IR of a schema, so that references and combined schemas are resolved already: an object whose
members have their order (the first, where there are two) is fixed text, its required keys and punctuation, around the
values. All else (scalars, arrays, unions, objects with members in any order) is a value. The filler is a byte that no
UTF-8 text holds. Fillers stand

- behind a value and behind an optional member, before the comma or brace that follows,
- behind the opening brace where the first member of the schema is left out,

and nowhere else, so that a text has one layout on a canvas but for how fillers are spread over neighbouring values
whose separator is not written in advance. Structure in the start canvas follows Self-adaptive Schema Scaffolding
(arXiv 2507.04504); there lengths are fixed and nothing is checked.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from latticework.grammar import ir

FILLER_BYTE = b"\xfe"
_FILLERS = ir.Repeat(ir.Literal(FILLER_BYTE), 0, None)


@dataclass(frozen=True, slots=True)
class Room:
    """A place for ``before`` and a text of ``node``, fillers behind it; where ``optional``, for nothing but fillers.

    ``path``: keys that lead to the value, from the root."""

    node: ir.Node
    before: bytes = b""
    optional: bool = False
    path: tuple[str, ...] = ()


Part: TypeAlias = bytes | Room


@dataclass(frozen=True, slots=True)
class Skeleton:
    """``parts``: fixed texts and rooms of a document, in order. ``node``: the language with fillers."""

    parts: tuple[Part, ...]
    node: ir.Node


def skeleton_of(node: ir.Node) -> Skeleton | None:
    """The skeleton of a schema's language; ``None`` where it is no object with members in their order, or all of its
    text is fixed. Cost: O(nodes)."""
    found = _object(_bare(node), ())
    if found is None or not any(isinstance(part, Room) for part in found.parts):
        return None
    return Skeleton(_merged(found.parts), found.node)


def _value(node: ir.Node, path: tuple[str, ...]) -> Skeleton:
    plain = _bare(node)
    found = _object(plain, path)
    if found is not None:
        return found
    prefix, rest = _after_prefix(plain)
    if rest == ir.EMPTY:
        return Skeleton((prefix,), ir.Literal(prefix))
    parts: list[Part] = [Room(rest, path=path)]
    return Skeleton((prefix, *parts) if prefix else tuple(parts), ir.Seq((ir.Literal(prefix), rest, _FILLERS)))


def _object(node: ir.Node, path: tuple[str, ...]) -> Skeleton | None:
    if not isinstance(node, ir.Seq) or len(node.parts) != 3:
        return None
    opening, content, closing = node.parts
    if not (isinstance(opening, ir.Literal) and isinstance(content, ir.Ordered) and isinstance(closing, ir.Literal)):
        return None
    separator = content.separator
    if content.anywhere is not None or content.early or not isinstance(separator, ir.Literal):
        return None
    if not content.members or not opening.data.startswith(b"{"):
        return None
    members, parts = _members(content.members, separator.data, path)
    first = members[0]
    inside: ir.Node = ir.Ordered(members, separator)
    if not first[1]:
        left_out = ir.Seq((_FILLERS, ir.Ordered(members[1:], separator)))
        inside = ir.Alt((ir.Ordered([(first[0], True), *members[1:]], separator), left_out))
    return Skeleton((opening.data, *parts, closing.data), ir.Seq((opening, inside, closing)))


def _members(
    members: Sequence[tuple[ir.Node, bool]], separator: bytes, path: tuple[str, ...]
) -> tuple[list[tuple[ir.Node, bool]], list[Part]]:
    nodes: list[tuple[ir.Node, bool]] = []
    parts: list[Part] = []
    started = False
    for number, (node, required) in enumerate(members):
        if not required:
            nodes.append((ir.Seq((node, _FILLERS)), False))
            key, value = _split(node)
            parts.append(Room(value, separator + key, optional=True, path=_below(path, key)))
            continue
        found = _member(node, path)
        before_optional = number + 1 < len(members) and not members[number + 1][1]
        behind = _FILLERS if before_optional and isinstance(found.parts[-1], bytes) else ir.EMPTY
        nodes.append((ir.Seq((found.node, behind)), True))
        parts += [separator, *found.parts] if started else found.parts
        started = True
    return nodes, parts


def _member(node: ir.Node, path: tuple[str, ...]) -> Skeleton:
    key, value = _split(node)
    found = _value(value, _below(path, key))
    return Skeleton((key, *found.parts), ir.Seq((ir.Literal(key), found.node))) if key else found


def _below(path: tuple[str, ...], key: bytes) -> tuple[str, ...]:
    """``path`` and the key that ``key``, a key with its colon, spells; ``path`` where it spells none."""
    try:
        return (*path, str(json.loads(key[: key.rindex(b'"') + 1])))
    except ValueError:
        return path


def _split(member: ir.Node) -> tuple[bytes, ir.Node]:
    """Key and colon of a member, and its value; no key where members are not told apart by one."""
    plain = _bare(member)
    match plain:
        case ir.Seq(parts=(ir.Literal() as key, ir.Literal() as colon, value)):
            return key.data + colon.data, value
    return b"", plain


def _bare(node: ir.Node) -> ir.Node:
    while isinstance(node, ir.Located):
        node = node.body
    return node


def _after_prefix(node: ir.Node) -> tuple[bytes, ir.Node]:
    """What every text of ``node`` starts with, as far as the IR shows it, and the rest."""
    plain = _bare(node)
    if isinstance(plain, ir.Literal):
        return plain.data, ir.EMPTY
    if isinstance(plain, ir.Words) and len(plain.words) == 1:
        return plain.words[0], ir.EMPTY
    if isinstance(plain, ir.Seq) and len(plain.parts) > 1 and isinstance(plain.parts[0], ir.Literal):
        return plain.parts[0].data, ir.Seq(plain.parts[1:])
    return b"", plain


def _merged(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Neighbouring fixed texts as one."""
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        if isinstance(part, bytes) and isinstance(last, bytes):
            merged[-1] = last + part
        else:
            merged.append(part)
    return tuple(merged)
