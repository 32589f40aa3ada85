"""Generated tasks: gold values satisfy their schemas and follow from their texts; splits share no family or style."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from itertools import chain
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented_pools import invented_pools

from latticework.evaluation.alignment import leaves
from latticework.evaluation.dataset import Task
from latticework.evaluation.derivable import Source
from latticework.evaluation.scoring import enumerated, score
from latticework.evaluation.tasks.generator import tasks
from latticework.evaluation.tasks.splits import SPLITS
from latticework.evaluation.tasks.styles import STYLES

_DATES = ("%B %d, %Y", "%d %B %Y", "%d %b %Y", "%b %d, %Y", "%d. %B %Y")


POOLS = invented_pools(200)


@pytest.fixture(scope="module")
def drawn() -> list[Task]:
    return list(chain.from_iterable(tasks(POOLS, split, 150, seed=3) for split in SPLITS))


def test_families_styles_and_splits() -> None:
    by_name = {split.name: split for split in SPLITS}
    families = {name: {one.name for one in split.families} for name, split in by_name.items()}
    styles = {name: set(split.styles) for name, split in by_name.items()}
    assert len(families["train"] | families["dev"] | families["held-out-families"]) >= 30
    assert len(set().union(*styles.values())) == len(STYLES) >= 8
    assert not families["train"] & (families["dev"] | families["held-out-families"] | families["held-out-both"])
    assert not styles["train"] & (styles["held-out-styles"] | styles["held-out-both"])
    assert by_name["train"].values != by_name["dev"].values


def test_gold_values_satisfy_their_schemas(drawn: list[Task]) -> None:
    formats = jsonschema.FormatChecker()
    for task in drawn:
        jsonschema.Draft202012Validator(task.schema, format_checker=formats).validate(task.gold)
    for task in drawn[::20]:
        jsonschema.Draft202012Validator.check_schema(task.schema)


def test_gold_strings_stand_in_the_text(drawn: list[Task]) -> None:
    for task in drawn:
        members = enumerated(task.schema)
        for pointer, value in leaves(task.gold):
            if isinstance(value, str) and f'"{value}"' not in members:
                assert value in task.text or _date_stands(value, task.text), (task.id, pointer)


def _date_stands(value: str, text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return False
    day = datetime.strptime(value, "%Y-%m-%d")
    spellings = [re.sub(r"\b0(?=\d\b)", "", day.strftime(form)) for form in _DATES]  # no zero before the day
    return any(said in text for said in spellings)


def test_gold_values_are_no_hallucinations(drawn: list[Task]) -> None:
    for task in drawn:
        source = Source(task.text)
        members = enumerated(task.schema)
        for pointer, value in leaves(task.gold):
            assert source.holds(value) or f'"{value}"' in members, (task.id, pointer, value)
        assert score(task.gold, task.gold, task.text, task.schema, valid=True).exact


def test_what_schemas_are_made_of(drawn: list[Task]) -> None:
    found: Counter[str] = Counter()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            found.update(key for key in node if key in ("enum", "anyOf", "minimum", "maximum", "description", "format"))
            found[str(node.get("type"))] += 1
            if "properties" in node and set(node["properties"]) - set(node["required"]):
                found["optional"] += 1
            if isinstance(node.get("items"), dict) and "properties" in node["items"]:
                found["array of objects"] += 1
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    for task in drawn:
        walk(task.schema)
    wanted = "enum anyOf minimum maximum description format boolean integer number array optional".split()  # noqa: SIM905
    assert all(found[name] > 50 for name in [*wanted, "array of objects"]), found
    assert sum("does not count" in str(task.schema) for task in drawn) > 100
    assert sum(len(task.text) > 1200 for task in drawn) > 20


def test_left_out_fields_are_null_or_absent_as_the_schema_allows(drawn: list[Task]) -> None:
    absent = null = 0
    for task in drawn:
        null += sum(value is None for _, value in leaves(task.gold))
        absent += len(task.schema["properties"].keys() - task.gold.keys())
        for key in task.schema["properties"].keys() - task.gold.keys():
            assert key not in task.schema["required"]
    assert absent > 30
    assert null > 30


def test_no_mark_of_the_writer_is_left(drawn: list[Task]) -> None:
    for task in drawn:
        assert not set(task.text) & {"\ue000", "\ue001"}
        assert not re.search(r"\{[kvK]\}", task.text + str(task.schema)), task.id


def test_ids_are_unique_and_groups_are_named(drawn: list[Task]) -> None:
    assert len({task.id for task in drawn}) == len(drawn)
    for split in SPLITS:
        some = [task for task in drawn if task.split == split.name]
        assert {task.style for task in some} == set(split.styles)
        assert {task.family for task in some} == {one.name for one in split.families}


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(SPLITS), st.integers(0, 2**32), st.integers(1, 12), st.integers(0, 12))
def test_a_longer_data_set_starts_with_a_shorter_one(split: Any, seed: int, count: int, more: int) -> None:
    short = list(tasks(POOLS, split, count, seed))
    assert list(tasks(POOLS, split, count + more, seed))[:count] == short
    for task in short:
        assert jsonschema.Draft202012Validator(task.schema).is_valid(task.gold)
        assert task.text.strip()
