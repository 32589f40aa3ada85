"""What a stream reports, and how it follows from the steps of a canvas.

Denoising fixes slots in any order, and what a slot holds may change until it is fixed. So text is reported as far as
the slots are fixed from the left on without a gap: what has been reported never changes.
"""

from __future__ import annotations

import json
import math
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from latticework.diffusion.confidence import calibrated, commit_log_prob, slot_spans, span_confidence
from latticework.diffusion.spans import SpanReader

if TYPE_CHECKING:
    from latticework.diffusion.records import Step
    from latticework.models.result import Result
    from latticework.tokens.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class DraftEvent:
    """The whole text as the model would complete it now; anything in it that is not committed may change.

    Attributes:
        text: the current completion, ``""`` before the first forward.
        step: the canvas slot by slot.
    """

    text: str
    step: Step
    kind: Literal["draft"] = "draft"


@dataclass(frozen=True, slots=True)
class CommitEvent:
    """More text that is final. All of them joined are the text of the result, and a prefix of it at any time."""

    text: str
    kind: Literal["commit"] = "commit"


@dataclass(frozen=True, slots=True)
class FieldEvent:
    """A value of a JSON document is final. Values come in the order in which they end, the document itself last.

    Attributes:
        pointer: JSON Pointer of the value, ``""`` for the document. Of a repeated key the last event counts.
        value: the value in JSON types.
        confidence: as in ``Result.confidence``.
    """

    pointer: str
    value: Any
    confidence: float
    kind: Literal["field"] = "field"


@dataclass(frozen=True, slots=True)
class ResultEvent:
    """The last event: what ``generate`` would have returned."""

    result: Result
    kind: Literal["result"] = "result"


StreamEvent: TypeAlias = DraftEvent | CommitEvent | FieldEvent | ResultEvent


class EventReader:
    """Makes events of the steps of one canvas with a tail.

    Args:
        vocabulary: of the model.
        json_document: whether the text will be one JSON document, which has fields.
        drafts: whether drafts are reported.
        temperature: of the model's confidence in values.
    """

    def __init__(self, vocabulary: Vocabulary, *, json_document: bool, drafts: bool, temperature: float = 1.0) -> None:
        self._vocabulary = vocabulary
        self._temperature = temperature
        self._drafts = drafts
        self._ends = frozenset(vocabulary.end_tokens)
        self._spans = SpanReader() if json_document else None
        self._decoder = getincrementaldecoder("utf-8")(errors="replace")
        self._pieces: list[bytes] = []
        self._log_prob = np.zeros(0)
        self._text = ""
        self._ended = False

    def read(self, step: Step) -> Iterator[StreamEvent]:
        """What a step adds."""
        if self._drafts:
            yield DraftEvent(self._completion(step), step)
        if step.provisional:
            return  # all of it is reported with the result
        grown = len(step.tokens) - len(self._log_prob)
        self._log_prob = np.append(self._log_prob, np.zeros(max(grown, 0)))
        self._log_prob[step.committed] = commit_log_prob(step.confidence[step.committed])
        fixed = int(step.free.argmax()) if step.free.any() else len(step.free)
        pieces: list[bytes] = []
        for token in step.tokens[len(self._pieces) : fixed].tolist():
            if self._ended or token in self._ends:
                self._ended = True
                break
            pieces.append(self._vocabulary.bytes(token))
        self._pieces += pieces
        data = b"".join(pieces)
        yield from self._commit(self._decoder.decode(data))
        if self._spans is not None:
            found = self._spans.feed(data)
            starts, ends = slot_spans(self._pieces)
            log_prob = self._log_prob[: len(starts)]
            for pointer, start, end in found:
                value = json.loads(self._spans.document[start:end])
                confidence = {pointer: span_confidence(starts, ends, log_prob, start, end)}
                yield FieldEvent(pointer, value, calibrated(confidence, self._temperature)[pointer])

    def close(self, result: Result) -> Iterator[StreamEvent]:
        """What has not been reported of the finished text, and the result.

        Raises ``RuntimeError`` where the text is not what has been reported, which would be a bug of the model's loop.
        """
        if not result.text.startswith(self._text):
            raise RuntimeError(
                f"internal error: the text {result.text!r} does not begin with the committed {self._text!r}"
            )
        yield from self._commit(result.text[len(self._text) :])
        if self._spans is not None:
            rest = result.text.encode()[len(self._spans.document) :]
            for pointer, start, end in self._spans.feed(rest, last=True):
                value = json.loads(self._spans.document[start:end])
                yield FieldEvent(pointer, value, result.confidence.get(pointer, math.nan))
        yield ResultEvent(result)

    def _commit(self, text: str) -> Iterator[CommitEvent]:
        self._text += text
        if text:
            yield CommitEvent(text)

    def _completion(self, step: Step) -> str:
        pieces: list[bytes] = []
        for token in step.tokens.tolist():
            if token in self._ends:
                break
            pieces.append(self._vocabulary.bytes(token) if token >= 0 else b"")
        return b"".join(pieces).decode(errors="replace")
