"""Pictures of automata: the ways through the graph are the texts, and everything has its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import latticework as lw
from latticework.automata.build import build_automaton
from latticework.cli import app
from latticework.grammar.limits import DEFAULT_LIMITS
from latticework.viz.automaton import MOST_STATES, Graph, GraphElement, graph_of
from latticework.viz.diagram import diagram

SVG = "{http://www.w3.org/2000/svg}"


def graph(grammar: lw.Grammar) -> Graph | None:
    return graph_of(build_automaton(grammar.node, DEFAULT_LIMITS))


def ways(found: Graph, state: int = 0) -> Iterator[str]:
    """Labels along every way to an accepting state of a graph without loops."""
    if found.accepting[state]:
        yield ""
    for (source, target), label in found.edges.items():
        if source == state:
            yield from (label + rest for rest in ways(found, target))


@settings(max_examples=60, deadline=None)
@given(st.sets(st.text("abc", max_size=4), min_size=1, max_size=8))
def test_ways_through_the_graph_are_the_texts(words: set[str]) -> None:
    found = graph(lw.choice(sorted(words)))
    assert found is not None
    pattern = re.compile("|".join(ways(found)))  # labels are texts or sets of characters
    texts = {"".join(letters) for size in range(5) for letters in product("abc", repeat=size)}
    assert {text for text in texts if pattern.fullmatch(text)} == words


def test_characters_beyond_ascii_are_one_step_and_repetitions_are_named() -> None:
    found = graph(lw.regex("[^ax]x{20,30}y{40,}"))
    assert found is not None
    assert len(found.names) <= 6
    assert {"×20–30", "×40…"} <= set(found.names)
    assert any("…" in label or "[^" in label or "non-ASCII" in label for label in found.edges.values())


def test_what_is_too_large_is_left_out() -> None:
    assert graph(lw.choice([f"{number:03}x{number * 7919 % 1000}" for number in range(400)])) is None
    assert "automaton" not in diagram(lw.json_schema(True), build_automaton(lw.json_schema(True).node, DEFAULT_LIMITS))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["a", "bc", "(x|yz)", "[a-f]", "q*", "r{9,20}", "(s|tu)*", "é"]), max_size=6))
def test_states_lie_apart_and_inside_the_picture(parts: list[str]) -> None:
    grammar = lw.regex("".join(parts))
    found = graph(grammar)
    if found is None:
        return
    assert len(found.names) <= MOST_STATES
    element = GraphElement(found)
    svg = ElementTree.fromstring(diagram(grammar, build_automaton(grammar.node, DEFAULT_LIMITS)))
    centres = {(circle.get("cx"), circle.get("cy")) for circle in svg.iter(f"{SVG}circle")}
    assert len(centres) == len(found.names)
    width, height = float(svg.get("width", 0)), float(svg.get("height", 0))
    assert all(13 < float(x or 0) < width - 13 and 13 < float(y or 0) < height - 13 for x, y in centres)
    for source, target in found.edges:
        if source != target:
            assert element.column[source] < element.column[target] or (source, target) in element.below


def test_check_draws_it(tmp_path) -> None:
    target = tmp_path / "paid.svg"
    assert CliRunner().invoke(app, ["check", '{"enum": ["yes", "no"]}', "--svg", str(target)]).exit_code == 0
    assert ">automaton<" in target.read_text()
