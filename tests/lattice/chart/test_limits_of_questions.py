"""A budget that is spent is an error with the limit's name, never a verdict, and wide enough ones change nothing."""

from __future__ import annotations

import numpy as np
import pytest
from small_languages import Fillings, constraint_of, random_canvas, random_grammar

import latticework as lw
from latticework.lattice.chart.decide import Budget, Question, decide


@pytest.mark.parametrize(
    ("budget", "limit"), [(Budget(max_nodes=1), "max_chart_nodes"), (Budget(max_pairs=1), "max_chart_pairs")]
)
def test_questions_beyond_the_budget_are_refused_or_right(budget, limit):
    limits: list[str] = []
    answered = 0
    for seed in range(12):
        draw = np.random.default_rng(seed + 900)
        grammar = random_grammar(draw)
        constraint, fillings = constraint_of(grammar), Fillings(grammar)
        tokens, free = random_canvas(draw, int(draw.integers(1, 4)), fillings)
        try:
            answer = decide(constraint.language, Question(tokens, free, True), budget)
        except lw.LimitExceeded as error:
            limits.append(error.limit)
            continue
        answered += 1
        assert (answer.witness is not None) == bool(fillings.valid(tokens, free, True))
    assert set(limits) == {limit}
    assert len(limits) + answered == 12


def test_limits_of_a_grammar_reach_its_questions():
    limits = lw.Limits(max_chart_pairs=1)
    vocabulary = lw.Vocabulary([b"a", b"(", b")", b""], special={3: "eos"})
    constraint = lw.compile(lw.lark('start: "a" | "(" start ")"'), vocabulary, limits=limits)
    with pytest.raises(lw.LimitExceeded, match="max_chart_pairs"):
        constraint.session(np.zeros(5, np.int64), np.ones(5, bool))
