"""Assertions anywhere, atomic groups, flags and properties, against Python's ``re`` and the ``regex`` package."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import sys
import unicodedata

import pytest
import regex as regex_package
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.automata import run
from latticework.automata.automaton import ByteAutomaton
from latticework.automata.build import build_automaton
from latticework.errors import GrammarError
from latticework.grammar import ir, json_schema, regex
from latticework.grammar.regex import Target, dialects_differ, lowered
from latticework.grammar.regex.classes import EVERYTHING, exact
from latticework.grammar.regex.folding import folded

TEXTS = ["".join(chars) for size in range(5) for chars in itertools.product("ab ", repeat=size)]
ODD_TEXTS = [
    "é",
    "aé",
    "éa",
    "a b\n",
    "a\n",
    "\n",
    "a\nb",
    "b\n\na",
    "a\rb",
    "é é",
    "a_b",
    "a-b",
    "B",
    "Ab",
    "a\u200bb",
]


def automaton_of(pattern: str, search: bool = False, in_json: bool = False) -> ByteAutomaton:
    return build_automaton(lowered(pattern, Target(json=in_json), search))


def check(pattern: str, texts: list[str], search: bool) -> None:
    """What is accepted matches in Python, in Unicode and in ASCII mode; ASCII texts of one line match alike."""
    automaton = automaton_of(pattern, search)
    function = regex_package.search if search else regex_package.fullmatch
    compiled = [regex_package.compile(pattern, flags) for flags in (regex_package.UNICODE, regex_package.ASCII)]
    for text in texts:
        ours = run.accepts(automaton, text.encode())
        theirs = [bool(function(one, text)) for one in compiled]
        if ours:
            assert all(theirs), (pattern, text)
        elif text.isascii() and "\r" not in text and not text.endswith("\n") and text:
            assert not all(theirs), (pattern, text)


PATTERNS = [
    r"a(?<=a)b",
    r"[ab]+(?<=b)",
    r".*(?<!a)",
    r".*(?<!ab|b) ",
    r"(?<!a)b",
    r"(?<=^a)b",
    r"a(?<=^a)b",
    r"(?<=a(?=b))b",
    r"a(?<=a(?=b))b",
    r"(?:a(?<!ba)|b|\s)*",
    r"(?:\ba|b\b|\s)*",
    r"\b",
    r"\B",
    r"\bab\b",
    r"a\b b",
    r"a\Bb",
    r"(?:a\B)*b",
    r".*\b.*\B.*",
    r"(?!.*\bb\b).*",
    r"((?=a)a|(?!a)b)*",
    r"(?:(?=ab)a|b(?! ))+",
    r"(?:^a|b){9}",
    r"(?:(?<=a)b|(?<=b)a|^a)*",
    r"(?<!(?<!a)b)a*b?a",
    r"(?<=\ba)b\b",
    r"(?=.*\bab\b).*a",
]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("search", [False, True])
def test_context_means_what_it_means_in_regex(pattern: str, search: bool) -> None:
    check(pattern, TEXTS + ODD_TEXTS, search)


def patterns() -> st.SearchStrategy[str]:
    atoms = st.sampled_from(
        ["a", "b", " ", ".", "[ab]", "[^a]", r"\w", r"\s", r"(?:\b)", r"(?:\B)", "(?:^)", "(?:$)", "()"]
    )

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        looks = st.sampled_from(["(?=", "(?!", "(?<=", "(?<!"])
        return st.one_of(
            st.lists(inner, min_size=1, max_size=3).map("".join),
            st.lists(inner, min_size=2, max_size=3).map(lambda options: f"(?:{'|'.join(options)})"),
            st.tuples(looks, inner).map(lambda pair: f"(?:{pair[0]}{pair[1]}))"),
            st.tuples(inner.map(lambda p: f"(?:{p})"), st.sampled_from(["*", "+", "?", "{2}", "*?"])).map("".join),
        )

    return st.recursive(atoms, grow, max_leaves=7)


@given(patterns(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_random_assertions_mean_what_they_mean_in_regex(pattern: str, search: bool) -> None:
    check(pattern, TEXTS[:60] + ODD_TEXTS, search)


@given(patterns(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_json_target_is_the_same_language_spelt_in_json(pattern: str, search: bool) -> None:
    plain, spelt = automaton_of(pattern, search), automaton_of(pattern, search, in_json=True)
    for text in (*TEXTS[:60], *ODD_TEXTS):
        data = json.dumps(text, ensure_ascii=False)[1:-1].encode()
        assert run.accepts(plain, text.encode()) == run.accepts(spelt, data), (pattern, text)


def test_patterns_of_schemas_look_around_inside_the_string() -> None:
    schema = {"type": "string", "pattern": r"\bab\b", "maxLength": 5}
    automaton = build_automaton(json_schema(schema).node)
    for text in TEXTS:
        expected = bool(re.search(schema["pattern"], text)) and len(text) <= 5
        assert run.accepts(automaton, json.dumps(text).encode()) == expected
    negated = build_automaton(json_schema({"type": "string", "not": {"pattern": r"(?<=a)b|\b "}}).node)
    for text in (*TEXTS, *ODD_TEXTS):
        accepted = run.accepts(negated, json.dumps(text, ensure_ascii=False).encode())
        assert not (accepted and re.search(r"(?<=a)b|\b ", text))
        assert accepted or not text.isascii() or re.search(r"(?<=a)b|\b ", text)


def test_word_boundaries_are_reported_as_narrowed() -> None:
    assert dialects_differ(r"\bab")
    assert not dialects_differ(r"(?a)\bab")
    assert any("ECMAScript" in line for line in json_schema({"type": "string", "pattern": r"\ba"}).narrowings)


# ---- atomic groups

ATOMIC = [
    r"a++b",
    r"a*+",
    r"[ab]*+ ",
    r"a{1,2}+b?",
    r"a?+b",
    r"(?>ab)a?",
    r"(?>ab+)a",
    r"(?>a|b) ?",
    r"(?:ab)++ ",
    r"(?:a++b)*",
    r"(?:a++|b)*c?",
    r"\w++\s",
    r"(?>a{2})a",
    r"a++$",
    r"x?(?>a(?:b|a))b*",
    r"(?=a++b)a*b",
]


@pytest.mark.parametrize("pattern", ATOMIC)
def test_atomic_parts_that_keep_the_language(pattern: str) -> None:
    try:
        both = [automaton_of(pattern), automaton_of(pattern, search=True)]
    except GrammarError:
        assert pattern == r"(?:a++|b)*c?"
        return
    for text in TEXTS:
        assert run.accepts(both[0], text.encode()) == bool(re.fullmatch(pattern, text)), text
        assert run.accepts(both[1], text.encode()) == bool(re.search(pattern, text)), text


def atomic_patterns() -> st.SearchStrategy[str]:
    atoms = st.sampled_from(["a", "b", " ", "[ab]", "[^a]", ".", "(?:ab)", "(?:a|b )", "$"])
    possessive = st.tuples(atoms, st.sampled_from(["*+", "++", "?+", "{1,2}+", "*", "?", "{2}+"])).map("".join)
    group = st.lists(st.one_of(atoms, possessive), min_size=1, max_size=3).map(lambda parts: f"(?>{''.join(parts)})")
    piece = st.one_of(atoms, possessive, possessive, group, group.map(lambda p: f"(?:{p})*"))
    return st.lists(piece, min_size=1, max_size=4).map("".join)


@given(atomic_patterns())
@settings(max_examples=300, deadline=None)
def test_atomic_parts_keep_the_language_or_are_refused(pattern: str) -> None:
    with contextlib.suppress(re.error, GrammarError):
        re.compile(pattern)
        both = [automaton_of(pattern), automaton_of(pattern, search=True)]
        for text in TEXTS:
            assert run.accepts(both[0], text.encode()) == bool(re.fullmatch(pattern, text)), text
            assert run.accepts(both[1], text.encode()) == bool(re.search(pattern, text)), text


# ---- flags

FLAGGED = [
    r"(?i)aB[ab]",
    r"(?i)[^a]b",
    r"(?i:a)b",
    r"a(?i:b(?-i:a))b",
    r"(?s)a.b",
    r"(?s:.)a(?-s:.)",
    r"(?m)^a$",
    r"(?m:^a$)\n?b",
    r"(?m)(?:^[ab]$|\n)*",
    "(?x) a b [ ] # a comment\n b+",
    "(?x: a\\ b) a",
    r"(?a)\w\b.",
    r"(?is)A.",
    r"(?u)a\w",
]


@pytest.mark.parametrize("pattern", FLAGGED)
@pytest.mark.parametrize("search", [False, True])
def test_flags_mean_what_python_means(pattern: str, search: bool) -> None:
    function = re.search if search else re.fullmatch
    texts = ["".join(chars) for size in range(5) for chars in itertools.product("abAB \n", repeat=size)]
    automaton = automaton_of(pattern, search)
    for text in (*texts, *ODD_TEXTS):
        ours, theirs = run.accepts(automaton, text.encode()), bool(function(pattern, text))
        if ours or (text.isascii() and "\r" not in text and not text.endswith("\n")):
            assert ours == theirs, text


def test_ignoring_case_agrees_with_python_on_every_cased_character() -> None:
    cased = [chr(c) for c in range(sys.maxunicode + 1) if chr(c).lower() != chr(c) or chr(c).upper() != chr(c)]
    groups: dict[str, str] = {}
    for char in cased:
        groups.setdefault(unicodedata.normalize("NFKC", char).casefold()[:1], "")
        groups[unicodedata.normalize("NFKC", char).casefold()[:1]] += char
    for char in cased[::7]:
        klass = folded(exact(((ord(char), ord(char)),)))
        others = {chr(point) for low, high in klass.outer for point in range(low, high + 1)}
        for other in others:
            sure = any(low <= ord(other) <= high for low, high in klass.inner)
            assert not sure or re.fullmatch(re.escape(char), other, re.IGNORECASE)
        for other in groups[unicodedata.normalize("NFKC", char).casefold()[:1]][:50]:
            assert other in others or not re.fullmatch(re.escape(char), other, re.IGNORECASE), (char, other)


# ---- properties

PROPERTIES = [
    "L",
    "Lu",
    "Nd",
    "gc=Letter",
    "General_Category=Decimal_Number",
    "Currency_Symbol",
    "Script=Greek",
    "sc=Cyrl",
    "scx=Hiragana",
    "Greek",
    "Alphabetic",
    "White_Space",
    "Uppercase",
    "ASCII",
    "Any",
    "Emoji",
]


@pytest.mark.parametrize("name", PROPERTIES)
def test_properties_are_those_of_the_regex_package(name: str) -> None:
    inside, outside = automaton_of(rf"\p{{{name}}}"), automaton_of(rf"\P{{{name}}}")
    pattern = regex_package.compile(rf"\p{{{name}}}")
    for point in (*range(0x20, 0x500), *range(0x500, 0x3100, 7), *range(0x1F000, 0x1FA00, 5)):
        if unicodedata.category(chr(point)) == "Cn":  # assigned in a later version
            continue
        data = chr(point).encode()
        assert run.accepts(inside, data) == bool(pattern.match(chr(point))) != run.accepts(outside, data), hex(point)


def test_properties_stand_in_classes_and_ignore_case() -> None:
    automaton = automaton_of(r"(?i)[\p{Script=Greek}x-]+")
    for text, expected in (("αΩ-X", True), ("αb", False)):
        assert run.accepts(automaton, text.encode()) == expected
    assert lowered(r"\p{Any}") == ir.Chars(EVERYTHING.inner)


def test_a_word_boundary_without_texts_is_refused() -> None:
    with pytest.raises(GrammarError, match="no text matches"):
        regex(r"a\bb")


# ---- patterns that Python cannot read, where a schema is held against given values


def test_patterns_beyond_python_filter_given_values() -> None:
    schema = {"enum": ["é", "1", {"é": 1}, {"1": 1}, {"a-b": "x"}]}
    schema |= {"pattern": r"^\p{L}$", "patternProperties": {r"^\p{L}$": {}}, "additionalProperties": {"type": "string"}}
    automaton = build_automaton(json_schema(schema).node)
    for value, expected in zip(schema["enum"], (True, False, True, False, True), strict=True):
        data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        assert run.accepts(automaton, data) == expected


def test_names_are_matched_by_patterns_beyond_python() -> None:
    schema = {
        "type": "object",
        "properties": {"ab": {}, "1": {}},
        "patternProperties": {r"(?<=a|^\p{L}c)b": {"const": 1}},
    }
    automaton = build_automaton(json_schema(schema).node)
    for text, expected in (('{"ab":1}', True), ('{"ab":2}', False), ('{"1":2}', True)):
        assert run.accepts(automaton, text.encode()) == expected
