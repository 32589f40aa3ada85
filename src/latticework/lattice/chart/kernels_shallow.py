"""A derivation of one span of a chart, without costs: the one that is the least high between each two nodes.

A span is derived *properly* by a lexeme, by nothing, behind a skip, or by two spans of other nodes; a symbol whose span
is not is derived by one of another symbol between the same nodes. Taken by their height among these, nothing goes round
in circles.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import ALLOCATING, HELPER
from latticework.lattice.chart.kernels_cheapest import OF_EDGE, OF_NOTHING, OF_SKIP
from latticework.lattice.chart.kernels_rows import has_bit, lowest_one

_UNKNOWN = -4
_ONE = np.uint64(1)


@njit(**HELPER)
def _between(rules, row_of, pool, symbol, first, last, way):
    """Derive a span by two that both begin and end elsewhere; whether that can be done."""
    for at in range(rules.pair_offset[symbol], rules.pair_offset[symbol + 1]):
        left, right = rules.pair_left[at], rules.pair_right[at]
        row = row_of[first, left]
        if row < 0:
            continue
        for word in range(first >> 6, (last >> 6) + 1):
            bits = pool[row, word]
            while bits:
                middle = (word << 6) + lowest_one(bits)
                bits &= bits - _ONE
                if first < middle < last and has_bit(pool, row_of[middle, right], last):
                    way[symbol, 0], way[symbol, 1], way[symbol, 2] = left, right, middle
                    return True
    return False


@njit(**HELPER)
def _proper(
    rules,
    edge_offset,
    edge_symbol,
    edge_target,
    skip_offset,
    skip_target,
    row_of,
    pool,
    is_empty,
    symbol,
    first,
    last,
    way,
):
    """Derive a span properly; whether that can be done."""
    way[symbol, 1], way[symbol, 2] = -1, -1
    if first == last and is_empty[symbol]:
        way[symbol, 0] = OF_NOTHING
        return True
    for edge in range(edge_offset[first], edge_offset[first + 1]):
        if edge_target[edge] == last and edge_symbol[edge] == symbol:
            way[symbol, 0] = OF_EDGE
            return True
    if _between(rules, row_of, pool, symbol, first, last, way):
        return True
    for skip in range(skip_offset[first], skip_offset[first + 1]):
        behind = skip_target[skip]
        if behind != first and has_bit(pool, row_of[behind, symbol], last):
            way[symbol, 0], way[symbol, 1], way[symbol, 2] = OF_SKIP, -1, behind
            return True
    return False


@njit(**HELPER)
def _holds(row_of, pool, first, symbol, last):
    return has_bit(pool, row_of[first, symbol], last)


@njit(**HELPER)
def _through_other(rules, row_of, pool, height, symbol, level, first, last, way):
    """Derive a span by one between the same nodes that is lower than ``level``; whether that can be done."""
    for at in range(rules.unary_offset[symbol], rules.unary_offset[symbol + 1]):
        child = rules.unary_child[at]
        if 0 <= height[child] < level:
            way[symbol, 0], way[symbol, 1], way[symbol, 2] = child, -1, -1
            return True
    for at in range(rules.pair_offset[symbol], rules.pair_offset[symbol + 1]):
        left, right = rules.pair_left[at], rules.pair_right[at]
        left_is_low, right_is_low = 0 <= height[left] < level, 0 <= height[right] < level
        if first == last:
            if left_is_low and right_is_low:
                way[symbol, 0], way[symbol, 1], way[symbol, 2] = left, right, first
                return True
        elif left_is_low and _holds(row_of, pool, last, right, last):
            way[symbol, 0], way[symbol, 1], way[symbol, 2] = left, right, last
            return True
        elif right_is_low and _holds(row_of, pool, first, left, first):
            way[symbol, 0], way[symbol, 1], way[symbol, 2] = left, right, first
            return True
    return False


@njit(**HELPER)
def _reach(rules, row_of, pool, goal, first, last, height, found):
    """Symbols that may derive the goal between the same nodes, itself first; returns how many there are."""
    found[0] = goal
    height[goal] = _UNKNOWN
    count, done = 1, 0
    while done < count:
        symbol = found[done]
        done += 1
        for at in range(rules.unary_offset[symbol], rules.unary_offset[symbol + 1]):
            child = rules.unary_child[at]
            if height[child] == -1 and _holds(row_of, pool, first, child, last):
                found[count], height[child] = child, _UNKNOWN
                count += 1
        for at in range(rules.pair_offset[symbol], rules.pair_offset[symbol + 1]):
            left, right = rules.pair_left[at], rules.pair_right[at]
            left_is_it = _holds(row_of, pool, first, left, last) and _holds(row_of, pool, last, right, last)
            if left_is_it and height[left] == -1:
                found[count], height[left] = left, _UNKNOWN
                count += 1
            right_is_it = _holds(row_of, pool, first, left, first) and _holds(row_of, pool, first, right, last)
            if right_is_it and height[right] == -1:
                found[count], height[right] = right, _UNKNOWN
                count += 1
    return count


@njit(**ALLOCATING)
def read_shallow(
    rules,
    edge_offset,
    edge_symbol,
    edge_target,
    skip_offset,
    skip_target,
    row_of,
    pool,
    is_empty,
    goal,
    last_node,
    items,
):
    """A derivation of the goal from the first node to ``last_node``, a span of the chart, as of ``read_derivation``.

    Args:
        edge_offset, edge_symbol, edge_target, skip_offset, skip_target, row_of, pool: the chart.
        is_empty: [symbols] bool, whether a symbol has an empty right side.
        items: [D, 5] int64, written.

    Returns:
        How many items there are, -1 if they do not fit.
    """
    symbols = row_of.shape[1]
    height = np.full(symbols, -1, np.int32)  # -1: not looked at between the nodes at hand
    way = np.empty((symbols, 3), np.int32)
    found = np.empty(symbols, np.int32)
    count_found, seen_first, seen_last = 0, -1, -1
    stack = np.empty((len(items) + 3, 3), np.int64)
    stack[0, 0], stack[0, 1], stack[0, 2] = goal, 0, last_node
    top, count, lexemes = 1, 0, 0
    while top > 0:
        top -= 1
        symbol, first, last = stack[top, 0], stack[top, 1], stack[top, 2]
        if symbol < 0:
            items[first, 4] = lexemes
            continue
        if count >= len(items) or top + 3 > len(stack):
            return -1
        if first != seen_first or last != seen_last or height[symbol] < 0:
            for at in range(count_found):
                height[found[at]] = -1
            count_found, seen_first, seen_last = (
                _reach(rules, row_of, pool, symbol, first, last, height, found),
                first,
                last,
            )
            for at in range(count_found):
                if _proper(
                    rules,
                    edge_offset,
                    edge_symbol,
                    edge_target,
                    skip_offset,
                    skip_target,
                    row_of,
                    pool,
                    is_empty,
                    found[at],
                    first,
                    last,
                    way,
                ):
                    height[found[at]] = 0
            level = 1
            while height[symbol] < 0:
                for at in range(count_found):
                    other = found[at]
                    if height[other] < 0 and _through_other(
                        rules, row_of, pool, height, other, level, first, last, way
                    ):
                        height[other] = level
                level += 1
        left, right, middle = way[symbol, 0], way[symbol, 1], way[symbol, 2]
        if left == OF_SKIP:
            stack[top, 0], stack[top, 1], stack[top, 2] = symbol, middle, last
            top += 1
            continue
        items[count, 0], items[count, 1], items[count, 2], items[count, 3] = symbol, first, last, lexemes
        lexemes += left == OF_EDGE
        items[count, 4] = lexemes
        if left != OF_EDGE and left != OF_NOTHING:
            stack[top, 0], stack[top, 1] = -1, count
            top += 1
            if right >= 0:
                stack[top, 0], stack[top, 1], stack[top, 2] = right, middle, last
                last = middle
                top += 1
            stack[top, 0], stack[top, 1], stack[top, 2] = left, first, last
            top += 1
        count += 1
    return count
