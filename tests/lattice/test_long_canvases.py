"""Admissible tokens of canvases too long to list their fillings, against layers of configurations."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import random_automaton, random_vocabulary, read
from strategies_automata import small_calling_automaton

from latticework.automata import run
from latticework.errors import Infeasible
from latticework.lattice.constraint import Constraint
from latticework.tokens.lifting import lift

At = run.Configuration | None  # None: in the tail


def layers(constraint: Constraint, tokens: np.ndarray, free: np.ndarray, tail: bool) -> np.ndarray:
    """[N, V] bool by one layer of configurations per slot, forward and back."""
    vocabulary, automaton = constraint.vocabulary, constraint.automaton
    ends = set(vocabulary.end_tokens.tolist())

    def after(at: At, token: int) -> list[At]:
        if token in ends:
            return [None] if tail and (at is None or run.is_accepting(automaton, at)) else []
        data = vocabulary.bytes(token)
        reached = read(automaton, at, data) if at is not None and data else None
        return [] if reached is None else [reached]

    choices = [range(len(vocabulary)) if is_free else [int(token)] for token, is_free in zip(tokens, free, strict=True)]
    steps: list[dict[tuple[At, int], At]] = []
    layer: set[At] = {run.START}
    for allowed in choices:
        steps.append({(at, token): to for at in layer for token in allowed for to in after(at, token)})
        layer = set(steps[-1].values())
    alive = {at for at in layer if at is None or run.is_accepting(automaton, at)}
    found = np.zeros((len(tokens), len(vocabulary)), np.bool_)
    for slot in range(len(tokens) - 1, -1, -1):
        left = {key for key, to in steps[slot].items() if to in alive}
        found[slot, [token for _, token in left]] = True
        alive = {at for at, _ in left}
    return found


@pytest.mark.parametrize("seed", range(6))
def test_long_runs_of_free_slots(seed: int) -> None:
    rng = np.random.default_rng(seed)
    feasible = 0
    for _ in range(60):
        automaton = small_calling_automaton(int(rng.integers(1 << 32))) if rng.random() < 0.3 else random_automaton(rng)
        vocabulary = random_vocabulary(rng)
        constraint = Constraint(vocabulary, lift(automaton, vocabulary))
        slots, tail = int(rng.integers(6, 18)), bool(rng.random() < 0.6)
        free = np.ones(slots, np.bool_)
        tokens = rng.integers(0, len(vocabulary), slots)
        for _ in range(3):  # ever more slots fixed to what may stand there
            expected = layers(constraint, tokens, free, tail)
            if not expected.any(axis=1).all():
                with pytest.raises(Infeasible):
                    constraint.session(tokens, free, tail)
                break
            feasible += 1
            assert (constraint.session(tokens, free, tail).admissible() == expected).all()
            slot = int(rng.integers(slots))
            tokens[slot] = rng.choice(np.flatnonzero(expected[slot]))
            free[slot] = False
    assert feasible > 40
