"""Steps that double."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Policy, View, check_count, check_probability, most_confident
from latticework.diffusion.policies.eoser import with_late_ends


@dataclass(frozen=True, slots=True)
class Ascending(Policy):
    """Ascending step size: step i commits ``2^i`` slots, the last step all that are left; log2 of the slots as
    forwards.

    With ``blocks`` b the window of n slots falls into b pieces from left to right: the last b - 1 hold about n/2, n/4,
    .. slots and take one step each, the first piece takes the early steps. The confidence of end tokens is scaled by
    ``lowest + (1 - lowest) t`` with ``t = (2^(i+1) - 1) / 2^S``, ``S = log2 n``. Yang et al., "Taming Masked Diffusion
    Language Models via Consistency Trajectory Reinforcement Learning with Fewer Decoding Step", arXiv 2509.23924, and
    the authors' code (4 blocks, 0.01). Published for models trained along with it; late steps commit half of the window
    at once, which only one valid completion makes safe.
    """

    blocks: int = 4
    lowest: float = 0.01

    def _check(self) -> None:
        check_count("blocks", self.blocks)
        check_probability("lowest", self.lowest)

    def select(self, view: View) -> NDArray[np.bool_]:
        assert view.whole is not None
        last = max(0, int(np.log2(max(1, view.window))))  # steps but the last one
        if view.step >= last:
            return np.ones(len(view.slots), dtype=np.bool_)
        factor = self.lowest + (1.0 - self.lowest) * (2.0 ** (view.step + 1) - 1) / 2.0**last
        score = with_late_ends(view, factor)
        single = last - self.blocks + 1  # the first step that has a piece of its own
        end = 2 ** max(single, view.step + 1) - 1 if self.blocks > 1 else view.window
        inside = view.slots < view.start + end
        if not inside.any():
            inside[:] = True
        return most_confident(np.where(inside, score, 0.0), 2**view.step) & inside
