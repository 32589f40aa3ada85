"""Why a canvas has no filling: the first slot whose token leaves none, else too few slots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from latticework.errors import Infeasible, LimitExceeded


def diagnosed(
    slots: int, suspects: Mapping[int, int], fits: Callable[[Sequence[int]], bool], fewest: Callable[[], int]
) -> Infeasible:
    """The first suspect that leaves no filling, else too few slots.

    Args:
        slots: of the canvas, which has no filling.
        suspects: slots and their tokens, in the order in which they are blamed.
        fits: whether there is a filling with the tokens of some of the suspects, the others free.
        fewest: tokens of the shortest document; may raise ``Infeasible`` or ``LimitExceeded``.

    Cost: a question for each halving of the suspects.

    Raises:
        LimitExceeded: of ``fits``.
    """
    found = list(suspects)
    if not fits([]):
        return _too_few(slots, fewest)
    low, high = 0, len(found) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if fits(found[: middle + 1]) else (low, middle)
    slot = found[low]
    return Infeasible(
        f"no valid filling of the {slots} slots has token {suspects[slot]} at slot {slot}"
        + (" after the tokens fixed before it" if low else ""),
        slots=slots,
        slot=slot,
    )


def _too_few(slots: int, fewest: Callable[[], int]) -> Infeasible:
    try:
        needed = fewest()
    except Infeasible as error:
        return Infeasible(str(error), slots=slots)
    except LimitExceeded as error:
        return Infeasible(f"no document fits the {slots} slots; how many it takes cannot be told: {error}", slots=slots)
    if needed > slots:
        message = f"the shortest document needs {needed} tokens, the canvas has {slots} slots"
    else:
        message = f"no document has exactly {slots} tokens, and no end tokens may follow one"
    return Infeasible(message, needed=needed, slots=slots)
