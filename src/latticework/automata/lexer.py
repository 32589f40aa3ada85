"""The lexer of a context-free grammar as a transducer: bytes in, classes of lexemes out.

A *class* is the set of terminals that the same bytes are read as. Ignored text belongs to the lexeme behind it. A
lexeme is given out *late*, with the first byte that does not belong to it: in state ``q``, a byte ``b`` that leads
nowhere ends the lexeme of class ``c = accept_class[q]``, and the next one stands in ``next_state[start_after[c], b]``.
That is maximal munch without going back. Where ``q`` has a ``split_class``, a lexeme (of that class) may end although
``b`` could continue it, so that there are two outcomes.

Texts whose lexemes can only be found by going back more than that are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, slots=True)
class Lexer:
    """Immutable; Q states (0 is where a text starts), K classes, T terminals.

    Attributes:
        next_state: [Q, 256] int32, -1 where a byte cannot belong to the lexeme.
        accept_class: [Q] int32, class of the lexeme that may end here, -1 for none.
        split_class: [Q] int32, class of a lexeme that may end here whatever follows, -1 for none.
        start_after: [K] int32, the state in which the lexeme behind one of that class starts.
        may_end: [Q] bool, nothing is pending: no byte, or ignored text only, since the last lexeme ended.
        class_offset: [K + 1] int32 into ``class_terminal``.
        class_terminal: int32, terminals of every class, ascending.
        adjacent: [K, K] bool, whether a lexeme of the second class may stand behind one of the first in some text.
        ignored_from: classes from this one on are ignored text, which is no terminal; K for none.
    """

    next_state: NDArray[np.int32]
    accept_class: NDArray[np.int32]
    split_class: NDArray[np.int32]
    start_after: NDArray[np.int32]
    may_end: NDArray[np.bool_]
    class_offset: NDArray[np.int32]
    class_terminal: NDArray[np.int32]
    adjacent: NDArray[np.bool_]
    ignored_from: int = 1 << 30

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @property
    def states(self) -> int:
        return self.next_state.shape[0]

    @property
    def classes(self) -> int:
        return len(self.start_after)

    @property
    def nbytes(self) -> int:
        """Memory of the tables, bytes."""
        return sum(v.nbytes for v in (getattr(self, n) for n in self.__slots__) if isinstance(v, np.ndarray))
