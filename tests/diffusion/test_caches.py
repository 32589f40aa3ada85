"""Caches: a full pass equals the network without one, a part equals it where nothing else depends on the change."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fake_session import MASK, VOCABULARY
from transformers import LlamaConfig, LlamaForCausalLM

import latticework as lw
from latticework.diffusion.caches import STRATEGIES, CachedModel, Delayed, Dual, Prefix, Window
from latticework.diffusion.loop import Options, denoise
from latticework.diffusion.policies import RCR, Threshold
from latticework.diffusion.records import Request
from latticework.errors import InputError
from latticework.models.base import Traits


class Plain:
    """A tiny Llama with full attention and no cache."""

    name = "tiny"
    mask_id = MASK
    vocabulary = VOCABULARY
    device = torch.device("cpu")
    block_length = None
    max_positions = 64

    def __init__(self, offset: int = 0, layers: int = 2) -> None:
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=len(VOCABULARY),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=layers,
            num_attention_heads=2,
            max_position_embeddings=64,
        )
        self.network = LlamaForCausalLM(config).double().eval()
        torch.nn.init.normal_(self.network.lm_head.weight, std=1.0)
        self.traits = Traits(logit_offset=offset)

    def forward(self, ids, attention, keep):
        mask = torch.ones((len(ids), 1, ids.shape[1], ids.shape[1]), dtype=torch.bool) & attention[:, None, None, :]
        positions = (attention.long().cumsum(1) - 1).clamp_min(0)
        logits = self.network(input_ids=ids, attention_mask=mask, position_ids=positions).logits
        return logits[:, -keep - self.traits.logit_offset : logits.shape[1] - self.traits.logit_offset]


def canvases(seed: int, slots: int = 12):
    """A canvas that is filled two slots at a time."""
    rng = np.random.default_rng(seed)
    canvas, order = np.full(slots, MASK), rng.permutation(slots)
    yield canvas.copy()
    for first in range(0, slots - 2, 2):
        canvas[order[first : first + 2]] = rng.integers(3, 7, 2)
        yield canvas.copy()


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("offset", [0, 1])
def test_with_a_refresh_in_every_forward_logits_are_those_without_a_cache(name, offset):
    plain = Plain(offset)
    cached = CachedModel(plain, plain.network, STRATEGIES[name](refresh=1))
    for canvas in canvases(1):
        ids = torch.from_numpy(np.concatenate(([3, 4, 5], canvas)))[None]
        expected = plain.forward(ids, torch.ones_like(ids, dtype=torch.bool), 12)[0]
        [got] = cached.forward_canvases([(3, 4, 5)], [canvas])
        assert torch.allclose(got, expected, atol=1e-10)
    assert cached.computed == cached.seen


@pytest.mark.parametrize("strategy", [Prefix(block=4), Dual(block=4), Delayed(), Window(active=3, context=5)])
def test_without_a_refresh_less_is_computed_and_masks_are_scored_anew(strategy):
    plain = Plain()
    cached = CachedModel(plain, plain.network, strategy)
    for canvas in canvases(2):
        [got] = cached.forward_canvases([(3, 4, 5)], [canvas])
        assert bool(got.isfinite().all())
    assert cached.computed < cached.seen


@pytest.mark.parametrize("strategy", [Prefix(block=4), Dual(block=4), Delayed(), Window(active=3, context=50)])
def test_in_one_layer_kept_keys_of_unchanged_tokens_are_exact(strategy):
    """Keys and values of a first layer depend on their own token alone, so rows that are computed are exact."""
    plain = Plain(layers=1)
    cached = CachedModel(plain, plain.network, strategy)
    for canvas in canvases(3):
        ids = torch.from_numpy(np.concatenate(([3, 4], canvas)))[None]
        expected = plain.forward(ids, torch.ones_like(ids, dtype=torch.bool), 12)[0]
        [got] = cached.forward_canvases([(3, 4)], [canvas])
        first = int((canvas == MASK).argmax())
        assert torch.allclose(got[first], expected[first], atol=1e-10)


@pytest.mark.parametrize("policy", [Threshold(0.3), RCR(4)], ids=["threshold", "takes back"])
@pytest.mark.parametrize("name", STRATEGIES)
def test_documents_stay_valid_and_rows_are_told_apart(name, policy):
    plain = Plain()
    constraint = lw.compile(lw.regex("[ab](,[ab]){2,4}"), VOCABULARY)
    requests = [Request.blank((3, 4 + row), 9, constraint, (row,)) for row in range(3)]
    cached = CachedModel(plain, plain.network, STRATEGIES[name]())
    for outcome in denoise(cached, requests, Options(policy=policy, block_length=4)):
        assert outcome.error is None
        assert constraint.accepts(VOCABULARY.decode(outcome.tokens[: outcome.body]))
    exact = CachedModel(plain, plain.network, STRATEGIES[name](refresh=1))
    for got, expected in zip(denoise(exact, requests), denoise(plain, requests), strict=True):
        assert got.tokens.tolist() == expected.tokens.tolist()


def test_a_canvas_that_lost_slots_is_computed_in_full():
    plain = Plain()
    cached = CachedModel(plain, plain.network, Delayed(refresh=None))
    shown = list(canvases(4))
    cached.forward_canvases([(3,)], [shown[2]])
    before = cached.computed
    cached.forward_canvases([(3,)], [shown[1]])
    assert cached.computed - before == 13


def test_block_causal_models_are_refused():
    plain = Plain()
    plain.traits = Traits(attention="block_causal", block=4)
    with pytest.raises(InputError, match="full attention"):
        CachedModel(plain, plain.network, Dual())
    with pytest.raises(InputError, match="refresh"):
        Dual(refresh=0)
