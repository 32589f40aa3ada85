"""Trains the tokenizer and turns records into token ids with the source position of every copied token."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from latticework.models.embedded.tokenizer import BOS, SPECIAL_TOKENS, SPLIT_PATTERN
from latticework.models.embedded.training.records import Record

VOCABULARY_SIZE = 2048
NO_SOURCE = -1


def train_tokenizer(texts: Iterable[str]) -> Tokenizer:
    """Byte-level BPE over ``texts``; covers all 256 bytes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT_PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


@dataclass(frozen=True)
class Encoded:
    """A record in tokens.

    ``prompt`` [P] and ``response`` [R] int64; ``source`` [R] int64: the position in ``prompt`` that a response token
    equals, or ``NO_SOURCE``; ``spans`` [S, 2] int64: first and past-last response token of every leaf value.
    """

    prompt: NDArray[np.int64]
    response: NDArray[np.int64]
    source: NDArray[np.int64]
    spans: NDArray[np.int64]


def encode(tokenizer: Tokenizer, records: list[Record]) -> list[Encoded]:
    """Tokens of a batch of records."""
    prompts = tokenizer.encode_batch([record.prompt for record in records], add_special_tokens=False)
    responses = tokenizer.encode_batch([record.response for record in records], add_special_tokens=False)
    return [_align(*item) for item in zip(records, prompts, responses, strict=True)]


def _align(record: Record, prompt: Encoding, response: Encoding) -> Encoded:
    prompt_ids = [*prompt.ids, BOS]
    token_at: dict[int, int] = {}  # prompt character -> prompt token
    for index, (start, end) in enumerate(prompt.offsets):
        for char in range(start, end):
            token_at[char] = index
    source = np.full(len(response.ids), NO_SOURCE, np.int64)
    first: dict[int, int] = {}  # response character -> response token
    last: dict[int, int] = {}
    for index, (start, end) in enumerate(response.offsets):
        first.setdefault(start, index)
        last[end] = index
        char = record.copies.get(start)
        if char is not None and prompt_ids[token_at[char]] == response.ids[index]:
            source[index] = token_at[char]
    spans = [(first[span.start], last[span.end] + 1) for span in record.spans]
    return Encoded(
        np.array(prompt_ids, np.int64),
        np.array(response.ids, np.int64),
        source,
        np.array(spans, np.int64).reshape(-1, 2),
    )
