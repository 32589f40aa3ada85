"""Random schemas with members in any order: every order of a valid document is accepted, nothing else is."""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from schemas import near, validator
from test_schema_properties import LEAVES_OUT, LIMITS, RANDOM, SEEDS, a_schema, compact, nesting, orders, widest

from latticework import Vocabulary
from latticework.errors import LimitExceeded, SchemaError
from latticework.grammar import json_schema
from latticework.grammar.json_schema import unordered
from latticework.lattice.arranged.constraint import ArrangedConstraint

BYTES = Vocabulary([bytes([value]) for value in range(256)])


def arranged(schema: Any, **options: Any) -> ArrangedConstraint | None:
    """``None`` for a schema without large objects, and for one that is refused or too large. No object is small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unordered, "MAX_MEMBERS", 0)
        try:
            grammar = json_schema(schema, property_order="any", recursion="bounded", limits=LIMITS, **options)
            return None if grammar.arranged is None else ArrangedConstraint(BYTES, grammar, LIMITS)
        except (SchemaError, LimitExceeded):
            return None


@given(SEEDS)
@settings(RANDOM, max_examples=120)
def test_what_is_accepted_is_valid(seed: int) -> None:
    random = Random(seed)
    schema = a_schema(random)
    constraint = arranged(schema, open_objects=random.random() < 0.5, max_depth=random.choice((0, 1)))
    if constraint is None:
        return
    judge = validator(schema)
    for value in near(random, schema, 30):
        for order in islice(orders(value), 4) if widest(value) <= 5 else (value,):
            text = compact(order)
            try:
                accepted = constraint.accepts(text)
            except LimitExceeded:
                continue
            assert not accepted or judge.is_valid(value), (schema, text)


@given(SEEDS)
@settings(RANDOM, max_examples=120)
def test_every_order_of_what_is_valid_is_accepted(seed: int) -> None:
    random = Random(seed)
    schema = a_schema(random, exact=True)
    constraint = arranged(schema, open_objects=True, max_depth=2)
    if constraint is None:
        return
    if any(mark in line for line in constraint.grammar.narrowings for mark in (*LEAVES_OUT, "counted")):
        return
    judge = validator(schema)
    for value in near(random, schema, 20, plain=True):
        if nesting(value) > 2 or widest(value) > 4 or not judge.is_valid(value):
            continue
        every = list(orders(value))
        for order in random.sample(every, min(4, len(every))):
            try:
                assert constraint.accepts(compact(order)), (schema, compact(order))
            except LimitExceeded:  # small ones, so that the test is quick
                continue
