"""The grammar of the Lark language against the lark package."""

from __future__ import annotations

import random

import lark
import pytest
from lark.load_grammar import _get_parser
from shipped import accepts

from latticework.grammar.cfg import library

TEXTS = [library.text_of(name) for name in library.names()]

ACCEPTED = [
    "start: A\nA: /a/i",
    'start: "a" | b?\n     // comment\n     | [b "c"] ~ 2 -> named\n     | b~1..3\n\nb.2: "x".."z"+\n\n',
    '?start: _x\n!_x: pair{"a", B}\npair{x, y}: x y\nB.3: "b"i',
    "%import common (INT, WS)\n%import common.CNAME -> NAME\n%ignore WS\nstart: (INT | NAME)*  # end\n",
    '%declare _INDENT _DEDENT\n!start: _INDENT "\\"" _DEDENT',
    "start:\n    | A\nA: /\\//",
]

REFUSED = [
    "start A",
    "start: A B: C",
    "start: (A",
    "start: A)",
    "start: A |* B",
    "start: A ?b",
    "start: 'a'",
    'start: "a',
    "start: A -> B",
    "start: A ~ x",
    "start: A ~ 1..",
    "start: {A}",
    "%import",
    "start: A\n  B",
    "start: A..B",
    "start: [A",
    "Start: A",
    ": A",
    "start{}: A",
]


def reads(text: str) -> bool:
    """Whether the lark package finds no error of syntax; names and terminals are not looked at."""
    try:
        _get_parser().parse(text + "\n")
    except lark.exceptions.UnexpectedInput:
        return False
    return True


@pytest.mark.parametrize("text", ACCEPTED)
def test_accepted(text: str) -> None:
    assert accepts("lark", text)
    assert reads(text)


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    assert not accepts("lark", text)
    assert not reads(text)


@pytest.mark.parametrize("name", library.names())
def test_the_grammars_that_come_with_the_package(name: str) -> None:
    assert accepts("lark", library.text_of(name))


def test_damaged_grammars() -> None:
    """Three lines of a grammar, one character changed; the package is asked about syntax alone."""
    source = random.Random(0)
    lines = [line for text in TEXTS for line in text.splitlines() if line and not line.startswith("//")]
    seen = {True: 0, False: 0}
    for _ in range(400):
        at = source.randrange(len(lines) - 2)
        text = "\n".join(lines[at : at + 2])
        cut = source.randrange(len(text))
        text = text[:cut] + source.choice(["", *'|()[]:,.?*+~->"/ {}!_1aA']) + text[cut + source.randrange(2) :]
        verdict = accepts("lark", text)
        seen[verdict] += 1
        # The package lets a text end in one backslash, and a regular expression go over lines.
        if verdict or ("\\" not in text and "/" not in text):
            assert verdict == reads(text), text
    assert min(seen.values()) > 40
