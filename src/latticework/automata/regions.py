"""A lexer whose texts hold marks, between which other conditions hold: the regions of a text.

A *mark* is a byte that no UTF-8 text has. What is read between two marks is a *region*: it has a lexer, and a
deterministic automaton that must not get stuck on its bytes. A mark leads from one region into another one. There are
three kinds:

- *unseen*: the lexer reads on as if the mark were not there; only the automaton changes.
- *seen*, at a *border*: the mark is a lexeme of its own and must not stand within another one. What stands before it is
  read as if the mark were not there, so no lexeme may go on behind it. White space may stand on both sides.
- *seen*, at a *cut*: the mark is a lexeme of its own, and the texts before and behind it are read each alone.

The result is a lexer like all others: the product of lexer and automaton states, with a class of lexemes for every
class and automaton state (a lexeme ends late, so the class has to say where the automaton was), and with starts that
refuse the bytes which would have made the lexeme before the mark longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latticework.automata.automaton import ByteAutomaton
from latticework.automata.lexer import Lexer
from latticework.errors import InputError, LimitExceeded

# Bytes that stand in no UTF-8 text (RFC 3629, section 3).
MARK_BYTES = (0xC0, 0xC1, *range(0xF5, 0x100))
MAX_STATES = 60_000
MAX_CLASSES = 4_000

_FREE = b""  # no byte is refused
_NOWHERE = -1  # in place of the class of a mark: the state in which a text is stuck


@dataclass(frozen=True, eq=False, slots=True)
class Region:
    """Attributes:
    lexer: cuts the region into lexemes.
    shift: number of its first terminal in the result.
    automaton: without counters; what the bytes of the region must not leave. ``None`` for no condition.
    may_end: whether the whole text may end in it, where its automaton accepts.
    """

    lexer: Lexer
    shift: int = 0
    automaton: ByteAutomaton | None = None
    may_end: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Mark:
    """Attributes:
    byte: what stands for it, of ``MARK_BYTES``.
    source, target: numbers of the regions before and behind it.
    terminal: what it is read as where it is seen, -1 where it is not.
    is_cut: of a mark that is seen, whether it is a cut; else it is a border, between regions of one lexer.
    restarts: whether the automaton behind it starts anew; else it goes on as the one before.
    completes: whether the automaton before it must accept.
    """

    byte: int
    source: int
    target: int
    terminal: int = -1
    is_cut: bool = False
    restarts: bool = True
    completes: bool = False


class _State(NamedTuple):
    """Where a text stands: lexer and automaton states of a region, and bytes that must not come next."""

    region: int
    lexer: int
    automaton: int
    refused: bytes


class _Class(NamedTuple):
    """``before`` is a class of the region's lexer, or ``-1 - mark``; behind it a lexeme starts in ``start``."""

    before: int
    start: _State
    region: int


def lexer_with_marks(regions: Sequence[Region], marks: Sequence[Mark]) -> Lexer:
    """The lexer; a text starts in region 0.

    Raises:
        InputError: there is a border, and lexemes of some terminals may end before it and others not.
        LimitExceeded: the product has too many states or classes.

    Cost: some 20 microseconds a state.
    """
    return _Product(regions, marks).lexer()


class _Product:
    def __init__(self, regions: Sequence[Region], marks: Sequence[Mark]) -> None:
        self.regions = regions
        self.marks = marks
        self.tables = [_table(region.automaton) for region in regions]
        self.starts = [set(region.lexer.start_after.tolist()) | {0} for region in regions]
        used = [mark.byte for mark in marks]
        for region, table in zip(regions, self.tables, strict=True):
            if (region.lexer.next_state[:, used] >= 0).any() or (table[:, used] >= 0).any():
                raise InputError("the grammar has texts that are not UTF-8, so that places in them cannot be marked")
        # Of every region, whether a lexeme that ends late may do so before a border.
        self.has_border = [
            any(mark.source == number and mark.terminal >= 0 and not mark.is_cut for mark in marks)
            for number in range(len(regions))
        ]
        self.states: dict[_State | int, int] = {}  # a number stands for the state behind a mark of that class
        self.classes: dict[_Class, int] = {}
        self.waiting: list[_State | int] = []

    def lexer(self) -> Lexer:
        self._state(_State(0, 0, 0, _FREE))
        rows: list[NDArray[np.int32]] = []
        accept: list[int] = []
        split: list[int] = []
        may_end: list[bool] = []
        for state in self.waiting:  # grows while it is walked
            if isinstance(state, int):
                rows.append(np.full(256, -1, np.int32))
                accept.append(state if state != _NOWHERE else -1)
                split.append(-1)
                may_end.append(False)
                continue
            lexer = self.regions[state.region].lexer
            row, kind = self._row(state), int(lexer.accept_class[state.lexer])
            ends = self._ends(state)
            if ends or not 0 <= kind < lexer.ignored_from:
                accept.append(self._lexeme(state, kind))
                split.append(self._lexeme(state, int(lexer.split_class[state.lexer])))
            else:
                # The text must not end here. The lexeme may end before any byte that cannot belong to it, as if it
                # could be made longer by such a byte, to no avail.
                row[row < 0] = self._state(_NOWHERE)
                accept.append(-1)
                split.append(self._lexeme(state, kind, alone=True))
            rows.append(row)
            may_end.append(self.regions[state.region].may_end and bool(lexer.may_end[state.lexer]) and ends)
        return self._assemble(rows, np.array(accept), np.array(split), np.array(may_end, np.bool_))

    def _ends(self, state: _State) -> bool:
        """Whether the automaton accepts, where that is asked at the end of the text."""
        region = self.regions[state.region]
        accepts = region.automaton is None or bool(region.automaton.accepting[state.automaton])
        return accepts or not region.may_end

    def _state(self, state: _State | int) -> int:
        found = self.states.get(state)
        if found is None:
            found = self.states[state] = len(self.waiting)
            self.waiting.append(state)
            if found >= MAX_STATES:
                raise LimitExceeded("states of the lexer of a text with holes", MAX_STATES)
        return found

    def _class(self, found: _Class) -> int:
        if len(self.classes) >= MAX_CLASSES:
            hint = "give the hole a smaller grammar"
            raise LimitExceeded("classes of lexemes of a text with holes", MAX_CLASSES, hint=hint)
        if found not in self.classes:
            self.classes[found] = len(self.classes)
            self._state(found.start)
        return self.classes[found]

    def _row(self, state: _State) -> NDArray[np.int32]:
        lexer, table = self.regions[state.region].lexer, self.tables[state.region]
        reached, conditions = lexer.next_state[state.lexer], table[state.automaton]
        row = np.full(256, -1, np.int32)
        moves = (reached >= 0) & (conditions >= 0)
        moves[list(state.refused)] = False
        code = reached[moves].astype(np.int64) * len(table) + conditions[moves]
        distinct, place = np.unique(code, return_inverse=True)
        targets = [
            self._state(_State(state.region, int(pair) // len(table), int(pair) % len(table), _FREE))
            for pair in distinct
        ]
        row[moves] = np.array(targets, np.int32)[place]
        for number, mark in enumerate(self.marks):
            if mark.source == state.region and self._may_pass(mark, state):
                row[mark.byte] = self._behind_mark(number, mark, state)
        return row

    def _may_pass(self, mark: Mark, state: _State) -> bool:
        automaton = self.regions[mark.source].automaton
        return not mark.completes or automaton is None or bool(automaton.accepting[state.automaton])

    def _behind_mark(self, number: int, mark: Mark, state: _State) -> int:
        """The state that a mark leads to, -1 for none."""
        condition = 0 if mark.restarts else state.automaton
        if mark.terminal < 0:
            return self._state(_State(mark.target, state.lexer, condition, state.refused))
        lexer = self.regions[state.region].lexer
        if state.lexer not in self.starts[state.region] or not lexer.may_end[state.lexer]:
            return -1  # within a lexeme; one that may end does so, and the mark is read from the start behind it
        start = (
            _State(mark.target, 0, condition, _FREE)
            if mark.is_cut
            else state._replace(region=mark.target, automaton=condition)
        )
        return self._state(self._class(_Class(-1 - number, start, mark.target)))

    def _lexeme(self, state: _State, kind: int, alone: bool = False) -> int:
        """The class of a lexeme that ends in a state, -1 for none.

        Args:
            alone: whether it must not end before a byte that could belong to it.
        """
        if kind < 0:
            return -1
        lexer = self.regions[state.region].lexer
        start = int(lexer.start_after[kind])
        asked = alone or self.has_border[state.region]
        refused = self._going_on(lexer, state.lexer, start) if asked else _FREE
        return self._class(_Class(kind, _State(state.region, start, state.automaton, refused), state.region))

    def _going_on(self, lexer: Lexer, state: int, start: int) -> bytes:
        """The bytes that would make a pending lexeme longer, of those that could begin the next one."""
        split = int(lexer.split_class[state])
        if split >= 0:
            if split != lexer.accept_class[state]:
                raise InputError(
                    "lexemes of this grammar end in two ways, so it is not told which may end at a hole or condition"
                )
            return _FREE
        if not lexer.may_end[start]:
            return _FREE  # the last byte of ignored text, before which no mark can stand
        return bytes(np.flatnonzero((lexer.next_state[state] >= 0) & (lexer.next_state[start] >= 0)).tolist())

    def _assemble(
        self, rows: list[NDArray[np.int32]], accept: NDArray, split: NDArray, may_end: NDArray[np.bool_]
    ) -> Lexer:
        classes = list(self.classes)
        is_ignored = np.array([self._is_ignored(found) for found in classes], np.bool_)
        order = np.argsort(is_ignored, kind="stable")
        number = np.full(len(classes) + 1, -1, np.int32)  # -1 picks the last entry
        number[order] = np.arange(len(classes))
        ordered = [classes[place] for place in order]
        terminals = [self._terminals(found) for found in ordered]
        return Lexer(
            next_state=np.stack(rows),
            accept_class=number[accept],
            split_class=number[split],
            start_after=np.array([self.states[found.start] for found in ordered], np.int32),
            may_end=may_end,
            class_offset=np.cumsum([0, *map(len, terminals)]).astype(np.int32),
            class_terminal=np.array([terminal for found in terminals for terminal in found], np.int32),
            adjacent=self._adjacent(ordered),
            ignored_from=int((~is_ignored).sum()) if is_ignored.any() else 1 << 30,
        )

    def _is_ignored(self, found: _Class) -> bool:
        return found.before >= self.regions[found.region].lexer.ignored_from

    def _terminals(self, found: _Class) -> list[int]:
        if found.before < 0:
            return [self.marks[-1 - found.before].terminal]
        region = self.regions[found.region]
        bounds = region.lexer.class_offset[found.before : found.before + 2]
        return [region.shift + terminal for terminal in region.lexer.class_terminal[slice(*bounds)].tolist()]

    def _adjacent(self, classes: list[_Class]) -> NDArray[np.bool_]:
        """Marks may stand beside everything; lexemes beside those of their lexer that they stand beside there."""
        found = np.zeros((len(classes), len(classes)), np.bool_)
        before = np.array([own.before for own in classes], np.int64)
        is_mark = before < 0
        found[is_mark] = found[:, is_mark] = True
        lexers = {id(region.lexer): region.lexer for region in self.regions}
        own_lexer = np.array([id(self.regions[own.region].lexer) for own in classes], np.int64)
        for name, lexer in lexers.items():
            places = np.flatnonzero(~is_mark & (own_lexer == name))
            found[np.ix_(places, places)] = lexer.adjacent[np.ix_(before[places], before[places])]
        return found


def _table(automaton: ByteAutomaton | None) -> NDArray[np.int32]:
    """[D, 256] moves by byte; one state that all bytes but those of marks stay in, where there is no condition."""
    if automaton is not None:
        return automaton.next_state[:, automaton.byte_class]
    table = np.zeros((1, 256), np.int32)
    table[:, list(MARK_BYTES)] = -1
    return table
