"""A small Llama without causality and with a pointer head: the masked-diffusion extractor that ships with Latticework.

Extraction is mostly copying. A plain model of three million parameters learns to copy slowly; a head that may point
at any visible token learns it in minutes (the pointer-generator of See, Liu and Manning, "Get To The Point", 2017,
section 2.2, with the sequence itself as the source). The head returns log-probabilities under the name ``logits``:
they are their own log-softmax, so samplers and constraints need not know that the head exists.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import Cache, LlamaConfig, LlamaForCausalLM, LlamaModel
from transformers.modeling_outputs import CausalLMOutput

_HIDDEN_SCORE = (
    -1e4
)  # score of a position the pointer must not read; finite, so that a row without readers stays finite
# transformers renamed the argument
_PAST = "cache" if "cache" in inspect.signature(LlamaModel.forward).parameters else "past_key_values"
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
        """Pointer scores ``[B, K, L]`` (float32) of slots ``[B, K, d]`` over memory ``[B, L, d]``.

        ``readable`` [B, K, L] bool.
        """
        scores = torch.matmul(self.query(slots), self.key(memory).transpose(1, 2)).float() * self.scale
        return scores.masked_fill(~readable, _HIDDEN_SCORE)

    def forward(self, slots: Tensor, memory: Tensor, token_ids: Tensor, readable: Tensor, vocab: Tensor) -> Tensor:
        """Log-probabilities ``[B, K, V]`` in float32.

        ``slots`` [B, K, d]; ``memory`` [B, L, d]; ``token_ids`` [B, L] int64; ``readable`` [B, K, L] bool;
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
        self.post_init()

    def layout(self, input_ids: Tensor, attention_mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Who sees whom, ``[B, L, L]`` bool, and positions ``[B, L]`` of token ids ``[B, L]``.

        The prompt ends with the beginning-of-sequence token; its tokens see each other. On the canvas behind it, a
        masked slot sees the prompt, every visible token to its left and right, and itself; a visible token sees the
        prompt and the visible tokens up to itself. Nobody sees a masked slot. So a prompt is encoded once, a state
        costs only the slots that are asked for, and all prefixes of a response share one pass in training.
        Padding is seen by nobody, and positions count from the first token that is not padding.
        """
        starts = (input_ids == self.config.bos_token_id).long()
        canvas = starts.cumsum(dim=1) - starts > 0
        valid = torch.ones_like(canvas) if attention_mask is None else attention_mask.bool()
        sees = ~canvas[:, None, :] | self.canvas_sees(input_ids) & canvas[:, :, None]
        return sees & valid[:, None, :], (valid.long().cumsum(dim=1) - 1).clamp_min(0)

    def canvas_sees(self, input_ids: Tensor) -> Tensor:
        """``[B, N, N]`` bool: who sees whom among the slots ``[B, N]`` of a canvas."""
        masked = input_ids == self.config.mask_token_id
        up_to = torch.ones((input_ids.shape[1], input_ids.shape[1]), dtype=torch.bool, device=input_ids.device).tril()
        itself = torch.eye(input_ids.shape[1], dtype=torch.bool, device=input_ids.device)
        return ~masked[:, None, :] & (masked[:, :, None] | up_to) | itself

    def encode(self, input_ids: Tensor, sees: Tensor, positions: Tensor, past: Cache | None = None) -> Tensor:
        """Hidden states ``[B, L, d]`` under a layout; behind a ``past`` of M tokens ``sees`` is ``[B, L, M + L]``."""
        kind = sees.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else self.dtype
        bias = torch.zeros(sees.shape, dtype=dtype, device=sees.device)
        bias = bias.masked_fill(~sees, torch.finfo(dtype).min)[:, None]
        return self.model(
            input_ids=input_ids,
            attention_mask=bias,
            position_ids=positions,
            use_cache=past is not None,
            **({} if past is None else {_PAST: past}),
        ).last_hidden_state

    def readable(self, input_ids: Tensor, sees: Tensor) -> Tensor:
        """``[B, L, L]`` bool: the positions a slot may copy from: those it sees that are not masked."""
        return sees & (input_ids != self.config.mask_token_id)[:, None, :]

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        logits_to_keep: int | Tensor = 0,
        **_: Any,
    ) -> CausalLMOutput:
        """Log-probabilities of every slot, as ``logits`` ``[B, K, V]`` float32.

        ``input_ids`` [B, L] int64: prompt, beginning-of-sequence token, canvas; ``attention_mask`` [B, L], 0 on padding
        (left or right). ``logits_to_keep`` as in transformers: the last k positions (0: all), or a 1-D tensor of
        positions.
        """
        sees, positions = self.layout(input_ids, attention_mask)
        hidden = self.encode(input_ids, sees, positions)
        kept: Any = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits: Any = self.log_probs(hidden[:, kept], hidden, input_ids, self.readable(input_ids, sees)[:, kept])
        return CausalLMOutput(logits=logits)

    def log_probs(self, slots: Tensor, memory: Tensor, token_ids: Tensor, readable: Tensor) -> Tensor:
        """``[B, K, V]`` float32 from hidden states of slots and of everything they may copy from (see the head)."""
        vocab = F.linear(slots, self.lm_head.weight).float()
        return self.pointer(slots, memory, token_ids, readable, vocab)
