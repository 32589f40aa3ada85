"""GBNF: against sets of texts by definition, against ``re``, and what is wrong with a text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from random_rules import RULES, accepted, gbnf_text, short_texts
from recogniser import Recogniser

import latticework as lw
from latticework.automata.build import build_automaton
from latticework.automata.run import accepts


def read(text: str) -> lw.Grammar | None:
    """The grammar, unless it has no texts."""
    try:
        return lw.gbnf(text, "start")
    except lw.GrammarError as error:
        if "no text follows" not in error.message:
            raise
        return None


@settings(max_examples=150, deadline=None)
@given(RULES)
def test_rules_mean_what_they_say(rules: dict[str, tuple]) -> None:
    wanted = short_texts(rules)["start"]
    grammar = read(gbnf_text(rules))
    assert (accepted(grammar) if grammar else frozenset()) == wanted


@pytest.mark.parametrize(
    "rules",
    [
        'start ::= "a" start | "b"',
        'start ::= start "a" | "b"',
        'start ::= "a" x | "b"\nx ::= "c" start | y? \ny ::= "a" y | x',
        'start ::= x "a" | "b"\nx ::= start "c" | y "b"?\ny ::= x ("a" | "b")',
        'start ::= (("a" | "b") start)?',
        'start ::= x x\nx ::= ("a" x)?',
        'start ::= start | "a"',
    ],
)
def test_rules_that_lead_back_at_one_end_are_regular(rules: str) -> None:
    assert lw.gbnf(rules, "start").context_free is None


@pytest.mark.parametrize("rules", ['start ::= "a" start "b" | "c"', 'start ::= "a" start | start "b" | "c"'])
def test_others_are_not(rules: str) -> None:
    assert lw.gbnf(rules, "start").context_free is not None


@pytest.mark.parametrize(
    ("body", "pattern", "words"),
    [
        ("[a-c]+", "[a-c]+", ["", "a", "abc", "d", "a-"]),
        ("[^a-c\\n]{2,3}", "[^a-c\\n]{2,3}", ["x", "xy", "xyz", "wxyz", "xa", "x\n", "éé"]),
        ("[a\\-z]* [-x]", r"[a\-z]*[-x]", ["-", "a-", "zx", "b-"]),
        (".{2}", "(?s:.{2})", ["a", "ab", "a\n", "😀b"]),
        (r'"\x41\u00e9\U0001F600\t\"\\"', 'Aé😀\t"\\\\', ['Aé😀\t"\\', "A"]),
        ('"ab"* "c"? ("d" | "ef"){1,}', "(ab)*c?(d|ef)+", ["d", "ababcef", "abd", "aab", "cdefd"]),
        (r"[\]\[\\]+", r"[\]\[\\]+", ["[]", "\\", "a"]),
        ('"a" ( "b"\n # comment\n | "c"\n )', "a(b|c)", ["ab", "ac", "a"]),
        ('"a" |\n "b"\n | "c"', "a|b|c", ["a", "b", "c", "ab"]),
        ('("a"+)? "b"{0}', "a*", ["", "aa", "b"]),
    ],
)
def test_what_characters_and_repetitions_mean(body: str, pattern: str, words: list[str]) -> None:
    automaton = build_automaton(lw.gbnf(f"root ::= {body}  # the end\n").node)
    for word in words:
        assert accepts(automaton, word.encode()) == bool(re.fullmatch(pattern, word)), word


JSON = r"""
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws
object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
array  ::= "[" ws ( value ("," ws value)* )? "]" ws
string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
# Optional space: by convention, applied in this grammar after literal chars when allowed
ws ::= | " " | "\n" [ \t]{0,20}
"""


def test_a_grammar_of_json() -> None:
    grammar = lw.gbnf(JSON)
    recogniser = Recogniser(grammar)
    assert grammar.context_free is not None
    assert {terminal.munch for terminal in grammar.context_free.terminals} == {False}
    assert recogniser.accepts('{"a": [1, -2.5e3, {"b\\n": null}], "": []} ')
    assert recogniser.accepts('{ "a":\n  true}')
    for wrong in ('{"a": [1, 2}', '{"a"  : 1}', '{"a": 01}', "[]", '{"a": 1,}', '{"a":  1}'):
        assert not recogniser.accepts(wrong), wrong


def test_names_may_hold_dashes_and_digits() -> None:
    automaton = build_automaton(lw.gbnf('root ::= my-Rule-2 "!"\nmy-Rule-2 ::= [0-9]').node)
    assert accepts(automaton, b"7!")


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ('root ::= "a" "b', "does not end in its line", (1, 14)),
        ('root ::= ("a"\n', "the text ends where ')' is wanted", (2, 1)),
        ('root = "a"', "stands where '::=' is wanted", (1, 6)),
        ('root ::= x\ny ::= "a"', "no rule 'x'", (1, 10)),
        ('root ::= "a"\nroot ::= "b"', "defined twice", (2, 1)),
        ("root ::= [b-a]", "range is empty", (1, 11)),
        ("root ::= []", "no character", (1, 10)),
        (r'root ::= "\q"', "unknown escape", (1, 11)),
        (r"root ::= [\uD800]", "no character", (1, 11)),
        ('root ::= "a"{2,1}', "impossible number of copies", (1, 13)),
        ('root ::= "a"{x}', "malformed bounds", (1, 13)),
        ("root ::= <think>", "tokens by name", (1, 10)),
        ('root ::= "a" root', "no text follows", (1, 1)),
        ('root ::= "a" root "b" root', "no text follows", (1, 1)),
        ('start ::= "a"', "no rule 'root'", (1, 1)),
        ('root ::= "a")', "stands where the end of the rule", (1, 13)),
    ],
)
def test_errors_point_at_their_place(text: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(lw.GrammarError, match=re.escape(message)) as caught:
        lw.gbnf(text)
    assert (caught.value.line, caught.value.column) == place


def test_rules_that_nothing_uses_are_reported() -> None:
    assert lw.gbnf('root ::= "a"\nx ::= y\ny ::= "b"').warnings == ("x: nothing uses it", "y: nothing uses it")


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a.gbnf").write_text('root ::= "a"')
    assert lw.gbnf(tmp_path / "a.gbnf") == lw.gbnf('root ::= "a"')
    with pytest.raises(lw.InputError, match="cannot read"):
        lw.gbnf(tmp_path / "b.gbnf")


@pytest.mark.parametrize("text", ["root ::= [a-", "root ::= [", "root ::= [a", "root ::= [^", "root ::= [\\"])
def test_classes_that_do_not_end_are_refused(text: str) -> None:
    with pytest.raises(lw.GrammarError):
        lw.gbnf(text)
