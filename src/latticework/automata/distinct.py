"""Lists whose items have pairwise different checksums: which ones have been used is remembered in the state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latticework.automata import algebra
from latticework.automata.automaton import ByteAutomaton
from latticework.errors import LimitExceeded
from latticework.grammar.ir import BLANKS, Distinct


class Used(NamedTuple):
    """Checksums that no further item may have, and how many items there are, as far as it matters."""

    mask: int
    items: int


class Memory:
    """What is remembered between items, numbered in the order in which it arises; 0 is before the first item.

    The first items are remembered exactly, of later ones only the greatest checksum: what is smaller counts as used.
    """

    def __init__(self, node: Distinct) -> None:
        self.node = node
        self.most = node.modulus if node.high is None else min(node.high, node.modulus)
        # An upper bound that the checksums imply need not be counted.
        self.counted = node.low if self.most == node.modulus else self.most
        self.states = [Used(0, 0)]
        self._numbers = {self.states[0]: 0}
        self.after: list[list[int]] = []  # by state and checksum of the next item; -1: it may not come
        for used in self.states:  # grows while it is walked
            self.after.append([self._number(used, checksum) for checksum in range(node.modulus)])

    def may_end(self, number: int) -> bool:
        return self.states[number].items >= self.node.low

    def may_go_on(self, number: int) -> bool:
        return any(after >= 0 for after in self.after[number])

    def _number(self, used: Used, checksum: int) -> int:
        if used.mask >> checksum & 1 or (self.most < self.node.modulus and used.items >= self.most):
            return -1
        mask = used.mask | 1 << checksum
        if mask.bit_count() >= self.node.free:
            mask = (1 << mask.bit_length()) - 1
        found = Used(mask, min(used.items + 1, self.counted))
        if found not in self._numbers:
            self._numbers[found] = len(self.states)
            self.states.append(found)
        return self._numbers[found]


def distinct(node: Distinct, item: ByteAutomaton, separator: ByteAutomaton, max_states: int) -> ByteAutomaton:
    """The language of :class:`latticework.grammar.ir.Distinct`, minimised.

    Args:
        item, separator: automata of the parts of ``node``, free of counters.

    Raises:
        LimitExceeded: more than ``max_states`` states before minimisation: one for each state of the item, checksum and
            set of checksums used before it.
        ValueError: item or separator admit nothing written, or a text can be split in two ways.
    """
    item, separator = algebra.minimise(item), algebra.minimise(separator)
    if item.accepting[0] or separator.accepting[0]:
        raise ValueError("items and separators of distinct items must not be empty")
    memory = Memory(node)
    modulus = node.modulus
    size = modulus * item.states + separator.states
    states = len(memory.states) * size
    if states > max_states:
        raise LimitExceeded("max_states", max_states)
    weight = np.arange(256) % modulus
    weight[list(BLANKS)] = 0
    columns, byte_class = np.unique(
        np.stack([item.byte_class, separator.byte_class, weight], 1), axis=0, return_inverse=True
    )
    inside = item.next_state[:, columns[:, 0]]  # [item states, K], and so on
    between = separator.next_state[:, columns[:, 1]]
    ends = (inside < 0) & item.accepting[:, None] & (between[0] >= 0)
    begins = (between < 0) & separator.accepting[:, None] & (inside[0] >= 0)
    if (item.accepting[:, None] & (inside >= 0) & (between[0] >= 0)).any() or (
        separator.accepting[:, None] & (between >= 0) & (inside[0] >= 0)
    ).any():
        raise ValueError("it is not plain where items end")
    residues = np.arange(modulus)
    moved = (residues[:, None] + columns[:, 2]) % modulus  # [modulus, K]
    table = np.full((states, len(columns)), -1, np.int32)
    accepting = np.zeros(states, np.bool_)
    for number, base in zip(range(len(memory.states)), range(0, states, size), strict=True):
        after = np.array(memory.after[number])
        ended = after >= 0
        goes_on = np.array([at >= 0 and memory.may_go_on(at) for at in memory.after[number]])
        may_end = np.array([at >= 0 and memory.may_end(at) for at in memory.after[number]])
        rows = np.where(inside[None] >= 0, base + moved[:, None] * item.states + inside[None], -1)
        entered = after[:, None] * size + modulus * item.states + between[0][None]  # [modulus, K]
        leaves = ends[None] & (ended & goes_on)[:, None, None]
        table[base : base + modulus * item.states] = np.where(leaves, entered[:, None], rows).reshape(-1, len(columns))
        accepting[base : base + modulus * item.states] = (may_end[:, None] & item.accepting[None]).reshape(-1)
        rest = np.where(between >= 0, base + modulus * item.states + between, -1)
        first = base + columns[:, 2] * item.states + inside[0]
        table[base + modulus * item.states : base + size] = np.where(begins, first[None], rest)
    return algebra.minimise(algebra.plain(table, byte_class.reshape(-1), accepting))
