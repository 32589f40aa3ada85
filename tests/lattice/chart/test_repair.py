"""A derivation in which a span was derived anew is one of the grammar, whichever span it was."""

from __future__ import annotations

import numpy as np
from recogniser import derives
from small_languages import TOKENS, constraint_of, random_grammar

from latticework.lattice.chart.chart import chart_of
from latticework.lattice.chart.decide import Question, canvas_of_question
from latticework.lattice.chart.derivation import Derivation, Search, live_chart
from latticework.lattice.chart.graph import coarsest, everything, lexical_graph, swept
from latticework.lattice.chart.kernels_graph import WORD
from latticework.lattice.chart.repair import spliced

SEEDS = 100


def _derivation(symbol: int, first: int, last: int, lexemes: list[int], keys: list[int]) -> Derivation:
    """Lexemes under one symbol."""
    count = len(lexemes)
    leaves = [[kind, keys[at], keys[at + 1], at, at + 1] for at, kind in enumerate(lexemes)]
    items = np.array([[symbol, first, last, 0, count], *leaves], np.int64)
    return Derivation(np.array(lexemes, np.int32), items, np.array(keys, np.int64), np.full(count + 1, -1, np.int32))


def test_what_stands_behind_a_span_stays_behind_it() -> None:
    # A semicolon that stood behind the span was once dropped, and a text was accepted without it.
    whole = _derivation(9, 0, 30, [1, 2, 3], [0, 10, 20, 30])
    found = spliced(whole, 2, _derivation(2, 10, 20, [4, 5], [10, 15, 20]))
    assert found.terminals.tolist() == [1, 4, 5, 3]
    assert found.path.tolist() == [0, 10, 15, 20, 30]
    assert found.items[0].tolist() == [9, 0, 30, 0, 4]
    assert found.items[-1].tolist() == [3, 20, 30, 3, 4]


def test_a_span_may_become_empty() -> None:
    whole = _derivation(9, 0, 30, [1, 2, 3], [0, 10, 20, 30])
    found = spliced(whole, 2, _derivation(2, 10, 20, [], [10]))
    assert found.terminals.tolist() == [1, 3]
    assert found.path.tolist() == [0, 10, 30]


def test_all_spans_of_random_derivations_can_be_derived_anew() -> None:
    """Spans of the coarsest graph in place of themselves, on the exact graph: judged by Earley's algorithm."""
    asked = 0
    for seed in range(SEEDS):
        draw = np.random.default_rng(seed + 900)
        grammar = random_grammar(draw)
        language = constraint_of(grammar).language
        tokens = draw.integers(0, len(TOKENS), 5)
        free = draw.random(5) < 0.7
        canvas, _ = canvas_of_question(language, Question(tokens, free, True))
        if canvas is None:
            continue
        gaps, read = swept(language.slots, canvas)
        if read <= len(canvas.text):
            continue
        keep, levels = everything(language.slots, canvas.gaps), coarsest(canvas.gaps)
        exact = np.full_like(levels, WORD)
        rules, lexer = language.rules, language.lexical.lexer
        graph = lexical_graph(language.slots, gaps, levels, keep, 4_000)
        found = None if graph is None else live_chart(chart_of(graph, rules, lexer), rules, rules.goal)
        if found is None:
            continue
        derivation = Search(found, rules, lexer, canvas.gap_slots, levels).cheapest()
        _check(grammar, rules, derivation)
        for place, (symbol, begin, end) in enumerate(derivation.items[:, :3].tolist()):
            if begin >= end:
                continue
            window = lexical_graph(language.slots, gaps, exact, keep, 4_000, begin, end)
            inside = None if window is None else live_chart(chart_of(window, rules, lexer), rules, symbol)
            if inside is None:
                continue
            cheapest = Search(inside, rules, lexer, canvas.gap_slots, exact).cheapest()
            _check(grammar, rules, spliced(derivation, place, cheapest))
            asked += 1
    assert asked > 50


def _check(grammar, rules, derivation: Derivation) -> None:
    assert derives(grammar, [frozenset([kind]) for kind in derivation.terminals.tolist()])
    assert len(derivation.path) == len(derivation.gap) == len(derivation.terminals) + 1
    items = derivation.items
    leaves = items[items[:, 0] < rules.terminals]
    assert leaves[:, 0].tolist() == derivation.terminals.tolist()
    assert leaves[:, 3].tolist() == list(range(len(leaves)))
    assert (leaves[:, 4] == leaves[:, 3] + 1).all()
    assert items[0, 3:].tolist() == [0, len(leaves)]
