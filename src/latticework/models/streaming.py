"""Generation off the event loop, and as a stream of events. Whoever stops listening stops the work at its next step."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol, Unpack, overload

from latticework.errors import InputError
from latticework.models.events import EventReader, ResultEvent, StreamEvent

if TYPE_CHECKING:
    from latticework.compiler import AnyConstraint
    from latticework.diffusion.records import Step
    from latticework.models.options import GenerateOptions
    from latticework.models.result import Result
    from latticework.models.stops import Reader
    from latticework.tokens.vocabulary import Vocabulary


class Generates(Protocol):
    """What streams are made of; :class:`latticework.models.model.Model` has it."""

    @property
    def vocabulary(self) -> Vocabulary: ...
    @property
    def confidence_temperature(self) -> float: ...
    @property
    def generate(self) -> Callable[..., Any]: ...
    def compile(self, grammar: Any) -> AnyConstraint: ...


class Streaming:
    """The forms of ``generate`` that do not block until everything is there."""

    @overload
    async def agenerate(
        self: Generates, prompt: str, grammar: Any = None, *, n: None = None, **options: Unpack[GenerateOptions]
    ) -> Result: ...
    @overload
    async def agenerate(
        self: Generates, prompt: str, grammar: Any = None, *, n: int, **options: Unpack[GenerateOptions]
    ) -> list[Result]: ...
    @overload
    async def agenerate(
        self: Generates,
        prompt: list[str] | tuple[str, ...],
        grammar: Any = None,
        *,
        n: None = None,
        **options: Unpack[GenerateOptions],
    ) -> list[Result]: ...
    @overload
    async def agenerate(
        self: Generates,
        prompt: list[str] | tuple[str, ...],
        grammar: Any = None,
        *,
        n: int,
        **options: Unpack[GenerateOptions],
    ) -> list[list[Result]]: ...

    async def agenerate(self: Generates, prompt: Any, grammar: Any = None, **options: Any) -> Any:
        """``generate`` in a thread of the event loop's executor, compilation included; arguments, results and errors
        are the same. Cancelling the task stops the work at the next step. ``on_step`` is called in that thread.
        """
        stop = _Stop(options.pop("on_step", None))
        try:
            return await asyncio.to_thread(self.generate, prompt, grammar, on_step=stop, **options)
        finally:
            stop.set()

    def stream(
        self: Generates, prompt: str, grammar: Any = None, *, drafts: bool = False, **options: Unpack[GenerateOptions]
    ) -> Generator[StreamEvent]:
        """The events of one generation, as they happen; the last one is a ``ResultEvent``.

        Args:
            prompt, grammar, options: as in ``generate``, for one prompt. ``on_step`` is called in the working thread.
            drafts: also report the current completion at every step (``DraftEvent``).

        The joined ``CommitEvent`` texts are at any time a prefix of the final text. The work runs in a thread that
        starts with the first event asked for; closing the generator (or leaving the ``for`` loop) stops it at the
        next step and waits for that.

        Raises, when the first event is asked for: what ``generate`` raises before any forward. A limit that is hit
        later is raised where it is hit.
        """
        _check_prompt(prompt)
        return _events(self, prompt, grammar, drafts, dict(options))

    def astream(
        self: Generates, prompt: str, grammar: Any = None, *, drafts: bool = False, **options: Unpack[GenerateOptions]
    ) -> AsyncGenerator[StreamEvent]:
        """:meth:`stream` for an event loop, which is never blocked; closing it does not wait for the last step."""
        _check_prompt(prompt)
        return _async_events(self, prompt, grammar, drafts, dict(options))


def _check_prompt(prompt: object) -> None:
    if not isinstance(prompt, str):
        raise InputError(f"a stream takes one prompt, a text; got {type(prompt).__name__}")


class _Stopped(Exception):
    """Raised in the loop to leave it; no caller sees it."""


class _Stop:
    """A step hook that ends the work once it is set, and calls the user's own hook until then."""

    def __init__(self, then: Callable[[Step], None] | None) -> None:
        self._then = then
        self._stopped = threading.Event()

    def set(self) -> None:
        self._stopped.set()

    def __call__(self, step: Step) -> None:
        if self._stopped.is_set():
            raise _Stopped
        if self._then is not None:
            self._then(step)


class _Work:
    """One generation in a thread of its own, which sends its events, or the exception it ended with."""

    def __init__(
        self,
        model: Generates,
        prompt: str,
        grammar: Any,
        drafts: bool,
        options: dict[str, Any],
        send: Callable[[StreamEvent | BaseException], None],
    ) -> None:
        from latticework.models.stops import stop_texts, stopping

        self._stops = stop_texts(options.pop("stop", None), grammar is not None)
        self._model = stopping(model, options.pop("stop_token_ids", None))
        self._prompt = prompt
        self._grammar = grammar
        self._drafts = drafts
        self._hook: Callable[[Step], None] | None = options.pop("on_step", None)
        # Elastic canvases are provisional to the end: nothing of them could be reported before.
        self._options = options | ({"scaffold": "soft"} if options.get("scaffold", "auto") == "auto" else {})
        self._send = send
        self._stop = _Stop(self._on_step)
        self._reader: Reader | None = None
        self._thread = threading.Thread(
            target=contextvars.copy_context().run, args=(self._run,), name="latticework-stream"
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def join(self) -> None:
        # A generator nobody holds may be closed by the collector, in whatever thread that runs.
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        try:
            constraint = None if self._grammar is None else self._model.compile(self._grammar)
            source = None if constraint is None else constraint.grammar
            self._reader = EventReader(
                self._model.vocabulary,
                json_document=source is not None and source.kind == "json_schema",
                drafts=self._drafts,
                temperature=self._model.confidence_temperature,
            )
            if self._stops:
                from latticework.models.stops import StopReader

                self._reader = StopReader(self._reader, self._stops)
            result = self._model.generate(self._prompt, constraint, on_step=self._stop, **self._options)
            for event in self._reader.close(result):
                self._send(event)
        except _Stopped:
            pass
        except BaseException as error:
            self._send(error)

    def _on_step(self, step: Step) -> None:
        if self._hook is not None:
            self._hook(step)
        assert self._reader is not None
        for event in self._reader.read(step):
            self._send(event)


def _events(
    model: Generates, prompt: str, grammar: Any, drafts: bool, options: dict[str, Any]
) -> Generator[StreamEvent]:
    queue: SimpleQueue[StreamEvent | BaseException] = SimpleQueue()
    work = _Work(model, prompt, grammar, drafts, options, queue.put)
    work.start()
    try:
        while True:
            event = queue.get()
            if isinstance(event, BaseException):
                raise event
            yield event
            if isinstance(event, ResultEvent):
                return
    finally:
        work.stop()
        work.join()


async def _async_events(
    model: Generates, prompt: str, grammar: Any, drafts: bool, options: dict[str, Any]
) -> AsyncGenerator[StreamEvent]:
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[StreamEvent | BaseException] = asyncio.Queue()

    def send(event: StreamEvent | BaseException) -> None:
        # A loop that was closed in the meantime has no listener any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(queue.put_nowait, event)

    work = _Work(model, prompt, grammar, drafts, options, send)
    work.start()
    try:
        while True:
            event = await queue.get()
            if isinstance(event, BaseException):
                raise event
            yield event
            if isinstance(event, ResultEvent):
                return
    finally:
        work.stop()
