"""Which positions of a row a forward computes, by published cache."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latticework.errors import InputError

BLOCK = 32  # of Fast-dLLM


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
        for option in fields(self):
            value = getattr(self, option.name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise InputError(f"{option.name} must be an integer of at least 1, got {value!r}")

    @abstractmethod
    def plan(self, prompt: int, open_: NDArray[np.bool_], was_open: NDArray[np.bool_], lead: int = 0) -> Pass | None:
        """What to compute for a canvas after ``prompt`` positions; ``None`` for everything.

        ``open_`` and ``was_open``: [N] bool, open slots now and in the forward before. ``lead``: positions of the
        prompt that belong to the canvas's first block.
        """


@dataclass(frozen=True, slots=True)
class Blocks(Strategy):
    """A strategy by blocks of ``block`` slots; :func:`strategy_of` makes of ``None`` the length of the call."""

    block: int | None = None

    def start(self, open_: NDArray[np.bool_], lead: int) -> int:
        """First slot of the active block; negative where that begins in the prompt."""
        block = self.block or BLOCK
        return (int(open_.argmax()) + lead) // block * block - lead if open_.any() else len(open_)


@dataclass(frozen=True, slots=True)
class Prefix(Blocks):
    """Everything before the active block is kept while the block is being filled. Fast-dLLM, arXiv 2505.22618."""

    def plan(self, prompt: int, open_: NDArray[np.bool_], was_open: NDArray[np.bool_], lead: int = 0) -> Pass | None:
        start = self.start(open_, lead)
        if start != self.start(was_open, lead):
            return None
        return _between(prompt, len(open_), start, len(open_))


@dataclass(frozen=True, slots=True)
class Dual(Blocks):
    """Everything around the active block is kept while the block is being filled. Fast-dLLM, arXiv 2505.22618."""

    def plan(self, prompt: int, open_: NDArray[np.bool_], was_open: NDArray[np.bool_], lead: int = 0) -> Pass | None:
        start = self.start(open_, lead)
        if start != self.start(was_open, lead):
            return None
        return _between(prompt, len(open_), start, start + (self.block or BLOCK))


@dataclass(frozen=True, slots=True)
class FreeCache(Blocks):
    """The prompt is computed once, a block for the last time in the forward after it was filled; what is behind always.

    FreeCache, Hu et al. (FlashDLM), arXiv 2505.21467: keys and values of the prompt and of finished blocks hardly
    change any more, so that they are kept for good. Read from the abstract: when exactly the authors freeze a block is
    not known here. In a block-causal network they do not change at all: with ``block`` its own length this cache is
    exact there.
    """

    def plan(self, prompt: int, open_: NDArray[np.bool_], was_open: NDArray[np.bool_], lead: int = 0) -> Pass | None:
        return _between(prompt, len(open_), self.start(was_open, lead), len(open_))


@dataclass(frozen=True, slots=True)
class Delayed(Strategy):
    """A written token is computed once more in the forward after it was written, then kept; masks always are.

    dKV-Cache, arXiv 2505.15781 (refresh every 4 to 16 forwards).
    """

    refresh: int | None = 8

    def plan(self, prompt: int, open_: NDArray[np.bool_], was_open: NDArray[np.bool_], lead: int = 0) -> Pass | None:
        return _slots(prompt, open_ | was_open)


@dataclass(frozen=True, slots=True)
class Window(Strategy):
    """Only the next ``active`` masks are computed, masks beyond the next ``context`` are dropped.

    Window-Diffusion, arXiv 2601.20332: 16 active, 64 in sight, refresh every 32 forwards. Rows that are not computed
    are those of the last time.
    """

    refresh: int | None = 32
    active: int = 16
    context: int = 64

    def plan(self, prompt: int, open_: NDArray[np.bool_], was_open: NDArray[np.bool_], lead: int = 0) -> Pass | None:
        rank = np.where(open_, np.cumsum(open_) - 1, -1)
        found = _slots(prompt, (open_ & (rank < self.active)) | (was_open & ~open_))
        found.hidden[prompt:] = rank >= self.context
        return found


def _slots(prompt: int, slots: NDArray[np.bool_]) -> Pass:
    computed = np.concatenate((np.zeros(prompt, dtype=np.bool_), slots))
    return Pass(computed, np.zeros(len(computed), dtype=np.bool_))


def _between(prompt: int, slots: int, start: int, stop: int) -> Pass:
    """Slots from ``start``, which may lie in the prompt, to before ``stop``."""
    places = np.arange(-prompt, slots)
    computed = (places >= start) & (places < stop)
    return Pass(computed, np.zeros(len(computed), dtype=np.bool_))


STRATEGIES: dict[str, type[Strategy]] = {
    "prefix": Prefix,
    "dual": Dual,
    "dkv": Delayed,
    "freecache": FreeCache,
    "window": Window,
}


def strategy_of(
    cache: str | Strategy, options: Mapping[str, Any] | None = None, block_length: int | None = None
) -> Strategy:
    """A strategy from its name and options, with ``block_length`` as its block where it has one and none was given.

    Raises ``InputError``: there is no such cache, it has no such option, or the option has a wrong value.
    """
    if isinstance(cache, Strategy):
        if options:
            raise InputError("cache_options go with a cache's name, not with a Strategy")
        found = cache
    else:
        if cache not in STRATEGIES:
            raise InputError(f"unknown cache {cache!r}; known: {', '.join(STRATEGIES)}")
        known = [option.name for option in fields(STRATEGIES[cache])]
        for option in options or ():
            if option not in known:
                raise InputError(f"{option}= is no option of the cache {cache!r}, which takes {', '.join(known)}")
        found = STRATEGIES[cache](**(options or {}))
    if isinstance(found, Blocks) and found.block is None and block_length is not None:
        return replace(found, block=block_length)
    return found
