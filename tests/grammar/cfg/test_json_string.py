"""Texts of grammars as JSON strings: against ``json`` and what the grammar itself says of the decoded text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recogniser import Recogniser

import latticework as lw
from latticework.automata.build import build_automaton
from latticework.automata.run import accepts

LETTERS = 'a"\n\\\x1f'
PROGRAM = lw.lark(r"""
    start: (NAME | TEXT | "+" | ";" start ";")*
    NAME: /[a-z]+/
    TEXT: /"[^"\n]*"/
    %ignore /[ \n]+/
    %ignore /\\\\[^\n]*/
""")


def accepter(grammar: lw.Grammar) -> Callable[[str], bool]:
    if grammar.context_free is not None:
        return Recogniser(grammar).accepts
    automaton = build_automaton(grammar.node)
    return lambda text: accepts(automaton, text.encode())


def texts(letters: str, longest: int) -> list[str]:
    return ["".join(word) for length in range(longest + 1) for word in product(letters, repeat=length)]


def spelt(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def is_canonical(document: str) -> bool:
    """Whether it is a JSON string with each character as short as may be."""
    try:
        value = json.loads(document)
    except ValueError:
        return False
    lower = re.sub(r"\\(u....|.)", lambda escape: escape[0].lower(), document)
    return isinstance(value, str) and spelt(value) == lower


def check(inner: lw.Grammar, outer: lw.Grammar, documents: list[str]) -> int:
    """Compares the two; returns how many documents were in the language."""
    is_inner, is_outer = accepter(inner), accepter(outer)
    count = 0
    for document in documents:
        wanted = is_canonical(document) and is_inner(json.loads(document))
        assert is_outer(document) == wanted, document
        count += wanted
    return count


def test_what_a_program_decodes_to_is_a_text_of_its_grammar() -> None:
    documents = [spelt(text) for text in texts('a" \n+;\\', 4)]
    assert check(PROGRAM, lw.json_string(PROGRAM), documents) > 200


@pytest.mark.parametrize("grammar", [PROGRAM, lw.regex(r'(?s:[a"\\\x1f]*\n?)'), lw.text(until="\x1f")])
def test_every_document_of_few_bytes(grammar: lw.Grammar) -> None:
    pieces = ['"', "\\", "n", "a", "\n", "\\u001f", "\\u001F", "\\u0061", "1f"]
    documents = ['"' + "".join(word) for length in range(5) for word in product(pieces, repeat=length)]
    assert check(grammar, lw.json_string(grammar), documents) > 1


def test_a_string_beside_regular_text_with_the_same_beginning() -> None:
    other = re.compile(r'"(\\[n"]|a)*b?"')
    whole = lw.json_string(PROGRAM) | lw.regex(other.pattern)
    tables = lw.compile(whole, lw.Vocabulary([bytes([byte]) for byte in range(256)]))
    is_program = accepter(PROGRAM)
    pieces = ['"', "\\n", '\\"', "a", "b", "+", "\\"]
    for document in ('"' + "".join(word) for length in range(6) for word in product(pieces, repeat=length)):
        wanted = bool(other.fullmatch(document)) or (is_canonical(document) and is_program(json.loads(document)))
        assert tables.accepts(document) == wanted, document


PAIRS = r"""
    start: "{" pair ("," pair)* "}"
    pair: /"[a-z]+"/ ":" code
    %declare code
    %ignore /[ \\\\]+/
"""


def test_a_rule_of_a_grammar_that_cuts_lexemes_itself() -> None:
    is_accepted = accepter(lw.lark(PAIRS, rules={"code": lw.json_string(PROGRAM)}))
    is_program = accepter(PROGRAM)
    for text in texts('a" \n;\\', 3):
        for space in ("", " ", "\\", "n"):
            document = f'{{"a":{space}{spelt(text)}{space},{space}"b": {spelt(text)} {space}}}'
            assert is_accepted(document) == (is_program(text) and space != "n"), document


def test_values_are_read_as_the_grammar_reads_them() -> None:
    inner = lw.json_schema({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})
    string = lw.json_string(inner)
    for value in ({"a": ""}, {"a": '"\n\\\x1f'}):
        document = spelt(json.dumps(value, separators=(",", ":")))
        assert accepter(string)(document)
        assert string.parse(document) == value
    assert not accepter(string)(spelt('{"a":1}'))
    assert lw.json_string(PROGRAM).parse('"a\\n"') == "a\n"


def test_what_is_refused() -> None:
    string = lw.json_string(PROGRAM)
    with pytest.raises(lw.InputError, match="escaped twice"):
        lw.json_string(string)
    with pytest.raises(lw.InputError, match="condition"):
        lw.json_string(PROGRAM & lw.text(max_chars=3))
    with pytest.raises(lw.InputError, match="no lexemes"):
        lw.json_string(lw.lark('start:\n%ignore " "'))
    with pytest.raises(lw.InputError, match="same quotation mark"):
        Recogniser(lw.lark(r'start: "\"" /a+/ "\"" | code' + "\n%declare code", rules={"code": string}))
    with pytest.raises(lw.InputError, match="ignore different"):
        Recogniser(string | lw.json_string(NESTED))
    with pytest.raises(lw.InputError, match="indentation"):
        lw.lark(BLOCKS, rules={"code": string}, indentation=lw.Indentation())


NESTED = lw.lark('start: "(" start ")" | "x"')
BLOCKS = """
    start: block
    block: code | block _NEWLINE code | "if" ":" _INDENT block _DEDENT
    %declare code _NEWLINE _INDENT _DEDENT
"""
PATTERNS = ["a+", '"', r"\n+", r"\\", '"a*', r'(a|\n)+"', r"a\x1f*", r'[^a]"?', r"\\n", r'\n"\x1f']
RIGHTS = st.lists(st.integers(0, 6), max_size=3)


@st.composite
def grammars(draw: st.DrawFn) -> lw.Grammar:
    """Two to four terminals, of which one may be ignored, and two rules."""
    chosen = draw(st.lists(st.sampled_from(PATTERNS), min_size=2, max_size=4, unique=True))
    names = [f"T{number}" for number in range(len(chosen))]
    symbols = [*names, "start", "other", *names]
    lines = [f"{name}: /{pattern}/" for name, pattern in zip(names, chosen, strict=True)]
    for rule in ("start", "other"):
        rights = draw(st.lists(RIGHTS, min_size=1, max_size=3))
        lines.append(f"{rule}: " + " | ".join(" ".join(symbols[n % len(symbols)] for n in right) for right in rights))
    if draw(st.booleans()):
        lines.append(f"%ignore /{draw(st.sampled_from(PATTERNS))}/")
    try:
        found = lw.lark("\n".join(lines))
        lw.json_string(found)
    except (lw.GrammarError, lw.InputError):  # no text follows, or no lexeme is used
        return PROGRAM
    return found


SMALL = [spelt(text) for text in texts(LETTERS, 3)]


@settings(max_examples=60, deadline=None)
@given(grammars())
def test_random_grammars(grammar: lw.Grammar) -> None:
    check(grammar, lw.json_string(grammar), SMALL)


@settings(max_examples=40, deadline=None)
@given(grammars(), st.sampled_from(["", "+", "|"]), st.integers(0, 99))
def test_every_answer_about_small_canvases(grammar: lw.Grammar, sign: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    tokens = [b'"', b"\\", b'\\"', b'"a', b"n", b"a\\", b"\\n", b'"\\', b"a", b"u001f"]
    string = lw.json_string(grammar)
    whole = {"": string, "+": string + lw.regex("a*"), "|": lw.regex("a+") | string}[sign]
    vocabulary = lw.Vocabulary([*tokens, b""], {len(tokens): "eos"})
    constraint = lw.compile(whole, vocabulary)
    is_inner = accepter(grammar)

    def is_valid(text: str) -> bool:
        if sign == "+":
            text = text[: text.rindex('"') + 1] + text[text.rindex('"') + 1 :].strip("a") if '"' in text else text
        elif sign == "|" and text and not text.strip("a"):
            return True
        return is_canonical(text) and is_inner(json.loads(text))

    slots = 4
    given = random.integers(0, len(tokens), slots)
    free = random.random(slots) < 0.7
    given[0], free[0] = 0, sign == "|"
    choices = [range(len(tokens)) if is_free else [token] for token, is_free in zip(given, free, strict=True)]
    valid = [word for word in product(*choices) if is_valid(b"".join(tokens[k] for k in word).decode())]
    if not valid:
        with pytest.raises(lw.Infeasible):
            constraint.session(given, free, False)
        return
    expected = np.zeros((slots, len(tokens) + 1), np.bool_)
    for word in valid:
        expected[np.arange(slots), word] = True
    assert np.array_equal(constraint.session(given, free, False).admissible(), expected)
