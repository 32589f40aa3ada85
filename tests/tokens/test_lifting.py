"""The lifted automaton against running bytes one by one, for every state, every count, every token."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifting_reference import assert_token, classes_of, configurations, edges_from
from strategies_automata import byte_automata, calling_automata, dense_automaton, vocabularies

from latticework.automata.automaton import UNBOUNDED, ByteAutomaton
from latticework.errors import LimitExceeded
from latticework.tokens import lifting
from latticework.tokens.automaton import ADD_SHIFT, ENTER_SHIFT, KEEP_SHIFT, UNIT_MASK, TokenAutomaton
from latticework.tokens.lifting import lift
from latticework.tokens.vocabulary import Vocabulary

AUTOMATA = st.one_of(byte_automata(), calling_automata())


def assert_lifted(automaton: ByteAutomaton, vocabulary: Vocabulary) -> None:
    """The lifted automaton and the bytes agree from every configuration, for every token."""
    lifted = lift(automaton, vocabulary)
    for at in configurations(automaton):
        for token in range(len(vocabulary)):
            assert_token(lifted, at, token, vocabulary.bytes(token))


@given(automaton=AUTOMATA, vocabulary=vocabularies())
@settings(max_examples=300, deadline=None)
def test_every_token_does_from_every_configuration_what_its_bytes_do(
    automaton: ByteAutomaton, vocabulary: Vocabulary
) -> None:
    assert_lifted(automaton, vocabulary)


@pytest.mark.parametrize("seed", range(60))
def test_two_levels_move_together_within_one_token(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vocabulary = Vocabulary([bytes(word) for size in range(1, 5) for word in product(b"ab", repeat=size)])
    assert_lifted(dense_automaton(rng), vocabulary)


@given(automaton=AUTOMATA, vocabulary=vocabularies())
@settings(max_examples=150, deadline=None)
def test_the_tables_agree_with_each_other(automaton: ByteAutomaton, vocabulary: Vocabulary) -> None:
    lifted = lift(automaton, vocabulary)
    assert lifted.vocabulary_size == len(vocabulary)
    assert lifted.end_tokens.tolist() == vocabulary.end_tokens.tolist()
    used = lifted.class_of_token[lifted.class_of_token >= 0]
    assert sorted(set(used.tolist())) == list(range(lifted.classes))

    edge_source = np.repeat(np.arange(automaton.states), np.diff(lifted.edge_offset))
    by_class = [set(lifted.edges_of(known).tolist()) for known in range(lifted.classes)]
    assert all(by_class)
    for edge in range(lifted.edges):
        classes = classes_of(lifted, edge)
        assert classes == sorted(set(classes))
        assert classes == [known for known in range(lifted.classes) if edge in by_class[known]]

    keys = list(zip(edge_source.tolist(), lifted.edge_code.tolist(), strict=True))
    assert len(set(keys)) == len(keys)
    labels = [
        tuple(lifted.label_class[begin:end])
        for begin, end in zip(lifted.label_offset[:-1], lifted.label_offset[1:], strict=True)
    ]
    assert len(set(labels)) == len(labels)


@given(automaton=AUTOMATA, vocabulary=vocabularies())
@settings(max_examples=100, deadline=None)
def test_one_class_holds_exactly_the_tokens_that_act_alike(automaton: ByteAutomaton, vocabulary: Vocabulary) -> None:
    lifted = lift(automaton, vocabulary)
    behaviour: dict[tuple, int] = {}
    for token in range(len(vocabulary)):
        edges = [edges_from(lifted, state, token) for state in range(automaton.states)]
        codes = tuple(tuple(lifted.edge_code[some].tolist()) for some in edges)
        known = int(lifted.class_of_token[token])
        assert (known < 0) == (set(codes) == {()})
        assert behaviour.setdefault(codes, known) == known
    assert len(set(behaviour.values())) == len(behaviour)


@given(
    automaton=AUTOMATA,
    vocabulary=vocabularies(),
    maps=st.integers(2, 3),
    pairs=st.integers(1, 8),
)
@settings(max_examples=80, deadline=None)
def test_pools_that_fill_up_change_nothing(
    automaton: ByteAutomaton, vocabulary: Vocabulary, maps: int, pairs: int
) -> None:
    whole = lift(automaton, vocabulary)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifting, "_FIRST_MAPS", maps)
        patch.setattr(lifting, "_FIRST_PAIRS", pairs)
        grown = lift(automaton, vocabulary)
    for name in TokenAutomaton.__slots__:
        if isinstance(getattr(whole, name), np.ndarray):
            assert np.array_equal(getattr(whole, name), getattr(grown, name)), name


def counting(low: int, high: int, inside: int = 1, operation: int = 1 << 4 | 1) -> ByteAutomaton:
    """State 0 enters a scope with its first ``a``; further ones go on by ``operation``; ``b`` leaves to state 2."""
    return ByteAutomaton(
        next_state=np.array([[-1, 1, -1], [-1, inside, 2], [-1, -1, -1]], np.int32),
        operation=np.array([[0, 1, 0], [0, operation, 0], [0, 0, 0]], np.uint8),
        byte_class=np.array([{97: 1, 98: 2}.get(byte, 0) for byte in range(256)], np.int64),
        accepting=np.array([False, False, True]),
        levels=np.array([0, 1, 0], np.int32),
        scope=np.array([[-1, -1], [0, -1], [-1, -1]], np.int32),
        low=np.array([low], np.int32),
        high=np.array([high], np.int32),
    )


def codes(automaton: ByteAutomaton, token: bytes) -> dict[int, int]:
    """Code per source state of a vocabulary's only token."""
    lifted = lift(automaton, Vocabulary([token]))
    edge_source = np.repeat(np.arange(automaton.states), np.diff(lifted.edge_offset))
    return dict(zip(edge_source.tolist(), lifted.edge_code.tolist(), strict=True))


def codes_of(lifted: TokenAutomaton) -> list[int]:
    """Units that edges add to a level or enter it with."""
    return [units for shift in (*ADD_SHIFT, *ENTER_SHIFT) for units in (lifted.edge_code >> shift & UNIT_MASK).tolist()]


def test_a_run_inside_a_scope_is_a_shift() -> None:
    assert codes(counting(1, 9), b"aaa") == {
        0: 1 | 3 << ENTER_SHIFT[0],
        1: 1 | 1 << KEEP_SHIFT | 3 << ADD_SHIFT[0],
    }


def test_leaving_and_entering_the_same_scope_is_not_a_shift() -> None:
    again = counting(1, 9, operation=0 << 4 | 1)
    assert codes(again, b"a") == {0: 1 | 1 << ENTER_SHIFT[0], 1: 1 | 1 << ENTER_SHIFT[0]}
    # From inside, the count so far is left at the first byte: its guard remains, with nothing added.
    assert codes(again, b"aa")[1] == 1 | 1 << ENTER_SHIFT[0]


def test_a_scope_inside_one_token_is_settled_at_once() -> None:
    assert set(codes(counting(2, 3), b"aab")) == {0, 1}
    assert set(codes(counting(3, 9), b"aab")) == {1}
    assert set(codes(counting(0, 1), b"aab")) == set()
    assert codes(counting(2, 3), b"aab")[1] == 2 | 2 << ADD_SHIFT[0]


def test_counts_without_upper_bound_saturate_at_the_lower_one() -> None:
    lifted = lift(counting(2, UNBOUNDED), Vocabulary([b"a" * n for n in range(1, 30)]))
    assert lifted.classes == 2
    assert max(codes_of(lifted)) == 2


@pytest.mark.parametrize(("letters", "fits"), [(UNIT_MASK, True), (UNIT_MASK + 1, False)])
def test_a_token_that_counts_too_much_is_refused(letters: int, fits: bool) -> None:
    automaton, vocabulary = counting(0, 5000), Vocabulary([b"a" * letters])
    if fits:
        assert max(codes_of(lift(automaton, vocabulary))) == UNIT_MASK
    else:
        with pytest.raises(LimitExceeded, match=f"token_units={UNIT_MASK}"):
            lift(automaton, vocabulary)


def test_too_many_pairs_are_refused() -> None:
    with pytest.raises(LimitExceeded, match="max_pairs=2"):
        lift(counting(1, 9), Vocabulary([b"a", b"ab", b"aa"]), max_pairs=2)


def test_a_vocabulary_without_any_readable_token() -> None:
    lifted = lift(counting(1, 9), Vocabulary([b"", b"z"], {0: "eos"}, size=4))
    assert lifted.class_of_token.tolist() == [-1] * 4
    assert (lifted.classes, lifted.edges, lifted.labels) == (0, 0, 0)
    assert lifted.end_tokens.tolist() == [0]
