"""Canvases with holes: fillers wait for the text of their hole, end nothing, and leave no text."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fake_session import EOS, MASK, PAD, TOKENS, VOCABULARY
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import TinyModel

import latticework as lw
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policy import EntropyBound, LowConfidence, Policy, Threshold
from latticework.diffusion.records import Request, Step
from latticework.errors import InputError

A, B, AB, COMMA = 3, 4, 5, 6
FILLER = len(TOKENS)
WITH_FILLER = lw.Vocabulary([*TOKENS, b""], {MASK: "mask", EOS: "eos", PAD: "pad", FILLER: "filler"})
LISTS = lw.lark('start: item ("," item)*\nitem: ("a" | "b")+')
POLICIES = [LowConfidence(), LowConfidence(2), Threshold(0.9), Threshold(0.4), EntropyBound(0.1), EntropyBound(2.0)]


def canvas(vocabulary, tokens, constrained, entropy=(0,)) -> Request:
    """A request with free slots where ``tokens`` has ``None``."""
    free = np.array([token is None for token in tokens])
    fixed = np.array([token or 0 for token in tokens])
    constraint = lw.compile(LISTS, vocabulary) if constrained else None
    return Request((A,), fixed, free, constraint, entropy, tail=False, elastic=True)


class Scripted(TinyModel):
    """Logits that are the same in every forward."""

    def __init__(self, logits, vocabulary=WITH_FILLER) -> None:
        super().__init__(vocabulary=vocabulary)
        self.logits = torch.as_tensor(logits, dtype=torch.float64)

    def forward(self, ids, attention, keep):
        self.batches.append(len(ids))
        return self.logits[None].expand(len(ids), -1, -1)


def too_early(steps: list[Step], filler: int, holes: np.ndarray, block: int) -> list[tuple[int, int]]:
    """Fillers (forward, slot) committed while the draft had text in their hole and something else was open."""
    found = []
    for step in steps:
        open_before = step.free.copy()
        open_before[step.committed] = True
        window = np.arange(len(step.tokens)) // block == np.flatnonzero(open_before)[0] // block
        fillers = step.tokens == filler
        in_sight = [
            slot
            for slot in np.flatnonzero(open_before & window)
            if not fillers[slot] or fillers[open_before & (holes == holes[slot])].all()
        ]
        found += [(step.forwards, int(slot)) for slot in step.committed if in_sight and slot not in in_sight]
    return found


@pytest.mark.parametrize("policy", POLICIES, ids=str)
@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("vocabulary", [VOCABULARY, WITH_FILLER], ids=["end token", "filler"])
def test_fillers_wait_until_the_text_of_their_hole_is_fixed(policy, constrained, vocabulary):
    tokens = [A, None, None, None, COMMA, None, None, B]
    holes = np.array([0, 1, 1, 1, 1, 2, 2, 2])
    filler = PAD if vocabulary is VOCABULARY else FILLER

    @given(seed=st.integers(0, 500), block=st.sampled_from([None, 1, 2, 3]), heat=st.sampled_from([0.0, 1.0]))
    @settings(max_examples=10, deadline=None)
    def holds(seed, block, heat):
        steps: list[Step] = []
        model = TinyModel(seed, vocabulary=vocabulary)
        options = Options(policy=policy, block_length=block, temperature=heat)
        [outcome] = denoise(model, [canvas(vocabulary, tokens, constrained, (seed,))], options, steps.append)
        assert outcome.error is None
        assert (outcome.body, outcome.ended) == (len(tokens), False)
        assert not too_early([step for step in steps if step.forwards], filler, holes, block or len(tokens))
        text = vocabulary.decode(outcome.tokens)
        assert text.startswith(b"a")
        assert text.endswith(b"b")
        if constrained:
            assert all(set(item) <= set(b"ab") and item for item in text.split(b","))
        assert all(token in (A, B, AB, COMMA, filler) for token in outcome.tokens)

    holds()


def test_confident_fillers_do_not_crowd_out_text():
    logits = np.full((4, len(WITH_FILLER)), -10.0)
    logits[[0, 2, 3], FILLER] = 10.0
    logits[1, [A, B]] = 0.1, 0.0
    steps: list[Step] = []
    [outcome] = denoise(Scripted(logits), [canvas(WITH_FILLER, [None] * 4, True)], None, steps.append)
    assert outcome.tokens.tolist() == [FILLER, A, FILLER, FILLER]
    assert [step.committed.tolist() for step in steps if step.forwards] == [[1], [0, 2, 3]]


def test_a_hole_that_is_all_fillers_is_in_sight_beside_one_with_text():
    logits = np.full((5, len(WITH_FILLER)), -10.0)
    logits[[0, 1, 3], FILLER] = 10.0
    logits[4, [A, B]] = 0.1, 0.0
    steps: list[Step] = []
    tokens = [None, None, A, None, None]
    [outcome] = denoise(Scripted(logits), [canvas(WITH_FILLER, tokens, True)], None, steps.append)
    assert outcome.tokens.tolist() == [FILLER, FILLER, A, FILLER, A]
    assert [step.committed.tolist() for step in steps if step.forwards] == [[0, 1], [4], [3]]


def test_a_block_of_fillers_moves_on():
    logits = np.full((4, len(WITH_FILLER)), -10.0)
    logits[[0, 1], FILLER] = 10.0
    logits[[2, 3], A] = 10.0
    steps: list[Step] = []
    [outcome] = denoise(
        Scripted(logits), [canvas(WITH_FILLER, [None] * 4, True)], Options(block_length=2), steps.append
    )
    assert outcome.tokens.tolist() == [FILLER, FILLER, A, A]
    assert [step.committed.tolist() for step in steps if step.forwards] == [[0, 1], [2, 3]]


def test_the_policy_sees_no_filler_early():
    class Careless(Policy):
        def select(self, view):
            return np.ones(len(view.slots), np.bool_)

    logits = np.full((3, len(WITH_FILLER)), -10.0)
    logits[[0, 1], FILLER] = 10.0
    logits[2, A] = 10.0
    steps: list[Step] = []
    denoise(Scripted(logits), [canvas(WITH_FILLER, [None] * 3, True)], Options(policy=Careless()), steps.append)
    assert [step.committed.tolist() for step in steps if step.forwards] == [[2], [0, 1]]


def test_an_elastic_canvas_has_no_tail():
    with pytest.raises(InputError, match="tail=False"):
        Request((A,), np.zeros(2, np.int64), np.ones(2, np.bool_), elastic=True)


@pytest.mark.parametrize("constrained", [True, False])
def test_a_vocabulary_without_a_token_to_spare_is_refused(constrained):
    bare = lw.Vocabulary(TOKENS, {MASK: "mask", EOS: "other", PAD: "other"})
    [outcome] = denoise(TinyModel(vocabulary=bare), [canvas(bare, [A, None], constrained)])
    assert isinstance(outcome.error, InputError)
