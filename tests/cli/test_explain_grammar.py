"""``explain`` for grammars: the place, a caret, and the lexemes that could stand there."""

from __future__ import annotations

import json
import re

import lark as reference
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import latticework as lw
from latticework.cli import app
from latticework.cli.grammar_explanation import expected_lexemes

SUM = 'start: item ("," item)*\nitem: NAME | NUMBER | "(" start ")"\nNAME: /[a-z]+/\nNUMBER: /[0-9]+/\n%ignore " "\n'
BYTES = lw.Vocabulary([bytes([byte]) for byte in range(256)])


def run(*arguments: str, stdin: str | None = None):
    return CliRunner().invoke(app, ["explain", *arguments], input=stdin)


@pytest.fixture
def grammar(tmp_path):
    path = tmp_path / "sum.lark"
    path.write_text(SUM)
    return str(path)


@pytest.mark.parametrize(
    ("text", "line", "column", "lexemes"),
    [
        ("a, (1,\n\n  b) c", 3, 6, [",", "the end of the text"]),
        ("(a b", 1, 4, [",", ")"]),
        ("a,,", 1, 3, ["NAME", "NUMBER", "("]),
        ("(a", 1, 3, [",", ")"]),
        ("", 1, 1, ["NAME", "NUMBER", "("]),
        ("a)", 1, 2, [",", "the end of the text"]),
        ("é", 1, 1, ["NAME", "NUMBER", "("]),
    ],
)
def test_place_caret_and_lexemes(grammar, text, line, column, lexemes, tmp_path):
    path = tmp_path / "with_lines.lark"
    path.write_text(SUM + "%ignore /\\n/\n")
    result = run("--grammar", str(path), "--text", text, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert (found["accepted"], found["line"], found["column"]) == (False, line, column)
    assert {name.strip('"') for name in found["lexemes"]} == set(lexemes)
    head, shown, caret, *_ = run("--grammar", str(path), "--text", text).stdout.split("\n")
    assert f"(line {line}, column {column}), expected" in head
    assert shown == "  " + text.split("\n")[line - 1]
    assert caret == " " * (column + 1) + "^"


def test_files_end_in_line_breaks_and_names_are_known(grammar, tmp_path):
    path = tmp_path / "text"
    path.write_text("a, b\n")
    assert run("--grammar", grammar, str(path)).exit_code == 0
    assert run(str(path), "--grammar", grammar).stdout == "accepted\n"
    assert run("--grammar", grammar, "-", stdin="a,\n").exit_code == 1
    path.write_text("def f(:\n    pass\n")
    assert re.search(
        r"line 1, column 7\), expected .*NAME.*\n  def f\(:\n        \^", run("--grammar", "python", str(path)).stdout
    )


def test_gbnf_and_wrong_usage(grammar):
    result = run("--gbnf", 'root ::= "a" root "b" | "c"', "--text", "aacbx")
    assert result.exit_code == 1
    assert 'column 5), expected "b"' in result.stdout
    assert run("--gbnf", 'root ::= "a"', "--text", "a").exit_code == 0
    for wrong in [("--grammar", grammar), ("--grammar", grammar, "--gbnf", "x"), ("--text", "a")]:
        assert run(*wrong).exit_code == 2
    assert run("true", "x.json", "--grammar", grammar).exit_code == 2


@given(st.text("a1(), ", max_size=6))
@settings(max_examples=60, deadline=None)
def test_lexemes_are_those_that_lark_expects(text):
    constraint = lw.compile(lw.lark(SUM), BYTES)
    assert isinstance(constraint, lw.ContextFreeConstraint)
    found = constraint.explain(text)
    begin = text.encode()[: found.offset]
    parser = reference.Lark(SUM, parser="lalr").parse_interactive(begin.decode())
    list(parser.iter_parse())
    wanted = {
        {"COMMA": ",", "LPAR": "(", "RPAR": ")", "$END": "the end of the text"}.get(t, t) for t in parser.accepts()
    }
    assert {name.strip('"') for name in expected_lexemes(constraint, begin)} == wanted
