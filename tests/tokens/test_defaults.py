"""Lifting with default moves against plain lifting: whatever state stands for another, the answer is the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifting_reference import classes_of
from strategies_automata import byte_automata, calling_automata, vocabularies

from latticework.automata.automaton import ByteAutomaton
from latticework.automata.build import build_automaton
from latticework.grammar.json_schema import json_schema
from latticework.tokens import grouping, kernels_defaults, lifting
from latticework.tokens.automaton import TokenAutomaton
from latticework.tokens.lifting import lift
from latticework.tokens.vocabulary import Vocabulary

Edges = list[dict[int, tuple[int, ...]]]


def by_state(lifted: TokenAutomaton) -> tuple[list[int], Edges]:
    """Class by token, and by state the classes of every edge code."""
    edges = [
        {int(lifted.edge_code[edge]): tuple(classes_of(lifted, edge)) for edge in range(first, last)}
        for first, last in zip(lifted.edge_offset[:-1], lifted.edge_offset[1:], strict=True)
    ]
    return lifted.class_of_token.tolist(), edges


def lifted_with(automaton: ByteAutomaton, vocabulary: Vocabulary, defaults: list[int]) -> TokenAutomaton:
    """Lifted where state ``i`` has the default ``defaults[i]``, -1 for none."""

    def choose(moves: np.ndarray, weight: object, likely: object, votes: object, best: object, default: np.ndarray):
        default[:] = defaults

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifting, "choose_defaults", choose)
        return lift(automaton, vocabulary)


@given(
    automaton=st.one_of(byte_automata(), calling_automata()),
    vocabulary=vocabularies(),
    data=st.data(),
)
@settings(max_examples=200, deadline=None)
def test_any_choice_of_defaults_gives_the_same_edges(
    automaton: ByteAutomaton, vocabulary: Vocabulary, data: st.DataObject
) -> None:
    plain = lifted_with(automaton, vocabulary, [-1] * automaton.states)
    is_root = data.draw(st.lists(st.booleans(), min_size=automaton.states, max_size=automaton.states))
    roots = [state for state, root in enumerate(is_root) if root] or [0]
    choices = [-1 if state in roots else data.draw(st.sampled_from([-1, *roots])) for state in range(automaton.states)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "_FIRST_LABEL_CLASSES", data.draw(st.sampled_from([0, 1 << 16])))
        lifted = lifted_with(automaton, vocabulary, choices)
    assert by_state(lifted) == by_state(plain)
    assert lifted.labels == plain.labels


def test_places_within_the_keys_of_an_object_have_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = {"type": "object", "properties": {name: {"type": "integer"} for name in ("alpha", "beta", "gamma")}}
    automaton = build_automaton(json_schema(schema, open_objects=True).node)
    seen: list[np.ndarray] = []

    def choose(*arguments: np.ndarray) -> None:
        kernels_defaults.choose_defaults(*arguments)
        seen.append(arguments[-1])

    monkeypatch.setattr(lifting, "choose_defaults", choose)
    vocabulary = Vocabulary([bytes([byte]) for byte in range(256)] + [b'"al', b'alpha"', b"bet", b'a"', b"zz"])
    lifted = lift(automaton, vocabulary)
    assert (seen[0] >= 0).sum() >= len("alphabetagamma") - 3
    assert (seen[0][seen[0][seen[0] >= 0]] < 0).all()
    assert by_state(lifted) == by_state(lifted_with(automaton, vocabulary, [-1] * automaton.states))
