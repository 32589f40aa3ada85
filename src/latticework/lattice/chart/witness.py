"""One filling of a canvas, and how it is read: as which terminals, and where they end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.chart.kernels_realise import (
    ANY_TOKEN,
    Layers,
    Wanted,
    best_end,
    classes_between,
    fill_layers,
    trace_back,
)
from latticework.lattice.chart.language import Language

_MAX_CLASSES = 4096


@dataclass(frozen=True, eq=False, slots=True)
class Slots:
    """The slots of a canvas up to its first fixed end token; N of them.

    Attributes:
        tokens: [N] int64, read where ``free`` is False.
        free: [N] bool.
        open_end: [N + 1] bool, whether the text may end before the slot.
        elastic: whether free slots may hold fillers.
        data, data_offset: bytes of the fixed tokens; slot k has ``data[data_offset[k] : data_offset[k + 1]]``.
    """

    tokens: NDArray[np.int64]
    free: NDArray[np.bool_]
    open_end: NDArray[np.bool_]
    elastic: bool
    data: NDArray[np.uint8]
    data_offset: NDArray[np.int32]

    @property
    def count(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True, eq=False, slots=True)
class Witness:
    """A filling of N slots that is in the language.

    Attributes:
        terminals: [L] int32, what its text is read as.
        length: slots of the text; the others hold end tokens.
        ended: [length + 1] int32, lexemes ended before each slot.
        state: [length + 1] int32, lexer state before each slot.
        kind: [length] int32, token class chosen for a slot, or ``ANY_TOKEN``, ``NO_TOKEN``, ``FILLER``.
    """

    terminals: NDArray[np.int32]
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
            self.terminals,
            state[slot],
            ended[slot],
            state[slot + 1],
            ended[slot + 1],
            found,
        )
        return found[:count]


def slots_of(
    language: Language, tokens: NDArray[np.int64], free: NDArray[np.bool_], open_from: int, elastic: bool
) -> Slots:
    """Args: ``open_from``: first slot before which the text may end; N where it must fill all slots."""
    pieces = [
        b"" if is_free else language.vocabulary.bytes(token)
        for token, is_free in zip(tokens.tolist(), free.tolist(), strict=True)
    ]
    open_end = np.arange(len(tokens) + 1) >= open_from
    offset = np.cumsum([0, *map(len, pieces)]).astype(np.int32)
    return Slots(tokens, free, open_end, elastic, np.frombuffer(b"".join(pieces), np.uint8), offset)


def realise(
    language: Language,
    slots: Slots,
    terminals: NDArray[np.int32],
    wanted: Wanted | None = None,
    end_score: NDArray[np.float64] | None = None,
) -> tuple[Witness | None, int]:
    """Fill the slots with a text of just these terminals, as many wanted tokens in it as possible.

    Exact: if there is a filling, one is found. Cost O(N * states reached before a slot).

    Returns:
        The filling; or ``None`` and the slot that no state gets through (N for the end).
    """
    count, states = slots.count, len(language.slots.root)
    open_from = int(np.argmax(slots.open_end))
    if wanted is None:
        wanted = Wanted(np.full((count, 0), -1, np.int32), np.zeros((count, 0)), np.zeros(count))
    room = 512 * (count + 2)
    while True:
        first = np.zeros(count + 2, np.int32)
        layers = Layers(
            first,
            np.zeros(room, np.int32),
            np.zeros(room, np.int32),
            np.zeros(room),
            np.full(room, -1, np.int32),
            np.full(room, ANY_TOKEN, np.int32),
        )
        first[1:] = 1
        seen = np.full((len(terminals) + 1) * states, -1, np.int32)
        stuck = fill_layers(
            language.slots,
            language.words,
            language.ends,
            language.has,
            language.leads,
            terminals,
            slots.free,
            slots.elastic,
            slots.data,
            slots.data_offset,
            wanted,
            0,
            count,
            layers,
            seen,
        )
        if stuck >= 0:
            break
        room *= 4
    if stuck < open_from:
        return None, stuck
    if end_score is None:
        end_score = np.zeros(count + 1)
    entry, length = best_end(language.slots, language.has, terminals, open_from, min(stuck, count), end_score, layers)
    if entry < 0:
        return None, stuck
    ended, state = np.empty(length + 1, np.int32), np.empty(length + 1, np.int32)
    kind = np.empty(length, np.int32)
    trace_back(layers, entry, length, 0, ended, state, kind)
    return Witness(terminals, length, ended, state, kind), length
