"""Fillings of which only the first slots have evidence; those behind have to be possible and no more.

The distribution is over fillings of the first K slots: in proportion to the product of their probabilities where
*some* filling of the slots behind completes the document, else nothing. What is behind weighs nothing, in sums as in
the best filling: neither how probable it is nor in how many ways it goes on (see :class:`.sets.Front`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from latticework.lattice import kernels_scoring
from latticework.lattice.scoring import ClassScores, ClassTable
from latticework.lattice.sets import CanvasSets, Front
from latticework.lattice.sums import CompletionSums, SumBuffers
from latticework.lattice.weights import SumWeights

_FADED = np.float32(2.0**-20)  # of a gap behind the horizon, which so decides between equals only
_MOST = np.float32(64.0)  # nats of a gap behind the horizon, so that all of them together stay next to nothing


def faded(scores: ClassScores, count: int) -> ClassScores:
    """The scores for a best filling by the first ``count`` rows, among equals the best by the others: each of these
    changes a sum by 2**-14 nats at most. Cost O(rows x classes)."""
    if count >= len(scores.least):
        return scores
    least = scores.least.copy()
    behind = least[count:]
    filled = behind <= kernels_scoring.MAX_GAP
    behind[filled] = np.minimum(behind[filled], _MOST) * _FADED
    return replace(scores, least=least)


def front_sums(
    sets: CanvasSets, scores: ClassScores, table: ClassTable, buffers: SumBuffers, stop: int
) -> CompletionSums:
    """Sums over the fillings of the slots before ``stop``; what an earlier call returned is void.

    Args:
        scores: of all free slots of the canvas.
        buffers: of the session.
    """
    fits = sets.fits[:stop][sets.free[:stop]]
    buffers.fit(sets)
    front = sets if stop >= sets.slots else Front.of(sets, stop)
    return CompletionSums(front, SumWeights.of(_first(scores, len(fits)), fits, table), buffers)


def draw_kinds(
    sums: CompletionSums,
    scores: ClassScores,
    table: ClassTable,
    free: NDArray[np.bool_],
    generator: np.random.Generator,
) -> NDArray[np.int32]:
    """[n] classes of the free slots of one filling, drawn from the exact joint distribution of the slots of ``sums``.

    Args:
        scores: of all free slots of the canvas.
        free: [N] bool.
    """
    assert scores.mass is not None
    labels = sums.draw(generator)
    labels = labels[free[: len(labels)]]
    kinds = np.empty(len(labels), np.int32)
    kernels_scoring.draw_classes(
        scores.least[: len(labels)],
        scores.mass[: len(labels)],
        labels,
        table.label_offset,
        table.label_class,
        generator.random(len(labels)),
        kinds,
    )
    return kinds


def _first(scores: ClassScores, count: int) -> ClassScores:
    mass = None if scores.mass is None else scores.mass[:count]
    return ClassScores(scores.least[:count], mass, None, scores.normaliser[:count])
