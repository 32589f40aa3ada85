"""How many derivations are tried changes what a verdict costs, never the verdict."""

from __future__ import annotations

import numpy as np
import pytest
from small_languages import Fillings, constraint_of, random_canvas, random_grammar

from latticework.lattice.chart.decide import Budget, Question, decide

SEEDS = 10


@pytest.mark.parametrize("attempts", [1, 2, 6])
def test_verdicts_are_those_of_all_fillings(attempts):
    seen = set()
    for seed in range(SEEDS):
        draw = np.random.default_rng(seed + 500)
        grammar = random_grammar(draw)
        constraint, fillings = constraint_of(grammar), Fillings(grammar)
        for _ in range(4):
            tokens, free = random_canvas(draw, int(draw.integers(1, 4)), fillings)
            answer = decide(constraint.language, Question(tokens, free, True), Budget(max_attempts=attempts))
            feasible = bool(fillings.valid(tokens, free, True))
            assert (answer.witness is not None) == feasible, (seed, tokens, free)
            seen.add(feasible)
    assert seen == {False, True}
