"""What descriptions, examples and defaults say about lengths, and what rooms make of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from models.tiny_backend import TOKENS

import latticework as lw
from latticework.scaffold.budgets import TEXT_SLOTS
from latticework.scaffold.choice import chosen
from latticework.scaffold.hints import hinted_slots
from latticework.scaffold.skeleton import Room, skeleton_of
from latticework.tokens.vocabulary import Vocabulary


def of(node: dict[str, Any], path: tuple[str, ...] = ("a",)) -> int | None:
    return hinted_slots({"properties": {"a": node}, "$defs": {"x/y": {"examples": ["12345678"]}}}, path, len)


@pytest.mark.parametrize(
    ("node", "slots"),
    [
        ({}, None),
        ({"description": "The name of the buyer."}, None),
        ({"description": "A three-letter code."}, 5),
        ({"description": "Two to five words."}, 12),
        ({"title": "12 digits"}, 14),
        ({"description": "In one short sentence."}, 34),
        ({"description": "At most 900 words"}, 128),
        ({"examples": ["abcd", "abcdefgh"]}, 12),
        ({"default": 1234, "description": "Five digits, 2 words"}, 7),
        ({"default": None}, None),
        ({"$ref": "#/$defs/x~1y"}, 12),
        ({"anyOf": [{"type": "null"}, {"examples": ["ab"]}]}, 5),
        ({"$ref": "#/nowhere"}, None),
        ({"description": 7, "examples": "no"}, None),
    ],
)
def test_hints(node: dict[str, Any], slots: int | None) -> None:
    assert of(node) == slots


def test_hints_below_objects() -> None:
    nested = {"properties": {"b": {"examples": [12345]}}}
    assert of(nested, ("a", "b")) == 6
    assert of({"allOf": [nested]}, ("a", "b")) == 6
    assert of(nested, ("a", "c")) is None


@given(
    st.recursive(
        st.none() | st.text(max_size=8) | st.integers(),
        lambda own: (
            st.lists(own, max_size=3)
            | st.dictionaries(
                st.sampled_from(["properties", "a", "anyOf", "$ref", "examples", "description", "default"]),
                own,
                max_size=4,
            )
        ),
    )
)
def test_any_schema_is_read_without_error(schema: Any) -> None:
    found = hinted_slots(schema, ("a",), len)
    assert found is None or found >= 0


def test_references_in_a_circle_end() -> None:
    assert hinted_slots({"$ref": "#"}, ("a",), len) is None


def rooms(schema: dict[str, Any]) -> dict[tuple[str, ...], int]:
    from latticework.scaffold.budgets import room_slots

    skeleton = skeleton_of(lw.json_schema(schema).node)
    assert skeleton is not None
    found = (part for part in skeleton.parts if isinstance(part, Room))
    return {part.path: room_slots(part.node, len, hinted_slots(schema, part.path, len)) for part in found}


def closed(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def test_rooms_know_where_they_are_and_follow_their_hints() -> None:
    inner = closed({"b~": {"type": "string", "description": "20 characters"}}, ["b~"])
    source = closed(
        {
            "plain": {"type": "string"},
            "code": {"type": "string", "maxLength": 4, "examples": ["a long example"]},
            "long": {"type": "string", "minLength": 12, "description": "two letters"},
            "in": inner,
        },
        ["plain", "code", "long", "in"],
    )
    found = rooms(source)
    assert found.keys() == {("plain",), ("code",), ("long",), ("in", "b~")}
    assert found["plain",] == TEXT_SLOTS
    assert found["code",] <= 6, "no more than the bound allows"
    assert found["long",] >= 12, "no less than the bound asks for"
    assert found["in", "b~"] == 22


FILLING = Vocabulary([*TOKENS, b""], {0: "mask", 1: "eos", 2: "pad", len(TOKENS): "filler"})
PLAIN = Vocabulary(TOKENS, {0: "mask", 1: "eos", 2: "pad"})


def test_auto_picks_by_schema_and_model() -> None:
    whole, partly = closed({"a": {"type": "string"}}, ["a"]), closed({"a": {"type": "string"}}, [])
    assert chosen("auto", lw.json_schema(whole), FILLING) == "elastic"
    assert chosen("auto", lw.json_schema(whole), PLAIN) == "soft", "never saw fillers"
    assert chosen("auto", lw.json_schema(partly), FILLING) == "soft", "members may be left out"
    for items in ({"type": "string"}, {"type": "integer"}, whole, {"anyOf": [whole, {"type": "null"}]}):
        for kind in (
            {"type": "array", "items": items},
            {"anyOf": [{"type": "array", "items": items}, {"type": "null"}]},
        ):
            listing = closed({"a": kind}, ["a"])
            assert chosen("auto", lw.json_schema(listing), FILLING) == "soft", "arrays end early"
    maybe = closed({"a": {"anyOf": [whole, {"type": "null"}]}}, ["a"])
    assert chosen("auto", lw.json_schema(maybe), FILLING) == "soft", "objects in a union"
    nested = closed({"a": whole, "b": {"enum": ["x", 1, None]}}, ["a", "b"])
    assert chosen("auto", lw.json_schema(nested), FILLING) == "elastic"
    assert chosen("auto", lw.json_schema({"type": "integer"}), FILLING) == "soft"
    assert chosen("auto", lw.regex("a+"), FILLING) == "soft"
    assert chosen("auto", None, FILLING) == "soft"
    assert chosen("none", lw.json_schema(whole), FILLING) == "none"
