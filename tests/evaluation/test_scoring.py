"""Scores of hand-made documents, and of damaged copies of generated ones."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.evaluation.alignment import MISSING, align, leaves, same_document
from latticework.evaluation.scoring import enumerated, score, totals

TEXT = "Invoice A-17 of 3 March 2026 from Acme Ltd: two lamps at 1,250.00 EUR. Paid by Ann Lee."
SCHEMA = {"properties": {"status": {"enum": ["open", "paid"]}, "kind": {"const": "bill"}}}
GOLD = {
    "number": "A-17",
    "date": "2026-03-03",
    "seller": {"name": "Acme Ltd"},
    "items": [{"what": "lamps", "count": 2, "price": 1250.0}],
    "status": "paid",
    "due": None,
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def scored(output: Any, **options: Any):
    return score(output, GOLD, TEXT, SCHEMA, valid=True, **options)


def changed(**values: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(GOLD)), **values}


def test_the_gold_value_is_exact() -> None:
    found = scored(GOLD)
    assert (found.exact, found.right, found.given, found.wanted) == (True, 7, 7, 7)
    assert not (found.hallucinated)
    assert not (found.wrong)
    assert not (found.missed)
    assert totals([found]).f1 == 1


def test_a_wrong_value_that_the_text_has_is_no_hallucination() -> None:
    found = scored(changed(number="Ann Lee"))
    assert (found.right, found.given, found.wanted, found.omitted) == (6, 7, 7, 0)
    assert found.wrong == ("/number",)
    assert not found.hallucinated


def test_an_invented_value_is_one_and_a_wrong_enumeration_member_is_not() -> None:
    found = scored(changed(seller={"name": "Globex"}, status="open", due="2026-04-01"))
    assert found.hallucinated == ("/seller/name", "/due")
    assert found.wrong == ("/seller/name", "/status", "/due")
    assert found.judged == 7  # all eight scalars but the status


def test_left_out_null_and_no_json_are_omissions() -> None:
    assert scored({key: value for key, value in GOLD.items() if key != "number"}).missed == ("/number",)
    assert scored(changed(number=None)).missed == ("/number",)
    nothing = scored(MISSING)
    assert (nothing.given, nothing.omitted, nothing.exact) == (0, 7, False)
    assert scored(changed(seller=None)).missed == ("/seller/name",)


def test_types_count_and_integers_are_numbers() -> None:
    assert same_document({"a": 3, "b": [1.0]}, {"b": [1], "a": 3.0})
    assert not same_document({"a": True}, {"a": 1})
    assert not same_document({"a": None}, {})
    assert scored(changed(number=17)).wrong == ("/number",)


def test_items_that_shift_are_aligned_in_order() -> None:
    pairs = align(["b", "c"], ["a", "b", "c"])
    assert [(pair.pointer, pair.gold_pointer, pair.right) for pair in pairs] == [
        (None, "/0", False),
        ("/0", "/1", True),
        ("/1", "/2", True),
    ]
    swapped = align(["b", "a"], ["a", "b"])
    assert sum(pair.given and pair.right for pair in swapped) == 1
    objects = align([{"n": 2, "p": 5}], [{"n": 1, "p": 4}, {"n": 2, "p": 6}])
    assert [pair.gold_pointer for pair in objects if pair.pointer == "/0/n"] == ["/1/n"]


def test_pointers_are_escaped() -> None:
    assert [pointer for pointer, _ in leaves({"a/b": {"~": [1]}})] == ["/a~1b/~0/0"]


def test_confidence_counts_null_as_a_statement() -> None:
    found = scored(changed(number="B-1"), confidence={"": 0.1, "/number": 0.7, "/due": 0.9})
    assert sorted(found.confidence) == [(0.7, False), (0.9, True)]
    instead = scored(changed(seller=None), confidence={"/seller": 0.8})
    assert instead.confidence == ((0.8, False),)


def test_micro_averages() -> None:
    found = totals([scored(GOLD), scored(changed(number="Globex", seller={}))])
    assert found.documents == 2
    assert found.exact == 0.5
    assert (found.precision, found.recall) == (12 / 13, 12 / 14)
    assert abs(found.f1 - 24 / 27) < 1e-12
    assert found.omitted == 1 / 14
    assert found.hallucinated == 1 / 11
    assert found.calibration_error is None


def test_enumerations_anywhere_in_a_schema() -> None:
    schema = {"anyOf": [{"items": {"enum": ["a", 1]}}, {"properties": {"k": {"const": None}}}]}
    assert enumerated(schema) == {'"a"', "1", "null"}


@settings(max_examples=150, deadline=None)
@given(json_values, json_values)
def test_every_scalar_of_both_values_is_in_one_pair(output: Any, gold: Any) -> None:
    pairs = align(output, gold)
    mine = [pair.pointer for pair in pairs if pair.pointer is not None and pair.value is not MISSING]
    own = [pair.gold_pointer for pair in pairs if pair.gold is not MISSING and not isinstance(pair.gold, dict | list)]
    assert sorted(mine) == sorted(pointer for pointer, _ in leaves(output))
    assert sorted(map(str, own)) == sorted(pointer for pointer, _ in leaves(gold))
    for pair in pairs:
        if pair.value is not MISSING:
            assert dict(leaves(output))[pair.pointer or ""] is pair.value


@settings(max_examples=100, deadline=None)
@given(json_values)
def test_a_value_agrees_with_itself(value: Any) -> None:
    assert same_document(value, json.loads(json.dumps(value)))
    assert all(pair.right for pair in align(value, value))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=5), st.lists(st.integers(0, 3), max_size=5))
def test_arrays_of_scalars_are_aligned_as_their_longest_common_subsequence(left: list[int], right: list[int]) -> None:
    def longest(a: list[int], b: list[int]) -> int:
        if not a or not b:
            return 0
        return max(longest(a[1:], b), longest(a, b[1:]), longest(a[1:], b[1:]) + (a[0] == b[0]))

    assert sum(pair.given and pair.right for pair in align(left, right)) == longest(left, right)
