"""Passages: what stands between two nodes of a graph, to be derived from one symbol.

The whole canvas is one, from the start to the end. Where a filling is known, a passage is a span of its derivation (an
expression, a statement, a block): whatever else is derived from its symbol between its nodes may stand there, all else
stays as the filling has it and is not looked at. A lexeme that begins in fixed text begins at a node of every graph.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from latticework.lattice.chart.canvas import Canvas
from latticework.lattice.chart.derivation import Derivation
from latticework.lattice.chart.kernels_graph import END, START
from latticework.lattice.chart.witness import Slots


def nothing() -> Derivation:
    none = np.zeros(0, np.int64)
    return Derivation(none.astype(np.int32), none.reshape(0, 5), none, none.astype(np.int32))


@dataclass(frozen=True, eq=False, slots=True)
class Passage:
    """Some slots, and what is to be derived in them.

    Attributes:
        canvas: the text of the slots, and their gaps.
        slots: the slots.
        goal: symbol to be derived from ``first`` to ``last``.
        first, last: keys of nodes.
        before, behind: terminals of other spans that are pending before the slots or begin in them: before the first
            node, with the nodes at which they begin, and from the last one on, with those at which they end.
    """

    canvas: Canvas
    slots: Slots
    goal: int
    first: int = int(START)
    last: int = int(END)
    before: Derivation = field(default_factory=nothing)
    behind: Derivation = field(default_factory=nothing)

    def with_others(self, derivation: Derivation) -> Derivation:
        """A derivation of the goal, with the terminals before and behind it."""
        before, behind, more = self.before, self.behind, len(self.before.terminals)
        if not more and not len(behind.terminals):
            return derivation
        items = derivation.items.copy()
        items[:, 3:] += more
        return Derivation(
            np.concatenate([before.terminals, derivation.terminals, behind.terminals]),
            items,
            np.concatenate([before.path, derivation.path, behind.path]),
            np.concatenate([before.gap, derivation.gap, behind.gap]),
        )
