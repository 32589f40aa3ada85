"""As many slots as their joint uncertainty allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Policy, View, check_not_negative


@dataclass(frozen=True, slots=True)
class EntropyBound(Policy):
    """Commit the largest prefix U of the slots by rising entropy with ``sum H(U) - max H(U) <= gamma``.

    The left side bounds what committing U at once can lose against committing its slots one by one. Here H is the
    entropy of the *constrained* marginals, so slots the constraint decides cost nothing. ``gamma`` in nats. Ben-Hamu et
    al., "Accelerated Sampling from Masked Diffusion Models via Entropy Bounded Unmasking", arXiv 2505.24857.
    """

    gamma: float = 0.1
    needs_entropy: ClassVar[bool] = True

    def _check(self) -> None:
        check_not_negative("gamma", self.gamma)

    def select(self, view: View) -> NDArray[np.bool_]:
        assert view.entropy is not None, "the loop computes entropies for a policy that needs them"
        order = np.argsort(view.entropy, kind="stable")
        rising = view.entropy[order]
        # Entropies rise along the order, so the largest of a prefix is its last and the sum of the others remains.
        bound = np.concatenate(([0.0], np.cumsum(rising)[:-1]))
        chosen = np.zeros(len(order), dtype=np.bool_)
        chosen[order[bound <= self.gamma]] = True
        return chosen
