"""Lists of items turned into lists by item."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from latticework.jit import KERNEL


def invert(
    offset: NDArray[np.int32], item: NDArray[np.int32], items: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """``(offset, list)`` by item: the lists ``item[offset[i]:offset[i + 1]]`` that each item is in, ascending."""
    by_item, lists = np.zeros(items + 1, np.int64), np.empty(len(item), np.int32)
    _invert(offset, item, by_item, lists)
    return by_item, lists


@njit(**KERNEL)
def _invert(offset, item, by_item, lists):
    """Counting sort; by_item: [items + 1] zeros and lists: as many as ``item``, out."""
    for value in item:
        by_item[value] += 1
    end = 0
    for value in range(len(by_item)):
        end += by_item[value]
        by_item[value] = end
    for number in range(len(offset) - 2, -1, -1):
        for place in range(offset[number + 1] - 1, offset[number] - 1, -1):
            by_item[item[place]] -= 1
            lists[by_item[item[place]]] = number
