"""The baseline "reject and resample": unconstrained denoising in which every token is checked before it stays.

One forward; then the most confident (slot, likeliest token) pair is tried. If no valid document is left with it, that
token is barred at that slot and the next most confident pair is tried; else it is committed and the next forward
follows. An end token overwrites all that stands behind it. After 100 rejections in a document it is given up. The rule
is that of Mündler et al. 2025, "Constrained Decoding of Diffusion LLMs with Context-Free Grammars".

Two things differ, both to its advantage or neutral: the check here is exact within the slots of the canvas (theirs
takes a gap as of any length, so their loop can run into dead ends), and nothing is repaired at the end (theirs replaces
what is unfinished by a short witness that the model did not write).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.errors import Infeasible

if TYPE_CHECKING:
    from latticework.compiler import AnyConstraint
    from latticework.models.base import DiffusionModel

MOST_REJECTIONS = 100


@dataclass(frozen=True, slots=True)
class Resampled:
    """What the loop ends with.

    Attributes:
        tokens: [K] int64 of the text: those before the first end token, or before the first open slot.
        log_prob: [K] float64, log of the model's probability at commit.
        finished: whether the canvas was filled; otherwise it was given up.
        forwards, rejections: what it took.
        seconds: wall time.
    """

    tokens: NDArray[np.int64]
    log_prob: NDArray[np.float64]
    finished: bool
    forwards: int
    rejections: int
    seconds: float


def reject_and_resample(
    model: DiffusionModel,
    prompt: Sequence[int],
    slots: int,
    constraint: AnyConstraint,
    *,
    block_length: int | None = None,
    most_rejections: int = MOST_REJECTIONS,
) -> Resampled:
    """Denoise a canvas of ``slots`` free slots behind ``prompt`` with the rule above, in blocks from left to right.

    At most ``slots`` forwards; every pair that is tried costs one lattice question. Raises ``Infeasible`` where the
    canvas cannot hold a document at all.
    """
    import torch

    begun = perf_counter()
    end = np.zeros(len(model.vocabulary), dtype=np.bool_)
    end[model.vocabulary.end_tokens] = True
    silent = np.array([not model.vocabulary.bytes(token) for token in range(len(end))]) & ~end
    canvas = _Canvas(constraint, np.zeros(slots, dtype=np.int64), np.ones(slots, dtype=np.bool_), end)
    canvas.check(canvas.tokens, canvas.free)
    log_prob = np.zeros(slots)
    forwards = rejections = 0
    block = block_length or slots
    while canvas.free.any() and rejections < most_rejections:
        ids = np.concatenate((np.asarray(prompt, np.int64), np.where(canvas.free, model.mask_id, canvas.tokens)))
        with torch.inference_mode():
            rows = model.forward(torch.from_numpy(ids)[None], torch.ones(1, len(ids), dtype=torch.bool), slots)[0]
            rows = rows.float().masked_fill(torch.from_numpy(silent).to(rows.device), float("-inf"))
            scores = torch.log_softmax(rows, dim=-1).cpu().numpy()
        forwards += 1
        start = int(np.flatnonzero(canvas.free)[0]) // block * block
        inside = start + np.flatnonzero(canvas.free[start : start + block])
        own = scores[inside].copy()
        while rejections < most_rejections:
            row, token = np.unravel_index(int(own.argmax()), own.shape)
            slot = int(inside[row])
            if canvas.accept(slot, int(token)):
                log_prob[slot] = scores[slot, token]
                break
            own[row, token] = -np.inf
            rejections += 1
    ends = np.flatnonzero(end[canvas.tokens] & ~canvas.free)
    opened = np.flatnonzero(canvas.free)
    body = min([slots, *ends[:1].tolist(), *opened[:1].tolist()])
    finished = not canvas.free.any()
    return Resampled(canvas.tokens[:body], log_prob[:body], finished, forwards, rejections, perf_counter() - begun)


class _Canvas:
    """Tokens of which some are still open; only what leaves a valid document is accepted."""

    def __init__(
        self, constraint: Any, tokens: NDArray[np.int64], free: NDArray[np.bool_], end: NDArray[np.bool_]
    ) -> None:
        self.tokens = tokens
        self.free = free
        self._constraint = constraint
        self._end = end

    def check(self, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> None:
        """Raises ``Infeasible`` where no document is left."""
        self._constraint.session(tokens, free)

    def accept(self, slot: int, token: int) -> bool:
        tokens, free = self.tokens.copy(), self.free.copy()
        stop = len(tokens) if self._end[token] else slot + 1
        tokens[slot:stop] = token
        free[slot:stop] = False
        try:
            self.check(tokens, free)
        except Infeasible:
            return False
        self.tokens, self.free = tokens, free
        return True
