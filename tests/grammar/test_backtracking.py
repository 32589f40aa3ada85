"""Patterns on which a matcher that backtracks would not come back never meet one."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import SchemaError
from latticework.grammar import json_schema
from latticework.grammar.json_schema.sources import JsonReader
from latticework.grammar.regex.backtracking import may_be_slow

LONG = "a" * 60 + "!"


@pytest.fixture(autouse=True)
def comes_back() -> Iterator[None]:
    """Ends a test that would take for ever: ``re`` lets signals through while it searches."""

    def stop(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    "pattern",
    [
        "^(a+)+$",
        "^(a|a)*$",
        "^(a|aa)+$",
        "^(a*)*b$",
        "(a?){40}a{40}$",
        "a*a*a*a*b",
        "^(?:a?){30}b",
        r"^(a+)+\1$",
        "^((a|b)*c?)*$",
    ],
)
def test_what_may_take_for_ever_is_known(pattern: str) -> None:
    assert may_be_slow(pattern, LONG)


@pytest.mark.parametrize(
    "pattern", ["^[a-z]+$", "^x-", r"^\d{4}-\d{2}$", "^(get|put|post)$", r"^[A-Z]\w*\.\w+$", r"^(a)\1$"]
)
def test_what_is_usual_is_left_to_python(pattern: str) -> None:
    assert not may_be_slow(pattern, "a name of usual length")


def test_names_beside_patterns() -> None:
    schema = {
        "properties": {LONG: {"type": "integer"}, "aa": {"type": "integer"}},
        "patternProperties": {"^(a+)+$": {"minimum": 3}},
        "type": "object",
    }
    automaton = build_automaton(json_schema(schema).node)
    assert run.accepts(automaton, f'{{"{LONG}":1,"aa":3}}'.encode())
    assert not run.accepts(automaton, b'{"aa":1}')


def test_given_values_beside_patterns() -> None:
    automaton = build_automaton(json_schema({"enum": [LONG, "aa"], "pattern": "^(a+)+$"}).node)
    assert run.accepts(automaton, b'"aa"')
    assert not run.accepts(automaton, f'"{LONG}"'.encode())


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": [LONG, "b"], "pattern": r"^(a+)+\1$"},
        {"enum": [[{LONG: 1}]], "items": {"patternProperties": {"^(a+)+$": True}, "unevaluatedProperties": False}},
        {
            "enum": [[{LONG: 1}]],
            "items": {"$ref": "#/$defs/a", "unevaluatedProperties": False},
            "$defs": {"a": {"patternProperties": {"^(a+)+$": True}}},
        },
    ],
)
def test_what_nobody_can_tell_in_time_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        json_schema(schema)


def test_documents_are_checked_in_time() -> None:
    reader = JsonReader(check={"type": "array", "items": {"pattern": "^(a+)+$"}})
    assert reader('["aa"]') == ["aa"]
    with pytest.raises(Exception, match="does not match"):
        reader(f'["{LONG}"]')


_ATOMS = st.sampled_from(["a", "b", "[ab]", "(?:a|b)", "."])
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,3}"])).map(lambda p: f"(?:{p[0]}){p[1]}"),
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda p: f"(?:{p[0]}|{p[1]})"),
    ),
    max_leaves=5,
)


@given(_PATTERNS, st.text("ab", max_size=6))
def test_slow_or_not_the_answer_is_the_same(pattern: str, text: str) -> None:
    """Our own automata, which stand in for ``re``, find what it finds."""
    from latticework.grammar.regex import matches

    found = matches(f"^{pattern}$", text)
    assume(found is not None)
    assert found == bool(re.search(rf"^{pattern}\Z", text))
