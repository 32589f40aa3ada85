"""The grammars that come with the package are found, by name, and have nothing that looks like a mistake."""

from __future__ import annotations

import pytest

import latticework as lw
from latticework.grammar.cfg import library


def test_names() -> None:
    assert {"common", "json"} <= set(library.names())


@pytest.mark.parametrize("name", [name for name in library.names() if name != "common"])
def test_every_grammar_is_read(name: str) -> None:
    grammar = lw.lark(name)
    assert grammar.context_free is not None
    assert grammar.warnings == ()


def test_other_names_are_refused() -> None:
    with pytest.raises(lw.InputError, match=r"no grammar 'jsno' comes with the package: .*json"):
        lw.lark("jsno")
    with pytest.raises(KeyError):
        library.text_of("../json")
