"""The cheapest derivation in a chart: which spans any full derivation uses, lower bounds, costs, and the way back.

Costs are those of lexemes; every rule adds a little, so that no derivation goes round in circles. The bounds are
shortest paths in the graph that heed which lexemes may be neighbours: spans that cannot be part of a derivation within
the bound are dropped (an outside estimate as in A* parsing; Klein and Manning, 2003).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import HELPER, KERNEL
from latticework.lattice.chart.kernels_rows import count_ones, has_bit, lowest_one

FAR = 1e18
RULE_COST = 1e-6
SKIP_COST = 1e-4
OF_EDGE, OF_NOTHING, OF_SKIP = -1, -2, -3  # in place of a child
_ONE = np.uint64(1)


@njit(**HELPER)
def _set(pool, row, bit):
    """Set a bit; whether it was not set before."""
    word, mask = bit >> 6, _ONE << np.uint64(bit & 63)
    is_new = pool[row, word] & mask == 0
    pool[row, word] |= mask
    return is_new


@njit(**KERNEL)
def mark_live(rules, skip_offset, skip_target, row_of, pool, live):
    """Spans that are part of a derivation of the whole graph, top down.

    Args:
        skip_offset, skip_target, row_of, pool: the chart.
        live: like ``pool``, zero but for the goal's span; written.
    """
    nodes, symbols = row_of.shape
    words = pool.shape[1]
    stack = np.empty(symbols, np.int32)
    queued = np.zeros(symbols, np.bool_)
    done = np.zeros((symbols, words), np.uint64)
    added = np.zeros(words, np.uint64)
    for node in range(nodes):
        here, top = node >> 6, 0
        rows = row_of[node]
        for symbol in range(symbols):
            row = rows[symbol]
            if row >= 0:
                found = _ONE - _ONE
                for word in range(here, words):
                    found |= live[row, word]
                    done[symbol, word] = 0
                if found:
                    stack[top] = symbol
                    queued[symbol] = True
                    top += 1
        while top > 0:
            top -= 1
            symbol = stack[top]
            queued[symbol] = False
            row = rows[symbol]
            for word in range(here, words):
                added[word] = live[row, word] & ~done[symbol, word]
                done[symbol, word] |= added[word]
            for at in range(rules.unary_offset[symbol], rules.unary_offset[symbol + 1]):
                child = rules.unary_child[at]
                below = rows[child]
                if below < 0:
                    continue
                grew = False
                for word in range(here, words):
                    bits = added[word] & pool[below, word] & ~live[below, word]
                    live[below, word] |= bits
                    grew |= bits != 0
                if grew and not queued[child]:
                    queued[child] = True
                    stack[top] = child
                    top += 1
            for at in range(rules.pair_offset[symbol], rules.pair_offset[symbol + 1]):
                left, right = rules.pair_left[at], rules.pair_right[at]
                before = rows[left]
                if before < 0:
                    continue
                left_grew, right_grew = False, False
                for word in range(here, words):
                    bits = pool[before, word]
                    while bits:
                        middle = (word << 6) + lowest_one(bits)
                        bits &= bits - _ONE
                        behind = row_of[middle, right]
                        if behind < 0:
                            continue
                        used = _ONE - _ONE
                        for other in range(word, words):
                            both = added[other] & pool[behind, other]
                            used |= both
                            if middle == node:
                                right_grew |= both & ~live[behind, other] != 0
                            live[behind, other] |= both
                        if used:
                            left_grew |= _set(live, before, middle)
                if left_grew and not queued[left]:
                    queued[left] = True
                    stack[top] = left
                    top += 1
                if right_grew and not queued[right]:
                    queued[right] = True
                    stack[top] = right
                    top += 1
        for skip in range(skip_offset[node], skip_offset[node + 1]):
            behind_rows = row_of[skip_target[skip]]
            for symbol in range(symbols):
                row, behind = rows[symbol], behind_rows[symbol]
                if row >= 0 and behind >= 0:
                    for word in range(here, words):
                        live[behind, word] |= live[row, word] & pool[behind, word]


@njit(**KERNEL)
def bound_costs(edge_offset, edge_class, edge_target, edge_cost, adjacent, ahead, behind):
    """Least cost of lexemes from the start to every node and from it to the end.

    Args:
        edge_offset, edge_class, edge_target: of the graph.
        edge_cost: [E] float64, above 0.
        adjacent: [K + 1, K + 1] bool, whether a class may follow another; the last is the end. Class K + 1 is a skip.
        ahead, behind: [M] float64, written.
    """
    nodes, kinds = len(ahead), len(adjacent)
    cost = np.full((nodes, kinds), FAR)  # by the class of the last lexeme, then of the next one
    least = np.empty(kinds)
    is_first = np.zeros(nodes, np.bool_)  # no lexeme need stand before
    is_first[0] = True
    for node in range(nodes):
        grows = True
        while grows:
            grows = False
            for kind in range(kinds):
                best = 0.0 if is_first[node] else FAR
                for other in range(kinds):
                    if adjacent[other, kind] and cost[node, other] < best:
                        best = cost[node, other]
                least[kind] = best
            for edge in range(edge_offset[node], edge_offset[node + 1]):
                kind, target = edge_class[edge], edge_target[edge]
                if kind == kinds:
                    for other in range(kinds):
                        if cost[node, other] + edge_cost[edge] < cost[target, other]:
                            cost[target, other] = cost[node, other] + edge_cost[edge]
                    if node == 0:
                        is_first[target] = True
                    continue
                total = least[kind] + edge_cost[edge]
                if total < cost[target, kind]:
                    cost[target, kind] = total
                    grows |= target == node
        best = 0.0 if is_first[node] else FAR
        for kind in range(kinds):
            if cost[node, kind] < best:
                best = cost[node, kind]
        ahead[node] = best
    cost[:] = FAR
    for node in range(nodes - 1, -1, -1):
        grows = True
        while grows:
            grows = False
            for edge in range(edge_offset[node], edge_offset[node + 1]):
                kind, target = edge_class[edge], edge_target[edge]
                if kind == kinds:
                    for other in range(kinds):
                        if cost[target, other] + edge_cost[edge] < cost[node, other]:
                            cost[node, other] = cost[target, other] + edge_cost[edge]
                    continue
                best = 0.0 if target == nodes - 1 else FAR
                for other in range(kinds):
                    if adjacent[kind, other] and cost[target, other] < best:
                        best = cost[target, other]
                if best + edge_cost[edge] < cost[node, kind]:
                    cost[node, kind] = best + edge_cost[edge]
                    grows |= target == node
        best = 0.0 if node == nodes - 1 else FAR
        for kind in range(kinds):
            if cost[node, kind] < best:
                best = cost[node, kind]
        behind[node] = best


@njit(**KERNEL)
def number_spans(row_of, live, base):
    """Numbers for all live spans: those of a row follow ``base[row]``. Returns how many there are."""
    count = 0
    for node in range(row_of.shape[0]):
        for symbol in range(row_of.shape[1]):
            row = row_of[node, symbol]
            if row >= 0:
                base[row] = count
                for word in range(node >> 6, live.shape[1]):
                    count += count_ones(live[row, word])
    return count


@njit(**HELPER)
def _span(live, base, row, node, end):
    """Number of the span of a row that ends at a node."""
    number = base[row]
    last = end >> 6
    for word in range(node >> 6, last):
        number += count_ones(live[row, word])
    return number + count_ones(live[row, last] & ((_ONE << np.uint64(end & 63)) - _ONE))


@njit(**HELPER)
def _lower(cost, way, span, total, left, right, middle):
    """Note a cheaper derivation of a span; whether it is one."""
    if total >= cost[span]:
        return False
    cost[span] = total
    way[span, 0], way[span, 1], way[span, 2] = left, right, middle
    return True


@njit(**HELPER)
def _through_unary(rules, live, base, kept, rows, node, symbol, limit, behind, cost, way, queued, stack, top):
    row, words = rows[symbol], live.shape[1]
    for at in range(rules.child_offset[symbol], rules.child_offset[symbol + 1]):
        parent = rules.child_parent[at]
        above = rows[parent]
        if above < 0:
            continue
        grew = False
        for word in range(node >> 6, words):
            bits = kept[row, word] & live[above, word]
            while bits:
                end = (word << 6) + lowest_one(bits)
                bits &= bits - _ONE
                total = cost[_span(live, base, row, node, end)] + RULE_COST
                if total + behind[end] <= limit:
                    span = _span(live, base, above, node, end)
                    if _lower(cost, way, span, total, symbol, -1, -1):
                        _set(kept, above, end)
                        grew = True
        if grew and not queued[parent]:
            queued[parent] = True
            stack[top] = parent
            top += 1
    return top


@njit(**HELPER)
def _through_left(rules, live, base, kept, row_of, node, symbol, limit, behind, cost, way, queued, stack, top):
    rows, words = row_of[node], live.shape[1]
    row = rows[symbol]
    for at in range(rules.left_offset[symbol], rules.left_offset[symbol + 1]):
        parent, right = rules.left_parent[at], rules.left_right[at]
        above = rows[parent]
        if above < 0:
            continue
        grew = False
        for word in range(node >> 6, words):
            bits = kept[row, word]
            while bits:
                middle = (word << 6) + lowest_one(bits)
                bits &= bits - _ONE
                rest = row_of[middle, right]
                if rest < 0:
                    continue
                first = cost[_span(live, base, row, node, middle)] + RULE_COST
                for other in range(word, words):
                    ends = kept[rest, other] & live[above, other]
                    while ends:
                        end = (other << 6) + lowest_one(ends)
                        ends &= ends - _ONE
                        total = first + cost[_span(live, base, rest, middle, end)]
                        if total + behind[end] <= limit:
                            span = _span(live, base, above, node, end)
                            if _lower(cost, way, span, total, symbol, right, middle):
                                _set(kept, above, end)
                                grew = True
        if grew and not queued[parent]:
            queued[parent] = True
            stack[top] = parent
            top += 1
    return top


@njit(**HELPER)
def _through_right(rules, live, base, kept, rows, node, symbol, limit, behind, cost, way, queued, stack, top):
    """Pairs whose left part is empty here."""
    row, words = rows[symbol], live.shape[1]
    for at in range(rules.right_offset[symbol], rules.right_offset[symbol + 1]):
        parent, left = rules.right_parent[at], rules.right_left[at]
        above = rows[parent]
        if above < 0 or not has_bit(kept, rows[left], node):
            continue
        first = cost[_span(live, base, rows[left], node, node)] + RULE_COST
        grew = False
        for word in range(node >> 6, words):
            bits = kept[row, word] & live[above, word]
            while bits:
                end = (word << 6) + lowest_one(bits)
                bits &= bits - _ONE
                total = first + cost[_span(live, base, row, node, end)]
                if total + behind[end] <= limit:
                    span = _span(live, base, above, node, end)
                    if _lower(cost, way, span, total, left, symbol, node):
                        _set(kept, above, end)
                        grew = True
        if grew and not queued[parent]:
            queued[parent] = True
            stack[top] = parent
            top += 1
    return top


@njit(**KERNEL)
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
    stack = np.empty(symbols, np.int32)
    queued = np.zeros(symbols, np.bool_)
    for node in range(nodes - 1, -1, -1):
        limit = bound - ahead[node]
        if limit < 0:
            continue
        rows, top = row_of[node], 0
        for edge in range(edge_offset[node], edge_offset[node + 1]):
            symbol, end = edge_symbol[edge], edge_target[edge]
            if has_bit(live, rows[symbol], end) and edge_cost[edge] + behind[end] <= limit:
                span = _span(live, base, rows[symbol], node, end)
                if _lower(cost, way, span, edge_cost[edge], OF_EDGE, -1, -1):
                    _set(kept, rows[symbol], end)
                    if not queued[symbol]:
                        queued[symbol] = True
                        stack[top] = symbol
                        top += 1
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
                        total = cost[_span(live, base, after, target, end)] + skip_cost[skip]
                        if total + behind[end] <= limit:
                            span = _span(live, base, row, node, end)
                            if _lower(cost, way, span, total, OF_SKIP, -1, target):
                                _set(kept, row, end)
                                if not queued[symbol]:
                                    queued[symbol] = True
                                    stack[top] = symbol
                                    top += 1
        for symbol in rules.empty:
            if has_bit(live, rows[symbol], node):
                span = _span(live, base, rows[symbol], node, node)
                if _lower(cost, way, span, 0.0, OF_NOTHING, -1, -1):
                    _set(kept, rows[symbol], node)
                    if not queued[symbol]:
                        queued[symbol] = True
                        stack[top] = symbol
                        top += 1
        while top > 0:
            top -= 1
            symbol = stack[top]
            queued[symbol] = False
            top = _through_unary(
                rules, live, base, kept, rows, node, symbol, limit, behind, cost, way, queued, stack, top
            )
            top = _through_left(
                rules, live, base, kept, row_of, node, symbol, limit, behind, cost, way, queued, stack, top
            )
            top = _through_right(
                rules, live, base, kept, rows, node, symbol, limit, behind, cost, way, queued, stack, top
            )


@njit(**KERNEL)
def read_derivation(goal, row_of, live, base, way, items):
    """The derivation of the goal, top down and from left to right.

    Args:
        items: [D, 4] int32, written: symbol, first and last node, and number of lexemes before it.

    Returns:
        How many items there are, -1 if more than fit.
    """
    stack = np.empty((len(items), 3), np.int32)
    stack[0, 0], stack[0, 1], stack[0, 2] = goal, 0, row_of.shape[0] - 1
    top, count, lexemes = 1, 0, 0
    while top > 0:
        top -= 1
        symbol, first, last = stack[top, 0], stack[top, 1], stack[top, 2]
        if count >= len(items) or top + 2 > len(stack):
            return -1
        span = _span(live, base, row_of[first, symbol], first, last)
        left, right, middle = way[span, 0], way[span, 1], way[span, 2]
        if left == OF_SKIP:
            stack[top, 0], stack[top, 1], stack[top, 2] = symbol, middle, last
            top += 1
            continue
        items[count, 0], items[count, 1], items[count, 2], items[count, 3] = symbol, first, last, lexemes
        count += 1
        if left == OF_EDGE:
            lexemes += 1
        elif left != OF_NOTHING and right < 0:
            stack[top, 0], stack[top, 1], stack[top, 2] = left, first, last
            top += 1
        elif left != OF_NOTHING:
            stack[top, 0], stack[top, 1], stack[top, 2] = right, middle, last
            stack[top + 1, 0], stack[top + 1, 1], stack[top + 1, 2] = left, first, middle
            top += 2
    return count
