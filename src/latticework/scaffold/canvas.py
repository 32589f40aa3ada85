"""The start canvas of a scaffold: fixed text as the tokenizer cuts it, free slots for values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.errors import Infeasible, InputError, LatticeworkError
from latticework.scaffold.budgets import may_need_more, room_slots
from latticework.scaffold.constraint import ElasticConstraint, with_filler_byte
from latticework.scaffold.hints import hinted_slots
from latticework.scaffold.skeleton import Room, Skeleton, skeleton_of

if TYPE_CHECKING:
    from latticework.grammar.grammar import Grammar
    from latticework.tokens.vocabulary import Vocabulary

_TRIES = 4  # doublings of all rooms before a canvas counts as impossible


@dataclass(frozen=True, eq=False, slots=True)
class Scaffold:
    """A start canvas of N slots and the constraint of what fills it.

    Attributes:
        tokens: [N] int64, 0 in free slots.
        free: [N] bool.
        grows: [N] bool, free slots of rooms whose text may need more of them.
        constraint: of the filled canvas, fillers included.
    """

    tokens: NDArray[np.int64]
    free: NDArray[np.bool_]
    grows: NDArray[np.bool_]
    constraint: ElasticConstraint


def scaffold_of(
    grammar: Grammar, vocabulary: Vocabulary, encode_text: Callable[[str], list[int]], limit: int | None = None
) -> Scaffold | None:
    """The scaffold of a schema, checked to have a filling; ``None`` where there is none.

    There is none for a language that is not regular, or has no fixed text around its values, or for a vocabulary
    without a filler, or where no canvas of up to ``limit`` slots can be filled. The largest rooms are cut to fit
    the limit, and all are doubled where they are too small.

    Cost: compiling the language with fillers (cached like any other), then one lattice question.
    """
    if grammar.context_free is not None or vocabulary.filler < 0:
        return None
    skeleton = skeleton_of(grammar.node)
    if skeleton is None:
        return None
    from latticework.compiler import compile
    from latticework.lattice.constraint import Constraint

    try:
        filled = compile(replace(grammar.in_few_orders(), node=skeleton.node), with_filler_byte(vocabulary))
    except LatticeworkError:  # the language itself compiled: the one with fillers may be too large
        return None
    assert isinstance(filled, Constraint)
    constraint = ElasticConstraint(vocabulary, filled)
    try:
        pieces = _pieces(skeleton, vocabulary, encode_text, grammar.schema)
    except InputError:  # the vocabulary lacks bytes of the fixed text
        return None
    fixed = sum(len(piece) for piece in pieces if isinstance(piece, list))
    rooms = [piece for piece in pieces if isinstance(piece, int)]
    for doubled in range(_TRIES):
        sizes = _fitted([room << doubled for room in rooms], None if limit is None else limit - fixed)
        if sizes is None:
            return None
        tokens, free, grows = _laid_out(skeleton, pieces, sizes)
        try:
            constraint.session(tokens, free)
        except Infeasible:
            continue
        return Scaffold(tokens, free, grows, constraint)
    return None


def _pieces(
    skeleton: Skeleton, vocabulary: Vocabulary, encode_text: Callable[[str], list[int]], schema: Any
) -> list[list[int] | int]:
    """Token ids of fixed texts, numbers of slots of rooms."""

    def ids_of(data: bytes) -> list[int]:
        ids = encode_text(data.decode(errors="replace"))
        return ids if vocabulary.decode(ids) == data else vocabulary.encode(data)

    def count(data: bytes) -> int:
        try:
            return len(ids_of(data))
        except InputError:  # the vocabulary lacks a byte of one of several texts
            return len(data)

    return [
        count(part.before) + room_slots(part.node, count, hinted_slots(schema, part.path, count))
        if isinstance(part, Room)
        else ids_of(part)
        for part in skeleton.parts
    ]


def _fitted(rooms: list[int], left: int | None) -> list[int] | None:
    """The rooms, the largest cut to one size so that they have ``left`` slots in all; ``None`` where that is none."""
    if left is None or sum(rooms) <= left:
        return rooms
    most = max(rooms)
    while most > 0 and sum(min(room, most) for room in rooms) > left:
        most -= 1
    return [min(room, most) for room in rooms] if most else None


def _laid_out(
    skeleton: Skeleton, pieces: list[list[int] | int], sizes: list[int]
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    left = iter(sizes)
    tokens: list[int] = []
    free: list[bool] = []
    grows: list[bool] = []
    for part, piece in zip(skeleton.parts, pieces, strict=True):
        ids = piece if isinstance(piece, list) else [0] * next(left)
        tokens += ids
        free += [isinstance(part, Room)] * len(ids)
        grows += [isinstance(part, Room) and may_need_more(part.node, len(ids))] * len(ids)
    return np.array(tokens, np.int64), np.array(free, np.bool_), np.array(grows, np.bool_)
