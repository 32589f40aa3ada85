"""LLaDA2.0 and later (inclusionAI): blocks of 32 over routed experts, loaded as a GLM-4-MoE network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latticework.models.base import Traits
from latticework.models.families.family import Config, Family, refuse_other, required, rope
from latticework.models.families.stock import shape

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

_NAMES = {
    "model.word_embeddings.": "model.embed_tokens.",
    ".attention.query_layernorm.": ".self_attn.q_norm.",
    ".attention.key_layernorm.": ".self_attn.k_norm.",
    ".attention.dense.": ".self_attn.o_proj.",
    ".mlp.gate.expert_bias": ".mlp.gate.e_score_correction_bias",
}
_FUSED = ".attention.query_key_value."


class LLaDA2(Family):
    """The same router (sigmoid scores, a bias for the choice alone, groups of experts), shared expert, norms of queries
    and keys and partly rotated heads as GLM-4-MoE; queries, keys and values come in one tensor."""

    name = "LLaDA2"
    model_types = ("llada2_moe",)
    mask_tokens = ("<|mask|>",)
    turn_ends = ("<|role_end|>",)

    def network(self, config: Config) -> tuple[type[PreTrainedModel], PretrainedConfig]:
        from transformers import Glm4MoeConfig, Glm4MoeForCausalLM

        refuse_other(
            config,
            self.name,
            score_function=("sigmoid", None),
            use_qk_norm=(True,),
            use_bias=(False, None),
            use_qkv_bias=(False, None),
            norm_head=(False, None),
            moe_router_enable_expert_bias=(True,),
        )
        names = ("num_experts", "num_experts_per_tok", "moe_intermediate_size", "n_group", "topk_group")
        experts, chosen, width, groups, best = required(config, self.name, *names)
        rotated = config.get("partial_rotary_factor", 1.0)
        fields = shape(config, self.name)
        fields["rope_parameters"] = {"partial_rotary_factor": rotated} | rope(config, 10_000.0)
        fields["head_dim"] = _head_dim(config)
        return Glm4MoeForCausalLM, Glm4MoeConfig(
            **fields,
            attention_bias=False,
            use_qk_norm=True,
            moe_intermediate_size=width,
            n_routed_experts=experts,
            num_experts_per_tok=chosen,
            n_group=groups,
            topk_group=best,
            n_shared_experts=required(config, self.name, "num_shared_experts")[0],
            first_k_dense_replace=config.get("first_k_dense_replace", 0),
            routed_scaling_factor=config.get("routed_scaling_factor", 1.0),
            norm_topk_prob=chosen > 1,
        )

    def traits(self, config: Config, name: str) -> Traits:
        return Traits(attention="block_causal", block=config.get("block_size") or 32)

    def stock_names(self, tensor: str, config: Config) -> list[tuple[str, int]]:
        if _FUSED in tensor:
            head = _head_dim(config)
            queries, keys = config["num_attention_heads"] * head, config["num_key_value_heads"] * head
            parts = {"q_proj": queries, "k_proj": keys, "v_proj": keys}
            return [(tensor.replace(_FUSED, f".self_attn.{part}."), rows) for part, rows in parts.items()]
        for own, stock in _NAMES.items():
            tensor = tensor.replace(own, stock)
        return [(tensor, 0)]


def _head_dim(config: Config) -> int:
    return config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
