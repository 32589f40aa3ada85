"""Every policy under every kind of constraint: valid, ending, reproducible, and nothing that is decided stays open."""

from __future__ import annotations

import json
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lively import LIVELY
from tiny_model import TinyModel

import latticework as lw
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policies.registry import BY_NAME, make_policy
from latticework.diffusion.records import Request
from latticework.diffusion.row_state import MOST_RESIZES, RETRACTS_PER_SLOT

TOKENS = [b"", b"", b"", b"[", b"]", b",", b"1", b"2", b"],", b"[1", b"12"]
VOCABULARY = lw.Vocabulary(TOKENS, {0: "mask", 1: "eos", 2: "pad"})
NESTED = {"anyOf": [{"enum": [1, 12, 21]}, {"type": "array", "items": {"$ref": "#"}, "maxItems": 2}]}
GRAMMARS = {
    "regular": lambda: lw.regex(r"\[(1|2)(,12?)*\]|1{2,6}"),
    "recursive": lambda: lw.json_schema(NESTED),
    "context-free": lambda: lw.lark('start: "[" (start ("," start)*)? "]" | N\nN: /[12]+/'),
    "none": lambda: None,
}


@lru_cache
def constraint(kind: str):
    grammar = GRAMMARS[kind]()
    return None if grammar is None else lw.compile(grammar, VOCABULARY)


def requests_of(kind: str, slots: int, seed: int) -> list[Request]:
    return [Request.blank((3, 4), slots, constraint(kind), (seed, 7))]


def valid(kind: str, outcome) -> bool:
    text = VOCABULARY.decode(outcome.tokens[: outcome.body])
    if kind == "recursive":
        json.loads(text)
    return kind == "none" or constraint(kind).accepts(text)


@pytest.mark.parametrize("kind", GRAMMARS)
@pytest.mark.parametrize("name", BY_NAME)
def test_whatever_a_policy_does_the_result_is_a_document(name, kind):
    @given(
        seed=st.integers(0, 10_000),
        slots=st.integers(2, 9),
        block=st.sampled_from([None, 1, 4]),
        heat=st.sampled_from([0.0, 1.0]),
        lively=st.booleans(),
        scores=st.sampled_from(["constrained", "model"]),
        guidance=st.sampled_from([0.0, 0.0, 1.5]),
    )
    @settings(max_examples=4, deadline=None)
    def holds(seed, slots, block, heat, lively, scores, guidance):
        policy = make_policy(name, scores=scores, **(LIVELY.get(name, {}) if lively else {}))
        options = Options(policy=policy, temperature=heat, block_length=block, guidance=guidance)
        steps = []
        model = TinyModel(seed, vocabulary=VOCABULARY)
        [outcome] = denoise(model, requests_of(kind, slots, seed), options, steps.append)
        assert outcome.error is None
        assert valid(kind, outcome)
        assert len(outcome.tokens) <= slots
        assert (outcome.log_prob <= 1e-9).all()
        assert outcome.forwards == len(model.batches)
        assert outcome.evaluations == sum(model.batches)

        back = sum(len(step.retracted) for step in steps)
        assert outcome.forwards <= slots + back + (MOST_RESIZES if policy.revises else 0)
        assert back <= slots * (1 + RETRACTS_PER_SLOT) * slots
        for step in steps:
            assert len(step.committed) or not step.forwards or policy.revises
            if not policy.revises:
                assert not len(step.retracted)
        if kind in ("regular", "recursive"):
            for step in steps:
                fresh = constraint(kind).session(step.tokens, step.free)
                assert not fresh.forced(), "what is decided is fixed, after slots were taken back, too"

        [again] = denoise(TinyModel(seed, vocabulary=VOCABULARY), requests_of(kind, slots, seed), options)
        assert again.tokens.tolist() == outcome.tokens.tolist()
        assert again.forwards == outcome.forwards

    holds()


@pytest.mark.parametrize("name", BY_NAME)
def test_rows_do_not_depend_on_the_batch(name):
    policy = make_policy(name, **LIVELY.get(name, {}))
    rows = [Request.blank((3,) * size, 4 + size, constraint("regular"), (size,)) for size in (1, 2, 4)]
    options = Options(policy=policy, block_length=4, batch_size=2)
    together = denoise(TinyModel(3, vocabulary=VOCABULARY), rows, options)
    for row, batched in zip(rows, together, strict=True):
        [alone] = denoise(TinyModel(3, vocabulary=VOCABULARY), [row], options)
        assert alone.tokens.tolist() == batched.tokens.tolist()
        assert alone.forwards == batched.forwards


@pytest.mark.parametrize("name", [name for name, kind in BY_NAME.items() if kind.random])
def test_random_policies_follow_the_seed(name):
    def orders(seed):
        steps = []
        rows = [Request.blank((3,), 8, lw.compile(lw.regex("(1|2){8}"), VOCABULARY), (seed,))]
        denoise(TinyModel(1, vocabulary=VOCABULARY), rows, Options(policy=make_policy(name)), steps.append)
        return [step.committed.tolist() for step in steps]

    assert orders(1) == orders(1)
    assert any(orders(1) != orders(seed) for seed in (2, 3, 4))


@given(seed=st.integers(0, 1000), name=st.sampled_from(["rcr", "saber", "wino", "remdm", "editing"]))
@settings(max_examples=20, deadline=None)
def test_given_slots_are_never_taken_back(seed, name):
    tokens = np.array([3, 0, 5, 0, 0, 0])
    free = tokens == 0
    request = Request((3,), tokens, free, constraint("regular"), (seed,))
    steps = []
    policy = make_policy(name, **LIVELY.get(name, {}))
    [outcome] = denoise(TinyModel(seed, vocabulary=VOCABULARY), [request], Options(policy=policy), steps.append)
    assert outcome.error is None
    assert outcome.tokens[~free].tolist() == tokens[~free].tolist()
    assert all(free[step.retracted].all() for step in steps)


@pytest.mark.parametrize("name", BY_NAME)
def test_holes_are_filled_and_the_text_around_them_stays(name):
    vocabulary = lw.Vocabulary([*TOKENS, b""], {0: "mask", 1: "eos", 2: "pad", len(TOKENS): "filler"})
    lists = lw.compile(lw.lark('start: "[" N ("," N)* "]"\nN: /[12]+/'), vocabulary)
    tokens = np.array([3, 0, 0, 0, 5, 0, 0, 4])
    for seed in range(3):
        request = Request((3,), tokens, tokens == 0, lists, (seed,), tail=False, elastic=True)
        options = Options(policy=make_policy(name, **LIVELY.get(name, {})), block_length=[None, 3, 4][seed])
        [outcome] = denoise(TinyModel(seed, vocabulary=vocabulary), [request], options)
        assert outcome.error is None
        assert lists.accepts(vocabulary.decode(outcome.tokens))
        assert outcome.tokens[tokens > 0].tolist() == tokens[tokens > 0].tolist()
