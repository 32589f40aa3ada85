"""What the lattice answers: one valid filling of a canvas, alone or with how sure the model is of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, slots=True)
class Path:
    """One valid filling.

    Attributes:
        tokens: [N] int64, the fixed tokens and a token for every free slot.
        log_prob: sum over the free slots of ``log_softmax(logits)[token]``, nats, at temperature 1.
    """

    tokens: NDArray[np.int64]
    log_prob: float


@dataclass(frozen=True, eq=False, slots=True)
class Proposal:
    """One valid filling with, for every slot, the probability of its token given the constraint.

    Attributes:
        tokens: [N] int64.
        log_prob: as in :class:`Path`.
        confidence: [N] float64, probability of the token under the model's independent rows
            conditioned on the canvas being valid, at temperature 1; 1.0 in fixed slots.
        entropy: [N] float64 nats of that conditional distribution (0 in fixed slots), or None if not asked for.
        log_z: log of the probability that independent draws of the free slots make the canvas valid, nats.
        tail: [N] bool, the slot holds an end or pad token.
    """

    tokens: NDArray[np.int64]
    log_prob: float
    confidence: NDArray[np.float64]
    entropy: NDArray[np.float64] | None
    log_z: float
    tail: NDArray[np.bool_]
