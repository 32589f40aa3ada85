"""How short and how long documents are, in tokens.

A shortest document is searched breadth first over cells, at first without upper bounds: that can only add documents,
and a lower bound alone needs few counts. If the shortest document so found keeps all bounds, it is a shortest of all.
Otherwise the bounds that it breaks are enforced and the search begins anew: counters that no short document fills are
never laid out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from latticework.errors import LimitExceeded
from latticework.lattice.best import broken_scopes
from latticework.lattice.kernels_lengths import shortest
from latticework.lattice.kernels_sets import forward_sets
from latticework.lattice.layout import Layout, build_layout
from latticework.lattice.tables import successor_limit
from latticework.lattice.widths import check_cells, session_widths
from latticework.tokens.automaton import TokenAutomaton

STEPS = 32  # of the search for long documents that are computed at a time
_FIRST_SEARCH = 256
_LAST_SEARCH = 1 << 12
_BYTES_PER_CELL = 16  # of the search for short ones, of a lattice two


def fewest_tokens(tokens: TokenAutomaton, units: NDArray[np.int64], max_cells: int) -> int | None:
    """Fewest tokens of a document, end and pad not counted; ``None`` where there is no document.

    Args:
        units: of :func:`latticework.lattice.widths.units_per_token`.
        max_cells: of a lattice.

    Raises:
        LimitExceeded: documents have more than 4,096 tokens, if there are any; or ``max_cells``.

    Cost: O(cells + edges), counted with the bounds that matter.
    """
    capped = np.zeros(len(units), np.bool_)
    while True:
        labels = _shortest(tokens, units, capped, max_cells)
        if labels is None:
            return None
        broken = broken_scopes(tokens, np.ones(len(labels), np.bool_), labels, np.full(len(labels), -1, np.int32))
        if not broken.any():
            return len(labels)
        capped |= broken


def _shortest(
    tokens: TokenAutomaton, units: NDArray[np.int64], capped: NDArray[np.bool_], max_cells: int
) -> NDArray[np.int32] | None:
    """The labels of a shortest document with only some upper bounds in force.

    ``None`` when no new cell turns up, and none would with more slots.
    """
    slots = _FIRST_SEARCH
    while slots <= _LAST_SEARCH:
        widths = session_widths(tokens, units, slots, capped=capped)
        check_cells(tokens.automaton, widths, _BYTES_PER_CELL // 2, max_cells)
        layout = build_layout(tokens, widths, tail=False)
        cells, most = layout.tables.cells, successor_limit(layout.tables)
        queue, parent, label = (np.empty(cells, np.int32) for _ in range(3))
        used, cell = shortest(
            layout.tables,
            layout.accept,
            slots,
            np.zeros(0, np.int32),
            queue,
            np.full(cells, -1, np.int32),
            parent,
            label,
            np.empty(most, np.int32),
            np.empty(most, np.int32),
        )
        if used >= 0:
            labels = np.empty(used, np.int32)
            for at in range(used - 1, -1, -1):
                labels[at] = label[cell]
                cell = parent[cell]
            return labels
        if used == -1 and not ((tokens.automaton.low > slots * units) & (units > 0)).any():
            return None
        slots *= 4
    raise LimitExceeded("tokens of the shortest document", _LAST_SEARCH, hint="give the number of slots")


def steps(layout: Layout) -> Iterator[NDArray[np.bool_]]:
    """The cells that can be reached with 1, 2, ... tokens, [cells] each; some steps are computed at a time."""
    free, no_offsets = np.ones(STEPS, np.bool_), np.zeros(STEPS + 1, np.int32)
    reached = np.zeros((STEPS + 1, layout.tables.size), np.uint8)
    active = np.zeros((STEPS + 1, layout.end_state + 1), np.uint8)
    reached[0, layout.tables.start] = active[0, 0] = 1
    while True:
        forward_sets(layout.tables, free, no_offsets, np.zeros(0, np.int32), reached, active)
        yield from reached[1:, : layout.tables.cells] > 0
        reached[0], active[0] = reached[-1], active[-1]
