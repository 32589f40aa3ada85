"""Calibration of made-up confidences with known answers."""

from __future__ import annotations

import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.evaluation.calibration import expected_calibration_error, fit_temperature, reliability, scaled

rated = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


def test_error_of_hand_made_bins() -> None:
    pairs = [(0.95, True), (0.95, False), (0.05, False), (1.0, True)]
    assert math.isclose(expected_calibration_error(pairs), (3 * abs(2.9 / 3 - 2 / 3) + 0.05) / 4)
    assert [one.count for one in reliability(pairs)] == [1, 3]
    assert expected_calibration_error([]) == 0


@settings(max_examples=100, deadline=None)
@given(rated)
def test_bins_hold_everything(pairs: list[tuple[float, bool]]) -> None:
    bins = reliability(pairs)
    assert sum(one.count for one in bins) == len(pairs)
    assert all(one.low - 1e-9 <= one.confidence <= one.high + 1e-9 for one in bins)
    assert 0 <= expected_calibration_error(pairs) <= 1


def test_the_temperature_of_overconfident_values_is_found() -> None:
    rng = random.Random(0)
    truths = [rng.uniform(0.05, 0.95) for _ in range(4000)]
    pairs = [(scaled(truth, 1 / 3), rng.random() < truth) for truth in truths]
    temperature = fit_temperature(pairs)
    assert abs(temperature - 3) < 0.3
    after = [(scaled(p, temperature), right) for p, right in pairs]
    assert expected_calibration_error(after) < expected_calibration_error(pairs) / 3


@settings(max_examples=40, deadline=None)
@given(rated)
def test_scaling_never_raises_the_loss(pairs: list[tuple[float, bool]]) -> None:
    def loss(temperature: float) -> float:
        own = (scaled(p, temperature) if right else 1 - scaled(p, temperature) for p, right in pairs)
        return -sum(math.log(max(p, 1e-300)) for p in own)

    assert loss(fit_temperature(pairs)) <= loss(1.0) + 1e-6


def test_scaling_keeps_the_order() -> None:
    assert scaled(0.5, 7) == 0.5
    assert scaled(0.2, 3) < scaled(0.3, 3) < scaled(0.9, 3) < 0.9
    assert 0 < scaled(0, 1) < scaled(1, 1) < 1
    assert fit_temperature([]) == 1
