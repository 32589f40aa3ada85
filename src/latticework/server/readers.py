"""What a canvas shows of its text while it is denoised: never anything that changes later."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator
from typing import TYPE_CHECKING

from latticework.models.events import CommitEvent, DraftEvent, ResultEvent, StreamEvent

if TYPE_CHECKING:
    from latticework.diffusion.records import Step
    from latticework.models.result import Result
    from latticework.tokens.vocabulary import Vocabulary


class HoleReader:
    """Events of some slots of a canvas without a tail: of its only hole, or of the whole text."""

    def __init__(self, vocabulary: Vocabulary, slots: slice, *, drafts: bool) -> None:
        self._vocabulary = vocabulary
        self._slots = slots
        self._drafts = drafts
        self._decoder = getincrementaldecoder("utf-8")(errors="replace")
        self._read = 0
        self._text = ""

    def read(self, step: Step) -> Iterator[StreamEvent]:
        """What a step adds."""
        tokens, free = step.tokens[self._slots], step.free[self._slots]
        if self._drafts:
            data = self._vocabulary.decode([token for token in tokens.tolist() if token >= 0])
            yield DraftEvent(data.decode(errors="replace"), step)
        fixed = int(free.argmax()) if free.any() else len(free)
        text = self._decoder.decode(self._vocabulary.decode(tokens[self._read : fixed].tolist()))
        self._read = fixed
        yield from self._commit(text)

    def close(self, result: Result) -> Iterator[StreamEvent]:
        """What has not been reported of the finished text, and the result.

        Raises ``RuntimeError`` where the text is not what has been reported, which would be a bug of the loop.
        """
        if not result.text.startswith(self._text):
            raise RuntimeError("internal error: the text does not begin with what has been committed")
        yield from self._commit(result.text[len(self._text) :])
        yield ResultEvent(result)

    def _commit(self, text: str) -> Iterator[StreamEvent]:
        self._text += text
        if text:
            yield CommitEvent(text)
