"""Context-free grammars with a regular condition: texts of both, and canvases against all fillings."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from recogniser import Recogniser
from strategies_lexers import grammars

import latticework as lw
from latticework.errors import Infeasible, InputError
from latticework.grammar import ir
from latticework.grammar.cfg.syntax import ContextFreeGrammar

CONDITIONS = ["(a|b|c)?", "(aa|[bc])*", "a*b*c*", "[ab]*c[ab]*", "(.b)*", "(...)*", ".*a", "[^a]*", "b.*", ""]
TOKENS = [b"a", b"b", b"c", b"ab", b"bc", b"ca"]
VOCABULARY = lw.Vocabulary([*TOKENS, b""], {len(TOKENS): "eos"})


def with_condition(rules: ContextFreeGrammar, pattern: str) -> lw.Grammar:
    return lw.Grammar(ir.NOTHING, "test", rules) & lw.regex(pattern)


@given(rules=grammars(), pattern=st.sampled_from(CONDITIONS), data=st.data())
@settings(max_examples=40, deadline=None)
def test_texts_and_fillings_against_both(rules, pattern, data):
    recogniser = Recogniser(rules)

    def accepts(text: bytes) -> bool:
        return re.fullmatch(pattern, text.decode()) is not None and recogniser.accepts(text)

    try:
        constraint = lw.compile(with_condition(rules, pattern), VOCABULARY)
    except InputError:
        assume(False)
        return
    for text in data.draw(st.lists(st.text("abc", max_size=6), max_size=20)):
        assert constraint.accepts(text) == accepts(text.encode()), text
    tokens = np.array(data.draw(st.lists(st.integers(0, len(TOKENS) - 1), min_size=1, max_size=3)))
    free = np.array(data.draw(st.lists(st.booleans(), min_size=len(tokens), max_size=len(tokens))))
    choices = [range(len(TOKENS)) if is_free else [token] for token, is_free in zip(tokens, free, strict=True)]
    valid = [chosen for chosen in product(*choices) if accepts(VOCABULARY.decode(chosen))]
    expected = np.zeros((len(tokens), len(VOCABULARY)), np.bool_)
    for chosen in valid:
        expected[np.arange(len(tokens)), list(chosen)] = True
    try:
        found = constraint.session(tokens, free, tail=False).admissible()
    except Infeasible:
        assert not valid
    else:
        assert np.array_equal(found, expected)


def test_ignored_text_and_readers():
    grammar = lw.lark('start: A+\nA: "a"\n%ignore " "\n%ignore /#b*/') & lw.regex("(.{2})*")
    constraint = lw.compile(grammar, lw.Vocabulary([bytes([byte]) for byte in range(256)]))
    texts = ["".join(chars) for size in range(6) for chars in product("a #b", repeat=size)]
    reference = re.compile("(?: |#b*(?!b))*a(?:(?: |#b*(?!b))*a)*(?: |#b*(?!b))*")
    assert [text for text in texts if constraint.accepts(text)] == [
        text for text in texts if len(text) % 2 == 0 and reference.fullmatch(text)
    ]
    both = lw.regex("[0-9]+") & lw.json_schema({"type": "integer", "maximum": 12})
    assert both.parse("7") == 7
    assert [n for n in range(20) if lw.compile(both, VOCABULARY).accepts(str(n))] == list(range(13))


def test_two_conditions_and_what_is_refused():
    json = lw.lark("json")
    twice = json & lw.regex("[^ ]*") & lw.regex(".{3,4}")
    vocabulary = lw.Vocabulary([bytes([byte]) for byte in range(256)])
    accepts = lw.compile(twice, vocabulary).accepts
    assert [accepts(text) for text in ("[1]", "[12]", "[ 1]", "12", "null")] == [True, True, False, False, True]
    assert twice != json & lw.regex("[^ ]*")
    with pytest.raises(InputError, match="must be regular"):
        _ = json & lw.lark("smiles")
    for part in (
        lambda: lw.text() + twice,
        lambda: twice | json,
        lambda: lw.lark("%declare x\nstart: x", rules={"x": twice}),
    ):
        with pytest.raises(InputError, match="cannot be a part"):
            part()
