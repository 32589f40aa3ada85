"""Sums over all valid fillings of a canvas: log Z, posteriors of labels, exact samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latticework.lattice import kernels_log, kernels_sample
from latticework.lattice import kernels_sums as kernels
from latticework.lattice.kernels_weights import class_ratios
from latticework.lattice.scoring import ClassScores, ClassTable
from latticework.lattice.sets import CanvasSets, Front
from latticework.lattice.tables import successor_limit
from latticework.lattice.weights import SumWeights

# Posterior mass that raised values may add before the log domain is used instead.
TOLERANCE = 1e-10
_TINY = 1e-300


class SumBuffers:
    """Memory that the sums of one session share: values and powers by slot."""

    def __init__(self) -> None:
        self.value = np.empty((0, 0))
        self.power = np.empty((0, 0), np.int32)

    def fit(self, sets: CanvasSets | Front) -> None:
        if not len(self.value):
            self.value = np.empty((sets.slots + 1, sets.layout.tables.size))
            self.power = np.empty((sets.slots + 1, sets.layout.end_state + 1), np.int32)


class CompletionSums:
    """Sums for one canvas and one set of label weights.

    Args:
        sets: of a feasible canvas, or of its first slots; must not change while this lives.
        weights: of the free slots.
        buffers: overwritten; an older object that used them must not be asked any more.
    """

    def __init__(self, sets: CanvasSets | Front, weights: SumWeights, buffers: SumBuffers) -> None:
        self._sets = sets
        self._weights = weights
        buffers.fit(sets)
        self._value, self._power = buffers.value, buffers.power
        self._posterior: NDArray[np.float64] | None = None
        self._logs: NDArray[np.float64] | None = None
        raised = kernels.sum_values(
            sets.layout.tables,
            sets.weight_row,
            weights.share,
            *sets.fixed,
            sets.valid,
            sets.alive,
            self._value,
            self._power,
        )
        if (raised or weights.raised) and self._linear_posteriors() > TOLERANCE:
            self._use_logarithms(weights.logs)

    @property
    def log_total(self) -> float:
        """Log of the sum over all valid fillings of the product of exp(-gap), nats."""
        start = self._value[0, self._sets.layout.tables.start]
        if self._logs is not None:
            return float(start)
        return float(np.log(start) + self._power[0, 0] * np.log(2.0) - self._weights.top.sum(dtype=np.float64))

    def log_ratios(self, table: ClassTable) -> NDArray[np.float64]:
        """[n, classes] log of posterior over exp(-gap), equal for all tokens of a class; -inf if not admissible."""
        posterior = self._posteriors()[: len(self._weights.top)]
        ratio = np.empty((len(posterior), table.classes))
        with np.errstate(divide="ignore"):
            if self._logs is None:
                class_ratios(posterior, self._weights.share, table.label_offset, table.label_class, ratio)
                np.log(ratio, out=ratio)
                ratio += self._weights.top[:, None]
                return ratio
            # Relative to the largest quotient of a label, so that the kernel's sums stay in range.
            quotient = np.log(np.maximum(posterior, _TINY)) - self._logs
            quotient[self._logs == kernels_log.NOTHING] = -np.inf
            return _sum_by_class(quotient, table)

    def draw(self, generator: np.random.Generator) -> NDArray[np.int32]:
        """[N] labels of one filling drawn from the exact joint distribution."""
        sets = self._sets
        limit = successor_limit(sets.layout.tables)
        labels = np.empty(sets.slots, np.int32)
        kernels_sample.draw_path(
            sets.layout.tables,
            sets.weight_row,
            self._weights.gap if self._weights.gap.size else np.zeros((1, 1), np.float32),
            self._weights.total,
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

    def _posteriors(self) -> NDArray[np.float64]:
        if self._posterior is None:
            self._linear_posteriors()
        assert self._posterior is not None
        return self._posterior

    def _linear_posteriors(self) -> float:
        sets = self._sets
        self._posterior = np.zeros_like(self._weights.share)
        return kernels.label_posteriors(
            sets.layout.tables,
            sets.weight_row,
            self._weights.share,
            *sets.fixed,
            sets.alive,
            self._value,
            self._power,
            np.empty((2, sets.layout.tables.size)),
            self._posterior,
        )

    def _use_logarithms(self, logs: NDArray[np.float64]) -> None:
        sets = self._sets
        tables = sets.layout.tables
        self._logs = logs
        self._power = np.empty((0, 0), np.int32)
        buffer = np.empty((2, tables.size))
        self._posterior = np.zeros_like(self._weights.share)
        kernels_log.log_values(tables, sets.weight_row, logs, *sets.fixed, sets.valid, self._value, buffer[0])
        kernels_log.log_posteriors(tables, sets.weight_row, logs, *sets.fixed, self._value, buffer, self._posterior)


def _sum_by_class(quotient: NDArray[np.float64], table: ClassTable) -> NDArray[np.float64]:
    """[n, classes] log of the sum of exp(quotient) over the labels that hold a class."""
    label = np.repeat(np.arange(len(table.label_offset) - 1), np.diff(table.label_offset))
    by_class = np.argsort(table.label_class, kind="stable")
    kinds, first = np.unique(table.label_class[by_class], return_index=True)
    result = np.full((len(quotient), table.classes), -np.inf)
    for row, values in zip(result, quotient[:, label[by_class]], strict=True):
        row[kinds] = np.logaddexp.reduceat(values, first)
    return result


def entropies(ratio: NDArray[np.float64], scores: ClassScores) -> NDArray[np.float64]:
    """[n] entropy in nats of the distributions ``exp(ratio[class] - gap)`` over tokens."""
    assert scores.mass is not None
    assert scores.mean is not None
    share = scores.mass * np.exp(ratio - scores.least)
    with np.errstate(invalid="ignore"):
        terms = np.where(share > 0, share * (scores.mean - ratio), 0.0)
    return np.maximum(terms.sum(axis=1), 0.0)
