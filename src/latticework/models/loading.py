"""``load``: from a name, a folder or an id of the hub to a model that generates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from latticework.errors import ModelError
from latticework.models.base import DiffusionModel, Traits
from latticework.models.model import Model

if TYPE_CHECKING:
    import torch

    from latticework.models.families import Config, Family

_EMBEDDED_TYPE = "latticework_embedded"


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What a user asked for beside the model."""

    device: str | torch.device
    dtype: str | torch.dtype
    quantization: Any
    attention: Literal["full", "block_causal"] | None
    block: int | None
    schema_prompt: bool | None
    rope_scaling: float | Mapping[str, Any] | None


def load(
    name: str | Path = "embedded",
    *,
    device: str | torch.device = "cpu",
    dtype: str | torch.dtype = "auto",
    quantization: Any = None,
    attention: Literal["full", "block_causal"] | None = None,
    block: int | None = None,
    schema_prompt: bool | None = None,
    rope_scaling: float | Mapping[str, Any] | None = None,
    revision: str | None = None,
) -> Model:
    """Load a diffusion language model.

    No code of a checkpoint is run: its weights go into a class of transformers. Its special ids are checked against
    config and tokenizer, its tensors against those of the class, before any weight is read.

    Args:
        name: ``"embedded"``, a folder with a checkpoint, or an id of the hub (``OWNER/NAME``), which is taken from the
            local cache or downloaded. ``docs/models.md`` lists the families.
        device: where forwards run, as torch names it; ``"auto"`` for an accelerator where there is one.
        dtype: of the weights: ``"auto"`` (that of the checkpoint), ``"bf16"``, ``"fp16"``, ``"fp32"`` or torch's.
        quantization: ``"int8"`` or ``"int4"``, by torchao or bitsandbytes, whichever is installed and serves the
            device; ``"torchao-int8"``, ``"torchao-int4"``, ``"bitsandbytes-8bit"``, ``"bitsandbytes-4bit"``; or a
            quantization config of transformers. Linear layers are quantized, not embeddings, head and routed experts.
        attention, block: how the checkpoint was trained, where its config does not tell: ``"full"``, or
            ``"block_causal"`` with blocks of so many tokens.
        schema_prompt: whether the schema of a grammar is written into the prompt; by default for models with a chat
            template. The embedded model has a format of its own.
        rope_scaling: for texts longer than those of the training: the factor of the rotary base (NTK scaling; LongLLaDA
            takes 4, 14 and 31 for 8k, 16k and 24k tokens of LLaDA-8B), or ``{"positions": N}`` for the factor that N
            tokens take. ``max_positions`` grows with it.
        revision: branch, tag or commit on the hub.

    Raises:
        ModelError: there is no such model, it is of no supported family, its files cannot be read, its tensors or ids
            are not those of its family, a package is missing, the device is missing or out of memory.
    """
    wishes = _Wishes(device, dtype, quantization, attention, block, schema_prompt, rope_scaling)
    if str(name) == "embedded":
        return Model(_embedded(None, wishes))
    from latticework.models.checkpoint import read_json
    from latticework.models.families import FAMILIES, family_of
    from latticework.models.hub import checkpoint_folder

    folder = checkpoint_folder(name, revision)
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} is no model folder: it has no config.json")
    config = read_json(folder / "config.json")
    if config.get("model_type") == _EMBEDDED_TYPE:
        return Model(_embedded(folder, wishes))
    family = family_of(config)
    if family is None:
        known = ", ".join(f"{family.name} ({', '.join(family.model_types)})" for family in FAMILIES)
        raise ModelError(
            f"{folder / 'config.json'} describes a model of type {config.get('model_type')!r}, which is not supported. "
            f"Supported: {known}"
        )
    return Model(_checkpoint(str(name), folder, family, config, wishes))


def _checkpoint(name: str, folder: Path, family: Family, config: Config, wishes: _Wishes) -> DiffusionModel:
    from latticework.models.canvases import CanvasModel
    from latticework.models.checkpoint import build_network, config_errors, read_json
    from latticework.models.devices import find_device, find_dtype, find_quantization
    from latticework.models.masked import MaskedModel
    from latticework.models.prompting import PromptFormat
    from latticework.models.special_ids import special_ids
    from latticework.models.tokenizer_files import load_tokenizer
    from latticework.tokens.vocabulary import Vocabulary

    device, dtype = find_device(wishes.device), find_dtype(wishes.dtype)
    if wishes.rope_scaling is not None:
        from latticework.models.rope import scaled

        config = scaled(config, family, wishes.rope_scaling)
    quantization = find_quantization(wishes.quantization, device)
    tokenizer = load_tokenizer(folder)
    generation = read_json(folder / "generation_config.json", missing_ok=True)
    with config_errors(folder, family):
        traits = _traits(family.traits(config, name.lower()), wishes)
        width = int(family.network(config)[1].get_text_config(decoder=True).vocab_size)
        ids = special_ids(family, config, generation, tokenizer, width)
    assert ids.mask is not None
    vocabulary = Vocabulary.from_tokenizer(tokenizer, size=width, special=ids.roles())
    network = build_network(folder, family, config, dtype, device, quantization)
    prompts = PromptFormat(tokenizer, wishes.schema_prompt)
    if traits.attention == "encoder_decoder":
        return CanvasModel(name, network, tokenizer, vocabulary, traits, prompts, ids.mask, device)
    block_length = traits.block or family.block_length
    return MaskedModel(name, network, tokenizer, vocabulary, traits, prompts, ids.mask, device, block_length)


def _traits(own: Traits, wishes: _Wishes) -> Traits:
    """The traits of a family with what the user knows better."""
    if wishes.block is not None and wishes.block < 1:
        raise ModelError(f"block must be at least 1, got {wishes.block}")
    if own.attention == "encoder_decoder":
        if wishes.attention is not None or wishes.block is not None:
            raise ModelError("attention= and block= are not for this family: its config tells the length of a canvas")
        return own
    attention = wishes.attention or own.attention
    if attention not in ("full", "block_causal"):
        raise ModelError(f"attention must be 'full' or 'block_causal', got {attention!r}")
    if attention == "full":
        if wishes.block is not None:
            raise ModelError("full attention has no blocks: give attention='block_causal' with block=")
        return replace(own, attention="full", block=None)
    block = wishes.block or own.block
    if block is None:
        raise ModelError("attention='block_causal' takes the length of a block: give block=")
    return replace(own, attention="block_causal", block=block)


def _embedded(folder: Path | None, wishes: _Wishes) -> DiffusionModel:
    from latticework.models.devices import find_device
    from latticework.models.embedded_adapter import EmbeddedDiffusionModel

    if wishes != _Wishes(wishes.device, "auto", None, None, None, None, None):
        raise ModelError(
            "the embedded model runs in float32 with a format of its own: of the options of load it takes device alone"
        )
    return EmbeddedDiffusionModel(folder, find_device(wishes.device))
