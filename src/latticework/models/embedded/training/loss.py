"""The training loss: cross-entropy of the mixed distribution at masked slots, plus supervision of the pointer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from latticework.models.embedded.modeling import EmbeddedModel
from latticework.models.embedded.training.batches import Batch
from latticework.models.embedded.training.tokenize import NO_SOURCE

POINTER_WEIGHT = 0.5
_NEVER = -1e4


def losses(model: EmbeddedModel, batch: Batch) -> tuple[Tensor, Tensor]:
    """``(token loss, pointer loss)``, both weighted means over masked slots; the second over slots with a source.

    Only masked slots are projected to the vocabulary. The probability of the target token t is mixed in log space:
    ``logaddexp(log(1-g) + log p_vocab(t), log g + logsumexp over positions holding t of log a)``.
    """
    sees = batch.sees()
    asked = batch.ids == model.config.mask_token_id
    readable = model.readable(batch.ids, sees)
    with torch.autocast(batch.ids.device.type, torch.bfloat16):
        hidden = model.encode(batch.ids, sees, batch.positions)  # [B, L, d]
        slots = hidden[asked]  # [n, d]
        vocab = F.linear(slots, model.lm_head.weight)
        scores = model.pointer.scores(hidden, hidden, readable)[asked]  # [n, L]
    gate = model.pointer.gate(slots.float())[:, 0]
    target, weight = batch.target[asked], batch.weight[asked]
    attention = torch.log_softmax(scores, dim=-1)
    # Masked slots hold the mask token, which is no target; what a slot does not see has no attention already.
    holders = batch.ids[asked.nonzero()[:, 0]] == target[:, None]
    copied = torch.logsumexp(attention.masked_fill(~holders, _NEVER), dim=-1)
    spoken = -F.cross_entropy(vocab.float(), target, reduction="none")
    log_p = torch.logaddexp(F.logsigmoid(-gate) + spoken, F.logsigmoid(gate) + copied)
    token_loss = -(weight * log_p).sum() / weight.sum()
    source = batch.source[asked]
    sourced = source != NO_SOURCE
    if not bool(sourced.any()):
        return token_loss, token_loss.new_zeros(())
    pointed = attention[sourced].gather(1, source[sourced, None])[:, 0]
    pointer_loss = -(weight[sourced] * pointed).sum() / weight[sourced].sum()
    return token_loss, pointer_loss
