"""Regexes as whole languages: the compiled automaton against the one interegular builds."""

from __future__ import annotations

import re

import interegular
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.automata import algebra, run
from latticework.automata.automaton import ByteAutomaton
from latticework.automata.build import build_automaton
from latticework.grammar import regex

LETTERS = "abc1 "


def patterns() -> st.SearchStrategy[str]:
    atoms = st.sampled_from(["a", "b", "c", r"\d", "[ab]", "[^a]", r"\s", ".", "[a-c]", r"\w", "(?:)"])

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.lists(inner, min_size=1, max_size=4).map("".join),
            st.lists(inner, min_size=2, max_size=3).map(lambda options: f"(?:{'|'.join(options)})"),
            st.tuples(inner.map(lambda p: f"(?:{p})"), st.sampled_from(["*", "+", "?", "{2}", "{1,4}", "{3,}"])).map(
                "".join
            ),
        )

    return st.recursive(atoms, grow, max_leaves=10)


def first_difference(pattern: str, automaton: ByteAutomaton) -> str | None:
    """Shortest text over ``LETTERS`` on which the two automata disagree; exhaustive over pairs of states."""
    fsm = interegular.parse_pattern(pattern).to_fsm()
    start = (0, fsm.initial)
    seen = {start: ""}
    queue = [start]
    for mine, theirs in queue:
        text = seen[mine, theirs]
        if (mine is not None and bool(automaton.accepting[mine])) != (theirs in fsm.finals):
            return text
        for letter in LETTERS:
            after = None if mine is None else int(automaton.next_state[mine, automaton.byte_class[ord(letter)]])
            other = fsm.map.get(theirs, {}).get(fsm.alphabet[letter]) if theirs is not None else None
            pair = (None if after is None or after < 0 else after, other)
            if pair != (None, None) and pair not in seen:
                seen[pair] = text + letter
                queue.append(pair)
    return None


@given(patterns())
@settings(max_examples=250, deadline=None)
def test_the_language_is_the_one_interegular_builds(pattern: str) -> None:
    automaton = build_automaton(regex(pattern).node)
    expanded = algebra.expand(automaton) if automaton.has_counters else automaton
    assert first_difference(pattern, expanded) is None


def test_the_comparison_can_tell_languages_apart() -> None:
    automaton = build_automaton(regex("(ab){2,5}").node)
    assert first_difference("(ab){2,6}", algebra.expand(automaton)) == "ab" * 6
    assert run.accepts(automaton, b"ababab")
    assert np.count_nonzero(automaton.accepting) > 0


WORDS = [
    r"(?:\S+\s+){0,9}\S+",
    r"[aü]+(?:[bè]+[aü]+){2,6}",
    r"é{0,5}[èa]",
    r"(?:[aé]b?){4,6}[eè]?",
    r"(?:\S,){3,7}\S\w?",
]


@pytest.mark.parametrize("pattern", WORDS)
@given(text=st.text("aübèé \u2003\u20ac,", max_size=24))
@settings(max_examples=150, deadline=None)
def test_rounds_that_begin_with_characters_of_several_bytes(pattern: str, text: str) -> None:
    automaton = build_automaton(regex(pattern).node)
    assert run.accepts(automaton, text.encode()) == bool(re.fullmatch(pattern, text)), text


@pytest.mark.parametrize("separator", [r"\s+", ",", r"[\u2000-\u200a]"])
def test_a_bound_on_words_costs_no_states(separator: str) -> None:
    words = [rf"(?:[^\s,]+{separator}){{0,{most}}}[^\s,]+" for most in (9, 999)]
    small, large = (build_automaton(regex(pattern).node).states for pattern in words)
    assert small == large
