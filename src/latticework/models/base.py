"""What the denoising loop needs from a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import torch

    from latticework.tokens.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Traits:
    """How a network was trained, as far as decoding depends on it.

    Attributes:
        noise: what stands in open slots: ``"absorbing"``, the mask token; ``"uniform"``, tokens drawn at random.
        logit_offset: 0 when row i of the network's output scores the token at position i, 1 when it scores the one at
            position i + 1. ``DiffusionModel.forward`` has already undone it.
        attention: ``"full"``, every position sees every other; ``"block_causal"``, it sees its own block and those
            before, blocks counted from the start of the prompt; ``"encoder_decoder"``, one canvas at a time sees itself
            and what an encoder has read before it.
        block: length of a block or of a canvas; ``None`` for full attention.
        editable: what training lets a sampler take back: ``"never"``; ``"remask"``, a token may become open again;
            ``"edit"``, a token may be replaced, too; ``"until_last_step"``, nothing is final before the canvas is done.
    """

    noise: Literal["absorbing", "uniform"] = "absorbing"
    logit_offset: Literal[0, 1] = 0
    attention: Literal["full", "block_causal", "encoder_decoder"] = "full"
    block: int | None = None
    editable: Literal["never", "remask", "edit", "until_last_step"] = "remask"


def traits_of(model: DiffusionModel) -> Traits:
    """The traits of a model; full attention over absorbing noise for one that states none."""
    return getattr(model, "traits", None) or Traits()


def confidence_temperature(model: DiffusionModel, elastic: bool = False) -> float:
    """What calibrates the model's confidence in values on canvases with an elastic scaffold, or on others; 1 for a
    model that states nothing."""
    known = getattr(model, "confidence_temperatures", None) or {}
    return float(known.get("elastic" if elastic else "soft", 1.0))


def default_horizon(model: DiffusionModel, elastic: bool = False) -> int | None:
    """Slots behind the active block whose rows are evidence, where a call does not say; ``None`` for all."""
    return (getattr(model, "horizons", None) or {}).get("elastic" if elastic else "soft")


def default_adaptive_blocks(model: DiffusionModel) -> float:
    """How sure the model has to be for its own blocks to reach on, where a call does not say; 1 for never."""
    return float(getattr(model, "adaptive_blocks", 1.0))


def prompt_text(model: DiffusionModel, ids: Sequence[int]) -> str:
    """The prompt as the model reads it: with its special tokens where the model has ``decode_prompt``."""
    decode = getattr(model, "decode_prompt", None)
    return model.vocabulary.decode(ids).decode(errors="replace") if decode is None else decode(ids)


class DiffusionModel(Protocol):
    """A masked diffusion model with its tokenizer. Implementations hold no state between forwards.

    A model that is not trained like the default of :class:`Traits` has them as its attribute ``traits``. One that reads
    the prompt by another network than the canvas has a method ``forward_canvases(prompts, canvases)`` beside
    ``forward``: from B prompts (token ids) and B canvases [N] int64, ``mask_id`` in open slots, to B logits [N, V]. One
    whose network can be computed in parts has a method ``reader()`` that returns a
    :class:`latticework.diffusion.caches.reader.Reader`. Optional, too: ``confidence_temperatures``, fitted on
    held-out data, by ``"soft"`` and ``"elastic"``; ``horizons`` by the same kinds and ``adaptive_blocks``, what suits
    the model; and ``decode_prompt(ids)``, a prompt as text with special tokens.

    Attributes:
        name: what the user loaded.
        vocabulary: one entry per column of the logits.
        mask_id: token id that stands in open slots.
        device: where forwards run.
        max_positions: longest prompt and canvas together, tokens; ``None`` for no limit.
        block_length: block of semi-autoregressive decoding that suits its training; ``None`` for the whole canvas.
    """

    @property
    def name(self) -> str: ...
    @property
    def vocabulary(self) -> Vocabulary: ...
    @property
    def mask_id(self) -> int: ...
    @property
    def device(self) -> torch.device: ...
    @property
    def max_positions(self) -> int | None: ...
    @property
    def block_length(self) -> int | None: ...

    def encode_prompt(self, prompt: str, schema: dict[str, Any] | None) -> list[int]:
        """Token ids of the prompt in the model's own format, the schema described where the model expects it."""
        ...

    def encode_text(self, text: str) -> list[int]:
        """Token ids of a piece of text as it stands inside a text: nothing added, no special tokens."""
        ...

    def forward(self, ids: torch.Tensor, attention: torch.Tensor, keep: int) -> torch.Tensor:
        """Logits [B, keep, V] (any float dtype, on ``device``) of the last ``keep`` positions.

        ``ids`` [B, L] int64 and ``attention`` [B, L] bool arrive on the CPU; attention is False on left padding. Row i
        of the logits scores the token at position i, whatever offset the network was trained with.
        """
        ...
