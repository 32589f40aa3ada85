"""Several automata run side by side: the deterministic automaton whose states say where each of them stands.

A state is the tuple of the states of those automata that are not stuck (Rabin & Scott 1959, restricted to a union of
automata that are deterministic already). States of one automaton alone, which are nearly all, need no tuple.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from latticework.automata.algebra import coreachable
from latticework.automata.automaton import ByteAutomaton
from latticework.errors import LimitExceeded


def byte_classes(columns: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Class of every byte, [256], and the first byte of every class, [K]; columns: [256, ...], equal within a class."""
    known: dict[bytes, int] = {}
    found = np.array([known.setdefault(column.tobytes(), len(known)) for column in columns], np.int64)
    return found, np.unique(found, return_index=True)[1]


class United:
    """Grows from the sets of automata that are asked for with :meth:`start`; states are shared by all of them.

    Attributes:
        byte_class: [256] int64, bytes that no automaton tells apart are one class.
        rows: [K] int32 targets of every state, -1 where all automata are stuck.
        accepted: of every state the automata that accept, ascending.
    """

    def __init__(self, automata: Sequence[ByteAutomaton], max_states: int) -> None:
        """
        Args:
            automata: without counters.
            max_states: of the result.
        """
        self.byte_class, letters = byte_classes(np.stack([automaton.byte_class for automaton in automata], 1))
        self._offset = np.cumsum([0, *(automaton.states for automaton in automata)])
        tables = []
        for automaton, first in zip(automata, self._offset.tolist(), strict=False):
            table = automaton.next_state[:, automaton.byte_class[letters]]
            tables.append(np.where(table < 0, -1, table + first))
        table = np.concatenate(tables).astype(np.int32)
        accepting = np.concatenate([automaton.accepting for automaton in automata])
        alive = coreachable(table, accepting)
        self._table = np.where((table >= 0) & alive[table], table, -1)
        self._alive = alive
        self._automaton_of = np.repeat(np.arange(len(automata)), np.diff(self._offset))
        self._accepting = accepting
        self._max_states = max_states
        self._single = np.full(len(table) + 1, -1, np.int32)  # state per member alone; the last entry is that of -1
        self._several: dict[tuple[int, ...], int] = {}
        self._members: list[tuple[int, ...]] = []
        self.rows: list[NDArray[np.int32]] = []
        self.accepted: list[tuple[int, ...]] = []

    def start(self, chosen: Sequence[int]) -> int:
        """The state in which the chosen automata (ascending) have read nothing; all that follows is made, too.

        Raises:
            LimitExceeded: ``max_states``.
        """
        first = [int(self._offset[number]) for number in chosen]
        found = self._state_of(tuple(member for member in first if self._alive[member]))
        while len(self.rows) < len(self._members):
            self._expand(self._members[len(self.rows)])
        return found

    def _state_of(self, members: tuple[int, ...]) -> int:
        is_single = len(members) == 1
        found = int(self._single[members[0]]) if is_single else self._several.get(members, -1)
        if found >= 0:
            return found
        found = len(self._members)
        if found >= self._max_states:
            raise LimitExceeded("max_states", self._max_states)
        if is_single:
            self._single[members[0]] = found
        else:
            self._several[members] = found
        self._members.append(members)
        self.accepted.append(tuple(int(self._automaton_of[m]) for m in members if self._accepting[m]))
        return found

    def _expand(self, members: tuple[int, ...]) -> None:
        if len(members) == 1:
            row = self._table[members[0]]
            for target in dict.fromkeys(row.tolist()):
                if target >= 0 and self._single[target] < 0:
                    self._state_of((target,))
            self.rows.append(self._single[row])
            return
        if not members:  # no automaton accepts anything
            self.rows.append(np.full(self._table.shape[1], -1, np.int32))
            return
        moved = self._table[list(members)]
        several = np.flatnonzero((moved >= 0).sum(0) > 1)
        alone = moved.max(0)
        alone[several] = -1
        for target in dict.fromkeys(alone.tolist()):
            if target >= 0 and self._single[target] < 0:
                self._state_of((target,))
        row = self._single[alone]
        data, width = np.ascontiguousarray(moved[:, several].T).tobytes(), moved.itemsize * len(moved)
        columns = [data[at : at + width] for at in range(0, len(data), width)]
        known = dict.fromkeys(columns, -1)
        for column in known:
            targets = np.frombuffer(column, moved.dtype)
            known[column] = self._state_of(tuple(targets[targets >= 0].tolist()))
        row[several] = [known[column] for column in columns]
        self.rows.append(row)
