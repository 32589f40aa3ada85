"""What a checkpoint or a call has wrong is named, before any work, and leaves the model as it was."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_checkpoints import FAMILIES, WIDTH, diffusion_gemma, llada

import latticework as lw


def rewrite(folder, name="config.json", **changes):
    """Change fields of a JSON file; ``None`` stays, as null."""
    file = folder / name
    content = json.loads(file.read_text()) if file.is_file() else {}
    file.write_text(json.dumps(content | changes))


@pytest.mark.parametrize("family", ["llada", "dream", "sdar", "llada2", "diffusion-gemma"])
def test_what_does_not_fit_the_positions_is_refused_and_changes_nothing(tmp_path, family):
    model = lw.load(FAMILIES[family](tmp_path))
    limit = model.backend.max_positions
    assert limit is not None
    before = model.generate("hello", lw.regex("[ab]{8}"), max_tokens=12)
    refused = [
        lambda: model.generate("word " * limit, lw.regex("a")),
        lambda: model.generate("hello", lw.regex("a"), max_tokens=limit),
        lambda: model.infill(["a", lw.Hole(limit)]),
        lambda: list(model.stream("hello", None, max_tokens=limit)),
    ]
    for call in refused:
        with pytest.raises(lw.InputError, match=f"{limit} positions"):
            call()
    rows = model.generate(["hello", "word " * limit], lw.regex("[ab]{8}"), max_tokens=12)
    assert [type(row.error) for row in rows] == [type(None), lw.InputError]
    again = model.generate("hello", lw.regex("[ab]{8}"), max_tokens=12)
    assert (again.tokens, again.confidence) == (before.tokens, before.confidence)


def test_a_canvas_longer_than_the_network_is_refused_at_load(tmp_path):
    diffusion_gemma(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    rewrite(tmp_path, canvas_length=config["text_config"]["max_position_embeddings"] + 1)
    with pytest.raises(lw.ModelError, match=r"canvas_length=\d+, its network \d+ positions"):
        lw.load(tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n_layers", "two"),
        ("n_heads", 5),
        ("n_heads", 0),
        ("d_model", -32),
        ("mlp_hidden_size", [48]),
        ("embedding_size", "400"),
        ("max_sequence_length", "long"),
        ("rope_theta", "high"),
        ("rms_norm_eps", {}),
        ("eos_token_id", "x"),
        ("eos_token_id", [341, "x"]),
        ("eos_token_id", True),
        ("pad_token_id", 3.5),
        ("mask_token_id", "x"),
        ("mask_token_id", [345]),
        ("model_type", 7),
        ("model_type", None),
    ],
)
def test_fields_of_the_config_of_a_wrong_kind(tmp_path, field, value):
    llada(tmp_path)
    rewrite(tmp_path, **{field: value})
    with pytest.raises(lw.ModelError):
        lw.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "field"), [("config.json", "eos_token_id"), ("generation_config.json", "pad_token_id")]
)
def test_ids_that_the_tokenizer_does_not_have(tmp_path, name, field):
    """Columns of the logits beyond the tokenizer stand for nothing: an id there is of another tokenizer."""
    llada(tmp_path)
    rewrite(tmp_path, name, **{field: WIDTH - 1})
    with pytest.raises(lw.ModelError, match=rf"id {WIDTH - 1} of the configs is none of the \d+ ids of the tokenizer"):
        lw.load(tmp_path)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_checkpoint_with_a_tensor_too_few_or_of_another_family(tmp_path, family):
    folder = FAMILIES[family](tmp_path)
    tensors = load_file(folder / "model.safetensors")
    left = next(name for name in sorted(tensors) if "norm" in name and "vision" not in name)
    save_file({name: own for name, own in tensors.items() if name != left}, folder / "model.safetensors")
    with pytest.raises(lw.ModelError, match="1 missing"):
        lw.load(folder)
    save_file({"encoder.weight": torch.zeros(2, 2)}, folder / "model.safetensors")
    with pytest.raises(lw.ModelError, match=r"unexpected: encoder\.weight"):
        lw.load(folder)


@pytest.mark.parametrize("kind", ["qwen2", "nemotron_labs_diffusion", "LLaDA"])
def test_classes_that_are_not_known_are_refused_by_name(tmp_path, kind):
    """Nemotron-Labs-Diffusion among them, whose sampler and special ids are not known well enough."""
    llada(tmp_path)
    rewrite(tmp_path, model_type=kind)
    with pytest.raises(lw.ModelError, match=f"model of type '{kind}', which is not supported. Supported: LLaDA"):
        lw.load(tmp_path)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB)"),
    ],
)
def test_out_of_memory_of_any_device(tmp_path, monkeypatch, error):
    from transformers import LlamaForCausalLM

    def full(*args, **kwargs):
        raise error

    folder = llada(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(LlamaForCausalLM, "from_pretrained", full)
        with pytest.raises(lw.ModelError, match=r"out of memory: the weights of .* do not fit into the memory of cpu"):
            lw.load(folder)
    model = lw.load(folder)
    before = model.generate("hello", lw.regex("[ab]{8}"), max_tokens=12)
    with monkeypatch.context() as patch:
        patch.setattr(model.backend._network.model, "forward", full)  # pyright: ignore[reportAttributeAccessIssue]
        with pytest.raises(lw.ModelError, match="a forward over 1 rows of"):
            model.generate("hello", lw.regex("[ab]{8}"), max_tokens=12)
    assert model.generate("hello", lw.regex("[ab]{8}"), max_tokens=12).tokens == before.tokens


def test_other_errors_of_a_device_are_not_taken_for_memory(tmp_path, monkeypatch):
    model = lw.load(llada(tmp_path))

    def broken(*args, **kwargs):
        raise RuntimeError("device-side assert triggered")

    monkeypatch.setattr(model.backend._network.model, "forward", broken)  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(RuntimeError, match="device-side assert"):
        model.generate("hello", lw.regex("a"))
