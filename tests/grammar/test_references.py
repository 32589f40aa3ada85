"""References: identifiers, anchors, and schemas that refer to themselves."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
import schemas
from hypothesis import given, settings
from hypothesis import strategies as st
from schemas import DRAFTS
from verdicts import check, narrowed

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import LatticeworkError, SchemaError
from latticework.grammar import json_schema
from latticework.grammar.json_schema.document import Document
from latticework.grammar.json_schema.metaschemas import URLS, metaschema

DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020 = list(DRAFTS.values())[1:]
NULL, INTEGER, STRING = {"type": "null"}, {"type": "integer"}, {"type": "string"}

# ---- recursion

LIST = {
    "type": "object",
    "properties": {"v": INTEGER, "next": {"$ref": "#"}},
    "required": ["v"],
    "additionalProperties": False,
}
TREE = {
    "type": "object",
    "properties": {"v": INTEGER, "children": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["v"],
    "additionalProperties": False,
}


def test_linked_lists() -> None:
    valid = ['{"v":1}', '{"v":1,"next":{"v":2}}', '{"v":1,"next":{"v":2,"next":{"v":3}}}']
    invalid = ["{}", '{"v":"a"}', '{"v":1,"next":{}}', '{"v":1,"next":{"v":2,"next":{}}}', '{"v":1,"next":null}']
    check(LIST, valid, invalid)
    assert any("at most" in line and "themselves" in line for line in json_schema(LIST).narrowings)
    deep = '{"v":1,"next":' * 60 + '{"v":1}' + "}" * 60
    narrowed(LIST, [deep])


def test_trees() -> None:
    valid = ['{"v":1}', '{"v":1,"children":[]}', '{"v":1,"children":[{"v":2},{"v":3,"children":[]}]}']
    check(TREE, valid, ['{"v":1,"children":[{}]}', '{"v":1,"children":{"v":1}}', '{"v":1,"children":[{"v":2,"x":1}]}'])


def test_mutual_recursion() -> None:
    schema = {
        "$ref": "#/$defs/even",
        "$defs": {
            "even": {
                "anyOf": [
                    NULL,
                    {
                        "type": "array",
                        "prefixItems": [{"const": 0}, {"$ref": "#/$defs/odd"}],
                        "minItems": 2,
                        "items": False,
                    },
                ]
            },
            "odd": {
                "type": "array",
                "prefixItems": [{"const": 1}, {"$ref": "#/$defs/even"}],
                "minItems": 2,
                "items": False,
            },
        },
    }
    check(schema, ["null", "[0,[1,null]]", "[0,[1,[0,[1,null]]]]"], ["[0,null]", "[1,null]", "[0,[1,[1,null]]]", "[0]"])


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_recursion_below_an_applicator(keyword: str) -> None:
    schema = {keyword: [{**LIST, "properties": {"v": INTEGER, "next": {keyword: [{"$ref": "#"}]}}}]}
    check(schema, ['{"v":1}', '{"v":1,"next":{"v":2}}'], ['{"v":1,"next":{}}', '{"v":1,"next":{"v":"a"}}'])


def test_recursion_through_a_union_at_the_root() -> None:
    schema = {"anyOf": [INTEGER, {"type": "array", "items": {"$ref": "#"}}]}
    check(schema, ["1", "[]", "[1,[2,[]]]", "[[1],[2]]"], ["null", '["a"]', "[[null]]", "[1,[[1.5]]]"])
    schema = {"oneOf": [INTEGER, {"type": "object", "additionalProperties": {"$ref": "#"}}]}
    check(
        schema,
        ["1", "{}", '{"a":1}', '{"a":{"b":2}}'],
        ["null", '{"a":null}', '{"a":{"b":"x"}}', '{"a":{"a":1,"a":"x"}}'],
    )


def test_recursion_below_not() -> None:
    schema = {"type": "object", "properties": {"n": {"not": {"$ref": "#"}}}}
    # An n is wrong exactly when it is an object whose own n is right, or is missing.
    check(
        schema,
        ["{}", '{"n":1}', '{"n":{"n":{}}}'],
        ['{"n":{}}', '{"n":{"n":1}}', '{"n":{"n":{"n":{}}}}', "1"],
        max_depth=2,
    )
    leaf = {"type": "array", "items": {"$ref": "#"}, "maxItems": 1}
    check(
        {"not": {"$ref": "#/$defs/l"}, "$defs": {"l": {**leaf, "items": {"$ref": "#/$defs/l"}}}},
        ["1", "[1]", "[[1]]", "[1,2]"],
        ["[]", "[[]]"],
        max_depth=2,
    )


def test_recursion_that_needs_itself_has_no_values() -> None:
    for schema in (
        {"type": "object", "properties": {"n": {"$ref": "#"}}, "required": ["n"]},
        {"type": "array", "items": {"$ref": "#"}, "minItems": 1},
        {"type": "array", "contains": {"$ref": "#"}},
        {
            "$ref": "#/$defs/a",
            "$defs": {
                "a": {"type": "array", "prefixItems": [{"$ref": "#/$defs/b"}], "minItems": 1},
                "b": {"type": "object", "properties": {"x": {"$ref": "#/$defs/a"}}, "required": ["x"]},
            },
        },
    ):
        with pytest.raises(SchemaError, match="no value satisfies"):
            json_schema(schema)


def test_recursion_that_ends_somewhere_else_goes_there() -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"anyOf": [{"$ref": "#"}, NULL]}},
        "required": ["n"],
        "additionalProperties": False,
    }
    check(schema, ['{"n":null}', '{"n":{"n":null}}'], ["{}", '{"n":{}}', '{"n":1}'])


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"allOf": [{"$ref": "#"}]},
        {"oneOf": [{"$ref": "#"}, {"type": "null"}]},
        {"not": {"$ref": "#"}},
        {"if": {"$ref": "#"}, "then": {"type": "null"}},
        {"dependentSchemas": {"a": {"$ref": "#"}}, "type": "object"},
    ],
    ids=str,
)
def test_a_schema_that_leads_to_itself_without_a_step_down_is_refused(schema: Any) -> None:
    with pytest.raises(LatticeworkError):
        json_schema(schema)


@pytest.mark.parametrize("draft", sorted(DRAFTS))
def test_recursion_in_every_draft(draft: str) -> None:
    head = {"$schema": DRAFTS[draft]} if DRAFTS[draft] else {}
    check({**head, **LIST}, ['{"v":1,"next":{"v":2}}'], ['{"v":1,"next":{}}'])


# ---- identifiers


def test_references_relative_to_an_embedded_identifier() -> None:
    inner = {"$id": "https://example.com/dir/inner.json", "$ref": "#/$defs/a", "$defs": {"a": NULL}}
    schema = {
        "$id": "https://example.com/root.json",
        "properties": {"p": inner, "q": {"$ref": "#/$defs/a"}},
        "$defs": {"a": INTEGER},
    }
    check(schema, ['{"p":null,"q":1}'], ['{"p":1}', '{"q":null}'])
    schema["properties"]["q"] = {"$ref": "dir/inner.json"}
    check(schema, ['{"p":null,"q":null}'], ['{"q":1}'])
    schema["properties"]["q"] = {"$ref": "https://example.com/dir/inner.json#/$defs/a"}
    check(schema, ['{"q":null}'], ['{"q":1}'])
    inner["$ref"] = "/root.json#/$defs/a"
    check(schema, ['{"p":1,"q":null}'], ['{"p":null}'])
    inner["$ref"] = "other.json"
    with pytest.raises(SchemaError, match="outside the document"):
        json_schema(schema)


def test_identifiers_nest() -> None:
    schema = {
        "$id": "http://x.y/a/",
        "type": "array",
        "prefixItems": [{"$id": "b/", "items": {"$id": "c", "$ref": "d"}, "type": "array"}, {"$ref": "b/d"}],
        "$defs": {"1": {"$id": "b/d", "type": "null"}, "2": {"$id": "d", "type": "integer"}},
    }
    check(schema, ["[[null],null]"], ["[[1]]", "[[],1]"])


def test_only_the_keyword_of_the_draft_is_an_identifier() -> None:
    def with_id(keyword: str, draft: str, definitions: str) -> dict[str, Any]:
        inner = {
            keyword: "http://x/",
            "type": "object",
            "properties": {"a": {"$ref": f"#/{definitions}/a"}},
            definitions: {"a": NULL},
        }
        head = {"$schema": draft} if draft else {}
        return {**head, "properties": {"p": inner}, definitions: {"a": INTEGER}}

    null, one = '{"p":{"a":null}}', '{"p":{"a":1}}'
    check(with_id("$id", "", "$defs"), [null], [one])
    check(with_id("id", "", "$defs"), [one], [null])
    check(with_id("$id", DRAFT_7, "definitions"), [null], [one])
    check(with_id("id", DRAFT_7, "definitions"), [one], [null])
    check(with_id("id", DRAFT_4, "definitions"), [null], [one])
    check(with_id("$id", DRAFT_4, "definitions"), [one], [null])


def test_an_identifier_beside_a_reference_counts_since_2019_09() -> None:
    def beside(draft: str, definitions: str) -> dict[str, Any]:
        inner = {"$id": "http://x/", "$ref": f"#/{definitions}/a", definitions: {"a": NULL}}
        return {"$schema": draft, "properties": {"p": inner}, definitions: {"a": INTEGER}}

    check(beside(DRAFT_7, "definitions"), ['{"p":1}'], ['{"p":null}'])
    check(beside(DRAFT_2019, "$defs"), ['{"p":null}'], ['{"p":1}'])


def test_anchors() -> None:
    schema = {"properties": {"p": {"$ref": "#n"}}, "$defs": {"q": {"$anchor": "n", "type": "integer"}}}
    check(schema, ['{"p":1}'], ['{"p":null}'])
    schema = {
        "properties": {"p": {"$ref": "#n"}, "q": {"$ref": "http://x/y#n"}},
        "$defs": {
            "1": {"$anchor": "n", "type": "integer"},
            "2": {"$id": "http://x/y", "$defs": {"z": {"$anchor": "n", "type": "null"}}},
        },
    }
    check(schema, ['{"p":1,"q":null}'], ['{"p":null}', '{"q":1}'])
    old = {
        "$schema": DRAFT_7,
        "properties": {"p": {"$ref": "#n"}},
        "definitions": {"q": {"$id": "#n", "type": "integer"}},
    }
    check(old, ['{"p":1}'], ['{"p":null}'])


@pytest.mark.parametrize("keyword", ["const", "enum", "default", "examples"])
def test_identifiers_inside_given_values_are_none(keyword: str) -> None:
    value: Any = {"$anchor": "n", "$id": "http://x/y", "type": "null"}
    given = value if keyword in ("const", "default") else [value]
    schema = {
        "properties": {"c": {keyword: given}, "p": {"$ref": "#n"}, "q": {"$ref": "http://x/y"}},
        "$defs": {"a": {"$anchor": "n", "type": "integer"}, "b": {"$id": "http://x/y", "type": "string"}},
    }
    check(schema, ['{"p":1,"q":"a"}'], ['{"p":null}', '{"q":null}'])


def test_properties_called_like_keywords_are_no_keywords() -> None:
    schema = {
        "properties": {
            "$id": {"type": "string"},
            "$anchor": {"const": "n"},
            "not": INTEGER,
            "$ref": NULL,
            "enum": {"$ref": "#n"},
        },
        "$defs": {"const": {"$anchor": "n", "type": "boolean"}},
    }
    check(
        schema,
        ['{"$id":"x","$anchor":"n","not":1,"$ref":null,"enum":true}'],
        ['{"not":"a"}', '{"$ref":1}', '{"enum":1}'],
    )


def test_dynamic_references_with_one_possible_target() -> None:
    schema = {"$dynamicAnchor": "node", "type": "array", "items": {"$dynamicRef": "#node"}}
    check(schema, ["[]", "[[],[[]]]"], ["[1]", "[[1]]"])
    check({"$defs": {"a": {"$anchor": "n", **INTEGER}}, "$dynamicRef": "#n"}, ["1"], ["null"])
    old = {"$schema": DRAFT_2019, "$recursiveAnchor": True, "type": "array", "items": {"$recursiveRef": "#"}}
    check(old, ["[]", "[[],[[]]]"], ["[1]", "[[1]]"])


LIST_OF_ITEMS = {
    "$id": "list",
    "type": "array",
    "items": {"$dynamicRef": "#item"},
    "$defs": {"d": {"$dynamicAnchor": "item"}},
}


def test_the_outermost_dynamic_anchor_is_that_of_the_document() -> None:
    item = {"$dynamicAnchor": "item", **INTEGER}
    schema = {"$id": "http://x/root", "$ref": "list", "$defs": {"item": item, "list": LIST_OF_ITEMS}}
    check(schema, ["[]", "[1,2]"], ['["a"]', "1"])
    inner = {"$id": "inner", "type": "object", "properties": {"p": {"$recursiveRef": "#"}}, "$recursiveAnchor": True}
    old = {
        "$schema": DRAFT_2019,
        "$id": "http://x/root",
        "$recursiveAnchor": True,
        "anyOf": [INTEGER, {"$ref": "inner"}],
    }
    old |= {"anyOf": [INTEGER, {"$ref": "inner"}], "$defs": {"inner": inner}}
    check(old, ["1", '{"p":1}', '{"p":{}}'], ['{"p":"a"}', '"a"'])


ITEM = {"$dynamicAnchor": "item"}


def test_the_way_decides_between_dynamic_anchors() -> None:
    wrapped = {"$id": "wrapped", "$ref": "list", "$defs": {"item": {**ITEM, **INTEGER}}}
    schema = {"$id": "http://x/root", "$ref": "wrapped", "$defs": {"wrapped": wrapped, "list": LIST_OF_ITEMS}}
    check(schema, ["[]", "[1,2]"], ['["a"]', "1"])
    inner = {"$id": "inner", "$recursiveAnchor": True, "type": "array", "items": {"$recursiveRef": "#"}}
    other = {"$id": "other", "$recursiveAnchor": True, "anyOf": [INTEGER, {"$ref": "inner"}]}
    old = {"$schema": DRAFT_2019, "$id": "http://x/root", "$ref": "other", "$defs": {"i": inner, "o": other}}
    check(old, ["1", "[]", "[1,[2]]"], ['"a"', "[[null]]"])


def test_one_list_with_different_items() -> None:
    """Each way to the list has its own items; without any, they are those of the list itself."""

    def list_of(name: str, item: dict[str, Any]) -> dict[str, Any]:
        return {"$id": name, "$ref": "list", "$defs": {"item": {**ITEM, **item}}}

    schema = {
        "$id": "http://x/root",
        "properties": {
            "i": {"$ref": "integers"},
            "s": {"$ref": "strings"},
            "l": {"$ref": "list"},
            "n": {"$ref": "nested"},
            "e": list_of("embedded", NULL),
            "d": {"$ref": "strings#/$defs/deeper"},
        },
        "$defs": {
            "list": LIST_OF_ITEMS,
            "integers": list_of("integers", INTEGER),
            "strings": list_of("strings", {"type": "string"})
            | {"$defs": {"item": {**ITEM, "type": "string"}, "deeper": {"$ref": "list"}}},
            "nested": list_of("nested", {"anyOf": [NULL, {"$ref": "integers"}]}),
        },
    }
    for name, good, bad in [
        ("i", "1", '"a"'),
        ("s", '"a"', "1"),
        ("l", '{"a":1}', None),
        ("n", "[null,[null]]", "[1]"),
        ("e", "null", "1"),
        ("d", '"a"', "1"),
    ]:
        check(schema, [f'{{"{name}":[{good}]}}', "{}"], [f'{{"{name}":[{bad}]}}'] if bad else [], open_objects=True)


def test_given_values_beside_dynamic_references() -> None:
    wrapped = {"$id": "w", "$ref": "list", "$defs": {"item": {**ITEM, **INTEGER}}, "enum": [[1], ["a"]]}
    schema = {"$id": "http://x/root", "$ref": "w", "$defs": {"w": wrapped, "list": LIST_OF_ITEMS}}
    with pytest.raises(SchemaError, match="cannot be checked"):
        json_schema(schema)


@given(st.integers(0, 2**40))
@settings(deadline=None, max_examples=60)
def test_random_ways_between_resources(seed: int) -> None:
    random = Random(seed)
    resources: dict[str, dict[str, Any]] = {}
    names = ["r0", "r1", "r2", "r3"]

    def value() -> dict[str, Any]:
        name = random.choice(names)
        return random.choice([{"$ref": name}, {"$dynamicRef": f"{name}#n"}, {"$dynamicRef": f"{name}#n"}])

    for index, name in enumerate(names):
        anchored = {"$dynamicAnchor": "n", "anyOf": [{"const": index}, {"type": "array", "items": value()}]}
        body = random.choice([{"$dynamicRef": "r3#n"}, {"type": "array", "items": value()}, {"const": -index}])
        anchors = {"n": anchored} if index == 3 or random.random() < 0.7 else {}
        resources[name] = {"$id": name, "anyOf": [{"type": "boolean"}, body], "$defs": anchors}
    schema = {"$id": "http://x/root", "items": value(), "$defs": resources}
    if random.random() < 0.3:
        schema["items"]["$id"] = "embedded"
        schema["items"]["$defs"] = {"n": {"$dynamicAnchor": "n", "const": 9}}
    try:
        automaton = build_automaton(json_schema(schema).node)
    except SchemaError:
        return
    judge = schemas.validator(schema)
    leaves = ["0", "1", "2", "3", "-1", "-2", "9", "true"]
    once = [*leaves, *(f"[{leaf}]" for leaf in leaves), "[]"]
    for text in [f"[{item}]" for item in [*once, *(f"[{one}]" for one in once)]]:
        assert run.accepts(automaton, text.encode()) == judge.is_valid(json.loads(text)), (schema, text)


def test_given_values_beside_a_reference_in_an_embedded_resource() -> None:
    inner = {"$id": "http://e/inner", "$defs": {"a": {"const": 2}}, "enum": [1, 2], "$ref": "#/$defs/a"}
    check({"properties": {"p": inner}, "$defs": {"a": {"const": 1}}}, [], ['{"p":1}'])
    beside = {"enum": [1, 2, "a"], "$ref": "#/$defs/a"}
    check({"properties": {"p": beside}, "$defs": {"a": INTEGER}}, ['{"p":1}'], ['{"p":"a"}', '{"p":3}'])


# ---- schemas of the drafts


def test_a_reference_into_the_schema_of_the_draft() -> None:
    schema = {"$schema": DRAFT_7, "$ref": "http://json-schema.org/draft-07/schema#/definitions/nonNegativeInteger"}
    check(schema, ["0", "12"], ["-1", '"a"', "1.5", "null"])
    kinds = {"$ref": "http://json-schema.org/draft-07/schema#/definitions/simpleTypes"}
    check({"$schema": DRAFT_7, "properties": {"t": kinds}}, ['{"t":"array"}', "{}"], ['{"t":"tuple"}', '{"t":1}'])


@pytest.mark.parametrize("name", ["meta/validation#/$defs/nonNegativeInteger", "#/allOf/3/$defs/nonNegativeInteger"])
def test_a_reference_into_a_vocabulary_of_the_draft(name: str) -> None:
    document = Document({"$schema": DRAFT_2020, "$ref": DRAFT_2020})
    whole = document.resolve(DRAFT_2020, "")
    assert document.resolve(name, whole.pointer).schema == {"type": "integer", "minimum": 0}
    assert document.resolve("#/$defs/nonNegativeInteger", whole.child("allOf", 3).pointer).schema["minimum"] == 0


@pytest.mark.parametrize("draft", sorted(URLS))
def test_schemas_of_the_drafts_hold_no_dynamic_reference(draft: str) -> None:
    text = json.dumps(metaschema(draft))
    assert not any(f'"{word}": "' in text for word in ("$dynamicRef", "$recursiveRef", "$dynamicAnchor"))
    if "draft-0" not in draft:
        assert f'"$ref": "{draft}"' in text


def test_the_schema_of_another_draft_is_refused() -> None:
    with pytest.raises(SchemaError, match="leads outside the document"):
        json_schema({"$schema": DRAFT_7, "properties": {"a": {"$ref": DRAFT_2020}}})


def test_a_document_that_may_extend_the_schema_of_the_draft_is_refused() -> None:
    with pytest.raises(SchemaError, match="may be extended"):
        json_schema({"$schema": DRAFT_2020, "$dynamicAnchor": "meta", "properties": {"a": {"$ref": DRAFT_2020}}})


# ---- identifiers under unknown keywords


def test_an_identifier_under_an_unknown_keyword_is_none() -> None:
    unknown = {"not": {"examples of": [{"$id": "http://example.com/it", "type": "null"}]}}
    known = {"$id": "http://example.com/it", "type": "string"}
    schema = {"$schema": DRAFT_2020, "$defs": {"a": unknown, "b": known}, "$ref": "http://example.com/it"}
    check(schema, ['"a"'], ["null", "1"])


def test_a_pointer_leads_under_unknown_keywords() -> None:
    check({"$schema": DRAFT_2020, "shapes": {"a": {"type": "integer"}}, "$ref": "#/shapes/a"}, ["1"], ['"a"'])
