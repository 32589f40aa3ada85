"""What a policy gets to see of a row: the scores it asks for, of the slots that may be committed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Policy, View, Whole
from latticework.diffusion.scores import scores_under


def runs(free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """[N] number of the run of free slots that a slot is in; what fixed slots hold has no meaning."""
    starts = np.diff(free, prepend=False) & free
    return np.cumsum(starts, dtype=np.int64)


def visible(
    draft: NDArray[np.int64],
    is_end: NDArray[np.bool_],
    filler: int,
    hole_of: NDArray[np.int64],
    open_slots: NDArray[np.int64],
    inside: NDArray[np.int64],
) -> NDArray[np.int64] | None:
    """Of the open slots ``inside`` the active block those a policy may see; ``None`` when only the tail is left.

    Models put early confidence on the tokens that leave no text, so these stay out of the policy's sight: end and pad
    until every slot before them is fixed, a filler until it is all that is left of its hole. In a completion of a
    constraint the tail is a suffix, so the whole of it is due then. Where nothing else is open in the block, its
    fillers are in sight.

    Args:
        draft: [N], a valid completion.
        is_end: [V] whether a token ends the text.
        filler: the token that leaves no text, or -1.
        hole_of: [N] number of the hole of every slot.
        open_slots, inside: ascending.
    """
    if is_end[draft[open_slots]].all():
        return None
    tail = is_end[draft[inside]]
    with_text = np.unique(hole_of[open_slots[draft[open_slots] != filler]])
    early_filler = (draft[inside] == filler) & np.isin(hole_of[inside], with_text)
    seen = (~tail | (inside == open_slots[0])) & ~early_filler
    return inside[seen] if seen.any() else inside


def view_of(
    policy: Policy,
    session: Any,
    logits: Any,
    whole: Whole,
    slots: NDArray[np.int64],
    entropy: NDArray[np.float64] | None,
    step: int,
    remaining: int,
    window: slice,
    stop: int | None = None,
) -> View:
    """The view of ``slots`` [K], scored as the policy wants it.

    Args:
        policy: whose scores and needs count.
        session: of the constraint, before the step commits.
        logits: [N, V] of the canvas.
        whole: the row.
        slots: that may be committed.
        entropy: [N] of the constrained marginals, where the session was asked for it.
        step, remaining, window: as in :class:`View`, ``window`` as bounds.
        stop: slot from which on logits are no evidence.

    Cost: nothing beyond the proposal for constrained confidences and entropies; O(N V) for margins and for the model's.
    """
    constrained = policy.scores == "constrained"
    scores = scores_under(session, logits, stop) if constrained else whole.model
    confidence, margin = whole.confidence[slots], None
    if policy.needs_margin or not constrained:
        first, _, second, _ = scores.top(slots)
        confidence = confidence if constrained else first
        margin = first - second if policy.needs_margin else None
    own_entropy = None
    if policy.needs_entropy:
        own_entropy = whole.model.entropy(slots) if entropy is None else np.asarray(entropy, dtype=np.float64)[slots]
    return View(
        slots=slots,
        confidence=confidence,
        entropy=own_entropy,
        step=step,
        remaining=remaining,
        window=window.stop - window.start,
        canvas=len(whole.draft),
        margin=margin,
        whole=whole,
        scores=scores,
        start=window.start,
    )
