"""How far blocks reach and how far rows are believed: never what is valid, only what is written and when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from fake_session import VOCABULARY, BruteConstraint
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import TinyModel

import latticework as lw
from latticework.diffusion.blocks import reach
from latticework.diffusion.loop import denoise
from latticework.diffusion.options import Options
from latticework.diffusion.policies import Policy
from latticework.diffusion.policies.registry import make_policy
from latticework.diffusion.policy import EntropyBound, LowConfidence, Threshold
from latticework.diffusion.records import Request
from latticework.diffusion.weighting import Preferences
from latticework.errors import Infeasible, InputError

PATTERNS = ["a(,a)*", "(ab|b)+,?a", "a{2,6}", "ab,ab", "b?", "(a,b|b,a)(,a)*", "[ab]{0,4},"]
POLICIES: list[Policy] = [
    *(Threshold(0.9), Threshold(0.3), LowConfidence(2), EntropyBound(0.3)),
    *map(make_policy, ("factor", "margin", "klass", "wino", "rcr", "remdm", "freedave", "rho-eos", "eoser")),
]


def request(pattern: str, slots: int, seed: int, horizon: int | None) -> Request:
    blank = Request.blank((3, 4), slots, lw.compile(lw.regex(pattern), VOCABULARY), (seed,))
    return replace(blank, preferences=Preferences(horizon=horizon))


@given(
    pattern=st.sampled_from(PATTERNS),
    slots=st.integers(1, 7),
    seed=st.integers(0, 10_000),
    policy=st.sampled_from(POLICIES),
    block_length=st.integers(1, 4),
    horizon=st.none() | st.integers(0, 4),
    sure=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
    heat=st.sampled_from([0.0, 1.0, 0.6]),
)
@settings(max_examples=150, deadline=None)
def test_documents_are_valid_however_far_rows_count(pattern, slots, seed, policy, block_length, horizon, sure, heat):
    options = Options(policy, heat, block_length, sure)
    [outcome] = denoise(TinyModel(seed), [request(pattern, slots, seed, horizon)], options)
    if outcome.error is None:
        assert BruteConstraint(pattern).holds(outcome.tokens)
    else:
        assert isinstance(outcome.error, Infeasible)
        with pytest.raises(Infeasible):
            lw.compile(lw.regex(pattern), VOCABULARY).session([0] * slots, [True] * slots)


@given(
    pattern=st.sampled_from(PATTERNS),
    seed=st.integers(0, 10_000),
    policy=st.sampled_from(POLICIES),
    block_length=st.integers(1, 4),
)
@settings(max_examples=60, deadline=None)
def test_a_horizon_behind_the_canvas_and_blocks_that_never_reach_change_nothing(pattern, seed, policy, block_length):
    options = Options(policy, block_length=block_length)
    [plain] = denoise(TinyModel(seed), [request(pattern, 6, seed, None)], options)
    [same] = denoise(TinyModel(seed), [request(pattern, 6, seed, 6)], replace(options, adaptive_blocks=1.0))
    np.testing.assert_array_equal(same.tokens, plain.tokens)
    np.testing.assert_array_equal(same.log_prob, plain.log_prob)
    assert same.forwards == plain.forwards


@given(
    pattern=st.sampled_from(PATTERNS),
    seed=st.integers(0, 10_000),
    sure=st.sampled_from([0.0, 0.3, 0.6, 0.9]),
    filled=st.integers(0, 63),
)
@settings(max_examples=100, deadline=None)
def test_a_block_reaches_to_the_first_token_that_is_unsure_or_does_not_fit(pattern, seed, sure, filled):
    rng = np.random.default_rng(seed)
    constraint = lw.compile(lw.regex(pattern), VOCABULARY)
    try:
        document = constraint.session([0] * 6, [True] * 6).propose(rng.normal(size=(6, len(VOCABULARY)))).tokens
    except Infeasible:
        return
    free = np.array([not filled >> slot & 1 for slot in range(6)])
    free[rng.integers(6)] = True
    logits = torch.from_numpy(3 * rng.normal(size=(6, len(VOCABULARY))))
    likely = logits.softmax(-1)
    tokens, open_then, expected = document.copy(), free.copy(), 6
    for slot in np.flatnonzero(free):
        chance, token = likely[slot].max(0)
        tokens[slot], open_then[slot] = token, False
        try:
            constraint.session(tokens, open_then)
            fits = True
        except Infeasible:
            fits = False
        if not fits or chance <= sure:
            expected = int(slot)
            break
    session = constraint.session(document, free)
    assert reach(session, logits, free, sure) == expected
    np.testing.assert_array_equal(session.free, free, "nothing is committed")


class Fixed(TinyModel):
    """The same rows whatever stands on the canvas."""

    def __init__(self, logits: np.ndarray, vocabulary=VOCABULARY) -> None:
        super().__init__(vocabulary=vocabulary)
        self.rows = torch.from_numpy(logits)

    def forward(self, ids, attention, keep):
        return self.rows[:keep].expand(len(ids), -1, -1)


QUOTED = lw.Vocabulary([b"a", b"b", b'"', b",", b"", b""], {4: "eos", 5: "mask"})
STRINGS = lw.regex('"[ab]{1,20}"(,"[ab]{1,20}")*')


def out_of_step() -> np.ndarray:
    """Rows that are sure of ``"ab"`` and its end, and then full of letters that do not stand where they are due."""
    logits = np.full((16, 6), -8.0)
    logits[np.arange(4), [2, 0, 1, 2]] = 2.0
    logits[4:, :2] = 2.0
    logits[4:, 4] = -4.0
    logits[15, 2] = 4.0
    return logits


@pytest.mark.parametrize("block_length", [1, 2, 4])
def test_rows_out_of_step_do_not_outweigh_the_end_of_a_string(block_length: int) -> None:
    blank = Request.blank((0,), 16, lw.compile(STRINGS, QUOTED))
    options = Options(Threshold(0.9), block_length=block_length)

    def text(horizon: int | None) -> bytes:
        row = replace(blank, preferences=Preferences(horizon=horizon))
        [outcome] = denoise(Fixed(out_of_step(), QUOTED), [row], options)
        assert outcome.error is None
        return QUOTED.decode(outcome.tokens[: outcome.body])

    assert text(0).startswith(b'"ab"')
    assert len(text(None)) == 16, "all of them believed, the string runs on"


@pytest.mark.parametrize("constrained", [True, False])
def test_blocks_reach_over_what_the_model_is_sure_of(constrained: bool) -> None:
    logits = np.full((9, len(VOCABULARY)), -9.0)
    a, b = 3, 4
    logits[:, a] = 9.0
    logits[6, [a, b]] = 1.0, 0.9
    constraint = lw.compile(lw.regex("[ab]*"), VOCABULARY) if constrained else None
    row = Request.blank((3,), 9, constraint)
    plain = Options(Threshold(0.9), block_length=2)
    [slow] = denoise(Fixed(logits), [row], plain)
    [fast] = denoise(Fixed(logits), [row], replace(plain, adaptive_blocks=0.9))
    assert slow.forwards == 6
    assert fast.forwards == 4, "all up to the unsure one at once"
    assert fast.tokens.tolist() == slow.tokens.tolist()
    [bound] = denoise(Fixed(logits), [replace(row, aligned=True)], replace(plain, adaptive_blocks=0.9))
    assert bound.forwards >= slow.forwards, "a network with blocks of its own keeps them"


def test_values_that_mean_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="horizon"):
        Preferences(horizon=-1)
    with pytest.raises(InputError, match="adaptive_blocks"):
        Options(adaptive_blocks=1.5)
