"""What rules of the Lark language mean: against the lark package, and against sets of texts by definition."""

from __future__ import annotations

from itertools import product

import lark as reference
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recogniser import Recogniser

import latticework as lw

LONGEST = 4
LETTERS = "abc"


def texts(alphabet: str, longest: int) -> list[str]:
    """All texts of at most that many characters."""
    return ["".join(word) for length in range(longest + 1) for word in product(alphabet, repeat=length)]


GRAMMARS = {
    "balanced": ('start: "(" start ")" start |', "()a"),
    "operators": ('start: "a"? "b"* ("c" | "a" "b")+', "abc"),
    "maybe": ('start: ["a" "b"] ["c"]', "abc"),
    "counts": ('start: "a"~2 "b"~0..2 ("c" "a")~1..2', "abc"),
    "many copies": ('start: "a"~5..11 "b"', "ab"),
    "nested choices": ('start: ("a" | "b" ("c" | )) ("a" | ["b"])', "abc"),
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

    def accepted(word: str) -> bool:
        try:
            parser.parse(word)
        except reference.exceptions.UnexpectedInput:
            return False
        return True

    recogniser = Recogniser(lw.lark(grammar))
    words = [*texts(alphabet, LONG.get(name, 5)), *MORE.get(name, ())]
    found = {word for word in words if recogniser.accepts(word)}
    assert found == {word for word in words if accepted(word)}
    assert found


# Expressions as nested tuples; a name stands for a rule. Their texts are worked out by iteration to the fixed point.
LEAVES = st.sampled_from([("text", letter) for letter in LETTERS] + [("name", rule) for rule in ("start", "x", "y")])


def larger(inner: st.SearchStrategy) -> st.SearchStrategy:
    bounds = st.tuples(st.integers(0, 2), st.integers(0, 3)).map(lambda pair: (pair[0], pair[0] + pair[1]))
    return st.one_of(
        st.tuples(st.just("sequence"), st.lists(inner, max_size=3)),
        st.tuples(st.just("choice"), st.lists(inner, min_size=1, max_size=3)),
        st.tuples(st.sampled_from("?*+["), inner),
        st.tuples(st.just("~"), inner, bounds),
    )


EXPRESSIONS = st.recursive(LEAVES, larger, max_leaves=6)


def written(expression: tuple) -> str:
    match expression:
        case ("text", letter):
            return f'"{letter}"'
        case ("name", rule):
            return rule
        case ("sequence", parts):
            return "(" + " ".join(map(written, parts)) + ")"
        case ("choice", options):
            return "(" + " | ".join(map(written, options)) + ")"
        case ("[", inner):
            return f"[{written(inner)}]"
        case ("~", inner, (low, high)):
            return f"({written(inner)})~{low}..{high}"
        case (sign, inner):
            return f"({written(inner)}){sign}"
    raise TypeError(expression)


def joined(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    return frozenset(a + b for a in left for b in right if len(a) + len(b) <= LONGEST)


def copies(texts: frozenset[str], low: int, high: int) -> frozenset[str]:
    reached = frozenset(("",))
    found: frozenset[str] = reached if low == 0 else frozenset()
    for count in range(1, high + 1):
        reached = joined(reached, texts)
        if count >= low:
            found |= reached
    return found


def meaning(expression: tuple, known: dict[str, frozenset[str]]) -> frozenset[str]:
    match expression:
        case ("text", letter):
            return frozenset((letter,))
        case ("name", rule):
            return known[rule]
        case ("sequence", parts):
            found = frozenset(("",))
            for part in parts:
                found = joined(found, meaning(part, known))
            return found
        case ("choice", options):
            return frozenset().union(*(meaning(option, known) for option in options))
        case ("[" | "?", inner):
            return meaning(inner, known) | {""}
        case ("~", inner, (low, high)):
            return copies(meaning(inner, known), low, high)
        case (sign, inner):
            return copies(meaning(inner, known), sign == "+", LONGEST + 1)
    raise TypeError(expression)


def read(text: str) -> lw.Grammar | None:
    """The grammar, unless it has no texts."""
    try:
        return lw.lark(text)
    except lw.GrammarError as error:
        if "no text follows" not in error.message:
            raise
        return None


@settings(max_examples=150)
@given(st.fixed_dictionaries({"start": EXPRESSIONS, "x": EXPRESSIONS, "y": EXPRESSIONS}))
def test_rules_mean_what_they_say(rules: dict[str, tuple]) -> None:
    known: dict[str, frozenset[str]] = dict.fromkeys(rules, frozenset())
    while (after := {rule: meaning(body, known) for rule, body in rules.items()}) != known:
        known = after
    text = "\n".join(f"{rule}: {written(body)}" for rule, body in rules.items())
    grammar = read(text)
    if grammar is None:
        assert not known["start"]
        return
    recogniser = Recogniser(grammar)
    assert {word for word in texts(LETTERS, LONGEST) if recogniser.accepts(word)} == known["start"]
