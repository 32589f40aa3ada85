"""Reasons for rejected texts name the place in the document and the keyword of the schema."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latticework.grammar.json_schema.reasons import pointer_at, reason

SCHEMA = {
    "type": "object",
    "properties": {"a/b": {"$ref": "#/$defs/small"}, "c": {"type": "array", "items": {"enum": [1, 2]}}},
    "required": ["c"],
    "$defs": {"small": {"type": "integer", "maximum": 9}},
}


@pytest.mark.parametrize(
    ("text", "kind", "instance", "schema"),
    [
        ('{"a/b":10,"c":[]}', "invalid", "/a~1b", "/properties/a~1b/maximum"),
        ('{"c":[1,3]}', "invalid", "/c/1", "/properties/c/items/enum"),
        ('{"a/b":1}', "invalid", "", "/required"),
        ('{"c":[],"a/b":1}', "narrowed", "", None),
        ('{"a/b":1,"c":[1,NaN]}', "not JSON", "/c/1", None),
        ('{"a/b":1,"c":[1', "not JSON", "/c/0", None),
    ],
)
def test_reasons(text: str, kind: str, instance: str, schema: str | None) -> None:
    import latticework as lw
    from latticework.automata import run
    from latticework.automata.build import build_automaton

    offset = run.prefix_length(build_automaton(lw.json_schema(SCHEMA).node), text.encode())
    found = reason(SCHEMA, text, offset)
    assert (found.kind, found.schema) == (kind, schema)
    assert kind == "narrowed" or found.instance == instance
    assert found.message


def pointers(value: object, at: str = "") -> list[str]:
    """Every place of a document in the order in which its value begins."""
    found = [at]
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        found += pointers(child, at + "/" + str(key).replace("~", "~0").replace("/", "~1"))
    return found


VALUES = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.none(), st.text('a,:[]{}"\\\\/~é', max_size=4)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab/~"{}:,', max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_every_value_has_its_pointer_where_it_begins(value: object) -> None:
    text = json.dumps(value)
    seen = list(dict.fromkeys(pointer_at(text[:size]) for size in range(len(text) + 1)))
    expected = pointers(value)
    assert set(expected) <= set(seen)
    assert [pointer for pointer in seen if pointer in expected] == list(dict.fromkeys(expected))


def test_a_key_that_stands_twice() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "null"}}}
    found = reason(schema, '{"b":null,"a":null,"b":null}', 20)
    assert found.kind == "narrowed"
    assert "'b' stands twice" in found.message
