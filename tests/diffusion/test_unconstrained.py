"""Rows without a constraint: per-slot decoding, ordinary tokens only, the text ends at the first end token."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fake_session import EOS, MASK, PAD, TEXT_IDS, VOCABULARY, BruteConstraint
from tiny_model import TinyModel

from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policy import EntropyBound, LowConfidence, Threshold
from latticework.diffusion.records import Request
from latticework.diffusion.unconstrained import FreeSession
from latticework.tokens.vocabulary import Vocabulary

ALLOWED = [EOS, PAD, *TEXT_IDS]


def session(slots: int, tail: bool = True) -> FreeSession:
    return FreeSession(VOCABULARY, np.zeros(slots, dtype=np.int64), np.ones(slots, dtype=bool), tail)


def test_proposals_are_the_likeliest_tokens_with_their_probability():
    logits = torch.randn(5, len(VOCABULARY), generator=torch.Generator().manual_seed(1))
    logits[:, MASK] = 50.0
    proposal = session(5).propose(logits, entropy=True)
    p = torch.softmax(logits[:, ALLOWED].double(), dim=-1).numpy()
    assert proposal.tokens.tolist() == [ALLOWED[i] for i in p.argmax(axis=1)]
    assert np.allclose(proposal.confidence, p.max(axis=1), atol=1e-6)
    assert np.allclose(proposal.entropy, -(p * np.log(p)).sum(axis=1), atol=1e-5)
    assert proposal.log_prob == pytest.approx(np.log(p.max(axis=1)).sum(), abs=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_draws_follow_the_tempered_distribution(temperature):
    logits = torch.tensor([[9.0, 0.0, -1.0, 1.0, 0.5, float("-inf"), 2.0]]).repeat(20000, 1)
    drawn = session(20000).propose(logits, temperature, np.random.default_rng(0)).tokens
    expected = torch.softmax(logits[0, ALLOWED].double() / temperature, dim=-1).numpy()
    counts = np.array([(drawn == token).sum() for token in ALLOWED])
    assert counts.sum() == 20000, "neither the mask nor anything else is drawn"
    assert counts[ALLOWED.index(5)] == 0
    assert np.abs(counts / 20000 - expected).max() < 0.015


def test_tokens_that_stand_for_nothing_are_never_chosen():
    vocabulary = Vocabulary([b"", b"", b"a", b""], {0: "mask", 1: "eos"}, size=6)
    logits = torch.zeros(3, 6)
    logits[:, 3:] = 9.0
    free = FreeSession(vocabulary, np.zeros(3, dtype=np.int64), np.ones(3, dtype=bool), tail=False)
    assert free.propose(logits).tokens.tolist() == [2, 2, 2]


@pytest.mark.parametrize("policy", [Threshold(0.3), LowConfidence(), LowConfidence(2), EntropyBound(0.5)])
@pytest.mark.parametrize("seed", range(6))
def test_rows_end_with_text_then_tail(policy, seed):
    model = TinyModel(seed)
    steps = []
    [outcome] = denoise(model, [Request.blank((3, 4), 6)], Options(policy=policy), steps.append)
    assert outcome.error is None
    assert outcome.forwards == len(model.batches) <= 6
    body = outcome.tokens[: outcome.body]
    assert np.isin(body, TEXT_IDS).all()
    assert outcome.ended == (outcome.body < 6)
    for step in steps:
        ends = np.flatnonzero(~step.free & np.isin(step.tokens, [EOS, PAD]))
        if len(ends):
            assert not step.free[: ends[0]].any(), "an end token waits for every slot before it"


def test_slots_after_a_decided_end_cost_no_forward():
    class Ends(TinyModel):
        def forward(self, ids, attention, keep):
            logits = super().forward(ids, attention, keep)
            logits[:, 0, 3] += 100.0
            logits[:, 1, EOS] += 100.0
            return logits

    [outcome] = denoise(Ends(), [Request.blank((3,), 6)], Options(policy=LowConfidence()))
    assert outcome.body == 1
    assert outcome.ended
    assert outcome.forwards <= 6
    assert outcome.forced_slots >= 1


def test_free_and_constrained_rows_share_a_batch():
    rows = [Request.blank((3,), 4, BruteConstraint("a(,a)*")), Request.blank((4, 4, 4), 6)]
    together = denoise(TinyModel(2), rows)
    for row, outcome in zip(rows, together, strict=True):
        assert denoise(TinyModel(2), [row])[0].tokens.tolist() == outcome.tokens.tolist()
    assert BruteConstraint("a(,a)*").holds(together[0].tokens)
