"""What the model would like to write: the likeliest tokens of every free slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latticework.errors import InputError
from latticework.lattice.kernels_scoring import MAX_GAP

_LARGEST = 3e38  # stands for infinity; finite so that differences are defined


@dataclass(frozen=True, eq=False, slots=True)
class Wishes:
    """n free slots in ascending order, K tokens each.

    Attributes:
        slots: [n] int64.
        tokens: [n, K] int64, likeliest first (after noise, where a sample is wanted).
        log_prob: [n, K] float64, of these tokens under the model's rows at temperature 1, nats.
        entropy: [n] float64 nats of the rows, if asked for.
    """

    slots: NDArray[np.int64]
    tokens: NDArray[np.int64]
    log_prob: NDArray[np.float64]
    entropy: NDArray[np.float64] | None
    _rows: Any
    _normaliser: Any

    def log_prob_of(self, tokens: NDArray[np.int64]) -> NDArray[np.float64]:
        """[n] of one token for every free slot."""
        import torch

        picked = self._rows.gather(1, torch.from_numpy(tokens).to(self._rows.device)[:, None])[:, 0]
        return (picked.double() - self._normaliser).cpu().numpy()


def wishes_of(
    logits: Any,
    free: NDArray[np.bool_],
    allowed: NDArray[np.bool_],
    count: int,
    temperature: float = 0.0,
    generator: np.random.Generator | None = None,
    entropy: bool = False,
) -> Wishes:
    """Read logits [N, V], NumPy or torch on any device; only rows of free slots are read.

    What lies more than 1e5 below the largest of its row, or is undefined, counts as 1e5 below.

    Args:
        allowed: [V] bool, tokens that may stand anywhere; others are no wishes.
        temperature: above 0, noise is added so that the first wish is a draw at that temperature (Gumbel-max).

    Raises:
        InputError: the shape does not fit, or the temperature is negative.
    """
    import torch

    if temperature < 0:
        raise InputError(f"temperature must not be negative, got {temperature}")
    rows = logits if isinstance(logits, torch.Tensor) else torch.from_numpy(np.asarray(logits))
    if rows.ndim != 2 or rows.shape[0] != len(free) or rows.shape[1] < len(allowed):
        raise InputError(f"logits {tuple(rows.shape)} must be [{len(free)}, {len(allowed)}]")
    slots = np.flatnonzero(free)
    rows = rows[torch.from_numpy(slots).to(rows.device), : len(allowed)].float()
    # As under a regular constraint: logits order fillings, they never make one impossible.
    rows = rows.nan_to_num_(nan=-_LARGEST, posinf=_LARGEST, neginf=-_LARGEST)
    rows = rows.sub_(rows.amax(dim=1, keepdim=True)).clamp_min_(-float(MAX_GAP))
    normaliser = torch.logsumexp(rows.double(), dim=1)
    ranked = rows.masked_fill(~torch.from_numpy(allowed).to(rows.device), -torch.inf)
    if temperature > 0:
        seed = int((generator or np.random.default_rng()).integers(1 << 62))
        noise = torch.rand(ranked.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        ranked = ranked.double() / temperature - torch.log(-torch.log(noise.clamp_min(1e-300))).to(ranked.device)
    best = torch.topk(ranked, min(count, ranked.shape[1]), dim=1).indices
    log_prob = rows.gather(1, best).double() - normaliser[:, None]
    spread = None
    if entropy:
        spread = torch.special.entr(torch.softmax(rows.double(), dim=1)).sum(dim=1).cpu().numpy()
    return Wishes(slots, best.cpu().numpy(), log_prob.cpu().numpy(), spread, rows, normaliser)
