"""Kernels that reduce rows of logits to token classes, and classes to labels.

Everything is relative to the largest logit of a row: the *gap* of a token is that largest logit minus
its own, clamped to ``0..MAX_GAP``, so that infinite and undefined logits become the floor and never
take a token out of the language.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import ALLOCATING_HELPER, FAST_ALLOCATING, FAST_HELPER, HELPER, KERNEL
from latticework.lattice.intrinsics import float_of_bits

MAX_GAP = np.float32(1e5)
_LARGEST = np.float32(1e30)
_LANES = 64
_BLOCK = 512


@njit(**FAST_HELPER)
def exp_minus(gap):
    """exp(-gap) for gap >= 0 in single precision (Cephes expf), written so that loops over it vectorise."""
    x = -gap if gap < np.float32(87.0) else np.float32(-87.0)
    power = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    r = x - power * np.float32(0.693359375) + power * np.float32(2.12194440e-4)
    p = np.float32(1.9875691500e-4) * r + np.float32(1.3981999507e-3)
    p = p * r + np.float32(8.3334519073e-3)
    p = p * r + np.float32(4.1665795894e-2)
    p = p * r + np.float32(1.6666665459e-1)
    p = p * r + np.float32(5.0000001201e-1)
    p = p * r * r + r + np.float32(1.0)
    return p * float_of_bits((np.int32(power) + np.int32(127)) << np.int32(23))


@njit(**ALLOCATING_HELPER)
def _largest(row):
    """Largest number of a row; by lanes, because LLVM does not vectorise a running float maximum."""
    lanes = np.empty(_LANES, np.float32)
    for lane in range(_LANES):
        lanes[lane] = -_LARGEST
    blocks = len(row) // _LANES
    for block in range(blocks):
        start = np.uint64(block * _LANES)
        for lane in range(np.uint64(_LANES)):
            value = row[start + lane]
            lanes[lane] = value if value > lanes[lane] else lanes[lane]
    largest = -_LARGEST
    for value in lanes:
        largest = value if value > largest else largest
    for i in range(blocks * _LANES, len(row)):
        value = row[i]
        largest = value if value > largest else largest
    return largest if largest < _LARGEST else _LARGEST


@njit(**HELPER)
def _gaps(row, order, scale, gaps):
    """Scaled gaps of the tokens of a row in the given order; returns the largest logit."""
    largest = _largest(row)
    bits = row.view(np.int32)
    for i in range(len(order)):
        value = bits[order[i]]
        gap = largest - float_of_bits(value)
        gap = gap if gap < MAX_GAP else MAX_GAP
        gap = gap if gap > np.float32(0) else np.float32(0)
        # Once inlined into a kernel that assumes there are no NaNs, only their bits still tell.
        undefined = (value & np.int32(0x7FFFFFFF)) > np.int32(0x7F800000)
        gaps[i] = (MAX_GAP if undefined else gap) * scale
    return largest


@njit(**HELPER)
def _far_normaliser(gaps):
    """log of the sum of exp(-gap) where no gap need be small: a row without a usable logit."""
    least = gaps[0]
    for gap in gaps:
        least = gap if gap < least else least
    total = 0.0
    for gap in gaps:
        total += np.exp(np.float64(least - gap))
    return np.log(total) - least


@njit(**FAST_ALLOCATING)
def reduce_classes(logits, rows, scale, order, offset, sums, means, least, near, mass, mean, largest, normaliser):
    """Class statistics of n rows.

    Args:
        logits: [N, V] float32.
        rows: [n] int64 rows to read.
        scale: float32, 1 / temperature.
        order: [V] uint32 tokens by class.
        offset: [A + 1] int64 into ``order``.
        sums, means: whether ``mass`` and ``mean`` are wanted.
        least: [n, A] float32, written: smallest gap of a class.
        near: [n, A] int32, written: where in ``order`` the block starts that holds the token with that gap.
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
                part += exp_minus(gap)
            total = np.float64(part)
        for kind in range(len(offset) - 1):
            first, last = offset[kind], offset[kind + 1]
            # Bits of non-negative floats order like the floats, and integer minima vectorise.
            lowest, near[i, kind] = np.int32(0x7F000000), first
            for start in range(first, last, _BLOCK):
                end = start + _BLOCK if start + _BLOCK < last else last
                low = np.int32(0x7F000000)
                for j in range(np.uint64(start), np.uint64(end)):
                    low = bits[j] if bits[j] < low else low
                if low < lowest:
                    lowest, near[i, kind] = low, start
            closest = float_of_bits(lowest)
            least[i, kind] = closest
            if sums and last > first:
                part = np.float32(0)
                for j in range(np.uint64(first), np.uint64(last)):
                    part += exp_minus(gaps[j] - closest)
                mass[i, kind] = part
                total += part * np.exp(-np.float64(closest))
                if means:
                    weighted = np.float32(0)
                    for j in range(np.uint64(first), np.uint64(last)):
                        weighted += exp_minus(gaps[j] - closest) * (gaps[j] - closest)
                    mean[i, kind] = closest + weighted / part
        normaliser[i] = np.log(total) if largest[i] > -_LARGEST else _far_normaliser(gaps)


@njit(**KERNEL)
def closest_members(logits, rows, kinds, near, order, offset, chosen):
    """chosen[i] = first token of class kinds[i] with the largest logit of row rows[i].

    Args:
        logits: [N, V] float32; near: [n, A] int32 of :func:`reduce_classes`.
    """
    for i in range(len(rows)):
        first, last = near[i, kinds[i]], offset[kinds[i] + 1]
        best, token = -_LARGEST, order[first]
        for j in range(first, first + _BLOCK if first + _BLOCK < last else last):
            value = logits[rows[i], order[j]]
            if value > best:
                best, token = value, order[j]
        chosen[i] = token


@njit(**KERNEL)
def closest_classes(least, labels, label_offset, label_class, kinds):
    """kinds[i] = class of label labels[i] with the smallest gap in row i; least [n, A] float32."""
    for i in range(len(labels)):
        first = label_offset[labels[i]]
        kinds[i] = label_class[first]
        for j in range(first + 1, label_offset[labels[i] + 1]):
            if least[i, label_class[j]] < least[i, kinds[i]]:
                kinds[i] = label_class[j]


@njit(**KERNEL)
def draw_classes(least, mass, labels, label_offset, label_class, uniform, kinds):
    """kinds[i] = class of label labels[i], drawn in proportion to its weight in row i; uniform [n] in [0, 1)."""
    for i in range(len(labels)):
        first, last = label_offset[labels[i]], label_offset[labels[i] + 1]
        closest = least[i, label_class[first]]
        for j in range(first, last):
            gap = least[i, label_class[j]]
            closest = gap if gap < closest else closest
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


@njit(**KERNEL)
def classes_of_labels(fits, label_offset, label_class, classes):
    """classes[i, c] |= a label that fits in row i holds class c; [N, L] and [N, A] bool."""
    for i in range(len(fits)):
        if i > 0:
            differs = False
            for label in range(np.uint64(fits.shape[1])):
                differs |= fits[i, label] != fits[i - 1, label]
            if not differs:
                for kind in range(np.uint64(classes.shape[1])):
                    classes[i, kind] = classes[i - 1, kind]
                continue
        for label in range(len(label_offset) - 1):
            if fits[i, label]:
                for j in range(label_offset[label], label_offset[label + 1]):
                    classes[i, label_class[j]] = True


@njit(**KERNEL)
def sort_by_class(kind, order, offset):
    """Counting sort of all tokens by class: order [V] uint32 and offset [classes + 1] int64, zeros, are written."""
    for own in kind:
        offset[own + 1] += 1
    last = len(offset) - 1
    for own in range(last):
        offset[own + 1] += offset[own]
    for token in range(len(kind)):
        order[offset[kind[token]]] = token
        offset[kind[token]] += 1
    for own in range(last, 0, -1):
        offset[own] = offset[own - 1]
    offset[0] = 0
