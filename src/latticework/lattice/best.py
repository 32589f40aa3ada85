"""The best filling of a canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latticework.lattice import kernels_best as kernels
from latticework.lattice import kernels_scoring
from latticework.lattice.scoring import ClassScores, ClassTable
from latticework.lattice.sets import CanvasSets
from latticework.lattice.tables import successor_limit

if TYPE_CHECKING:
    from latticework.lattice.constraint import Constraint


class BestSearch:
    """Max-plus search over one canvas, with buffers that are kept between searches."""

    def __init__(self, constraint: Constraint, slots: int, tail: bool) -> None:
        self._slots = slots
        self._value: NDArray[np.float32] | None = None

    def labels(self, sets: CanvasSets, table: ClassTable, scores: ClassScores) -> NDArray[np.int32]:
        """[N] label in every slot of the filling with the largest sum of (largest) class weights."""
        layout = sets.layout
        tables = layout.tables
        fits = sets.fits[sets.free]
        weight = np.zeros((max(len(fits), 1), fits.shape[1]), np.float32)
        kernels_scoring.best_of_labels(scores.least, fits, table.label_offset, table.label_class, weight)
        if self._value is None:
            self._value = np.empty((self._slots + 1, tables.size), np.float32)
        self._value[-1] = kernels.NONE
        self._value[-1, : tables.cells][layout.accept] = 0
        kernels.best_values(
            tables, sets.weight_row, weight, sets.fixed_offset, sets.fixed_piece, sets.alive, self._value
        )
        limit = successor_limit(tables)
        labels = np.empty(self._slots, np.int32)
        reached = kernels.trace(
            tables,
            sets.weight_row,
            weight,
            sets.fixed_offset,
            sets.fixed_piece,
            self._value,
            np.empty(limit, np.int32),
            np.empty(limit, np.int32),
            labels,
        )
        if reached < self._slots:
            raise RuntimeError(f"best path lost at slot {reached}")
        return labels
