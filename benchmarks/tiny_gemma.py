"""DiffusionGemma with its true architecture and random weights, as small as it gets, over bytes and some words."""

from __future__ import annotations

from typing import Any

import torch

from latticework.tokens.vocabulary import Vocabulary

WORDS = [
    b'{"',
    b'":',
    b',"',
    b'"}',
    b'":"',
    b"true",
    b"false",
    b"null",
    b"name",
    b"the",
    b" a",
    b"\\u00",
    b"\xf0\x9f",
    b'\\"',
]
PAD, EOS, BOS = 0, 1, 2
FIRST = 3
TOKENS = [b"", b"", b"", *[bytes([byte]) for byte in range(256)], *WORDS]
ROLES = {PAD: "pad", EOS: "eos", BOS: "bos"}


def vocabulary(width: int = len(TOKENS)) -> Vocabulary:
    """Bytes and words; wider ones go on with pairs of letters and then with ids that stand for nothing."""
    return Vocabulary(TOKENS, ROLES, width)


def tiny_gemma(width: int = len(TOKENS), canvas: int = 16, seed: int = 0, sharp: float = 1.0) -> Any:
    """The model; ``sharp`` scales its logits, which are flat otherwise."""
    from transformers import DiffusionGemmaConfig, DiffusionGemmaForBlockDiffusion

    torch.manual_seed(seed)
    text = {
        "vocab_size": width,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 2,
        "layer_types": ["sliding_attention", "full_attention"],
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
        "global_head_dim": 8,
        "num_global_key_value_heads": 1,
        "sliding_window": 32,
        "num_experts": 4,
        "top_k_experts": 2,
        "moe_intermediate_size": 8,
        "max_position_embeddings": 4096,
        "initializer_range": 0.5,
    }
    vision = {
        "model_type": "gemma4_vision",
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
    }
    config = DiffusionGemmaConfig(
        text_config=text,
        vision_config=vision,
        canvas_length=canvas,
        boi_token_id=BOS,
        eoi_token_id=BOS,
        image_token_id=width + 1,
        initializer_range=0.5,
    )
    model = DiffusionGemmaForBlockDiffusion(config).eval()
    if sharp != 1.0:
        with torch.no_grad():
            model.model.decoder.norm.weight.mul_(sharp)
    model.generation_config.eos_token_id = [EOS]
    model.generation_config.pad_token_id = PAD
    return model


def prompt(rows: int = 1, length: int = 5, seed: int = 0) -> torch.Tensor:
    return torch.randint(FIRST, FIRST + 256, (rows, length), generator=torch.Generator().manual_seed(seed))
