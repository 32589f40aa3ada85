"""A small bidirectional Llama with a pointer head: the masked-diffusion extractor that ships with Latticework.

Extraction is mostly copying. A plain model of three million parameters learns to copy slowly; a head that may point
at any visible token learns it in minutes (the pointer-generator of See, Liu and Manning, "Get To The Point", 2017,
section 2.2, with the sequence itself as the source). The head returns log-probabilities under the name ``logits``:
they are their own log-softmax, so samplers and constraints need not know that the head exists.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.modeling_outputs import CausalLMOutput

_HIDDEN_SCORE = -1e4  # score of a position the pointer must not read; finite, so that a row without readers stays finite
_LOG_FLOOR = 1e-20  # probabilities below this are reported as this (float32 log: about -46)


class EmbeddedConfig(LlamaConfig):
    """``LlamaConfig`` plus the ids of the two canvas tokens and the width of the pointer."""

    model_type = "latticework_embedded"

    mask_token_id: int = 3
    filler_token_id: int = 4
    pointer_size: int = 64
    is_causal: bool = False


class PointerHead(nn.Module):
    """Mixes the vocabulary distribution with a distribution over the tokens that are already visible.

    ``p(v) = (1 - g) softmax(E h)_v + g sum_j a_j [token_j = v]``, where ``a`` is an attention over visible positions
    and ``g`` a sigmoid gate, both computed from the hidden state of the slot.
    """

    def __init__(self, hidden_size: int, pointer_size: int) -> None:
        super().__init__()
        self.query = nn.Linear(hidden_size, pointer_size, bias=False)
        self.key = nn.Linear(hidden_size, pointer_size, bias=False)
        self.gate = nn.Linear(hidden_size, 1, bias=False)
        self.scale = pointer_size**-0.5

    def scores(self, slots: Tensor, memory: Tensor, readable: Tensor) -> Tensor:
        """Pointer scores ``[B, K, L]`` (float32) of slots ``[B, K, d]`` over memory ``[B, L, d]``."""
        scores = torch.matmul(self.query(slots), self.key(memory).transpose(1, 2)).float() * self.scale
        return scores.masked_fill(~readable[:, None, :], _HIDDEN_SCORE)

    def forward(self, slots: Tensor, memory: Tensor, token_ids: Tensor, readable: Tensor, vocab: Tensor) -> Tensor:
        """Log-probabilities ``[B, K, V]`` in float32.

        ``slots`` [B, K, d]; ``memory`` [B, L, d]; ``token_ids`` [B, L] int64; ``readable`` [B, L] bool;
        ``vocab`` [B, K, V] float32 logits of the vocabulary head.
        """
        attention = torch.softmax(self.scores(slots, memory, readable), dim=-1)
        copied = torch.zeros_like(vocab)
        copied.scatter_add_(2, token_ids[:, None, :].expand(-1, slots.shape[1], -1), attention)
        gate = torch.sigmoid(self.gate(slots).float())
        mixed = torch.softmax(vocab, dim=-1) * (1 - gate) + copied * gate
        return mixed.clamp_min(_LOG_FLOOR).log()


class EmbeddedModel(LlamaForCausalLM):
    """Llama backbone without a causal mask, pointer head on top.

    The backbone's weights keep Llama's names, so ``LlamaForCausalLM`` can read them too (without the pointer).
    """

    config_class = EmbeddedConfig  # pyright: ignore[reportAssignmentType]

    def __init__(self, config: EmbeddedConfig) -> None:
        super().__init__(config)
        self.pointer = PointerHead(config.hidden_size, config.pointer_size)
        # `config.is_causal` removes the mask; the flag on each layer is what SDPA reads when there is no mask.
        for layer in self.model.layers:
            layer.self_attn.is_causal = False
        self.post_init()

    def encode(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Hidden states ``[B, L, d]`` of token ids ``[B, L]``; positions count from the first token that is not padding."""
        positions = None
        if attention_mask is not None:
            positions = (attention_mask.long().cumsum(dim=1) - 1).clamp_min(0)
        return self.model(
            input_ids=input_ids, attention_mask=attention_mask, position_ids=positions, use_cache=False
        ).last_hidden_state

    def readable(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """``[B, L]`` bool: the positions the pointer may copy from, i.e. neither masked nor padding."""
        visible = input_ids != self.config.mask_token_id
        return visible if attention_mask is None else visible & attention_mask.bool()

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        logits_to_keep: int | Tensor = 0,
        **_: Any,
    ) -> CausalLMOutput:
        """Log-probabilities of every slot, as ``logits`` ``[B, K, V]`` float32.

        ``input_ids`` [B, L] int64; ``attention_mask`` [B, L], 0 on padding (left or right). ``logits_to_keep`` as in
        transformers: the last k positions (0: all), or a 1-D tensor of positions.
        """
        hidden = self.encode(input_ids, attention_mask)
        if isinstance(logits_to_keep, int):
            slots = hidden[:, -logits_to_keep:] if logits_to_keep else hidden
        else:
            slots = hidden[:, logits_to_keep]
        vocab = F.linear(slots, self.lm_head.weight).float()
        readable = self.readable(input_ids, attention_mask)
        logits: Any = self.pointer(slots, hidden, input_ids, readable, vocab)
        return CausalLMOutput(logits=logits)
