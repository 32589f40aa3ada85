"""How many slots a forward commits under a fixed number of steps, and drawing slots by their scores."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.policies.contract import View


def even_quota(view: View, steps: int | None) -> int:
    """LLaDA's: step ``i`` of ``s`` commits ``ceil(remaining / (s - i))``; one slot per forward without ``steps``.

    For a window without forced slots that is ``floor(m / s)``, and one more in each of the first ``m mod s`` steps.
    ``steps`` are spread over the canvas; every window gets its share.
    """
    if steps is None:
        return 1
    return -(-view.remaining // max(1, view.share(steps) - view.step))


def dream_quota(view: View, steps: int | None, eps: float = 1e-3) -> int:
    """Dream's: ``floor(remaining (1 - s / t))`` with t, s neighbours of ``steps + 1`` points from 1 to ``eps``.

    Everything on the last step; 0 where it says so (the loop then commits the best slot). As many steps as the window
    has slots without ``steps``.
    """
    share = view.window if steps is None else view.share(steps)
    if view.step >= share - 1:
        return view.remaining
    times = np.linspace(1.0, eps, share + 1)
    return math.floor(view.remaining * (1.0 - times[view.step + 1] / times[view.step]))


def drawn(
    score: NDArray[np.float64], count: int, temperature: float, generator: np.random.Generator
) -> NDArray[np.bool_]:
    """[K] bool: ``count`` slots drawn without replacement from softmax(score / temperature), by Gumbel noise."""
    noisy = score / temperature + generator.gumbel(size=len(score))
    chosen = np.zeros(len(score), dtype=np.bool_)
    chosen[np.argsort(-noisy, kind="stable")[:count]] = True
    return chosen


def highest(score: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """[K] bool with the ``count`` highest scores set; ties go to the earlier slot."""
    chosen = np.zeros(len(score), dtype=np.bool_)
    chosen[np.argsort(-score, kind="stable")[:count]] = True
    return chosen
