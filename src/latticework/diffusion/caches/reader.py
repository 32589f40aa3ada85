"""What a cache needs of a network: some positions of a row computed beside kept keys and values, and rows scored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from inspect import signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from latticework.models.base import Traits


class Reader(ABC):
    """A network read in parts.

    Attributes:
        config: of transformers, for its cache.
        prompt_apart: whether the prompt never sees the canvas, so that its keys and values are the same for good.
    """

    prompt_apart: bool = False

    def __init__(self, network: Any) -> None:
        self.network = network
        self.config = network.config

    def sees(self, ids: torch.Tensor) -> torch.Tensor | None:
        """[L, L] bool, who sees whom in a row of token ids [L]; ``None``: everybody sees everybody."""
        return None

    @abstractmethod
    def hidden(self, ids: torch.Tensor, sees: torch.Tensor, positions: torch.Tensor, past: Any) -> torch.Tensor:
        """Hidden states [B, n, d] of n positions each, whose keys and values join ``past``, a ``DynamicCache``.

        ``ids``, ``positions``: [B, n] int64. ``sees``: [B, n, m + n] bool, of what ``past`` holds and of each other.
        """

    @abstractmethod
    def logits(self, hidden: torch.Tensor, ids: torch.Tensor, prompt: int) -> torch.Tensor:
        """[N, V] of the canvas behind ``prompt`` positions of a row; ``hidden`` [L, d], ``ids`` [L]."""


class StockReader(Reader):
    """A causal-LM class of transformers with parts ``model`` and ``lm_head``, run with an explicit mask."""

    def __init__(self, network: Any, traits: Traits) -> None:
        super().__init__(network)
        self._traits = traits
        takes = signature(network.model.forward).parameters
        self._past = "cache" if "cache" in takes else "past_key_values"  # the name depends on transformers' version

    def sees(self, ids: torch.Tensor) -> torch.Tensor | None:
        import torch

        if self._traits.attention == "full" or self._traits.block is None:
            return None
        block = torch.arange(len(ids), device=ids.device) // self._traits.block
        return block[None, :] <= block[:, None]

    def hidden(self, ids: torch.Tensor, sees: torch.Tensor, positions: torch.Tensor, past: Any) -> torch.Tensor:
        return self.network.model(
            input_ids=ids, attention_mask=sees[:, None], position_ids=positions, use_cache=True, **{self._past: past}
        ).last_hidden_state

    def logits(self, hidden: torch.Tensor, ids: torch.Tensor, prompt: int) -> torch.Tensor:
        start, slots = prompt - self._traits.logit_offset, len(ids) - prompt
        if start >= 0:
            return self.network.lm_head(hidden[start : start + slots])
        return self.network.lm_head(hidden)[[0, *range(slots - 1)]]  # a first row has none before it
