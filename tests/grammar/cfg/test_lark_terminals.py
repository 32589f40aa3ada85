"""Terminals of the Lark language: their languages against ``re``, which of them are texts, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from itertools import product

import lark as reference
import pytest
from recogniser import Recogniser

import latticework as lw
from latticework.automata.build import build_automaton
from latticework.automata.run import accepts
from latticework.grammar.cfg.syntax import Terminal


def terminals(grammar: str) -> dict[str, Terminal]:
    found = lw.lark(grammar).context_free
    assert found is not None
    return {terminal.name: terminal for terminal in found.terminals}


def language(grammar: str, name: str = "A") -> Callable[[str], bool]:
    automaton = build_automaton(terminals(grammar)[name].pattern)
    return lambda text: accepts(automaton, text.encode())


def texts(alphabet: str, longest: int) -> list[str]:
    return ["".join(word) for length in range(1, longest + 1) for word in product(alphabet, repeat=length)]


DEFINITIONS = [
    ('"a" "b" | "c"', "ab|c", "abc"),
    ('("a" | "b")* "c"', "[ab]*c", "abc"),
    ('["a"] B\nB: "b"~2..3', "a?b{2,3}", "ab"),
    ('/a+/ "b"i', "a+[bB]", "abB"),
    ('/(a|b)/ C\nC: /c?/ "a"', "[ab]c?a", "abc"),
    ('"a".."c" /[^b]/', "[a-c][^b]", "abcd"),
    ("/A b # comment\n c/ix", "(?i:abc)", "aAbBcC"),
    (r"/a\/b/", "a/b", "a/b"),
    ("/a.b/s", "(?s:a.b)", "ab\n"),
    ("/(?!ab)[ab]{3}/", "(?!ab)[ab]{3}", "ab"),
    ("/a(?=b)[ab]+/", "a(?=b)[ab]+", "ab"),
    (r"/[ab]{2,}(?<!aa)b/", "[ab]{2,}(?<!aa)b", "ab"),
    (r'"a\d"', r"a\\d", "ad\\"),
]


@pytest.mark.parametrize(("body", "pattern", "alphabet"), DEFINITIONS)
def test_language_of_a_terminal(body: str, pattern: str, alphabet: str) -> None:
    matches = language(f"start: A\nA: {body}")
    for text in texts(alphabet, 5 if len(alphabet) < 5 else 4):
        assert matches(text) == bool(re.fullmatch(pattern, text)), text


LAZY = [
    ('"/*" /(.|\\n)*?/ "*/"', r"/\*(.|\n)*?\*/", "/*a"),
    (r'/".*?(?<!\\)(\\\\)*?"/', r'".*?(?<!\\)(\\\\)*?"', '"\\a'),
    ("/a+?b/ | /b.*?a/", "a+?b|b.*?a", "ab"),
    ("/[ab]/ /c.*?a/", "[ab]c.*?a", "abc"),
    ("/a*.*?b/", "a*.*?b", "abc"),
    ('/(a|b)??c/ "a"', "(a|b)??ca", "abc"),
    ('/<.*?>/ "a"? "b"?', "<.*?>a?b?", "<>ab"),
]


@pytest.mark.parametrize(("body", "pattern", "alphabet"), LAZY)
def test_lazy_repetitions_end_as_soon_as_they_can(body: str, pattern: str, alphabet: str) -> None:
    matches = language(f"start: A\nA: {body}")
    for text in texts(alphabet, 6):
        found = re.match(pattern, text)
        assert matches(text) == (found is not None and found.end() == len(text)), text


GUARDED = [
    (r"start: (KEY | NAME | /[0-9]/)+" + "\n" + r"KEY.1: /if\b/" + "\n" + r"NAME: /[a-z]+/", "if1", False),
    (r"start: (KEY | /[0-9]/ | /[a-z]/)+" + "\n" + r"KEY.1: /if\b/", "if1-", False),
    (r'start: (A | "b" | "c")+' + "\n" + "A: /a(?!b)/", "abc", True),
    (r'start: (A | B | "c")+' + "\n" + "A: /a(?!b)|c(?!a)c/" + "\n" + "B: /b/", "abc", True),
    (r'start: (A | "=" | ">")+' + "\n" + "A: /[<](?!=>)/", "<=>", False),
    (r'start: (A | "-" | "+")+' + "\n" + r"A: /-\B\+/", "-+a", True),
    (r"start: (A | /[a+]/)+" + "\n" + r"A: /-+\B/", "-+a", True),
]


@pytest.mark.parametrize(("grammar", "alphabet", "is_exact"), GUARDED)
def test_conditions_on_what_follows(grammar: str, alphabet: str, is_exact: bool) -> None:
    parser = reference.Lark(grammar, lexer="basic", parser="earley", ambiguity="explicit")
    recogniser = Recogniser(lw.lark(grammar))
    found: set[str] = set()
    wanted: set[str] = set()
    for text in texts(alphabet, 5):
        if recogniser.accepts(text):
            found.add(text)
        with suppress(reference.exceptions.UnexpectedInput):
            parser.parse(text)
            wanted.add(text)
    assert found
    assert found == wanted if is_exact else found < wanted


def test_common_insides_of_strings() -> None:
    text = 'start: A | B\nA: "\'" _STRING_ESC_INNER "\'"\nB: "<" _STRING_INNER ">"\n'
    text += "%import common (_STRING_ESC_INNER, _STRING_INNER)"
    for name, pattern in (("A", r"'([^'\\]|\\.)*'"), ("B", r"<[^>]*>")):
        matches = language(text, name)
        for word in texts("'\\a<>", 5):
            assert matches(word) == bool(re.fullmatch(pattern, word)), word


def test_which_terminals_are_texts() -> None:
    found = terminals('start: "x" A B C D "y"i /z/\nA: "a"\nB: "b" "c"\nC.2: "c"i\nD: "d" | "e"')
    assert {name for name, terminal in found.items() if terminal.is_literal} == {'"x"', "A", "C", '"y"'}
    assert found["C"].priority == 2


def test_a_text_that_has_a_name_is_that_terminal() -> None:
    assert set(terminals('start: "a" A "b"i B\nA.5: "a"\nB: "b"i')) == {"A", "B"}
    assert set(terminals('start: "a"i A\nA: "a"')) == {'"a"', "A"}


def test_terminals_that_only_make_up_others_do_not_compete() -> None:
    assert set(terminals('start: A\nA: B "c"\nB: "b"\nC: "d"')) == {"A"}


def test_common_terminals_are_those_of_lark() -> None:
    words = [
        "0", "42", "+1", "-7", "1.", ".5", "1.5", "1e5", "1.e-5", ".", "e5", "+.5e+1", "f", "F", "g", "a1", "_a", "é",
        "abc", '"a"', '"a\\"b"', '"', '"\\"', '"a\nb"', '"a\\\\"', '"a\\\\"b"', " ", "\t", " \n", "\r\n", "\n\n", "\r",
        "\f",
        "# x", "#\n", "// x", "/* a */", "/**/", "/***/", "/* */ */", "/*", "-- x", "x",
    ]  # fmt: skip
    names = [
        "DIGIT", "HEXDIGIT", "INT", "SIGNED_INT", "DECIMAL", "FLOAT", "SIGNED_FLOAT", "NUMBER", "SIGNED_NUMBER",
        "ESCAPED_STRING", "LCASE_LETTER", "UCASE_LETTER", "LETTER", "WORD", "CNAME", "WS_INLINE", "WS", "CR", "LF",
        "NEWLINE", "SH_COMMENT", "CPP_COMMENT", "C_COMMENT", "SQL_COMMENT",
    ]  # fmt: skip
    for name in names:
        grammar = f"start: {name}\n%import common.{name}"
        matches = language(grammar, name)
        parser = reference.Lark(grammar, lexer="basic", parser="lalr")
        for word in words:
            try:
                wanted = len(parser.parse(word).children) == 1
            except reference.exceptions.UnexpectedInput:
                wanted = False
            assert matches(word) == wanted, (name, word)


@pytest.mark.parametrize(
    ("grammar", "message", "place"),
    [
        ("start: A\nA: /a*/", "matches the empty text", (2, 4)),
        ("start: A\nA: B?\nB: /b/", "matches the empty text", (2, 4)),
        ('start: A\nA: "a" | A', "made of itself", (2, 10)),
        ('start: A\nA: "a" start', "made of terminals, not of rules", (2, 8)),
        ('start: A\nA: "a" B', "no terminal 'B'", (2, 8)),
        (r"start: A" + "\n" + r"A: /a(b/", "missing ')'", (2, 6)),
        ("start: A\nA: /x+a{3,2}/i", "out of order", (2, 7)),
        (r"start: /\ba/", "depends on what stands beside it", (1, 8)),
        (r"start: /-\b/", "depends on what stands beside it", (1, 8)),
        (r"start: /a\B/", "depends on what stands beside it", (1, 8)),
        ("start: A\nA: /a(?=b)/", "depends on what stands beside it", (2, 4)),
        ("start: A\nA: /a(?!b)c?/", "depends on what stands beside it", (2, 4)),
        ("start: A\nA: /a$/", "depends on what stands beside it", (2, 4)),
        ("start: A\nA: /^a/", "depends on what stands beside it", (2, 4)),
        ("start: A\nA: /(?<=b)a/", "depends on what stands beside it", (2, 4)),
        ("start: A\nA: /a*?b+/", "greedy repetition behind", (2, 4)),
        ("start: A\nA: /(a.*?b)+/", "greedy repetition behind", (2, 4)),
        ("start: A\nA: /[^\\s\\S]/", "no text matches", (2, 4)),
        ("start: A\nA: /a/l", "locale", (2, 4)),
        ('start: ""', "empty text is no lexeme", (1, 8)),
        ('start: "b".."a"', "range is empty", (1, 8)),
        ('start: "bc".."d"', "one character to another", (1, 8)),
        (r'start: "\ud800"', "no character", (1, 9)),
    ],
)
def test_what_is_wrong_with_a_terminal_is_shown(grammar: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(lw.GrammarError, match=re.escape(message)) as caught:
        lw.lark(grammar)
    assert (caught.value.line, caught.value.column) == place


def test_classes_that_dialects_read_differently_are_reported() -> None:
    assert lw.lark(r"start: /\w+/ B" + "\n" + "B: /[a-z.]/").narrowings == (
        r"/\w+/: classes hold what all dialects of regular expressions agree on",
    )
