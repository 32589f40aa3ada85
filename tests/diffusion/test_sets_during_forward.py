"""Beside a forward the sets of every row are computed in other threads, and nothing of them is left to do after it."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from fake_session import VOCABULARY, BruteConstraint
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import TinyModel

import latticework as lw
from latticework.diffusion.loop import Options, denoise, open_row
from latticework.diffusion.policy import EntropyBound, LowConfidence, Policy, Threshold
from latticework.diffusion.records import Request
from latticework.errors import InputError
from latticework.lattice import kernels_sets
from latticework.lattice.session import Session


class Waits(TinyModel):
    """Its forwards end once the sets of all open rows are there."""

    def __init__(self) -> None:
        super().__init__(3)
        self.thread = threading.get_ident()
        self.ready = threading.Semaphore(0)

    def forward(self, ids, attention, keep):
        for _ in range(len(ids)):
            assert self.ready.acquire(timeout=60), "the sets of a row are not computed during the forward"
        return super().forward(ids, attention, keep)


def test_sets_are_there_when_the_logits_are(monkeypatch):
    """On canvases of which nothing is asked between forwards: neither what is forced nor whether only ends are left."""
    model = Waits()
    threads: list[int] = []
    kept = kernels_sets.fitting_labels

    def counted(*arguments):
        kept(*arguments)
        threads.append(threading.get_ident())
        model.ready.release()

    monkeypatch.setattr(kernels_sets, "fitting_labels", counted)
    constraint = lw.compile(lw.regex("(a|b){3},(a|b){4}"), VOCABULARY)
    tokens, free = np.zeros(8, np.int64), np.ones(8, np.bool_)
    requests = [Request((3, row), tokens, free, constraint, (row,), tail=False, fixes_forced=False) for row in range(3)]
    outcomes = denoise(model, requests, Options(policy=LowConfidence(8), overlap=True))
    assert all(outcome.error is None for outcome in outcomes)
    # Once per row and forward, never by the thread that waits for the forward.
    assert len(threads) == sum(outcome.forwards for outcome in outcomes)
    assert model.thread not in threads


def test_a_proposal_computes_no_sets(monkeypatch):
    """With forced slots and ends fixed between forwards as by default: what a proposal needs is there before it."""
    inside: list[bool] = []
    kept, propose = kernels_sets.fitting_labels, Session.propose
    proposing = threading.local()

    def counted(*arguments):
        inside.append(getattr(proposing, "now", False))
        kept(*arguments)

    def proposed(*arguments, **options):
        proposing.now = True
        try:
            return propose(*arguments, **options)
        finally:
            proposing.now = False

    monkeypatch.setattr(kernels_sets, "fitting_labels", counted)
    monkeypatch.setattr(Session, "propose", proposed)
    constraint = lw.compile(lw.regex("(a|b){1,4},(a|b)*"), VOCABULARY)
    requests = [Request.blank((3, row), 8, constraint, (row,)) for row in range(3)]
    denoise(TinyModel(3), requests, Options(policy=LowConfidence(8), overlap=True))
    assert inside
    assert not any(inside)


# ---- decided slots are written with the next step


def test_late_decisions_leave_nothing_between_forwards(monkeypatch):
    """Sets are computed by the threads beside the forward alone, but for the start and a last check."""
    beside: list[bool] = []
    kept = kernels_sets.fitting_labels

    def counted(*arguments):
        kept(*arguments)
        beside.append(threading.current_thread() is not threading.main_thread())

    monkeypatch.setattr(kernels_sets, "fitting_labels", counted)
    constraint = lw.compile(lw.regex("(a|b){3},(a|b){4},a{3}"), VOCABULARY)
    [outcome] = denoise(
        TinyModel(3), [Request.blank((3,), 12, constraint)], Options(policy=LowConfidence(8), overlap="late")
    )
    assert outcome.error is None
    assert beside.count(False) <= 2
    assert beside.count(True) >= outcome.forwards - 1


@given(
    pattern=st.sampled_from(["a(,a)*", "(ab|b)+,?a", "(a|b){3}", "(a,b|b,a)(,a)*", "[ab]{1,3},(ab){1,2}"]),
    slack=st.integers(0, 3),
    seed=st.integers(0, 1000),
    policy=st.sampled_from([Threshold(0.6), LowConfidence(), EntropyBound(0.4), Threshold(0.5, scores="model")]),
    temperature=st.sampled_from([0.0, 0.8]),
    block=st.sampled_from([None, 1, 2]),
)
@settings(max_examples=80, deadline=None)
def test_late_decisions_write_documents(pattern, slack, seed, policy: Policy, temperature, block):
    """Every slot is fixed once, by the constraint or out of a completion; threads make no difference."""
    brute, constraint = BruteConstraint(pattern), lw.compile(lw.regex(pattern), VOCABULARY)
    slots = constraint.min_tokens + slack
    steps = []
    options = Options(policy=policy, temperature=temperature, block_length=block, overlap="late")
    requests = [Request.blank((3, at), slots, constraint, (seed, at)) for at in range(2)]
    try:
        constraint.session(np.zeros(slots), np.ones(slots, np.bool_))
    except lw.Infeasible:
        return
    outcomes = denoise(TinyModel(seed), requests, options, steps.append)
    for at, outcome in enumerate(outcomes):
        assert outcome.error is None
        assert brute.holds(outcome.tokens)
        own = [step for step in steps if step.row == at]
        touched = np.concatenate([np.concatenate((step.committed, step.forced)) for step in own])
        assert sorted(touched) == list(range(slots))
        assert outcome.forced_slots == sum(len(step.forced) for step in own)
        [alone] = denoise(TinyModel(seed), [requests[at]], options)
        np.testing.assert_array_equal(alone.tokens, outcome.tokens)


@pytest.mark.parametrize(
    ("device", "given", "expected"), [("cpu", None, None), ("cuda", None, "late"), ("cuda", True, True)]
)
def test_rows_beside_an_accelerator_decide_late(device, given, expected):
    model = TinyModel()
    model.device = torch.device(device)
    row = open_row(model, 0, Request.blank((3,), 4, None), Options(overlap=given))
    assert row.options.overlap == expected


def test_other_words_for_the_overlap_are_refused():
    with pytest.raises(InputError, match="overlap"):
        Options(overlap="early")  # pyright: ignore
