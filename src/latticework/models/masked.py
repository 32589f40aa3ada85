"""A published masked diffusion checkpoint behind the interface of the denoising loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from latticework.device_memory import memory_errors
from latticework.models.base import Traits

if TYPE_CHECKING:
    import torch

    from latticework.diffusion.caches.reader import Reader
    from latticework.models.prompting import PromptFormat
    from latticework.tokens.vocabulary import Vocabulary


class MaskedModel:
    """A causal-LM class of transformers run without its causal mask. Holds no state between forwards.

    Attributes, beside those of :class:`latticework.models.base.DiffusionModel`:
        traits: noise, offset and attention it was trained with.
    """

    def __init__(
        self,
        name: str,
        network: Any,
        tokenizer: Any,
        vocabulary: Vocabulary,
        traits: Traits,
        prompts: PromptFormat,
        mask_id: int,
        device: torch.device,
        block_length: int | None,
    ) -> None:
        self.name = name
        self.vocabulary = vocabulary
        self.traits = traits
        self.mask_id = mask_id
        self.device = device
        self.max_positions: int | None = network.config.max_position_embeddings
        self.block_length = block_length
        self.tokenizer = tokenizer
        self.prompts = prompts
        self._network = network

    def encode_prompt(self, prompt: str, schema: dict[str, Any] | None) -> list[int]:
        """One user turn of the chat template, or the plain text where the tokenizer has none."""
        return self.prompts.encode(prompt, schema)

    def decode_prompt(self, ids: Sequence[int]) -> str:
        """The prompt as text, with the special tokens of the chat template."""
        return self.prompts.decode(ids)

    def encode_text(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False)

    def reader(self) -> Reader:
        """The network read in parts, for caches."""
        from latticework.diffusion.caches.reader import StockReader

        return StockReader(self._network, self.traits)

    def compile(self, **options: Any) -> None:
        """Compile the network, all of it up to the head, by ``torch.compile`` with these options, from the next forward
        on. ``dynamic=True`` where batches and canvases change their sizes; caches read the network in parts, which
        stays uncompiled."""
        self._network.model.compile(**options)

    def forward(self, ids: torch.Tensor, attention: torch.Tensor, keep: int) -> torch.Tensor:
        """Logits [B, keep, V] in the dtype of the network; row i scores the token at position i.

        Raises ``ModelError`` when the device runs out of memory; the model can be used on.
        """
        import torch

        rows, length = ids.shape
        with torch.inference_mode(), memory_errors(f"a forward over {rows} rows of {length} tokens"):
            ids, attention = ids.to(self.device), attention.to(self.device)
            positions = (attention.long().cumsum(dim=1) - 1).clamp_min(0)
            hidden = self._network.model(
                input_ids=ids,
                attention_mask=visible(attention, positions, self.traits),
                position_ids=positions,
                use_cache=False,
            ).last_hidden_state
            scoring = scoring_positions(attention, keep, self.traits.logit_offset)
            hidden = hidden.gather(1, scoring[:, :, None].expand(-1, -1, hidden.shape[-1]))
            return self._network.lm_head(hidden)


def visible(attention: torch.Tensor, positions: torch.Tensor, traits: Traits) -> torch.Tensor:
    """What each position may see, bool [B, 1, 1 or L, L]: never padding, and no later block in a block-causal model.

    ``attention`` [B, L] bool, False on padding; ``positions`` [B, L] counted without padding. The mask is always given
    in full: left to a switch that a version of transformers may ignore, the network would silently run causal. Padding
    sees what a first token sees, so that no row of the mask is empty.
    """
    keys = attention[:, None, None, :]
    if traits.attention == "full" or traits.block is None:
        return keys
    block = positions // traits.block
    return keys & (block[:, None, None, :] <= block[:, None, :, None])


def scoring_positions(attention: torch.Tensor, keep: int, offset: int) -> torch.Tensor:
    """Positions [B, keep] of the output rows that score the last ``keep`` positions: the positions themselves, or with
    an offset of 1 those before, the first position of a row scoring itself."""
    import torch

    length = attention.shape[1]
    own = torch.arange(length - keep, length, device=attention.device).expand(len(attention), -1)
    if offset == 0:
        return own
    first = attention.long().argmax(dim=1, keepdim=True)
    return torch.maximum(own - offset, first).clamp_min(0)
