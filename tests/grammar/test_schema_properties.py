"""Random schemas and values: what the grammar accepts jsonschema accepts, and the converse up to stated narrowings.

Every verdict is taken twice, by the slow IR matcher and by the compiled automaton; they must agree.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from ir_matcher import matches, no_constant
from jsonschema import Draft202012Validator
from words import Sampler

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import SchemaError, SchemaIssue
from latticework.grammar import Grammar, json_schema

NAMES = ("a", "b", 'c"', "dé")
STRINGS = st.text('ab1-é"\\\t😀', max_size=4)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-12, 12), st.sampled_from([0.5, -1.25, 3.75, 10.5]), STRINGS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from((*NAMES, "x")), inner, max_size=3),
    max_leaves=5,
)
SMALL = st.integers(0, 3)
BOUNDS = st.integers(-6, 6) | st.sampled_from([0.5, -1.25])
PATTERNS = st.sampled_from(["^a", "b$", "^[ab1]*$", "^$", "a|1", "^(?!a)", "é", "^.{2}$", "(^a|b$)", "\\\\", '"'])
STRING_KEYWORDS = {"minLength": SMALL, "maxLength": SMALL, "pattern": PATTERNS}
NUMBER_KEYWORDS = {
    "minimum": BOUNDS,
    "maximum": BOUNDS,
    "exclusiveMinimum": BOUNDS,
    "exclusiveMaximum": BOUNDS,
}
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")


def subset(choices: dict[str, st.SearchStrategy[Any]], most: int) -> st.SearchStrategy[dict[str, Any]]:
    names = st.lists(st.sampled_from(sorted(choices)), max_size=most, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: choices[name] for name in chosen}))


def in_order(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: properties[name] for name in NAMES if name in properties}


def grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    branches = st.lists(inner, min_size=1, max_size=2)
    object_keywords = {
        "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=3).map(in_order),
        "required": st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
        "additionalProperties": inner,
        "minProperties": st.integers(0, 1),
        "maxProperties": SMALL,
    }
    array_keywords = {"items": inner, "prefixItems": branches, "minItems": SMALL, "maxItems": SMALL}
    typed = st.fixed_dictionaries(
        {"type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=2)}
    )
    leaves = subset({**STRING_KEYWORDS, **NUMBER_KEYWORDS}, 2)
    return st.one_of(
        st.tuples(typed, subset(object_keywords, 3)).map(merged),
        st.tuples(typed, subset(array_keywords, 3)).map(merged),
        st.tuples(subset({**object_keywords, **array_keywords}, 2), leaves).map(merged),
        st.tuples(st.fixed_dictionaries({"enum": st.lists(VALUES, min_size=1, max_size=4)}), leaves).map(merged),
        st.tuples(st.fixed_dictionaries({"const": VALUES}), typed).map(merged),
        st.tuples(st.fixed_dictionaries({"anyOf": branches}), leaves).map(merged),
        st.tuples(st.fixed_dictionaries({"oneOf": branches}), leaves).map(merged),
        st.tuples(st.fixed_dictionaries({"allOf": branches}), leaves).map(merged),
    )


def merged(parts: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {key: value for part in parts for key, value in part.items()}


LEAVES = st.one_of(
    st.sampled_from([True, False, {}]),
    st.sampled_from(TYPES).map(lambda name: {"type": name}),
    st.tuples(st.just({"type": "string"}), subset(STRING_KEYWORDS, 3)).map(merged),
    st.tuples(st.sampled_from([{"type": "integer"}, {"type": "number"}, {}]), subset(NUMBER_KEYWORDS, 2)).map(merged),
)
SCHEMAS = st.recursive(LEAVES, grow, max_leaves=5)
STYLES: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":")},
    "spaced": {},
    "pretty": {"indent": 2},
    "any": {"separators": (", ", " :")},
}


def compiled(schema: Any, **options: Any) -> Grammar:
    try:
        return json_schema(schema, **options)
    except SchemaError:
        assume(False)
        raise


class Judge:
    """One grammar, two ways to ask it."""

    def __init__(self, grammar: Grammar) -> None:
        self.node = grammar.node
        self.automaton = build_automaton(grammar.node)

    def accepts(self, data: bytes) -> bool:
        verdict = matches(self.node, data)
        assert verdict == run.accepts(self.automaton, data)
        return verdict


def key_orders(value: Any) -> list[Any]:
    """The value with the keys of its objects in every order."""
    if isinstance(value, list):
        return [list(items) for items in itertools.product(*map(key_orders, value))]
    if isinstance(value, dict):
        members = [
            dict(zip(value, parts, strict=True)) for parts in itertools.product(*map(key_orders, value.values()))
        ]
        return [dict(order) for member in members for order in itertools.permutations(member.items())]
    return [value]


def nesting(value: Any) -> int:
    if isinstance(value, (list, dict)):
        return 1 + max(map(nesting, value.values() if isinstance(value, dict) else value), default=0)
    return 0


def written(value: Any, style: str) -> bytes:
    return json.dumps(value, ensure_ascii=False, **STYLES[style]).encode()


@given(SCHEMAS, VALUES, st.sampled_from(sorted(STYLES)), st.booleans())
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_what_is_accepted_is_valid(schema: Any, value: Any, style: str, open_objects: bool) -> None:
    judge = Judge(compiled(schema, whitespace=style, open_objects=open_objects, max_depth=1))
    if judge.accepts(written(value, style)):
        assert Draft202012Validator(schema).is_valid(value)


@given(SCHEMAS, VALUES, st.sampled_from(sorted(STYLES)))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_what_is_valid_is_accepted_in_some_key_order(schema: Any, value: Any, style: str) -> None:
    grammar = compiled(schema, whitespace=style, open_objects=True)
    assume(nesting(value) <= 2 and Draft202012Validator(schema).is_valid(value))
    judge = Judge(grammar)
    assert any(judge.accepts(written(order, style)) for order in key_orders(value))


@given(SCHEMAS, st.sampled_from(sorted(STYLES)), st.booleans(), st.integers(0, 1000))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_every_document_written_is_strict_json_and_valid(schema: Any, style: str, is_open: bool, seed: int) -> None:
    grammar = compiled(schema, whitespace=style, open_objects=is_open, max_depth=1)
    sampler = Sampler(grammar.node, seed)
    assume(sampler.distance[0] < float("inf"))
    validator = Draft202012Validator(schema)
    for most in (0, 6, 20, 60):
        data = sampler.text(most)
        assert matches(grammar.node, data)
        assert validator.is_valid(json.loads(data.decode(), parse_constant=no_constant)), data


@given(SCHEMAS, VALUES)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_a_refused_schema_says_where_and_an_unsatisfiable_one_has_no_values(schema: Any, value: Any) -> None:
    issues = refusal(schema)
    if issues and all("no value satisfies" in issue.hint for issue in issues):
        assert not Draft202012Validator(schema).is_valid(value)


def refusal(schema: Any) -> tuple[SchemaIssue, ...]:
    try:
        json_schema(schema, open_objects=True)
    except SchemaError as error:
        return error.issues
    return ()
