"""Questions about a part of a canvas: everything but the slots near those in question stays as a filling has it.

Few slots are free, so that charts are small and gaps exact. What is far away is not even read: all that is asked is
whether something may stand in the place of a span of the filling's derivation that holds the part (:mod:`.passage`).
Every filling of the part is one of the canvas; where the part has none, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.chart.canvas import canvas_of
from latticework.lattice.chart.cut import cut_of, key_of
from latticework.lattice.chart.decide import Question
from latticework.lattice.chart.derivation import Derivation
from latticework.lattice.chart.filling import Filling, filling_of
from latticework.lattice.chart.kernels_graph import BEFORE_END, END, OFFSET_SHIFT
from latticework.lattice.chart.language import Language
from latticework.lattice.chart.passage import Passage
from latticework.lattice.chart.witness import Witness, joined, slots_of


def nearby(question: Question, filling: Filling, touched: Iterable[int], reach: int) -> Question:
    """The question with the tokens of a filling in all slots that are more than ``reach`` from every touched one.

    Args:
        filling: of a question that differs in the touched slots only.
    """
    is_near = np.zeros(len(question.free), np.bool_)
    for slot in touched:
        is_near[max(0, slot - reach) : slot + reach + 1] = True
    is_kept = question.free & ~is_near
    tokens = np.where(is_kept, filling.tokens, question.tokens)
    return Question(tokens, question.free & is_near, question.tail, question.elastic)


@dataclass(frozen=True, eq=False, slots=True)
class Near:
    """A span of a filling's derivation that holds a part of its canvas.

    Attributes:
        passage: it.
        place: of the span among those of the filling.
        first_slot, last_slot: its slots are ``first_slot .. last_slot - 1``.
    """

    passage: Passage
    place: int
    first_slot: int
    last_slot: int

    def filling(self, language: Language, part: Question, filling: Filling, found: Witness) -> Filling:
        """The filling with another one of the passage in it."""
        old, more = filling.witness, len(self.passage.before.terminals)
        spans = respanned(old.spans, self.place, found.spans - np.array([0, more, more]))
        witness = joined(old, self.first_slot, self.last_slot, found, spans)
        return filling_of(language, part, witness, None, filling.tokens, slice(self.first_slot, self.last_slot))


def passages(language: Language, part: Question, filling: Filling, touched: Iterable[int], most: int) -> Iterator[Near]:
    """Spans of a filling that hold a part and begin and end in text that is fixed in it, the smallest first.

    Args:
        part: of :func:`nearby`.
        most: how many; each has twice the terminals of the one before.
    """
    inside = np.union1d(np.flatnonzero(part.free), np.array(sorted(touched), np.int64))
    first, last = int(inside[0]), int(inside[-1])
    witness = filling.witness
    if last >= witness.length:
        return
    spans = witness.spans
    holds = (spans[:, 1] <= witness.ended[first]) & (spans[:, 2] > witness.ended[last + 1])
    size = 0
    for place in np.flatnonzero(holds)[::-1].tolist():
        symbol, before, until = spans[place].tolist()
        if until - before < 2 * size:
            continue
        found = _passage(language, part, filling, symbol, before, until)
        if found is None:
            return
        yield Near(found[0], place, *found[1:])
        size, most = until - before, most - 1
        if not most:
            return


def _passage(
    language: Language, part: Question, filling: Filling, symbol: int, before: int, until: int
) -> tuple[Passage, int, int] | None:
    """A passage and its slots; ``None`` where there is a token that no text has."""
    is_whole = symbol == language.rules.goal
    cut = cut_of(language, filling, before, until + is_whole)  # the goal ends with the text
    own = slice(cut.first_slot, cut.last_slot)
    tokens, free = part.tokens[own], part.free[own]
    canvas, _ = canvas_of(language.vocabulary, tokens, free, False, language.filler if part.elastic else -1)
    if canvas is None:
        return None
    slots = slots_of(language, tokens, free, len(tokens), part.elastic, cut.begin, cut.end)
    last, behind = int(END) if is_whole else int(BEFORE_END), cut.behind
    if cut.last is not None:
        offset = int(slots.data_offset[-2])
        last = key_of(offset + cut.last[0], cut.last[1])
        path = np.where(behind.path < BEFORE_END, behind.path + (offset << OFFSET_SHIFT), behind.path)
        behind = Derivation(behind.terminals, behind.items, path, behind.gap)
    return Passage(canvas, slots, symbol, cut.first, last, cut.before, behind), cut.first_slot, cut.last_slot


def respanned(spans: NDArray[np.int64], place: int, inside: NDArray[np.int64]) -> NDArray[np.int64]:
    """The spans of a derivation with others in the place of one and all below it.

    Args:
        inside: spans of the symbol at ``place``, counted from its first terminal.
    """
    before, until = spans[place, 1:].tolist()
    more = (int(inside[0, 2]) if len(inside) else 0) - (until - before)
    above, rest = spans[:place].copy(), spans[place + 1 :]
    rest = rest[rest[:, 1] >= until]
    above[above[:, 2] >= until, 2] += more
    above = above[above[:, 1] < above[:, 2]]
    return np.concatenate([above, inside + np.array([0, before, before]), rest + np.array([0, more, more])])
