"""Caches: a full pass equals the network without one, a part equals it where nothing else depends on the change."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fake_session import MASK, VOCABULARY
from tiny_model import TinyModel
from transformers import LlamaConfig, LlamaForCausalLM

import latticework as lw
from latticework.diffusion.caches import STRATEGIES, Delayed, Dual, FreeCache, Prefix, Window, cached, strategy_of
from latticework.diffusion.caches.reader import StockReader
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

    def reader(self):
        return StockReader(self.network, self.traits)

    def forward(self, ids, attention, keep):
        mask = torch.ones((len(ids), 1, ids.shape[1], ids.shape[1]), dtype=torch.bool) & attention[:, None, None, :]
        positions = (attention.long().cumsum(1) - 1).clamp_min(0)
        if self.traits.block:
            block = positions // self.traits.block
            mask = mask & (block[:, None, None, :] <= block[:, None, :, None])
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


def left_to_right(seed: int, slots: int = 12):
    """A canvas that is filled from the left, two slots of a block of four at a time, in any order."""
    rng = np.random.default_rng(seed)
    canvas = np.full(slots, MASK)
    while (canvas == MASK).any():
        yield canvas.copy()
        first = int((canvas == MASK).argmax()) // 4 * 4
        masks = first + np.flatnonzero(canvas[first : first + 4] == MASK)
        canvas[rng.permutation(masks)[:2]] = rng.integers(3, 7)


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("offset", [0, 1])
def test_with_a_refresh_in_every_forward_logits_are_those_without_a_cache(name, offset):
    plain = Plain(offset)
    behind = cached(plain, STRATEGIES[name](refresh=1))
    for canvas in canvases(1):
        ids = torch.from_numpy(np.concatenate(([3, 4, 5], canvas)))[None]
        expected = plain.forward(ids, torch.ones_like(ids, dtype=torch.bool), 12)[0]
        [got] = behind.forward_canvases([(3, 4, 5)], [canvas])
        assert torch.allclose(got, expected, atol=1e-10)
    assert behind.computed == behind.seen


@pytest.mark.parametrize(
    "strategy", [Prefix(block=4), Dual(block=4), FreeCache(block=4), Delayed(), Window(active=3, context=5)]
)
def test_without_a_refresh_less_is_computed_and_masks_are_scored_anew(strategy):
    plain = Plain()
    behind = cached(plain, strategy)
    for canvas in canvases(2):
        [got] = behind.forward_canvases([(3, 4, 5)], [canvas])
        assert bool(got.isfinite().all())
    assert behind.computed < behind.seen


@pytest.mark.parametrize(
    "strategy", [Prefix(block=4), Dual(block=4), FreeCache(block=4), Delayed(), Window(active=3, context=50)]
)
def test_in_one_layer_kept_keys_of_unchanged_tokens_are_exact(strategy):
    """Keys and values of a first layer depend on their own token alone, so rows that are computed are exact."""
    plain = Plain(layers=1)
    behind = cached(plain, strategy)
    for canvas in canvases(3):
        ids = torch.from_numpy(np.concatenate(([3, 4], canvas)))[None]
        expected = plain.forward(ids, torch.ones_like(ids, dtype=torch.bool), 12)[0]
        [got] = behind.forward_canvases([(3, 4)], [canvas])
        first = int((canvas == MASK).argmax())
        assert torch.allclose(got[first], expected[first], atol=1e-10)


@pytest.mark.parametrize("policy", [Threshold(0.3), RCR(4)], ids=["threshold", "takes back"])
@pytest.mark.parametrize("name", STRATEGIES)
def test_documents_stay_valid_and_rows_are_told_apart(name, policy):
    plain = Plain()
    constraint = lw.compile(lw.regex("[ab](,[ab]){2,4}"), VOCABULARY)
    requests = [Request.blank((3, 4 + row), 9, constraint, (row,)) for row in range(3)]
    behind = cached(plain, STRATEGIES[name]())
    for outcome in denoise(behind, requests, Options(policy=policy, block_length=4)):
        assert outcome.error is None
        assert constraint.accepts(VOCABULARY.decode(outcome.tokens[: outcome.body]))
    exact = cached(plain, STRATEGIES[name](refresh=1))
    for got, expected in zip(denoise(exact, requests), denoise(plain, requests), strict=True):
        assert got.tokens.tolist() == expected.tokens.tolist()


def test_a_canvas_that_lost_slots_is_computed_in_full():
    plain = Plain()
    behind = cached(plain, Delayed(refresh=None))
    shown = list(canvases(4))
    behind.forward_canvases([(3,)], [shown[2]])
    before = behind.computed
    behind.forward_canvases([(3,)], [shown[1]])
    assert behind.computed - before == 13


@pytest.mark.parametrize("width", [3, 4, 5])
def test_a_block_causal_network_loses_nothing_with_its_own_blocks(width):
    """What is behind a finished block never changes it: rows from the active block on are those without a cache."""
    for offset in (0, 1):
        plain = Plain(offset)
        plain.traits = Traits(attention="block_causal", block=4, logit_offset=offset)
        behind = cached(plain, "freecache", block_length=4)
        prompt = (3, 4, 5, 6, 3)[:width]
        for canvas in left_to_right(5):
            ids = torch.from_numpy(np.concatenate((prompt, canvas)))[None]
            expected = plain.forward(ids, torch.ones_like(ids, dtype=torch.bool), 12)[0]
            [got] = behind.forward_canvases([prompt], [canvas])
            open_slots = canvas == MASK
            assert torch.allclose(got[open_slots], expected[open_slots], atol=1e-10)
        assert behind.computed < 0.8 * behind.seen


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_token_that_was_written_anew_leaves_nothing_kept(name):
    """Neither under a slot of the canvas nor under one of the prompt."""
    plain = Plain()
    for place in (0, 2, 6):
        behind = cached(plain, name, block_length=4)
        row = np.array([3, 4, 5, 5, MASK, MASK, 5, MASK, 5, MASK, MASK, MASK, 5, MASK])
        behind.forward_canvases([tuple(row[:2].tolist())], [row[2:]])
        row[place] = 6
        expected = plain.forward(torch.from_numpy(row)[None], torch.ones((1, 14), dtype=torch.bool), 12)[0]
        [got] = behind.forward_canvases([tuple(row[:2].tolist())], [row[2:]])
        assert torch.allclose(got, expected, atol=1e-10)


def test_rows_of_a_batch_are_those_of_single_rows():
    plain = Plain()
    together, alone = cached(plain, Delayed()), [cached(plain, Delayed()) for _ in range(3)]
    prompts = [(3,), (4, 5), (6, 3, 4)]
    for shown in zip(canvases(6), canvases(7, 9), canvases(8, 12), strict=False):
        for got, own, prompt, canvas in zip(
            together.forward_canvases(prompts, shown), alone, prompts, shown, strict=True
        ):
            [expected] = own.forward_canvases([prompt], [canvas])
            assert torch.allclose(got, expected, atol=1e-10)
    assert together.computed == sum(own.computed for own in alone)
    assert together.most_bytes == sum(own.most_bytes for own in alone) > 0


def test_another_prompt_or_length_shares_nothing():
    plain = Plain()
    behind = cached(plain, Delayed(refresh=None))
    for prompt, slots in (((3,), 4), ((4,), 4), ((4,), 5)):
        before = behind.computed
        behind.forward_canvases([prompt], [np.full(slots, MASK)])
        assert behind.computed - before == len(prompt) + slots


def test_names_and_options():
    assert strategy_of("dual", block_length=8) == Dual(block=8)
    assert strategy_of("dual", {"block": 4}, 8) == Dual(block=4)
    assert strategy_of(Prefix(refresh=2), None, 8) == Prefix(refresh=2, block=8)
    assert strategy_of("dkv", {"refresh": 4}) == Delayed(refresh=4)
    with pytest.raises(InputError, match="unknown cache 'lru'; known: prefix"):
        strategy_of("lru")
    with pytest.raises(InputError, match="block= is no option of the cache 'dkv'"):
        strategy_of("dkv", {"block": 4})
    with pytest.raises(InputError, match="cache_options"):
        strategy_of(Dual(), {"block": 4})
    for wrong in (0, True, 1.5):
        with pytest.raises(InputError, match="refresh"):
            strategy_of("dual", {"refresh": wrong})


def test_a_network_that_cannot_be_computed_in_parts_is_refused():
    with pytest.raises(InputError, match="tiny has none"):
        cached(TinyModel(), "dual")
