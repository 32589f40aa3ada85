"""Lexers lifted to vocabularies: every token against its bytes, the word graph against the readings."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies_automata import vocabularies
from strategies_lexers import (
    GRAMMARS,
    LETTERS,
    SOURCES,
    cpp_like,
    grammar_of,
    grammars,
    json_like,
    pattern,
    python_like,
)
from test_lifting_real_vocabulary import tekken
from words_reference import assert_graph_is_minimal, graph_words, listed, readings, words_of

from latticework.automata.lexer import Lexer
from latticework.automata.lexing import build_lexer
from latticework.errors import LimitExceeded
from latticework.grammar.cfg.syntax import ContextFreeGrammar
from latticework.tokens.lexical import LexicalTables
from latticework.tokens.vocabulary import Vocabulary
from latticework.tokens.words import lexical_tables


def assert_tables(lexer: Lexer, vocabulary: Vocabulary) -> LexicalTables:
    """Everything in the tables is as their definition says, every token from every state."""
    tables = lexical_tables(lexer, vocabulary)
    words = words_of(tables)
    assert words == sorted(set(words))
    expected = {
        token: {q: found for q in range(lexer.states) if (found := readings(lexer, q, vocabulary.bytes(token)))}
        for token in range(len(vocabulary))
    }
    by_class = [listed(tables, words, known) for known in range(tables.classes)]
    for token, known in enumerate(tables.class_of_token.tolist()):
        assert (by_class[known] if known >= 0 else {}) == expected[token]
    assert len({repr(sorted(known.items())) for known in by_class}) == tables.classes
    for state in range(lexer.states):
        assert graph_words(tables, state) == set().union(*(found.get(state, set()) for found in expected.values()))
    assert_graph_is_minimal(tables)
    assert tables.end_tokens.tolist() == vocabulary.end_tokens.tolist()
    return tables


@pytest.mark.parametrize("name", sorted(GRAMMARS))
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_small_vocabularies(name: str, data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies(LETTERS[name], max_tokens=30, max_bytes=6))
    assert_tables(build_lexer(GRAMMARS[name]()), vocabulary)


@given(grammar=grammars(), vocabulary=vocabularies(b"abc", max_bytes=6))
@settings(max_examples=150, deadline=None)
def test_random_grammars(grammar: ContextFreeGrammar, vocabulary: Vocabulary) -> None:
    assert_tables(build_lexer(grammar), vocabulary)


def test_a_grammar_of_the_empty_text_alone() -> None:
    lexer = build_lexer(ContextFreeGrammar((), ("s",), (), 0))
    tables = assert_tables(lexer, Vocabulary([b"a", b""], {1: "eos"}))
    assert (tables.class_of_token < 0).all()
    assert tables.nodes == 1


@pytest.mark.parametrize("grammar", [json_like, cpp_like, python_like])
def test_a_real_vocabulary(grammar: Callable[[], ContextFreeGrammar]) -> None:
    vocabulary, lexer = tekken(), build_lexer(grammar())
    tables = lexical_tables(lexer, vocabulary)
    words = words_of(tables)
    rng = np.random.default_rng(3)
    short = [token for token in range(len(vocabulary)) if 0 < len(vocabulary.bytes(token)) < 4]
    sample = [*rng.integers(len(vocabulary), size=300), *rng.choice(short, 300)]
    firsts = np.unique(tables.class_of_token, return_index=True)[1]  # a token of every class
    for token in {*map(int, sample), *rng.choice(firsts, 300).tolist()}:
        known = int(tables.class_of_token[token])
        got = {} if known < 0 else listed(tables, words, known)
        for state in range(lexer.states):
            assert got.get(state, set()) == readings(lexer, state, vocabulary.bytes(token))
    assert_graph_is_minimal(tables)
    every: dict[int, set] = {}
    for known in range(tables.classes):
        for state, found in listed(tables, words, known).items():
            every.setdefault(state, set()).update(found)
    for state in range(lexer.states):
        assert graph_words(tables, state) == every.get(state, set())


def test_limits() -> None:
    with pytest.raises(LimitExceeded, match="max_pairs"):
        lexical_tables(build_lexer(cpp_like()), tekken(), max_pairs=10_000)
    overlapping = [pattern(name, f"[{name}z]+", munch=False) for name in "abcd"]
    grammar = grammar_of(overlapping, {"s": ["", "a s", "b s", "c s", "d s"]})
    tokens = Vocabulary([b"abcdz" * 6, b"z" * 8, b""], {2: "eos"})
    with pytest.raises(LimitExceeded, match="max_readings=4"):
        lexical_tables(build_lexer(grammar), tokens, max_readings=4)
    assert lexical_tables(build_lexer(grammar), tokens).classes == 2


TEXTS = {
    "json": '{"key": [1, -2.5e3, true, null],\n "other" : {"a\\"b": "ü € []"}}  ',
    "cpp": """#include <vector.h>
int main(int argc, char* argv) { // comment: "no string"
    for (int i = 0; i <= 10; ++i) { x->y += i << 2; /* a * b */ s = "a \\" b"; c = '\\n'; return1 = integer ; }
    if (a && !b || c == d) return std::max(a, b - -1) ? 1 : .5;
}
""",
    "python": """def f(x):  # comment

    if x in y:
        return f(x + 1) == g.h

    returned = rb'a' + "b"  # end
    while a:
        pass
""",
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("longest", [1, 3, 20])
def test_a_text_of_tokens_is_cut_like_by_regular_expressions(name: str, longest: int) -> None:
    grammar = {"json": json_like, "cpp": cpp_like, "python": python_like}[name]()
    lexer, data = build_lexer(grammar), TEXTS[name].encode()
    vocabulary = _short_tokens(longest)
    tables = lexical_tables(lexer, vocabulary)
    words = words_of(tables)
    word: tuple[int, ...] = ()
    state = 0
    for token in vocabulary.encode(data):
        ((more, state),) = listed(tables, words, int(tables.class_of_token[token]))[state]
        word += more
    if not lexer.may_end[state]:
        word += (int(lexer.accept_class[state]),)
    names = [terminal.name for terminal in grammar.terminals]
    terminals = np.split(lexer.class_terminal, lexer.class_offset[1:-1])
    assert [[names[t] for t in terminals[known]] for known in word] == [[name] for name in _scanned(grammar, data)]


@cache
def _short_tokens(longest: int) -> Vocabulary:
    whole = tekken()
    tokens = [whole.bytes(token) for token in range(len(whole))]
    return Vocabulary([token if len(token) <= longest else b"" for token in tokens], {len(whole) - 1: "eos"})


def _scanned(grammar: ContextFreeGrammar, data: bytes) -> list[str]:
    """Longest matches, ties by priority and then for fixed texts; what is ignored is left out."""
    patterns = []
    for number, terminal in enumerate(grammar.terminals):
        source = SOURCES.get(terminal.pattern) or re.escape(terminal.name)
        patterns.append((re.compile(source.encode()), terminal, number))
    at, found = 0, []
    while at < len(data):
        matches = [(m.end(), t.priority, t.is_literal, n) for p, t, n in patterns if (m := p.match(data, at))]
        at, _, _, number = max(matches)
        if number not in grammar.ignored:
            found.append(grammar.terminals[number].name)
    return found
