"""The cheapest derivation in a chart: costs of spans, and the way back.

Costs are those of lexemes; every rule adds a little, so that no derivation goes round in circles. Spans that cannot be
part of a derivation within a bound are dropped (an outside estimate as in A* parsing; Klein and Manning, 2003).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import ALLOCATING, HELPER, KERNEL
from latticework.lattice.chart.kernels_rows import count_ones, has_bit, lowest_one, pop, push, set_bit

RULE_COST = 1e-6
SKIP_COST = 1e-4
OF_EDGE, OF_NOTHING, OF_SKIP = -1, -2, -3  # in place of a child
_ONE = np.uint64(1)


@njit(**KERNEL)
def number_spans(row_of, live, base):
    """Numbers for all live spans: those of a word of a row follow ``base[row, word]``. Returns how many there are."""
    count = 0
    for node in range(row_of.shape[0]):
        for symbol in range(row_of.shape[1]):
            row = row_of[node, symbol]
            if row >= 0:
                for word in range(node >> 6, live.shape[1]):
                    base[row, word] = count
                    count += count_ones(live[row, word])
    return count


@njit(**KERNEL)
def span_number(live, base, row, end):
    """Number of the span of a row that ends at a node."""
    word = end >> 6
    return base[row, word] + count_ones(live[row, word] & ((_ONE << np.uint64(end & 63)) - _ONE))


@njit(**HELPER)
def _lower(cost, way, span, total, left, right, middle):
    """Note a cheaper derivation of a span; whether it is one."""
    if total >= cost[span]:
        return False
    cost[span] = total
    way[span, 0], way[span, 1], way[span, 2] = left, right, middle
    return True


@njit(**HELPER)
def _carry(live, base, kept, fresh, moved, row, above, parent, node, more, limit, behind, cost, way, parts):
    """Derive a parent's spans from the moved ones of a row, at an extra cost; whether any became cheaper."""
    grew = False
    left, right, middle = parts
    for word in range(node >> 6, live.shape[1]):
        bits = moved[word] & live[above, word]
        while bits:
            end = (word << 6) + lowest_one(bits)
            bits &= bits - _ONE
            total = cost[span_number(live, base, row, end)] + more
            if total + behind[end] <= limit:
                span = span_number(live, base, above, end)
                if _lower(cost, way, span, total, left, right, middle):
                    set_bit(kept, above, end)
                    set_bit(fresh, parent, end)
                    grew = True
    return grew


@njit(**HELPER)
def _through_unary(rules, live, base, kept, fresh, moved, rows, node, symbol, limit, behind, cost, way, agenda):
    row = rows[symbol]
    for at in range(rules.child_offset[symbol], rules.child_offset[symbol + 1]):
        parent = rules.child_parent[at]
        above = rows[parent]
        if above >= 0:
            parts = symbol, -1, -1
            more = RULE_COST
            if _carry(live, base, kept, fresh, moved, row, above, parent, node, more, limit, behind, cost, way, parts):
                push(agenda, parent)


@njit(**HELPER)
def _through_left(rules, live, base, kept, fresh, moved, row_of, node, symbol, limit, behind, cost, way, agenda):
    rows, words = row_of[node], live.shape[1]
    row = rows[symbol]
    for at in range(rules.left_offset[symbol], rules.left_offset[symbol + 1]):
        parent, right = rules.left_parent[at], rules.left_right[at]
        above = rows[parent]
        if above < 0:
            continue
        grew = False
        for word in range(node >> 6, words):
            bits = moved[word]
            while bits:
                middle = (word << 6) + lowest_one(bits)
                bits &= bits - _ONE
                rest = row_of[middle, right]
                if rest < 0:
                    continue
                first = cost[span_number(live, base, row, middle)] + RULE_COST
                for other in range(word, words):
                    ends = kept[rest, other] & live[above, other]
                    while ends:
                        end = (other << 6) + lowest_one(ends)
                        ends &= ends - _ONE
                        total = first + cost[span_number(live, base, rest, end)]
                        if total + behind[end] <= limit:
                            span = span_number(live, base, above, end)
                            if _lower(cost, way, span, total, symbol, right, middle):
                                set_bit(kept, above, end)
                                set_bit(fresh, parent, end)
                                grew = True
        if grew:
            push(agenda, parent)


@njit(**HELPER)
def _through_right(rules, live, base, kept, fresh, moved, rows, node, symbol, limit, behind, cost, way, agenda):
    """Pairs whose left part is empty here."""
    row = rows[symbol]
    for at in range(rules.right_offset[symbol], rules.right_offset[symbol + 1]):
        parent, left = rules.right_parent[at], rules.right_left[at]
        above = rows[parent]
        if above >= 0 and has_bit(kept, rows[left], node):
            more = cost[span_number(live, base, rows[left], node)] + RULE_COST
            parts = left, symbol, node
            if _carry(live, base, kept, fresh, moved, row, above, parent, node, more, limit, behind, cost, way, parts):
                push(agenda, parent)


@njit(**ALLOCATING)
def cheapest_spans(
    rules,
    edge_offset,
    edge_symbol,
    edge_target,
    edge_cost,
    skip_offset,
    skip_target,
    skip_cost,
    row_of,
    live,
    base,
    ahead,
    behind,
    bound,
    kept,
    cost,
    way,
):
    """Least cost of every live span that may be part of a derivation within ``bound``, right to left.

    Args:
        edge_offset, edge_symbol, edge_target, edge_cost: by terminal.
        skip_offset, skip_target, skip_cost: the skips.
        row_of, live, base: chart, live spans, their numbers.
        ahead, behind: of :func:`bound_costs`.
        kept: like ``live``, zero; written: spans with a cost.
        cost: [spans] float64, FAR; written.
        way: [spans, 3] int32, written: symbols of the children and the node between them; ``OF_EDGE`` or
            ``OF_NOTHING`` in the first place for a lexeme and for an empty text, ``OF_SKIP`` for the same symbol behind
            a skip to the node in the last; -1 in the second for one child.
    """
    nodes, symbols = row_of.shape
    agenda = np.zeros((symbols + 63) >> 6, np.uint64)
    fresh = np.zeros((symbols, live.shape[1]), np.uint64)  # spans of a node that became cheaper
    moved = np.zeros(live.shape[1], np.uint64)
    for node in range(nodes - 1, -1, -1):
        limit = bound - ahead[node]
        if limit < 0:
            continue
        rows = row_of[node]
        for edge in range(edge_offset[node], edge_offset[node + 1]):
            symbol, end = edge_symbol[edge], edge_target[edge]
            if has_bit(live, rows[symbol], end) and edge_cost[edge] + behind[end] <= limit:
                span = span_number(live, base, rows[symbol], end)
                if _lower(cost, way, span, edge_cost[edge], OF_EDGE, -1, -1):
                    set_bit(kept, rows[symbol], end)
                    set_bit(fresh, symbol, end)
                    push(agenda, symbol)
        for skip in range(skip_offset[node], skip_offset[node + 1]):
            target = skip_target[skip]
            for symbol in range(symbols):
                row, after = rows[symbol], row_of[target, symbol]
                if row < 0 or after < 0:
                    continue
                for word in range(target >> 6, live.shape[1]):
                    bits = kept[after, word] & live[row, word]
                    while bits:
                        end = (word << 6) + lowest_one(bits)
                        bits &= bits - _ONE
                        total = cost[span_number(live, base, after, end)] + skip_cost[skip]
                        if total + behind[end] <= limit:
                            span = span_number(live, base, row, end)
                            if _lower(cost, way, span, total, OF_SKIP, -1, target):
                                set_bit(kept, row, end)
                                set_bit(fresh, symbol, end)
                                push(agenda, symbol)
        for symbol in rules.empty:
            if has_bit(live, rows[symbol], node):
                span = span_number(live, base, rows[symbol], node)
                if _lower(cost, way, span, 0.0, OF_NOTHING, -1, -1):
                    set_bit(kept, rows[symbol], node)
                    set_bit(fresh, symbol, node)
                    push(agenda, symbol)
        while True:
            symbol = pop(agenda)
            if symbol < 0:
                break
            for word in range(node >> 6, live.shape[1]):
                moved[word] = fresh[symbol, word]
                fresh[symbol, word] = 0
            sets = live, base, kept, fresh, moved
            _through_unary(rules, *sets, rows, node, symbol, limit, behind, cost, way, agenda)
            _through_left(rules, *sets, row_of, node, symbol, limit, behind, cost, way, agenda)
            _through_right(rules, *sets, rows, node, symbol, limit, behind, cost, way, agenda)


@njit(**ALLOCATING)
def read_derivation(goal, row_of, live, base, way, items):
    """The derivation of the goal, top down and from left to right.

    Args:
        items: [D, 5] int64, written: symbol, first and last node, and numbers of lexemes before it and up to its end.

    Returns:
        How many items there are, -1 if more than fit.
    """
    stack = np.empty((2 * len(items) + 2, 3), np.int32)
    stack[0, 0], stack[0, 1], stack[0, 2] = goal, 0, row_of.shape[0] - 1
    top, count, lexemes = 1, 0, 0
    while top > 0:
        top -= 1
        symbol, first, last = stack[top, 0], stack[top, 1], stack[top, 2]
        if symbol < 0:
            items[first, 4] = lexemes
            continue
        if count >= len(items) or top + 3 > len(stack):
            return -1
        span = span_number(live, base, row_of[first, symbol], last)
        left, right, middle = way[span, 0], way[span, 1], way[span, 2]
        if left == OF_SKIP:
            stack[top, 0], stack[top, 1], stack[top, 2] = symbol, middle, last
            top += 1
            continue
        items[count, 0], items[count, 1], items[count, 2], items[count, 3] = symbol, first, last, lexemes
        lexemes += left == OF_EDGE
        items[count, 4] = lexemes
        if left != OF_EDGE and left != OF_NOTHING:
            stack[top, 0], stack[top, 1] = -1, count  # the item ends when its children are read
            top += 1
            if right >= 0:
                stack[top, 0], stack[top, 1], stack[top, 2] = right, middle, last
                last = middle
                top += 1
            stack[top, 0], stack[top, 1], stack[top, 2] = left, first, last
            top += 1
        count += 1
    return count
