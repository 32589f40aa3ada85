"""How far confidences can be believed: reliability, expected calibration error, temperature scaling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from latticework.diffusion.confidence import scaled

_LOG_RANGE = (-4.0, 4.0)  # natural logs of the temperatures that are tried

Rated = Sequence[tuple[float, bool]]  # probability that a value is right, and whether it is


@dataclass(frozen=True, slots=True)
class Bin:
    """Values whose confidence lies in [low, high): their number, mean confidence and share that is right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(rated: Rated, bins: int = 10) -> list[Bin]:
    """The points of a reliability diagram: bins of equal width, empty ones left out; 1 is in the last one.

    Method: Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """
    found = []
    for place in range(bins):
        inside = [pair for pair in rated if min(int(pair[0] * bins), bins - 1) == place]
        if inside:
            confidence = math.fsum(p for p, _ in inside) / len(inside)
            accuracy = sum(right for _, right in inside) / len(inside)
            found.append(Bin(place / bins, (place + 1) / bins, len(inside), confidence, accuracy))
    return found


def expected_calibration_error(rated: Rated, bins: int = 10) -> float:
    """Mean distance of confidence and accuracy over the bins of ``reliability``, by their numbers; 0 of nothing."""
    if not rated:
        return 0.0
    return math.fsum(one.count * abs(one.confidence - one.accuracy) for one in reliability(rated, bins)) / len(rated)


def fit_temperature(rated: Rated) -> float:
    """The temperature under which ``rated`` is likeliest (least log loss, which is convex in its inverse).

    1.0 of nothing. Golden-section search over the logarithm between exp(-4) and exp(4); O(len(rated)) a step.
    """
    if not rated:
        return 1.0

    def loss(log: float) -> float:
        temperature = math.exp(log)
        own = (scaled(p, temperature) if right else 1 - scaled(p, temperature) for p, right in rated)
        return -math.fsum(math.log(max(p, 1e-300)) for p in own)

    low, high = _LOG_RANGE
    ratio = (math.sqrt(5) - 1) / 2
    while high - low > 1e-4:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if loss(left) <= loss(right) else (left, high)
    return math.exp((low + high) / 2)
