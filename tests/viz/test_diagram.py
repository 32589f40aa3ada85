"""Railroad diagrams: well-formed SVG that names what the grammar is made of, within bounds, whatever it is."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import latticework as lw
from latticework.viz.diagram import MOST_BOXES, diagram
from latticework.viz.railroad import Box, Choice, Element, Framed, Loop, Row, Skip, in_rows, optional, picture

SVG = "{http://www.w3.org/2000/svg}"


def words(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_schema_names_its_keys_bounds_and_members() -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 40},
            "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 5},
            "state": {"enum": [f"S{i:02}" for i in range(30)]},
            "day": {"type": "string", "format": "date"},
        },
        "required": ["name"],
    }
    found = words(diagram(lw.json_schema(schema)))
    assert '"name":' in found
    assert "0 to 40 characters" in found
    assert "1 to 5 times" in found
    assert {'"a"', '"b"', '"S00"'} <= set(found)
    assert "… 23 more" in found
    assert found.count("/properties/day") == 2  # a box, and the heading of its own diagram


def test_rules_of_a_grammar_have_a_diagram_each() -> None:
    grammar = lw.lark('start: "<" item* ">"\nitem: NAME | start\nNAME: /[a-z]+/')
    found = words(diagram(grammar))
    assert found[0] == "start"
    assert found.count("item") >= 2
    assert {'"<"', '">"', "NAME"} <= set(found)


GRAMMARS = {
    "regex": lambda: lw.regex(r"(\d{1,3}\.){3}\d{1,3}|a?b*"),
    "lookahead": lambda: lw.regex("x(?=y)y"),
    "choice": lambda: lw.choice(["<a>", "&", "\x01"]),
    "text": lw.text,
    "python": lambda: lw.lark("python"),
    "any value": lambda: lw.json_schema(True),
}


@pytest.mark.parametrize("name", GRAMMARS)
def test_any_grammar_is_well_formed_and_bounded(name: str) -> None:
    grammar = GRAMMARS[name]()
    root = ElementTree.fromstring(diagram(grammar))
    assert root.tag == f"{SVG}svg"
    boxes = list(root.iter(f"{SVG}rect"))
    limit = MOST_BOXES if grammar.context_free is None else 10_000
    assert 0 < len(boxes) <= limit + 20
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for rect in boxes:
        assert float(rect.attrib["x"]) >= 0
        assert float(rect.attrib["x"]) + float(rect.attrib["width"]) <= width
        assert float(rect.attrib["y"]) + float(rect.attrib["height"]) <= height


def _elements() -> st.SearchStrategy[Element]:
    leaf = st.one_of(st.just(Skip()), st.builds(Box, st.text(max_size=12)))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(Row),
            st.lists(inner, min_size=1, max_size=9).map(in_rows),
            st.lists(inner, min_size=1, max_size=3).map(Choice),
            st.builds(Loop, inner, inner, st.text(max_size=5)),
            st.builds(Framed, st.text(max_size=8), inner),
            inner.map(optional),
        ),
        max_leaves=12,
    )


@settings(max_examples=60, deadline=None)
@given(_elements())
def test_boxes_never_overlap(element: Element) -> None:
    root = ElementTree.fromstring(picture([("x", element)]))
    rects = [
        tuple(float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        for rect in root.iter(f"{SVG}rect")
        if rect.attrib["class"] != "note"
    ]
    for number, (x, y, width, height) in enumerate(rects):
        for other_x, other_y, other_width, other_height in rects[:number]:
            apart = (x + width <= other_x + 0.2 or other_x + other_width <= x + 0.2
                     or y + height <= other_y + 0.2 or other_y + other_height <= y + 0.2)  # fmt: skip
            assert apart
