"""Canonical segmentation against a toy tokenizer: longest match, whole texts, whole runs of the loop."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from fake_session import TEXT_IDS, VOCABULARY, BruteConstraint
from hypothesis import given, settings
from hypothesis import strategies as st
from models.tiny_backend import TinyBackend
from tiny_model import TinyModel

from latticework.diffusion.canonical import Segmentation, propose_canonical
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policy import Threshold
from latticework.diffusion.records import Request
from latticework.errors import ModelError
from latticework.models.model import Model


def encode(text: str) -> list[int]:
    return VOCABULARY.encode(text.encode())


SEGMENTATION = Segmentation(VOCABULARY, encode)


def test_pairs_and_whole_texts_agree_where_longest_match_sees_one_token_ahead():
    for tokens in itertools.product(TEXT_IDS, repeat=4):
        seams = SEGMENTATION.seams(np.array(tokens), np.ones(4, bool))
        assert (not seams) == SEGMENTATION.is_canonical(tokens)


def test_only_seams_with_an_open_side_count_and_silence_does_not_part():
    tokens = np.array([3, 1, 4, 3, 4])  # a, end, b, a, b: "ab" is one token
    assert SEGMENTATION.seams(tokens, np.array([True] * 5)) == [(0, 2), (3, 4)]
    assert SEGMENTATION.seams(tokens, np.array([True, True, False, False, False])) == [(0, 2)]


@given(seed=st.integers(0, 300))
@settings(max_examples=60, deadline=None)
def test_proposals_lose_their_seams(seed):
    logits = torch.from_numpy(np.random.default_rng(seed).normal(scale=3, size=(5, len(VOCABULARY))))
    session = BruteConstraint("[ab]{3,6}").session([0] * 5, [True] * 5)
    rows, proposal = propose_canonical(session.propose, logits, session.free, SEGMENTATION)
    text = [token for token in proposal.tokens.tolist() if token in TEXT_IDS]
    assert SEGMENTATION.is_canonical(text)
    assert session.propose(rows).tokens.tolist() == proposal.tokens.tolist()
    plain = session.propose(logits)
    if not SEGMENTATION.seams(plain.tokens, session.free):
        assert rows is logits
        assert proposal.tokens.tolist() == plain.tokens.tolist()


@given(seed=st.integers(0, 300), heat=st.sampled_from([0.0, 1.0]), block=st.sampled_from([None, 1, 2]))
@settings(max_examples=60, deadline=None)
def test_rows_are_canonical_or_say_so(seed, heat, block):
    row = Request(
        (3,),
        np.zeros(5, np.int64),
        np.ones(5, np.bool_),
        BruteConstraint("[ab,]{2,6}"),  # pyright: ignore[reportArgumentType]
        (seed,),
        segmentation=SEGMENTATION,
    )
    [outcome] = denoise(TinyModel(seed), [row], Options(Threshold(0.5), temperature=heat, block_length=block))
    assert outcome.error is None
    assert BruteConstraint("[ab,]{2,6}").holds(outcome.tokens)


SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 8}, "the": {"enum": [True, None]}},
    "required": ["name", "the"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("scaffold", ["soft", "elastic"])
@pytest.mark.parametrize("seed", range(4))
def test_results_tell_and_the_option_holds(scaffold, seed):
    model = Model(TinyBackend(seed))
    plain = model.generate("x", SCHEMA, scaffold=scaffold, threshold=0.3)
    assert plain.canonical == (model.backend.encode_text(plain.text) == list(plain.tokens))
    [asked] = model.generate(["x"], SCHEMA, scaffold=scaffold, threshold=0.3, canonical=True)
    if asked.error is None:
        assert asked.canonical
        assert model.backend.encode_text(asked.text) == list(asked.tokens)
    else:
        assert isinstance(asked.error, ModelError)


def test_parts_of_characters_are_left_to_the_whole_text():
    backend = TinyBackend()
    segmentation = Segmentation(backend.vocabulary, backend.encode_text)
    first, second = 3 + 0xC3, 3 + 0xA9
    assert segmentation.may_adjoin(3 + ord("a"), first)
    assert not segmentation.is_canonical([first, second]), "a token of its own"
    assert not segmentation.is_canonical([first]), "no text"
