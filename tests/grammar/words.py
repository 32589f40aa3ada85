"""Random texts of a grammar, drawn from its automaton with counters expanded."""

from __future__ import annotations

import random

import numpy as np

from latticework.automata import algebra
from latticework.automata.build import build_automaton
from latticework.grammar import ir

_MAX_STATES = 200_000


class Sampler:
    """Random walks through the automaton of ``node``; every text drawn is in its language."""

    def __init__(self, node: ir.Node, seed: int = 0) -> None:
        automaton = build_automaton(node)
        if automaton.has_counters:
            automaton = algebra.expand(automaton, _MAX_STATES)
        self.random = random.Random(seed)
        self.accepting = automaton.accepting
        self.edges = [
            [(int(column), int(target)) for column, target in enumerate(row) if target >= 0]
            for row in automaton.next_state
        ]
        self.bytes_of = [
            np.flatnonzero(automaton.byte_class == column) for column in range(automaton.next_state.shape[1])
        ]
        self.distance = self._distances()
        self.edges = [[edge for edge in row if self.distance[edge[1]] < float("inf")] for row in self.edges]

    def _distances(self) -> list[float]:
        """Fewest bytes to acceptance, per state."""
        before: list[list[int]] = [[] for _ in self.edges]
        for state, row in enumerate(self.edges):
            for _, target in row:
                before[target].append(state)
        distance = [0.0 if accepting else float("inf") for accepting in self.accepting]
        queue = [state for state, accepting in enumerate(self.accepting) if accepting]
        for state in queue:
            for source in before[state]:
                if distance[source] == float("inf"):
                    distance[source] = distance[state] + 1
                    queue.append(source)
        return distance

    def text(self, most: int) -> bytes:
        """A text of about ``most`` bytes or less where the language has one."""
        out = bytearray()
        state = 0
        while True:
            room = max(most - len(out), self.distance[state])
            choices = [edge for edge in self.edges[state] if self.distance[edge[1]] < room]
            if self.accepting[state] and (not choices or self.random.random() < 0.05):
                return bytes(out)
            column, state = self.random.choice(choices)
            out.append(self.random.choice(self.bytes_of[column]))
