"""Dream's orders: a fixed number of slots per forward, by entropy or by the margin of the best token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Canvas, Policy, Rule, View, check_count, check_not_negative
from latticework.diffusion.policies.schedule import drawn, dream_quota, highest


@dataclass(frozen=True, slots=True)
class _Ranked(Policy):
    """Dream's schedule over ``steps`` forwards (as many as the window has slots when not given), best score first.

    With ``alg_temp`` above 0 the slots are drawn without replacement from softmax(score / alg_temp).
    """

    steps: int | None = None
    alg_temp: float = 0.0

    def _check(self) -> None:
        check_count("steps", self.steps)
        check_not_negative("alg_temp", self.alg_temp)

    def start(self, canvas: Canvas) -> Rule:
        return _Drawn(self, canvas.generator) if self.alg_temp > 0 else self

    def select(self, view: View) -> NDArray[np.bool_]:
        return highest(self.score(view), dream_quota(view, self.steps))

    def score(self, view: View) -> NDArray[np.float64]:
        raise NotImplementedError


class _Drawn(Rule):
    def __init__(self, policy: _Ranked, generator: np.random.Generator) -> None:
        self._policy = policy
        self._generator = generator

    def select(self, view: View) -> NDArray[np.bool_]:
        quota = dream_quota(view, self._policy.steps)
        return drawn(self._policy.score(view), quota, self._policy.alg_temp, self._generator)


@dataclass(frozen=True, slots=True)
class Entropy(_Ranked):
    """Commit the slots of lowest entropy first: score ``sum p log p`` (Dream's ``entropy``).

    Of ``m`` masks ``floor(m (1 - s / t))`` are committed between the times t > s of a grid from 1 to 0.001, all on the
    last step, and one where that is none. ``alg_temp`` above 0 draws the slots from softmax(score / alg_temp). Ye et
    al., "Dream 7B", arXiv 2508.15487, and the authors' code (512 steps there; here one per slot unless given).
    """

    needs_entropy: ClassVar[bool] = True

    def score(self, view: View) -> NDArray[np.float64]:
        assert view.entropy is not None, "the loop computes entropies for a policy that needs them"
        return -view.entropy


@dataclass(frozen=True, slots=True)
class Margin(_Ranked):
    """Commit the slots of largest margin first: score ``p_(1) - p_(2)`` (Dream's ``topk_margin``).

    Schedule and ``alg_temp`` as in ``entropy``. Kim et al., "Train for the Worst, Plan for the Best", arXiv 2502.06768;
    Dream's code.
    """

    needs_margin: ClassVar[bool] = True

    def score(self, view: View) -> NDArray[np.float64]:
        assert view.margin is not None, "the loop computes margins for a policy that needs them"
        return view.margin
