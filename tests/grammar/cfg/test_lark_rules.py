"""What rules of the Lark language mean: against the lark package, and against sets of texts by definition."""

from __future__ import annotations

import lark as reference
import pytest
from hypothesis import given, settings
from random_rules import RULES, accepted, lark_text, short_texts, texts
from recogniser import Recogniser

import latticework as lw

GRAMMARS = {
    "balanced": ('start: "(" start ")" start |', "()a"),
    "operators": ('start: "a"? "b"* ("c" | "a" "b")+', "abc"),
    "maybe": ('start: ["a" "b"] ["c"]', "abc"),
    "counts": ('start: "a"~2 "b"~0..2 ("c" "a")~1..2', "abc"),
    "many copies": ('start: "a"~5..11 "b"', "ab"),
    "nested choices": ('start: ("a" | "b" ("c" | )) ("a" | ["b"])', "abc"),
    "empty first": ('start: | "a" x start\nx: "b"\n    | (| "c") "a"', "abc"),
    "empty first line": ('start: "a" x\nx:\n    | "b"\n    | "c"', "abc"),
    "aliases": ('start: "a" -> first | b -> second\n?b: "b" "c" -> third', "abc"),
    "modifiers": ('!start: _x?\n_x.2: "a" x\n?x: "b" | _x', "ab"),
    "left recursion": ('start: start "a" | "b"', "ab"),
    "hidden left recursion": ('start: e start "a" | "b"\ne: "c"*', "abc"),
    "cycle": ('start: start | x\nx: start "a" | "b"', "ab"),
    "palindromes": ('start: "a" start "a" | "b" start "b" | "c"', "abc"),
    "templates": ('start: _list{"a", ","} | _list{b, "c"}\n_list{x, sep}: x (sep x)*\nb: "b"', "ab,c"),
    "templates in templates": ('start: pair{wrap{"a"}}\npair{x}: x x\nwrap{y}: "b" y | y', "ab"),
    "recursive template": ('start: nest{"a"}\nnest{x}: x | "b" nest{x} "c"', "abc"),
    "lines": ('start: "a"\n    | "b" start\n    // nothing here\n    | "c" # nor here\n', "abc"),
    "named text": ('start: A "a" B\nA: "a"\nB.3: "b"', "ab"),
    "range": ('start: "a".."b" C+\nC: "c".."d"', "abcd"),
    "ignored": ('start: "a" "b" "c"\n%ignore " "\n%ignore X\nX: "x"', "abc x"),
    "string escapes": (r'start: "\"" "\\" "\x61" "\u0062" "\n"', '"\\ab\n'),
    "any case": ('start: "a"i "b"', "aAbB"),
    "regular expressions": ("start: /a+/ /[bc]/ | /d/i", "abcdD"),
}

LONG = {"counts": 7, "many copies": 1, "palindromes": 6, "ignored": 4}
MORE = {"many copies": ["a" * count + "b" for count in range(14)], "ignored": ["  a bxc ", "ab cx", "a xb"]}


@pytest.mark.parametrize("name", GRAMMARS)
def test_accepts_what_lark_accepts(name: str) -> None:
    grammar, alphabet = GRAMMARS[name]
    parser = reference.Lark(grammar, lexer="basic", parser="earley")

    def in_lark(word: str) -> bool:
        try:
            parser.parse(word)
        except reference.exceptions.UnexpectedInput:
            return False
        return True

    recogniser = Recogniser(lw.lark(grammar))
    words = [*texts(alphabet, LONG.get(name, 5)), *MORE.get(name, ())]
    found = {word for word in words if recogniser.accepts(word)}
    assert found == {word for word in words if in_lark(word)}
    assert found


def read(text: str) -> lw.Grammar | None:
    """The grammar, unless it has no texts."""
    try:
        return lw.lark(text)
    except lw.GrammarError as error:
        if "no text follows" not in error.message:
            raise
        return None


@settings(max_examples=100, deadline=None)
@given(RULES)
def test_rules_mean_what_they_say(rules: dict[str, tuple]) -> None:
    wanted = short_texts(rules)["start"]
    grammar = read(lark_text(rules))
    assert (accepted(grammar) if grammar else frozenset()) == wanted
