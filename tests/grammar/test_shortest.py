"""The shortest text of a grammar, beside texts that its automaton accepts."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from schemas import near
from test_schema_properties import LIMITS, RANDOM, SEEDS, a_schema, compact

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import LimitExceeded, SchemaError
from latticework.grammar import ir, json_schema, regex
from latticework.grammar.shortest import fewest_bytes

A, COMMA = ir.Literal(b"a"), ir.Literal(b", ")


@pytest.mark.parametrize(
    ("node", "bytes_"),
    [
        (ir.EMPTY, 0),
        (ir.Words([b"abc", b"ab"]), 2),
        (ir.Seq((A, ir.Alt((COMMA, A)), ir.Repeat(A, 3, None))), 5),
        (ir.Join(A, COMMA, 3, 9), 7),
        (ir.Join(A, COMMA, 0, 9), 0),
        (ir.Ordered([(A, True), (A, False), (COMMA, True)], COMMA), 5),
        (ir.Unordered("ab", [(A, True), (A, False)], COMMA), 1),
        (ir.Counted(ir.Repeat(ir.ANY_CHAR, 0, None), 4, 8), 4),
        (ir.Located(ir.Alone(ir.JsonKey(["x"])), "/here"), 2),
        (ir.Intersect((ir.Repeat(A, 2, 9), ir.Repeat(A, 1, 5))), 2),
        (regex(r"(ab|c)+\d{2}").node, 3),
    ],
)
def test_some_grammars(node: ir.Node, bytes_: int) -> None:
    assert fewest_bytes(node) == bytes_


@given(SEEDS)
@settings_of(RANDOM, max_examples=80)
def test_no_document_is_shorter(seed: int) -> None:
    random = Random(seed)
    schema = a_schema(random)
    try:
        node = json_schema(schema, open_objects=True, max_depth=1, recursion="bounded", limits=LIMITS).node
        automaton = build_automaton(node, LIMITS)
    except (SchemaError, LimitExceeded):
        return
    fewest = fewest_bytes(node)
    for value in near(random, schema, 20):
        text = compact(value).encode()
        assert len(text) >= fewest or not run.accepts(automaton, text)
