"""Rows of a batch, canvas by canvas, without a model: whatever logits come and whichever proposal is kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from documents import KINDS, compiled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_gemma import EOS, PAD, TOKENS, vocabulary

from latticework.errors import Infeasible, InputError, ModelError
from latticework.integrations.block_rows import BlockRow
from latticework.integrations.shaping import LEAD
from latticework.tokens.vocabulary import Vocabulary

WIDTH = len(TOKENS)


def logits(
    rng: np.random.Generator, slots: int, kind: str = "plain", dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    values = 4 * rng.standard_normal((slots, WIDTH)).astype(np.float32)
    if kind == "holes":  # what other processors leave
        values[rng.random(values.shape) < 0.9] = -np.inf
        values[rng.integers(slots)] = -np.inf
    if kind == "steep":
        values *= 1e4
    if kind == "ending":
        values[:, [EOS, PAD]] += 12
    return torch.from_numpy(values).to(dtype)


def kept(shaped: torch.Tensor) -> np.ndarray:
    return shaped.argmax(dim=-1).numpy()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from([*KINDS, "flat", "wide"]),
    seed=st.integers(0, 10**6),
    length=st.integers(1, 24),
    spare=st.integers(0, 30),
    source=st.sampled_from(["plain", "holes", "steep", "ending"]),
    dtype=st.sampled_from([torch.float32, torch.bfloat16, torch.float16]),
)
def test_any_proposals_make_a_document_within_the_budget(
    kind: str, seed: int, length: int, spare: int, source: str, dtype: torch.dtype
) -> None:
    rng = np.random.default_rng(seed)
    constraint = compiled(kind, vocabulary())
    budget = constraint.min_tokens + spare
    blocks = -(-budget // length)
    row = BlockRow(constraint, length, blocks, budget)
    tokens = []
    for _ in range(blocks + 1):  # one more than was said: nothing but padding
        options = []
        for _ in range(int(rng.integers(1, 4))):
            shaped = row.shape(logits(rng, length, source, dtype))
            assert shaped.dtype == dtype
            _check_rows(shaped)
            options.append(kept(shaped))
        chosen = options[int(rng.integers(len(options)))].copy()
        ends = np.flatnonzero(np.isin(chosen, [EOS, PAD]))
        if len(ends) and rng.random() < 0.5:
            chosen[ends[0] + 1 :] = rng.integers(WIDTH)  # programs put their own padding there
        row.finish(chosen)
        tokens.append(chosen)
    found = np.concatenate(tokens)
    ends = np.flatnonzero(np.isin(found, [EOS, PAD]))
    assert len(ends)
    assert ends[0] <= budget
    text = row.text(found).decode()
    assert text == vocabulary().decode(found[: ends[0]]).decode()
    assert KINDS[kind].is_valid(text)


def _check_rows(shaped: torch.Tensor) -> None:
    """The token to be kept stands alone at the top, at any temperature, and nothing is undefined."""
    values = shaped.float()
    assert not values.isnan().any()
    top = values.topk(2, dim=-1).values
    assert (top[:, 0] == 0).all()
    assert (top[:, 1] <= -LEAD / 2).all()
    for temperature in (0.4, 1.0, 20.0):
        chances = torch.softmax(values / temperature, dim=-1)
        assert torch.isfinite(chances).all()
        assert (chances.argmax(dim=-1) == values.argmax(dim=-1)).all()


def test_rows_are_the_marginals_of_the_constraint() -> None:
    """One canvas: what the session says, except that the filling's token is lifted."""
    rng = np.random.default_rng(0)
    constraint = compiled("flat", vocabulary())
    scores = logits(rng, 30)
    session = constraint.session(np.zeros(30, np.int64), np.ones(30, bool))
    expected = torch.as_tensor(session.marginals(scores)).double()
    shaped = BlockRow(constraint, 30, 1).shape(scores).double()
    expected -= expected.amax(dim=-1, keepdim=True)
    lifted = kept(shaped)
    ends = np.isin(lifted, [EOS, PAD])
    np.testing.assert_array_equal(lifted[~ends], session.best(scores).tokens[~ends])
    others = torch.ones_like(expected, dtype=torch.bool)
    others[torch.arange(30), lifted] = False
    others[ends] = False
    torch.testing.assert_close(shaped[others].exp(), expected.clamp(max=-LEAD)[others].exp(), atol=2e-4, rtol=0)


@pytest.mark.parametrize("kind", ["flat", "json"])
def test_what_the_rows_behind_hold_is_of_no_account(kind: str) -> None:
    """A document may end in the first of many canvases: possible continuations weigh nothing."""
    rng = np.random.default_rng(1)
    scores = logits(rng, 24, "ending")
    row = BlockRow(compiled(kind, vocabulary()), 24, 4)
    assert EOS in kept(row.shape(scores))


def test_the_tail_is_one_stop_and_then_padding() -> None:
    rng = np.random.default_rng(2)
    shaped = BlockRow(compiled("flat", vocabulary()), 40, 1).shape(logits(rng, 40, "ending"))
    kept_tokens = kept(shaped)
    first = int(np.argmax(np.isin(kept_tokens, [EOS, PAD])))
    assert kept_tokens[first] == EOS
    assert (kept_tokens[first + 1 :] == PAD).all()
    assert shaped[first:, [EOS, PAD]].isneginf().sum() == len(shaped) - first  # the other end token is no question


def test_wrong_use() -> None:
    constraint = compiled("flat", vocabulary())
    with pytest.raises(Infeasible, match="needs"):
        BlockRow(constraint, 4, 2)
    with pytest.raises(InputError, match="no end token"):
        BlockRow(compiled("flat", Vocabulary([bytes([byte]) for byte in range(256)])), 8, 4)
    row = BlockRow(constraint, 16, 2)
    with pytest.raises(InputError, match="16 slots"):
        row.shape(torch.zeros(15, WIDTH))
    with pytest.raises(InputError, match="expected"):
        row.shape(torch.zeros(16, WIDTH + 1))
    broken = torch.zeros(16, WIDTH)
    broken[3, 5] = torch.nan
    with pytest.raises(ModelError, match="NaN"):
        row.shape(broken)
    with pytest.raises(Infeasible):
        row.finish(np.full(16, TOKENS.index(b"x", 3)))
    with pytest.raises(InputError, match="no document"):
        row.text(np.full(16, TOKENS.index(b"x", 3)))
