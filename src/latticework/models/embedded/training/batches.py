"""An endless stream of training batches: a few fixed lengths, so that the compiled model sees few shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from latticework.models.embedded.training.generator import Generator
from latticework.models.embedded.training.masking import Canvas, mask_record
from latticework.models.embedded.training.tokenize import NO_SOURCE, encode

LENGTHS = (96, 128, 160, 208, 272, 352, 496)  # tokens of a row, prompt and canvas
TOKENS_PER_BATCH = 5120
_CHUNK = 256  # records generated at a time
_LONGER = 0.2  # share of rows that take the next length, for a long tail of end tokens


@dataclass(frozen=True)
class Batch:
    """``ids`` [B, L] int64 without masks; ``masked`` [B, L] bool; ``source`` [B, L] int64 (position in the row);
    ``weight`` [B, L] float32."""

    ids: Tensor
    masked: Tensor
    source: Tensor
    weight: Tensor


def batches(generator: Generator, tokenizer: Tokenizer, seed: int) -> Iterator[Batch]:
    """Batches of fresh records; rows of one batch have one length and no padding (the end token fills them)."""
    rng = np.random.default_rng(seed)
    waiting: dict[int, list[tuple[np.ndarray, Canvas]]] = {length: [] for length in LENGTHS}
    records = iter(generator)
    while True:
        for record in encode(tokenizer, list(islice(records, _CHUNK))):
            used = len(record.prompt) + len(record.response)
            fitting = [length for length in LENGTHS if length >= used + 1]
            if not fitting:
                continue
            length = fitting[1] if len(fitting) > 1 and rng.random() < _LONGER else fitting[0]
            rows = waiting[length]
            rows.append((record.prompt, mask_record(record, length - used, rng)))
            if len(rows) >= TOKENS_PER_BATCH // length:
                yield _collate(rows, length)
                rows.clear()


def _collate(rows: list[tuple[np.ndarray, Canvas]], length: int) -> Batch:
    ids = np.empty((len(rows), length), np.int64)
    masked = np.zeros((len(rows), length), np.bool_)
    source = np.full((len(rows), length), NO_SOURCE, np.int64)
    weight = np.zeros((len(rows), length), np.float32)
    for i, (prompt, canvas) in enumerate(rows):
        start = len(prompt)
        ids[i, :start], ids[i, start:] = prompt, canvas.tokens
        masked[i, start:], source[i, start:], weight[i, start:] = canvas.masked, canvas.source, canvas.weight
    return Batch(*(torch.from_numpy(array) for array in (ids, masked, source, weight)))
