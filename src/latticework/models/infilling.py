"""Why holes cannot be filled: which hole is too small and what it needs, or where the fixed text is at fault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from latticework.errors import Infeasible, LimitExceeded
from latticework.lattice.chart.constraint import ContextFreeConstraint
from latticework.lattice.chart.decide import Question, decide
from latticework.lattice.chart.marked import MarkedConstraint
from latticework.models.holes import Form

FormConstraint: TypeAlias = ContextFreeConstraint | MarkedConstraint
MOST_ROOM = 256  # slots of a hole up to which larger ones are tried


def explained(error: Infeasible, constraint: FormConstraint, form: Form, left_out: Sequence[str] = ()) -> Infeasible:
    """What to say about a canvas that cannot be filled; ``error`` itself where asking takes more than the budget.

    Where larger holes help, the message names the first one that is too small and the fewest tokens it needs
    (``needed``); else it shows the first place at which no text of the grammar goes on (``slot``), and ``left_out``:
    what the grammar leaves out of its language on purpose. Cost: some ten decisions about canvases with up to
    ``MOST_ROOM`` slots for a hole.
    """
    roomy = form.with_room([max(MOST_ROOM, size) for size in _sizes(form)])
    try:
        if _fits(constraint, form, roomy):
            return _too_small(constraint, form, _sizes(roomy))
        found, where, slot = _at_fault(constraint, form, roomy)
    except LimitExceeded:
        return error
    notes = "".join(f"\n(left out of this grammar: {note})" for note in left_out)
    return Infeasible(f"{found}: {where}{notes}", slots=len(form.tokens), slot=slot)


def _sizes(form: Form) -> list[int]:
    return [int(form.offset[place + 1] - form.offset[place]) for place in form.holes]


def _fits(constraint: FormConstraint, form: Form, other: Form, start: int | None = None) -> bool:
    """Whether ``form`` can be filled with the room of ``other``; up to a slot of it, with any text behind, if given."""
    tokens, free = other.tokens, other.free
    if start is not None:
        tokens = np.concatenate((tokens[:start], np.zeros(MOST_ROOM, np.int64)))
        free = np.concatenate((free[:start], np.ones(MOST_ROOM, np.bool_)))
    if isinstance(constraint, MarkedConstraint):
        moved = dict(zip(form.offset.tolist(), other.offset.tolist(), strict=True))
        own = constraint.moved(moved)
        return (own if start is None else own.until(start)).fits(tokens, free)
    question = Question(tokens, free, tail=False, elastic=True)
    return decide(constraint.language, question, constraint.budget).witness is not None


def _too_small(constraint: FormConstraint, form: Form, room: Sequence[int]) -> Infeasible:
    """The first hole that leaves nothing to those behind it, however large they are."""
    sizes = _sizes(form)

    def fits(own: int, slots: int) -> bool:
        """With hole ``own`` of some slots, the holes before as they are, those behind with all their room."""
        canvas = form.with_room([*sizes[:own], slots, *room[own + 1 :]])
        return _fits(constraint, form, canvas)

    own = _first(len(sizes), lambda hole: not fits(hole, sizes[hole]))
    needed = sizes[own] + 1 + _first(room[own] - sizes[own], lambda more: fits(own, sizes[own] + 1 + more))
    others = " with the holes before it as they are" if own else ""
    return Infeasible(
        f"hole {own + 1} of {len(sizes)} is too small: it has {sizes[own]} token{'s'[: sizes[own] != 1]} and needs "
        f"at least {needed}{others}; {form.pointed(form.holes[own], 0)}",
        needed=needed,
        slots=len(form.tokens),
        slot=int(form.offset[form.holes[own]]),
    )


def _at_fault(constraint: FormConstraint, form: Form, roomy: Form) -> tuple[str, str, int | None]:
    """The first fixed token after which no text of up to ``MOST_ROOM`` tokens is one of the grammar: what is wrong
    there, where it is, and its slot."""
    fixed = np.flatnonzero(~roomy.free)

    def goes_on(place: int) -> bool:
        return _fits(constraint, form, roomy, int(fixed[place]) + 1)

    place = _first(len(fixed), lambda place: not goes_on(place))
    if place == len(fixed):
        last = form.parts[-1]
        where = form.pointed(len(form.parts) - 1, len(last) if isinstance(last, str) else 0)
        return "no text of the grammar ends like this", where, None
    slot = int(fixed[place])
    part = roomy.part_of(slot)
    before = constraint.vocabulary.decode(roomy.tokens[roomy.offset[part] : slot].tolist()).decode(errors="ignore")
    where = form.pointed(part, len(before))
    own_slot = int(form.offset[part]) + slot - int(roomy.offset[part])
    return "no text of the grammar goes on like this", where, own_slot


def _first(count: int, holds: Callable[[int], bool]) -> int:
    """The first of ``count`` numbers for which ``holds``, which is true of all after it; ``count`` if of none."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
