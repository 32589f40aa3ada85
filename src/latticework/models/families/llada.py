"""LLaDA-8B Base, Instruct and 1.5, and checkpoints with the same code (ML-GSAI/LLaDA)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from latticework.models.base import Traits
from latticework.models.families.family import Config, Family, refuse_other, required, rope

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

_TOP = {"wte": "model.embed_tokens", "ln_f": "model.norm", "ff_out": "lm_head"}
_LAYER = {
    "attn_norm": "input_layernorm",
    "ff_norm": "post_attention_layernorm",
    "q_proj": "self_attn.q_proj",
    "k_proj": "self_attn.k_proj",
    "v_proj": "self_attn.v_proj",
    "attn_out": "self_attn.o_proj",
    "ff_proj": "mlp.gate_proj",
    "up_proj": "mlp.up_proj",
    "ff_out": "mlp.down_proj",
}


class LLaDA(Family):
    """Llama's network under other names, without a causal mask: the same rotary layout, gate and norms, no biases."""

    name = "LLaDA"
    model_types = ("llada",)
    mask_tokens = ("<|mdm_mask|>",)
    turn_ends = ("<|eot_id|>",)
    block_length = 32

    def network(self, config: Config) -> tuple[type[PreTrainedModel], PretrainedConfig]:
        from transformers import LlamaConfig, LlamaForCausalLM

        refuse_other(
            config,
            self.name,
            block_type=("llama",),
            activation_type=("silu",),
            layer_norm_type=("rms",),
            rope=(True,),
            alibi=(False, None),
            include_bias=(False, None),
            include_qkv_bias=(False, None),
            attention_layer_norm=(False, None),
            input_emb_norm=(False, None),
            scale_logits=(False, None),
            clip_qkv=(None,),
            multi_query_attention=(None, False),
        )
        hidden, layers, heads, ffn, positions = required(
            config, self.name, "d_model", "n_layers", "n_heads", "mlp_hidden_size", "max_sequence_length"
        )
        return LlamaForCausalLM, LlamaConfig(
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            num_key_value_heads=config.get("n_kv_heads") or heads,
            intermediate_size=ffn,
            vocab_size=config.get("embedding_size") or required(config, self.name, "vocab_size")[0],
            max_position_embeddings=positions,
            rms_norm_eps=config.get("rms_norm_eps", 1e-5),
            rope_parameters=rope(config, 10_000.0),
            tie_word_embeddings=bool(config.get("weight_tying", False)),
            attention_bias=False,
            mlp_bias=False,
        )

    def traits(self, config: Config, name: str) -> Traits:
        return Traits()

    def stock_names(self, tensor: str, config: Config) -> list[tuple[str, int]]:
        found = re.fullmatch(r"(?:model\.)?transformer\.(?:blocks\.(\d+)\.)?(\w+)\.weight", tensor)
        if found is None:
            return [(tensor, 0)]
        layer, part = found.groups()
        names = _TOP if layer is None else _LAYER
        stock = names.get(part, part)
        return [(f"{stock}.weight" if layer is None else f"model.layers.{layer}.{stock}.weight", 0)]
