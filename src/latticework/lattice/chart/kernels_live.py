"""What derivations of a whole graph use: the spans, and the least cost of lexemes before and behind every node.

The costs are those of shortest paths in the graph that heed which lexemes may be neighbours.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from latticework.jit import ALLOCATING, HELPER
from latticework.lattice.chart.kernels_rows import lowest_one, pop, push, set_bit

FAR = 1e18
_ONE = np.uint64(1)


@njit(**ALLOCATING)
def mark_live(rules, skip_offset, skip_target, row_of, pool, live):
    """Spans that are part of a derivation of the whole graph, top down.

    Args:
        skip_offset, skip_target, row_of, pool: the chart.
        live: like ``pool``, zero but for the goal's span; written.
    """
    nodes, symbols = row_of.shape
    words = pool.shape[1]
    agenda = np.zeros((symbols + 63) >> 6, np.uint64)  # by the number from the end: parents first
    done = np.zeros((symbols, words), np.uint64)
    added = np.zeros(words, np.uint64)
    for node in range(nodes):
        here = node >> 6
        rows = row_of[node]
        for symbol in range(symbols):
            row = rows[symbol]
            if row >= 0:
                found = _ONE - _ONE
                for word in range(here, words):
                    found |= live[row, word]
                    done[symbol, word] = 0
                if found:
                    push(agenda, symbols - 1 - symbol)
        while True:
            symbol = symbols - 1 - pop(agenda)
            if symbol == symbols:
                break
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
                if grew:
                    push(agenda, symbols - 1 - child)
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
                            left_grew |= set_bit(live, before, middle)
                if left_grew:
                    push(agenda, symbols - 1 - left)
                if right_grew:
                    push(agenda, symbols - 1 - right)
        for skip in range(skip_offset[node], skip_offset[node + 1]):
            behind_rows = row_of[skip_target[skip]]
            for symbol in range(symbols):
                row, behind = rows[symbol], behind_rows[symbol]
                if row >= 0 and behind >= 0:
                    for word in range(here, words):
                        live[behind, word] |= live[row, word] & pool[behind, word]


@njit(**HELPER)
def _reached(cost, node, some):
    """Write the classes with a cost at a node; how many there are."""
    count = 0
    for kind in range(cost.shape[1]):
        if cost[node, kind] < FAR:
            some[count] = kind
            count += 1
    return count


@njit(**HELPER)
def _least(cost, node):
    best = FAR
    for kind in range(cost.shape[1]):
        if cost[node, kind] < best:
            best = cost[node, kind]
    return best


@njit(**ALLOCATING)
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
    least, known = (
        np.empty(kinds),
        np.zeros(kinds, np.int32),
    )  # what is known was worked out in the round of this number
    some = np.empty(kinds, np.int32)
    turn = 0
    is_first = np.zeros(nodes, np.bool_)  # no lexeme need stand before
    is_first[0] = True
    for node in range(nodes):
        grows = True
        while grows:
            grows = False
            turn += 1
            count = _reached(cost, node, some)
            for edge in range(edge_offset[node], edge_offset[node + 1]):
                kind, target = edge_class[edge], edge_target[edge]
                if kind == kinds:
                    for at in range(count):
                        other = some[at]
                        if cost[node, other] + edge_cost[edge] < cost[target, other]:
                            cost[target, other] = cost[node, other] + edge_cost[edge]
                    is_first[target] |= is_first[node]
                    continue
                if known[kind] != turn:
                    known[kind], least[kind] = turn, 0.0 if is_first[node] else FAR
                    for at in range(count):
                        other = some[at]
                        if adjacent[other, kind] and cost[node, other] < least[kind]:
                            least[kind] = cost[node, other]
                total = least[kind] + edge_cost[edge]
                if total < cost[target, kind]:
                    cost[target, kind] = total
                    grows |= target == node
        ahead[node] = 0.0 if is_first[node] else _least(cost, node)
    cost[:] = FAR
    is_last = np.zeros(nodes, np.bool_)  # no lexeme need stand behind
    is_last[nodes - 1] = True
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
                            grows = True  # lexemes from the node to itself may stand before it
                    if is_last[target] and not is_last[node]:
                        is_last[node] = grows = True
                    continue
                best = 0.0 if is_last[target] else FAR
                count = _reached(cost, target, some)
                for at in range(count):
                    other = some[at]
                    if adjacent[kind, other] and cost[target, other] < best:
                        best = cost[target, other]
                if best + edge_cost[edge] < cost[node, kind]:
                    cost[node, kind] = best + edge_cost[edge]
                    grows = True
        behind[node] = 0.0 if is_last[node] else _least(cost, node)
