"""One filling of a canvas, and how it is read: as which terminals, and where they end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.chart.canvas import Canvas
from latticework.lattice.chart.derivation import Derivation
from latticework.lattice.chart.kernels_graph import BEFORE_END
from latticework.lattice.chart.kernels_realise import (
    ANY_TOKEN,
    Layers,
    Memo,
    Spelling,
    Wanted,
    best_end,
    classes_between,
    enter_token,
    fill_layers,
    trace_back,
)
from latticework.lattice.chart.language import Language

_MAX_CLASSES = 4096


@dataclass(frozen=True, eq=False, slots=True)
class Slots:
    """The slots of a canvas up to its first fixed end token, or a run of them; N of them.

    Attributes:
        tokens: [N] int64, read where ``free`` is False.
        free: [N] bool.
        open_end: [N + 1] bool, whether the text may end before the slot.
        elastic: whether free slots may hold fillers.
        data, data_offset: bytes of the fixed tokens; slot k has ``data[data_offset[k] : data_offset[k + 1]]``.
        begin: lexer state before the first slot.
        end: where the text goes on behind the slots, the lexer state there, and how many of the terminals have not
            ended; ``None`` for slots in which the text ends.
    """

    tokens: NDArray[np.int64]
    free: NDArray[np.bool_]
    open_end: NDArray[np.bool_]
    elastic: bool
    data: NDArray[np.uint8]
    data_offset: NDArray[np.int32]
    begin: int = 0
    end: tuple[int, int] | None = None

    @property
    def count(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True, eq=False, slots=True)
class Witness:
    """A filling of N slots that is in the language.

    Attributes:
        terminals: [L] int32, what its text is read as.
        spans: [D, 3] int64, how they are derived, as of :attr:`.derivation.Derivation.spans`.
        length: slots of the text; the others hold end tokens.
        ended: [length + 1] int32, lexemes ended before each slot.
        state: [length + 1] int32, lexer state before each slot.
        kind: [length] int32, token class chosen for a slot, or ``ANY_TOKEN``, ``NO_TOKEN``, ``FILLER``.
    """

    terminals: NDArray[np.int32]
    spans: NDArray[np.int64]
    length: int
    ended: NDArray[np.int32]
    state: NDArray[np.int32]
    kind: NDArray[np.int32]

    def classes(self, language: Language, slot: int) -> NDArray[np.int32]:
        """Token classes that may stand in a free slot, all else as it is (the first few thousand)."""
        found = np.empty(_MAX_CLASSES, np.int32)
        ended, state = self.ended, self.state
        count = classes_between(
            language.words,
            language.has,
            language.slots.ignored,
            self.terminals,
            state[slot],
            ended[slot],
            state[slot + 1],
            ended[slot + 1],
            found,
        )
        return found[:count]


def slots_of(
    language: Language,
    tokens: NDArray[np.int64],
    free: NDArray[np.bool_],
    open_from: int,
    elastic: bool,
    begin: int = 0,
    end: tuple[int, int] | None = None,
) -> Slots:
    """Args: ``open_from``: first slot before which the text may end; N where it must fill all slots."""
    pieces = language.vocabulary.pieces(np.where(free, -1, tokens).tolist())
    open_end = np.arange(len(tokens) + 1) >= open_from
    offset = np.cumsum([0, *map(len, pieces)]).astype(np.int32)
    return Slots(tokens, free, open_end, elastic, np.frombuffer(b"".join(pieces), np.uint8), offset, begin, end)


class _Run:
    """One text of terminals on its way through the slots."""

    def __init__(self, language: Language, slots: Slots, spelling: Spelling, wanted: Wanted | None) -> None:
        count = slots.count
        self.language, self.slots, self.spelling = language, slots, spelling
        self.wanted = wanted or Wanted(np.full((count, 0), -1, np.int32), np.zeros((count, 0)), np.zeros(count))
        self.open_from = int(np.argmax(slots.open_end))
        self.room = 512 * (count + 2)
        self.stuck = self._fill()

    def _fill(self) -> int:
        while True:
            self._begin()
            stuck = self._go_on(0)
            if stuck >= 0:
                return stuck
            self.room *= 4

    def _begin(self) -> None:
        room, count = self.room, self.slots.count
        first = np.ones(count + 2, np.int32)
        first[0] = 0
        self.layers = Layers(
            first,
            np.zeros(room, np.int32),
            np.zeros(room, np.int32),
            np.zeros(room),
            np.full(room, -1, np.int32),
            np.full(room, ANY_TOKEN, np.int32),
        )
        self.layers.state[0] = self.slots.begin
        positions = len(self.spelling.low)
        self.seen = np.full(positions * len(self.language.slots.root), -1, np.int32)
        nodes = positions * len(self.language.slots.rank)
        language = self.language
        self.memo = Memo(
            *language.follow, language.stands, language.leading, np.zeros(nodes, np.int32), np.empty(nodes)
        )

    def _go_on(self, slot: int) -> int:
        """Through the slots from one on whose layer is there; the slot that is not passed, or -1."""
        language, slots = self.language, self.slots
        return fill_layers(
            language.slots,
            language.words,
            language.has,
            language.leads,
            self.memo,
            self.spelling,
            slots.free,
            slots.elastic,
            slots.data,
            slots.data_offset,
            self.wanted,
            slot,
            slots.count,
            self.layers,
            self.seen,
        )

    def witness(self, spans: NDArray[np.int64], end_score: NDArray[np.float64] | None) -> Witness | None:
        if self.stuck < self.open_from:
            return None
        entry, length = self._last(end_score)
        if entry < 0:
            return None
        ended, state = np.empty(length + 1, np.int32), np.empty(length + 1, np.int32)
        kind = np.empty(length, np.int32)
        trace_back(self.layers, entry, length, 0, ended, state, kind)
        return Witness(self.spelling.terminals, spans, length, ended, state, kind)

    def _last(self, end_score: NDArray[np.float64] | None) -> tuple[int, int]:
        """The entry that the way through the slots ends with, -1 if none does, and the slot before which it is."""
        count, layers, terminals = self.slots.count, self.layers, self.spelling.terminals
        if self.slots.end is not None:
            state, pending = self.slots.end
            entry = self.seen[(len(terminals) - pending) * len(self.language.slots.root) + state]
            return (int(entry), count) if entry >= layers.first[count] else (-1, count)
        scores = np.zeros(count + 1) if end_score is None else end_score
        last = min(self.stuck, count)
        return best_end(self.language.slots, self.language.has, terminals, self.open_from, last, scores, layers)

    def failure(self) -> tuple[int, int]:
        """The slot that is not passed, and the most lexemes ended before it."""
        first = self.layers.first
        layer = self.layers.ended[first[self.stuck] : first[self.stuck + 1]]
        return self.stuck, int(layer.max(initial=0))

    def resume(self, offset: int, ended: int, state: int) -> bool:
        """Go on behind a slot that was not passed, where a lexeme begins with a byte of the fixed text.

        Returns whether the end of the slots was reached; ``stuck`` is the next slot that is not passed.
        """
        language, slots = self.language, self.slots
        slot = int(np.searchsorted(slots.data_offset, offset, side="right")) - 1
        # Slots in between count as passed with nothing; a fresh layer follows what is there.
        used = int(self.layers.first[self.stuck + 1])
        if used + 4096 > self.room:
            return True
        self.layers.first[self.stuck + 1 : slot + 1] = used
        stop = slots.data_offset[slot + 1]
        enter_token(
            language.slots,
            language.has,
            language.leads,
            self.spelling,
            slots.data,
            offset,
            stop,
            ended,
            state,
            slot,
            self.layers,
            self.seen,
        )
        if self.layers.first[slot + 2] == self.layers.first[slot + 1]:
            self.stuck = slot
            return False
        self.stuck = self._go_on(slot + 1)
        return self.stuck < 0 or self.stuck == slots.count


def realise(
    language: Language,
    slots: Slots,
    spelling: Spelling,
    spans: NDArray[np.int64],
    wanted: Wanted | None = None,
    end_score: NDArray[np.float64] | None = None,
) -> Witness | None:
    """Fill the slots with a text of just these terminals, as many wanted tokens in it as possible.

    If there is a filling whose lexemes begin in the slots given, one is found. Cost O(states reached before all slots).

    Args:
        spans: how the terminals are derived, for the witness.
    """
    return _Run(language, slots, spelling, wanted).witness(spans, end_score)


def realise_or_fail(
    language: Language, slots: Slots, spelling: Spelling, derivation: Derivation
) -> tuple[Witness | None, list[tuple[int, int]]]:
    """The same for the terminals of a derivation; without a filling, where they do not fit, each place taken as if the
    others did: the slot that is not passed, and how many lexemes may have ended there.
    """
    run = _Run(language, slots, spelling, None)
    witness = run.witness(derivation.spans, None)
    if witness is not None:
        return witness, []
    stuck, begins = [run.failure()], derivation.begins
    while run.stuck < slots.count:
        behind = begins[begins[:, 0] >= slots.data_offset[run.stuck + 1]]
        if not len(behind):
            break
        offset, state, ended = behind[0].tolist()
        if run.resume(offset, ended, state):
            break
        stuck.append(run.failure())
    return None, stuck


def spelling_of(canvas: Canvas, slots: Slots, derivation: Derivation) -> Spelling:
    """The terminals of a derivation, with the slots in which its path lets them begin."""
    keys, gap = derivation.path, derivation.gap
    low = np.searchsorted(slots.data_offset, np.maximum(keys >> 33, 0), side="right") - 1
    high = low.copy()
    inside = gap >= 0
    low[inside], high[inside] = canvas.gap_first[gap[inside]], canvas.gap_last[gap[inside]]
    at_end = keys >= BEFORE_END
    low[at_end], high[at_end] = 0, slots.count
    return Spelling(derivation.terminals, low.astype(np.int32), high.astype(np.int32))


def respelt(witness: Witness, free: NDArray[np.bool_]) -> Spelling:
    """The terminals of a witness, each to begin in the run of free slots around the slot where it begins now.

    Args:
        free: [N] the slots before the first fixed end token.
    """
    count = len(free)
    places = np.arange(len(witness.terminals) + 1)
    begin = np.clip(np.searchsorted(witness.ended, places) - 1, 0, count)
    fixed = np.flatnonzero(~free)
    before = np.append(-1, fixed)[np.searchsorted(fixed, begin)]
    behind = np.append(fixed, count)[np.searchsorted(fixed, begin)]
    is_free = np.append(free, True)[begin]
    low, high = np.where(is_free, before + 1, begin), np.where(is_free, behind - 1, begin)
    return Spelling(witness.terminals, low.astype(np.int32), high.astype(np.int32))


def joined(witness: Witness, first_slot: int, last_slot: int, part: Witness, spans: NDArray[np.int64]) -> Witness:
    """A witness with some of its slots read as ``part`` reads them.

    Args:
        part: of the slots ``first_slot .. last_slot - 1``, with the terminals pending before and behind them; shorter
            only where these are the last of the text.
        spans: of all terminals.
    """
    ended, state = witness.ended, witness.state
    begun = int(ended[first_slot])
    is_end = last_slot == witness.length
    rest = len(witness.terminals) if is_end else int(ended[last_slot]) + int(ended[last_slot] < len(witness.terminals))
    more = len(part.terminals) - (rest - begun)
    after = slice(last_slot + 1, None)
    return Witness(
        np.concatenate([witness.terminals[:begun], part.terminals, witness.terminals[rest:]]),
        spans,
        witness.length - (last_slot - first_slot - part.length),
        np.concatenate([ended[:first_slot], part.ended + ended[first_slot], ended[after] + more]).astype(np.int32),
        np.concatenate([state[:first_slot], part.state, state[after]]),
        np.concatenate([witness.kind[:first_slot], part.kind, witness.kind[last_slot:]]),
    )
