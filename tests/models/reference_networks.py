"""The networks of the published checkpoints in plain torch, float64, one sequence at a time, by original names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

Weights = Mapping[str, Tensor]


def logits_of(weights: Weights, config: Mapping[str, Any], ids: list[int], allowed: Tensor) -> Tensor:
    """[L, V] raw output rows; ``allowed`` [L, L] bool, query by key."""
    weights = {name: tensor.double() for name, tensor in weights.items()}
    if any(name.startswith("model.transformer.") for name in weights):
        return _llada(weights, config, ids, allowed)
    return _stock(weights, config, ids, allowed)


def _norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return weight * x / (x.pow(2).mean(-1, keepdim=True) + eps).sqrt()


def _rotate(x: Tensor, theta: float, share: float = 1.0) -> Tensor:
    """Rotary embedding of [H, L, D]: the first ``share`` of the dimensions, in halves."""
    size = int(x.shape[-1] * share)
    half = size // 2
    angle = torch.arange(x.shape[1])[:, None] / theta ** (torch.arange(half, dtype=torch.float64) * 2 / size)
    a, b, rest = x[..., :half], x[..., half:size], x[..., size:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin(), rest], dim=-1)


def _attend(q: Tensor, k: Tensor, v: Tensor, allowed: Tensor) -> Tensor:
    """[L, H * D] from queries [H, L, D] and keys and values of fewer heads, each shared by neighbouring queries."""
    k, v = (x.repeat_interleave(len(q) // len(x), dim=0) for x in (k, v))
    scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(~allowed, float("-inf"))
    return (scores.softmax(-1) @ v).transpose(0, 1).flatten(1)


def _heads(x: Tensor, count: int) -> Tensor:
    return x.unflatten(-1, (count, -1)).transpose(0, 1)


def _gated(x: Tensor, gate: Tensor, up: Tensor, down: Tensor) -> Tensor:
    return (torch.nn.functional.silu(x @ gate.T) * (x @ up.T)) @ down.T


def _llada(w: Weights, config: Mapping[str, Any], ids: list[int], allowed: Tensor) -> Tensor:
    top, eps, theta, heads = "model.transformer.", config["rms_norm_eps"], config["rope_theta"], config["n_heads"]
    x = w[f"{top}wte.weight"][ids]
    for layer in range(config["n_layers"]):
        own = {name.split(".")[-2]: w[name] for name in w if name.startswith(f"{top}blocks.{layer}.")}
        y = _norm(x, own["attn_norm"], eps)
        q, k, v = (_heads(y @ own[f"{name}_proj"].T, heads) for name in "qkv")
        x = x + _attend(_rotate(q, theta), _rotate(k, theta), v, allowed) @ own["attn_out"].T
        x = x + _gated(_norm(x, own["ff_norm"], eps), own["ff_proj"], own["up_proj"], own["ff_out"])
    return _norm(x, w[f"{top}ln_f.weight"], eps) @ w[f"{top}ff_out.weight"].T


def _stock(w: Weights, config: Mapping[str, Any], ids: list[int], allowed: Tensor) -> Tensor:
    eps, theta, share = config["rms_norm_eps"], config["rope_theta"], config.get("partial_rotary_factor", 1.0)
    embed = w.get("model.embed_tokens.weight", w.get("model.word_embeddings.weight"))
    assert embed is not None
    x = embed[ids]
    for layer in range(config["num_hidden_layers"]):
        head = f"model.layers.{layer}."
        own = {name.removeprefix(head): tensor for name, tensor in w.items() if name.startswith(head)}
        q, k, v = _queries_keys_values(own, _norm(x, own["input_layernorm.weight"], eps), config)
        out = own.get("self_attn.o_proj.weight", own.get("attention.dense.weight"))
        assert out is not None
        x = x + _attend(_rotate(q, theta, share), _rotate(k, theta, share), v, allowed) @ out.T
        y = _norm(x, own["post_attention_layernorm.weight"], eps)
        x = x + (_experts(own, y, config) if "mlp.gate.weight" in own else _dense(own, y, "mlp."))
    return _norm(x, w["model.norm.weight"], eps) @ w.get("lm_head.weight", embed).T


def _queries_keys_values(own: Weights, y: Tensor, config: Mapping[str, Any]) -> list[Tensor]:
    counts = [config["num_attention_heads"], config["num_key_value_heads"], config["num_key_value_heads"]]
    fused = own.get("attention.query_key_value.weight")
    if fused is not None:
        parts = list((y @ fused.T).unflatten(-1, (sum(counts), -1)).transpose(0, 1).split(counts))
        norms = [own["attention.query_layernorm.weight"], own["attention.key_layernorm.weight"]]
    else:
        parts = []
        for name, count in zip("qkv", counts, strict=True):
            row = y @ own[f"self_attn.{name}_proj.weight"].T + own.get(f"self_attn.{name}_proj.bias", 0)
            parts.append(_heads(row, count))
        norms = [own.get(f"self_attn.{name}_norm.weight") for name in "qk"]
    for i, norm in enumerate(norms):
        if norm is not None:
            parts[i] = _norm(parts[i], norm, config["rms_norm_eps"])
    return parts


def _dense(own: Weights, y: Tensor, head: str) -> Tensor:
    return _gated(y, *(own[f"{head}{name}_proj.weight"] for name in ("gate", "up", "down")))


def _experts(own: Weights, y: Tensor, config: Mapping[str, Any]) -> Tensor:
    """Token by token: the weights of its experts, then the sum of what they give."""
    rows = []
    for token in y:
        scores = own["mlp.gate.weight"] @ token
        weights = (
            _sigmoid_routing(scores, own, config) if "mlp.gate.expert_bias" in own else _softmax_routing(scores, config)
        )
        row = sum(weight * _dense(own, token, f"mlp.experts.{expert}.") for expert, weight in weights.items())
        rows.append(
            row + _dense(own, token, "mlp.shared_experts.") if "mlp.shared_experts.up_proj.weight" in own else row
        )
    return torch.stack(rows)  # pyright: ignore[reportArgumentType]


def _softmax_routing(scores: Tensor, config: Mapping[str, Any]) -> dict[int, Tensor]:
    shares = scores.softmax(-1)
    chosen = shares.argsort(descending=True)[: config["num_experts_per_tok"]]
    total = sum(shares[expert] for expert in chosen) if config.get("norm_topk_prob") else 1.0
    return {int(expert): shares[expert] / total for expert in chosen}


def _sigmoid_routing(scores: Tensor, own: Weights, config: Mapping[str, Any]) -> dict[int, Tensor]:
    """Groups by the sum of their two best biased scores, then experts of the best groups by their biased scores; shares
    by the scores alone."""
    shares = scores.sigmoid()
    biased = (shares + own["mlp.gate.expert_bias"]).view(config["n_group"], -1)
    best = biased.sort(descending=True).values[:, :2].sum(-1).argsort(descending=True)[: config["topk_group"]]
    open_groups = torch.zeros(config["n_group"], dtype=torch.bool)
    open_groups[best] = True
    biased = biased.masked_fill(~open_groups[:, None], float("-inf")).flatten()
    chosen = biased.argsort(descending=True)[: config["num_experts_per_tok"]]
    total = sum(shares[expert] for expert in chosen)
    return {int(expert): shares[expert] / total * config["routed_scaling_factor"] for expert in chosen}


def full(length: int) -> Tensor:
    return torch.ones(length, length, dtype=torch.bool)


def block_causal(length: int, block: int) -> Tensor:
    """Position by position, as the definition has it."""
    return torch.tensor([[key // block <= query // block for key in range(length)] for query in range(length)])
