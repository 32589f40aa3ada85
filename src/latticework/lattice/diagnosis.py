"""Why a canvas has no filling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latticework.errors import Infeasible, LimitExceeded
from latticework.lattice.sets import CanvasSets

if TYPE_CHECKING:
    from latticework.lattice.constraint import Constraint
    from latticework.lattice.layout import Layout


def diagnosed(
    constraint: Constraint,
    layout: Layout,
    tokens: NDArray[np.int64],
    free: NDArray[np.bool_],
    suspects: Sequence[int] | None = None,
) -> Infeasible:
    """The first of the ``suspects`` (fixed slots; by default all of them) whose token leaves no filling, else too few
    slots. Cost: a pass over the canvas for each halving of the suspects."""
    slots = len(tokens)
    found: list[int] = np.flatnonzero(~free).tolist() if suspects is None else list(suspects)
    free = free.copy()
    free[found] = True
    sets = CanvasSets(layout, tokens, free)
    if sets.feasible:
        low, high = 0, len(found) - 1
        while low < high:
            middle = (low + high) // 2
            free[found] = True
            free[found[: middle + 1]] = False
            sets.place(tokens, free)
            low, high = (middle + 1, high) if sets.feasible else (low, middle)
        slot = found[low]
        return Infeasible(
            f"no valid filling of the {slots} slots has token {int(tokens[slot])} at slot {slot}"
            + (" after the tokens fixed before it" if low else ""),
            slots=slots,
            slot=slot,
        )
    try:
        needed = constraint.min_tokens
    except Infeasible as error:
        return Infeasible(str(error), slots=slots)
    except LimitExceeded as error:
        return Infeasible(f"no document fits the {slots} slots; how many it takes cannot be told: {error}", slots=slots)
    if needed > slots:
        message = f"the shortest document needs {needed} tokens, the canvas has {slots} slots"
    else:
        message = f"no document has exactly {slots} tokens, and no end tokens may follow one"
    return Infeasible(message, needed=needed, slots=slots)
