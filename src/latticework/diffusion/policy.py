"""Which slots of a valid completion to commit after a forward.

A policy never touches tokens: the loop hands it the confidence of each slot that may be committed now, taken from one
valid completion, and the policy answers with a subset. Any subset keeps the canvas feasible, so a policy can be slow or
careless but never wrong. Policies are immutable values and may be shared between rows and threads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from latticework.errors import InputError


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """What a policy sees of one row after one forward; K slots may be committed.

    Attributes:
        slots: [K] int64, canvas positions, ascending, K >= 1.
        confidence: [K] float64, marginal probability under the constraint of the token the completion has there.
        entropy: [K] float64, nats, of the constrained marginal; only when the policy ``needs_entropy``.
        step: forwards the row has had since its current window opened, from 0.
        remaining: free slots of the window, tail slots and fillers that may not be committed yet included.
        window: slots of the window (the block, or the whole canvas).
        canvas: slots of the canvas.
    """

    slots: NDArray[np.int64]
    confidence: NDArray[np.float64]
    entropy: NDArray[np.float64] | None
    step: int
    remaining: int
    window: int
    canvas: int


class Policy(ABC):
    """Chooses slots to commit. The loop adds the most confident slot when a policy chooses none."""

    needs_entropy: ClassVar[bool] = False

    @abstractmethod
    def select(self, view: View) -> NDArray[np.bool_]:
        """[K] bool: commit these of ``view.slots``."""


def most_confident(confidence: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """[K] bool with the ``count`` highest confidences set; ties go to the earlier slot.

    Slots the constraint ties together have equal confidence up to rounding, which differs with the batch. Differences
    below one part in 100,000 count as ties so that rounding does not decide the order.
    """
    with np.errstate(divide="ignore"):
        order = np.argsort(-np.round(np.log(confidence), 5), kind="stable")
    chosen = np.zeros(len(confidence), dtype=np.bool_)
    chosen[order[:count]] = True
    return chosen


@dataclass(frozen=True, slots=True)
class LowConfidence(Policy):
    """Commit a fixed number of slots per forward, the most confident first (low-confidence remasking of LLaDA).

    ``steps`` forwards are spread over the canvas, each window getting its share; step ``i`` of ``s`` commits
    ``ceil(remaining / (s - i))``, which for a canvas without forced slots is LLaDA's schedule. ``steps=None`` commits
    one slot per forward. Nie et al., "Large Language Diffusion Models", arXiv 2502.09992, and the authors' code.
    """

    steps: int | None = None

    def __post_init__(self) -> None:
        if self.steps is not None and self.steps < 1:
            raise InputError(f"steps must be at least 1, got {self.steps}")

    def select(self, view: View) -> NDArray[np.bool_]:
        return most_confident(view.confidence, self._quota(view))

    def _quota(self, view: View) -> int:
        if self.steps is None:
            return 1
        share = max(1, self.steps * view.window // view.canvas)
        return -(-view.remaining // max(1, share - view.step))


@dataclass(frozen=True, slots=True)
class Threshold(Policy):
    """Commit every slot whose confidence is at least ``threshold``, and always the most confident one.

    Wu et al., "Fast-dLLM", arXiv 2505.22618 (confidence-aware parallel decoding).
    """

    threshold: float = 0.9

    def __post_init__(self) -> None:
        if not 0.0 <= self.threshold <= 1.0:
            raise InputError(f"threshold must lie between 0 and 1, got {self.threshold}")

    def select(self, view: View) -> NDArray[np.bool_]:
        return (view.confidence >= self.threshold) | most_confident(view.confidence, 1)


@dataclass(frozen=True, slots=True)
class EntropyBound(Policy):
    """Commit the largest prefix U of the slots by rising entropy with ``sum H(U) - max H(U) <= gamma``.

    The left side bounds what committing U at once can lose against committing its slots one by one. Here H is the
    entropy of the *constrained* marginals, so slots the constraint decides cost nothing. ``gamma`` in nats. Ben-Hamu et
    al., "Accelerated Sampling from Masked Diffusion Models via Entropy Bounded Unmasking", arXiv 2505.24857.
    """

    gamma: float = 0.1
    needs_entropy: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.gamma >= 0.0:
            raise InputError(f"gamma must not be negative, got {self.gamma}")

    def select(self, view: View) -> NDArray[np.bool_]:
        assert view.entropy is not None, "the loop computes entropies for a policy that needs them"
        order = np.argsort(view.entropy, kind="stable")
        rising = view.entropy[order]
        # Entropies rise along the order, so the largest of a prefix is its last and the sum of the others remains.
        bound = np.concatenate(([0.0], np.cumsum(rising)[:-1]))
        chosen = np.zeros(len(order), dtype=np.bool_)
        chosen[order[bound <= self.gamma]] = True
        return chosen


POLICIES = ("threshold", "low-confidence", "entropy-bound")


def make_policy(
    name: str, *, threshold: float | None = None, steps: int | None = None, gamma: float | None = None
) -> Policy:
    """The policy called ``name``, refusing options that belong to another one (``InputError``)."""
    options = {"threshold": threshold, "steps": steps, "gamma": gamma}
    takes = {"threshold": "threshold", "low-confidence": "steps", "entropy-bound": "gamma"}
    if name not in takes:
        raise InputError(f"unknown policy {name!r}; known: {', '.join(POLICIES)}")
    for option, value in options.items():
        if value is not None and option != takes[name]:
            owner = next(policy for policy, taken in takes.items() if taken == option)
            raise InputError(f"{option}= belongs to the policy {owner!r}, not to {name!r}")
    if name == "threshold":
        return Threshold() if threshold is None else Threshold(threshold)
    if name == "low-confidence":
        return LowConfidence(steps)
    return EntropyBound() if gamma is None else EntropyBound(gamma)


def choose_policy(
    policy: str | Policy | None,
    *,
    threshold: float | None = None,
    steps: int | None = None,
    gamma: float | None = None,
) -> Policy:
    """A policy from what a user gave: itself, a name, or just its parameter; ``InputError`` on a contradiction."""
    if isinstance(policy, Policy):
        if (threshold, steps, gamma) != (None, None, None):
            raise InputError("threshold, steps and gamma go with a policy's name; set them on the Policy itself")
        return policy
    if policy is None:
        policy = "low-confidence" if steps is not None else "entropy-bound" if gamma is not None else "threshold"
    return make_policy(policy, threshold=threshold, steps=steps, gamma=gamma)
