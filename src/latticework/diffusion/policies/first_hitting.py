"""Exact simulation of the absorbing process: masks are hit one by one at random times."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import Canvas, Policy, Rule, View, check_count, most_confident


@dataclass(frozen=True, slots=True)
class FirstHitting(Policy):
    """Commit slots in the order in which the reverse process of masked diffusion hits them.

    With n masks left at time t of a linear schedule the next is hit at ``t' = t u^(1/n)``, u uniform on (0, 1), and is
    any of them with equal probability; times are float64. One hit a forward, n forwards, as published. With ``steps``
    the time axis has that many equal cells and all hits of a cell share a forward: ancestral sampling on that grid
    without its empty steps. Zheng et al., "Masked Diffusion Models are Secretly Time-Agnostic Masked Models",
    arXiv 2409.02908. The process samples, so it goes with ``temperature=1``; slots that the constraint decides are hit
    at once. Time runs anew in each window.
    """

    steps: int | None = None
    random: ClassVar[bool] = True

    def _check(self) -> None:
        check_count("steps", self.steps)

    def start(self, canvas: Canvas) -> Rule:
        return _Process(self.steps, canvas.generator)

    def select(self, view: View) -> NDArray[np.bool_]:
        return most_confident(view.confidence, 1)


class _Process(Rule):
    def __init__(self, steps: int | None, generator: np.random.Generator) -> None:
        self._steps = steps
        self._generator = generator
        self._time = 1.0

    def select(self, view: View) -> NDArray[np.bool_]:
        if view.step == 0:
            self._time = 1.0
        count = 1 if self._steps is None else self._hits(len(view.slots), view.share(self._steps))
        return most_confident(self._generator.random(len(view.slots)), count)

    def _hits(self, masks: int, cells: int) -> int:
        """Hits in the cell of the next one."""
        first = self._next(masks)
        count, floor = 1, math.ceil(first * cells) - 1
        self._time = first
        while count < masks:
            following = self._next(masks - count)
            if following * cells <= floor:
                self._time = floor / cells  # nothing more in this cell; the process has no memory
                break
            self._time = following
            count += 1
        return count

    def _next(self, masks: int) -> float:
        return self._time * (1.0 - self._generator.random()) ** (1.0 / masks)
