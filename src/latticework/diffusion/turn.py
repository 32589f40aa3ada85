"""What one row makes of a forward: a question to its lattice, commits, what follows from them, perhaps a next step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from latticework.diffusion.question import Question, ask_together
from latticework.diffusion.records import Step
from latticework.diffusion.row import Row

if TYPE_CHECKING:
    import torch

    Each: TypeAlias = Callable[[Callable[[Any], None], Iterable[Any]], Iterable[None]]

EMPTY = np.empty(0, dtype=np.int64)

Moves: TypeAlias = list[Step | Exception]  # what a row did after a forward; a failure is the last of them


class Turn:
    """One row after one forward. Rows share nothing, so several turns may be taken at once.

    Where the same forward has looked at the canvas that a step leads to, the next step follows at once.

    Attributes:
        row: whose turn it is.
        moves: what it did so far.
        over: whether nothing more follows from this forward.
        question: what the row waits for, between :meth:`ask` and :meth:`answer`.
    """

    def __init__(self, row: Row, logits: Sequence[torch.Tensor], prepared: Future[float] | None) -> None:
        """
        Args:
            row: open.
            logits: [N, V] of its canvas, then of each of its other canvases.
            prepared: its sets on their way, where a worker thread computes them.
        """
        self.row = row
        self.moves: Moves = []
        self.over = False
        self.question: Question | None = None
        self._logits: Any = logits[0]
        self._others: Sequence[Any] | None = logits[1:]
        self._prepared = prepared

    def take(self) -> None:
        """All of it, the row on its own."""
        while not self.over:
            self.ask()
            self.answer()

    def ask(self) -> None:
        """Up to the question; without one where the step ends before it."""
        try:
            if self._prepared is not None:
                _await(self.row, self._prepared)
                self._prepared = None
            self.question = self.row.ask(self._logits, self._others)
            if self.question is None:
                self._settle(EMPTY)
        except Exception as error:
            self._fail(error)

    def answer(self) -> None:
        """From the answer on; nothing where nothing was asked."""
        if self.question is None:
            return
        try:
            question, self.question = self.question, None
            self._settle(self.row.take(question))
        except Exception as error:
            self._fail(error)

    def _settle(self, committed: NDArray[np.int64]) -> None:
        self.moves += settle(self.row, committed)
        self.over = isinstance(self.moves[-1], Exception)
        if self.over:
            return
        self._logits, self._others = self.row.foreseen(), None
        if self._logits is None:
            self.over = True
            self.row.look_ahead()

    def _fail(self, error: Exception) -> None:
        self.moves.append(error)
        self.over = True


def take_together(turns: Sequence[Turn], each: Each) -> None:
    """The turns of a batch whose logits are on a device: what they ask goes there together. ``each`` maps a method over
    turns, perhaps in threads."""
    left = list(turns)
    while left:
        _exhaust(each(Turn.ask, left))
        begun = perf_counter()
        asking = [turn for turn in left if turn.question is not None]
        ask_together([turn.question for turn in asking if turn.question is not None])
        for turn in asking:
            turn.row.timings.constraint += 1e3 * (perf_counter() - begun)
        _exhaust(each(Turn.answer, asking))
        left = [turn for turn in left if not turn.over]


def settle(row: Row, committed: NDArray[np.int64]) -> Moves:
    """Fix what follows from ``committed`` without the model."""
    try:
        return [row.step(committed, row.settle())]
    except Exception as error:
        return [error]


def _await(row: Row, prepared: Future[float]) -> None:
    begun = perf_counter()
    spent = prepared.result()
    waited = 1e3 * (perf_counter() - begun)
    row.timings.constraint += waited
    row.timings.hidden += max(0.0, spent - waited)


def _exhaust(results: Iterable[None]) -> None:
    for _ in results:
        pass
