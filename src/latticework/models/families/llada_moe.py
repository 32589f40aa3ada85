"""LLaDA-MoE-7B-A1B (inclusionAI): full attention over routed experts, loaded as a Qwen3-MoE network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latticework.errors import ModelError
from latticework.models.base import Traits
from latticework.models.families.family import Config, Family, refuse_other, required
from latticework.models.families.stock import shape

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel


class LLaDAMoE(Family):
    """Queries and keys normed head by head, softmax over experts of which the best keep their probabilities as they
    are, no shared expert: Qwen3-MoE with ``norm_topk_prob`` off (its own code never looks at that field of the config).
    Tensor names are the same."""

    name = "LLaDA-MoE"
    model_types = ("llada_moe", "lladamoe")
    mask_tokens = ("<|mask|>",)
    turn_ends = ("<|role_end|>",)
    block_length = 32

    def network(self, config: Config) -> tuple[type[PreTrainedModel], PretrainedConfig]:
        from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

        refuse_other(
            config,
            self.name,
            qk_layernorm=(True,),
            moe_router_score_function=("softmax", None),
            moe_router_enable_expert_bias=(False, None),
            shared_expert_intermediate_size=(0, None),
            partial_rotary_factor=(1, 1.0, None),
            routed_scaling_factor=(1, 1.0, None),
            attention_bias=(False, None),
            clip_qkv=(None,),
        )
        experts, chosen, width = required(
            config, self.name, "num_experts", "num_experts_per_tok", "expert_intermediate_size"
        )
        dense = [layer for layer, moe in enumerate(_layers_with_experts(config)) if not moe]
        if dense and config.get("dense_intermediate_size") is None:
            raise ModelError(f"config.json of this {self.name} checkpoint lacks dense_intermediate_size")
        fields = {
            **config,
            "intermediate_size": config.get("dense_intermediate_size") or width,
            "head_dim": config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"],
        }
        return Qwen3MoeForCausalLM, Qwen3MoeConfig(
            **shape(fields, self.name, "head_dim", theta=10_000.0),
            moe_intermediate_size=width,
            num_experts=experts,
            num_experts_per_tok=chosen,
            norm_topk_prob=False,
            mlp_only_layers=dense,
        )

    def traits(self, config: Config, name: str) -> Traits:
        return Traits()


def _layers_with_experts(config: Config) -> list[bool]:
    """One flag per layer, from ``moe_layer_freq``: a list of flags or a step."""
    layers = config["num_hidden_layers"]
    frequency = config.get("moe_layer_freq") or 1
    if isinstance(frequency, int):
        return [layer % frequency == 0 for layer in range(layers)]
    return [bool(flag) for flag in frequency]
