"""An endless stream of training batches: a few fixed lengths, so that the compiled model sees few shapes.

A row is a prompt and several canvases of the same record in different states. Every canvas sees the prompt and itself
only, exactly as in use, so the prompt (most of the tokens) is paid for once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from latticework.models.embedded.tokenizer import PAD
from latticework.models.embedded.training.generator import Generator
from latticework.models.embedded.training.masking import Canvas, mask_record
from latticework.models.embedded.training.tokenize import NO_SOURCE, Encoded, encode

LENGTHS = (160, 208, 256, 320, 400, 512, 640)  # tokens of a row
TOKENS_PER_BATCH = 4096
CANVASES = 3  # states of one record in a row; a fourth for long prompts
LONG_PROMPT = 200  # tokens
MAX_TAIL = 100  # end tokens behind a response
_CHUNK = 128  # records generated at a time


@dataclass(frozen=True)
class Batch:
    """``ids`` [B, L] int64 without masks; ``masked`` [B, L] bool; ``source`` [B, L] int64 (position in the row);
    ``weight`` [B, L] float32; ``segment`` [B, L] int64: 0 the prompt, 1.. canvases, -1 padding; ``positions`` [B, L].
    """

    ids: Tensor
    masked: Tensor
    source: Tensor
    weight: Tensor
    segment: Tensor
    positions: Tensor

    def sees(self) -> Tensor:
        """``[B, L, L]`` bool: prompt and own segment."""
        same = self.segment[:, :, None] == self.segment[:, None, :]
        return same | (self.segment == 0)[:, None, :]


def batches(generator: Generator, tokenizer: Tokenizer, seed: int) -> Iterator[Batch]:
    """Batches of fresh records; all rows of a batch have one length."""
    rng = np.random.default_rng(seed)
    waiting: dict[int, list[tuple[Encoded, list[Canvas]]]] = {length: [] for length in LENGTHS}
    records = iter(generator)
    while True:
        for record in encode(tokenizer, list(islice(records, _CHUNK))):
            tails = _tails(record, rng)
            if tails is None:
                continue
            length, tails = tails
            rows = waiting[length]
            rows.append((record, [mask_record(record, tail, rng) for tail in tails]))
            if len(rows) >= TOKENS_PER_BATCH // length:
                yield collate(rows, length)
                rows.clear()


def _tails(record: Encoded, rng: np.random.Generator) -> tuple[int, list[int]] | None:
    """Length of the row of a record and the tails of its canvases, which take up most of the space left over."""
    prompt, response = len(record.prompt), len(record.response)
    count = CANVASES + (prompt > LONG_PROMPT)
    tails = [min(int(tail), MAX_TAIL) for tail in rng.geometric(1 / 6, count)]
    if rng.random() < 0.2:
        tails[0] = int(rng.integers(MAX_TAIL))
    for kept in range(count, 0, -1):
        used = prompt + kept * response + sum(tails[:kept])
        length = next((length for length in LENGTHS if length >= used), None)
        if length is not None:
            chosen = int(rng.integers(kept))
            tails[chosen] = min(tails[chosen] + length - used, MAX_TAIL)
            return length, tails[:kept]
    return None


def collate(rows: list[tuple[Encoded, list[Canvas]]], length: int) -> Batch:
    """Rows of a prompt and its canvases, padded to ``length``."""
    shape = (len(rows), length)
    ids, source = np.full(shape, PAD, np.int64), np.full(shape, NO_SOURCE, np.int64)
    masked, weight = np.zeros(shape, np.bool_), np.zeros(shape, np.float32)
    segment, positions = np.full(shape, -1, np.int64), np.zeros(shape, np.int64)
    for i, (record, canvases) in enumerate(rows):
        start = prompt = len(record.prompt)
        ids[i, :prompt], segment[i, :prompt], positions[i, :prompt] = record.prompt, 0, np.arange(prompt)
        for number, canvas in enumerate(canvases, start=1):
            where = slice(start, start + len(canvas.tokens))
            ids[i, where], masked[i, where] = canvas.tokens, canvas.masked
            source[i, where], weight[i, where] = canvas.source, canvas.weight
            segment[i, where], positions[i, where] = number, prompt + np.arange(len(canvas.tokens))
            start = where.stop
    return Batch(*(torch.from_numpy(array) for array in (ids, masked, source, weight, segment, positions)))
