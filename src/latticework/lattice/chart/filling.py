"""Witnesses with a token in every slot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.chart.canvas import canvas_of, text_slots
from latticework.lattice.chart.decide import Question, last_closed
from latticework.lattice.chart.kernels_realise import ANY_TOKEN, FILLER, Spelling, Wanted
from latticework.lattice.chart.language import Language
from latticework.lattice.chart.wishes import Wishes
from latticework.lattice.chart.witness import Witness, joined, realise, respelt, slots_of

_LEAST_GAIN = 1e-3
_ALL = slice(0, None)


@dataclass(frozen=True, eq=False, slots=True)
class Filling:
    """A witness and the tokens it stands for.

    Attributes:
        witness: how the text is read.
        tokens: [N] int64, end tokens behind the text.
    """

    witness: Witness
    tokens: NDArray[np.int64]


def filling_of(
    language: Language,
    question: Question,
    witness: Witness,
    wishes: Wishes | None = None,
    near: NDArray[np.int64] | None = None,
    part: slice = _ALL,
) -> Filling:
    """Choose the tokens: wishes where they were looked for and found, else the one with the lowest id (BPE vocabularies
    number tokens by frequency); behind the text the likeliest end token, or the last.

    Args:
        near: [N] tokens that stay outside of ``part``.
    """
    tokens = question.tokens.copy() if near is None else near.copy()
    tokens[part] = question.tokens[part]
    row_of = {} if wishes is None else {int(slot): row for row, slot in enumerate(wishes.slots)}
    for slot in np.flatnonzero(question.free[part]) + (part.start or 0):
        row = row_of.get(int(slot))
        if slot >= witness.length:
            tokens[slot] = _end_token(language, wishes, row)
            continue
        kind = int(witness.kind[slot])
        if kind == FILLER:
            tokens[slot] = language.filler
            continue
        wished = -1
        if wishes is not None and row is not None and kind != ANY_TOKEN:
            same = language.lexical.class_of_token[wishes.tokens[row]] == kind
            wished = int(wishes.tokens[row, int(np.argmax(same))]) if same.any() else -1
        if wished < 0:
            wished = int(language.first_of_class[witness.classes(language, int(slot))].min())
        tokens[slot] = wished
    return Filling(witness, tokens)


def _end_token(language: Language, wishes: Wishes | None, row: int | None) -> int:
    ends = language.vocabulary.end_tokens
    if wishes is not None and row is not None:
        found = np.isin(wishes.tokens[row], ends)
        if found.any():
            return int(wishes.tokens[row, int(np.argmax(found))])
    return int(ends[-1])


def refilled(
    language: Language,
    question: Question,
    filling: Filling,
    free: NDArray[np.bool_],
    wishes: Wishes | None,
    part: slice = _ALL,
) -> Filling:
    """The same terminals with other tokens: those that the question fixes, and as many wishes as fit.

    The filling itself where its terminals do not fit the question.

    Args:
        free: [N] bool, slots in which lexemes may begin elsewhere than in the filling.
        part: slots to look at; all others are read as they are. Up to the end if the text may end in them.
    """
    old, body = filling.witness, text_slots(language.vocabulary, question.tokens, question.free, question.tail)
    first, last, _ = part.indices(body)
    first = min(first, old.length)
    is_end = last >= min(old.length, body)
    looked, part = slice(first, None if is_end else last), slice(first, body if is_end else last)
    filler = language.filler if question.elastic else -1
    tail = question.tail and is_end
    canvas, _ = canvas_of(language.vocabulary, question.tokens[looked], question.free[looked], tail, filler)
    if canvas is None:
        return filling
    tokens, is_free = question.tokens[part], question.free[part]
    begun, rest, end = int(old.ended[first]), len(old.terminals), None
    if not is_end:
        pending = int(old.ended[last] < rest)
        rest, end = int(old.ended[last]) + pending, (int(old.state[last]), pending)
    open_from = last_closed(is_free) if tail else len(tokens)
    slots = slots_of(language, tokens, is_free, open_from, question.elastic, int(old.state[first]), end)
    whole = respelt(old, free[:body])
    low, high = whole.low[begun : rest + 1] - first, whole.high[begun : rest + 1] - first
    wanted, end_score = None, None
    if wishes is not None:
        wanted, end_score = _wanted(language, wishes, part)
    found = realise(language, slots, Spelling(whole.terminals[begun:rest], low, high), old.spans, wanted, end_score)
    if found is None:
        return filling
    witness = joined(old, first, old.length if is_end else last, found, old.spans)
    return filling_of(language, question, witness, wishes, filling.tokens, looked)


def _wanted(language: Language, wishes: Wishes, part: slice) -> tuple[Wanted, NDArray[np.float64]]:
    """Classes of the wishes of some slots and what they are worth: how much likelier they are than the last of them."""
    inside = slice(*np.searchsorted(wishes.slots, [part.start, part.stop]))
    rows, tokens, log_prob = wishes.slots[inside] - part.start, wishes.tokens[inside], wishes.log_prob[inside]
    count = part.stop - part.start
    gain = log_prob - log_prob[:, -1:] + _LEAST_GAIN
    kind = np.full((count, tokens.shape[1]), -1, np.int32)
    score = np.zeros((count, tokens.shape[1]))
    kind[rows] = language.lexical.class_of_token[tokens]
    score[rows] = gain
    of_slot = np.zeros(count + 1)
    of_slot[rows] = np.where(np.isin(tokens, language.vocabulary.end_tokens), gain, 0.0).max(axis=1, initial=0.0)
    filler = np.zeros(count)
    filler[rows] = np.where(tokens == language.filler, gain, 0.0).max(axis=1, initial=0.0)
    return Wanted(kind, score, filler), np.cumsum(of_slot[::-1])[::-1]
