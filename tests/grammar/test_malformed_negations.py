"""Keywords with values of a wrong shape are refused below ``not`` too, where they would otherwise count for nothing."""

from __future__ import annotations

import pytest

import latticework as lw

WRONG = [
    ("multipleOf", 0),
    ("multipleOf", "a"),
    ("multipleOf", None),
    ("multipleOf", -3),
    ("minLength", "x"),
    ("maxItems", -1),
    ("minProperties", 2.5),
    ("pattern", 4),
    ("format", 5),
    ("required", "a"),
    ("properties", []),
    ("enum", "a"),
    ("prefixItems", {}),
    ("allOf", {}),
    ("minimum", "a"),
]


@pytest.mark.parametrize(("keyword", "value"), WRONG)
@pytest.mark.parametrize("around", ["not", "oneOf", "if"])
def test_wrong_values_are_refused_with_their_place(keyword: str, value: object, around: str) -> None:
    inner = {keyword: value}
    schema = {"not": {"not": inner}, "oneOf": {"oneOf": [{"type": "null"}, inner]}, "if": {"if": inner, "then": True}}
    with pytest.raises(lw.SchemaError) as caught:
        lw.json_schema(schema[around])
    assert any(issue.keyword == keyword and "must be" in issue.message for issue in caught.value.issues)
    with pytest.raises(lw.SchemaError):
        lw.json_schema({"not": inner})
