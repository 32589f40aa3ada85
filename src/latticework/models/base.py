"""What the denoising loop needs from a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

    from latticework.tokens.vocabulary import Vocabulary


class DiffusionModel(Protocol):
    """An absorbing-mask diffusion model with its tokenizer. Implementations hold no state between forwards.

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
