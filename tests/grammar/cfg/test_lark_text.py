"""Grammar texts that are wrong, and texts that import from one another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from recogniser import Recogniser

import latticework as lw


def accepted(grammar: lw.Grammar, *words: str) -> list[str]:
    recogniser = Recogniser(grammar)
    return [word for word in words if recogniser.accepts(word)]


@pytest.mark.parametrize(
    ("grammar", "message", "place"),
    [
        ('start "a"', "'\"a\"' stands where ':' is wanted", (1, 7)),
        ("start: 'a'", "unexpected character", (1, 8)),
        ('start: "a', "does not end in its line", (1, 8)),
        ("start: /a\n", "does not end", (1, 8)),
        ('start: ("a" | "b"\n\nx: "c"', "stands where ')' is wanted", (3, 2)),
        ('start: "a"* +', "stands where something else is wanted", (1, 13)),
        ('start: "a"~3..2', "impossible number of copies", (1, 8)),
        ("start: a\n\n  a: b c\nb: c\nc: d", "no rule 'd'", (5, 4)),
        ('start: "a"\n%ignore start', "only terminals can be ignored", (2, 9)),
        ('start: "a"\n%foo x', "unknown directive", (2, 1)),
        ('start: "a"\nstart: "b"', "defined twice", (2, 1)),
        ("start: x{a}\nx: a\na: x", "x takes 0 arguments, not 1", (1, 8)),
        ('start: x\nx{a}: a "b"', "x takes 1 argument, not 0", (1, 8)),
        ('start: x{"a"}\nx{a}: a | x{y{a}}\ny{b}: "b" b', "the template x grows without end", (2, 1)),
        ("start: X\n%declare X", "only declared", (1, 8)),
        ("%import common.NUMBR\nstart: NUMBR", "has no 'NUMBR'", (1, 16)),
        ("%import comon.NUMBER\nstart: NUMBER", "no grammar 'comon'", (1, 1)),
        ("%import .comon.NUMBER\nstart: NUMBER", "no folder", (1, 1)),
        ('start: "a"\n%extend x: "b"', "no rule 'x'", (2, 9)),
        ('start: start "a"\n', "no text follows from start", (1, 1)),
        ('begin: "a"', "no rule 'start'", (1, 1)),
        ('start: "a"x', "no rule 'x'", (1, 11)),
        ("start: /a\nb/", "line break in a regular expression", (1, 8)),
        ("start: " + "(" * 200, "nest deeper", (1, 108)),
    ],
)
def test_errors_point_at_their_place(grammar: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(lw.GrammarError, match=re.escape(message)) as caught:
        lw.lark(grammar)
    assert (caught.value.line, caught.value.column) == place


def test_close_names_are_offered() -> None:
    with pytest.raises(lw.GrammarError, match="did you mean 'value'"):
        lw.lark('start: valeu\nvalue: "a"')


def test_imports_of_common_terminals() -> None:
    text = "start: INT WORD N\n%import common.INT\n%import common (WORD, WS)\n%import common.NUMBER -> N\n%ignore WS"
    assert accepted(lw.lark(text), "1 a 2.5", "1a2", "a 1 2", "1 a") == ["1 a 2.5", "1a2"]


def test_imported_rules_keep_their_own_names(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "pairs.lark").write_text('pair: item item\nitem: "a" | X\n%import .letters.X\n')
    (tmp_path / "inner" / "letters.lark").write_text('X: "x" Y\nY: "y"\n')
    main = tmp_path / "main.lark"
    main.write_text('start: pair item\nitem: "b"\n%import .inner.pairs.pair\n')
    assert accepted(lw.lark(main), "aab", "axyb", "aaa", "bbb", "xyxyb") == ["aab", "axyb", "xyxyb"]
    assert accepted(lw.lark(main.read_text(), folder=tmp_path), "aab", "aaa") == ["aab"]
    assert accepted(lw.lark(str(main)), "aab", "aaa") == ["aab"]


def test_errors_in_imported_files_name_them(tmp_path: Path) -> None:
    (tmp_path / "other.lark").write_text('x: "a"\ny: x z\n')
    with pytest.raises(lw.GrammarError, match="other: there is no rule 'z'") as caught:
        lw.lark("start: y\n%import .other.y", folder=tmp_path)
    assert (caught.value.line, caught.value.column) == (2, 6)


def test_overriding_and_extending_change_what_imported_rules_mean(tmp_path: Path) -> None:
    (tmp_path / "base.lark").write_text('pair: item item\nitem: "a"\n')
    head = "start: pair\n%import .base (pair, item)\n"
    over = lw.lark(head + '%override item: B\nB: "b"\n', folder=tmp_path)
    assert accepted(over, "aa", "ab", "bb") == ["bb"]
    more = lw.lark(head + '%extend item: "b"\n', folder=tmp_path)
    assert accepted(more, "aa", "ab", "bb", "cc") == ["aa", "ab", "bb"]


def test_files_that_import_each_other(tmp_path: Path) -> None:
    (tmp_path / "left.lark").write_text('%import .right.b\na: "a" b | "."\n')
    (tmp_path / "right.lark").write_text('%import .left.a\nb: "b" a\n')
    grammar = lw.lark("start: a\n%import .left.a", folder=tmp_path)
    assert accepted(grammar, ".", "ab.", "abab.", "aba") == [".", "ab.", "abab."]


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(lw.InputError, match="cannot read"):
        lw.lark(tmp_path / "none.lark")


def test_warnings_name_what_looks_like_a_mistake() -> None:
    text = 'start: A | KEY | x\nA: "x" | "y"\nKEY.2: "x" | "y" | "z"\nx: x "a" | "b"\ny: "c"\nz: A'
    assert lw.lark(text).warnings == (
        "y: nothing uses it",
        "z: nothing uses it",
        "A: never read, because all its texts are read as KEY",
    )
    assert lw.lark('start: "a" | x\nx: x "b"').warnings == ("x: no text follows from this",)


@pytest.mark.parametrize(
    ("rules", "loses"),
    [
        ('start: A | "x" | "y"\nA: "x" | "y"', True),
        ('start: A | "x" | "y"\nA: "x" | "y" | "z"', False),
        ("start: A | B\nA: /[a-c]+/\nB.2: /[a-z]+/", True),
        ("start: A | B\nA: /[a-c]+/\nB.2: /[b-z]+/", False),
        ("start: A | B | C\nA: /[a-c]/\nB.2: /[ab]/\nC.1: /[bc]/", True),
        ('start: A | B\nA: "ab"\nB.2: /[a-z]+/', True),
        ('start: A | B\nA: "ab"\nB: /[a-z]+/', False),
    ],
)
def test_terminals_that_lose_every_tie(rules: str, loses: bool) -> None:
    assert [warning.startswith("A: never read") for warning in lw.lark(rules).warnings] == [True] * loses


def test_another_start() -> None:
    assert accepted(lw.lark('start: "a"\nother: "b"', start="other"), "a", "b") == ["b"]


def test_equal_languages_are_equal_grammars_and_others_are_not() -> None:
    assert lw.lark('start: "a"') == lw.lark('start: "a" // the same')
    assert lw.lark('start: "a"') != lw.lark('start: "b"')
    assert len({lw.lark('start: "a"'), lw.lark('start: "b"'), lw.lark('start: "a"')}) == 2
