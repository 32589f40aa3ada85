"""The filter of the learned policy: what its examples are, and that training finds a rule that is there."""

from __future__ import annotations

import numpy as np
import pytest

from latticework.diffusion.policies.learned import FEATURES, RADIUS, load_filter
from latticework.diffusion.records import Step
from latticework.models.embedded.training.filtering import Collector, train

EMPTY = np.empty(0, np.int64)


def step(row, tokens, free, committed, forced, confidence, forwards=1) -> Step:
    return Step(
        row=row,
        forwards=forwards,
        tokens=np.array(tokens),
        free=np.array(free, bool),
        committed=np.array(committed, np.int64),
        forced=np.array(forced, np.int64),
        confidence=np.array(confidence, np.float64),
    )


def test_examples_are_the_open_slots_before_the_step_and_whether_their_token_lasts():
    collector = Collector(end=np.array([True, False, False, False]))
    collector(step(0, [-1, -1, -1, 1], [1, 1, 1, 0], EMPTY, [3], [np.nan] * 4, forwards=0))
    collector(step(0, [1, 2, 0, 1], [0, 0, 1, 0], [0], [1], [0.9, 0.6, 0.3, 1.0]))
    collector(step(1, [3, 3], [1, 0], [1], EMPTY, [0.2, 0.4]))
    features, labels = collector.examples([np.array([1, 2, 2, 1]), np.array([2, 3])])
    assert features.shape == (4, FEATURES)
    assert labels.tolist() == [True, True, False, True], "the end token of slot 2 is none of the text"
    assert features[:, RADIUS].tolist() == pytest.approx([0.9, 0.6, 0.2, 0.4])
    fixed = 2 * RADIUS + 1 + RADIUS
    assert features[0, fixed : fixed + 4].tolist() == [0.0, 0.0, 0.0, 1.0]


def test_training_finds_the_rule_that_made_the_labels():
    rng = np.random.default_rng(0)
    features = rng.random((4000, FEATURES)).astype(np.float32)
    labels = features[:, RADIUS] > 0.6
    found = train(features, labels, epochs=80)
    final = found.final(features)
    assert ((final > 0.5) == labels).mean() > 0.95
    assert train(features[:600], labels[:600], epochs=1).final(features[:3]) == pytest.approx(
        train(features[:600], labels[:600], epochs=1).final(features[:3])
    )


def test_the_packaged_filter_trusts_the_sure():
    packaged = load_filter("embedded")
    features = np.zeros((2, FEATURES), np.float32)
    features[0, : 2 * RADIUS + 1] = 0.999
    features[1, : 2 * RADIUS + 1] = 0.2
    sure, unsure = packaged.final(features)
    assert unsure < sure
