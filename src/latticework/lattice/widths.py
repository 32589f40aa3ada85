"""How many counts a canvas must tell apart: the width of every scope for a number of slots.

A scope with bounds ``low..high`` needs ``high + 1`` counts. When the canvas cannot count as far as
``high`` the upper bound is void, and every count from ``low`` on is alike: ``low + 1`` counts, the
last one meaning "this many or more" (*saturating*). With ``low`` 0 that is one count: no counter.
A call has a value for each of its places, always.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.automata.automaton import UNBOUNDED, ByteAutomaton
from latticework.errors import LimitExceeded
from latticework.lattice.kernels_layout import raise_units
from latticework.tokens.automaton import TokenAutomaton

MAX_CELLS = 1 << 30  # of a lattice, all slots together


@dataclass(frozen=True, eq=False, slots=True)
class Widths:
    """Session widths of the Q scopes of an automaton.

    Attributes:
        width: [Q] int64, counts told apart, at least 1.
        saturating: [Q] bool, the last count stands for all larger ones and ``high`` is void.
        low: [Q] int64 lower bound in force (0 for a relaxed scope).
    """

    width: NDArray[np.int64]
    saturating: NDArray[np.bool_]
    low: NDArray[np.int64]

    @property
    def key(self) -> bytes:
        """Equal keys mean equal layouts of one token automaton."""
        return self.width.tobytes() + self.saturating.tobytes() + self.low.tobytes()


def units_per_token(tokens: TokenAutomaton) -> NDArray[np.int64]:
    """[Q] largest number of units of each scope in one token; cost O(E)."""
    automaton = tokens.automaton
    units = np.zeros(len(automaton.low), np.int64)
    if len(units):
        raise_units(tokens.edge_offset, tokens.edge_code, automaton.levels, automaton.scope, units)
    return units


def session_widths(
    tokens: TokenAutomaton,
    units: NDArray[np.int64],
    slots: int,
    enforced: NDArray[np.bool_] | None = None,
    capped: NDArray[np.bool_] | None = None,
) -> Widths:
    """Widths that are exact for every canvas of up to ``slots`` slots.

    Args:
        units: from :func:`units_per_token`.
        enforced: [Q] bool; a scope that is not enforced is relaxed to no counter at all, which only
            adds fillings (for searches that relax first). All by default; calls always are.
    """
    automaton = tokens.automaton
    low = automaton.low.astype(np.int64)
    high = automaton.high.astype(np.int64)
    reach = slots * units
    saturating = (high >= UNBOUNDED) | (high >= reach)
    if capped is not None:
        saturating |= ~capped
    saturating &= ~automaton.is_call
    width = np.where(saturating, low, high) + 1
    # A lower bound beyond reach is never met, whatever has been counted: one count, which no token lifts to the bound.
    beyond = saturating & (low > reach)
    width, low = np.where(beyond, 1, width), np.where(beyond, units + 1, low)
    if enforced is not None:
        enforced = enforced | automaton.is_call
        width = np.where(enforced, width, 1)
        saturating = saturating | ~enforced
        low = np.where(enforced, low, 0)
    return Widths(width, saturating, low)


def check_cells(automaton: ByteAutomaton, widths: Widths, rows: int, max_cells: int) -> None:
    """Whether a lattice of so many rows can be kept; cost O(S).

    Raises:
        LimitExceeded: it has more than ``max_cells`` cells.
    """
    if len(widths.width) and rows * _cells(automaton, widths) > max_cells:
        hint = "a shorter canvas, or smaller bounds on what is repeated inside of a repetition"
        raise LimitExceeded("max_cells", max_cells, hint=hint)


def _cells(automaton: ByteAutomaton, widths: Widths) -> int:
    """How many cells a row has, in floating point: the product of two bounds may be large."""
    width = np.append(widths.width, 1).astype(np.float64)  # -1 picks the last entry
    return int(width[automaton.scope].prod(axis=1).sum())
