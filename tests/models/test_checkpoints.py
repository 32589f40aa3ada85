"""Published checkpoints, tiny and random: their logits are those of independent networks, whatever the batch."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
import torch
from reference_networks import block_causal, full, logits_of
from safetensors.torch import load_file
from tiny_checkpoints import MASKED, WIDTH

import latticework as lw
from latticework.models.base import traits_of

BLOCKS = {"fast-dllm": 8, "sdar": 4, "sdar-moe": 4, "llada2": 8}
SHIFTED = {"dream", "diffucoder", "fast-dllm"}
EVERY = pytest.mark.parametrize("family", MASKED)


@cache
def folder_of(family: str) -> Path:
    return MASKED[family](Path(mkdtemp()))


@cache
def loaded(family: str) -> lw.Model:
    return lw.load(folder_of(family), dtype="fp32")


def forward(family: str, ids: list[list[int]], keep: int) -> torch.Tensor:
    """Logits of rows of unequal length, padded on the left."""
    backend = loaded(family).backend
    longest = max(map(len, ids))
    rows = [[backend.mask_id] * (longest - len(row)) + row for row in ids]
    real = [[False] * (longest - len(row)) + [True] * len(row) for row in ids]
    return backend.forward(torch.tensor(rows), torch.tensor(real), keep)


def reference(family: str, ids: list[int]) -> torch.Tensor:
    """[L, V] with the offset undone: row i scores the token at position i."""
    folder = folder_of(family)
    config = json.loads((folder / "config.json").read_text())
    allowed = block_causal(len(ids), BLOCKS[family]) if family in BLOCKS else full(len(ids))
    rows = logits_of(load_file(folder / "model.safetensors"), config, ids, allowed)
    return torch.cat([rows[:1], rows[:-1]]) if family in SHIFTED else rows


def sequence(length: int, seed: int = 0) -> list[int]:
    return torch.randint(0, 340, (length,), generator=torch.Generator().manual_seed(seed)).tolist()


@EVERY
@pytest.mark.parametrize(("length", "keep"), [(21, 13), (16, 16), (1, 1)])
def test_logits_are_those_of_an_independent_network(family, length, keep):
    ids = sequence(length)
    found = forward(family, [ids], keep)
    assert found.shape == (1, keep, WIDTH)
    torch.testing.assert_close(found[0].double(), reference(family, ids)[-keep:], atol=2e-4, rtol=1e-4)


@EVERY
def test_a_padded_batch_equals_single_rows(family):
    rows = [sequence(19, 1), sequence(9, 2), sequence(12, 3)]
    found = forward(family, rows, 9)
    for row, own in zip(rows, found, strict=True):
        torch.testing.assert_close(own, forward(family, [row], 9)[0], atol=2e-4, rtol=1e-4)


@EVERY
def test_a_later_token_changes_an_earlier_row_but_not_across_blocks(family):
    ids = sequence(24)
    base = forward(family, [ids], 24)[0]
    for changed in (7, 23):
        other = [*ids]
        other[changed] = (other[changed] + 1) % 340
        # The sums of an expert are rounded by how many tokens it gets, in the sixth place of logits of about 10.
        moved = (forward(family, [other], 24)[0] - base).abs().amax(dim=1) > 1e-4
        first = changed // BLOCKS[family] * BLOCKS[family] if family in BLOCKS else 0
        if family in SHIFTED:
            first = first + 1 if first else 0  # the row before the block scores its first token
        assert not moved[:first].any()
        assert moved[first]


@EVERY
def test_ids_and_traits(family):
    model = loaded(family)
    backend, traits = model.backend, traits_of(model.backend)
    folder = folder_of(family)
    config = json.loads((folder / "config.json").read_text())
    tokens = {
        token["content"]: token["id"] for token in json.loads((folder / "tokenizer.json").read_text())["added_tokens"]
    }
    mask = next(i for token, i in tokens.items() if "mask" in token.lower())
    assert backend.mask_id == mask
    assert model.vocabulary.role(mask) == "mask"
    turn_end = next(i for token, i in tokens.items() if token in ("<|eot_id|>", "<|im_end|>", "<|role_end|>"))
    assert {turn_end, config["eos_token_id"]} <= set(model.vocabulary.ids("eos"))
    assert len(model.vocabulary) == WIDTH
    assert traits.logit_offset == (family in SHIFTED)
    assert traits.attention == ("block_causal" if family in BLOCKS else "full")
    assert traits.block == BLOCKS.get(family)
    assert backend.max_positions == 512


def test_diffucoder_pads_with_its_own_token():
    vocabulary = loaded("diffucoder").vocabulary
    assert [vocabulary.role(i) for i in vocabulary.ids("pad")] == ["pad"]
    assert set(vocabulary.ids("pad")).isdisjoint(loaded("dream").vocabulary.ids("pad"))


def test_the_ways_of_training_of_a2d_are_told_by_the_name_or_the_caller(tmp_path):
    folder = tmp_path / "Qwen3-0.6B-diffusion-bd3lm-v0.1"
    folder.mkdir()
    MASKED["a2d"](folder)
    assert traits_of(lw.load(folder).backend).block == 32
    assert traits_of(lw.load(folder, attention="full").backend).attention == "full"
    assert traits_of(lw.load(folder, block=16).backend).block == 16
    with pytest.raises(lw.ModelError, match="full attention has no blocks"):
        lw.load(folder, attention="full", block=16)
    with pytest.raises(lw.ModelError, match="takes the length of a block"):
        lw.load(folder_of("a2d"), attention="block_causal")


def test_dreams_tokenizer_in_the_old_format(tmp_path):
    """Dream keeps ``vocab.json`` and ``merges.txt`` under a tokenizer class that exists in its remote code alone."""
    MASKED["dream"](tmp_path)
    whole = lw.load(tmp_path)
    content = json.loads((tmp_path / "tokenizer.json").read_text())
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "vocab.json").write_text(json.dumps(content["model"]["vocab"]))
    merges = [" ".join(pair) if isinstance(pair, list) else pair for pair in content["model"]["merges"]]
    (tmp_path / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]))
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text())
    added = {str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in content["added_tokens"]}
    settings |= {"tokenizer_class": "DreamTokenizer", "added_tokens_decoder": added}
    settings["auto_map"] = {"AutoTokenizer": ["tokenization_dream.DreamTokenizer", None]}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    old = lw.load(tmp_path)
    assert old.vocabulary == whole.vocabulary
    assert old.backend.encode_prompt("Grüße", None) == whole.backend.encode_prompt("Grüße", None)


@pytest.mark.parametrize("family", ["llada", "sdar", "llada2"])
def test_a_checkpoint_saved_in_shards_and_bfloat16_loads_again(family, tmp_path):
    from safetensors.torch import save_file

    tensors = load_file(MASKED[family](tmp_path) / "model.safetensors")
    (tmp_path / "model.safetensors").unlink()
    names = sorted(tensors)
    halves = {"model-1.safetensors": names[::2], "model-2.safetensors": names[1::2]}
    for file, own in halves.items():
        save_file({name: tensors[name].bfloat16() for name in own}, tmp_path / file)
    index = {name: file for file, own in halves.items() for name in own}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    again = lw.load(tmp_path, dtype="fp32").backend
    ids = torch.tensor([sequence(12)])
    found = again.forward(ids, torch.ones_like(ids, dtype=torch.bool), 12)
    assert found.dtype == torch.float32
    ours = forward(family, ids.tolist(), 12)
    assert (found - ours).abs().max() < 1.5  # rounded weights of a random network
    assert torch.corrcoef(torch.stack([found.flatten(), ours.flatten()]))[0, 1] > 0.99
    auto = lw.load(tmp_path).backend
    assert auto.forward(ids, torch.ones_like(ids, dtype=torch.bool), 1).dtype == torch.bfloat16


SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 12}, "paid": {"type": "boolean"}},
    "required": ["name", "paid"],
}
TREE = {
    "$ref": "#/$defs/tree",
    "$defs": {
        "tree": {
            "type": "object",
            "properties": {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/tree"}},
            "required": ["v"],
        }
    },
}


@EVERY
def test_what_is_generated_is_valid(family):
    import ast

    import jsonschema

    model = loaded(family)
    for schema in (SCHEMA, TREE):
        for temperature in (0.0, 1.0):
            found = model.generate(["Order 4711", "Ada"], schema, max_tokens=40, temperature=temperature, seed=1)
            for result in found:
                assert result.error is None
                jsonschema.validate(json.loads(result.text), schema)
    ast.parse(model.infill(["def f(x):\n    return ", lw.Hole(6), "\n"], lw.lark("python")).text)
    assert "+" in model.infill(["1", lw.Hole(5), "+", lw.Hole(3)], lw.lark("arithmetic")).text


def test_blocks_of_the_canvas_continue_those_of_the_prompt():
    """A block-causal network sees blocks from the start of the prompt: the first of the canvas is what is left."""
    model = loaded("sdar")
    lead = len(model.backend.encode_prompt("Order 4711", SCHEMA)) % 4
    seen: list[set[int]] = []
    model.generate(
        "Order 4711",
        SCHEMA,
        max_tokens=40,
        policy="low-confidence",
        on_step=lambda step: seen.append(set(step.committed)),
    )
    blocks = [{(slot + lead) // 4 for slot in slots} for slots in seen if slots]
    assert lead
    assert all(len(block) == 1 for block in blocks[:-1])
