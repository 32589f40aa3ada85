"""Grammars put together, and tags in free text, against direct readings of their definitions."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recogniser import Recogniser

import latticework as lw
from latticework.automata.build import build_automaton
from latticework.automata.run import accepts

NESTED = lw.lark('start: "(" start ")" | "x"')


def accepter(grammar: lw.Grammar) -> Callable[[str], bool]:
    if grammar.context_free is not None:
        return Recogniser(grammar).accepts
    automaton = build_automaton(grammar.node)
    return lambda text: accepts(automaton, text.encode())


def words(alphabet: str, longest: int) -> list[str]:
    return ["".join(word) for length in range(longest + 1) for word in product(alphabet, repeat=length)]


def nested(text: str) -> bool:
    depth = (len(text) - 1) // 2
    return text == "(" * depth + "x" + ")" * depth


@pytest.mark.parametrize(
    ("grammar", "wanted"),
    [
        (lw.regex("a*") + NESTED, lambda text: nested(text.lstrip("a"))),
        (NESTED + lw.regex("a+"), lambda text: text.endswith("a") and nested(text.rstrip("a"))),
        (NESTED + NESTED, lambda text: any(nested(text[:at]) and nested(text[at:]) for at in range(len(text)))),
        (NESTED | lw.regex("a*"), lambda text: nested(text) or not text.strip("a")),
        (lw.regex("a?") + (NESTED | lw.regex("a")), lambda text: text in ("a", "aa") or nested(text.removeprefix("a"))),
    ],
)
def test_concatenation_and_union(grammar: lw.Grammar, wanted: Callable[[str], bool]) -> None:
    is_accepted = accepter(grammar)
    for text in words("ax()", 5):
        assert is_accepted(text) == wanted(text), text
    assert grammar.kind in ("concat", "union")
    assert any("does not end" in narrowing for narrowing in grammar.narrowings)


def test_prose_then_json_in_a_fence() -> None:
    is_accepted = accepter(lw.text(until="```json\n") + lw.lark("json") + lw.regex("\n```"))
    assert is_accepted('So:\n```json\n{"a": [1, {"b": "```"}]}\n```')
    assert not is_accepted('So:\n```json\n{"a": [1, {"b": 2}}\n```')
    assert not is_accepted('So: {"a": 1}')


VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-9, 99), st.sampled_from(["", "a", "}"])),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None)
@given(VALUES, st.text(st.sampled_from('a1,.:{}[]" '), max_size=6), st.integers(0, 20))
def test_json_then_free_text(value: object, rest: str, cut: int) -> None:
    document = json.dumps(value)
    assert JSON_THEN_TEXT(document)
    text = document[cut:] + rest
    if JSON_THEN_TEXT(text):
        json.JSONDecoder().raw_decode(text.lstrip())
    # Left out: what makes a number longer, a string, and what is nothing but a fixed text of JSON.
    shown = rest.strip()
    ends_openly = isinstance(value, int) and not isinstance(value, bool)
    if shown and not ends_openly and shown[0] != '"' and shown not in "{}[],:":
        assert JSON_THEN_TEXT(document + rest)


JSON_THEN_TEXT = accepter(lw.lark("json") + lw.text())


def test_regular_grammars_stay_regular() -> None:
    assert (lw.regex("a") + lw.regex("b")).context_free is None
    assert (lw.regex("a") | lw.choice(["b"])).context_free is None


def test_schemas_and_grammars_inside_a_grammar() -> None:
    text = 'start: "call" NAME PERSON [";" sum]\nNAME: /[a-z]+/\n%declare PERSON sum\n%ignore " "'
    person = lw.json_schema({"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]})
    grammar = lw.lark(text, terminals={"PERSON": person}, rules={"sum": lw.lark("arithmetic")})
    is_accepted = accepter(grammar)
    assert is_accepted('call me {"age":3}')
    assert is_accepted('call  me  {"age":3} ; 1 + (2 *3)')
    assert not is_accepted('call me {"age":"3"}')
    assert not is_accepted('call me {"age":3} ; 1 + (2 *3')
    assert any(narrowing.startswith("PERSON: ") for narrowing in grammar.narrowings)


def test_a_given_terminal_may_match_nothing() -> None:
    grammar = lw.lark('start: "a" X "b"\n%declare X', terminals={"X": lw.regex("c*")})
    assert [text for text in words("abc", 4) if accepter(grammar)(text)] == ["ab", "acb", "accb"]


def test_what_is_given_must_be_declared_and_of_its_kind() -> None:
    with pytest.raises(lw.GrammarError, match="does not declare"):
        lw.lark('start: "a"', terminals={"X": lw.regex("b")})
    with pytest.raises(lw.InputError, match="context-free"):
        lw.lark("start: X\n%declare X", terminals={"X": NESTED})
    with pytest.raises(lw.InputError, match="small letters"):
        lw.lark("start: X\n%declare X", rules={"X": NESTED})


def tagged(text: str, kinds: Sequence[tuple[str, Callable[[str], bool], str]], triggers: Sequence[str]) -> set[int]:
    """How many tags a text may be read with, by the definition of ``tags``."""
    places = [(at, trigger) for at in range(len(text)) for trigger in triggers if text.startswith(trigger, at)]
    if not places:
        return {0}
    # The trigger whose end comes first is the one that counts; of several, any.
    first = min(at + len(trigger) for at, trigger in places)
    found: set[int] = set()
    for at, trigger in places:
        if at + len(trigger) > first:
            continue
        for begin, is_body, end in kinds:
            own = min((one for one in triggers if begin.startswith(one)), key=len)
            if own != trigger or not text.startswith(begin, at):
                continue
            start = at + len(begin)
            for stop in range(start, len(text) + 1):
                if is_body(text[start:stop]) and text.startswith(end, stop):
                    found |= {1 + more for more in tagged(text[stop + len(end) :], kinds, triggers)}
    return found


def letters(text: str) -> bool:
    return bool(text) and not text.strip("x")


TEXTS = st.lists(st.sampled_from(["<", "<(", "<x", "x", "(", ")", ">", "/", "<(x)/>", "<xx>"]), max_size=7).map("".join)


KINDS = {"regular": [("<x", letters, ">")], "nested": [("<x", letters, ">"), ("<", nested, "/>")]}
BODIES = {letters: lw.regex("x+"), nested: NESTED}


@cache
def tags_of(name: str, triggers: tuple[str, ...]) -> Callable[[str], bool]:
    made = lw.tags([lw.Tag(a, BODIES[body], z) for a, body, z in KINDS[name]], triggers=triggers or None, at_most=2)
    assert (made.context_free is None) == (name == "regular")
    return accepter(made)


@pytest.mark.parametrize(
    ("name", "triggers"),
    [("regular", ()), ("regular", ("<",)), ("regular", ("<x", "<(")), ("nested", ()), ("nested", ("<", "/>"))],
)
@settings(max_examples=150, deadline=None)
@given(text=TEXTS)
def test_tags(name: str, triggers: tuple[str, ...], text: str) -> None:
    wanted = tagged(text, KINDS[name], triggers or [begin for begin, _, _ in KINDS[name]])
    assert tags_of(name, triggers)(text) == bool(wanted & {0, 1, 2})


def test_tool_calls() -> None:
    calls = [
        lw.Tag("<call>", lw.lark("json"), "</call>"),
        lw.Tag("<say ", lw.json_schema({"type": "string"}), ">"),
        lw.Tag("<note>", lw.text(until="\n"), ""),
    ]
    is_accepted = accepter(lw.tags(calls, at_least=1))
    body = json.dumps({"a": [1, {"b": "</call>"}]})
    assert is_accepted(f"First. <call>{body}</call> Then <call>1</call><say " + '"hi"><note> <call>\n!')
    assert not is_accepted("<note> x")
    assert not is_accepted("No call.")
    assert not is_accepted("<call>{</call>")
    assert not is_accepted("<call>1</call> <call>")


def test_tags_must_begin_with_triggers() -> None:
    with pytest.raises(lw.GrammarError, match="begins with no trigger"):
        lw.tags([lw.Tag("[", NESTED, "]")], triggers=["<"])
    with pytest.raises(lw.GrammarError, match="in front of the end"):
        lw.tags([lw.Tag("<x>", NESTED, "]"), lw.Tag("x", NESTED, "]")])
    with pytest.raises(lw.InputError, match="impossible number"):
        lw.tags([lw.Tag("[", NESTED, "]")], at_least=2, at_most=1)
    with pytest.raises(lw.InputError, match="must not be empty"):
        lw.tags([lw.Tag("", NESTED, "]")])
