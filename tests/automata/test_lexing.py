"""The lexer of a grammar: against texts cut lexeme by lexeme, as the definition says."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lexing_reference import classes, cut, neighbours, transduce
from strategies_lexers import GRAMMARS, LETTERS, calls, grammar_of, grammars, indented, literal, modes, pattern

from latticework.automata.lexing import build_lexer
from latticework.errors import LimitExceeded
from latticework.grammar.cfg.syntax import ContextFreeGrammar


@pytest.mark.parametrize("name", sorted(GRAMMARS))
def test_all_short_texts_are_cut_as_the_definition_says(name: str) -> None:
    grammar = GRAMMARS[name]()
    lexer = build_lexer(grammar)
    letters = LETTERS[name]
    length = next(n for n in range(1, 12) if len(letters) ** (n + 1) > 4_000)
    for size in range(length + 1):
        for data in map(bytes, product(letters, repeat=size)):
            assert transduce(lexer, data) == cut(grammar, data), data


@pytest.mark.parametrize("name", ["calls", "indented", "ambiguous"])
@given(seed=st.data())
@settings(max_examples=150, deadline=None)
def test_longer_texts_too_and_what_is_refused_would_have_to_go_back(name: str, seed: st.DataObject) -> None:
    grammar = GRAMMARS[name]()
    lexer = build_lexer(grammar)
    data = bytes(seed.draw(st.lists(st.sampled_from(list(LETTERS[name])), max_size=25)))
    assert transduce(lexer, data) == cut(grammar, data)
    going_back = cut(grammar, data, viable=False)
    assert transduce(lexer, data) in (going_back, set())


@given(grammar=grammars(), texts=st.lists(st.lists(st.sampled_from(list(b"abc")), max_size=7).map(bytes), max_size=12))
@settings(max_examples=150, deadline=None)
def test_random_grammars(grammar: ContextFreeGrammar, texts: list[bytes]) -> None:
    lexer = build_lexer(grammar)
    for data in texts:
        assert transduce(lexer, data) == cut(grammar, data)


@pytest.mark.parametrize("name", sorted(GRAMMARS))
def test_adjacent_classes_are_those_of_some_text(name: str) -> None:
    grammar = GRAMMARS[name]()
    lexer = build_lexer(grammar)
    pairs, _ = neighbours(grammar)
    terminals = classes(lexer)
    for first, second in product(range(lexer.classes), repeat=2):
        expected = any((a, b) in pairs for a in terminals[first] for b in terminals[second])
        assert bool(lexer.adjacent[first, second]) == expected


def test_limits_and_contracts() -> None:
    with pytest.raises(LimitExceeded, match="max_states=3"):
        build_lexer(calls(), max_states=3)
    with pytest.raises(LimitExceeded, match="terminal LONG"):
        build_lexer(grammar_of([pattern("LONG", "[ab]{5}c[ab]{9}")], {"s": ["LONG"]}), max_states=5)
    with pytest.raises(ValueError, match="NONE matches the empty text"):
        build_lexer(grammar_of([pattern("NONE", "a*")], {"s": ["NONE"]}))
    empty = build_lexer(ContextFreeGrammar((), ("s",), (), 0))
    assert empty.classes == 0
    assert empty.may_end.all()
    assert (empty.next_state < 0).all()


def test_ignored_text_never_hides_a_lexeme_of_the_same_bytes() -> None:
    grammar = grammar_of(
        [pattern("NEWLINE", "\n+"), pattern("WS", r"\s+"), literal("a")], {"s": ["a NEWLINE a"]}, ["WS"]
    )
    lexer = build_lexer(grammar)
    assert transduce(lexer, b"a\na") == cut(grammar, b"a\na") == {((2,), (0,), (2,))}
    assert transduce(lexer, b"a \na") == cut(grammar, b"a \na") == {((2,), (2,))}


@pytest.mark.parametrize("width", range(6))
def test_what_loses_the_longest_match_is_not_ended_early(width: int) -> None:
    grammar = indented()
    data = b"a:\n" + b" " * width + b"b"
    expected = {0: [3, 4, 0, 3], 2: [3, 4, 1, 3]}.get(width)
    found = transduce(build_lexer(grammar), data)
    assert found == cut(grammar, data) == ({tuple((t,) for t in expected)} if expected else set())


def test_a_longer_lexeme_of_no_rule_is_not_ended_early() -> None:
    grammar = grammar_of([literal("a"), literal("b"), literal("abc"), literal("c")], {"s": ["", "a s", "b s", "c s"]})
    lexer = build_lexer(grammar)
    assert transduce(lexer, b"aba") == cut(grammar, b"aba") == set()
    assert transduce(lexer, b"ab") == cut(grammar, b"ab") == set()
    assert transduce(lexer, b"acb") == cut(grammar, b"acb") == {((0,), (3,), (1,))}


def test_states_are_few() -> None:
    """The lexer is minimal: no two states act alike, and all contexts share what they can."""
    lexer = build_lexer(modes())
    rows = np.concatenate([lexer.next_state, lexer.accept_class[:, None], lexer.may_end[:, None]], 1)
    assert len(np.unique(rows, axis=0)) == lexer.states
