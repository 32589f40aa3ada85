"""Why a canvas has no filling: the first slot whose token leaves none, else too few slots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latticework.errors import Infeasible, LimitExceeded

if TYPE_CHECKING:
    from latticework.lattice.chart.constraint import ContextFreeConstraint

CanBeFilled = Callable[[NDArray[np.int64], NDArray[np.bool_]], bool]


def fault(
    constraint: ContextFreeConstraint,
    can_be_filled: CanBeFilled,
    tokens: NDArray[np.int64],
    free: NDArray[np.bool_],
    changes: Mapping[int, int] | None = None,
) -> Infeasible:
    """The verdict about a canvas that cannot be filled, with what is at fault as far as the budget lets it be found.

    Args:
        can_be_filled: whether a canvas of tokens [N] and free slots [N] can be filled; may raise ``LimitExceeded``.
        tokens, free: the canvas.
        changes: tokens that are to stand in some of its slots; without them those that are fixed are at fault.
    """
    try:
        return _found(constraint, can_be_filled, tokens, free, changes)
    except LimitExceeded:
        return Infeasible(f"no valid filling of the {len(tokens)} slots", slots=len(tokens))


def _found(
    constraint: ContextFreeConstraint,
    can_be_filled: CanBeFilled,
    tokens: NDArray[np.int64],
    free: NDArray[np.bool_],
    changes: Mapping[int, int] | None,
) -> Infeasible:
    if changes is None:
        suspects = {int(slot): int(tokens[slot]) for slot in np.flatnonzero(~free)}
        free = np.ones(len(tokens), np.bool_)
    else:
        suspects = dict(sorted(changes.items()))
    if not can_be_filled(tokens, free):
        return _too_short(constraint, len(tokens))
    slots = list(suspects)
    low, high = 0, len(slots) - 1
    while low < high:
        middle = (low + high) // 2
        some, open_ = tokens.copy(), free.copy()
        some[slots[: middle + 1]] = [suspects[slot] for slot in slots[: middle + 1]]
        open_[slots[: middle + 1]] = False
        low, high = (middle + 1, high) if can_be_filled(some, open_) else (low, middle)
    slot = slots[low]
    return Infeasible(
        f"no valid filling of the {len(tokens)} slots has token {suspects[slot]} at slot {slot}"
        + (" after the tokens fixed before it" if low else ""),
        slots=len(tokens),
        slot=slot,
    )


def _too_short(constraint: ContextFreeConstraint, count: int) -> Infeasible:
    try:
        needed = constraint.min_tokens
    except Infeasible as error:
        return Infeasible(str(error), slots=count)
    except LimitExceeded:
        return Infeasible(f"no document fits the {count} slots", slots=count)
    if needed > count:
        message = f"the shortest document needs {needed} tokens, the canvas has {count} slots"
    else:
        message = f"no document has exactly {count} tokens, and no end tokens may follow one"
    return Infeasible(message, needed=needed, slots=count)
