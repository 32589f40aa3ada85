"""Kernels that reduce rows of logits to token classes, and classes to labels.

Everything is relative to the largest logit of a row: the *gap* of a token is that largest logit minus
its own, clamped to ``0..MAX_GAP``, so that infinite and undefined logits become the floor and never
take a token out of the language.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

MAX_GAP = np.float32(1e5)
_LARGEST = np.float32(1e30)
_LANES = 64
_FAST = {"reassoc", "nnan", "nsz", "contract"}


@intrinsic
def _bits_to_float(_context, _bits):
    def generate(_context, builder, _signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


# The typing context is numba's business: callers pass the bits alone.
_float_of_bits: Any = _bits_to_float


@njit(cache=True, nogil=True, fastmath=_FAST)
def _exp_minus(gap):
    """exp(-gap) for gap >= 0 in single precision (Cephes expf), written so that loops over it vectorise."""
    x = max(-gap, np.float32(-87.0))
    power = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    r = x - power * np.float32(0.693359375) + power * np.float32(2.12194440e-4)
    p = np.float32(1.9875691500e-4) * r + np.float32(1.3981999507e-3)
    p = p * r + np.float32(8.3334519073e-3)
    p = p * r + np.float32(4.1665795894e-2)
    p = p * r + np.float32(1.6666665459e-1)
    p = p * r + np.float32(5.0000001201e-1)
    p = p * r * r + r + np.float32(1.0)
    return p * _float_of_bits((np.int32(power) + np.int32(127)) << np.int32(23))


@njit(cache=True, nogil=True, fastmath={"nsz"})
def _largest(row):
    """Largest number of a row; by lanes, because LLVM does not vectorise a running float maximum."""
    lanes = np.full(_LANES, -_LARGEST, np.float32)
    blocks = len(row) // _LANES
    for block in range(blocks):
        values = row[block * _LANES : (block + 1) * _LANES]
        for lane in range(_LANES):
            value = values[lane]
            lanes[lane] = value if value > lanes[lane] else lanes[lane]
    largest = -_LARGEST
    for value in lanes:
        largest = max(largest, value)
    for i in range(blocks * _LANES, len(row)):
        value = row[i]
        largest = value if value > largest else largest
    return min(largest, _LARGEST)


@njit(cache=True, nogil=True, fastmath={"nsz"})
def _gaps(row, order, scale, gaps):
    """Scaled gaps of the tokens of a row in the given order; returns the largest logit."""
    largest = _largest(row)
    for i in range(len(order)):
        gap = largest - row[order[i]]
        gaps[i] = (gap if gap < MAX_GAP else MAX_GAP) * scale
    return largest


@njit(cache=True, nogil=True, fastmath=_FAST)
def reduce_classes(logits, rows, scale, order, offset, sums, means, least, mass, mean, largest, normaliser):
    """Class statistics of n rows.

    Args:
        logits: [N, V] float32.
        rows: [n] int64 rows to read.
        scale: float32, 1 / temperature.
        order: [V] uint32 tokens by class.
        offset: [A + 1] int64 into ``order``.
        sums, means: whether ``mass`` and ``mean`` are wanted.
        least: [n, A] float32, written: smallest gap of a class.
        mass: [n, A] float32, written: sum of exp(least - gap) over the class.
        mean: [n, A] float32, written: mean gap under the softmax inside the class.
        largest: [n] float32, written: largest logit.
        normaliser: [n] float64, written: log of the sum of exp(-gap) over the row.
    """
    gaps = np.empty(len(order), np.float32)
    bits = gaps.view(np.int32)
    for i in range(len(rows)):
        largest[i] = _gaps(logits[rows[i]], order, scale, gaps)
        total = 0.0
        if not sums:
            part = np.float32(0)
            for gap in gaps:
                part += _exp_minus(gap)
            total = np.float64(part)
        for kind in range(len(offset) - 1):
            first, last = offset[kind], offset[kind + 1]
            # Bits of non-negative floats order like the floats, and integer minima vectorise.
            lowest = np.int32(0x7F000000)
            members = bits[first:last]
            for j in range(len(members)):
                lowest = min(lowest, members[j])
            closest = _float_of_bits(lowest)
            least[i, kind] = closest
            if sums and last > first:
                values = gaps[first:last]
                part = np.float32(0)
                for j in range(len(values)):
                    part += _exp_minus(values[j] - closest)
                mass[i, kind] = part
                total += part * np.exp(-np.float64(closest))
                if means:
                    weighted = np.float32(0)
                    for j in range(len(values)):
                        weighted += _exp_minus(values[j] - closest) * (values[j] - closest)
                    mean[i, kind] = closest + weighted / part
        normaliser[i] = np.log(total)


@njit(cache=True, nogil=True)
def closest_members(logits, rows, kinds, order, offset, chosen):
    """chosen[i] = first token of class kinds[i] with the largest logit of row rows[i]. logits [N, V] float32."""
    for i in range(len(rows)):
        best = np.float32(-np.inf)
        token = order[offset[kinds[i]]]
        for j in range(offset[kinds[i]], offset[kinds[i] + 1]):
            value = logits[rows[i], order[j]]
            if value > best:
                best, token = value, order[j]
        chosen[i] = token


@njit(cache=True, nogil=True)
def best_of_labels(least, fits, label_offset, label_class, weight):
    """weight[i, l] = minus the smallest gap of label l's classes, relative to the best label that fits.

    Args:
        least: [n, A] float32.
        fits: [n, L] bool; other labels are given a weight below every sum.
        label_offset, label_class: classes of every label.
        weight: [n, L] float32, written.

    Returns:
        Sum over the rows of the gaps of the best labels (what was subtracted).
    """
    taken = 0.0
    for i in range(len(least)):
        top = np.float32(-1e30)
        for label in range(len(label_offset) - 1):
            value = np.float32(-1e30)
            if fits[i, label]:
                for j in range(label_offset[label], label_offset[label + 1]):
                    value = max(value, -least[i, label_class[j]])
                top = max(top, value)
            weight[i, label] = value
        for label in range(len(label_offset) - 1):
            if fits[i, label]:
                weight[i, label] -= top
        taken += top
    return taken


@njit(cache=True, nogil=True)
def sum_of_labels(least, mass, fits, label_offset, label_class, weight):
    """weight[i, l] = log of the sum over label l's classes of mass * exp(-least); -inf if it does not fit.

    Args:
        least, mass: [n, A] float32; fits: [n, L] bool; weight: [n, L] float64, written.
    """
    for i in range(len(least)):
        for label in range(len(label_offset) - 1):
            if not fits[i, label]:
                weight[i, label] = -np.inf
                continue
            first, last = label_offset[label], label_offset[label + 1]
            closest = least[i, label_class[first]]
            for j in range(first + 1, last):
                closest = min(closest, least[i, label_class[j]])
            total = 0.0
            for j in range(first, last):
                kind = label_class[j]
                total += mass[i, kind] * np.exp(np.float64(closest - least[i, kind]))
            weight[i, label] = np.log(total) - closest


@njit(cache=True, nogil=True)
def closest_classes(least, labels, label_offset, label_class, kinds):
    """kinds[i] = class of label labels[i] with the smallest gap in row i; least [n, A] float32."""
    for i in range(len(labels)):
        first = label_offset[labels[i]]
        kinds[i] = label_class[first]
        for j in range(first + 1, label_offset[labels[i] + 1]):
            if least[i, label_class[j]] < least[i, kinds[i]]:
                kinds[i] = label_class[j]


@njit(cache=True, nogil=True)
def class_ratios(posterior, weight, label_offset, label_class, ratio):
    """ratio[i, c] = log of the factor by which the constraint changes the weight exp(-gap) of class c's tokens.

    That is the log of the sum, over the labels that hold c, of posterior / weight.

    Args:
        posterior: [n, L] float64; weight: [n, L] float64 logs, -inf where a label does not fit.
        ratio: [n, A] float64, written; -inf for a class that no fitting label holds. A posterior too
            small for float64 counts as 1e-300, so that what fits keeps a finite logarithm.
    """
    rest = np.empty(ratio.shape[1])
    for i in range(len(posterior)):
        ratio[i] = -np.inf
        rest[:] = 0.0
        for label in range(len(label_offset) - 1):
            if weight[i, label] == -np.inf:
                continue
            value = np.log(max(posterior[i, label], 1e-300)) - weight[i, label]
            for j in range(label_offset[label], label_offset[label + 1]):
                kind = label_class[j]
                above = ratio[i, kind]
                if value > above:
                    rest[kind] = (rest[kind] + 1.0) * np.exp(above - value) if above > value - 40 else 0.0
                    ratio[i, kind] = value
                elif value > above - 40:
                    rest[kind] += np.exp(value - above)
        for kind in range(ratio.shape[1]):
            if rest[kind] > 0:
                ratio[i, kind] += np.log1p(rest[kind])


@njit(cache=True, nogil=True)
def draw_classes(least, mass, labels, label_offset, label_class, uniform, kinds):
    """kinds[i] = class of label labels[i], drawn in proportion to its weight in row i; uniform [n] in [0, 1)."""
    for i in range(len(labels)):
        first, last = label_offset[labels[i]], label_offset[labels[i] + 1]
        closest = least[i, label_class[first]]
        for j in range(first, last):
            closest = min(closest, least[i, label_class[j]])
        total = 0.0
        for j in range(first, last):
            kind = label_class[j]
            total += mass[i, kind] * np.exp(np.float64(closest - least[i, kind]))
        left = uniform[i] * total
        for j in range(first, last):
            kind = label_class[j]
            share = mass[i, kind] * np.exp(np.float64(closest - least[i, kind]))
            if share > 0:
                kinds[i] = kind
                left -= share
                if left < 0:
                    break


@njit(cache=True, nogil=True)
def classes_of_labels(fits, label_offset, label_class, classes):
    """classes[i, c] |= a label that fits in row i holds class c; [N, L] and [N, A] bool."""
    for i in range(len(fits)):
        for label in range(len(label_offset) - 1):
            if fits[i, label]:
                for j in range(label_offset[label], label_offset[label + 1]):
                    classes[i, label_class[j]] = True
