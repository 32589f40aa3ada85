"""``property_order="any"`` where the object is too large for every order."""

from __future__ import annotations

from verdicts import check

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.grammar import json_schema


def test_one_member_at_a_time_comes_early_and_further_ones_anywhere() -> None:
    names = "abcdefgh"
    schema = {
        "type": "object",
        "properties": {name: {"type": "null"} for name in names},
        "additionalProperties": {"const": 1},
        "required": ["b", "g"],
    }
    good = ["bg", "abcdefgh", "gb", "bag", "acbg", "habg", "agbx", "xbyg", "bdceg", "ybgz"]
    texts = ["{" + ",".join(f'"{n}":{"null" if n in names else 1}' for n in order) + "}" for order in good]
    check(schema, texts, ['{"b":null}', '{"g":null,"b":1}', '{"x":null,"b":null,"g":null}'], property_order="any")
    grammar = json_schema(schema, property_order="any")
    assert any("but for one at a time that comes early" in line for line in grammar.narrowings)
    automaton = build_automaton(grammar.node)
    for order in ("hgba", "gbb", "abag", "hbgh"):
        text = "{" + ",".join(f'"{name}":null' for name in order) + "}"
        assert not run.accepts(automaton, text.encode())
