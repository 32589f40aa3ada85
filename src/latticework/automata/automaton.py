"""The byte automaton: a deterministic automaton over bytes whose bounded repetitions stay symbolic.

A *scope* is one live repetition with bounds ``low..high``; a state lies inside 0, 1 or 2 scopes
(its *levels*, outer first) and a configuration is ``(state, one count per level)``. A transition
carries an operation ``keep << 4 | inc``: the first ``keep`` levels stay, the other levels of the
source are left (their counts must lie within ``low..high``), the missing levels of the target are
entered at 0, then level ``j`` of the target counts one more if bit ``j`` of ``inc`` is set; a count
may never pass ``high``. Accepting in a state inside scopes means leaving them all: the counts must
lie within their bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_LEVELS = 2
UNBOUNDED = 1 << 30
NOWHERE, RETURN = -1, -2  # in place of a state


@dataclass(frozen=True, eq=False, slots=True)
class Calls:
    """Parts that several places share: scopes whose count is no count, it says where to go on behind the part.

    A transition to state ``S + e`` is one to ``entry_state[e]`` which enters the call at ``entry_value[e]``. In a state
    inside calls, a transition to ``RETURN`` reads the last byte of the innermost one and goes to
    ``return_state[return_offset[call] + value]``, leaving all scopes that state is not in; where a state is
    ``returning``, bytes that it does not read itself are read there. A part never accepts.

    Attributes:
        entry_state, entry_value: [M] int32.
        return_offset: [Q + 1] int32; no entries for a scope that is no call.
        return_state: [R] int32, states outside of the call; outside of all calls if the call has ``returning`` states.
        returning: [S] bool.
        level: [S] int32, the innermost level of a state that is a call, -1 for none.
    """

    entry_state: NDArray[np.int32]
    entry_value: NDArray[np.int32]
    return_offset: NDArray[np.int32]
    return_state: NDArray[np.int32]
    returning: NDArray[np.bool_]
    level: NDArray[np.int32]

    def __post_init__(self) -> None:
        for name in self.__slots__:
            getattr(self, name).setflags(write=False)

    @property
    def nbytes(self) -> int:
        return sum(getattr(self, name).nbytes for name in self.__slots__)


@dataclass(frozen=True, eq=False, slots=True)
class ByteAutomaton:
    """Immutable automaton; S states, K byte classes, Q scopes. The start state is 0.

    Attributes:
        next_state: [S, K] int32, -1 where there is no transition.
        operation: [S, K] uint8, ``keep << 4 | inc``; 0 where there is no transition.
        byte_class: [256] int64, class of each byte value.
        accepting: [S] bool.
        levels: [S] int32, number of live scopes, 0..2.
        scope: [S, 2] int32, scope id per level, -1 where there is none.
        low, high: [Q] int32 bounds per scope; ``high == UNBOUNDED`` for none.
        calls: parts that several places share, which are scopes too; ``None`` if there are none.
    """

    next_state: NDArray[np.int32]
    operation: NDArray[np.uint8]
    byte_class: NDArray[np.int64]
    accepting: NDArray[np.bool_]
    levels: NDArray[np.int32]
    scope: NDArray[np.int32]
    low: NDArray[np.int32]
    high: NDArray[np.int32]
    calls: Calls | None = None

    def __post_init__(self) -> None:
        for name in ("next_state", "operation", "byte_class", "accepting", "levels", "scope", "low", "high"):
            getattr(self, name).setflags(write=False)

    @property
    def states(self) -> int:
        return self.next_state.shape[0]

    @property
    def has_counters(self) -> bool:
        return bool(len(self.low))

    @property
    def nbytes(self) -> int:
        """Memory of the tables, bytes."""
        return (0 if self.calls is None else self.calls.nbytes) + sum(
            getattr(self, name).nbytes
            for name in ("next_state", "operation", "byte_class", "accepting", "levels", "scope", "low", "high")
        )

    @property
    def is_call(self) -> NDArray[np.bool_]:
        """[Q] bool, the scopes that are calls."""
        return np.zeros(len(self.low), np.bool_) if self.calls is None else np.diff(self.calls.return_offset) > 0
