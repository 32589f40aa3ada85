"""The canvases of one request, for the event loop: prepared in a worker, denoised by the engine, read as events."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.chat.prompts import Conversing
from latticework.diffusion.loop import open_row
from latticework.errors import Infeasible, InputError, LatticeworkError
from latticework.models.events import EventReader, ResultEvent, StreamEvent
from latticework.models.outcomes import explained_by_holes, result_of, text_slots
from latticework.models.result import InfillResult, Result
from latticework.models.rows import PreparedRow, Rows
from latticework.models.stops import StopReader, stopping
from latticework.models.wishes import Wishes
from latticework.server.engine import Ticket
from latticework.server.errors import ApiError, failure, refusal, shut_down
from latticework.server.readers import HoleReader

if TYPE_CHECKING:
    from latticework.diffusion.records import Outcome, Step
    from latticework.diffusion.row import Row
    from latticework.models.model import Model
    from latticework.server.plans import Plan
    from latticework.server.state import State
    from latticework.tokens.vocabulary import Vocabulary

_SEEDS = 1 << 64
_log = logging.getLogger("latticework.server")


@dataclass(eq=False, slots=True)
class Canvas:
    """One candidate, opened and ready to be denoised.

    Attributes:
        prepared: what it was made of.
        seed: what reproduces it.
        ticket: its place in the engine, ``None`` until it is made.
        tokens, log_prob: of the text that was filled in; there once the result is.
    """

    prepared: PreparedRow
    seed: int | None
    ticket: Ticket | None = None
    tokens: list[int] = field(default_factory=list)
    log_prob: list[float] = field(default_factory=list)

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt, fixed text of the canvas included."""
        request = self.prepared.request
        return len(request.prompt) + int((~request.free).sum())

    def finish(self, outcome: Outcome, vocabulary: Vocabulary, *, cut: bool) -> Result:
        """The result of a filled canvas; of one that stopped early (``cut``), what is final of it."""
        if cut:
            return self._cut(outcome, vocabulary)
        kind = Result if self.prepared.form is None else InfillResult
        result = result_of(vocabulary, self.prepared, outcome, kind, self.seed)
        if result.error is not None:
            raise result.error
        slots = text_slots(vocabulary, self.prepared, outcome)
        self._keep(outcome, slots[self.prepared.request.free[slots]])
        return result

    def _cut(self, outcome: Outcome, vocabulary: Vocabulary) -> Result:
        """The caller has the text; its tokens are those that are final."""
        self._keep(outcome, np.arange(outcome.body))
        timings = outcome.timings
        return Result(
            None, "", tuple(self.tokens), "complete", outcome.forwards, slots=len(outcome.tokens), timings=timings
        )

    def _keep(self, outcome: Outcome, slots: NDArray[np.int64]) -> None:
        self.tokens = outcome.tokens[slots].tolist()
        self.log_prob = np.minimum(outcome.log_prob[slots], 0.0).tolist()


class Generation:
    """The canvases of one request. Use as an asynchronous context manager: leaving it gives their places back."""

    def __init__(self, state: State, plan: Plan) -> None:
        self._state = state
        self._plan = plan
        self._model = state.model
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[tuple[int, StreamEvent | Exception]] = asyncio.Queue()
        self._deadline = self._loop.time() + state.settings.request_timeout
        self._timer: asyncio.Timeout | None = None
        self._shut_down = False
        self._taken = 0
        self.canvases: list[Canvas] = []

    async def __aenter__(self) -> Generation:
        """Prepare the canvases and hand them to the engine.

        Raises ``ApiError``: no room, or what is wrong with the request; no forward has been made then.
        """
        plan, state = self._plan, self._state
        most = min(state.settings.max_choices, state.engine.places)
        if plan.canvases > most:
            param = plan.prompt_param if len(plan.prompts) > 1 else "n"
            raise ApiError(400, f"{plan.canvases} candidates in one request; at most {most}", param, "invalid_value")
        state.engine.take(plan.canvases)
        self._taken = plan.canvases
        state.open.add(self)
        work = self._loop.run_in_executor(state.workers, self._prepare)
        try:
            async with self._in_time():
                self.canvases = await asyncio.shield(work)
        except TimeoutError:
            work.add_done_callback(self._give_back)
            raise self._too_late() from None
        except asyncio.CancelledError:
            # A thread cannot be stopped: its places stay taken until it ends.
            work.add_done_callback(self._give_back)
            raise
        except Exception:
            self._give_back()
            raise
        state.engine.submit([canvas.ticket for canvas in self.canvases if canvas.ticket is not None])
        return self

    async def __aexit__(self, *error: object) -> None:
        for canvas in self.canvases:
            if canvas.ticket is not None:
                canvas.ticket.cancel()
                # Its callbacks lead back here: without it the canvas's tables go now, not when the collector comes.
                canvas.ticket = None
        self._give_back()

    def give_up(self) -> None:
        """End it now, as the server shuts down: who waits for it is told so."""
        self._shut_down = True
        self._deadline = self._loop.time()
        if self._timer is not None:
            self._timer.reschedule(self._deadline)

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """Raises ``TimeoutError`` once the deadline has passed, which may be moved meanwhile."""
        try:
            async with asyncio.timeout_at(self._deadline) as self._timer:
                yield
        finally:
            self._timer = None

    def _give_back(self, done: asyncio.Future[Any] | None = None) -> None:
        self._state.open.discard(self)
        if done is not None and not done.cancelled():
            done.exception()
        self._state.engine.release(self._taken)
        self._taken = 0

    async def events(self) -> AsyncIterator[tuple[int, StreamEvent]]:
        """Events of all canvases with their numbers, until each has had its result.

        Raises ``ApiError`` when a canvas fails or time is up.
        """
        open_canvases = len(self.canvases)
        while open_canvases:
            try:
                async with self._in_time():
                    index, event = await self._events.get()
            except TimeoutError:
                raise self._too_late() from None
            if isinstance(event, Exception):
                raise failure(event)
            yield index, event
            open_canvases -= isinstance(event, ResultEvent)

    async def results(self) -> list[Result]:
        """The results in the order of the canvases."""
        found: dict[int, Result] = {}
        async for index, event in self.events():
            if isinstance(event, ResultEvent):
                found[index] = event.result
        return [found[index] for index in range(len(self.canvases))]

    def _too_late(self) -> ApiError:
        if self._shut_down:
            return shut_down()
        seconds = self._state.settings.request_timeout
        return ApiError(504, f"the request took longer than {seconds:g} s", code="timeout")

    def _prepare(self) -> list[Canvas]:
        """Compile, encode, open. Runs in a worker thread."""
        plan, state = self._plan, self._state
        limit = min(state.settings.max_canvas, state.model.backend.max_positions or state.settings.max_canvas)
        if plan.max_tokens is not None and plan.max_tokens > limit:
            message = f"{plan.max_tokens_param} is {plan.max_tokens}; this server takes at most {limit}"
            raise ApiError(400, message, plan.max_tokens_param, "context_length_exceeded")
        constraint = None if plan.spec is None else state.grammars.constraint(plan.spec)
        self._model = self._stopping()
        seed = plan.seed
        if seed is None and plan.options.temperature > 0:
            seed = secrets.randbits(32)
        backend = Conversing.over(self._model.backend, plan.turns, plan.tools)
        seeds = [None if seed is None else (seed + candidate) % _SEEDS for candidate in range(plan.n)]
        makers = [Rows(backend, state.grammars.compile, own or 0) for own in seeds]
        found: list[Canvas] = []
        for prompt in plan.prompts:
            for own, rows in zip(seeds, makers, strict=True):
                found.append(self._open(len(found), rows, prompt, constraint, own))
        return found

    def _stopping(self) -> Model:
        """The model, with the end tokens that the request asks for.

        Raises ``ApiError``: they are no ids, or beside a constraint, for whose documents the model's own ones do.
        """
        plan, model = self._plan, self._state.model
        try:
            found = stopping(model, plan.stop_ids)
        except InputError as error:
            raise refusal(error, "stop_token_ids") from error
        if found is not model and plan.spec is not None:
            message = f"stop_token_ids would cut a text that {plan.spec.param} wants whole; leave one of them out"
            raise ApiError(400, message, "stop_token_ids", "contradiction")
        return found

    def _open(self, index: int, rows: Rows, prompt: str, constraint: Any, seed: int | None) -> Canvas:
        plan, model = self._plan, self._model
        prepared = None
        try:
            if plan.parts is None:
                prepared = rows.blank(prompt, constraint, Wishes(plan.max_tokens, "soft"))
            else:
                prepared = rows.with_holes(plan.parts, constraint, prompt)
            row = open_row(model.backend, index, prepared.request, plan.options)
        except Infeasible as error:
            told = error if prepared is None else explained_by_holes(prepared, error)
            raise refusal(told, plan.max_tokens_param) from error
        except InputError as error:
            raise refusal(error, plan.prompt_param) from error
        except LatticeworkError as error:
            raise refusal(error, plan.prompt_param if plan.spec is None else plan.spec.param) from error
        canvas = Canvas(prepared, seed)
        canvas.ticket = self._ticket(index, row, canvas)
        return canvas

    def _ticket(self, index: int, row: Row, canvas: Canvas) -> Ticket:
        """The canvas's place in the engine, with callbacks that report to this request."""
        vocabulary = self._model.vocabulary
        reader = self._reader(canvas.prepared)

        def on_step(step: Step) -> bool:
            assert reader is not None
            self._post(index, list(reader.read(step)))
            return isinstance(reader, StopReader) and reader.stopped

        def on_end(ending: Outcome | Exception) -> None:
            if isinstance(ending, Exception):
                self._post(index, [ending])
                return
            try:
                cut = isinstance(reader, StopReader) and reader.stopped
                result = canvas.finish(ending, vocabulary, cut=cut)
                if isinstance(result, InfillResult) and self._plan.only_hole:
                    result = replace(result, text=result.holes[0])
                self._post(index, [ResultEvent(result)] if reader is None else list(reader.close(result)))
            except Exception as error:
                _log.exception("a canvas could not be read")
                self._post(index, [error])

        return Ticket(row, on_end, None if reader is None else on_step)

    def _reader(self, prepared: PreparedRow) -> EventReader | HoleReader | StopReader | None:
        """``None`` where nobody asks before the end."""
        plan, vocabulary = self._plan, self._model.vocabulary
        if not plan.streams and not plan.stop:
            return None
        if prepared.form is None:
            is_json = plan.fields and prepared.grammar is not None and prepared.grammar.kind == "json_schema"
            reader = EventReader(
                vocabulary, json_document=is_json, drafts=plan.drafts, temperature=prepared.temperature
            )
        else:
            slots = slice(0, None)
            if plan.only_hole:
                place = prepared.form.holes[0]
                slots = slice(int(prepared.form.offset[place]), int(prepared.form.offset[place + 1]))
            reader = HoleReader(vocabulary, slots, drafts=plan.drafts)
        return StopReader(reader, plan.stop) if plan.stop else reader

    def _post(self, index: int, events: Sequence[StreamEvent | Exception]) -> None:
        """From the engine's thread to the event loop."""
        for event in events:
            self._loop.call_soon_threadsafe(self._events.put_nowait, (index, event))
