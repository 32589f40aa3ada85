"""The part of the public JSON-Schema-Test-Suite in the shared data, and how groups of it are graded."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from common import RESULTS
from grading import ACCEPTED, PASS, REFUSED, REPORTED, UNREPORTED, compiled, outcome
from json_schema_suite import read, worse, written
from shared_data import shared

DEV = "infill/json-dev.jsonl"


def groups() -> dict[str, list[tuple[Any, bool]]]:
    """The tests of each schema, by its text."""
    found: dict[str, list[tuple[Any, bool]]] = defaultdict(list)
    for line in shared(DEV).read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if case["schema"] is not None:
            found[json.dumps(case["schema"])].append((json.loads(case["text"]), case["expect"] == "valid"))
    return found


@pytest.mark.parametrize(("order", "open_objects"), [("schema", True), ("any", False)])
def test_nothing_invalid_is_accepted_and_what_is_left_out_is_reported(order: str, open_objects: bool) -> None:
    for schema, tests in groups().items():
        found = compiled(json.loads(schema), property_order=order, open_objects=open_objects)
        assert outcome(found, tests) in (PASS, REFUSED, REPORTED), (schema, found.narrowings)


@pytest.mark.parametrize(
    ("schema", "tests", "expected"),
    [
        ({"type": "integer"}, [(1, True), (1.0, True), ("1", False)], PASS),
        ({"type": "integer"}, [(10**30, True)], REPORTED),
        ({"type": "integer"}, [(1, False)], ACCEPTED),
        ({"type": "integer"}, [("a", True), (1, False)], ACCEPTED),
        ({"type": "integer"}, [("a", True)], UNREPORTED),
        ({"$ref": "http://example.com/schema"}, [(1, True)], REFUSED),
        (False, [(1, False)], PASS),
        ({"properties": {"a": {}, "b": {}}}, [({"b": 1, "a": 2}, True)], PASS),
        ({"pattern": "^\\D$"}, [("߀", True)], REPORTED),
        ({"pattern": "^a$"}, [("b", True)], UNREPORTED),
    ],
)
def test_outcomes(schema: Any, tests: list[tuple[Any, bool]], expected: str) -> None:
    assert outcome(compiled(schema, open_objects=True), tests) == expected


def test_worse_counts_are_found() -> None:
    then = {"draft7": {"type": {PASS: 2, REFUSED: 1, REPORTED: 0, UNREPORTED: 0, ACCEPTED: 0}}}
    better = {"draft7": {"type": {PASS: 3, REFUSED: 0, REPORTED: 0, UNREPORTED: 0, ACCEPTED: 0}}}
    assert not list(worse(then, then))
    assert not list(worse(better, then))
    assert list(worse(then, better)) == ["draft7/type: pass 3 -> 2"]
    assert list(worse({}, then)) == ["draft7/type: 0 groups, not 3: another suite?", "draft7/type: pass 2 -> 0"]


def test_counts_are_read_as_written(tmp_path: Path) -> None:
    counts = {"draft7": {"type": {PASS: 2, REFUSED: 1, REPORTED: 0, UNREPORTED: 0, ACCEPTED: 0}}, "draft4": {}}
    (tmp_path / "counts.json").write_text(written(counts))
    assert read(tmp_path / "counts.json") == counts


def test_the_committed_counts_have_no_wrong_acceptance() -> None:
    committed = read(RESULTS / "json_schema_suite.json")
    assert sum(file[ACCEPTED] for files in committed.values() for file in files.values()) == 0
