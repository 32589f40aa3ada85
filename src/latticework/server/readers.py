"""What a canvas shows of its text while it is denoised: never anything that changes later."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from latticework.models.events import CommitEvent, DraftEvent, EventReader, ResultEvent, StreamEvent

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


class StopReader:
    """Another reader's events up to the stop text that is complete first."""

    def __init__(self, reader: EventReader | HoleReader, stops: tuple[str, ...]) -> None:
        self._reader = reader
        self._stops = stops
        self._pending = ""
        self._told = ""
        self.stopped = False

    def read(self, step: Step) -> Iterator[StreamEvent]:
        """What a step adds; nothing after a stop."""
        if not self.stopped:
            for event in self._reader.read(step):
                yield from self._cut(event)

    def close(self, result: Result) -> Iterator[StreamEvent]:
        """The rest, and the result with its text cut; its finish reason is ``complete`` where it was cut."""
        if not self.stopped:
            for event in self._reader.close(result):
                if not isinstance(event, ResultEvent):
                    yield from self._cut(event)
        if not self.stopped and self._pending:
            yield from self._tell(self._pending)
        reason = "complete" if self.stopped else result.finish_reason
        yield ResultEvent(replace(result, text=self._told, value=self._told, finish_reason=reason))

    def _cut(self, event: StreamEvent) -> Iterator[StreamEvent]:
        if not isinstance(event, CommitEvent):
            yield event
            return
        if self.stopped:
            return
        self._pending += event.text
        place = first_stop(self._pending, self._stops)
        if place is not None:
            self.stopped = True
            yield from self._tell(self._pending[:place])
            return
        held = max(_overlap(self._pending, stop) for stop in self._stops)
        yield from self._tell(self._pending[: len(self._pending) - held])

    def _tell(self, text: str) -> Iterator[StreamEvent]:
        self._told += text
        self._pending = self._pending[len(text) :]
        if text:
            yield CommitEvent(text)


def first_stop(text: str, stops: tuple[str, ...]) -> int | None:
    """Where the stop that is complete first begins, so that it does not matter in which pieces a text comes."""
    found = [(place + len(stop), place) for stop in stops if (place := text.find(stop)) >= 0]
    return min(found)[1] if found else None


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of ``text`` may be the beginning of ``stop``."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)
