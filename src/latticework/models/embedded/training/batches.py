"""An endless stream of training batches: a few fixed lengths, so that the compiled model sees few shapes.

A row is a prompt and several states of the canvas of the same record. A state sees the prompt and itself only, exactly
as in use, so the prompt (most of the tokens) is paid for once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from latticework.models.embedded.tokenizer import MASK, PAD
from latticework.models.embedded.training.records import Record
from latticework.models.embedded.training.states import State, states, subset
from latticework.models.embedded.training.tokenize import NO_SOURCE, Encoded, encode

LENGTHS = (160, 208, 256, 320, 400, 512, 640, 768, 896)  # tokens of a row
TOKENS_PER_BATCH = 8192
_CHUNK = 128  # records generated at a time
_PROMPT, _PADDING = 0, -1  # segments; states count from 1


@dataclass(frozen=True)
class Batch:
    """Rows of a prompt and states, all [B, L].

    ``ids``: what the model reads; ``target``: what a masked slot holds; ``segment``: 0 the prompt, 1.. states, -1
    padding; ``positions``; ``limit``: a canvas token sees visible tokens of its segment at positions below; ``source``:
    position in the row; ``weight``: float32, the others int64.
    """

    ids: Tensor
    target: Tensor
    segment: Tensor
    positions: Tensor
    limit: Tensor
    source: Tensor
    weight: Tensor

    @classmethod
    def of_arrays(cls, arrays: Sequence[NDArray[Any]]) -> Batch:
        """The inverse of :meth:`arrays`."""
        tensors = [torch.from_numpy(array) for array in arrays]
        return cls(*(tensor if tensor.is_floating_point() else tensor.long() for tensor in tensors))

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """The fields in their order, int32 and float32: what goes between processes."""
        *integers, weight = (getattr(self, field.name) for field in fields(self))
        return (*(tensor.int().numpy() for tensor in integers), weight.numpy())

    def to(self, device: torch.device) -> Batch:
        return Batch(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))

    def sees(self) -> Tensor:
        """``[B, L, L]`` bool, the rule of ``EmbeddedModel.layout`` for several states at once."""
        own = self.segment[:, :, None] == self.segment[:, None, :]
        visible = (self.ids != MASK)[:, None, :]
        below = self.positions[:, None, :] < self.limit[:, :, None]
        itself = torch.eye(self.ids.shape[1], dtype=torch.bool, device=self.ids.device)
        return (self.segment == _PROMPT)[:, None, :] | (own & visible & below) | itself


def batches(
    records: Iterable[Record],
    tokenizer: Tokenizer,
    seed: int,
    longest: int = LENGTHS[-1],
    tokens: int = TOKENS_PER_BATCH,
) -> Iterator[Batch]:
    """Batches of about ``tokens`` tokens, of those ``records`` (an endless stream) that fit ``longest`` tokens a row.

    All rows of a batch have one length.
    """
    rng = np.random.default_rng(seed)
    waiting: dict[int, list[tuple[Encoded, list[State]]]] = {length: [] for length in LENGTHS}
    stream = iter(records)
    while True:
        for record in encode(tokenizer, list(islice(stream, _CHUNK))):
            drawn = states(record, rng)
            used = len(record.prompt) + sum(len(state.tokens) for state in drawn)
            length = next((length for length in LENGTHS if length >= used), None)
            if length is None or length > longest:
                continue
            spare = subset(record, rng)
            if used + len(spare.tokens) <= length:
                drawn.append(spare)
            rows = waiting[length]
            rows.append((record, drawn))
            if len(rows) >= tokens // length:
                yield collate(rows, length)
                rows.clear()


def collate(rows: Sequence[tuple[Encoded, Sequence[State]]], length: int) -> Batch:
    """Rows of a prompt and its states, padded to ``length``."""
    shape = (len(rows), length)
    ids, target, source = np.full(shape, PAD), np.full(shape, PAD), np.full(shape, NO_SOURCE)
    segment, positions, limit = np.full(shape, _PADDING), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    weight = np.zeros(shape, np.float32)
    for i, (record, drawn) in enumerate(rows):
        start = prompt = len(record.prompt)
        ids[i, :prompt], segment[i, :prompt], positions[i, :prompt] = record.prompt, _PROMPT, np.arange(prompt)
        for number, state in enumerate(drawn, start=1):
            where = slice(start, start + len(state.tokens))
            ids[i, where], target[i, where], segment[i, where] = state.tokens, state.target, number
            positions[i, where], limit[i, where] = prompt + state.slot, prompt + state.limit
            source[i, where], weight[i, where] = state.source, state.weight
            start = where.stop
    arrays = (ids, target, segment, positions, limit, source, weight)
    return Batch(*(torch.from_numpy(array) for array in arrays))
