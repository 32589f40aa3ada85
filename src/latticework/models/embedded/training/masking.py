"""What the model sees in training: a canvas with masked slots, in the states that decoding passes through.

- *prefix*: the response is visible up to some slot, a few of the next slots are known, the rest is masked. This is
  what block-wise decoding under a constraint looks like.
- *uniform*: every slot of the canvas, the end included, is masked with the same probability.
- *elastic*: keys and punctuation are visible, every value slot has spare room that fillers take up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.models.embedded.tokenizer import EOS, FILLER
from latticework.models.embedded.training.tokenize import NO_SOURCE, Encoded

PREFIX_SHARE, UNIFORM_SHARE = 0.55, 0.30  # the rest is elastic
NEAR = 12.0  # slots over which the weight of a masked slot behind a prefix falls
FAR_WEIGHT = 0.2  # what it falls to: those slots are guesses until the ones before them are known
TAIL_WEIGHT = 0.03  # of every end token after the first three, and of every filler after the first
FULL_TAIL = 3


@dataclass
class Canvas:
    """Slots after the prompt, all [N]: ``tokens``, which are ``masked``, their ``source`` and loss ``weight``."""

    tokens: NDArray[np.int64]
    masked: NDArray[np.bool_]
    source: NDArray[np.int64]
    weight: NDArray[np.float32]


def mask_record(record: Encoded, tail: int, rng: np.random.Generator) -> Canvas:
    """A random state of the canvas of ``record`` with ``tail`` end tokens behind the response."""
    x = rng.random()
    if x >= PREFIX_SHARE + UNIFORM_SHARE:
        canvas = _elastic(record, rng, room=tail)
        if canvas is not None:
            return canvas
    canvas = _plain(record, tail)
    return _mask_prefix(canvas, record, rng) if x < PREFIX_SHARE else _mask_uniform(canvas, rng)


def _plain(record: Encoded, tail: int) -> Canvas:
    length = len(record.response)
    tokens = np.concatenate([record.response, np.full(tail, EOS, np.int64)])
    source = np.concatenate([record.source, np.full(tail, NO_SOURCE, np.int64)])
    weight = np.ones(length + tail, np.float32)
    weight[length + FULL_TAIL :] = TAIL_WEIGHT
    return Canvas(tokens, np.zeros(length + tail, np.bool_), source, weight)


def _mask_prefix(canvas: Canvas, record: Encoded, rng: np.random.Generator) -> Canvas:
    slots, length = len(canvas.tokens), len(record.response)
    start = _cut(record, rng) if rng.random() < 0.7 else int(rng.integers(0, length + 1))
    canvas.masked[start:] = True
    if rng.random() < 0.45:  # some of the next slots were committed out of order
        window = slice(start + 1, start + 1 + int(rng.integers(1, 17)))
        canvas.masked[window] &= rng.random(len(canvas.masked[window])) >= rng.random() * 0.7
    if rng.random() < 0.15:  # islands further right
        canvas.masked[start + 1 :] &= rng.random(max(0, slots - start - 1)) >= rng.random() * 0.5
    distance = np.maximum(np.arange(slots) - start, 0)
    canvas.weight *= (FAR_WEIGHT + (1 - FAR_WEIGHT) * np.exp(-distance / NEAR)).astype(np.float32)
    if start >= slots:  # nothing left to predict: the response fills the canvas and was cut at its end
        canvas.masked[-1] = True
    return canvas


def _cut(record: Encoded, rng: np.random.Generator) -> int:
    """A slot at the start of a value, inside it, or just behind it."""
    if not len(record.spans):
        return 0
    start, end = record.spans[rng.integers(len(record.spans))]
    x = rng.random()
    if x < 0.35:
        return int(start)
    return int(end) if x < 0.5 else int(rng.integers(start, end + 1))


def _mask_uniform(canvas: Canvas, rng: np.random.Generator) -> Canvas:
    canvas.masked = rng.random(len(canvas.tokens)) < max(rng.random(), 0.02)
    canvas.masked[rng.integers(len(canvas.tokens))] = True
    return canvas


def _elastic(record: Encoded, rng: np.random.Generator, room: int) -> Canvas | None:
    """Spare fillers behind every value; None when ``room`` slots cannot hold any."""
    spans = record.spans
    lengths = spans[:, 1] - spans[:, 0] if len(spans) else np.zeros(0, np.int64)
    spare = np.maximum(0, int(rng.integers(2, 17)) - lengths) if rng.random() < 0.6 else rng.integers(0, 8, len(spans))
    if not len(spans) or spare.sum() == 0 or spare.sum() > room:
        return None
    tokens, source, weight, value = [], [], [], []
    done = 0
    for index, ((start, end), extra) in enumerate(zip(spans, spare, strict=True)):
        tokens += [record.response[done:end], np.full(extra, FILLER, np.int64)]
        source += [record.source[done:end], np.full(extra, NO_SOURCE, np.int64)]
        light = np.full(extra, TAIL_WEIGHT * 3, np.float32)
        light[:1] = 1
        weight += [np.ones(end - done, np.float32), light]
        value += [np.full(start - done, -1), np.full(end - start + extra, index)]
        done = end
    left = room - int(spare.sum())
    tokens += [record.response[done:], np.full(left, EOS, np.int64)]
    rest = len(record.response) - done + left
    source += [record.source[done:], np.full(left, NO_SOURCE, np.int64)]
    weight.append(np.ones(rest, np.float32))
    value.append(np.full(rest, -1))
    owner = np.concatenate(value)
    inside = owner >= 0
    slots = np.flatnonzero(inside)
    if rng.random() < 0.5:  # values before one slot are known
        masked = inside & (np.arange(len(owner)) >= rng.choice(slots))
    else:
        share = 1.0 if rng.random() < 0.3 else rng.random()
        masked = inside & (rng.random(len(owner)) < share)
        masked[rng.choice(slots)] = True
    return Canvas(np.concatenate(tokens), masked, np.concatenate(source), np.concatenate(weight))
