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
class Piece:
    """A part of a scaffold: ``tokens`` and ``source`` [N] int64, fixed unless ``open``; ``spare``: with fillers."""

    tokens: NDArray[np.int64]
    source: NDArray[np.int64]
    open: bool
    spare: bool


@dataclass(frozen=True)
class Encoded:
    """A record in tokens.

    ``prompt`` [P] and ``response`` [R] int64; ``source`` [R] int64: the position in ``prompt`` that a response token
    equals, or ``NO_SOURCE``; ``spans`` [S, 2] int64: first and past-last response token of every leaf value;
    ``pieces``: the response on a scaffold, each cut into tokens by itself, where the record says what its rooms are.
    """

    prompt: NDArray[np.int64]
    response: NDArray[np.int64]
    source: NDArray[np.int64]
    spans: NDArray[np.int64]
    pieces: tuple[Piece, ...] = ()


def encode(tokenizer: Tokenizer, records: list[Record]) -> list[Encoded]:
    """Tokens of a batch of records."""
    prompts = tokenizer.encode_batch([record.prompt for record in records], add_special_tokens=False)
    responses = tokenizer.encode_batch([record.response for record in records], add_special_tokens=False)
    return [_align(tokenizer, *item) for item in zip(records, prompts, responses, strict=True)]


def _align(tokenizer: Tokenizer, record: Record, prompt: Encoding, response: Encoding) -> Encoded:
    prompt_ids = [*prompt.ids, BOS]
    token_at: dict[int, int] = {}  # prompt character -> prompt token
    for index, (start, end) in enumerate(prompt.offsets):
        for char in range(start, end):
            token_at[char] = index

    def sources(own: Encoding, offset: int) -> NDArray[np.int64]:
        """Of the tokens of a part of the response that starts at character ``offset``."""
        source = np.full(len(own.ids), NO_SOURCE, np.int64)
        for index, (start, _) in enumerate(own.offsets):
            char = record.copies.get(offset + start)
            if char is not None and prompt_ids[token_at[char]] == own.ids[index]:
                source[index] = token_at[char]
        return source

    first: dict[int, int] = {}  # response character -> response token
    last: dict[int, int] = {}
    for index, (start, end) in enumerate(response.offsets):
        first.setdefault(start, index)
        last[end] = index
    spans = [(first[span.start], last[span.end] + 1) for span in record.spans]
    pieces: list[Piece] = []
    cuts = _cuts(record)
    texts = tokenizer.encode_batch([record.response[start:end] for start, end, _, _ in cuts], add_special_tokens=False)
    for (start, _, is_open, spare), own in zip(cuts, texts, strict=True):
        pieces.append(Piece(np.array(own.ids, np.int64), sources(own, start), is_open, spare))
    return Encoded(
        np.array(prompt_ids, np.int64),
        np.array(response.ids, np.int64),
        sources(response, 0),
        np.array(spans, np.int64).reshape(-1, 2),
        tuple(pieces),
    )


def _cuts(record: Record) -> list[tuple[int, int, bool, bool]]:
    """Fixed texts and rooms of a record that has rooms: first and past-last character, open, spare."""
    cuts: list[tuple[int, int, bool, bool]] = []
    done = 0
    for room in record.rooms or ():
        if room.start > done:
            cuts.append((done, room.start, False, False))
        cuts.append((room.start, room.end, True, room.spare))
        done = room.end
    return [*cuts, (done, len(record.response), False, False)] if cuts else []
