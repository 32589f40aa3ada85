"""The embedded model behind the interface of the denoising loop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch

from latticework.errors import ModelError
from latticework.models.checkpoint import quiet
from latticework.models.embedded import CachedEmbedded, build_prompt, load_calibration, load_embedded
from latticework.tokens.vocabulary import Vocabulary

if TYPE_CHECKING:
    from latticework.diffusion.caches.reader import Reader

# Half of the training canvases show a prefix and ask for what follows: the far end of a masked canvas is guesswork.
# Held-out values and families, 32 documents each: 0.62 / 0.61 of fields right in blocks of 3 (22 forwards),
# 0.57 / 0.52 in blocks of 8 (17), 0.56 / 0.49 on the whole canvas (15).
_BLOCK_LENGTH = 3
# Rows behind a block are out of step with the text as soon as a value gets another length than they guessed, and where
# the model is that sure of what it copies, it is right to go on (benchmarks/results/ablations.md).
_HORIZONS = {"soft": 0, "elastic": 0}
_ADAPTIVE_BLOCKS = 0.98


class EmbeddedDiffusionModel:
    """Wraps the packaged extractor. Float32 on the CPU; the weights are stored in bfloat16."""

    def __init__(self, folder: Path | None = None, device: str | torch.device = "cpu") -> None:
        self.name = "embedded" if folder is None else str(folder)
        self.device = torch.device(device)
        try:
            with quiet():
                model, self._tokenizer = load_embedded(folder)
            cast(torch.nn.Module, model).to(self.device)
        except Exception as error:  # safetensors and tokenizers raise exceptions of their own
            raise ModelError(f"cannot load the embedded model from {folder or 'the package'}: {error}") from error
        self._model = CachedEmbedded(model)
        self.confidence_temperatures = load_calibration(folder)
        config = model.config
        self.mask_id: int = config.mask_token_id
        self.max_positions: int | None = config.max_position_embeddings
        self.block_length: int | None = _BLOCK_LENGTH
        self.horizons = _HORIZONS
        self.adaptive_blocks = _ADAPTIVE_BLOCKS
        self.vocabulary = Vocabulary.from_tokenizer(
            self._tokenizer,
            size=config.vocab_size,
            special={config.mask_token_id: "mask", config.filler_token_id: "filler"},
        )

    def encode_prompt(self, prompt: str, schema: dict[str, Any] | None) -> list[int]:
        """One line per field of the schema, a blank line, the text, a blank line: what the model was trained on."""
        return build_prompt(prompt, schema, tokenizer=self._tokenizer)

    def unconditional(self, prompt: tuple[int, ...]) -> list[int]:
        """For guidance: masks where the prompt is, but for the token at its end behind which the canvas starts."""
        return [self.mask_id] * (len(prompt) - 1) + [prompt[-1]]

    def encode_text(self, text: str) -> list[int]:
        """Byte-level, so any text comes back as it was."""
        return self._tokenizer.encode(text, add_special_tokens=False)

    def reader(self) -> Reader:
        """The network read in parts, for caches."""
        from latticework.models.embedded.reader import EmbeddedReader

        return EmbeddedReader(self._model.model)

    def forward(self, ids: torch.Tensor, attention: torch.Tensor, keep: int) -> torch.Tensor:
        """Log-probabilities [B, keep, V] float32 of the last ``keep`` positions. A prompt is encoded once."""
        return self._model.log_probs(ids, attention, keep)
