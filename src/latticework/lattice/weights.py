"""Weights of labels in the free slots of a canvas, from the statistics of token classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.lattice import kernels_weights as kernels
from latticework.lattice.kernels_log import NOTHING
from latticework.lattice.layout import Layout
from latticework.lattice.scoring import ClassScores, ClassTable


def best_weights(
    scores: ClassScores, fits: NDArray[np.bool_], table: ClassTable, layout: Layout
) -> NDArray[np.float32]:
    """[n, labels and merged labels] float32 best log weight of every label, 0 for the best that fits in a slot.

    Args:
        fits: [n, L] bool labels that fit in the free slots.
    """
    gap = np.empty(fits.shape, np.float32)
    none = np.empty((0, 0), np.float32)
    kernels.label_statistics(scores.least, none, fits, table.label_offset, table.label_class, gap, none)
    weight = np.zeros((max(len(fits), 1), fits.shape[1] + len(layout.merged_offset) - 1), np.float32)
    kernels.best_weights(gap, layout.merged_offset, layout.merged_label, weight)
    return weight


@dataclass(frozen=True, eq=False, slots=True)
class SumWeights:
    """Summed weights of n free slots (arrays have a row more if n is 0).

    Attributes:
        gap, total: [n, L] float32; the weight of a label is ``total * exp(-gap)``.
        share: [n, L] float64 weight over exp(-top), 0 where a label does not fit, raised to
            ``WEIGHT_FLOOR`` where it would be smaller.
        top: [n] float32 smallest gap of a slot.
        raised: whether a share was raised.
    """

    gap: NDArray[np.float32]
    total: NDArray[np.float32]
    share: NDArray[np.float64]
    top: NDArray[np.float32]
    raised: bool

    @classmethod
    def of(cls, scores: ClassScores, fits: NDArray[np.bool_], table: ClassTable) -> SumWeights:
        """From class sums and the labels that fit, [n, L] bool."""
        assert scores.mass is not None
        gap, total = np.empty(fits.shape, np.float32), np.empty(fits.shape, np.float32)
        kernels.label_statistics(scores.least, scores.mass, fits, table.label_offset, table.label_class, gap, total)
        share = np.zeros((max(len(fits), 1), fits.shape[1]))
        top = np.empty(len(fits), np.float32)
        raised = kernels.share_weights(gap, total, share, top)
        return cls(gap, total, share, top, raised)

    @property
    def logs(self) -> NDArray[np.float64]:
        """[n, L] log weights, NOTHING where a label does not fit."""
        with np.errstate(divide="ignore"):
            logs = np.log(self.total.astype(np.float64)) - self.gap
        return np.where(self.gap < kernels.NOT_FITTING, logs, NOTHING)
