"""``load``: what is found, and what a refusal names."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_checkpoints import FAMILIES

import latticework as lw
from latticework.models import hub
from latticework.models.embedded import WEIGHTS


def rewrite(folder, **changes):
    """Change fields of ``config.json``; ``None`` takes a field away."""
    config = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps({k: v for k, v in config.items() if v is not None}))


@pytest.fixture
def llada(tmp_path):
    return FAMILIES["llada"](tmp_path)


@pytest.fixture
def offline(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))


def test_the_embedded_model_loads_by_name_and_from_its_folder():
    by_name, by_path = lw.load(), lw.load(WEIGHTS)
    assert by_name.name == "embedded"
    assert by_path.name == str(WEIGHTS)
    assert by_name.vocabulary == by_path.vocabulary
    assert by_name.vocabulary.role(by_name.backend.mask_id) == "mask"
    assert len(by_name.vocabulary.end_tokens) >= 1


def test_the_embedded_model_takes_a_device_alone():
    assert lw.load("embedded", device="auto").backend.device.type in ("cpu", "cuda", "mps")
    with pytest.raises(lw.ModelError, match="no device 'gpu'"):
        lw.load("embedded", device="gpu")
    with pytest.raises(lw.ModelError, match="takes device alone"):
        lw.load("embedded", dtype="bf16")


def test_a_name_that_is_neither_folder_nor_id_says_what_was_tried():
    with pytest.raises(lw.ModelError) as caught:
        lw.load("no/such/folder")
    assert "no/such/folder" in str(caught.value)
    assert '"embedded"' in str(caught.value)


@pytest.mark.usefixtures("offline")
def test_an_id_that_cannot_be_had_says_how_to_get_it():
    with pytest.raises(lw.ModelError) as caught:
        lw.load("GSAI-ML/LLaDA-8B-Instruct")
    assert "GSAI-ML/LLaDA-8B-Instruct is not in the local cache" in str(caught.value)
    assert "hf download GSAI-ML/LLaDA-8B-Instruct" in str(caught.value)


def test_an_id_is_looked_up_in_the_cache(llada, monkeypatch):
    asked = []

    def snapshot_download(name, revision, allow_patterns):
        asked.append((name, revision))
        assert not any(pattern.endswith(".py") for pattern in allow_patterns)
        return str(llada)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    model = lw.load("GSAI-ML/LLaDA-8B-Base", revision="main")
    assert model.name == "GSAI-ML/LLaDA-8B-Base"
    assert asked == [("GSAI-ML/LLaDA-8B-Base", "main")]
    assert hub.checkpoint_folder(llada) == llada


def test_a_folder_of_another_kind_is_refused_by_its_type(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen2"}))
    with pytest.raises(lw.ModelError, match="'qwen2', which is not supported") as caught:
        lw.load(tmp_path)
    assert "LLaDA (llada)" in str(caught.value)


@pytest.mark.parametrize("content", ["{", "[]", "\xff"])
def test_a_broken_config_is_refused(tmp_path, content):
    (tmp_path / "config.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(lw.ModelError):
        lw.load(tmp_path)


def test_a_folder_without_config_or_weights_is_refused(tmp_path):
    with pytest.raises(lw.ModelError, match=r"no config\.json"):
        lw.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "latticework_embedded"}))
    with pytest.raises(lw.ModelError, match="cannot load the embedded model"):
        lw.load(tmp_path)


def test_missing_unexpected_and_misshapen_tensors_are_named(llada):
    tensors = load_file(llada / "model.safetensors")
    del tensors["model.transformer.blocks.1.q_proj.weight"]
    tensors["model.transformer.blocks.0.q_proj.bias"] = torch.zeros(32)
    tensors["model.transformer.ln_f.weight"] = torch.zeros(31)
    save_file(tensors, llada / "model.safetensors")
    with pytest.raises(lw.ModelError) as caught:
        lw.load(llada)
    message = str(caught.value)
    assert "1 missing (by their names in transformers): model.layers.1.self_attn.q_proj.weight" in message
    assert "1 unexpected: model.transformer.blocks.0.q_proj.bias" in message
    assert "model.transformer.ln_f.weight [31], expected [32]" in message


def test_of_many_tensors_the_first_ten_are_named(llada):
    tensors = load_file(llada / "model.safetensors")
    save_file({name: tensors[name] for name in list(tensors)[:2]}, llada / "model.safetensors")
    with pytest.raises(lw.ModelError, match=r"19 missing .* and 9 more"):
        lw.load(llada)


def test_an_expert_that_is_missing_is_named(tmp_path):
    FAMILIES["llada2"](tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    del tensors["model.layers.2.mlp.experts.5.up_proj.weight"]
    tensors["model.layers.1.attention.query_key_value.weight"] = torch.zeros(96, 32)
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(lw.ModelError) as caught:
        lw.load(tmp_path)
    assert "1 missing (by their names in transformers): model.layers.2.mlp.experts.5.up_proj.weight" in str(
        caught.value
    )
    assert "model.layers.1.attention.query_key_value.weight [96, 32], expected [128, 32]" in str(caught.value)


def test_tied_embeddings_need_no_head_and_untied_ones_do(tmp_path):
    FAMILIES["fast-dllm"](tmp_path)
    rewrite(tmp_path, tie_word_embeddings=False)
    with pytest.raises(lw.ModelError, match=r"missing .*lm_head\.weight"):
        lw.load(tmp_path)


def test_weights_in_other_files_or_cut_short_are_refused(llada):
    data = (llada / "model.safetensors").read_bytes()
    (llada / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(lw.ModelError, match=r"model\.safetensors cannot be read"):
        lw.load(llada)
    (llada / "model.safetensors").rename(llada / "pytorch_model.bin")
    with pytest.raises(lw.ModelError, match="from safetensors files only"):
        lw.load(llada)


@pytest.mark.parametrize(
    ("field", "value"),
    [("block_type", "sequential"), ("alibi", True), ("include_qkv_bias", True), ("attention_layer_norm", True)],
)
def test_a_network_that_the_class_cannot_be_is_refused_by_its_field(llada, field, value):
    rewrite(llada, **{field: value})
    with pytest.raises(lw.ModelError, match=f"{field}={value!r}, which is not supported"):
        lw.load(llada)


def test_a_config_without_a_size_is_refused(llada):
    rewrite(llada, n_heads=None)
    with pytest.raises(lw.ModelError, match="lacks n_heads"):
        lw.load(llada)


def test_windowed_attention_is_refused(tmp_path):
    rewrite(FAMILIES["dream"](tmp_path), use_sliding_window=True)
    with pytest.raises(lw.ModelError, match="use_sliding_window"):
        lw.load(tmp_path)


def test_quantized_weights_are_refused(llada):
    rewrite(llada, quantization_config={"quant_method": "gptq"})
    with pytest.raises(lw.ModelError, match="holds quantized weights"):
        lw.load(llada)


def rename_mask(folder, old):
    """A tokenizer that does not call any token by the family's name for the mask."""
    file = folder / "tokenizer.json"
    file.write_text(file.read_text().replace(old, "<other>"))


class TestIds:
    def test_a_mask_id_of_which_sources_differ(self, tmp_path):
        FAMILIES["dream"](tmp_path)
        rewrite(tmp_path, mask_token_id=345)
        with pytest.raises(lw.ModelError, match=r"different mask ids: 345 by mask_token_id of config.json, 344 by"):
            lw.load(tmp_path)

    def test_a_mask_id_that_is_text(self, llada):
        rename_mask(llada, "<|mdm_mask|>")
        rewrite(llada, mask_token_id=65)
        with pytest.raises(lw.ModelError, match="mask id 65 is the ordinary token"):
            lw.load(llada)

    def test_a_mask_id_without_a_column(self, llada):
        rename_mask(llada, "<|mdm_mask|>")
        rewrite(llada, mask_token_id=4000)
        with pytest.raises(lw.ModelError, match="mask id 4000 has no column in the 400 logits"):
            lw.load(llada)

    def test_another_mask_id_of_the_same_code(self, llada):
        """iLLaDA: the mask token is told by the config alone."""
        rewrite(llada, mask_token_id=342)
        with pytest.raises(lw.ModelError, match=r"342 by mask_token_id of config.json, 345 by the token"):
            lw.load(llada)
        rename_mask(llada, "<|mdm_mask|>")
        assert lw.load(llada).backend.mask_id == 342

    def test_no_mask_token(self, tmp_path):
        FAMILIES["fast-dllm"](tmp_path)
        rename_mask(tmp_path, "|<MASK>|")
        with pytest.raises(lw.ModelError, match="no mask token"):
            lw.load(tmp_path)

    def test_an_end_id_that_is_text(self, llada):
        (llada / "generation_config.json").write_text(json.dumps({"eos_token_id": [341, 66]}))
        with pytest.raises(lw.ModelError, match="end id 66 is the ordinary token"):
            lw.load(llada)

    def test_a_tokenizer_wider_than_the_logits(self, llada):
        tensors = load_file(llada / "model.safetensors")
        for name in ("wte", "ff_out"):
            tensors[f"model.transformer.{name}.weight"] = tensors[f"model.transformer.{name}.weight"][:345].contiguous()
        save_file(tensors, llada / "model.safetensors")
        rewrite(llada, embedding_size=345)
        with pytest.raises(lw.ModelError, match=r"has no column|scores 345 ids"):
            lw.load(llada)


class TestDevices:
    @pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
    def test_a_device_that_is_not_there(self, llada):
        with pytest.raises(lw.ModelError, match="torch sees 0 CUDA devices"):
            lw.load(llada, device="cuda")

    def test_names_that_mean_nothing(self, llada):
        with pytest.raises(lw.ModelError, match="no device 'gpu'"):
            lw.load(llada, device="gpu")
        with pytest.raises(lw.ModelError, match="no dtype 'int3'"):
            lw.load(llada, dtype="int3")

    def test_dtypes(self, llada):
        ids = torch.tensor([[5, 6, 7]])
        for name, dtype in (("bf16", torch.bfloat16), ("float32", torch.float32), (torch.float16, torch.float16)):
            backend = lw.load(llada, dtype=name).backend
            assert backend.forward(ids, torch.ones_like(ids, dtype=torch.bool), 1).dtype == dtype

    def test_auto_is_a_device_that_is_there(self, llada):
        assert lw.load(llada, device="auto").backend.device.type in ("cpu", "cuda", "mps")

    def test_out_of_memory_is_a_model_error_and_the_model_goes_on(self, llada, monkeypatch):
        model = lw.load(llada)
        inner = model.backend._network.model  # pyright: ignore[reportAttributeAccessIssue]

        def full(*args, **kwargs):
            raise torch.OutOfMemoryError("no room")

        with monkeypatch.context() as patch:
            patch.setattr(inner, "forward", full)
            with pytest.raises(lw.ModelError, match="out of memory: a forward over 1 rows"):
                model.generate("hello", lw.regex("[ab]{3}"))
        assert len(model.generate("hello", lw.regex("[ab]{3}")).text) == 3


class TestPrompts:
    def test_the_schema_is_written_into_the_user_turn_of_a_chat(self, llada):
        schema = {"type": "object", "properties": {"été": {"type": "integer"}}}
        backend = lw.load(llada).backend
        text = backend.tokenizer.decode(backend.encode_prompt("How much?", schema))
        assert text.startswith("<|startoftext|><|start_header_id|>user<|end_header_id|>\n\nHow much?")
        assert '"été"' in text
        assert text.endswith("<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n")
        plain = lw.load(llada, schema_prompt=False).backend
        assert "été" not in plain.tokenizer.decode(plain.encode_prompt("How much?", schema))

    def test_several_messages(self, llada):
        backend = lw.load(llada).backend
        messages = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "One?"},
            {"role": "assistant", "content": "1"},
            {"role": "user", "content": "Two?"},
        ]
        text = backend.tokenizer.decode(backend.prompts.encode_messages(messages, {"const": 2}))
        assert text.count("<|eot_id|>") == 4
        assert text.index("Two?") < text.index('{"const": 2}') < text.rindex("<|eot_id|>")

    def test_a_base_model_gets_the_plain_text(self, llada):
        settings = json.loads((llada / "tokenizer_config.json").read_text())
        del settings["chat_template"]
        (llada / "tokenizer_config.json").write_text(json.dumps(settings))
        backend = lw.load(llada).backend
        assert backend.tokenizer.decode(backend.encode_prompt("Once", {"type": "integer"})) == "Once"
        with pytest.raises(lw.ModelError, match="no chat template"):
            backend.prompts.encode_messages([{"role": "user", "content": "hi"}])
        with_note = lw.load(llada, schema_prompt=True).backend
        assert "JSON Schema" in with_note.tokenizer.decode(with_note.encode_prompt("Once", {"type": "integer"}))

    def test_a_prompt_that_leaves_no_positions_is_refused_before_any_work(self, llada):
        model = lw.load(llada)
        with pytest.raises(lw.InputError, match="of the 512 positions"):
            model.generate("word " * 600, lw.regex("a"))
        with pytest.raises(lw.InputError, match="max_tokens=600 does not fit"):
            model.generate("word", lw.regex("a"), max_tokens=600)
        with pytest.raises(lw.InputError, match="more than the 512 positions"):
            model.infill(["a" * 400, lw.Hole(300)])
