"""Holes with a rule or a grammar of their own, against the enumeration of all fillings."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tiny_backend import TinyBackend
from typed_hole_oracle import Language, admissible, valid_fillings

import latticework as lw
from latticework.errors import Infeasible, InputError
from latticework.models.holes import Form, Hole, lay_out
from latticework.models.model import Model
from latticework.models.typed_holes import typed_constraint
from latticework.tokens.vocabulary import Vocabulary

STATEMENTS = Language(
    lw.lark(r"""
        start: stmt*
        stmt: NAME "=" expr ";" | "if" expr stmt
        expr: term | expr "+" term
        term: NAME | NUMBER | "(" expr ")"
        NAME: /[a-z]+/
        NUMBER: /[0-9]+/
        %ignore / +/
        %ignore /#[a-z]*!/
    """),
    {
        **{text: re.escape(text) for text in ("if", "=", ";", "+", "(", ")")},
        "NAME": "[a-z]+",
        "NUMBER": "[0-9]+",
        "IGNORED_WHITE": " +",
        "IGNORED_COMMENT": "#[a-z]*!",
    },
    {
        "start": [["stmts"]],
        "stmts": [[], ["stmts", "stmt"]],
        "stmt": [["NAME", "=", "expr", ";"], ["if", "expr", "stmt"]],
        "expr": [["term"], ["expr", "+", "term"]],
        "term": [["NAME"], ["NUMBER"], ["(", "expr", ")"]],
    },
)
WORDS = Language(
    lw.lark(r"""
        start: item | start "," item
        item: | WORD item | STRING
        WORD: /[ab]+/
        STRING: /'[ab,]*'/
        %ignore / +/
    """),
    {",": ",", "WORD": "[ab]+", "STRING": "'[ab,]*'", "IGNORED_WHITE": " +"},
    {"start": [["item"], ["start", ",", "item"]], "item": [[], ["WORD", "item"], ["STRING"]]},
)


def vocabulary_of(*texts: str) -> Vocabulary:
    """A token for each text, then end and filler."""
    tokens = [text.encode() for text in texts]
    return Vocabulary([*tokens, b"", b""], {len(tokens): "eos", len(tokens) + 1: "filler"})


def form_of(parts: list[str | Hole], vocabulary: Vocabulary) -> Form:
    return lay_out(parts, lambda text: vocabulary.encode(text.encode()), vocabulary)


def agree(parts: list[str | Hole], whole: lw.Grammar | None, vocabulary: Vocabulary, accepts) -> int:
    """The engine says of a form what the enumeration says; returns the number of valid fillings."""
    form = form_of(parts, vocabulary)
    constraint = typed_constraint(form, whole, vocabulary)
    valid = valid_fillings(form, vocabulary, accepts)
    try:
        session = constraint.session(form.tokens, form.free)
    except Infeasible:
        assert not valid, (parts, [vocabulary.decode(tokens.tolist()) for tokens in valid[:3]])
        return 0
    found = session.admissible()
    expected = admissible(valid, form, vocabulary)
    different = np.argwhere(found != expected)
    assert not len(different), (
        parts,
        [(slot, vocabulary.bytes(token), found[slot, token]) for slot, token in different.tolist()],
    )
    for tokens in valid[:3]:
        assert constraint.accepts(tokens)
    return len(valid)


@pytest.mark.parametrize(
    ("tokens", "parts"),
    [
        ("x1+) ;=", ["x=", Hole(3, rule="expr"), ";"]),
        ("x1+ (;=", ["x=x", Hole(2, rule="expr"), ";"]),
        ("x1+();=", ["x=", Hole(1, rule="term"), "+", Hole(2, rule="expr"), ";"]),
        ("x+1);=", ["x=1+", Hole(3, rule="expr"), ";"]),
        ("x1+();=", ["x=1+", Hole(3, rule="term"), ";"]),
        ("x1+()#!;=", ["x=", Hole(2, rule="expr"), "+1;"]),
        ("x1+#!()=;", ["x=(", Hole(2, rule="expr"), ")#", Hole(1), "!;"]),
        ("x1#! =;", ["x=#", Hole(2, rule="term"), "x;"]),
        ("x1#! =;", ["x=", Hole(3, rule="term"), "#x!;"]),
        ("x=1;+", [Hole(4, rule="stmt")]),
        ("x=1;", ["x=1;", Hole(1, rule="start"), Hole(2, rule="stmt")]),
        ("x=1;", [Hole(2, rule="start"), "x=1;"]),
        ("x1=;", ["if x ", Hole(2), Hole(1, rule="expr"), ";"]),
        ("x1+=;", ["x=", Hole(1, rule="NAME"), Hole(1), Hole(1, rule="NUMBER"), ";"]),
        ("x1 ;=", ["x=", Hole(1, rule="term"), "x;"]),
        ("x1; =", ["x =", Hole(1, rule="expr"), " ", Hole(1, rule="expr"), ";"]),
    ],
)
def test_rules_against_all_fillings(tokens, parts):
    agree(parts, STATEMENTS.grammar, vocabulary_of(*dict.fromkeys([*tokens, *extra(parts)])), STATEMENTS.accepts)


def extra(parts: list[str | Hole]) -> list[str]:
    """Characters of the fixed parts."""
    return sorted({char for part in parts if isinstance(part, str) for char in part})


@pytest.mark.parametrize(
    "parts",
    [
        ["a", Hole(2, rule="item"), ",", Hole(1, rule="item")],
        [Hole(2, rule="item"), Hole(2, rule="item")],
        ["'", Hole(2, grammar=lw.regex("[ab]*")), Hole(1), "'"],
        ["'", Hole(2, grammar=lw.regex("[ab]*")), "'", Hole(1)],
        ["a ", Hole(2, grammar=lw.regex("a*'|b")), Hole(2, rule="item"), "b"],
        ["a", Hole(2, grammar=lw.regex("(ab|,)+")), "b"],
        [Hole(2, rule="STRING"), Hole(2, grammar=lw.regex("|,'"))],
    ],
)
def test_words_against_all_fillings(parts):
    vocabulary = vocabulary_of("a", "b", ",", "'", " ", "ab", "a'")
    agree(parts, WORDS.grammar, vocabulary, WORDS.accepts)


PIECES = ["x", "x=", "1", "+", "(", ")", ";", " ", "#x!", "#", "!", "if ", "x=1;"]
KINDS: list[dict] = [
    *({"rule": rule} for rule in ("expr", "term", "stmt", "start", "NAME", "NUMBER")),
    *({"grammar": lw.regex(pattern)} for pattern in ("[x1]*", "x|1[+]", "[(]?x[)]?", "=.|;|#x*", "[^x]+")),
    {},
]


@st.composite
def forms(draw: st.DrawFn) -> list[str | Hole]:
    """Up to two holes of one slot, which may stand side by side, between pieces of statements."""
    parts: list[str | Hole] = []
    for _ in range(draw(st.integers(1, 2))):
        parts.append("".join(draw(st.lists(st.sampled_from(PIECES), max_size=3))))
        parts.append(Hole(1, **draw(st.sampled_from(KINDS))))
    parts.append("".join(draw(st.lists(st.sampled_from(PIECES), max_size=3))))
    return parts


@given(parts=forms())
@settings(max_examples=25, deadline=None)
def test_any_rules_and_grammars_against_all_fillings(parts):
    assume(any(isinstance(part, Hole) and part.is_typed for part in parts))
    tokens = ["x", "1", "+", "(x", ") ", ";", "=1", "#x!", *PIECES[7:11]]
    agree(parts, STATEMENTS.grammar, vocabulary_of(*dict.fromkeys([*tokens, *extra(parts)])), STATEMENTS.accepts)


JSON = lw.lark("json")
WORD = lw.regex("a*b")


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        (None, ["1", Hole(3, grammar=JSON), "1"]),
        (None, [Hole(2, grammar=JSON), Hole(2, grammar=WORD)]),
        (None, ["ab", Hole(2, grammar=WORD), Hole(1), Hole(1, grammar=JSON), "]"]),
        ("[^b]*", ["a", Hole(2, grammar=JSON), Hole(1), Hole(1, grammar=JSON)]),
        (r"(\[1*\])*a*b", ["[", Hole(1), Hole(2, grammar=WORD), Hole(1, grammar=JSON)]),
        (r"a(11|\[)+\]*b*", ["a", Hole(3, grammar=JSON), Hole(1)]),
        ("a*b?", ["a", Hole(2, grammar=WORD), Hole(1)]),
        ("a*b?", ["a", Hole(2, grammar=WORD), ""]),
    ],
)
def test_texts_between_other_text_against_all_fillings(whole, parts):
    vocabulary = vocabulary_of("1", "[", "]", "a", "b", " ", "a1")
    grammar = None if whole is None else lw.regex(whole)
    agree(parts, grammar, vocabulary, lambda text, _: whole is None or re.fullmatch(whole, text) is not None)


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("(...)*", ["x=", Hole(3, rule="expr"), ";"]),
        ("[^1]*1[^1]*", ["x=", Hole(1, rule="expr"), "+", Hole(2, rule="term"), ";"]),
        (".*[)];", ["x=(", Hole(2, rule="expr"), Hole(1), ";"]),
        ("x=x*;", [Hole(2), Hole(2, rule="expr"), Hole(1)]),
    ],
)
def test_rules_under_a_condition_against_all_fillings(pattern, parts):
    def accepts(text, spans):
        return re.fullmatch(pattern, text) is not None and STATEMENTS.accepts(text, spans)

    whole = STATEMENTS.grammar & lw.regex(pattern)
    assert agree(parts, whole, vocabulary_of(*"x1+();="), accepts)


def test_bytes_of_marks_fill_no_hole():
    vocabulary = Vocabulary([b"a", b"\xc0", b"\xff", b"\xfe", b"a\xc1", b"", b""], {5: "eos", 6: "filler"})
    form = form_of([Hole(1, grammar=lw.text()), Hole(1), Hole(1, grammar=lw.text())], vocabulary)
    session = typed_constraint(form, None, vocabulary).session(form.tokens, form.free)
    assert not session.admissible()[:, 1:6].any()


@pytest.mark.parametrize(
    ("whole", "hole", "words"),
    [
        (STATEMENTS.grammar, Hole(2, rule="exp"), ["'exp'", "did you mean 'expr'"]),
        (STATEMENTS.grammar, Hole(2, grammar=JSON), ["context-free", "rule="]),
        (lw.regex("a"), Hole(2, rule="expr"), ["regular", "no rules"]),
        (None, Hole(2, rule="expr"), ["no grammar"]),
        (STATEMENTS.grammar & lw.regex("a*"), Hole(2, grammar=lw.regex("a")), ["has a condition"]),
        (None, Hole(2, grammar=JSON & lw.regex("a*")), ["with a condition"]),
    ],
)
def test_what_cannot_be_decided_is_refused(whole, hole, words):
    vocabulary = vocabulary_of("a", "b")
    with pytest.raises(InputError) as caught:
        typed_constraint(form_of(["a", hole], vocabulary), whole, vocabulary)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("options", [{"rule": "a", "grammar": JSON}, {"rule": 3}])
def test_a_hole_has_one_kind(options):
    with pytest.raises(InputError, match="a rule"):
        Hole(2, **options)


def test_rules_of_python_hold_in_blocks_and_brackets():
    vocabulary = Vocabulary([*[bytes([byte]) for byte in range(256)], b"", b""], {256: "eos", 257: "filler"})
    python = lw.lark("python")
    for parts, texts in [
        (
            ["def f():\n    return [", Hole(9, rule="expression"), "]\n"],
            {"a": True, "a, b": False, "a\n+ b": True, "": False},
        ),
        (["if a:\n    ", Hole(9, rule="statement"), "\n"], {"b = 1": True, "b =": False, "b\n    c": False}),
    ]:
        form = form_of(parts, vocabulary)
        constraint = typed_constraint(form, python, vocabulary)
        for text, expected in texts.items():
            tokens = form.tokens.copy()
            tokens[form.free] = [*text.encode(), *[257] * (9 - len(text))]
            assert constraint.accepts(tokens) == expected, (parts, text)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_any_network_fills_holes_with_what_they_say(temperature):
    number = lw.json_schema({"type": "integer", "minimum": 10, "maximum": 99})
    parts = ["x = (", Hole(6, rule="expr"), Hole(4), ") + ", Hole(3, rule="NUMBER"), "; y = ", Hole(6, grammar=number)]
    for seed in range(3):
        result = Model(TinyBackend(seed)).infill([*parts, ";"], STATEMENTS.grammar, temperature=temperature, seed=seed)
        expression, _, literal, value = result.holes
        assert STATEMENTS.accepts(f"x={expression};", [("expr", 2, 2 + len(expression))])
        assert re.fullmatch(" *[0-9]+ *", literal)
        assert 10 <= json.loads(value) <= 99
    with pytest.raises(Infeasible, match=r"hole 1 of 1 is too small: it has 1 token and needs at least 3"):
        Model(TinyBackend()).infill(["x = (1", Hole(1, grammar=lw.regex("[+]x[)]")), ";"], STATEMENTS.grammar)
    with pytest.raises(Infeasible, match="column 8"):
        Model(TinyBackend()).infill(["x = y ", Hole(8, rule="expr"), ";"], STATEMENTS.grammar)


def test_text_without_a_grammar_has_typed_holes():
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}
    parts = ["Answer: ", Hole(12, grammar=lw.choice(["yes", "no"])), "\n```json\n", Hole(16, grammar=schema), "\n```\n"]
    result = Model(TinyBackend()).infill([*parts, Hole(3), "!"])
    assert result.holes[0] in ("yes", "no")
    assert json.loads(result.holes[1]).keys() == {"a"}
    assert result.text.startswith("Answer: ")
