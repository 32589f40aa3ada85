"""Questions about a part of a canvas: what is near is free, the rest is as the filling has it."""

from __future__ import annotations

import numpy as np
from small_languages import EOS, Fillings, constraint_of, random_canvas, random_grammar

from latticework.errors import Infeasible
from latticework.lattice.chart import session as sessions
from latticework.lattice.chart.decide import Question, decide
from latticework.lattice.chart.filling import Filling, filling_of
from latticework.lattice.chart.nearby import nearby
from latticework.lattice.chart.session import ContextFreeSession
from latticework.lattice.chart.witness import Witness


def test_slots_far_from_those_in_question_are_as_the_filling_has_them():
    nothing = np.zeros(0, np.int32)
    filling = Filling(Witness(nothing, nothing.reshape(0, 3), 9, nothing, nothing, nothing), np.arange(9))
    tokens, free = np.full(9, 1), np.ones(9, np.bool_)
    free[[3, 8]] = False
    part = nearby(Question(tokens, free, True), filling, [3], 2)
    assert part.free.tolist() == [False, True, True, False, True, True, False, False, False]
    assert part.tokens[~part.free].tolist() == [0, 1, 6, 7, 1]
    assert part.tail


def test_tokens_are_taken_as_by_trying_all_fillings(monkeypatch):
    """With a reach of nothing, one slot and all, and every kind of question a session asks."""
    seen = set()
    for seed in range(12):
        draw = np.random.default_rng(seed + 1_100)
        grammar = random_grammar(draw)
        constraint, fillings = constraint_of(grammar), Fillings(grammar)
        monkeypatch.setattr(sessions, "_REACHES", [(0, 1), (0,), (9,), ()][seed % 4])
        for _ in range(4):
            tokens, free = random_canvas(draw, int(draw.integers(2, 4)), fillings)
            valid = fillings.valid(tokens, free, True)
            if not valid or not free.any():
                continue
            session = constraint.session(tokens, free)
            slot = int(draw.choice(np.flatnonzero(free)))
            for token in range(EOS + 1):
                fits = any(filling[slot] == token for filling in valid)
                proposed, _ = session._near({slot: token}, session._filling)  # type: ignore[arg-type]
                if proposed is not None:
                    assert tuple(proposed.tokens) in valid
                    assert proposed.tokens[slot] == token
                assert _taken(session, slot, token) == fits, (seed, tokens, free, slot, token)
                seen.add((fits, proposed is not None))
    assert seen >= {(True, True), (False, False)}


def _taken(session: ContextFreeSession, slot: int, token: int) -> bool:
    before = session.tokens, session.free
    own = session.constraint.session(*before)
    try:
        own.commit({slot: token})
    except Infeasible:
        return False
    assert own.free.sum() == before[1].sum() - 1
    return True


def test_a_filling_of_a_part_is_one_of_the_canvas():
    checked = 0
    for seed in range(16):
        draw = np.random.default_rng(seed + 1_300)
        grammar = random_grammar(draw)
        constraint, fillings = constraint_of(grammar), Fillings(grammar)
        tokens, free = random_canvas(draw, 3, fillings)
        valid = fillings.valid(tokens, free, True)
        if not valid or not free.any():
            continue
        question = Question(tokens, free, True)
        witness = decide(constraint.language, question, constraint.budget).witness
        assert witness is not None
        filling = filling_of(constraint.language, question, witness)
        part = nearby(question, filling, [int(np.flatnonzero(free)[0])], 1)
        again = decide(constraint.language, part, constraint.budget).witness
        assert again is not None  # the filling itself is one
        assert tuple(filling_of(constraint.language, part, again).tokens) in valid
        checked += 1
    assert checked > 3
