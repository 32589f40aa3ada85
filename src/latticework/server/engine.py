"""One thread that denoises the canvases of all requests together.

Canvases join the batch as soon as one leaves, between two forwards; each has its own grammar, temperature and policy.
The number of canvases that wait is bounded: who comes later is told to try again.
"""

from __future__ import annotations

import logging
import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from latticework.diffusion.loop import Batch
from latticework.server.errors import ApiError, shut_down

if TYPE_CHECKING:
    from latticework.diffusion.records import Outcome, Step
    from latticework.diffusion.row import Row
    from latticework.models.base import DiffusionModel
    from latticework.server.metrics import Metrics

_log = logging.getLogger("latticework.server")


@dataclass(eq=False, slots=True)
class Ticket:
    """A canvas on its way through the engine. The callbacks run in the engine's thread and must not block.

    Attributes:
        row: the opened canvas.
        on_end: called once, with the outcome or what went wrong; not called for a ticket that was cancelled.
        on_step: called after every step; returns whether the canvas may stop now, as its text is complete.
    """

    row: Row
    on_end: Callable[[Outcome | Exception], None]
    on_step: Callable[[Step], bool] | None = None
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _enough: bool = False

    def cancel(self) -> None:
        """Give the slot back before the next forward; the callbacks are no longer called. Thread-safe."""
        self._cancelled.set()


class Engine:
    """The batch, and the queue in front of it."""

    def __init__(self, model: DiffusionModel, max_batch: int, max_waiting: int, metrics: Metrics) -> None:
        self._model = model
        self._max_batch = max_batch
        self._places = max_batch + max_waiting
        self._metrics = metrics
        self._changed = threading.Condition()
        self._waiting: deque[Ticket] = deque()
        self._running: dict[int, Ticket] = {}
        self._taken = 0
        self._draining = False
        self._closed = False
        self._numbers = 0
        self._seconds = 1.0  # of one canvas, a running mean
        self._begun: dict[int, float] = {}
        self._thread = threading.Thread(target=self._run, name="denoising", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def places(self) -> int:
        """Canvases that the batch and the queue hold together."""
        return self._places

    @property
    def running(self) -> int:
        """Canvases in the batch."""
        return len(self._running)

    @property
    def taken(self) -> int:
        """Places taken: canvases being prepared, waiting, or in the batch."""
        return self._taken

    @property
    def draining(self) -> bool:
        """Whether new requests are refused."""
        return self._draining

    def drain(self) -> None:
        """Refuse new requests; what has a place goes on."""
        self._draining = True

    def close(self, timeout: float = 5.0) -> None:
        """Stop after the current forward; what is still open fails."""
        with self._changed:
            self._draining = self._closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def take(self, places: int) -> None:
        """Take places for so many canvases, each to be given back by :meth:`release`.

        Raises ``ApiError``: 503 while draining, 429 when that many are not free.
        """
        with self._changed:
            if self._draining:
                raise shut_down()
            if self._taken + places > self._places:
                ahead = max(1, self._taken - self._max_batch) / self._max_batch
                wait = min(60, max(1, math.ceil(ahead * self._seconds)))
                message = f"the queue is full ({self._places} canvases); try again in {wait} s"
                raise ApiError(429, message, code="queue_full", headers={"Retry-After": str(wait)})
            self._taken += places

    def release(self, places: int) -> None:
        """Give places back."""
        with self._changed:
            self._taken -= places

    def submit(self, tickets: list[Ticket]) -> None:
        """Queue canvases, first come first served."""
        with self._changed:
            refused = tickets if self._closed else []
            for ticket in [] if self._closed else tickets:
                ticket.row.index = self._numbers
                self._numbers += 1
                self._waiting.append(ticket)
            self._changed.notify()
        for ticket in refused:
            _tell(ticket, shut_down())

    def _run(self) -> None:
        try:
            with Batch(self._model, self._end, self._step) as batch:
                while self._admit(batch):
                    self._round(batch)
        except BaseException:
            _log.exception("the engine has stopped")
            raise
        finally:
            with self._changed:
                self._draining = self._closed = True
                left = [*self._running.values(), *self._waiting]
                self._waiting.clear()
            for ticket in left:
                _tell(ticket, shut_down())

    def _round(self, batch: Batch) -> None:
        try:
            self._metrics.batch(len(batch.rows))
            batch.round()
        except Exception as error:
            _log.exception("a forward failed; its %d canvases are given up", len(batch.rows))
            self._fail(batch, error)
        self._drop(batch)

    def _admit(self, batch: Batch) -> bool:
        """Wait for work, let it join the batch; ``False`` when closed."""
        while True:
            with self._changed:
                while not (self._waiting or batch.rows or self._closed):
                    self._changed.wait()
                if self._closed:
                    return False
                joining = self._next(self._max_batch - len(batch.rows))
            for ticket in joining:
                self._running[ticket.row.index] = ticket
                self._begun[ticket.row.index] = monotonic()
                batch.add(ticket.row)
            self._drop(batch)
            if batch.rows:
                return True

    def _next(self, room: int) -> list[Ticket]:
        """Up to ``room`` tickets from the queue, the cancelled ones left out."""
        found: list[Ticket] = []
        while self._waiting and len(found) < room:
            ticket = self._waiting.popleft()
            if not ticket._cancelled.is_set():
                found.append(ticket)
        return found

    def _drop(self, batch: Batch) -> None:
        """Take out what was cancelled, and what has said all it will."""
        kept: list[Row] = []
        for row in batch.rows:
            ticket = self._running[row.index]
            if ticket._cancelled.is_set():
                self._leave(row)
                self._metrics.cancelled.inc()
            elif ticket._enough:
                self._end(row, None)
            else:
                kept.append(row)
        batch.rows = kept

    def _fail(self, batch: Batch, error: Exception) -> None:
        for row in batch.rows:
            if row.index in self._running:
                self._end(row, error)
        batch.rows = []

    def _step(self, step: Step) -> None:
        ticket = self._running[step.row]
        if ticket.on_step is None or ticket._cancelled.is_set():
            return
        try:
            ticket._enough = ticket.on_step(step)
        except Exception as error:
            _log.exception("a canvas could not be read")
            _tell(ticket, error)
            ticket.cancel()

    def _end(self, row: Row, error: Exception | None) -> None:
        ticket = self._leave(row)
        outcome = row.outcome()
        self._metrics.row(outcome)
        if error is not None:
            _log.error("a canvas failed: %s", error, exc_info=error)
        _tell(ticket, outcome if error is None else error)

    def _leave(self, row: Row) -> Ticket:
        spent = monotonic() - self._begun.pop(row.index)
        self._seconds += 0.1 * (spent - self._seconds)
        return self._running.pop(row.index)


def _tell(ticket: Ticket, ending: Outcome | Exception) -> None:
    if ticket._cancelled.is_set():
        return
    try:
        ticket.on_end(ending)
    except RuntimeError:
        _log.debug("nobody listens any more", exc_info=True)
