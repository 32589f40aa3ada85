"""A fixed number of slots per forward, in random order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Canvas, Policy, Rule, View, check_count, most_confident
from latticework.diffusion.policies.schedule import even_quota


@dataclass(frozen=True, slots=True)
class RandomOrder(Policy):
    """Commit a fixed number of slots per forward, chosen uniformly (random remasking of LLaDA).

    The schedule is that of ``low-confidence``; scores are uniform on [0, 1). Nie et al., arXiv 2502.09992, and the
    authors' code.
    """

    steps: int | None = None
    random: ClassVar[bool] = True

    def _check(self) -> None:
        check_count("steps", self.steps)

    def start(self, canvas: Canvas) -> Rule:
        return _RandomOrder(self.steps, canvas.generator)

    def select(self, view: View) -> NDArray[np.bool_]:
        return most_confident(view.confidence, even_quota(view, self.steps))


class _RandomOrder(Rule):
    def __init__(self, steps: int | None, generator: np.random.Generator) -> None:
        self._steps = steps
        self._generator = generator

    def select(self, view: View) -> NDArray[np.bool_]:
        return most_confident(self._generator.random(len(view.slots)), even_quota(view, self._steps))
