"""Selection rules against their published definitions, computed naively."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.diffusion.policy import EntropyBound, LowConfidence, Threshold, View, make_policy
from latticework.errors import InputError

UNIT = st.floats(0, 1, allow_subnormal=False)


def view(confidence, entropy=None, step=0, remaining=None, window=None, canvas=None) -> View:
    count = len(confidence)
    return View(
        slots=np.arange(count),
        confidence=np.array(confidence, dtype=np.float64),
        entropy=None if entropy is None else np.array(entropy, dtype=np.float64),
        step=step,
        remaining=count if remaining is None else remaining,
        window=count if window is None else window,
        canvas=count if canvas is None else canvas,
    )


@given(confidence=st.lists(UNIT, min_size=1, max_size=8), tau=UNIT)
def test_threshold_takes_what_reaches_it_and_always_the_best(confidence, tau):
    chosen = Threshold(tau).select(view(confidence))
    below = [c for c, taken in zip(confidence, chosen, strict=True) if taken and c < tau]
    assert all(taken for c, taken in zip(confidence, chosen, strict=True) if c >= tau)
    assert chosen.any()
    assert len(below) <= 1
    assert all(c >= max(confidence) * (1 - 2e-5) for c in below)


@given(slots=st.integers(1, 40), steps=st.integers(1, 40))
def test_low_confidence_follows_the_published_quota(slots, steps):
    """floor(m/s) per step and one more in each of the first m mod s steps."""
    expected = [slots // steps + (i < slots % steps) for i in range(steps)]
    policy, left, taken = LowConfidence(steps), slots, []
    for step in range(steps):
        if left == 0:
            break
        count = int(policy.select(view([0.5] * left, step=step, window=slots, canvas=slots)).sum())
        taken.append(count)
        left -= count
    assert left == 0
    assert taken == [count for count in expected if count]


def test_low_confidence_shares_its_steps_between_blocks():
    quota = LowConfidence(8).select(view([0.5] * 8, window=8, canvas=32)).sum()
    assert quota == 4, "8 steps over 4 blocks of 8 slots: 2 steps a block"


def test_low_confidence_takes_the_most_confident_and_the_earlier_of_equals():
    for nearly in (0.7, 0.7 + 1e-9, 0.7 - 1e-9):
        chosen = LowConfidence(2).select(view([0.1, 0.7, nearly, 0.9]))
        assert chosen.tolist() == [False, True, False, True]


@given(entropy=st.lists(st.floats(0, 3), min_size=1, max_size=8), gamma=st.floats(0, 4))
@settings(max_examples=200)
def test_entropy_bound_takes_the_largest_prefix_within_the_bound(entropy, gamma):
    chosen = EntropyBound(gamma).select(view([0.5] * len(entropy), entropy))
    order = sorted(range(len(entropy)), key=lambda i: entropy[i])
    fits = [k for k in range(1, len(order) + 1) if sum(sorted(entropy)[: k - 1]) <= gamma]
    assert sorted(np.flatnonzero(chosen).tolist()) == sorted(order[: max(fits)])


def test_entropy_bound_of_zero_takes_everything_certain_and_one_more():
    chosen = EntropyBound(0.0).select(view([1, 1, 0.6, 0.5], [0.0, 0.0, 0.4, 0.7]))
    assert chosen.tolist() == [True, True, True, False]


def test_make_policy_refuses_what_it_does_not_know_and_foreign_options():
    assert make_policy("threshold", threshold=0.7) == Threshold(0.7)
    assert make_policy("low-confidence", steps=5) == LowConfidence(5)
    assert make_policy("entropy-bound", gamma=0.2) == EntropyBound(0.2)
    with pytest.raises(InputError, match="unknown policy 'greedy'"):
        make_policy("greedy")
    with pytest.raises(InputError, match="steps= is no option of the policy 'threshold', which takes"):
        make_policy("threshold", steps=3)


@pytest.mark.parametrize("make", [lambda: Threshold(1.5), lambda: LowConfidence(0), lambda: EntropyBound(float("nan"))])
def test_parameters_are_checked(make):
    with pytest.raises(InputError):
        make()
