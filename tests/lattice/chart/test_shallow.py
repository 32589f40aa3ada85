"""Derivations without costs: of an exact graph, any of them fits the slots."""

from __future__ import annotations

import numpy as np
from small_languages import Fillings, constraint_of, random_canvas, random_grammar

from latticework.automata.rules import Rules
from latticework.lattice.chart.chart import chart_of
from latticework.lattice.chart.decide import Question, canvas_of_question, slots_of_canvas
from latticework.lattice.chart.derivation import shallow
from latticework.lattice.chart.graph import everything, lexical_graph, swept
from latticework.lattice.chart.kernels_graph import WORD
from latticework.lattice.chart.witness import realise_or_fail, spelling_of


def _behind(rules: Rules, symbols: list[int], at: int) -> set[int]:
    """Places at which the derivation may end, by the rules, whose spans stand from ``at`` on, top down."""
    symbol, behind = symbols[at], at + 1
    if symbol < rules.terminals or symbol == rules.end:
        return {behind}
    found = {behind} if symbol in rules.empty else set()
    if behind == len(symbols):
        return found
    if symbols[behind] in rules.unary_child[rules.unary_offset[symbol] : rules.unary_offset[symbol + 1]]:
        found |= _behind(rules, symbols, behind)
    pairs = slice(rules.pair_offset[symbol], rules.pair_offset[symbol + 1])
    rights = rules.pair_right[pairs][rules.pair_left[pairs] == symbols[behind]].tolist()
    middles = _behind(rules, symbols, behind) if rights else set()
    for middle in middles - {len(symbols)}:
        if symbols[middle] in rights:
            found |= _behind(rules, symbols, middle)
    return found


def test_derivations_follow_the_rules_and_fit_the_slots():
    seen = set()
    for seed in range(16):
        draw = np.random.default_rng(seed + 900)
        grammar = random_grammar(draw)
        constraint, fillings = constraint_of(grammar), Fillings(grammar)
        language = constraint.language
        for _ in range(3):
            tokens, free = random_canvas(draw, int(draw.integers(1, 4)), fillings)
            question = Question(tokens, free, True)
            feasible = bool(fillings.valid(tokens, free, True))
            canvas, _ = canvas_of_question(language, question)
            if canvas is None:
                assert not feasible
                continue
            gaps, read = swept(language.slots, canvas)
            graph, levels = None, np.full(canvas.gaps, WORD, np.int32)
            if read > len(canvas.text):
                keep = everything(language.slots, canvas.gaps)
                graph = lexical_graph(language.slots, gaps, levels, keep, 1 << 20)
            found = None
            if graph is not None:
                chart = chart_of(graph, language.rules, language.lexical.lexer)
                found = shallow(chart, language.rules, language.rules.goal)
            assert (found is not None) == feasible, (seed, tokens, free)
            seen.add(feasible)
            if found is None:
                continue
            symbols = found.items[:, 0].tolist()
            assert len(symbols) in _behind(language.rules, symbols, 0)
            slots = slots_of_canvas(language, question, canvas)
            witness, _ = realise_or_fail(language, slots, spelling_of(canvas, slots, found), found)
            assert witness is not None, (seed, tokens, free)
    assert seen == {False, True}
