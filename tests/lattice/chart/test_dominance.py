"""Lexer states that stand for others: the search through slots finds all that it finds without them."""

from __future__ import annotations

import numpy as np
import pytest
from small_languages import TOKENS, Fillings, constraint_of, random_canvas, random_grammar

import latticework as lw
from latticework.automata.lexing import build_lexer
from latticework.errors import Infeasible
from latticework.lattice.chart import dominance
from latticework.lattice.chart.kernels_dominance import Steps

SEEDS = 12


@pytest.fixture
def eager(monkeypatch):
    """Every state is looked at, and every one may stand for others."""
    monkeypatch.setattr(dominance, "_FEWEST_STATES", 1)
    monkeypatch.setattr(dominance, "_SELF_LOOPS", 0)
    monkeypatch.setattr(dominance, "_MOST_CANDIDATES", 1000)


def test_answers_are_those_of_all_fillings(eager):
    standing = 0
    for seed in range(SEEDS):
        draw = np.random.default_rng(seed)
        grammar = random_grammar(draw)
        constraint, fillings = constraint_of(grammar), Fillings(grammar)
        standing += int((constraint.language.stands >= 0).sum())
        for _ in range(3):
            tokens, free = random_canvas(draw, int(draw.integers(1, 4)), fillings)
            valid = fillings.valid(tokens, free, True)
            if not valid:
                with pytest.raises(Infeasible):
                    constraint.session(tokens, free)
                continue
            expected = np.zeros((len(tokens), len(TOKENS) + 1), np.bool_)
            for filling in valid:
                expected[np.arange(len(tokens)), filling] = True
            assert np.array_equal(constraint.session(tokens, free).admissible(), expected), seed
    assert standing, "the grammars drawn have states that stand for others"


def test_beginnings_of_keywords_give_way_to_identifiers(monkeypatch):
    monkeypatch.setattr(dominance, "_FEWEST_STATES", 1)
    grammar = lw.lark('start: (NAME | "while" | "with" | "return" | " ")*\nNAME: /[a-z]+/').context_free
    assert grammar is not None
    lexer = build_lexer(grammar)
    terminals = [terminal.name for terminal in grammar.terminals]
    has = np.zeros((lexer.classes, len(terminals)), np.bool_)
    has[np.repeat(np.arange(lexer.classes), np.diff(lexer.class_offset)), lexer.class_terminal] = True

    def after(text: str) -> int:
        state = 0
        for byte in text.encode():
            state = int(lexer.next_state[state, byte])
        return state

    leads = np.zeros((lexer.states, len(terminals) + 1), np.bool_)
    name = terminals.index("NAME")
    for text in ("x", "w", "wh", "whi", "whil", "while", "whiles", "wi", "wit", "with", "r", "retur", "return"):
        leads[after(text), name] = True
    stands = dominance.standing_in(lexer, has, leads)[:, name]
    other = after("xyz")
    assert stands[other] == -1
    for text in ("w", "wh", "while", "wit", "return"):
        assert stands[after(text)] == other, text


def test_the_simulation_is_the_largest_one():
    def naive(steps: Steps, states: int) -> np.ndarray:
        covers = np.ones((states, states), np.bool_)
        for _ in range(states * states):
            for state, other in np.argwhere(covers):
                good = steps.may_end[other] or not steps.may_end[state]
                for letter in range(steps.emitted.shape[1]):
                    answers = [part[other, letter] for part in (steps.going_on, steps.skipped)]
                    answers = [answer for answer in answers if answer >= 0]
                    emitted = steps.emitted[state, letter]
                    good = good and emitted in (-1, steps.emitted[other, letter])
                    for part in (steps.going_on, steps.skipped):
                        wanted = part[state, letter]
                        good = good and (wanted < 0 or any(covers[wanted, answer] for answer in answers))
                covers[state, other] = good
        return covers

    def moves(draw: np.random.Generator, share: float) -> np.ndarray:
        return np.where(draw.random((states, 3)) < share, draw.integers(0, states, (states, 3)), -1).astype(np.int32)

    states, holding = 6, 0
    for seed in range(60):
        draw = np.random.default_rng(seed)
        steps = Steps(moves(draw, 0.6), moves(draw, 0.2), moves(draw, 0.2), draw.random(states) < 0.3)
        everything = np.arange(states)
        found = dominance._simulation(steps, everything, everything)
        assert np.array_equal(found, naive(steps, states)), seed
        holding += int(found.sum()) - states
    assert holding > 60
