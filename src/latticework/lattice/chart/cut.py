"""Where a passage is cut out of a filling: the bytes at which lexemes begin, and what is pending at the edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.chart.derivation import Derivation
from latticework.lattice.chart.filling import Filling
from latticework.lattice.chart.kernels_graph import BEFORE_END, FIXED, OFFSET_SHIFT, START
from latticework.lattice.chart.language import Language
from latticework.lattice.chart.passage import nothing

Int32Array = NDArray[np.int32]


def _fixed(terminals: Int32Array, path: list[int]) -> Derivation:
    """Terminals that begin, or end, at nodes in fixed text."""
    none = np.zeros((0, 5), np.int64)
    return Derivation(terminals, none, np.array(path, np.int64), np.full(len(path), -1, np.int32))


class Reader:
    """Where the lexemes of a filling begin."""

    def __init__(self, language: Language, filling: Filling) -> None:
        self._language, self._tokens, self._witness = language, filling.tokens, filling.witness

    def slot_of(self, lexemes: int) -> int:
        """The slot in which so many lexemes, at least one, have ended; behind all slots for one that ends the text."""
        return int(np.searchsorted(self._witness.ended, lexemes)) - 1

    def ends_in(self, slot: int) -> list[tuple[int, int]]:
        """The lexemes that end in a slot: the bytes of its token before the next begins, the lexer state there."""
        witness, tables = self._witness, self._language.slots
        data = self._language.vocabulary.bytes(int(self._tokens[slot]))
        goal = int(witness.ended[slot + 1]), int(witness.state[slot + 1])
        waiting: list[tuple[int, int, int, tuple[tuple[int, int], ...]]] = [
            (0, int(witness.ended[slot]), int(witness.state[slot]), ())
        ]
        while waiting:
            at, ended, state, found = waiting.pop()
            if at == len(data):
                if (ended, state) == goal:
                    return list(found)
                continue
            going_on = int(tables.next_state[state, data[at]])
            kind = int(tables.split_class[state] if going_on >= 0 else tables.accept_class[state])
            if going_on >= 0:
                waiting.append((at + 1, ended, going_on, found))
            if kind < 0 or (kind < tables.ignored and not self._is_next(kind, ended)):
                continue
            behind = int(tables.start_after[kind])
            begun = int(tables.next_state[behind, data[at]])
            if begun >= 0 and kind < tables.ignored:
                waiting.append((at + 1, ended + 1, begun, (*found, (at, behind))))
            elif begun >= 0:
                waiting.append((at + 1, ended, begun, found))
        raise RuntimeError("internal error: a token is not read as its filling says")

    def _is_next(self, kind: int, ended: int) -> bool:
        terminals = self._witness.terminals
        return ended < len(terminals) and bool(self._language.has[kind, terminals[ended]])


def key_of(offset: int, state: int) -> int:
    """Of the node in fixed text at which a lexeme begins in a lexer state."""
    return offset << OFFSET_SHIFT | int(FIXED) | state


@dataclass(frozen=True, eq=False, slots=True)
class Cut:
    """Where a passage is cut out of a filling of N slots.

    Attributes:
        first_slot, last_slot: its slots are ``first_slot .. last_slot - 1``.
        begin: lexer state before them.
        end: as of :class:`Slots`.
        first: key of its first node.
        last: offset in the text of the token of the last slot, and lexer state, of its last node; ``None`` for the end.
        before, behind: as of :class:`Passage`; keys in ``behind`` count from the last slot.
    """

    first_slot: int
    last_slot: int
    begin: int
    end: tuple[int, int] | None
    first: int
    last: tuple[int, int] | None
    before: Derivation
    behind: Derivation


def cut_of(language: Language, filling: Filling, before: int, until: int) -> Cut:
    """The slots of the lexemes ``before .. until - 1`` of a filling."""
    witness, reader = filling.witness, Reader(language, filling)
    first_slot, first, others = 0, int(START), nothing()
    if before:
        first_slot = reader.slot_of(before)
        ended = int(witness.ended[first_slot])
        keys = [key_of(*end) for end in reader.ends_in(first_slot)[: before - ended]]
        first = keys[-1]
        others = _fixed(witness.terminals[ended:before], [int(START), *keys[:-1]])
    begin = int(witness.state[first_slot])
    slot = reader.slot_of(until)
    if slot >= witness.length:
        return Cut(first_slot, witness.length, begin, None, first, None, others, nothing())
    done = int(witness.ended[slot + 1])
    pending = int(done < len(witness.terminals))
    ends = reader.ends_in(slot)[until - 1 - int(witness.ended[slot]) :]
    keys = [key_of(*end) for end in ends[1:]] + [int(BEFORE_END)] * pending
    behind = _fixed(witness.terminals[until : done + pending], keys)
    return Cut(first_slot, slot + 1, begin, (int(witness.state[slot + 1]), pending), first, ends[0], others, behind)
