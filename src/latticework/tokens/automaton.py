"""The token automaton: a byte automaton lifted to a vocabulary. Read by the lattice, built by lifting.

Two-level labels keep it small: tokens that act alike everywhere form a *class*; the set of classes
that lead from one state to one target with one effect is a *label*; an edge is (source, code, label).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from latticework.automata.automaton import ByteAutomaton

# Layout of an edge code, low bits first: target state, kept levels, then the units added to
# level 0 and 1 before they are left or kept on, then the values at which levels 0 and 1 are entered.
STATE_BITS = 20
KEEP_SHIFT = STATE_BITS
ADD_SHIFT = (22, 32)
ENTER_SHIFT = (42, 52)
UNIT_BITS = 10
STATE_MASK = (1 << STATE_BITS) - 1
UNIT_MASK = (1 << UNIT_BITS) - 1


class EdgeIndex(NamedTuple):
    """Edges by class, through the labels.

    Attributes:
        label_offset, label: [A + 1] int64, the labels of every class.
        edge_offset, edge: [L + 1] int64, the edges of every label.
    """

    label_offset: NDArray[np.int64]
    label: NDArray[np.int32]
    edge_offset: NDArray[np.int64]
    edge: NDArray[np.int32]

    @classmethod
    def of(cls, tokens: TokenAutomaton) -> EdgeIndex:
        from latticework.tokens.kernels_index import invert

        each = np.arange(tokens.edges + 1, dtype=np.int32)
        return cls(
            *invert(tokens.label_offset, tokens.label_class, tokens.classes),
            *invert(each, tokens.edge_label, tokens.labels),
        )

    def edges_of(self, kind: int) -> NDArray[np.int32]:
        labels = self.label[self.label_offset[kind] : self.label_offset[kind + 1]]
        return gather(self.edge, self.edge_offset, labels)


def gather(values: NDArray[np.int32], offset: NDArray[Any], items: NDArray[np.int32]) -> NDArray[np.int32]:
    """Concatenated ``values[offset[i]:offset[i + 1]]`` for the items."""
    first = offset[items]
    size = offset[items + 1] - first
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    return values[np.repeat(first, size) + within]


@dataclass(frozen=True, eq=False, slots=True)
class TokenAutomaton:
    """Immutable. V token ids, A token classes, E edges, L labels, S states.

    Effect of an edge code from a state with n levels to a target with m levels, ``keep`` = p:
    level j < p: ``v_j += add_j`` and must stay <= high_j; source level j >= p: left, and
    ``low_j <= v_j + add_j <= high_j`` must hold; target level j >= p: entered at ``enter_j``.
    A call is left where ``v_j == add_j``: one class may take an edge for every place of the call.

    Attributes:
        automaton: the byte automaton that was lifted.
        class_of_token: [V] int32; -1 when no state reads the token (specials always).
        classes: A.
        edge_offset: [S + 1] int32 edges by source state.
        edge_code: [E] int64, see above.
        edge_label: [E] int32.
        label_offset: [L + 1] int32 into label_class.
        label_class: int32 classes of each label, ascending.
        end_tokens: int32 ids that may fill the tail (end and pad roles), ascending.
    """

    automaton: ByteAutomaton
    class_of_token: NDArray[np.int32]
    classes: int
    edge_offset: NDArray[np.int32]
    edge_code: NDArray[np.int64]
    edge_label: NDArray[np.int32]
    label_offset: NDArray[np.int32]
    label_class: NDArray[np.int32]
    end_tokens: NDArray[np.int32]

    _index: list[EdgeIndex] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @property
    def vocabulary_size(self) -> int:
        return len(self.class_of_token)

    @property
    def edges(self) -> int:
        return len(self.edge_code)

    @property
    def labels(self) -> int:
        return len(self.label_offset) - 1

    def edges_of(self, kind: int) -> NDArray[np.int32]:
        """The edges that a class takes, from whatever state; O(E) when first asked for."""
        if not self._index:
            self._index.append(EdgeIndex.of(self))
        return self._index[0].edges_of(kind)

    @property
    def nbytes(self) -> int:
        """Memory of the tables, the byte automaton's included, bytes."""
        own = sum(v.nbytes for v in (getattr(self, n) for n in self.__slots__) if isinstance(v, np.ndarray))
        return own + self.automaton.nbytes
