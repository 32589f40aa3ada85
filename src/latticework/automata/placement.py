"""Where blocks stand in an automaton that is being made: each copied for every place, or once for many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from latticework.automata.blocks import Block
from latticework.automata.graph import Path
from latticework.errors import LimitExceeded

MAX_CALLERS = 1000  # of one call: a place has to fit into the units of an edge code
FIRST_ENTRY = 1 << 22  # states from here on are entries of placements, which may be copies or calls in the end
_WORTH_IT = 128  # weight of blocks that a call has to save: its moves cost more than those of a few copies


class Caller:
    """One place of a block. ``exit`` is the state of what follows, within ``exit_levels`` scopes.

    ``first_scope`` numbers the place's own copies of the block's scopes.
    """

    __slots__ = ("exit", "exit_levels", "first_scope")

    def __init__(self, first_scope: int) -> None:
        self.first_scope = first_scope
        self.exit = -1
        self.exit_levels = 0


class Placement:
    """A block's states ``base, base + 1, ...`` within the scopes ``path``; ``entries`` are those reached from outside.

    ``may_share``: several callers may use them. ``joined``: the block's accepting states go on like what follows;
    otherwise they have rows of their own. ``links``: the states that its sites stand for, in their order.
    """

    __slots__ = ("base", "block", "callers", "entries", "joined", "links", "may_share", "path")

    def __init__(self, block: Block, path: Path, base: int, may_share: bool) -> None:
        self.block, self.path, self.base, self.may_share = block, path, base, may_share
        self.callers: list[Caller] = []
        self.entries: set[int] = set()
        self.joined = True
        self.links: list[int] = []

    @property
    def is_call(self) -> bool:
        return (len(self.callers) - 1) * self.block.weight >= _WORTH_IT


class Entry(NamedTuple):
    """A state of a block, reached for one of its callers."""

    placement: Placement
    caller: int
    state: int


class Settled(NamedTuple):
    """Placements that are copies (of one caller) or calls, and what their entries are.

    ``entry_state``, ``entry_value``: [E] int32, the value -1 where the state is not in a call.
    """

    placements: list[Placement]
    states: int
    entry_state: np.ndarray
    entry_value: np.ndarray


def left_out(placements: Sequence[Placement], entries: Sequence[Entry], states: int) -> Settled:
    """The placements that are copies in any case; what the entries are is decided elsewhere."""
    nobody = np.zeros(len(entries), np.int32)
    return Settled([placement for placement in placements if not placement.may_share], states, nobody, nobody)


def settle(placements: Sequence[Placement], entries: Sequence[Entry], states: int, max_states: int) -> Settled:
    """Decide which placements are calls; the callers of the others get copies, behind ``states``.

    Raises:
        LimitExceeded: more than ``max_states`` states.
    """
    settled: list[Placement] = []
    of_caller: dict[Placement, list[Placement]] = {}
    for placement in placements:
        if placement.is_call or len(placement.callers) == 1:
            own = [placement]
            of_caller[placement] = own * len(placement.callers)
        else:
            own = of_caller[placement] = []
            for caller in placement.callers:
                copy = Placement(placement.block, placement.path, states if own else placement.base, False)
                states += placement.block.states if own else 0
                copy.callers.append(caller)
                own.append(copy)
        settled += own
    if states > max_states:
        raise LimitExceeded("max_states", max_states)
    chosen = [of_caller[entry.placement][entry.caller] for entry in entries]
    for entry, placement in zip(entries, chosen, strict=True):
        placement.entries.add(entry.state)
    pairs = list(zip(entries, chosen, strict=True))
    return Settled(
        settled,
        states,
        np.array([placement.base + entry.state for entry, placement in pairs], np.int32),
        np.array([entry.caller if placement.is_call else -1 for entry, placement in pairs], np.int32),
    )
