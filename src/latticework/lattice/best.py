"""The best filling of a canvas, by lazy counters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latticework.lattice import kernels_best as kernels
from latticework.lattice.kernels_weights import NONE
from latticework.lattice.layout import Layout
from latticework.lattice.scoring import ClassScores, ClassTable
from latticework.lattice.sets import CanvasSets
from latticework.lattice.tables import successor_limit
from latticework.lattice.weights import best_weights
from latticework.tokens.automaton import TokenAutomaton

# Values moved by counters up to which the exact search is not worth avoiding (about 2 ms).
_SMALL_WORK = 10_000_000

if TYPE_CHECKING:
    from latticework.lattice.constraint import Constraint


class BestSearch:
    """Max-plus search over one canvas, with what is kept from one search to the next.

    Method: solve without counters, which can only add fillings; if the best one keeps all bounds it
    is the best of all. Otherwise enforce the scopes it breaks and repeat. States and labels that no
    valid filling uses are left out from the start, so dropping counters adds little. Scopes stay
    enforced for later searches on the same canvas. Where counters cost little they are all enforced.
    """

    def __init__(self, constraint: Constraint, slots: int, tail: bool) -> None:
        self._constraint = constraint
        self._slots = slots
        self._tail = tail
        self._enforced = np.zeros(len(constraint.automaton.low), np.bool_)
        self._layout: Layout | None = None
        self._value = np.empty((0, 0), np.float32)
        self._written = np.empty((0, 0), np.uint8)

    def labels(
        self, sets: CanvasSets, table: ClassTable, scores: ClassScores, tokens: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        """[N] labels of the filling with the largest sum of (largest) class weights, in its free slots.

        Args:
            tokens: [N], read where slots are fixed.
        """
        fits = sets.fits[sets.free]
        while True:
            layout = self._use_layout(sets)
            weight = best_weights(scores, fits, table, layout)
            labels = self._solve(layout, sets, weight, tokens)
            if layout is sets.layout or not self._enforce_broken(sets.free, labels, tokens):
                return labels

    def _use_layout(self, sets: CanvasSets) -> Layout:
        """The layout for the scopes enforced, and its buffers."""
        if sets.vector_work <= _SMALL_WORK or self._enforced.all():
            layout = sets.layout
        else:
            layout = self._constraint.layout(self._slots, self._tail, self._enforced)
        if layout is not self._layout:
            tables = layout.tables
            self._layout = layout
            self._value = np.full((self._slots + 1, tables.size), NONE, np.float32)
            self._value[-1, : tables.cells][layout.accept] = 0
            self._written = np.zeros((self._slots + 1, tables.vectors), np.uint8)
        return layout

    def _solve(
        self, layout: Layout, sets: CanvasSets, weight: NDArray[np.float32], tokens: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        tables = layout.tables
        fixed = sets.fixed if layout is sets.layout else layout.place(tokens, sets.free)
        kernels.best_values(
            tables, sets.weight_row, weight, fixed.offset, fixed.piece, sets.alive, self._value, self._written
        )
        limit = successor_limit(tables)
        labels = np.empty(self._slots, np.int32)
        stopped = kernels.trace(
            tables,
            sets.weight_row,
            weight,
            fixed.offset,
            fixed.piece,
            self._value,
            layout.merged_offset,
            layout.merged_label,
            np.empty(limit, np.int32),
            np.empty(limit, np.int32),
            labels,
        )
        if stopped < self._slots:
            raise RuntimeError(f"no best path from slot {stopped}, though the canvas is feasible")
        return labels

    def _enforce_broken(self, free: NDArray[np.bool_], labels: NDArray[np.int32], tokens: NDArray[np.int64]) -> bool:
        """Enforce the scopes whose bounds the filling breaks; False if there are none."""
        lifted = self._constraint.tokens
        kinds = np.full(self._slots, -1, np.int32)
        kinds[~free] = lifted.class_of_token[tokens[~free]]
        broken = broken_scopes(lifted, free, labels, kinds)
        if broken.any() and not (broken & ~self._enforced).any():
            raise RuntimeError("the best path breaks bounds that are enforced")
        self._enforced |= broken
        return bool(broken.any())


def broken_scopes(
    tokens: TokenAutomaton, free: NDArray[np.bool_], labels: NDArray[np.int32], kinds: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """[Q] bool, the scopes whose bounds a filling breaks; for the arrays see the kernel."""
    automaton = tokens.automaton
    broken = np.zeros(len(automaton.low), np.bool_)
    kernels.broken_scopes(
        free,
        labels,
        kinds,
        tokens.labels,
        tokens.edge_offset,
        tokens.edge_code,
        tokens.edge_label,
        tokens.label_offset,
        tokens.label_class,
        automaton.levels,
        automaton.scope,
        automaton.low,
        automaton.high,
        np.full(automaton.states, -1, np.int32) if automaton.calls is None else automaton.calls.level,
        broken,
    )
    return broken
