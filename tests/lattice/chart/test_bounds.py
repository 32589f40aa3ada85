"""Costs of shortest paths of lexemes bound those of derivations: none is left out for them."""

from __future__ import annotations

import numpy as np
from small_languages import Fillings, constraint_of, random_canvas, random_grammar

from latticework.errors import Infeasible
from latticework.lattice.chart import derivation
from latticework.lattice.chart.kernels_live import bound_costs

SEEDS = 12


def test_bounds_are_never_above_the_cost_of_a_derivation(monkeypatch):
    slacks = []
    fill = derivation.Search._fill

    def watched(search):
        fill(search)
        slacks.append(search._slack)

    monkeypatch.setattr(derivation.Search, "_fill", watched)
    for seed in range(SEEDS):
        draw = np.random.default_rng(seed + 900)
        grammar = random_grammar(draw)
        constraint, fillings = constraint_of(grammar), Fillings(grammar)
        for _ in range(6):
            tokens, free = random_canvas(draw, int(draw.integers(2, 5)), fillings)
            try:
                constraint.session(tokens, free)
            except Infeasible:
                continue
    assert slacks
    assert max(slacks) <= derivation.MAX_SLACK, "bounds were given up"


def test_a_lexeme_within_a_gap_may_be_the_only_way_on():
    """Node 1 is left by a lexeme of class 1 alone, which stands behind one of class 0 only, from node 1 to itself."""
    offset, kind, target = (np.array(x, np.int32) for x in ([0, 1, 3, 3], [2, 0, 1], [1, 1, 2]))
    adjacent = np.zeros((4, 4), np.bool_)
    adjacent[2, 0] = adjacent[0, 1] = adjacent[3] = adjacent[:, 3] = True
    ahead, behind = np.empty(3), np.empty(3)
    bound_costs(offset, kind, target, np.array([1.0, 10.0, 100.0]), adjacent, ahead, behind)
    assert behind.tolist() == [111.0, 100.0, 0.0]
    assert ahead.tolist() == [0.0, 1.0, 111.0]
