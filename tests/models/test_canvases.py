"""DiffusionGemma in the denoising loop: canvases of random tokens, one after the other."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch
from tiny_checkpoints import diffusion_gemma

import latticework as lw
from latticework.models.base import traits_of

CANVAS = 24
ITEMS = {"type": "array", "items": {"type": "integer", "minimum": 100, "maximum": 999}, "minItems": 15, "maxItems": 18}
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return diffusion_gemma(tmp_path_factory.mktemp("gemma"), canvas=CANVAS)


@pytest.fixture(scope="module")
def model(folder) -> lw.Model:
    return lw.load(folder)


def test_ids_and_traits(model, folder):
    traits = traits_of(model.backend)
    assert (traits.noise, traits.attention, traits.block) == ("uniform", "encoder_decoder", CANVAS)
    assert traits.editable == "until_last_step"
    vocabulary = model.vocabulary
    assert [vocabulary.ids(role) for role in ("pad", "eos", "bos", "mask")] == [(0,), (1, 6), (2,), (4,)]
    assert vocabulary.bytes(3) == b""
    assert model.backend.max_positions == 512
    with pytest.raises(lw.ModelError, match="not for this family"):
        lw.load(folder, attention="full")


def test_logits_are_those_of_the_network_over_prompt_and_noisy_canvas(model, folder, monkeypatch):
    from transformers import DiffusionGemmaForBlockDiffusion

    network = DiffusionGemmaForBlockDiffusion.from_pretrained(folder)
    seen = []
    inner = model.backend._network

    def watched(**kwargs):
        seen.append(kwargs["decoder_input_ids"])
        return inner(**kwargs)

    watched.model = inner.model  # pyright: ignore[reportFunctionMemberAccess]
    monkeypatch.setattr(model.backend, "_network", watched)
    prompt = list(range(300, 309))
    canvas = np.array([70, 4, 4, 71, 4, 72, 4, 4], np.int64)
    [logits] = model.backend.forward_canvases([prompt], [canvas])
    [noisy] = seen
    assert noisy.shape == (1, CANVAS)
    assert noisy[0, [0, 3, 5]].tolist() == [70, 71, 72]
    assert (noisy[0, 8:] == 0).all()
    with torch.no_grad():
        whole = network(input_ids=torch.tensor([prompt]), decoder_input_ids=noisy).logits[0, :8]
    torch.testing.assert_close(logits, whole)
    assert torch.equal(model.backend.forward_canvases([prompt], [canvas])[0], logits)
    ids = torch.tensor([[*prompt, *canvas.tolist()]])
    assert torch.equal(model.backend.forward(ids, torch.ones_like(ids, dtype=torch.bool), 8)[0], logits)


def test_a_finished_canvas_becomes_context_and_later_ones_are_not_rated(model):
    canvas = np.full(60, 4, np.int64)
    [first] = model.backend.forward_canvases([[300]], [canvas])
    assert first[:CANVAS].std() > 0
    assert not first[CANVAS:].any()
    canvas[:CANVAS] = 70
    [second] = model.backend.forward_canvases([[300]], [canvas])
    assert not second[:CANVAS].any()
    assert not second[2 * CANVAS :].any()
    assert second[CANVAS : 2 * CANVAS].std() > 0
    canvas[5] = 71
    [other] = model.backend.forward_canvases([[300]], [canvas])
    assert not torch.equal(other, second)


def test_rows_do_not_depend_on_their_batch(model):
    prompts = [[300, 301, 302], [303], [300, 301, 302]]
    canvases = [np.full(n, 4, np.int64) for n in (9, 30, 12)]
    together = model.backend.forward_canvases(prompts, canvases)
    for prompt, canvas, own in zip(prompts, canvases, together, strict=True):
        assert torch.equal(model.backend.forward_canvases([prompt], [canvas])[0], own)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("schema", [ITEMS, TREE], ids=["three canvases", "recursive"])
def test_what_is_generated_is_valid(model, schema, temperature):
    found = model.generate(["Order 4711", "Ada"], schema, max_tokens=80, temperature=temperature, seed=2)
    for result in found:
        assert result.error is None
        jsonschema.validate(json.loads(result.text), schema)


@pytest.mark.parametrize("block_length", [10, 1000])
def test_nothing_is_committed_in_a_canvas_that_the_network_has_not_seen(model, block_length):
    """Whatever the blocks: the slots that a policy commits lie in one canvas, and canvases are filled in order."""
    steps = []
    model.generate(
        "Ada", ITEMS, max_tokens=80, policy="random", steps=4, seed=0, block_length=block_length, on_step=steps.append
    )
    filled = [{int(slot) // CANVAS for slot in step.committed} for step in steps if len(step.committed)]
    assert len(set().union(*filled)) > 2
    body = filled[:-1]  # the last step may fill what is left of the tail
    assert all(len(canvases) == 1 for canvases in body)
    order = [next(iter(canvases)) for canvases in body]
    assert order == sorted(order)


def test_holes_and_context_free_grammars(model):
    result = model.infill(["[1, ", lw.Hole(8), ', {"a": ', lw.Hole(6), "}]"], lw.lark("json"))
    assert json.loads(result.text)[0] == 1


def test_a_plain_text_and_guidance(model):
    assert model.generate("hi", max_tokens=12).error is None


def test_a_tied_tensor_need_not_be_stored_and_others_must(folder, tmp_path):
    from safetensors.torch import load_file, save_file

    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    tensors = load_file(tmp_path / "model.safetensors")
    assert "model.encoder.language_model.embed_tokens.weight" not in tensors
    del tensors["model.decoder.self_conditioning.up_proj.weight"]
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(lw.ModelError, match=r"missing .*self_conditioning\.up_proj"):
        lw.load(tmp_path)
