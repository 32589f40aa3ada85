"""The differential run, on a few schemas."""

from __future__ import annotations

from json_schema_differential import AGREED, REFUSED, REPORTED, UNREPORTED, Pair, pairs_of, report


def test_a_few_schemas_have_no_wrong_acceptance() -> None:
    pairs = [pair for seed in range(12) for pair in pairs_of(seed, 8)]
    assert {pair.outcome for pair in pairs} <= {AGREED, REPORTED, UNREPORTED, REFUSED}
    assert all(pair.valid for pair in pairs if pair.source == "walks")
    assert {pair.source for pair in pairs} == {"values", "spellings", "walks"}


def test_the_report_counts_every_pair() -> None:
    pairs = [Pair({}, "1", "values", True, AGREED), Pair({"type": "null"}, "1", "walks", False, UNREPORTED)]
    text = report(2, pairs, 0)
    assert "| all | 2 | 1 | 1 | 0 | 1 | 0 | 0 |" in text
    assert '- `{"type": "null"}` `1`' in text
