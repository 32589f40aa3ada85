"""Free text, choices, and grammars put together."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_matcher import matches

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import GrammarError, InputError, LimitExceeded
from latticework.grammar import Grammar, Limits, choice, ir, json_schema, regex, text

RAW = st.binary(max_size=6) | st.text("aé😀<", max_size=5).map(str.encode)


def is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def both(node: ir.Node, data: bytes) -> bool:
    verdict = matches(node, data)
    assert verdict == run.accepts(build_automaton(node), data)
    return verdict


@given(RAW, st.none() | st.integers(0, 5), st.none() | st.integers(0, 5))
@settings(max_examples=250, deadline=None)
def test_text_is_well_formed_and_bounded(data: bytes, max_bytes: int | None, max_chars: int | None) -> None:
    node = text(max_bytes=max_bytes, max_chars=max_chars).node
    expected = is_text(data)
    expected = expected and (max_bytes is None or len(data) <= max_bytes)
    expected = expected and (max_chars is None or len(data.decode()) <= max_chars)
    assert both(node, data) == expected


@given(st.text("ab<>", max_size=8), st.sampled_from(["a", "ab", "aba", "</a>", "aab"]), st.none() | st.integers(4, 6))
@settings(max_examples=250, deadline=None)
def test_text_ends_at_the_first_marker(data: str, marker: str, max_chars: int | None) -> None:
    node = text(until=marker, max_chars=max_chars).node
    expected = data.find(marker) == len(data) - len(marker) and marker in data
    assert both(node, data.encode()) == (expected and (max_chars is None or len(data) <= max_chars))


@pytest.mark.parametrize(
    "options",
    [
        {"until": ""},
        {"max_bytes": -1},
        {"max_chars": -1},
        {"until": "abc", "max_bytes": 2},
        {"until": "é", "max_bytes": 1},
    ],
)
def test_text_that_cannot_be_is_refused(options: dict) -> None:
    with pytest.raises(GrammarError):
        text(**options)


def test_unrolled_bounds_are_limited() -> None:
    with pytest.raises(LimitExceeded, match="max_text_bytes"):
        text(max_bytes=10_000)
    assert matches(text(max_chars=10_000).node, b"x" * 10_000)


def test_choices_are_exact() -> None:
    node = choice(["yes", "no", "näh", ""]).node
    assert [both(node, word.encode()) for word in ("yes", "no", "näh", "", "ye", "yes ", "NO")] == [True] * 4 + [
        False
    ] * 3


@pytest.mark.parametrize("options", ["yes", [1], ["\ud800"]])
def test_unusable_choices_are_input_errors(options: object) -> None:
    with pytest.raises(InputError):
        choice(options)  # pyright: ignore[reportArgumentType]


def test_empty_and_oversized_choices() -> None:
    with pytest.raises(GrammarError, match="at least one"):
        choice([])
    with pytest.raises(LimitExceeded, match="max_enum_values"):
        choice(["a", "b"], limits=Limits(max_enum_values=1))


def test_concatenation_and_union() -> None:
    both_parts = regex("a+") + choice(["x", "y"])
    assert matches(both_parts.node, b"aay")
    assert not matches(both_parts.node, b"y")
    either = regex("a+") | choice(["x", "y"])
    assert matches(either.node, b"aa")
    assert matches(either.node, b"y")
    assert both_parts.parse("aay") == "aay"
    assert (regex("a") + regex("b")) == (regex("a") + regex("b"))


def test_thinking_then_a_document() -> None:
    grammar = text(until="</think>") + json_schema({"type": "integer"})
    assert matches(grammar.node, b"well, </thin</think>12")
    assert not matches(grammar.node, b"</think></think>12")
    assert grammar.parse("well</think>12") == 12
    assert grammar.kind == "concat"


def test_union_reads_with_the_first_grammar_that_can() -> None:
    grammar = json_schema({"type": "integer"}) | json_schema({"type": "null"})
    assert grammar.parse("null") is None
    with_text = json_schema({"type": "integer"}) | regex("n/a")
    assert with_text.parse("7") == 7
    assert with_text.parse("n/a") == "n/a"


def test_grammars_are_immutable_values() -> None:
    grammar = regex("a")
    with pytest.raises(AttributeError):
        grammar.kind = "x"  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        grammar.options["pattern"] = "b"  # pyright: ignore[reportIndexIssue]
    assert {grammar, regex("a")} == {grammar}
    assert isinstance(grammar, Grammar)
    with pytest.raises(TypeError):
        grammar + "b"  # pyright: ignore[reportOperatorIssue]


@pytest.mark.parametrize("change", [{"max_states": 0}, {"max_states": (1 << 20) + 1}, {"max_nodes": -1}])
def test_limits_are_checked(change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="max_"):
        Limits(**change)
