"""Blocks of a longer canvas, against the list of all its fillings."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracle import Case, log_softmax, log_sum, random_case

from latticework.errors import InputError
from latticework.lattice.block import BlockSession


def cases(seed: int, count: int):
    """Feasible canvases of at least two slots, cut into a finished front, a block and what is behind it."""
    rng = np.random.default_rng(seed)
    while count:
        case = random_case(rng)
        slots = len(case.tokens)
        if not len(case.fillings) or slots < 2:
            continue
        first = int(rng.integers(0, slots))
        last = int(rng.integers(first + 1, slots + 1))
        finished = case.fillings[rng.integers(len(case.fillings))]
        tokens, free = case.tokens.copy(), case.free.copy()
        tokens[:first], free[:first] = finished[:first], False
        kept = case.fillings[(case.fillings[:, :first] == finished[:first]).all(axis=1)]
        count -= 1
        yield Case(case.constraint, tokens, free, case.tail, kept), first, last, rng


def listed(case: Case, first: int, last: int, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every filling of the block that can be completed, once, [M, C], and its log-probability under the rows."""
    blocks = np.unique(case.fillings[:, first:last], axis=0)
    here = np.flatnonzero(case.free[first:last])
    return blocks, log_softmax(logits)[here, blocks[:, here]].sum(axis=1)


@pytest.mark.parametrize("scale", [2.0, 60.0])
def test_a_block_is_answered_as_if_all_its_completions_were_one(scale: float) -> None:
    behind = 0
    for case, first, last, rng in cases(3, 140):
        width = len(case.constraint.vocabulary)
        logits = (scale * rng.standard_normal((last - first, width))).astype(np.float32)
        session = BlockSession(case.constraint, case.tokens, case.free, case.tail)
        found = session.propose_block(logits, first)
        blocks, scores = listed(case, first, last, logits)
        behind += len(np.unique(case.fillings, axis=0)) > len(blocks)

        mine = np.flatnonzero((blocks == found.tokens).all(axis=1))
        assert len(mine) == 1
        assert scores[mine[0]] == pytest.approx(scores.max(), abs=1e-3)

        here = np.flatnonzero(case.free[first:last])
        np.testing.assert_array_equal(found.rows, here)
        marginal = np.zeros((len(here), width))
        for block, weight in zip(blocks, np.exp(scores - log_sum(scores)), strict=True):
            marginal[np.arange(len(here)), block[here]] += weight
        odds = np.exp(np.asarray(found.log_odds, np.float64))
        np.testing.assert_allclose(odds, marginal / marginal.max(axis=1, initial=0, keepdims=True), atol=2e-4)
        np.testing.assert_allclose(
            found.confidence[here], marginal[np.arange(len(here)), found.tokens[here]], atol=2e-4
        )
        assert (found.confidence[~case.free[first:last]] == 1).all()
    assert behind > 20


def test_tensors_give_tensors() -> None:
    case, first, last, rng = next(cases(4, 1))
    logits = rng.standard_normal((last - first, len(case.constraint.vocabulary))).astype(np.float32)
    session = BlockSession(case.constraint, case.tokens, case.free, case.tail)
    plain, tensor = session.propose_block(logits, first), session.propose_block(torch.from_numpy(logits), first)
    assert isinstance(tensor.log_odds, torch.Tensor)
    np.testing.assert_array_equal(tensor.log_odds.numpy(), plain.log_odds)


def test_blocks_one_after_the_other_make_a_filling() -> None:
    for case, _, _, rng in cases(5, 80):
        free = np.ones(len(case.tokens), bool)
        session = BlockSession(case.constraint, case.tokens, free, case.tail)
        cuts = np.unique([0, *rng.integers(1, len(free) + 1, 2), len(free)])
        for first, last in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            logits = rng.standard_normal((last - first, len(case.constraint.vocabulary))).astype(np.float32)
            found = session.propose_block(logits, first)
            session.commit({first + i: int(token) for i, token in enumerate(found.tokens)})
        assert session.feasible()
        assert not session.free.any()


def test_blocks_out_of_order_or_outside_are_refused() -> None:
    case, _, _, _ = next(cases(6, 1))
    slots, width = len(case.tokens), len(case.constraint.vocabulary)
    session = BlockSession(case.constraint, case.tokens, np.ones(slots, bool), case.tail)
    with pytest.raises(InputError, match="blocks are filled in order"):
        session.propose_block(np.zeros((1, width), np.float32), 1)
    with pytest.raises(InputError, match="not inside"):
        session.propose_block(np.zeros((slots + 1, width), np.float32), 0)
