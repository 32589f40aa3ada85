"""Recursive schemas and any value to any depth: verdicts of ``jsonschema``, however deep the document."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_matcher import no_constant
from schemas import near, spelt, validator
from test_schema_properties import LIMITS, RANDOM, SEEDS, a_schema

import latticework as lw
from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.automata.longest import whole_lexer
from latticework.automata.rules import rules_of
from latticework.errors import LimitExceeded, SchemaError
from latticework.grammar import Grammar, json_schema
from latticework.grammar.json_schema import recursion
from latticework.lattice.chart.recognise import Recogniser

INTEGER = {"type": "integer"}
TREE = {
    "type": "object",
    "properties": {"v": INTEGER, "children": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["v"],
    "additionalProperties": False,
}
LIST = {
    "type": "object",
    "properties": {"v": {"enum": [0, "x"]}, "next": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}},
    "required": ["v", "next"],
    "additionalProperties": False,
}
EVEN_AND_ODD = {
    "$ref": "#/$defs/even",
    "$defs": {
        "even": {"type": "object", "properties": {"e": {"$ref": "#/$defs/odd"}}, "additionalProperties": False},
        "odd": {"type": "array", "items": {"$ref": "#/$defs/even"}, "maxItems": 2},
    },
}
EXPRESSION = {
    "oneOf": [
        {"type": "number"},
        {
            "type": "object",
            "properties": {
                "op": {"enum": ["+", "*"]},
                "args": {"type": "array", "items": {"$ref": "#"}, "minItems": 1},
            },
            "required": ["op", "args"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"not": {"$ref": "#"}},
            "required": ["not"],
            "additionalProperties": False,
        },
    ]
}
EXTENDED = {  # recursion through allOf: node and what a use of it adds
    "allOf": [{"$ref": "#/$defs/node"}, {"required": ["n"]}],
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "n": {"type": "string", "maxLength": 3},
                "kids": {"type": "array", "items": {"allOf": [{"$ref": "#/$defs/node"}, {"required": ["n"]}]}},
            },
        }
    },
}
NAMED = {"type": "object", "patternProperties": {"^[a-z]+$": {"$ref": "#"}}, "additionalProperties": INTEGER}
SCHEMA_OF_SCHEMAS = {
    "type": ["object", "boolean"],
    "properties": {
        "type": {"enum": ["object", "array", "string"]},
        "enum": {"type": "array", "items": True},
        "properties": {"type": "object", "additionalProperties": {"$ref": "#"}},
        "items": {"anyOf": [{"$ref": "#"}, {"type": "array", "items": {"$ref": "#"}}]},
        "default": True,
    },
    "additionalProperties": False,
}


def a_tree(random: Random, depth: int) -> Any:
    below = [] if depth < 2 else [a_tree(random, depth - 1)] + [a_tree(random, 1)] * random.randint(0, 2)
    return {"v": random.randint(-5, 5), **({"children": below} if below or random.random() < 0.3 else {})}


def a_list(random: Random, depth: int) -> Any:
    return {"v": random.choice((0, "x")), "next": a_list(random, depth - 1) if depth > 1 else None}


def even(random: Random, depth: int) -> Any:
    if depth <= 1:
        return {}
    below = [] if depth < 3 else [even(random, depth - 2)] + [{}] * random.randint(0, 1)
    return {"e": random.sample(below, len(below))}


def an_expression(random: Random, depth: int) -> Any:
    if depth <= 1:
        return random.choice((0, 1.5, -3))
    if random.random() < 0.3:
        return {"not": an_expression(random, depth - 1)}
    return {"op": random.choice("+*"), "args": [1] * random.randint(0, 2) + [an_expression(random, depth - 1)]}


def extended(random: Random, depth: int) -> Any:
    kids = [extended(random, depth - 1)] if depth > 1 else []
    return {"n": random.choice(("", "a", "abc")), **({"kids": kids} if kids or random.random() < 0.5 else {})}


def anything(random: Random, depth: int) -> Any:
    if depth <= 1:
        return random.choice((None, True, 0, -1.5, "", "a\n", 'é"'))
    below = [anything(random, depth - 1), *(anything(random, 1) for _ in range(random.randint(0, 2)))]
    return below if random.random() < 0.5 else {f"k{index}": value for index, value in enumerate(below)}


def named(random: Random, depth: int) -> Any:
    return {"a": named(random, depth - 1), "Z9": 1} if depth > 1 else {}


def a_schema_value(random: Random, depth: int) -> Any:
    if depth <= 1:
        return random.choice((True, {}, {"type": "string"}, {"enum": [1, []]}))
    below = a_schema_value(random, depth - 1)
    kind = random.randint(0, 2)
    if kind == 0:
        return {"type": "object", "properties": {"p": below, "type": True}}
    return {"items": below if kind == 1 else [True, below], "default": anything(random, 3)}


CASES: dict[str, tuple[Any, Callable[[Random, int], Any]]] = {
    "tree": (TREE, a_tree),
    "list": (LIST, a_list),
    "mutual": (EVEN_AND_ODD, even),
    "expression": (EXPRESSION, an_expression),
    "allOf": (EXTENDED, extended),
    "any value": ({}, anything),
    "any object": ({"type": "object", "required": ["k0"]}, anything),
    "named": (NAMED, named),
    "schema": (SCHEMA_OF_SCHEMAS, a_schema_value),
}


def recogniser(grammar: Grammar, max_states: int = 5_000) -> Recogniser:
    assert grammar.context_free is not None
    return Recogniser(rules_of(grammar.context_free), whole_lexer(grammar.context_free, max_states))


@lru_cache
def recogniser_of(name: str) -> Recogniser:
    return recogniser(json_schema(CASES[name][0], recursion="exact", open_objects=name == "any object"))


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container inside with each of its keys."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])


def damaged(value: Any, random: Random) -> Any:
    """The value with something inside put in another's place, or left out."""
    value = copy.deepcopy(value)
    found = list(places(value))
    if not found:
        return random.choice((None, 1, "x", []))
    holder, key = random.choice(found)
    if random.random() < 0.3:
        del holder[key]
    else:
        holder[key] = random.choice((None, 1, 0.5, "x", [], {}, [1], {"v": 1}, True))
    return value


@pytest.mark.parametrize("name", CASES)
def test_verdicts_at_any_depth(name: str) -> None:
    schema, make = CASES[name]
    random, found, judge = Random(name), recogniser_of(name), validator(schema)
    for depth in (1, 2, 3, 4, 6, 9, 15, 30):
        value = make(random, depth)
        for document in (value, *(damaged(value, random) for _ in range(6))):
            assert bool(found.accepts(compact(document).encode())) == judge.is_valid(document), document


@pytest.mark.parametrize("name", CASES)
def test_texts_that_are_no_json(name: str) -> None:
    random, found = Random(name), recogniser_of(name)
    for depth in (2, 5, 20):
        text = compact(CASES[name][1](random, depth))
        for _ in range(8):
            at = random.randrange(len(text))
            wrong = text[:at] + random.choice(("", ",", "}", "[", '"', " ", "]]")) + text[at + random.randint(0, 1) :]
            if found.accepts(wrong.encode()):
                assert compact(json.loads(wrong, parse_constant=no_constant)) == wrong


@given(SEEDS)
@settings(RANDOM, max_examples=40)
def test_random_schemas(seed: int) -> None:
    """Nothing invalid is accepted, and whatever a grammar of bounded depth accepts is."""
    random = Random(seed)
    schema = a_schema(random)
    options: dict[str, Any] = {
        "open_objects": random.random() < 0.5,
        "property_order": random.choice(("schema", "any")),
        "whitespace": random.choice(("compact", "spaced", "any")),
        "distinct": random.choice(("refuse", "narrow")),
        "max_depth": random.choice((None, None, 0, 1)),
        "limits": LIMITS,
    }
    try:
        grammar = json_schema(schema, recursion="exact", **options)
        if grammar.context_free is None:
            return
        found = recogniser(grammar)
        bounded = build_automaton(json_schema(schema, recursion="bounded", **options).node, LIMITS)
    except (SchemaError, LimitExceeded):
        return
    judge = validator(schema)
    for value in near(random, schema, 15):
        for text in (compact(value), spelt(value, random)):
            accepted = bool(found.accepts(text.encode()))
            assert not accepted or judge.is_valid(json.loads(text, parse_constant=no_constant)), (schema, text)
            assert accepted or not run.accepts(bounded, text.encode()), (schema, text)


NESTED = {"type": "array", "items": {"anyOf": [{"$ref": "#"}, {"const": 1}]}}
CHAIN = {"type": "object", "properties": {"a": {"$ref": "#"}}, "additionalProperties": False}
TINY = {
    "arrays": (NESTED, [b"[", b"]", b"[[", b"]]", b",", b"1", b"1,", b"],["]),
    "objects": (CHAIN, [b"{", b"}", b'{"a', b'":', b'":{', b"}}", b'"']),
}


@pytest.mark.parametrize("name", TINY)
@given(seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=12)
def test_canvases_as_with_depth_enough(name: str, seed: int) -> None:
    """What fits and what is admissible, as under an automaton that nests deeper than the canvas is long."""
    schema, tokens = TINY[name]
    vocabulary = lw.Vocabulary([*tokens, b""], {len(tokens): "eos"})
    exact = lw.compile(json_schema(schema, recursion="exact"), vocabulary)
    bounded = lw.compile(json_schema(schema, recursion="bounded"), vocabulary)
    assert exact.min_tokens == bounded.min_tokens
    random = np.random.default_rng(seed)
    canvas = random.integers(0, len(tokens), 6)
    free, tail = random.random(6) < 0.7, bool(random.random() < 0.5)
    try:
        expected = bounded.session(canvas, free, tail).admissible()
    except lw.Infeasible:
        with pytest.raises(lw.Infeasible):
            exact.session(canvas, free, tail)
        return
    assert (exact.session(canvas, free, tail).admissible() == expected).all()


BYTES = lw.Vocabulary([bytes([value]) for value in range(256)] + [b'":', b'{"', b"]}", b""], {259: "eos"})


@pytest.mark.parametrize("name", ["tree", "expression", "any value"])
def test_generated_documents_are_valid(name: str) -> None:
    """Whatever the logits wish for, half of it committed before the rest is asked for."""
    grammar = json_schema(CASES[name][0], recursion="exact")
    constraint, random = lw.compile(grammar, BYTES), np.random.default_rng(5)
    for slots in (9, 30, 70):
        session = constraint.session(np.zeros(slots, np.int64), np.ones(slots, np.bool_))
        wishes = random.normal(size=(slots, len(BYTES))).astype(np.float32)
        wishes[:, list(b'[{"v":1,]}')] += random.normal(size=10).astype(np.float32) + 3
        path = session.best(wishes)
        session.commit({slot: int(path.tokens[slot]) for slot in range(0, slots, 2)})
        text = BYTES.decode(session.best(random.normal(size=wishes.shape)).tokens).decode()
        assert validator(CASES[name][0]).is_valid(grammar.parse(text)), text


def test_which_grammar_it_is() -> None:
    assert json_schema(TREE).options["recursion"] == "bounded"
    exact = json_schema(TREE, recursion="exact")
    assert exact.options["recursion"] == "exact"
    assert not any("themselves" in line or "nest at most" in line for line in exact.narrowings)
    flat = json_schema({"type": "object", "properties": {"a": INTEGER}}, recursion="exact")
    assert flat.context_free is None
    assert flat.options["recursion"] == "exact"
    any_value = json_schema({}, recursion="exact", max_depth=1)
    assert any_value.context_free is None
    assert any_value.options["recursion"] == "bounded"


def test_small_depths_are_not_put_up_with() -> None:
    """With several ways back into itself a schema is unrolled a few times only."""
    many = {
        "type": "object",
        "properties": {f"p{index}": {"anyOf": [INTEGER, {"$ref": "#"}]} for index in range(40)},
        "additionalProperties": False,
    }
    deep: Any = 1
    for _ in range(9):
        deep = {"p39": deep}
    grammar = json_schema(many)
    assert grammar.options["recursion"] == "exact"
    assert recogniser(grammar).accepts(compact(deep).encode())
    assert json_schema(many, recursion="bounded").options["recursion"] == "bounded"
    assert json_schema(many, max_depth=2).options["recursion"] == "exact"


def test_what_has_no_grammar_of_any_depth() -> None:
    counted = {"type": "array", "contains": {"type": "array"}, "items": {"$ref": "#"}}
    counted["items"] = {"anyOf": [{"$ref": "#"}, INTEGER]}
    with pytest.raises(SchemaError, match="Intersect"):
        json_schema({**counted, "minItems": 1, "anyOf": [{"contains": INTEGER}]}, recursion="exact")
    with pytest.raises(SchemaError, match="layout"):
        json_schema(TREE, recursion="exact", whitespace="pretty")
    with pytest.raises(SchemaError, match="no value"):
        json_schema({"type": "array", "items": {"$ref": "#"}, "minItems": 1}, recursion="exact")
    with pytest.raises(lw.LatticeworkError, match="recursion is"):
        json_schema(TREE, recursion="deep")  # pyright: ignore[reportArgumentType]


def test_grammars_of_any_depth_go_together_with_others() -> None:
    grammar = lw.text(until="</think>") + json_schema(LIST, recursion="exact")
    vocabulary = lw.Vocabulary([bytes([value]) for value in range(256)])
    found = lw.compile(grammar, vocabulary)
    deep = compact(a_list(Random(1), 20))
    assert found.accepts(f"so {{ it is</think>{deep}")
    assert not found.accepts(f"so it is</think>{deep}}}")
    assert grammar.parse(f"x</think>{deep}") == json.loads(deep)


@pytest.mark.parametrize(("most", "depth"), [(10_000, 5), (10, 3)])
def test_merged_places_of_any_value_nest_as_deep_as_the_built_automaton_admits(
    most: int, depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recursion, "MERGED_STATES", most)
    options = [{"type": "object", "properties": {name: {}}, "required": [name]} for name in "ab"]
    grammar = json_schema({"anyOf": options}, open_objects=True, recursion="bounded")
    assert grammar.options["max_depth"] == depth
    automaton = build_automaton(grammar.node)
    deep = '{"a":' + '{"x":' * (depth - 1) + "[0]" + "}" * (depth - 1) + "}"
    assert run.accepts(automaton, deep.encode())
    assert not run.accepts(automaton, deep.replace("0", "{}").encode())


def test_what_is_built_to_find_a_depth_respects_the_limits_of_the_call() -> None:
    options = [{"type": "object", "properties": {name: {}}, "required": [name]} for name in "ab"]
    limits = lw.Limits(max_states=60)
    grammar = json_schema({"anyOf": options}, open_objects=True, recursion="bounded", limits=limits)
    assert grammar.options["max_depth"] == 3
    with pytest.raises(LimitExceeded):
        build_automaton(grammar.node, limits)


@pytest.mark.parametrize(("places", "depth"), [(1, 6), (50, 6), (70, 5), (310, 4)])
def test_the_fewer_places_of_any_value_the_deeper_they_nest(places: int, depth: int) -> None:
    names = [f"p{number}" for number in range(places)]
    grammar = json_schema({"type": "object", "properties": dict.fromkeys(names, True)}, recursion="bounded")
    assert grammar.options["max_depth"] == depth
    automaton = build_automaton(grammar.node)
    deep = '{"p0":' + '{"x":' * (depth - 1) + "[0]" + "}" * (depth - 1) + "}"
    assert run.accepts(automaton, deep.encode())
    assert not run.accepts(automaton, deep.replace("0", "{}").encode())


def test_places_of_any_value_leave_room_for_recursion() -> None:
    schema = {
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": {"type": "string"},
            "cause": {"$ref": "#"},
            "suppressed": {"type": "array", "items": {"$ref": "#"}},
        },
    }
    grammar = json_schema(schema, open_objects=True, recursion="bounded")
    automaton = build_automaton(grammar.node)
    inner = {"type": "a", "cause": {"type": "b"}, "suppressed": [{"type": "c", "more": [{}]}]}
    document = {"type": "d", "cause": inner, "suppressed": [inner, inner], "extra": {"x": [1]}}
    assert run.accepts(automaton, compact(document).encode())
    inner["suppressed"].append({"more": [{}]})
    assert not run.accepts(automaton, compact(document).encode())


def test_alternatives_have_their_keys_in_any_order_while_that_is_small() -> None:
    kinds = [
        {
            "type": "object",
            "properties": {"kind": {"const": kind}, **{f"{kind}{n}": {} for n in range(8)}},
            "required": ["kind", f"{kind}0"],
        }
        for kind in ("cat", "dog")
    ]
    schema = {"oneOf": kinds}
    grammar = json_schema(schema, property_order="any", open_objects=True)
    assert not any("alternatives" in line for line in grammar.narrowings)
    found = lw.compile(grammar, lw.Vocabulary([bytes([value]) for value in range(256)]))
    document = {"dog3": 1, "dog0": [{"x": 2}], "other": {}, "kind": "dog", "dog1": None}
    assert found.accepts(compact(document))
    assert not found.accepts(compact({**document, "kind": "cat"}))
    assert not found.accepts(compact(document).replace("dog3", "kind"))
