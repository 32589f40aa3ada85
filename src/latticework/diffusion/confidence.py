"""Confidence of a finished document and of each JSON value in it, from the confidence of its slots at commit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.spans import value_spans

_FLOOR = 1e-6  # probabilities are kept this far from 0 and 1, where a logit would be infinite
_LEAST = 1e-12  # nats that a slot which the model decided is kept below the certainty of the constraint


def commit_log_prob(confidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """[n] log-probabilities of slots that a policy commits: below 0, which is for what the constraint decided, also
    where the model is certain."""
    with np.errstate(divide="ignore"):
        return np.minimum(np.log(confidence), -_LEAST)


def value_confidence(
    pieces: Sequence[bytes], log_prob: NDArray[np.float64], *, json_document: bool
) -> dict[str, float]:
    """Probability by JSON Pointer; ``{"": ...}`` alone when the text is no JSON document.

    ``pieces`` are the bytes of the document's tokens, ``log_prob`` [len(pieces)] the log-probability of each at its
    commit (0 where the constraint decided). A value has the *product* over the slots that overlap its bytes:
    each factor is conditional on what was committed before, so the product estimates the probability that the whole
    value is what the model means. It falls with length, as that probability does; the geometric mean would not.
    """
    starts, ends = slot_spans(pieces)
    document = b"".join(pieces)
    spans = value_spans(document) if json_document else {"": (0, len(document))}
    return {pointer: span_confidence(starts, ends, log_prob, *span) for pointer, span in spans.items()}


def scaled(probability: float, temperature: float) -> float:
    """The probability with its logit divided by ``temperature`` (Guo et al. 2017); 0 and 1 count as almost that."""
    p = min(1 - _FLOOR, max(_FLOOR, probability))
    return 0.5 + 0.5 * math.tanh(math.log(p / (1 - p)) / temperature / 2)


def calibrated(confidence: Mapping[str, float], temperature: float) -> dict[str, float]:
    """Confidences scaled by a temperature that was fitted on held-out data; as they are for a temperature of 1.

    A confidence of 1 stays 1: the constraint decided, not the model.
    """
    if temperature == 1.0:
        return dict(confidence)
    return {pointer: p if p == 1.0 else scaled(p, temperature) for pointer, p in confidence.items()}


def slot_spans(pieces: Sequence[bytes]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """([K] first, [K] last byte + 1) of each piece in the text they make together."""
    sizes = np.array([len(piece) for piece in pieces], dtype=np.int64)
    ends = np.cumsum(sizes)
    return ends - sizes, ends


def span_confidence(
    starts: NDArray[np.int64], ends: NDArray[np.int64], log_prob: NDArray[np.float64], start: int, end: int
) -> float:
    """The product over the slots, whose bytes are ``starts`` [K] to ``ends`` [K], that overlap bytes start to end."""
    return math.exp(min(0.0, float(log_prob[(ends > start) & (starts < end)].sum())))
