"""Random schemas and documents: what the grammar accepts jsonschema accepts, and the converse up to stated narrowings.

Schemas nest all keywords of a draft inside each other (:mod:`schemas`); documents are random walks through the
compiled grammar, values made to satisfy the schema, mutations of those, and odd spellings. Verdicts are those of the
compiled automaton, so recursive schemas are bounded (:mod:`test_any_depth` has the others); the slow IR matcher is
asked about a few and must agree.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ir_matcher import matches, no_constant
from schemas import DRAFTS, SchemaMaker, near, shrunk, spelt, validator
from words import Sampler

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import LimitExceeded, SchemaError
from latticework.grammar import Grammar, Limits, json_schema

LIMITS = Limits(max_states=3_000, max_nodes=10_000, max_branches=200)
STYLES: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":")},
    "spaced": {},
    "pretty": {"indent": 2},
    "any": {"separators": (", ", " :")},
}
# Narrowings that leave out documents of the exact schemas as well.
LEAVES_OUT = ("left out", "themselves", "together", "one fixed order")

SEEDS = st.integers(0, 2**40)
# A seed does not shrink; the schema does, when a test fails.
RANDOM = settings(
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


class Judge:
    """A compiled schema and its validator."""

    def __init__(self, schema: Any, **options: Any) -> None:
        self.grammar: Grammar = json_schema(schema, limits=LIMITS, recursion="bounded", **options)
        self.automaton = build_automaton(self.grammar.node, LIMITS)
        self.validator = validator(schema)

    def accepts(self, text: str) -> bool:
        return run.accepts(self.automaton, text.encode())

    def is_valid(self, text: str) -> bool:
        return self.validator.is_valid(json.loads(text, parse_constant=no_constant))


def judge_of(schema: Any, **options: Any) -> Judge | None:
    """``None`` for a schema that is refused or too large."""
    try:
        return Judge(schema, **options)
    except (SchemaError, LimitExceeded):
        return None


def wrongly_accepted(schema: Any, text: str, **options: Any) -> bool:
    judge = judge_of(schema, **options)
    return judge is not None and judge.accepts(text) and not judge.is_valid(text)


def a_schema(random: Random, exact: bool = False, foreign: float = 0.0) -> Any:
    draft = random.choice(sorted(DRAFTS))
    return SchemaMaker(random, draft, exact, foreign).document(random.choice((1, 2, 2, 3)))


def compact(value: Any, style: str = "compact") -> str:
    return json.dumps(value, ensure_ascii=False, **STYLES[style])


def walks(grammar: Grammar, seed: int, lengths: tuple[int, ...]) -> Iterator[str]:
    try:
        sampler = Sampler(grammar.node, seed)
    except LimitExceeded:  # with its counters expanded
        return
    if sampler.distance[0] == float("inf"):  # no documents at all
        return
    for most in lengths:
        yield sampler.text(most).decode()


def check_soundness(seed: int, foreign: float = 0.0, documents: int = 40, texts: int = 12) -> None:
    random = Random(seed)
    schema = a_schema(random, foreign=foreign)
    style = random.choice(sorted(STYLES))
    options = {
        "open_objects": random.random() < 0.5,
        "property_order": random.choice(("schema", "any")),
        "whitespace": style if random.random() < 0.3 else "compact",
        "max_depth": random.choice((0, 1)),
        "optional": random.choice(("both", "both", "omit", "null")),
        "escapes": random.choice(("any", "any", "minimal")),
        "max_string_length": random.choice((None, None, 4)),
        "max_integer_digits": random.choice((None, None, 2)),
        "max_fraction_digits": random.choice((None, None, 1)),
        "distinct": random.choice(("refuse", "narrow")),
    }
    judge = judge_of(schema, **options)
    if judge is None:
        return
    candidates = list(walks(judge.grammar, seed, (0, 2, 4, 8, 12, 16, 24, 32, 48, 64, 80, 100)[:texts]))
    for value in near(random, schema, documents):
        candidates += [compact(value, options["whitespace"]), spelt(value, random)]
    candidates = list(dict.fromkeys(candidates))
    for text in candidates:
        if judge.accepts(text) and not judge.is_valid(text):
            small = shrunk(schema, lambda smaller, text=text: wrongly_accepted(smaller, text, **options))
            pytest.fail(f"{small} with {options} accepts {text}")
    for text in random.sample(candidates, min(3, len(candidates))):
        assert len(text) > 60 or matches(judge.grammar.node, text.encode()) == judge.accepts(text), (schema, text)


@given(SEEDS)
@settings(RANDOM, max_examples=250)
def test_what_is_accepted_is_valid(seed: int) -> None:
    check_soundness(seed)


@given(SEEDS)
@settings(RANDOM, max_examples=50)
def test_keywords_of_other_drafts_admit_nothing_more(seed: int) -> None:
    check_soundness(seed, foreign=0.3)


def orders(value: Any) -> Iterator[Any]:
    """The value with the keys of its objects in every order."""
    if isinstance(value, list):
        yield from map(list, itertools.product(*(list(orders(item)) for item in value)))
    elif isinstance(value, dict):
        for parts in itertools.product(*(list(orders(member)) for member in value.values())):
            yield from map(dict, itertools.permutations(zip(value, parts, strict=True)))
    else:
        yield value


def nesting(value: Any) -> int:
    if isinstance(value, (list, dict)):
        return 1 + max(map(nesting, value.values() if isinstance(value, dict) else value), default=0)
    return 0


def widest(value: Any) -> int:
    if isinstance(value, (list, dict)):
        members = list(value.values()) if isinstance(value, dict) else value
        return max(len(members), *map(widest, members)) if members else 0
    return 0


def open_judge(schema: Any, style: str) -> Judge | None:
    """``None`` for a schema without documents.

    Raises:
        SchemaError, LimitExceeded: refused for another reason, or it leaves documents out and says so.
    """
    try:
        judge = Judge(schema, open_objects=True, max_depth=2, whitespace=style)
    except SchemaError as error:
        if all("no value satisfies" in issue.hint + issue.message for issue in error.issues):
            return None
        raise
    if any(mark in line for line in judge.grammar.narrowings for mark in LEAVES_OUT):
        raise SchemaError(())
    return judge


def is_left_out(schema: Any, judge: Judge | None, value: Any, style: str) -> bool:
    """Whether the value is valid and yet rejected in every order of its keys."""
    if (judge is not None and judge.accepts(compact(value, style))) or not validator(schema).is_valid(value):
        return False
    return judge is None or not any(judge.accepts(compact(order, style)) for order in orders(value))


@given(SEEDS)
@settings(RANDOM, max_examples=200)
def test_what_is_valid_is_accepted_in_some_key_order(seed: int) -> None:
    random = Random(seed)
    schema = a_schema(random, exact=True)
    style = random.choice(sorted(STYLES))
    try:
        judge = open_judge(schema, style)
    except (SchemaError, LimitExceeded):
        return
    for value in near(random, schema, 25, plain=True):
        if nesting(value) <= 2 and widest(value) <= 4 and is_left_out(schema, judge, value, style):
            small = shrunk(
                schema, lambda smaller, value=value: is_left_out(smaller, open_judge(smaller, style), value, style)
            )
            pytest.fail(f"{small} rejects {compact(value)}")


@given(SEEDS)
@settings(RANDOM, max_examples=30)
def test_every_document_written_is_strict_json_in_its_style(seed: int) -> None:
    random = Random(seed)
    schema = a_schema(random)
    style = random.choice(("spaced", "pretty", "any"))
    judge = judge_of(schema, whitespace=style, max_depth=1)
    if judge is None:
        return
    for text in walks(judge.grammar, seed, (0, 6, 20, 40)):
        assert matches(judge.grammar.node, text.encode())
        assert judge.is_valid(text), (schema, text)
