"""The loop over real lattices: the same canvases as over the brute-force session, and samples that follow the model."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import torch
from fake_session import EOS, PAD, VOCABULARY, BruteConstraint
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import TinyModel

import latticework as lw
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policy import EntropyBound, LowConfidence, Policy, Threshold
from latticework.diffusion.records import Request
from latticework.errors import Infeasible

PATTERNS = ["a(,a)*", "(ab|b)+,?a", "a{2,6}", "(a|b){3}", "ab,ab", "b?", "(a,b|b,a)(,a)*", "[ab]{0,4},"]
POLICIES = [LowConfidence(), LowConfidence(2), Threshold(0.9), Threshold(0.3), EntropyBound(0.3)]


@given(
    pattern=st.sampled_from(PATTERNS),
    slots=st.integers(1, 5),
    seed=st.integers(0, 10_000),
    policy=st.sampled_from(POLICIES),
    block_length=st.sampled_from([None, 2]),
)
@settings(max_examples=100, deadline=None)
def test_real_sessions_and_enumeration_fill_the_same_canvas(pattern, slots, seed, policy, block_length):
    options = Options(policy=policy, block_length=block_length)
    real = lw.compile(lw.regex(pattern), VOCABULARY)
    brute = BruteConstraint(pattern)
    [got] = denoise(TinyModel(seed), [Request.blank((3, 4), slots, real)], options)
    [expected] = denoise(TinyModel(seed), [Request.blank((3, 4), slots, brute)], options)
    if expected.error is not None:
        assert isinstance(got.error, Infeasible)
        return
    assert got.error is None
    assert brute.holds(got.tokens)
    assert _document(got) == _document(expected)
    assert (got.forwards, got.forced_slots) == (expected.forwards, expected.forced_slots)
    # Where two slots are equally sure, rounding decides which is first; by the chain rule the sum is the same.
    assert np.isclose(got.log_prob.sum(), expected.log_prob.sum(), atol=1e-3)


def _document(outcome) -> list[int]:
    """Which of two end tokens fills a tail slot the constraint decides is a matter of taste."""
    return [PAD if token in (EOS, PAD) else int(token) for token in outcome.tokens]


@given(seed=st.integers(0, 10_000), temperature=st.sampled_from([0.5, 1.0, 2.0]), slots=st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_samples_of_real_sessions_are_documents(seed, temperature, slots):
    for pattern in PATTERNS:
        real = lw.compile(lw.regex(pattern), VOCABULARY)
        request = Request.blank((3,), slots, real, (seed,))
        [outcome] = denoise(TinyModel(seed), [request], Options(temperature=temperature))
        if outcome.error is None:
            assert BruteConstraint(pattern).holds(outcome.tokens)
        else:
            assert slots < real.min_tokens


class Leftmost(Policy):
    """Commits the first open slot, whatever its value: the order does not depend on what was drawn."""

    def select(self, view):
        return view.slots == view.slots[0]


class Unmoved(TinyModel):
    """The same logits whatever stands on the canvas."""

    def forward(self, ids, attention, keep):
        same = torch.full_like(ids, 3)
        return super().forward(same, attention, keep)


def test_committing_samples_slot_by_slot_samples_the_joint_distribution():
    pattern, draws = "(a|b)(,|b)?a?", 1500
    real, model = lw.compile(lw.regex(pattern), VOCABULARY), Unmoved(1, scale=1.0)
    requests = [Request.blank((3,), 3, real, (seed,)) for seed in range(draws)]
    outcomes = denoise(model, requests, Options(policy=Leftmost(), temperature=1.0, batch_size=64))
    seen = Counter(tuple(_document(outcome)) for outcome in outcomes)

    log_p = model.forward(torch.zeros(1, 4, dtype=torch.long), torch.ones(1, 4, dtype=torch.bool), 3)[0].log_softmax(-1)
    weights: Counter[tuple[int, ...]] = Counter()
    for canvas in itertools.product(range(len(VOCABULARY)), repeat=3):
        if BruteConstraint(pattern).holds(canvas):
            key = tuple(PAD if token in (EOS, PAD) else token for token in canvas)
            weights[key] += float(log_p[range(3), list(canvas)].sum().exp())
    total = weights.total()
    assert seen.keys() <= weights.keys()
    distance = 0.5 * sum(abs(seen[key] / draws - weight / total) for key, weight in weights.items())
    assert distance < 0.06
