"""Masked diffusion in which written tokens may be masked again at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import (
    Canvas,
    Policy,
    Rule,
    View,
    Written,
    check_count,
    check_probability,
    most_confident,
)
from latticework.errors import InputError

_SCHEDULES = ("cap", "rescale", "conf")


@dataclass(frozen=True, slots=True)
class ReMDM(Policy):
    """Ancestral sampling with remasking.

    Times t > s of a grid of ``steps`` (one per slot unless given), keep probability alpha_t = 1 - t. A written slot is
    masked again with probability sigma; a mask is written with probability ``(alpha_s - (1 - sigma) alpha_t) / (1 -
    alpha_t)``. With ``sigma_max = min(1, (1 - alpha_s) / alpha_t)``, sigma is ``min(eta, sigma_max)``
    (``schedule="cap"``), ``eta sigma_max`` (``"rescale"``), or ``sigma_max`` times the softmax, over the written slots,
    of minus the confidence at their commit (``"conf"``; masks are then written as without remasking). Wang et al.,
    "Remasking Discrete Diffusion Models with Inference-Time Scaling", arXiv 2503.00307. The authors tune ``eta`` per
    number of steps; their ``loop`` schedule and nucleus sampling are left out. The method samples, so it goes with
    ``temperature=1``: each step draws one joint sample and writes part of it. At least one slot is written per forward,
    and the grid runs anew in each window.
    """

    steps: int | None = None
    schedule: str = "cap"
    eta: float = 0.02
    random: ClassVar[bool] = True
    revises: ClassVar[bool] = True

    def _check(self) -> None:
        check_count("steps", self.steps)
        check_probability("eta", self.eta)
        if self.schedule not in _SCHEDULES:
            raise InputError(f"schedule must be one of {', '.join(_SCHEDULES)}, got {self.schedule!r}")

    def start(self, canvas: Canvas) -> Rule:
        return _ReMDM(self, canvas.generator)

    def select(self, view: View) -> NDArray[np.bool_]:
        return most_confident(view.confidence, 1)

    def sigma(self, alpha_t: float, alpha_s: float) -> float:
        """Probability of remasking; for ``"conf"`` the total that is shared out."""
        largest = 1.0 if alpha_t <= 0 else min(1.0, (1.0 - alpha_s) / alpha_t)
        if self.schedule == "cap":
            return min(self.eta, largest)
        return self.eta * largest if self.schedule == "rescale" else largest

    def write_probability(self, alpha_t: float, alpha_s: float) -> float:
        """Probability that a mask is written."""
        sigma = 0.0 if self.schedule == "conf" else self.sigma(alpha_t, alpha_s)
        return min(1.0, max(0.0, (alpha_s - (1.0 - sigma) * alpha_t) / (1.0 - alpha_t)))


class _ReMDM(Rule):
    def __init__(self, policy: ReMDM, generator: np.random.Generator) -> None:
        self._policy = policy
        self._generator = generator

    def _alphas(self, view: View) -> tuple[float, float]:
        steps = view.window if self._policy.steps is None else view.share(self._policy.steps)
        step = min(view.step, steps - 1)
        return step / steps, (step + 1) / steps

    def select(self, view: View) -> NDArray[np.bool_]:
        return self._generator.random(len(view.slots)) < self._policy.write_probability(*self._alphas(view))

    def retract(self, view: View, written: Written) -> NDArray[np.bool_]:
        sigma = np.full(len(written.slots), self._policy.sigma(*self._alphas(view)))
        if self._policy.schedule == "conf":
            weight = np.exp(-written.confidence)
            sigma *= weight / weight.sum()
        return (self._generator.random(len(sigma)) < sigma) & ~written.fresh
