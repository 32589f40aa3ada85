"""``generate(cache=...)`` with checkpoints of every family: exact with a refresh in every forward, valid always."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
import tiny_checkpoints
import torch

import latticework as lw
from latticework.diffusion.caches import STRATEGIES, FreeCache, cached
from latticework.diffusion.loop import _batch
from latticework.errors import InputError

SCHEMA = {
    "type": "object",
    "properties": {"paid": {"type": "boolean"}, "name": {"type": "string", "maxLength": 4}},
    "required": ["paid", "name"],
    "additionalProperties": False,
}


@lru_cache
def model_of(family: str) -> lw.Model:
    if family == "embedded":
        return lw.load("embedded")
    return lw.load(tiny_checkpoints.FAMILIES[family](Path(mkdtemp())), dtype="fp32")


def rows(model: lw.Model, seed: int):
    """Two canvases that are filled from the left, as decoding in blocks of 8 does."""
    rng = np.random.default_rng(seed)
    prompts = [
        tuple(model.backend.encode_prompt(text, None)) for text in ("Kiel", "Order 4711 from Ada Byron of Kiel.")
    ]
    canvases = [np.full(slots, model.backend.mask_id) for slots in (11, 16)]
    for _ in range(6):
        yield prompts, [canvas.copy() for canvas in canvases]
        for canvas in canvases:
            masks = np.flatnonzero(canvas == model.backend.mask_id)[:4]
            canvas[rng.permutation(masks)[:2]] = rng.integers(40, 90)


@pytest.mark.parametrize("family", [*tiny_checkpoints.MASKED, "embedded"])
def test_logits_with_a_refresh_in_every_forward_are_those_without_a_cache(family):
    model = model_of(family)
    for name in STRATEGIES:
        behind = cached(model.backend, name, {"refresh": 1}, 8)
        for prompts, canvases in rows(model, 1):
            for got, expected in zip(
                behind.forward_canvases(prompts, canvases), _batch(model.backend, prompts, canvases), strict=True
            ):
                assert torch.allclose(got.float(), expected.float(), atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("family", ["fast-dllm", "sdar", "llada2"])
def test_block_causal_families_lose_nothing_with_freecache(family):
    model = model_of(family)
    traits = model.backend.traits
    assert traits.attention == "block_causal"
    behind = cached(model.backend, FreeCache(block=traits.block))
    for prompts, canvases in rows(model, 2):
        expected = _batch(model.backend, prompts, canvases)
        for got, own, canvas in zip(behind.forward_canvases(prompts, canvases), expected, canvases, strict=True):
            open_slots = canvas == model.backend.mask_id
            assert torch.allclose(got[open_slots], own[open_slots], atol=2e-3, rtol=1e-3)
    assert behind.computed < behind.seen


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_is_generated_behind_a_cache_is_valid(name):
    for family in ("llada", "sdar"):
        results = model_of(family).generate(
            ["Kiel paid.", "Ada Byron"],
            SCHEMA,
            max_tokens=28,
            cache=name,
            block_length=8,
            guidance=1.0,
            temperature=1.0,
            seed=3,
        )
        for result in results:
            value = json.loads(result.text)
            assert set(value) == {"paid", "name"}
            assert len(value["name"]) <= 4


@pytest.mark.parametrize("policy", ["rcr", "wino", "freedave", "rho-eos"])
def test_policies_that_revise_draft_and_resize_work_behind_a_cache(policy):
    model = model_of("llada")
    options = {"policy": policy, "max_tokens": 28, "block_length": 8, "seed": 1}
    exact = model.generate("Kiel", SCHEMA, cache="dual", cache_options={"refresh": 1}, **options)
    assert exact.text == model.generate("Kiel", SCHEMA, **options).text
    found = model.generate("Kiel", SCHEMA, cache="dkv", **options)
    assert set(json.loads(found.text)) == {"paid", "name"}


def test_infilling_streams_and_strategies_take_a_cache():
    model = model_of("embedded")
    filled = model.infill(['{"paid":', lw.Hole(4), ',"name":"x"}'], SCHEMA, cache="dual")
    assert json.loads(filled.text)["paid"] in (True, False)
    exact = model.generate("It is paid.", SCHEMA, cache=FreeCache(refresh=1))
    assert exact.text == model.generate("It is paid.", SCHEMA).text
    events = list(model.stream("It is paid.", SCHEMA, cache="prefix"))
    assert json.loads(events[-1].result.text)


def test_what_makes_no_sense_is_refused():
    model = model_of("embedded")
    with pytest.raises(InputError, match="unknown cache"):
        model.generate("x", SCHEMA, cache="lru")
    with pytest.raises(InputError, match="give cache="):
        model.generate("x", SCHEMA, cache_options={"refresh": 2})
    with pytest.raises(InputError, match="random tokens"):
        model_of("diffusion-gemma").generate("x", SCHEMA, cache="dual")
