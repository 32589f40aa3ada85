"""Context-free grammars on the command line: ``infill``, ``generate --grammar``, ``check --grammar``."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from test_cli import run

import latticework as lw
from latticework.cli.infill import parts_of

PYTHON = "def f(<<HOLE:4>>):\n    return <<HOLE:6>>\n"
LISTS = 'start: "[" [NUMBER ("," NUMBER)*] "]"\nNUMBER: /[0-9]{1,3}/\n'
PARENTHESES = 'root ::= "x" | "(" root ")"'
QUICK = ["--quiet", "--steps", "2", "--block-length", "200"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code.py").write_text(PYTHON)
    (tmp_path / "list.txt").write_text("[1,???,2]")
    (tmp_path / "lists.lark").write_text(LISTS)
    (tmp_path / "nested.gbnf").write_text(PARENTHESES)
    (tmp_path / "flat.gbnf").write_text('root ::= "a" | "b"')
    (tmp_path / "wrong.lark").write_text("start: x\n")
    return tmp_path


def test_infill_prints_the_filled_file_and_nothing_else(folder):
    result = run("infill", str(folder / "code.py"), *QUICK)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.startswith("def f(")
    assert "HOLE" not in result.stdout
    ast.parse(result.stdout)


def test_infill_says_what_it_did_on_stderr(folder):
    result = run("infill", str(folder / "code.py"), *QUICK[1:])
    assert "2 holes" in result.stderr
    assert "forwards" in result.stderr


def test_infill_writes_a_file_and_shows_the_difference(folder):
    out = folder / "out.py"
    result = run("infill", str(folder / "code.py"), "--output", str(out), *QUICK)
    assert (result.exit_code, result.stdout) == (0, "")
    ast.parse(out.read_text())
    diff = run("infill", str(folder / "code.py"), "--diff", *QUICK)
    added = [line[1:] for line in diff.stdout.splitlines() if line.startswith("+") and not line.startswith("+++")]
    removed = [line[1:] for line in diff.stdout.splitlines() if line.startswith("-") and not line.startswith("---")]
    assert removed == PYTHON.splitlines()
    assert added == out.read_text().splitlines()
    assert "\x1b" not in diff.stdout


def test_infill_reads_grammar_files_markers_and_standard_input(folder):
    arguments = ["--grammar", str(folder / "lists.lark"), "--marker", "???", "--hole-tokens", "5", *QUICK]
    result = run("infill", str(folder / "list.txt"), *arguments)
    numbers = json.loads(result.stdout)
    assert (numbers[0], numbers[-1]) == (1, 2)
    assert len(numbers) >= 3
    again = run("infill", "-", *arguments, stdin="[1,???,2]")
    assert again.stdout == result.stdout
    nested = run("infill", "-", "--grammar", str(folder / "nested.gbnf"), "--marker", "_", *QUICK, stdin="((_:3)_)")
    assert nested.stdout.strip("()") == "x"
    assert nested.stdout.count("(") == nested.stdout.count(")")


def test_infill_prints_the_whole_result(folder):
    result = run("infill", str(folder / "code.py"), "--json", "--seed", "1", "--temperature", "1", *QUICK)
    record = json.loads(result.stdout)
    assert record["source"].endswith("code.py")
    assert record["text"] == f"def f({record['holes'][0]}):\n    return {record['holes'][1]}\n"
    assert record["seed"] == 1
    assert record["error"] is None


def test_infill_draws_on_stderr_only(folder):
    plain = run("infill", str(folder / "code.py"), *QUICK)
    watched = run("infill", str(folder / "code.py"), "--watch", *QUICK)
    assert watched.stdout == plain.stdout
    assert "slots fixed" in watched.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f():\n    return 1\n", "there is no hole to fill: no <<HOLE>>"),
        ("def f(<<HOLE:0>>): pass\n", "at least 1 token"),
        ("x = 1\n) <<HOLE:3>>\n", "line 2, column 1"),
        ("x = <<HOLE:1>>}]\n", "hole 1 of 1 is too small"),
        ("x = <<HOLE:9:expresion>>\n", "did you mean 'expression'"),
    ],
)
def test_what_cannot_be_filled_exits_1(text, message):
    result = run("infill", "-", "--grammar", "python", *QUICK, stdin=text)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: ")
    assert message in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["infill"],
        ["infill", "no-such-file.py"],
        ["infill", "-"],
        ["infill", "notes.txt"],
        ["infill", "-", "--grammar", "klingon"],
        ["infill", "-", "--grammar", "missing.lark"],
        ["infill", "-", "--grammar", "json", "--json", "--diff"],
        ["infill", "-", "--grammar", "json", "--marker", ""],
        ["infill", "-", "--grammar", "json", "--hole-tokens", "0"],
        ["infill", "-", "--grammar", "json", "--policy", "threshold", "--steps", "3"],
        ["generate", "x", "--grammar", "klingon"],
        ["generate", "x", "--gbnf", "missing.gbnf"],
        ["generate", "x", "--grammar", "json", "--regex", "a"],
        ["check"],
        ["check", "{}", "--grammar", "json"],
        ["check", "--grammar", "klingon"],
    ],
)
def test_wrong_usage_exits_2_and_prints_no_result(arguments):
    result = run(*arguments, stdin="[<<HOLE>>]")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


def test_markers_cut_a_text():
    hole = lw.Hole
    assert parts_of("a<<HOLE>>b<<HOLE:7>>", "<<HOLE>>", 9) == ["a", hole(9), "b", hole(7), ""]
    assert parts_of("a /*?*/ /*?*/:3", "/*?*/", 9) == ["a ", hole(9), " ", hole(3), ""]
    assert parts_of("x = TODO:12;", "TODO", 9) == ["x = ", hole(12), ";"]
    assert parts_of("TODO: x", "TODO", 9) == ["", hole(9), ": x"]
    assert parts_of("<<HOLE:40:expr>> <<HOLE:expr>>", "<<HOLE>>", 9) == [
        *("", hole(40, rule="expr"), " ", hole(9, rule="expr"), "")
    ]
    assert parts_of("[mask](mask)[mask:5]", "[mask]", 9) == ["", hole(9), "(mask)", hole(5), ""]


def test_generate_takes_a_grammar(folder):
    assert json.loads(run("generate", "x", "--grammar", "json", "--max-tokens", "6", *QUICK).stdout) is not ...
    numbers = run("generate", "x", "--grammar", str(folder / "lists.lark"), "--max-tokens", "8", *QUICK)
    assert isinstance(json.loads(numbers.stdout.replace("[0", "[1").replace(",0", ",1")), list)
    for source in (PARENTHESES, str(folder / "nested.gbnf")):
        text = run("generate", "x", "--gbnf", source, "--max-tokens", "6", *QUICK).stdout.strip()
        assert text.count("(") == text.count(")")
        assert text.strip("()") == "x"
    assert run("generate", "x", "--gbnf", str(folder / "flat.gbnf"), *QUICK).stdout.strip() in ("a", "b")


def test_check_reports_what_a_grammar_compiles_to(folder):
    facts = json.loads(run("check", "--grammar", str(folder / "lists.lark"), "--json").stdout)
    constraint = lw.load().compile(lw.lark(LISTS))
    rules = constraint.grammar.context_free
    assert facts["min_tokens"] == constraint.min_tokens == 2
    assert facts["shortest"] == "[]"
    assert facts["terminals"] == len(rules.terminals) == 4
    assert facts["nonterminals"] == len(rules.nonterminals)
    assert facts["productions"] == len(rules.productions)
    assert facts["lexer_states"] == constraint.lexer.states
    assert facts["table_bytes"] == constraint.nbytes
    assert facts["compile_ms"] > 0
    text = run("check", "--grammar", str(folder / "lists.lark")).stdout
    assert "lexer states" in text
    assert run("check", "--grammar", "python").exit_code == 0
    assert json.loads(run("check", "--grammar", str(folder / "flat.gbnf"), "--json").stdout)["min_tokens"] == 1


def test_check_names_what_is_of_no_use(folder):
    (folder / "loop.lark").write_text('start: "a" | loop\nloop: loop "b"\n')
    facts = json.loads(run("check", "--grammar", str(folder / "loop.lark"), "--json").stdout)
    assert facts["warnings"] == ["loop: no text follows from this"]
    assert "warning          loop" in run("check", "--grammar", str(folder / "loop.lark")).stdout


def test_a_grammar_that_is_refused_exits_1_with_a_caret(folder):
    for command in (["check"], ["generate", "x"], ["infill", "-"]):
        result = run(*command, "--grammar", str(folder / "wrong.lark"), stdin="<<HOLE>>")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "line 1, column 8" in result.stderr
        assert "^" in result.stderr
