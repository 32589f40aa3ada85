"""Regex front end against Python's ``re``: every text we accept matches there, and ASCII texts match alike."""

from __future__ import annotations

import contextlib
import json
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_matcher import inside, matches

from latticework.errors import GrammarError, LimitExceeded
from latticework.grammar import ir
from latticework.grammar.limits import Limits
from latticework.grammar.ranges import normalise_ranges
from latticework.grammar.regex import Target, classes, length_range, lowered, parsed, regex

PLAIN = Target()
CHARACTERS = 'ab,-é1 _\n𝟘\\"'


def accepts(pattern: str, text: str, search: bool = False, target: Target = PLAIN) -> bool:
    data = json.dumps(text, ensure_ascii=False)[1:-1] if target.json else text
    return matches(lowered(pattern, target, search), data.encode())


def atoms() -> st.SearchStrategy[str]:
    return st.sampled_from(
        [
            "a",
            "b",
            ",",
            r"\d",
            r"\w",
            r"\s",
            r"\W",
            r"\S",
            r"\D",
            ".",
            "[ab]",
            "[^a]",
            "[^\\w,]",
            r"[\d,-]",
            "é",
            "[a-f]",
        ]
    )


def patterns() -> st.SearchStrategy[str]:
    anchored = st.one_of(
        atoms(), atoms(), atoms(), st.sampled_from(["(^)", "($)", "(?:^|,)", "(?:,|$)", "^a", "b$", "()"])
    )

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        groups = inner.map(lambda p: f"(?:{p})")
        return st.one_of(
            st.lists(inner, min_size=1, max_size=3).map("".join),
            st.lists(inner, min_size=1, max_size=3).map(lambda options: f"(?:{'|'.join(options)})"),
            st.tuples(groups, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,2}", "*?", "{2,}"])).map("".join),
        )

    return st.recursive(anchored, grow, max_leaves=7)


def lookahead_patterns() -> st.SearchStrategy[str]:
    conditions = st.tuples(st.sampled_from(["(?=", "(?!"]), patterns()).map(lambda pair: f"{pair[0]}{pair[1]})")
    piece = st.one_of(patterns(), conditions)
    return st.lists(piece, min_size=1, max_size=4).map("".join)


TEXTS = st.text(CHARACTERS, max_size=6)


def check_against_python(pattern: str, text: str, search: bool) -> None:
    """What we accept Python accepts, in Unicode and in ASCII mode; ASCII texts without a last line feed match alike."""
    function = re.search if search else re.fullmatch
    ours = accepts(pattern, text, search)
    if ours:
        assert function(pattern, text)
    if text.isascii() and not text.endswith("\n"):
        assert ours == bool(function(pattern, text))


@given(patterns(), TEXTS, st.booleans())
@settings(max_examples=600, deadline=None)
def test_patterns_mean_what_python_means(pattern: str, text: str, search: bool) -> None:
    check_against_python(pattern, text, search)


@given(lookahead_patterns(), TEXTS, st.booleans())
@settings(max_examples=250, deadline=None)
def test_lookahead_means_what_python_means(pattern: str, text: str, search: bool) -> None:
    with contextlib.suppress(GrammarError):  # lookahead inside a loop, by test_refusals_point_at_the_place
        check_against_python(pattern, text, search)


@given(patterns(), TEXTS, st.booleans(), st.booleans())
@settings(max_examples=250, deadline=None)
def test_json_target_is_the_same_language_spelt_in_json(pattern: str, text: str, search: bool, counted: bool) -> None:
    target = Target(json=True, counted=counted)
    assert accepts(pattern, text, search, target) == accepts(pattern, text, search)


@given(patterns(), TEXTS, st.integers(0, 4), st.integers(0, 4))
@settings(max_examples=250, deadline=None)
def test_counted_patterns_count_code_points(pattern: str, text: str, low: int, high: int) -> None:
    node = ir.Counted(lowered(pattern, Target(json=True, counted=True), True), low, high)
    data = json.dumps(text, ensure_ascii=False)[1:-1].encode()
    assert matches(node, data) == (accepts(pattern, text, True) and low <= len(text) <= high)


@given(patterns(), TEXTS)
@settings(max_examples=250, deadline=None)
def test_length_range_bounds_every_match(pattern: str, text: str) -> None:
    low, high = length_range(parsed(pattern))
    if accepts(pattern, text):
        assert low <= len(text) <= (len(text) if high is None else high)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\x41\u00e9\u{1F600}\0\cA\t\/", "A\u00e9\U0001f600\0\x01\t/"),
        (r"\ud83d\ude00", "😀"),
        (r"[\ud83d\ude00-\u{1F602}]", "😁"),
        (r"(?<year>\d{4})-(?P<month>\d\d)", "2024-02"),
        (r"[\w-.]+", "a-._"),
        (r"a{b}{2}", "a{b}}"),
        (r"x{,y}", "x{,y}"),
        (r"[\s\S]{3}", "é\n "),
        (r"[^\d\D]|a", "a"),
        (r"[\b]", "\b"),
        (r"\p{Lu}\P{Lu}", "Éa"),
        (r"[^\p{L}]", "1"),
        (r"\Aab\Z", "ab"),
    ],
)
def test_constructs_beyond_the_common_subset(pattern: str, text: str) -> None:
    assert accepts(pattern, text)
    assert not accepts(pattern, text + "\x00é!")


@pytest.mark.parametrize(
    ("pattern", "column", "said"),
    [
        ("ab(c", 3, "missing ')'"),
        ("ab)c", 3, "unmatched"),
        ("a**", 3, "multiple repeat"),
        ("a{2}{3}", 5, "multiple repeat"),
        ("+a", 1, "nothing to repeat"),
        ("^*", 1, "nothing to repeat"),
        ("a{3,2}", 1, "out of order"),
        ("[z-a]", 2, "out of order"),
        ("[abc", 1, "missing ']'"),
        ("[]a]", 1, "different dialects"),
        ("[^]a]", 1, "different dialects"),
        ("a{,3}", 2, "different dialects"),
        (r"x\q", 2, "unknown escape"),
        (r"x\a", 2, "unknown escape"),
        (r"(a)\1", 4, "back-references"),
        (r"(?P<x>a)(?P=x)", 9, "back-references"),
        ("a(?i)b", 2, "at its start"),
        ("(?L)a", 1, "'L'"),
        ("(?-a:b)", 1, "'a'"),
        ("(?(1)a|b)", 1, "kind of group"),
        (r"\b*", 1, "nothing to repeat"),
        ("(?<=a)+", 1, "nothing to repeat"),
        ("x(?>a|ab)c", 2, "may change"),
        ("xa*+ab", 2, "may change"),
        ("(?:a++b?)*", 4, "may change"),
        (r"a++\b", 1, "may change"),
        ("(?>a*?)b", 1, "may change"),
        ("(?<=a++b)c", 1, "inside lookbehind"),
        (r"\ud800", 1, "surrogate"),
        (r"\u{110000}", 1, "Unicode"),
        (r"\xZ1", 1, "hexadecimal"),
        (r"\p{Klingon}", 1, "unknown property"),
        (r"\p{Script=Klingon}", 1, "unknown property"),
        (r"\p{InGreek}", 1, "unknown property"),
        ("a\\", 2, "backslash"),
        ("(?<a>x)(?<a>y)", 8, "used twice"),
        ("".join(f"(?={c})" for c in "abcdefghijklm") + r"\b", 61, "more than 12"),
        ("(" * 101 + ")" * 101, 101, "nest"),
    ],
)
def test_refusals_point_at_the_place(pattern: str, column: int, said: str) -> None:
    with pytest.raises(GrammarError) as caught:
        regex(pattern)
    assert said in caught.value.message
    assert (caught.value.line, caught.value.column) == (1, column)


def test_a_pattern_that_matches_nothing_is_refused() -> None:
    for pattern in ("a^b", r"[^\s\S]", "a$b"):
        with pytest.raises(GrammarError, match="no text matches"):
            regex(pattern)


def test_an_overlong_pattern_is_a_limit() -> None:
    with pytest.raises(LimitExceeded, match="max_schema_bytes"):
        regex("a" * 100, limits=Limits(max_schema_bytes=50))


def runs_of(pattern: str) -> list[tuple[int, int]]:
    everything = "".join(chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c < 0xE000)
    return [(ord(m[0][0]), ord(m[0][-1])) for m in re.finditer(f"{pattern}+", everything)]


@pytest.mark.parametrize("letter", ["d", "w", "s"])
def test_class_tables_hold_for_every_code_point_python_knows(letter: str) -> None:
    klass = classes.CLASS_ESCAPES[letter]
    python = normalise_ranges(runs_of(f"\\{letter}"))
    for low, high in python:
        assert all(inside(klass.outer, point) for point in range(low, high + 1))
    for low, high in klass.inner:
        assert all(inside(python, point) for point in range(low, high + 1))
