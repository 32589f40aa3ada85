"""Which positions of a row a forward computes, by published cache."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.errors import InputError


@dataclass(frozen=True, slots=True)
class Pass:
    """Positions of prompt and canvas, L in all.

    Attributes:
        computed: [L] bool, rows, keys and values that are computed; what has changed always is.
        hidden: [L] bool, positions that nobody sees in this pass.
    """

    computed: NDArray[np.bool_]
    hidden: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Strategy(ABC):
    """``refresh``: every how many forwards of a row all is computed; ``None`` for the strategy's own moments only."""

    refresh: int | None = None

    def __post_init__(self) -> None:
        if self.refresh is not None and self.refresh < 1:
            raise InputError(f"refresh must be at least 1, got {self.refresh}")

    @abstractmethod
    def plan(self, prompt: int, open_: NDArray[np.bool_], was_open: NDArray[np.bool_]) -> Pass | None:
        """What to compute for a canvas after ``prompt`` positions; ``None`` for everything.

        ``open_`` and ``was_open``: [N] bool, open slots now and in the forward before.
        """


def _pass(prompt: int, slots: NDArray[np.bool_]) -> Pass:
    computed = np.concatenate((np.zeros(prompt, dtype=np.bool_), slots))
    return Pass(computed, np.zeros(len(computed), dtype=np.bool_))


@dataclass(frozen=True, slots=True)
class Prefix(Strategy):
    """Everything before the active block is kept while the block is being filled. Fast-dLLM, arXiv 2505.22618."""

    block: int = 32

    def plan(self, prompt: int, open_: NDArray[np.bool_], was_open: NDArray[np.bool_]) -> Pass | None:
        start = _block_start(open_, self.block)
        if start != _block_start(was_open, self.block):
            return None
        return _pass(prompt, np.arange(len(open_)) >= start)


@dataclass(frozen=True, slots=True)
class Dual(Strategy):
    """Everything around the active block is kept while the block is being filled. Fast-dLLM, arXiv 2505.22618."""

    block: int = 32

    def plan(self, prompt: int, open_: NDArray[np.bool_], was_open: NDArray[np.bool_]) -> Pass | None:
        start = _block_start(open_, self.block)
        if start != _block_start(was_open, self.block):
            return None
        slots = np.arange(len(open_))
        return _pass(prompt, (slots >= start) & (slots < start + self.block))


@dataclass(frozen=True, slots=True)
class Delayed(Strategy):
    """A written token is computed once more in the forward after it was written, then kept; masks always are.

    dKV-Cache, arXiv 2505.15781 (refresh every 4 to 16 forwards).
    """

    refresh: int | None = 8

    def plan(self, prompt: int, open_: NDArray[np.bool_], was_open: NDArray[np.bool_]) -> Pass | None:
        return _pass(prompt, open_ | was_open)


@dataclass(frozen=True, slots=True)
class Window(Strategy):
    """Only the next ``active`` masks are computed, masks beyond the next ``context`` are dropped.

    Window-Diffusion, arXiv 2601.20332: 16 active, 64 in sight, refresh every 32 forwards. Rows that are not computed
    are those of the last time.
    """

    refresh: int | None = 32
    active: int = 16
    context: int = 64

    def plan(self, prompt: int, open_: NDArray[np.bool_], was_open: NDArray[np.bool_]) -> Pass | None:
        rank = np.where(open_, np.cumsum(open_) - 1, -1)
        found = _pass(prompt, (open_ & (rank < self.active)) | (was_open & ~open_))
        found.hidden[prompt:] = rank >= self.context
        return found


def _block_start(open_: NDArray[np.bool_], block: int) -> int:
    return int(open_.argmax()) // block * block if open_.any() else len(open_)


STRATEGIES: dict[str, type[Strategy]] = {"prefix": Prefix, "dual": Dual, "delayed": Delayed, "window": Window}
