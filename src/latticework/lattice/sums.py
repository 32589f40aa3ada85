"""Sums over all valid fillings of a canvas: log Z, posteriors of labels, exact samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latticework.lattice import kernels_log, kernels_sample
from latticework.lattice import kernels_sums as kernels
from latticework.lattice.sets import CanvasSets
from latticework.lattice.tables import successor_limit

# Posterior mass that raised values may add before the log domain is used instead.
TOLERANCE = 1e-10


class CompletionSums:
    """Sums for one canvas and one matrix of label weights.

    Args:
        sets: of a feasible canvas; must not change while this lives.
        weight: [n, L + 1] float64 log weights of the free slots, -inf where a label does not fit.
    """

    def __init__(self, sets: CanvasSets, weight: NDArray[np.float64]) -> None:
        self._sets = sets
        self._weight = weight
        tables = sets.layout.tables
        share = np.empty_like(weight)
        taken, raised = kernels.scale_weights(weight[: int(sets.free.sum())], share)
        self._value = np.empty((sets.slots + 1, tables.size))
        self._power = np.empty((sets.slots + 1, sets.layout.end_state + 1), np.int32)
        raised |= kernels.sum_values(
            tables,
            sets.weight_row,
            share,
            *sets.fixed,
            sets.valid,
            sets.alive,
            self._value,
            self._power,
        )
        self._share = share
        self._posterior: NDArray[np.float64] | None = None
        self.log_total = float(np.log(self._value[0, tables.start]) + self._power[0, 0] * np.log(2) + taken)
        if raised and self._linear_posteriors() > TOLERANCE:
            self._use_logarithms()

    def posteriors(self) -> NDArray[np.float64]:
        """[n, L + 1] probability of every label in every free slot; rows sum to 1."""
        if self._posterior is None:
            self._linear_posteriors()
        assert self._posterior is not None
        return self._posterior

    def draw(self, generator: np.random.Generator) -> NDArray[np.int32]:
        """[N] labels of one filling drawn from the exact joint distribution."""
        sets = self._sets
        limit = successor_limit(sets.layout.tables)
        labels = np.empty(sets.slots, np.int32)
        kernels_sample.draw_path(
            sets.layout.tables,
            sets.weight_row,
            self._weight,
            *sets.fixed,
            self._value,
            self._power,
            generator.random(sets.slots),
            np.empty(limit, np.int32),
            np.empty(limit, np.int32),
            np.empty(limit),
            labels,
        )
        return labels

    def _linear_posteriors(self) -> float:
        sets = self._sets
        self._posterior = np.zeros_like(self._weight)
        return kernels.label_posteriors(
            sets.layout.tables,
            sets.weight_row,
            self._share,
            *sets.fixed,
            sets.alive,
            self._value,
            self._power,
            self._posterior,
        )

    def _use_logarithms(self) -> None:
        sets = self._sets
        tables = sets.layout.tables
        self._value.fill(-np.inf)
        self._power = np.empty((0, 0), np.int32)
        kernels_log.log_values(tables, sets.weight_row, self._weight, *sets.fixed, sets.valid, self._value)
        self._posterior = np.zeros_like(self._weight)
        kernels_log.log_posteriors(tables, sets.weight_row, self._weight, *sets.fixed, self._value, self._posterior)
        self.log_total = float(self._value[0, tables.start])
