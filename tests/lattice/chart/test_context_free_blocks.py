"""Blocks of a longer canvas under context-free languages, against all fillings."""

from __future__ import annotations

import numpy as np
import pytest
from small_languages import EOS, Fillings, constraint_of, random_grammar

from latticework.errors import Infeasible, InputError
from latticework.lattice.chart.block import ContextFreeBlockSession

SLOTS = 4


@pytest.mark.parametrize("seed", range(24))
def test_blocks_one_after_the_other_make_a_filling(seed: int) -> None:
    """Whichever proposal of a block is kept, what is left can be completed."""
    random = np.random.default_rng(seed)
    grammar = random_grammar(random)
    constraint, fillings = constraint_of(grammar), Fillings(grammar)
    tokens, free = np.zeros(SLOTS, np.int64), np.ones(SLOTS, np.bool_)
    valid = fillings.valid(tokens, free, True)
    if not valid:
        with pytest.raises(Infeasible):
            ContextFreeBlockSession(constraint, tokens, free)
        return
    session = ContextFreeBlockSession(constraint, tokens, free)
    cut = int(random.integers(1, SLOTS))
    for first, last in ((0, cut), (cut, SLOTS)):
        proposed = []
        for _ in range(4):
            found = session.propose_block(random.normal(size=(last - first, EOS + 1)) * 4, first)
            np.testing.assert_array_equal(found.rows, np.arange(last - first))
            proposed.append(found.tokens)
        kept = proposed[int(random.integers(4))]
        session.commit_block(kept, first)
        assert (session.tokens[first:last] == kept).all()
    assert tuple(session.tokens) in valid


def test_what_was_never_proposed_is_asked_about() -> None:
    for seed in range(5):
        random = np.random.default_rng(100 + seed)
        grammar = random_grammar(random)
        constraint, fillings = constraint_of(grammar), Fillings(grammar)
        tokens, free = np.zeros(SLOTS, np.int64), np.ones(SLOTS, np.bool_)
        valid = fillings.valid(tokens, free, True)
        if not valid:
            continue
        session = ContextFreeBlockSession(constraint, tokens, free)
        kept = random.integers(0, EOS + 1, 2)
        if any(filling[:2] == tuple(kept) for filling in valid):
            session.commit_block(kept, 0)
            session.commit_block(session.propose_block(np.zeros((2, EOS + 1)), 2).tokens, 2)
            assert tuple(session.tokens) in valid
        else:
            with pytest.raises(Infeasible):
                session.commit_block(kept, 0)


def test_blocks_out_of_order_are_refused() -> None:
    grammar = random_grammar(np.random.default_rng(0))
    session = ContextFreeBlockSession(constraint_of(grammar), np.zeros(SLOTS, np.int64), np.ones(SLOTS, np.bool_))
    with pytest.raises(InputError, match="blocks are filled in order"):
        session.propose_block(np.zeros((1, EOS + 1)), 1)
