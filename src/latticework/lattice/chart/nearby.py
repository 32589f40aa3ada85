"""Questions about a part of a canvas: everything but the slots near those in question stays as a filling has it.

Few slots are free, so that charts are small and gaps exact, and what is far away is fixed text. Every filling of the
part is one of the canvas; where the part has none, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from latticework.lattice.chart.decide import Question
from latticework.lattice.chart.filling import Filling


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
