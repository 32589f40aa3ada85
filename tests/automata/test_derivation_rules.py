"""Symbols of a chart are numbered bottom up, as far as they do not begin with each other."""

from __future__ import annotations

import numpy as np
import pytest

import latticework as lw
from latticework.automata.rules import Rules, rules_of
from latticework.grammar.cfg.library import names


def _first_symbols(rules: Rules) -> list[set[int]]:
    """For every symbol those that its texts may begin with, one rule at a time."""
    found: list[set[int]] = [set() for _ in range(rules.symbols)]
    for parent in range(rules.symbols):
        found[parent].update(rules.unary_child[rules.unary_offset[parent] : rules.unary_offset[parent + 1]].tolist())
        for at in range(rules.pair_offset[parent], rules.pair_offset[parent + 1]):
            found[parent].add(int(rules.pair_left[at]))
            if rules.nullable[rules.pair_left[at]]:
                found[parent].add(int(rules.pair_right[at]))
    return found


def _closed(first: list[set[int]]) -> np.ndarray:
    reached = np.zeros((len(first), len(first)), np.bool_)
    for parent, children in enumerate(first):
        reached[parent, list(children)] = True
    while True:
        further = reached | (reached.astype(np.float32) @ reached.astype(np.float32) > 0)
        if (further == reached).all():
            return reached
        reached = further


@pytest.mark.parametrize("name", sorted(set(names()) - {"common", "sql"}))
def test_symbols_stand_behind_those_that_their_rules_begin_with(name: str) -> None:
    rules = rules_of(lw.lark(name).as_context_free())
    first = _first_symbols(rules)
    reached = _closed(first)
    direct = np.zeros_like(reached)
    for parent, children in enumerate(first):
        direct[parent, list(children)] = True
    parents, children = np.nonzero(direct & ~reached.T)
    assert (children < parents)[parents != rules.goal].all()


def test_each_way_to_look_a_rule_up_has_the_same_rules() -> None:
    rules = rules_of(lw.lark("cpp").as_context_free())
    symbols = np.arange(rules.symbols)

    def spread(offset: np.ndarray) -> np.ndarray:
        return np.repeat(symbols, np.diff(offset))

    by_parent = {*zip(spread(rules.pair_offset), rules.pair_left, rules.pair_right, strict=True)}
    by_left = {*zip(rules.left_parent, spread(rules.left_offset), rules.left_right, strict=True)}
    by_right = {*zip(rules.right_parent, rules.right_left, spread(rules.right_offset), strict=True)}
    assert by_parent == by_left == by_right
    upwards = {*zip(rules.child_parent, spread(rules.child_offset), strict=True)}
    assert upwards == {*zip(spread(rules.unary_offset), rules.unary_child, strict=True)}
    assert rules.nullable[rules.empty].all()
