"""What ends a text beside the model's own end tokens: texts and token ids that one call names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from latticework.errors import InputError
from latticework.models.events import CommitEvent, ResultEvent, StreamEvent
from latticework.models.model import Model

if TYPE_CHECKING:
    from latticework.compiler import AnyConstraint
    from latticework.diffusion.records import Step
    from latticework.models.base import DiffusionModel
    from latticework.models.result import Result
    from latticework.tokens.vocabulary import Vocabulary

MAX_IDS = 64  # of one call; each set of them is a vocabulary of its own


class Reader(Protocol):
    """Tells what a canvas shows of its text."""

    def read(self, step: Step) -> Iterator[StreamEvent]: ...
    def close(self, result: Result) -> Iterator[StreamEvent]: ...


def stop_texts(given: str | Sequence[str] | None, constrained: bool) -> tuple[str, ...]:
    """Texts that end a text, each once.

    Raises ``InputError``: one is empty or no text, or a constraint says itself where its texts end.
    """
    found = tuple(dict.fromkeys([given] if isinstance(given, str) else given or ()))
    if not all(isinstance(text, str) and text for text in found):
        raise InputError("stop takes texts, none of them empty")
    if found and constrained:
        raise InputError("stop would cut a text that its grammar wants whole; leave one of them out")
    return found


def cut_at(result: Result, stops: tuple[str, ...], vocabulary: Vocabulary) -> Result:
    """The result up to the stop that is complete first, which is not part of it; its tokens are those that the rest of
    the text begins in."""
    place = first_stop(result.text, stops)
    if place is None:
        return result
    text, size, count = result.text[:place], 0, 0
    while count < len(result.tokens) and size < len(text.encode()):
        size += len(vocabulary.bytes(result.tokens[count]))
        count += 1
    return replace(result, text=text, value=text, tokens=result.tokens[:count], finish_reason="complete")


def stopping(model: Any, ids: Iterable[int] | None) -> Any:
    """``model``, or where ``ids`` has some that do not end its texts anyway, the same model with these as end tokens.

    No text then holds such a token; a constraint may still spell what it stands for by others. Cost: a pass over the
    vocabulary the first time.

    Raises ``InputError``: an id is no id of the vocabulary, or the mask.
    """
    new = _new_ends(model.vocabulary, ids)
    return StoppingModel(model, new) if new else model


def _new_ends(vocabulary: Vocabulary, ids: Iterable[int] | None) -> tuple[int, ...]:
    found = tuple(ids or ())
    if any(isinstance(i, bool) or not isinstance(i, int) for i in found) or len(found) > MAX_IDS:
        raise InputError(f"stop_token_ids takes up to {MAX_IDS} token ids, got {found[:MAX_IDS]!r}")
    roles = {i: vocabulary.role(i) for i in found}
    masks = [i for i, role in roles.items() if role == "mask"]
    if masks:
        raise InputError(f"stop_token_ids has {masks[0]}, the mask of the model, which no text holds")
    return tuple(sorted(i for i, role in roles.items() if role not in ("eos", "pad")))


class StoppingModel(Model):
    """A model with further end tokens."""

    def __init__(self, model: Model, ids: tuple[int, ...]) -> None:
        super().__init__(_Ending(model.backend, _with_ends(model.vocabulary, ids)))  # pyright: ignore[reportArgumentType]
        self._before = model.vocabulary

    def compile(self, grammar: Any) -> AnyConstraint:
        """As the model does; a constraint for the model itself is compiled again from its grammar."""
        source = getattr(grammar, "grammar", None)
        if source is not None and getattr(grammar, "vocabulary", None) == self._before:
            return super().compile(source)
        return super().compile(grammar)


class _Ending:
    """A backend with another vocabulary."""

    def __init__(self, backend: DiffusionModel, vocabulary: Vocabulary) -> None:
        self._backend = backend
        self.vocabulary = vocabulary

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


@lru_cache(maxsize=8)
def _with_ends(vocabulary: Vocabulary, ids: tuple[int, ...]) -> Vocabulary:
    return vocabulary.with_roles(dict.fromkeys(ids, "eos"))


class StopReader:
    """Another reader's events up to the stop text that is complete first."""

    def __init__(self, reader: Reader, stops: tuple[str, ...]) -> None:
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
