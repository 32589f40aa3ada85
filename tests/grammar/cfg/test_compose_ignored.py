"""What parts of a grammar ignore stays theirs: against the languages of the parts, on all short texts."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recogniser import Recogniser

import latticework as lw
from latticework.automata.build import build_automaton
from latticework.automata.run import accepts

LETTERS = "ab -"
TEXTS = ["".join(word) for length in range(6) for word in product(LETTERS, repeat=length)]
RULES = ['"a"', '"b"', '"a"+', '"a" "b"', '"a"?', '"a" "a"', '("a" | "b")*', '"b" start | "a"', '"-" "a"']
IGNORED = ["", '" "', '"-"', "/[- ]/", '" "+', '"- "']
PARTS = [f"start: {rule}" + (f"\n%ignore {ignored}" if ignored else "") for rule in RULES for ignored in IGNORED]


def accepter(grammar: lw.Grammar) -> Callable[[str], bool]:
    if grammar.context_free is not None:
        return Recogniser(grammar).accepts
    automaton = build_automaton(grammar.node)
    return lambda text: accepts(automaton, text.encode())


@cache
def grammar_of(part: str) -> lw.Grammar:
    return lw.regex(part.removeprefix("regex ")) if part.startswith("regex ") else lw.lark(part)


@cache
def language(part: str) -> frozenset[str]:
    return frozenset(filter(accepter(grammar_of(part)), TEXTS))


def found(grammar: lw.Grammar) -> set[str]:
    return set(filter(accepter(grammar), TEXTS))


def is_concatenation(text: str, first: str, second: str) -> bool:
    return any(text[:at] in language(first) and text[at:] in language(second) for at in range(len(text) + 1))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('start: "a"', 'start: "b"\n%ignore " "'),
        ('start: "a"\n%ignore "-"', 'start: "b"\n%ignore " "'),
        ('start: "a" "a"\n%ignore "-"', 'start: "a" "b"\n%ignore " "'),
        ('start: "a" "b"\n%ignore " "', 'start: "b" "a"\n%ignore /[- ]/'),
        ('start: "a" "b"\n%ignore " "', "regex -"),
    ],
)
def test_unions_are_exact(first: str, second: str) -> None:
    assert found(grammar_of(first) | grammar_of(second)) == language(first) | language(second)
    assert found(grammar_of(second) | grammar_of(first)) == language(first) | language(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('start: "a"', 'start: "b"\n%ignore " "'),
        ('start: "a"\n%ignore " "', 'start: "b"'),
        ('start: "a"\n%ignore "-"', 'start: "b"\n%ignore " "'),
        ('start: "a"+\n%ignore "-"', 'start: "b"+\n%ignore /[- ]/'),
        ('start: "a"+', 'start: "b"\n%ignore " "'),
        ('start: "a"\n%ignore " "', "regex b+"),
    ],
)
def test_concatenations_are_exact(first: str, second: str) -> None:
    made = grammar_of(first) + grammar_of(second)
    assert found(made) == {text for text in TEXTS if is_concatenation(text, first, second)}


PART = st.sampled_from([*PARTS, "regex a?", "regex -", "regex [ab]+", "regex  ?a"])


@settings(max_examples=60, deadline=None)
@given(first=PART, second=PART)
def test_nothing_is_accepted_that_no_part_accepts(first: str, second: str) -> None:
    one, other = grammar_of(first), grammar_of(second)
    assert found(one | other) <= language(first) | language(second)
    assert all(is_concatenation(text, first, second) for text in found(one + other))


@settings(max_examples=30, deadline=None)
@given(first=PART, second=PART, third=PART)
def test_nor_where_a_composition_is_a_part(first: str, second: str, third: str) -> None:
    one, other, last = map(grammar_of, (first, second, third))
    assert all(text in language(third) or is_concatenation(text, first, second) for text in found((one + other) | last))
    for text in found((one | other) + last):
        assert is_concatenation(text, first, third) or is_concatenation(text, second, third)


def is_hosted(text: str, part: str, ignored: str) -> bool:
    """By the definition of ``start: "b" part "b" | part`` around a part that ignores other text."""
    inner = [(i, j) for i in range(len(text) + 1) for j in range(i, len(text) + 1) if text[i:j] in language(part)]
    for i, j in inner:
        before, behind = text[:i].strip(ignored or None) if ignored else text[:i], text[j:]
        behind = behind.strip(ignored) if ignored else behind
        if (before, behind) in (("", ""), ("b", "b")):
            return True
    return False


@settings(max_examples=40, deadline=None)
@given(part=PART, ignored=st.sampled_from(["", " ", "-"]))
def test_a_part_of_a_grammar_with_rules(part: str, ignored: str) -> None:
    ignoring = f'\n%ignore "{ignored}"' if ignored else ""
    host = lw.lark('start: "b" part "b" | part\n%declare part' + ignoring, rules={"part": grammar_of(part)})
    accepted = found(host)
    if part.startswith("regex "):  # a lexeme of the host
        return
    for text in accepted:
        assert is_hosted(text, part, ignored), text


@settings(max_examples=30, deadline=None)
@given(first=PART, second=PART)
def test_in_json_strings(first: str, second: str) -> None:
    try:
        made = lw.json_string(grammar_of(first) | grammar_of(second)) | grammar_of(first)
    except lw.InputError:
        return
    is_accepted = accepter(made)
    for text in TEXTS:
        if is_accepted(json.dumps(text)):
            assert text in language(first) | language(second)
        assert not is_accepted(" " + json.dumps(text))
        assert not is_accepted(json.dumps(text) + " ")


def test_blank_texts_belong_to_the_grammar_that_ignores_them() -> None:
    blank = lw.lark('start: "a"?\n%ignore " "')
    assert accepter(blank)(" ")
    assert accepter(lw.json_string(blank))('" "')
    assert not accepter(lw.lark('start: "a"\n%ignore " "') | lw.regex(""))(" ")
    assert not accepter(lw.lark('start: "b" [a]\n%declare a', rules={"a": lw.lark('start: "a"\n%ignore " "')}))("b ")
