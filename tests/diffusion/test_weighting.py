"""Weights on logits against brute force: what they prefer, and that they never change what is valid."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from fake_session import EOS, PAD, TEXT_IDS, VOCABULARY, BruteConstraint, document_of
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import TinyModel

from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policy import Threshold
from latticework.diffusion.records import Request
from latticework.diffusion.weighting import ORDER, Preferences, Source, Weighting
from latticework.errors import InputError
from latticework.models.sources import source_of
from latticework.tokens.vocabulary import Vocabulary

WEIGHTS = st.floats(-6, 6, allow_nan=False)
SILENT = np.array([EOS, PAD])


def request(pattern: str, slots: int, preferences: Preferences, source: Source | None = None, seed: int = 0) -> Request:
    return Request(
        (3, 4),
        np.zeros(slots, np.int64),
        np.ones(slots, np.bool_),
        BruteConstraint(pattern),  # pyright: ignore[reportArgumentType]
        (seed,),
        preferences=preferences,
        source=source,
    )


@given(copy=WEIGHTS, length=WEIGHTS, null=WEIGHTS, seed=st.integers(0, 99), heat=st.sampled_from([0.0, 1.0]))
@settings(max_examples=60, deadline=None)
def test_whatever_is_preferred_the_document_is_valid(copy, length, null, seed, heat):
    wishes = Preferences(copy, length, null)
    options = Options(Threshold(0.6), temperature=heat)
    for pattern in ("a(,a)*", "(ab|b)+,?a", "b?"):
        row = request(pattern, 4, wishes, Source([[3, 4, 6]], [6]), seed)
        [outcome] = denoise(TinyModel(seed), [row], options)
        assert outcome.error is None
        assert BruteConstraint(pattern).holds(outcome.tokens)


@given(bonus=st.floats(0, 5), seed=st.integers(0, 200))
@settings(max_examples=60, deadline=None)
def test_a_bonus_counts_every_token_of_text(bonus, seed):
    slots, pattern = 4, "a(,a)*|(ab|b){0,3}"
    logits = torch.from_numpy(np.random.default_rng(seed).normal(size=(slots, len(VOCABULARY))))
    session = BruteConstraint(pattern).session([0] * slots, [True] * slots)
    weighting = Weighting(Preferences(length_bonus=bonus), VOCABULARY, SILENT)
    own = weighting.added(logits, session.tokens, session.free)
    chosen = session.propose(own).tokens

    def worth(canvas):
        body = sum(token in TEXT_IDS for token in canvas)
        return float(logits[range(slots), canvas].sum()) + bonus * body

    assert math.isclose(worth(chosen), max(map(worth, session._fillings())), abs_tol=1e-9)


def test_a_large_bonus_gives_long_texts_and_a_penalty_short_ones():
    lengths = {}
    for bonus in (-50.0, 50.0):
        row = request("a(,a)*", 5, Preferences(length_bonus=bonus))
        [outcome] = denoise(TinyModel(1), [row], Options(Threshold(0.9)))
        lengths[bonus] = len(document_of(outcome.tokens))
    assert lengths == {-50.0: 1, 50.0: 5}


@given(
    text=st.lists(st.integers(3, 6), max_size=12),
    left=st.lists(st.integers(3, 6), max_size=5),
    own=st.sets(st.integers(3, 6), max_size=2),
)
def test_what_may_be_copied_is_what_follows_the_longest_run(text, left, own):
    found = set(Source([text], own).favoured(left).tolist())
    expected = set(text)
    for length in range(min(ORDER, len(left)), 0, -1):
        run = left[len(left) - length :]
        after = {text[at + length] for at in range(len(text) - length) if text[at : at + length] == run}
        if after:
            expected = after
            break
    assert found == expected | own


def test_copying_is_favoured_from_where_the_value_began():
    words = Vocabulary([b"", b'"', b":", b"New", b"York", b"Haven", b"x"], {0: "mask"})
    weighting = Weighting(Preferences(copy_bias=2.0), words, source=Source([[3, 4]], [1]))
    logits = torch.zeros(4, len(words))
    free = np.array([False, False, True, True])
    rows = weighting.added(logits, np.array([1, 3, 0, 0]), free)
    assert rows[2].tolist() == [0, 2, 0, 0, 2, 0, 0], "behind New stands York or the end of the string"
    assert rows[3].tolist() == [0, 2, 0, 2, 2, 0, 0], "anything of the text where nothing stands to the left"
    assert rows[:2].abs().sum() == 0
    assert logits.abs().sum() == 0, "the model's rows are left alone"
    quoted = weighting.added(logits, np.array([3, 1, 0, 0]), free)
    assert quoted[2].tolist() == rows[3].tolist(), "a value begins behind a quote"


def test_null_is_favoured_where_a_value_may_begin():
    words = Vocabulary([b"", b'":', b"null", b"a"], {0: "mask"})
    weighting = Weighting(Preferences(null_bias=1.5), words)
    rows = weighting.added(torch.zeros(4, 4), np.array([1, 0, 3, 0]), np.array([False, True, False, True]))
    assert rows[1].tolist() == [0, 0, 1.5, 0]
    assert rows[3].abs().sum() == 0, "inside a string"
    without = Weighting(Preferences(null_bias=1.5), VOCABULARY)
    assert without.added(torch.zeros(1, 7), np.zeros(1, int), np.ones(1, bool)).abs().sum() == 0


def test_without_preferences_nothing_is_copied():
    logits = torch.zeros(2, len(VOCABULARY))
    assert Weighting(Preferences(), VOCABULARY).added(logits, np.zeros(2, int), np.ones(2, bool)) is logits


def test_the_source_of_a_prompt_knows_words_with_and_without_their_space():
    words = Vocabulary([b"", b" New", b"New", b" York", b"York", b'"', b"-"], {0: "mask"})
    source = source_of(" New York", None, words, lambda text: words.encode(text.encode()) if text[:1] in " NY" else [])
    assert set(source.favoured([]).tolist()) == {0, 1, 2, 3, 4, 5, 6}, "special tokens and marks are neutral"
    assert set(source.favoured([2]).tolist()) == {0, 3, 5, 6}, "New is followed by the York with a space"


@pytest.mark.parametrize("weight", [math.nan, math.inf, 1e6, -101.0])
def test_weights_are_numbers_of_nats(weight):
    with pytest.raises(InputError, match="copy_bias"):
        Preferences(copy_bias=weight)
