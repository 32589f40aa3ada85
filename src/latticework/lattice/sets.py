"""The sets of one canvas: where a filling can be after every slot, and where it can still succeed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.lattice import kernels_sets as kernels
from latticework.lattice.layout import Fixed, Layout


class CanvasSets:
    """Forward and backward sets of a canvas of N slots on one layout. Not safe for several threads.

    ``tokens`` [N] (meant where slots are fixed), ``free`` [N] bool, ``fixed`` (pieces of fixed slots) and
    ``weight_row`` ([N] int32, how many free slots come before a free slot, -1 for a fixed one) describe the canvas as
    it was last placed.

    Everything is computed when asked for and in full: after a few commits most rows change, and
    keeping track costs more than it saves. Cost of each pass O(N (E + cells)), far less where fixed
    slots leave few states.
    """

    def __init__(self, layout: Layout, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> None:
        slots, tables = len(tokens), layout.tables
        self.layout = layout
        self.slots = slots
        self._reached = np.zeros((slots + 1, tables.size), np.uint8)
        self._reached[0, tables.start] = 1
        self._active = np.zeros((slots + 1, layout.end_state + 1), np.uint8)
        self._active[0, 0] = 1
        self._valid = np.empty((slots + 1, tables.size), np.uint8)
        self._alive = np.empty((slots + 1, layout.end_state + 1), np.uint8)
        self._fits = np.empty((slots, layout.end_label + 1), np.bool_)
        self.place(tokens, free)

    def place(self, tokens: NDArray[np.int64], free: NDArray[np.bool_]) -> None:
        """Put another content into the slots."""
        self.tokens = tokens.copy()
        self.free = free.copy()
        self.fixed = self.layout.place(tokens, free)
        self.weight_row = np.where(free, np.cumsum(free) - 1, -1).astype(np.int32)
        self._dead_end: int | None = None
        self._vector_work = 0
        self._has_valid = False
        self._has_fits = False

    @property
    def dead_end(self) -> int:
        """First slot after which nothing is possible whatever follows, or N."""
        if self._dead_end is None:
            self._dead_end = kernels.forward_sets(
                self.layout.tables, self.free, *self.fixed, self._reached, self._active
            )
        return self._dead_end

    @property
    def feasible(self) -> bool:
        """Whether a valid filling exists."""
        if self.dead_end < self.slots:
            return False
        return bool((self._reached[self.slots, : self.layout.tables.cells] & self.layout.accept).any())

    @property
    def valid(self) -> NDArray[np.uint8]:
        """[N + 1, size] cells of valid fillings."""
        self._require_valid()
        return self._valid

    @property
    def alive(self) -> NDArray[np.uint8]:
        """[N + 1, S] states of valid fillings."""
        self._require_valid()
        return self._alive

    @property
    def vector_work(self) -> int:
        """Values that counters add to one pass over the valid states: what an exact search costs more."""
        self._require_valid()
        return self._vector_work

    @property
    def fits(self) -> NDArray[np.bool_]:
        """[N, L + 1] labels of valid fillings in free slots, the end label last; False in fixed slots."""
        if not self._has_fits:
            self._require_valid()
            kernels.fitting_labels(self.layout.tables, self.free, self._reached, self._valid, self._alive, self._fits)
            self._has_fits = True
        return self._fits

    def _require_valid(self) -> None:
        if self._has_valid:
            return
        if not self.feasible:
            raise ValueError("the canvas has no valid filling")
        cells = self.layout.tables.cells
        last = self._valid[self.slots]
        last[:] = 0
        last[:cells] = self._reached[self.slots, :cells] & self.layout.accept
        self._vector_work = kernels.backward_sets(
            self.layout.tables,
            self.free,
            *self.fixed,
            self._reached,
            self._active,
            self._valid,
            self._alive,
        )
        self._has_valid = True


@dataclass(frozen=True, eq=False, slots=True)
class Front:
    """The sets of the first slots of a canvas: sums over it end, with weight 1, wherever the rest can be completed."""

    layout: Layout
    slots: int
    weight_row: NDArray[np.int32]
    fixed: Fixed
    valid: NDArray[np.uint8]
    alive: NDArray[np.uint8]

    @classmethod
    def of(cls, sets: CanvasSets, last: int) -> Front:
        offset = sets.fixed.offset[: last + 1]
        return cls(
            sets.layout,
            last,
            sets.weight_row[:last],
            Fixed(offset, sets.fixed.piece),
            sets.valid[: last + 1],
            sets.alive[: last + 1],
        )


def with_some(
    layout: Layout, tokens: NDArray[np.int64], free: NDArray[np.bool_], slots: Sequence[int]
) -> Callable[[Sequence[int]], bool]:
    """Whether a canvas has a filling with its tokens in some of ``slots``, all others of these free."""
    open_ = free.copy()
    open_[slots] = True
    sets = CanvasSets(layout, tokens, open_)

    def fits(shown: Sequence[int]) -> bool:
        is_free = open_.copy()
        is_free[shown] = False
        sets.place(tokens, is_free)
        return sets.feasible

    return fits
