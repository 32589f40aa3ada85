"""The families of checkpoints that ``load`` reads, by ``model_type``."""

from __future__ import annotations

from latticework.models.families.diffusion_gemma import DiffusionGemma
from latticework.models.families.family import Config, Family
from latticework.models.families.llada import LLaDA
from latticework.models.families.llada2 import LLaDA2
from latticework.models.families.llada_moe import LLaDAMoE
from latticework.models.families.stock import A2D, SDAR, Dream, FastDLLM

FAMILIES: tuple[Family, ...] = (
    LLaDA(),
    LLaDAMoE(),
    LLaDA2(),
    Dream(),
    FastDLLM(),
    A2D(),
    SDAR(),
    DiffusionGemma(),
)


def family_of(config: Config) -> Family | None:
    """The family of a ``config.json``; ``None`` when it is none of these."""
    kind = config.get("model_type")
    # LLaDA-MoE was published under the model type of LLaDA, too; its class tells.
    if kind == "llada" and "num_experts" in config:
        kind = "llada_moe"
    return next((family for family in FAMILIES if kind in family.model_types), None)


__all__ = ["FAMILIES", "Config", "Family", "family_of"]
