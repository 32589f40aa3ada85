"""Kernels from token classes to labels and back: a label is a set of classes.

A class takes part in many labels, so rows are taken some at a time and transposed: the sums and
minima over the classes of a label then run over rows side by side.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import FAST_ALLOCATING, FAST_KERNEL
from latticework.lattice.kernels_scoring import exp_minus

NOT_FITTING = np.float32(1e30)
# Below every sum of slot weights (gaps are at most 1e5 a slot), and finite so that fast maths may reorder.
NONE = np.float32(-1e30)
# Smallest weight of a label relative to the best of its slot, see ``kernels_sums``.
WEIGHT_FLOOR = 2.0**-120
_FAR = np.float32(83.0)  # exp_minus is exact up to here, and exp(-_FAR) is above the floor
_TINY = 1e-300
_TILE = 32


@njit(**FAST_ALLOCATING)
def label_statistics(least, mass, fits, label_offset, label_class, gap, total):
    """Smallest gap and mass of every label that fits.

    Args:
        least: [n, A] float32 smallest gap by class.
        mass: [n, A] float32 sum of exp(least - gap) by class; no rows if ``total`` is not wanted.
        fits: [n, L] bool.
        gap: [n, L] float32, written: smallest gap, NOT_FITTING if the label does not fit.
        total: [n, L] float32, written if ``mass`` is given: sum of exp(gap of the label - gap) over its tokens.
    """
    count, labels, kinds = len(least), len(label_offset) - 1, least.shape[1]
    sums = len(mass) > 0
    tile = np.empty((kinds, _TILE), np.float32)
    masses = np.empty((kinds if sums else 0, _TILE), np.float32)
    low, part = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32)
    for first_row in range(0, count, _TILE):
        height = _TILE if first_row + _TILE < count else count - first_row
        lanes = np.uint64(height)
        for r in range(height):
            for kind in range(kinds):
                tile[kind, r] = least[first_row + r, kind]
            if sums:
                for kind in range(kinds):
                    masses[kind, r] = mass[first_row + r, kind]
        for label in range(labels):
            used = False
            for r in range(height):
                used |= fits[first_row + r, label]
            if used:
                for r in range(lanes):
                    low[r], part[r] = NOT_FITTING, np.float32(0)
                for j in range(label_offset[label], label_offset[label + 1]):
                    kind = np.uint64(label_class[j])
                    for r in range(lanes):
                        low[r] = tile[kind, r] if tile[kind, r] < low[r] else low[r]
                if sums:
                    for j in range(label_offset[label], label_offset[label + 1]):
                        kind = np.uint64(label_class[j])
                        for r in range(lanes):
                            part[r] += masses[kind, r] * exp_minus(tile[kind, r] - low[r])
            for r in range(height):
                fitting = fits[first_row + r, label]
                gap[first_row + r, label] = low[r] if fitting else NOT_FITTING
                if sums:
                    total[first_row + r, label] = part[r] if fitting else np.float32(0)


@njit(**FAST_KERNEL)
def best_weights(gap, merged_offset, merged_label, weight):
    """weight[i, l] = smallest gap of the row minus that of label l; merged labels take the best of theirs.

    Args:
        gap: [n, L] float32 of :func:`label_statistics`.
        weight: [n, L + merged] float32, written; NONE where a label does not fit.
    """
    plain = gap.shape[1]
    for i in range(len(gap)):
        top = NOT_FITTING
        for label in range(plain):
            top = gap[i, label] if gap[i, label] < top else top
        for label in range(plain):
            value = top - gap[i, label]
            weight[i, label] = value if value > NONE else NONE
        for merged in range(len(merged_offset) - 1):
            best = NONE
            for at in range(merged_offset[merged], merged_offset[merged + 1]):
                value = weight[i, merged_label[at]]
                best = value if value > best else best
            weight[i, plain + merged] = best


@njit(**FAST_KERNEL)
def share_weights(gap, total, share, top):
    """share[i, l] = weight of label l relative to exp(-top[i]), the smallest gap of its row.

    Args:
        gap, total: [n, L] float32 of :func:`label_statistics`.
        share: [n, L] float64, written; 0 where a label does not fit, else at least WEIGHT_FLOOR.
        top: [n] float32, written.

    Returns:
        Whether a weight was raised to the floor.
    """
    any_raised = False
    for i in range(len(gap)):
        smallest = NOT_FITTING
        for label in range(gap.shape[1]):
            smallest = gap[i, label] if gap[i, label] < smallest else smallest
        top[i] = smallest
        far = 0
        for label in range(gap.shape[1]):
            distance = gap[i, label] - smallest
            fitting = gap[i, label] < NOT_FITTING
            share[i, label] = np.float64(total[i, label] * exp_minus(distance)) if fitting else 0.0
            far += fitting & (distance > _FAR)
        if far:
            any_raised = True
            for label in range(gap.shape[1]):
                distance = np.float64(gap[i, label] - smallest)
                if distance > _FAR and gap[i, label] < NOT_FITTING:
                    value = total[i, label] * np.exp(-distance)
                    share[i, label] = value if value > WEIGHT_FLOOR else WEIGHT_FLOOR
    return any_raised


@njit(**FAST_ALLOCATING)
def class_ratios(posterior, share, label_offset, label_class, ratio):
    """ratio[i, c] = posterior of a token of class c over exp(top - gap of the token).

    That is the sum, over the labels that hold c, of posterior / share. A posterior too small for
    float64 counts as 1e-300, so that what fits keeps a finite logarithm.

    Args:
        posterior: [n, L] float64; share: [n, L] float64, 0 where a label does not fit.
        ratio: [n, A] float64, written; 0 for a class that no fitting label holds.
    """
    count, labels, kinds = len(posterior), len(label_offset) - 1, ratio.shape[1]
    tile = np.empty((kinds, _TILE))
    part = np.empty(_TILE)
    for first_row in range(0, count, _TILE):
        height = _TILE if first_row + _TILE < count else count - first_row
        lanes = np.uint64(height)
        for kind in range(kinds):
            for r in range(lanes):
                tile[kind, r] = 0.0
        for label in range(labels):
            used = False
            for r in range(lanes):
                weight, value = share[first_row + r, label], posterior[first_row + r, label]
                part[r] = (value if value > _TINY else _TINY) / weight if weight > 0 else 0.0
                used |= weight > 0
            if used:
                for j in range(label_offset[label], label_offset[label + 1]):
                    kind = np.uint64(label_class[j])
                    for r in range(lanes):
                        tile[kind, r] += part[r]
        for r in range(height):
            for kind in range(kinds):
                ratio[first_row + r, kind] = tile[kind, r]
