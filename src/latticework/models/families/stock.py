"""Families whose tensors have the names of a class of transformers already: the Qwen and Llama descendants."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from latticework.errors import ModelError
from latticework.models.base import Traits
from latticework.models.families.family import Config, Family, refuse_other, required, rope

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

_FIELDS = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
_MORE_FIELDS = ("max_position_embeddings", "rms_norm_eps", "hidden_act", "num_key_value_heads", "tie_word_embeddings")


def shape(config: Config, family: str, *more: str, theta: float = 1_000_000.0) -> dict[str, Any]:
    """Arguments of a Llama-like config of transformers. Raises ``ModelError`` for fields that are missing, and for
    windowed attention, which no diffusion model has."""
    refuse_other(config, family, use_sliding_window=(False, None), attention_dropout=(0, 0.0))
    if "sliding_attention" in (config.get("layer_types") or ()):
        raise ModelError(f"this {family} checkpoint has windowed attention (layer_types), which is not supported")
    values = dict(zip(_FIELDS, required(config, family, *_FIELDS), strict=True))
    values |= {field: config[field] for field in (*_MORE_FIELDS, *more) if config.get(field) is not None}
    return values | {"rope_parameters": rope(config, theta)}


def qwen2(config: Config, family: str) -> tuple[type[PreTrainedModel], PretrainedConfig]:
    """Qwen 2 and 2.5: biases of queries, keys and values."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    return Qwen2ForCausalLM, Qwen2Config(**shape(config, family))


def qwen3(config: Config, family: str) -> tuple[type[PreTrainedModel], PretrainedConfig]:
    """Qwen 3: queries and keys are normed head by head."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return Qwen3ForCausalLM, Qwen3Config(**shape(config, family, "head_dim", "attention_bias"))


def qwen3_moe(config: Config, family: str) -> tuple[type[PreTrainedModel], PretrainedConfig]:
    """Qwen 3 with routed experts."""
    from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

    experts = ("moe_intermediate_size", "num_experts", "num_experts_per_tok")
    required(config, family, *experts)
    more = ("head_dim", "attention_bias", "norm_topk_prob", "decoder_sparse_step", "mlp_only_layers", *experts)
    return Qwen3MoeForCausalLM, Qwen3MoeConfig(**shape(config, family, *more))


def llama(config: Config, family: str) -> tuple[type[PreTrainedModel], PretrainedConfig]:
    from transformers import LlamaConfig, LlamaForCausalLM

    more = shape(config, family, "head_dim", "attention_bias", "mlp_bias", theta=10_000.0)
    return LlamaForCausalLM, LlamaConfig(**more)


class Dream(Family):
    """Dream-v0, Dream-Coder, DiffuCoder: Qwen2.5-7B with full attention; each token is scored one row early."""

    name = "Dream"
    model_types = ("Dream", "dream")
    mask_tokens = ("<|mask|>",)

    def network(self, config: Config) -> tuple[type[PreTrainedModel], PretrainedConfig]:
        return qwen2(config, self.name)

    def traits(self, config: Config, name: str) -> Traits:
        return Traits(logit_offset=1)


class FastDLLM(Family):
    """Fast-dLLM v2: Qwen2.5 in blocks of 32, tokens scored a row early, the first of a block by the block before."""

    name = "Fast-dLLM v2"
    model_types = ("Fast_dLLM_Qwen",)
    mask_tokens = ("|<MASK>|", "<|mask|>")

    def network(self, config: Config) -> tuple[type[PreTrainedModel], PretrainedConfig]:
        return qwen2(config, self.name)

    def traits(self, config: Config, name: str) -> Traits:
        return Traits(logit_offset=1, attention="block_causal", block=config.get("bd_size") or 32)


class A2D(Family):
    """Models that dLLM turned from left-to-right into diffusion ones (tiny-a2d). Their configs do not tell the two ways
    of training apart: the names of block-causal checkpoints say ``bd3lm``."""

    name = "a2d"
    model_types = ("a2d-qwen3", "a2d-qwen2", "a2d-llama")
    mask_tokens = ("<|mask|>",)
    turn_ends = ("<|im_end|>", "<|eot_id|>")

    def network(self, config: Config) -> tuple[type[PreTrainedModel], PretrainedConfig]:
        build = {"a2d-qwen3": qwen3, "a2d-qwen2": qwen2, "a2d-llama": llama}[config["model_type"]]
        return build(config, self.name)

    def traits(self, config: Config, name: str) -> Traits:
        return Traits(attention="block_causal", block=32) if "bd3lm" in name else Traits()


class SDAR(Family):
    """SDAR and TraDo: Qwen3, blocks of 4 unless the config or the name (``-b32``) says otherwise."""

    name = "SDAR"
    model_types = ("sdar", "sdar_moe")
    mask_tokens = ("<|MASK|>", "<|mask|>")

    def network(self, config: Config) -> tuple[type[PreTrainedModel], PretrainedConfig]:
        return (qwen3_moe if config["model_type"] == "sdar_moe" else qwen3)(config, self.name)

    def traits(self, config: Config, name: str) -> Traits:
        named = re.search(r"-b(\d+)(?![\w])", name)
        block = config.get("block_size") or config.get("block_length") or (int(named[1]) if named else 4)
        return Traits(attention="block_causal", block=block)
