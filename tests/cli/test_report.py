"""``check`` and ``explain``."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from test_cli import INLINE, SCHEMA, run

import latticework as lw


def test_check_reports_what_the_schema_compiles_to():
    result = run("check", INLINE, "--json")
    assert result.exit_code == 0
    facts = json.loads(result.stdout)
    constraint = lw.load().compile(SCHEMA)
    assert facts["kind"] == "json_schema"
    assert facts["min_tokens"] == constraint.min_tokens
    assert facts["most_tokens"] == constraint.most_tokens()
    assert facts["edges"] == constraint.tokens.edges
    assert facts["table_bytes"] == constraint.tokens.nbytes
    assert facts["compile_ms"] > 0
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(json.loads(facts["shortest"]))
    for name in facts.keys() - {"keywords", "narrowings", "warnings"}:
        assert name.replace("_", " ") in run("check", INLINE).stdout


def test_check_knows_the_longest_document():
    schema = {"type": "array", "items": {"enum": ["a", "bb"]}, "maxItems": 3}
    facts = json.loads(run("check", json.dumps(schema), "--json").stdout)
    longest = '["bb","bb","bb"]'
    assert facts["most_tokens"] == len(longest)  # a token for every byte
    assert "most tokens      16" in run("check", json.dumps(schema)).stdout
    assert "most tokens      over 4096" in run("check", '{"type": "string"}').stdout


def test_check_says_what_becomes_of_every_keyword():
    schema = {"type": "object", "title": "T", "x-order": 1, "properties": {"p": {"type": "string", "enum": ["type"]}}}
    result = run("check", json.dumps(schema), "--json")
    uses = {use["keyword"]: (use["status"], use["at"]) for use in json.loads(result.stdout)["keywords"]}
    assert uses == {
        "type": ("enforced", ["", "/properties/p"]),
        "title": ("annotation", [""]),
        "x-order": ("unknown", [""]),
        "properties": ("enforced", [""]),
        "enum": ("enforced", ["/properties/p"]),
    }
    assert "x-order                unknown     1 x  (root)" in run("check", json.dumps(schema)).stdout


def test_check_lists_narrowings():
    result = run("check", '{"type": "integer"}', "--json")
    grammar = lw.json_schema({"type": "integer"})
    assert json.loads(result.stdout)["narrowings"] == list(grammar.narrowings)


def test_check_refuses_like_extract():
    assert run("check", "no-such-file.json").exit_code == 2
    refused = run("check", '{"type": "strin"}')
    assert refused.exit_code == 1
    assert refused.stdout == ""


@pytest.mark.parametrize(
    ("document", "offset", "expected", "reason"),
    [
        ('{"name":"Ann","age":x}', 20, "0", "not JSON at /age: "),
        ('{"name":"Ann";"age":3}', 13, ",", "not JSON at /name: "),
        ('{"nome":"Ann"}', 3, "a", "invalid at the root: "),
    ],
)
def test_explain_points_at_the_first_byte_no_document_has(document, offset, expected, reason):
    result = run("explain", INLINE, "--text", document)
    assert result.exit_code == 1
    message, line, caret, why = result.stdout.splitlines()[:4]
    assert why.startswith(reason)
    assert f"byte {offset}" in message
    assert line.strip() == document
    assert caret.index("^") == line.index(document) + offset
    found = json.loads(run("explain", INLINE, "--text", document, "--json").stdout)
    assert (found["accepted"], found["offset"], found["ends_early"]) == (False, offset, False)
    assert expected in found["expected"]
    assert reason == f"{found['reason']['kind']} at {found['reason']['instance'] or 'the root'}: "


def test_explain_knows_an_early_end_and_a_good_document(tmp_path):
    early = json.loads(run("explain", INLINE, "--text", '{"name":"Ann"', "--json").stdout)
    assert early["ends_early"]
    assert early["expected"] == [","]
    (tmp_path / "good.json").write_text('{"name":"Ann","age":3}\n')
    good = run("explain", INLINE, str(tmp_path / "good.json"))
    assert good.exit_code == 0
    assert good.stdout == "accepted\n"
    assert run("explain", INLINE, "-", stdin='{"name":"Ann","age":3}').exit_code == 0


def test_explain_counts_characters_not_bytes():
    result = run("explain", INLINE, "--text", '{"name":"ééé",!')
    _, line, caret = result.stdout.splitlines()[:3]
    assert caret.index("^") == line.index("!")


def test_explain_needs_one_document():
    assert run("explain", INLINE).exit_code == 2
    assert run("explain", INLINE, "a.json", "--text", "b").exit_code == 2


def test_check_draws_the_grammar(tmp_path: Path):
    drawn = tmp_path / "grammar.svg"
    result = run("check", INLINE, "--svg", str(drawn))
    assert result.exit_code == 0
    root = ElementTree.fromstring(drawn.read_text(encoding="utf-8"))
    assert root.tag.endswith("svg")
