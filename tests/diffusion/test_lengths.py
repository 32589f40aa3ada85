"""Canvases that change their length: where, by how much, and that rows with a tail only gain fillings."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fake_session import EOS, BruteConstraint, document_of
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import TinyModel

import latticework as lw
from latticework.diffusion.lengths import (
    MOST_SPARE,
    SPARE,
    reshaped,
    room_behind_full_canvas,
    spare_room,
)
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policies.contract import Resize
from latticework.diffusion.policy import LowConfidence, Threshold
from latticework.diffusion.records import Request
from latticework.tokens.vocabulary import Vocabulary

FILLER = 9


@given(length=st.integers(1, 12), at=st.integers(0, 12), count=st.integers(-12, 12).filter(bool))
def test_values_kept_by_slot_follow_the_slots(length, at, count):
    at = min(at, length)
    count = max(count, at - length)
    if count == 0:
        return
    tokens = np.arange(length)
    shape = reshaped(tokens, np.ones(length, bool), Resize(count, at), limit=30)
    assert shape is not None
    kept = shape.fitted(tokens, -1)
    expected = [*range(at), *[-1] * max(count, 0), *range(at - min(count, 0), length)]
    assert kept.tolist() == expected
    assert len(shape.tokens) == len(shape.free) == len(expected)


def test_nothing_fixed_is_cut_from_the_middle():
    free = np.array([True, False, True, True])
    assert reshaped(np.arange(4), free, Resize(-2, 1), 9) is None
    shape = reshaped(np.arange(4), free, Resize(-2, 2), 9)
    assert shape is not None
    assert shape.tokens.tolist() == [0, 1]


def test_a_room_with_text_loses_the_fillers_it_is_sure_of():
    spare = MOST_SPARE + 3
    hole = np.array([1] * (2 + spare) + [0] + [2] * 3)
    draft = np.array([5, 6] + [FILLER] * spare + [7] + [FILLER] * 3)
    free = np.array([False] + [True] * (1 + spare) + [False] + [True] * 3)
    grows = hole > 0
    sure = np.ones(len(hole))
    assert spare_room(draft, free, hole, grows, sure, FILLER) == Resize(SPARE - spare, 2 + SPARE)
    for changed, why in (
        ((np.where(hole == 1, FILLER, draft), free, grows, sure), "a room without text"),
        ((draft, free, hole == 2, sure), "a room that may not grow"),
        ((draft, free, grows, np.where(np.arange(len(hole)) == 1 + spare, 0.5, sure)), "an unsure filler"),
        ((draft, free & (np.arange(len(hole)) != 8), grows, sure), "a fixed one between"),
    ):
        own_draft, own_free, own_grows, own_sure = changed
        assert spare_room(own_draft, own_free, hole, own_grows, own_sure, FILLER) is None, why


def test_a_canvas_without_end_grows_where_it_is_nearly_full():
    end, parts = np.zeros(8, bool), np.zeros(8, bool)
    end[EOS] = parts[4] = True
    draft = np.array([3, 4, 3, 3])
    free = np.array([False, False, True, True])
    sure = np.array([0.95, 0.0, 0.0, 0.0])
    assert room_behind_full_canvas(draft, draft, free, end, parts, sure) == Resize(4)
    assert room_behind_full_canvas(draft, draft, free, end, parts, sure / 2) is None, "lost its way"
    assert room_behind_full_canvas(draft, draft, free, end, parts, 0 * sure) is None, "nothing was written"
    assert room_behind_full_canvas(draft, draft, free, end, end, sure) is None, "no part begins or ends"
    hardly = np.array([False, True, True, True])
    assert room_behind_full_canvas(draft, draft, hardly, end, parts, sure) is None
    ended = np.array([3, 4, 3, EOS])
    assert room_behind_full_canvas(ended, ended, free, end, parts, sure) is None
    assert room_behind_full_canvas(draft, draft, np.zeros(4, bool), end, parts, sure) is None


ITEMS = Vocabulary([b"", b"", b'"a"', b",", b"[", b"]"], {0: "mask", 1: "eos"})


class Endless(TinyModel):
    """Sure of one item after the other."""

    def forward(self, ids, attention, keep):
        self.batches.append(len(ids))
        logits = torch.zeros(len(ids), keep, len(ITEMS), dtype=torch.float64)
        places = torch.arange(keep)
        logits[:, places, torch.where(places == 0, 4, torch.where(places % 2 == 1, 2, 3))] += 20
        return logits


@pytest.mark.parametrize("block", [1, 2, None])
def test_a_row_grows_to_its_limit_and_keeps_what_is_fixed(block):
    constraint = lw.compile(lw.json_schema({"type": "array", "items": {"const": "a"}}), ITEMS)
    row = Request((3,), np.zeros(7, np.int64), np.ones(7, np.bool_), constraint, most=20)
    steps = []
    model = Endless(0, vocabulary=ITEMS)
    [outcome] = denoise(model, [row], Options(LowConfidence(), block_length=block), steps.append)
    assert outcome.error is None
    text = ITEMS.decode(outcome.tokens[: outcome.body].tolist())
    assert constraint.accepts(text)
    if block == 1:
        assert len(outcome.tokens) == 14, "which no list fills to the last slot"
        assert text.count(b"a") == 6
    before: dict[int, int] = {}
    for step in steps:
        fixed = {int(slot): int(step.tokens[slot]) for slot in np.flatnonzero(~step.free)}
        assert before.items() <= fixed.items(), "what is fixed stays fixed"
        before = fixed


@given(seed=st.integers(0, 99), most=st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_growing_rows_end_and_are_valid(seed, most):
    constraint = BruteConstraint("a(,a)*|b{1,4}")
    row = Request((3,), np.zeros(2, np.int64), np.ones(2, np.bool_), constraint, (seed,), most=most)  # pyright: ignore
    [outcome] = denoise(TinyModel(seed), [row], Options(Threshold(0.9)))
    assert constraint.holds(outcome.tokens)
    assert document_of(outcome.tokens) is not None
    assert len(outcome.tokens) <= max(2, most)
