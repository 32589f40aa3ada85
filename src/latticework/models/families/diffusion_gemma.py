"""DiffusionGemma (Google): Gemma 4 with routed experts, denoises canvases of random tokens; native in transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latticework.errors import ModelError
from latticework.models.base import Traits
from latticework.models.families.family import Config, Family, required

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel


class DiffusionGemma(Family):
    """Its noise is tokens drawn at random. ``<mask>``, which it never sees, marks open slots up to the adapter."""

    name = "DiffusionGemma"
    model_types = ("diffusion_gemma",)
    mask_tokens = ("<mask>", "<unk>")
    turn_ends = ("<turn|>",)
    experts_apart = False

    def network(self, config: Config) -> tuple[type[PreTrainedModel], PretrainedConfig]:
        try:
            from transformers import DiffusionGemmaConfig, DiffusionGemmaForBlockDiffusion
        except ImportError as error:
            raise ModelError("DiffusionGemma takes transformers 5.11 or newer: pip install -U transformers") from error
        required(config, self.name, "text_config", "canvas_length")
        fields = {name: value for name, value in config.items() if name not in ("model_type", "architectures", "dtype")}
        found = DiffusionGemmaConfig(**fields)
        positions = found.get_text_config(decoder=True).max_position_embeddings
        length = found.canvas_length or 0
        if not 0 < length <= positions:
            raise ModelError(
                f"this {self.name} checkpoint has canvas_length={length}, its network {positions} positions"
            )
        return DiffusionGemmaForBlockDiffusion, found

    def traits(self, config: Config, name: str) -> Traits:
        return Traits(
            noise="uniform", attention="encoder_decoder", block=config["canvas_length"], editable="until_last_step"
        )
