"""Every answer about small canvases, against all of their fillings."""

from __future__ import annotations

import numpy as np
import pytest
from small_languages import EOS, TOKENS, Fillings, constraint_of, random_canvas, random_grammar

from latticework.errors import Infeasible

SEEDS = range(60)
CANVASES = 6


@pytest.mark.parametrize("seed", SEEDS)
def test_feasible_and_admissible(seed: int) -> None:
    random = np.random.default_rng(seed)
    grammar = random_grammar(random)
    constraint, fillings = constraint_of(grammar), Fillings(grammar)
    for _ in range(CANVASES):
        tokens, free = random_canvas(random, int(random.integers(1, 4)), fillings)
        tail = bool(random.random() < 0.7)
        valid = fillings.valid(tokens, free, tail)
        if not valid:
            with pytest.raises(Infeasible):
                constraint.session(tokens, free, tail)
            continue
        session = constraint.session(tokens, free, tail)
        expected = np.zeros((len(tokens), len(TOKENS) + 1), np.bool_)
        for filling in valid:
            expected[np.arange(len(tokens)), filling] = True
        assert np.array_equal(session.admissible(), expected)
        path = session.best(random.normal(size=(len(tokens), EOS + 1)))
        assert tuple(path.tokens) in valid
        drawn = session.sample(random.normal(size=(len(tokens), EOS + 1)), int(random.integers(99)), 1.3)
        assert tuple(drawn.tokens) in valid


@pytest.mark.parametrize("seed", range(20))
def test_texts(seed: int) -> None:
    random = np.random.default_rng(1000 + seed)
    grammar = random_grammar(random)
    constraint, fillings = constraint_of(grammar), Fillings(grammar)
    for _ in range(60):
        text = b"".join(TOKENS[k] for k in random.integers(0, len(TOKENS), int(random.integers(0, 6))))
        assert constraint.accepts(text) == fillings.in_language(text), text


@pytest.mark.parametrize("seed", range(12))
def test_commits_and_retracts(seed: int) -> None:
    """A session stays feasible whatever is committed of its proposals, and refuses what does not fit."""
    random = np.random.default_rng(2000 + seed)
    grammar = random_grammar(random)
    constraint, fillings = constraint_of(grammar), Fillings(grammar)
    slots = 4
    tokens, free = np.zeros(slots, np.int64), np.ones(slots, np.bool_)
    valid = fillings.valid(tokens, free, True)
    if not valid:
        with pytest.raises(Infeasible):
            constraint.session(tokens, free)
        return
    session = constraint.session(tokens, free)
    while session.free.any():
        slot = int(random.choice(np.flatnonzero(session.free)))
        token = int(random.integers(EOS + 1))
        held = {
            filling for filling in valid if all(filling[s] == session.tokens[s] for s in np.flatnonzero(~session.free))
        }
        if any(filling[slot] == token for filling in held):
            session.commit({slot: token})
        else:
            with pytest.raises(Infeasible):
                session.commit({slot: token})
            proposal = session.propose(random.normal(size=(slots, EOS + 1)))
            assert tuple(proposal.tokens) in held
            session.commit({slot: int(proposal.tokens[slot])})
        if random.random() < 0.2:
            session.retract([int(random.integers(slots))])
    assert tuple(session.tokens) in valid


@pytest.mark.parametrize("seed", range(24))
def test_elastic_holes(seed: int) -> None:
    """Free slots that may hold a filler: commits of any valid filling go through, others do not."""
    random = np.random.default_rng(3000 + seed)
    grammar = random_grammar(random)
    constraint, fillings = constraint_of(grammar), Fillings(grammar)
    for _ in range(4):
        tokens, free = random_canvas(random, int(random.integers(1, 4)), fillings)
        tokens[tokens == EOS] = 0
        valid = fillings.valid_elastic(tokens, free)
        if not valid:
            with pytest.raises(Infeasible):
                constraint.session(tokens, free, tail=False, elastic=True)
            continue
        session = constraint.session(tokens, free, tail=False, elastic=True)
        expected = np.zeros((len(tokens), len(TOKENS) + 1), np.bool_)
        for filling in valid:
            expected[np.arange(len(tokens)), filling] = True
        assert np.array_equal(session.admissible(), expected)
        for slot in np.flatnonzero(free):
            for token in range(EOS + 1):
                changed, open_ = tokens.copy(), free.copy()
                changed[slot], open_[slot] = token, False
                if any(filling[slot] == token for filling in valid):
                    constraint.session(changed, open_, tail=False, elastic=True)
                else:
                    with pytest.raises(Infeasible):
                        constraint.session(changed, open_, tail=False, elastic=True)
        while session.free.any():
            proposal = session.propose(random.normal(size=(len(tokens), EOS + 1)))
            assert tuple(proposal.tokens) in valid
            slot = int(random.choice(np.flatnonzero(session.free)))
            session.commit({slot: int(proposal.tokens[slot])})
