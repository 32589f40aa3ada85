"""Beside a forward the sets of every row are computed in other threads, and nothing of them is left to do after it."""

from __future__ import annotations

import threading

import numpy as np
from fake_session import VOCABULARY
from tiny_model import TinyModel

import latticework as lw
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policy import LowConfidence
from latticework.diffusion.records import Request
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
