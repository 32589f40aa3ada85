"""Texts with something cut out, doubled or put in are read or refused with a place, never anything else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import latticework as lw

LARK = r"""
start: _list{item, ","} [";" "b"i~2..3] | (X | /c(?!d)/i) -> alias
?item.2: "a".."c"+ | _list{X, "-"}
_list{x, sep}: x (sep x)*
X.3: "x" | /y[^z]*?z/x Y?
Y: ("\u0041" | "\"")~1..2
%import common (WS, INT)
%import common.NUMBER -> N
%declare Z
%ignore WS
"""
GBNF = r"""
root ::= item ("," item)* | [^a-c\x41-] .
item ::= "a" root{1,2} "b" | ("x" | "\u0041\"")? # end
  | [0-9]+ item
"""
PIECES = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    '"',
    "/",
    "|",
    ":",
    "~",
    "..",
    "\\",
    "*",
    "?",
    "\n",
    "%",
    "é",
    "a",
    "X",
    "1",
    "",
]


def mutated(text: str) -> st.SearchStrategy[str]:
    """``text`` with up to three pieces replaced."""
    places = st.tuples(st.integers(0, len(text)), st.integers(0, 4), st.sampled_from(PIECES))

    def apply(changes: list[tuple[int, int, str]]) -> str:
        out = text
        for at, length, piece in changes:
            out = out[:at] + piece + out[at + length :]
        return out

    return st.lists(places, min_size=1, max_size=3).map(apply)


@pytest.mark.parametrize(("read", "texts"), [(lw.lark, mutated(LARK)), (lw.gbnf, mutated(GBNF))])
def test_reading_never_fails_otherwise(read: Callable[[str], lw.Grammar], texts: st.SearchStrategy[str]) -> None:
    @settings(max_examples=300, deadline=None)
    @given(texts)
    def check(text: str) -> None:
        with suppress(lw.LatticeworkError):
            read(text)

    check()
