"""Tiny random checkpoints with the tensor names, config fields and special tokens of the published ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

CORPUS = [
    '{"name": "Ada Byron", "paid": true, "total": 129.90, "items": [{"id": 1}, {"id": 2}], "note": null}',
    "Order 4711 from Ada Byron of Kiel: three lamps for 129.90 euros, due 2026-12-24, not yet paid.",
    "def area(width, height):\n    return width * height\n",
    "Grüße aus Köln, où l'été est là.",
]
SPECIAL = {
    "llada": (
        "<|startoftext|>", "<|endoftext|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|mdm_mask|>",
    ),
    "qwen": ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|beginoftext|>", "<|mask|>", "<|dlm_pad|>"),
    "fast": ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "|<MASK>|"),
    "sdar": ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|MASK|>"),
    "inclusion": ("<|startoftext|>", "<|endoftext|>", "<role>", "</role>", "<|role_end|>", "<|mask|>"),
}  # fmt: skip
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA3 = (
    "<|startoftext|>{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n"
    "{{ m.content }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
ROLES = (
    "{% for m in messages %}<role>{{ m.role }}</role>{{ m.content }}<|role_end|>{% endfor %}"
    "{% if add_generation_prompt %}<role>ASSISTANT</role>{% endif %}"
)
WIDTH = 400  # columns of the logits, more than the tokenizers have


def tokenizer_of(kind: str) -> Tokenizer:
    """Byte-level BPE with some merges, the special tokens after the text tokens as in the published ones."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=340, initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL[kind]])
    return tokenizer


def write_tokenizer(folder: Path, kind: str, **config: Any) -> dict[str, int]:
    """``tokenizer.json`` and ``tokenizer_config.json``; the id of every special token."""
    tokenizer = tokenizer_of(kind)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", **config}))
    return {token: tokenizer.token_to_id(token) for token in SPECIAL[kind]}


def write(folder: Path, config: dict[str, Any], tensors: dict[str, torch.Tensor]) -> Path:
    (folder / "config.json").write_text(json.dumps(config))
    save_file(tensors, folder / "model.safetensors")
    return folder


class Draw:
    """Random tensors large enough to make logits differ, norms near 1."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def __call__(self, *shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=self._generator) * 0.35

    def norm(self, size: int) -> torch.Tensor:
        return 1 + 0.2 * torch.randn(size, generator=self._generator)


def llada(folder: Path, seed: int = 0, layers: int = 2, d: int = 32, ffn: int = 48) -> Path:
    draw = Draw(seed)
    ids = write_tokenizer(
        folder, "llada", bos_token="<|startoftext|>", eos_token="<|endoftext|>", pad_token="<|endoftext|>",
        chat_template=LLAMA3,
    )  # fmt: skip
    config = {
        "model_type": "llada", "architectures": ["LLaDAModelLM"],
        "auto_map": {"AutoModel": "modeling_llada.LLaDAModelLM"},
        "block_type": "llama", "activation_type": "silu", "layer_norm_type": "rms", "rope": True, "alibi": False,
        "d_model": d, "n_layers": layers, "n_heads": 4, "n_kv_heads": 4, "mlp_hidden_size": ffn, "mlp_ratio": 4,
        "embedding_size": WIDTH, "vocab_size": WIDTH - 8, "max_sequence_length": 512, "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0, "rope_full_precision": True, "weight_tying": False, "include_bias": False,
        "include_qkv_bias": False, "mask_token_id": ids["<|mdm_mask|>"], "eos_token_id": ids["<|endoftext|>"],
        "pad_token_id": ids["<|endoftext|>"],
    }  # fmt: skip
    top = "model.transformer."
    tensors = {
        f"{top}wte.weight": draw(WIDTH, d),
        f"{top}ln_f.weight": draw.norm(d),
        f"{top}ff_out.weight": draw(WIDTH, d),
    }
    for layer in range(layers):
        own = f"{top}blocks.{layer}."
        tensors |= {f"{own}{name}.weight": draw(d, d) for name in ("q_proj", "k_proj", "v_proj", "attn_out")}
        tensors |= {f"{own}{name}.weight": draw(ffn, d) for name in ("ff_proj", "up_proj")}
        tensors |= {f"{own}ff_out.weight": draw(d, ffn)}
        tensors |= {f"{own}{name}.weight": draw.norm(d) for name in ("attn_norm", "ff_norm")}
    return write(folder, config, tensors)


def _llama_like(draw: Draw, d: int, ffn: int, layers: int, heads: int, keys: int, head: int, bias: bool, norms: bool):
    tensors = {
        "model.embed_tokens.weight": draw(WIDTH, d),
        "model.norm.weight": draw.norm(d),
        "lm_head.weight": draw(WIDTH, d),
    }
    for layer in range(layers):
        own = f"model.layers.{layer}."
        for name, rows in (("q", heads * head), ("k", keys * head), ("v", keys * head)):
            tensors[f"{own}self_attn.{name}_proj.weight"] = draw(rows, d)
            if bias:
                tensors[f"{own}self_attn.{name}_proj.bias"] = draw(rows)
        if norms:
            tensors |= {f"{own}self_attn.{name}_norm.weight": draw.norm(head) for name in "qk"}
        tensors[f"{own}self_attn.o_proj.weight"] = draw(d, heads * head)
        tensors |= {f"{own}mlp.{name}_proj.weight": draw(ffn, d) for name in ("gate", "up")}
        tensors[f"{own}mlp.down_proj.weight"] = draw(d, ffn)
        tensors |= {f"{own}{name}_layernorm.weight": draw.norm(d) for name in ("input", "post_attention")}
    return tensors


def _qwen_config(model_type: str, ids: dict[str, int], **more: Any) -> dict[str, Any]:
    return {
        "model_type": model_type, "vocab_size": WIDTH, "hidden_size": 32, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 48, "hidden_act": "silu",
        "max_position_embeddings": 512, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0, "rope_scaling": None,
        "tie_word_embeddings": False, "use_sliding_window": False, "sliding_window": 4096, "torch_dtype": "float32",
        "transformers_version": "4.46.2", "eos_token_id": ids["<|endoftext|>"], "pad_token_id": ids["<|endoftext|>"],
    } | more  # fmt: skip


def dream(folder: Path, seed: int = 0) -> Path:
    """With Dream's own tokenizer class, which exists only in its remote code, and its files in the old format."""
    ids = write_tokenizer(
        folder, "qwen", bos_token="<|beginoftext|>", eos_token="<|endoftext|>", pad_token="<|endoftext|>",
        mask_token="<|mask|>", chat_template=CHATML,
    )  # fmt: skip
    tensors = _llama_like(Draw(seed), 32, 48, 2, 4, 2, 8, bias=True, norms=False)
    config = _qwen_config(
        "Dream", ids, architectures=["DreamModel"], mask_token_id=ids["<|mask|>"], max_window_layers=28,
        auto_map={"AutoModel": "modeling_dream.DreamModel"},
    )  # fmt: skip
    return write(folder, config, tensors)


def diffucoder(folder: Path, seed: int = 0) -> Path:
    """The tokenizer pads with a token of its own; the config names another one."""
    dream(folder, seed)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "pad_token": "<|dlm_pad|>"}))
    return folder


def fast_dllm(folder: Path, seed: int = 0, block: int = 8) -> Path:
    """Its config does not name the mask id, and embeddings are tied."""
    ids = write_tokenizer(
        folder, "fast", eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=CHATML
    )  # fmt: skip
    tensors = _llama_like(Draw(seed), 32, 48, 2, 4, 2, 8, bias=True, norms=False)
    del tensors["lm_head.weight"]
    config = _qwen_config(
        "Fast_dLLM_Qwen", ids, bd_size=block, tie_word_embeddings=True, eos_token_id=ids["<|im_end|>"]
    )
    return write(folder, config, tensors)


def a2d(folder: Path, seed: int = 0) -> Path:
    ids = write_tokenizer(
        folder, "qwen", eos_token="<|im_end|>", pad_token="<|endoftext|>", mask_token="<|mask|>", chat_template=CHATML
    )  # fmt: skip
    tensors = _llama_like(Draw(seed), 32, 48, 2, 4, 2, 16, bias=False, norms=True)
    return write(folder, _qwen_config("a2d-qwen3", ids, head_dim=16, attention_bias=False), tensors)


def sdar(folder: Path, seed: int = 0, block: int = 4) -> Path:
    ids = write_tokenizer(
        folder, "sdar", eos_token="<|endoftext|>", pad_token="<|endoftext|>", mask_token="<|MASK|>",
        chat_template=CHATML,
    )  # fmt: skip
    tensors = _llama_like(Draw(seed), 32, 48, 2, 4, 2, 16, bias=False, norms=True)
    (folder / "generation_config.json").write_text(
        json.dumps({"eos_token_id": [ids["<|im_end|>"], ids["<|endoftext|>"]]})
    )
    return write(folder, _qwen_config("sdar", ids, head_dim=16, block_size=block), tensors)


def _experts(draw: Draw, own: str, d: int, width: int, count: int) -> dict[str, torch.Tensor]:
    tensors = {f"{own}mlp.gate.weight": draw(count, d)}
    for expert in range(count):
        tensors |= {f"{own}mlp.experts.{expert}.{name}_proj.weight": draw(width, d) for name in ("gate", "up")}
        tensors[f"{own}mlp.experts.{expert}.down_proj.weight"] = draw(d, width)
    return tensors


def a2d_qwen2(folder: Path, seed: int = 0) -> Path:
    """As dLLM makes of Qwen2.5-Coder-0.5B: biases, tied embeddings."""
    ids = write_tokenizer(
        folder, "qwen", eos_token="<|im_end|>", pad_token="<|endoftext|>", mask_token="<|mask|>", chat_template=CHATML
    )  # fmt: skip
    tensors = _llama_like(Draw(seed), 32, 48, 2, 4, 2, 8, bias=True, norms=False)
    del tensors["lm_head.weight"]
    return write(folder, _qwen_config("a2d-qwen2", ids, tie_word_embeddings=True), tensors)


def a2d_llama(folder: Path, seed: int = 0) -> Path:
    ids = write_tokenizer(
        folder, "llada", bos_token="<|startoftext|>", eos_token="<|eot_id|>", pad_token="<|endoftext|>",
        mask_token="<|mdm_mask|>", chat_template=LLAMA3,
    )  # fmt: skip
    tensors = _llama_like(Draw(seed), 32, 48, 2, 4, 2, 8, bias=False, norms=False)
    config = _qwen_config("a2d-llama", ids, mask_token_id=ids["<|mdm_mask|>"], attention_bias=False, mlp_bias=False)
    return write(folder, config, tensors)


def sdar_moe(folder: Path, seed: int = 0, block: int = 4) -> Path:
    """As SDAR-30B-A3B: routed experts in every layer, their weights made to sum to 1."""
    draw = Draw(seed)
    sdar(folder, seed, block)
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "sdar_moe", "num_experts": 8, "num_experts_per_tok": 3, "moe_intermediate_size": 16,
        "norm_topk_prob": True, "decoder_sparse_step": 1, "mlp_only_layers": [],
    }  # fmt: skip
    tensors = _llama_like(draw, 32, 48, 2, 4, 2, 16, bias=False, norms=True)
    for layer in range(2):
        _without_dense(tensors, layer)
        tensors |= _experts(draw, f"model.layers.{layer}.", 32, 16, 8)
    return write(folder, config, tensors)


def _without_dense(tensors: dict[str, torch.Tensor], layer: int) -> None:
    for name in ("gate", "up", "down"):
        del tensors[f"model.layers.{layer}.mlp.{name}_proj.weight"]


def llada_moe(folder: Path, seed: int = 0) -> Path:
    draw, d = Draw(seed), 32
    ids = write_tokenizer(
        folder, "inclusion", bos_token="<|startoftext|>", eos_token="<|endoftext|>", pad_token="<|endoftext|>",
        mask_token="<|mask|>", chat_template=ROLES,
    )  # fmt: skip
    tensors = _llama_like(draw, d, 48, 2, 4, 4, 8, bias=False, norms=True)
    for layer in range(2):
        _without_dense(tensors, layer)
        tensors |= _experts(draw, f"model.layers.{layer}.", d, 16, 8)
    config = _qwen_config(
        "llada", ids, architectures=["LLaDAMoEModelLM"], num_key_value_heads=4, num_experts=8, num_experts_per_tok=3,
        expert_intermediate_size=16, dense_intermediate_size=48, shared_expert_intermediate_size=None,
        moe_layer_freq=[1, 1], qk_layernorm=True, moe_router_score_function="softmax", rope_theta=50000,
    )  # fmt: skip
    del config["intermediate_size"]
    config["intermediate_size"] = None
    return write(folder, config, tensors)


def llada2(folder: Path, seed: int = 0, block: int = 8) -> Path:
    draw, d, head, width = Draw(seed), 32, 16, 16
    ids = write_tokenizer(
        folder, "inclusion", bos_token="<|startoftext|>", eos_token="<|endoftext|>", pad_token="<|endoftext|>",
        mask_token="<|mask|>", chat_template=ROLES,
    )  # fmt: skip
    tensors = {
        "model.word_embeddings.weight": draw(WIDTH, d),
        "model.norm.weight": draw.norm(d),
        "lm_head.weight": draw(WIDTH, d),
    }
    for layer in range(3):
        own = f"model.layers.{layer}."
        tensors[f"{own}attention.query_key_value.weight"] = draw((4 + 2 * 2) * head, d)
        tensors |= {f"{own}attention.{name}_layernorm.weight": draw.norm(head) for name in ("query", "key")}
        tensors[f"{own}attention.dense.weight"] = draw(d, 4 * head)
        tensors |= {f"{own}{name}_layernorm.weight": draw.norm(d) for name in ("input", "post_attention")}
        if layer == 0:
            tensors |= {f"{own}mlp.{name}_proj.weight": draw(48, d) for name in ("gate", "up")}
            tensors[f"{own}mlp.down_proj.weight"] = draw(d, 48)
            continue
        tensors |= _experts(draw, own, d, width, 8)
        tensors[f"{own}mlp.gate.expert_bias"] = draw(8)
        tensors |= {f"{own}mlp.shared_experts.{name}_proj.weight": draw(width, d) for name in ("gate", "up")}
        tensors[f"{own}mlp.shared_experts.down_proj.weight"] = draw(d, width)
    config = _qwen_config(
        "llada2_moe", ids, num_hidden_layers=3, head_dim=head, use_qk_norm=True, use_qkv_bias=False, use_bias=False,
        num_experts=8, num_experts_per_tok=3, moe_intermediate_size=width, n_group=4, topk_group=2,
        num_shared_experts=1, first_k_dense_replace=1, routed_scaling_factor=2.5, score_function="sigmoid",
        moe_router_enable_expert_bias=True, partial_rotary_factor=0.5, rope_theta=600000, block_size=block,
    )  # fmt: skip
    return write(folder, config, tensors)


def _gemma_tokenizer(folder: Path) -> dict[str, int]:
    """SentencePiece-like BPE with byte fallback; special tokens first, as Gemma has them."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<|turn>", "<turn|>"]
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Replace(" ", "▁")
    trained.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=120, show_progress=False))
    content = json.loads(trained.to_str())["model"]
    pieces = [*special, *(f"<0x{byte:02X}>" for byte in range(256)), *content["vocab"]]
    vocab = {piece: i for i, piece in enumerate(pieces)}
    merges = [tuple(pair) for pair in content["merges"]]
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    tokenizer.save(str(folder / "tokenizer.json"))
    template = (
        "<bos>{% for m in messages %}<|turn>{{ m.role }}\n{{ m.content }}<turn|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|turn>model\n{% endif %}"
    )
    settings = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
    settings |= {"mask_token": "<mask>", "chat_template": template, "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return vocab


def diffusion_gemma(folder: Path, seed: int = 0, canvas: int = 24) -> Path:
    """Random weights in the class of transformers: its tensor names are those of the published checkpoint."""
    from transformers import DiffusionGemmaConfig, DiffusionGemmaForBlockDiffusion

    ids = _gemma_tokenizer(folder)
    text = {
        "vocab_size": 400, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2,
        "layer_types": ["sliding_attention", "full_attention"], "num_attention_heads": 2, "num_key_value_heads": 1,
        "head_dim": 8, "global_head_dim": 8, "num_global_key_value_heads": 1, "sliding_window": 32, "num_experts": 4,
        "top_k_experts": 2, "moe_intermediate_size": 8, "max_position_embeddings": 512, "initializer_range": 0.5,
    }  # fmt: skip
    vision = {
        "model_type": "gemma4_vision", "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8,
    }  # fmt: skip
    config = DiffusionGemmaConfig(
        text_config=text, vision_config=vision, canvas_length=canvas, boi_token_id=2, eoi_token_id=2,
        image_token_id=401, initializer_range=0.5,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = DiffusionGemmaForBlockDiffusion(config)
    model.generation_config.eos_token_id = [ids["<eos>"], ids["<turn|>"]]
    model.generation_config.pad_token_id = ids["<pad>"]
    model.save_pretrained(folder)
    return folder


MASKED = {
    "llada": llada, "dream": dream, "diffucoder": diffucoder, "fast-dllm": fast_dllm, "a2d": a2d, "sdar": sdar,
    "llada-moe": llada_moe, "llada2": llada2, "a2d-qwen2": a2d_qwen2, "a2d-llama": a2d_llama, "sdar-moe": sdar_moe,
}  # fmt: skip
FAMILIES = MASKED | {"diffusion-gemma": diffusion_gemma}
