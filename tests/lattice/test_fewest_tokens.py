"""The fewest tokens of documents with large counters, and the limit on what counters may take."""

from __future__ import annotations

import numpy as np
import pytest

import latticework as lw
from latticework.errors import Infeasible, LimitExceeded
from latticework.lattice import lengths
from latticework.lattice.constraint import Constraint

VOCABULARY = lw.Vocabulary([bytes([byte]) for byte in range(256)] + [b"aaa", b""], {257: "eos"})
MANY_STRINGS = {
    "type": "array",
    "minItems": 3,
    "maxItems": 20_000,
    "items": {"type": "string", "minLength": 2, "maxLength": 20_000, "pattern": "^[ab]*$"},
}


def constraint_of(schema: dict, max_cells: int = 1 << 30) -> Constraint:
    found = lw.compile(lw.json_schema(schema), VOCABULARY)
    assert isinstance(found, Constraint)
    return Constraint(VOCABULARY, found.tokens, max_cells=max_cells)


def test_upper_bounds_that_a_short_document_keeps_are_not_laid_out():
    # With both counters a row has some hundred million cells.
    constraint = constraint_of(MANY_STRINGS, max_cells=20_000)
    assert constraint.min_tokens == 2 + 3 * 3 + 2  # one token for the characters of each string


def test_upper_bounds_that_are_broken_are_enforced(monkeypatch: pytest.MonkeyPatch):
    """Against the fewest coins that make a sum within bounds."""
    rounds: list[int] = []
    plain = lengths.broken_scopes

    def counted(*args):
        found = plain(*args)
        rounds.append(int(found.any()))
        return found

    monkeypatch.setattr(lengths, "broken_scopes", counted)
    rng = np.random.default_rng(7)
    for _ in range(40):
        coins = {1, *rng.integers(2, 9, 2).tolist()}
        vocabulary = lw.Vocabulary([b"c", *(b"a" * coin for coin in coins), b""], {len(coins) + 1: "eos"})
        low, outer = rng.integers(4, 20), rng.integers(1, 6)
        high, most = low + rng.integers(0, 3), outer + rng.integers(0, 9)
        least = [0]
        for total in range(1, high + 1):
            least.append(1 + min(least[total - coin] for coin in coins if coin <= total))
        constraint = lw.compile(lw.regex(f"(?:a{{{low},{high}}}c){{{outer},{most}}}"), vocabulary)
        assert constraint.min_tokens == outer * (min(least[low:]) + 1)
    assert sum(rounds) > 5


def test_a_canvas_whose_counters_take_too_much_is_refused():
    constraint = constraint_of({**MANY_STRINGS, "maxItems": 500}, max_cells=1_000_000)
    slots = 1_000
    with pytest.raises(LimitExceeded, match=r"max_cells=1000000.*shorter canvas"):
        constraint.session(np.zeros(slots, np.int64), np.ones(slots, np.bool_))
    # 20 slots cannot count so far.
    constraint.session(np.zeros(20, np.int64), np.ones(20, np.bool_))


def test_a_canvas_that_is_too_short_is_named_so_whatever_its_counters_take():
    constraint = constraint_of({**MANY_STRINGS, "minItems": 40, "maxItems": 60}, max_cells=5_000)
    slots = 100
    with pytest.raises(Infeasible, match="needs 161 tokens, the canvas has 100") as caught:
        constraint.session(np.zeros(slots, np.int64), np.ones(slots, np.bool_))
    assert (caught.value.needed, caught.value.slots) == (constraint.min_tokens, slots)


def test_the_limit_of_cells_is_one_of_the_call() -> None:
    grammar = lw.regex("(a{0,300}b){0,20}")
    vocabulary = lw.Vocabulary([bytes([value]) for value in range(256)])
    slots = 400
    canvas = np.zeros(slots, np.int64), np.ones(slots, np.bool_)
    with pytest.raises(LimitExceeded, match="max_cells"):
        lw.compile(grammar, vocabulary, lw.Limits(max_cells=10_000)).session(*canvas)
    assert lw.compile(grammar, vocabulary).session(*canvas).feasible()
