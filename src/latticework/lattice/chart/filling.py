"""Witnesses with a token in every slot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latticework.lattice.chart.decide import Question, canvas_of_question, slots_of_canvas
from latticework.lattice.chart.kernels_realise import ANY_TOKEN, FILLER, Wanted
from latticework.lattice.chart.language import Language
from latticework.lattice.chart.wishes import Wishes
from latticework.lattice.chart.witness import Witness, realise, respelt

_LEAST_GAIN = 1e-3


@dataclass(frozen=True, eq=False, slots=True)
class Filling:
    """A witness and the tokens it stands for.

    Attributes:
        witness: how the text is read.
        tokens: [N] int64, end tokens behind the text.
    """

    witness: Witness
    tokens: NDArray[np.int64]


def filling_of(language: Language, question: Question, witness: Witness, wishes: Wishes | None = None) -> Filling:
    """Choose the tokens: wishes where they were looked for and found, else the one with the lowest id (BPE vocabularies
    number tokens by frequency); behind the text the likeliest end token, or the last."""
    tokens = question.tokens.copy()
    row_of = {} if wishes is None else {int(slot): row for row, slot in enumerate(wishes.slots)}
    for slot in np.flatnonzero(question.free):
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
    language: Language, question: Question, filling: Filling, free: NDArray[np.bool_], wishes: Wishes | None
) -> Filling:
    """The same terminals with other tokens: those that the question fixes, and as many wishes as fit.

    The filling itself where its terminals do not fit the question.

    Args:
        free: [N] bool, slots in which lexemes may begin elsewhere than in the filling.
    """
    canvas, _ = canvas_of_question(language, question)
    if canvas is None:
        return filling
    slots = slots_of_canvas(language, question, canvas)
    wanted, end_score = None, None
    if wishes is not None:
        wanted, end_score = _wanted(language, wishes, slots.count)
    spelling = respelt(filling.witness, free[: slots.count])
    witness = realise(language, slots, spelling, wanted, end_score)
    return filling if witness is None else filling_of(language, question, witness, wishes)


def _wanted(language: Language, wishes: Wishes, count: int) -> tuple[Wanted, NDArray[np.float64]]:
    """Classes of the wishes of every slot and what they are worth: how much likelier they are than the last of them."""
    gain = wishes.log_prob - wishes.log_prob[:, -1:] + _LEAST_GAIN
    kind = np.full((count, wishes.tokens.shape[1]), -1, np.int32)
    score = np.zeros((count, wishes.tokens.shape[1]))
    inside = wishes.slots < count
    rows = wishes.slots[inside]
    kind[rows] = language.lexical.class_of_token[wishes.tokens[inside]]
    score[rows] = gain[inside]
    ends = np.isin(wishes.tokens, language.vocabulary.end_tokens)
    of_slot = np.zeros(count + 1)
    of_slot[rows] = np.where(ends, gain, 0.0).max(axis=1)[inside]
    filler = np.zeros(count)
    filler[rows] = np.where(wishes.tokens == language.filler, gain, 0.0).max(axis=1)[inside]
    return Wanted(kind, score, filler), np.cumsum(of_slot[::-1])[::-1]
