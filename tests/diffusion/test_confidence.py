"""Value spans against ``json.loads``, confidence against products taken by hand."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.diffusion.confidence import value_confidence
from latticework.diffusion.spans import value_spans

KEYS = st.text(st.sampled_from('ab/~"\\\n é,:{}[]'), max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 10**6) | st.floats(allow_nan=False, allow_infinity=False) | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
STYLES = st.sampled_from(
    [{"separators": (",", ":")}, {}, {"indent": 2}, {"indent": "\t", "separators": (" , ", " : ")}]
)


def pointers(value: Any, at: str = "") -> dict[str, Any]:
    """Every value of a parsed document by pointer (the oracle)."""
    found = {at: value}
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        found |= pointers(child, at + "/" + str(key).replace("~", "~0").replace("/", "~1"))
    return found


@given(value=VALUES, style=STYLES, ascii_only=st.booleans(), pad=st.sampled_from(["", " ", "\n "]))
@settings(max_examples=300, deadline=None)
def test_spans_hold_exactly_the_values(value, style, ascii_only, pad):
    document = (pad + json.dumps(value, ensure_ascii=ascii_only, **style) + pad).encode()
    spans = value_spans(document)
    expected = pointers(json.loads(document))
    assert spans.keys() == expected.keys()
    for pointer, (start, end) in spans.items():
        piece = document[start:end]
        assert piece == piece.strip()
        assert json.loads(piece) == expected[pointer]


@pytest.mark.parametrize(
    "document", ['{"a":{"b":1},"a":2}', '{"a":2,"a":{"b":1}}', '{"a":{"b":1,"c":2},"a":{"b":3}}', '{"a":1,"a":1}']
)
def test_of_repeated_keys_the_last_counts(document):
    spans = value_spans(document.encode())
    expected = pointers(json.loads(document))
    assert {p: json.loads(document[a:b]) for p, (a, b) in spans.items()} == expected


def test_depth_is_not_bounded_by_the_interpreter():
    assert len(value_spans(b"[" * 5000 + b"]" * 5000)) == 5000


def test_confidence_is_the_product_over_overlapping_slots():
    pieces = [b'{"', b"a", b'":', b"1", b"2", b',"', b"b", b'":"', b"x", b'"}']
    p = [1.0, 0.9, 1.0, 0.5, 0.8, 0.7, 1.0, 0.6, 0.25, 0.5]
    got = value_confidence(pieces, np.log(p), json_document=True)
    assert got["/a"] == pytest.approx(0.5 * 0.8)
    assert got["/b"] == pytest.approx(0.6 * 0.25 * 0.5), "the quotes belong to tokens that hold more than the value"
    assert got[""] == pytest.approx(math.prod(p))
    assert got.keys() == {"", "/a", "/b"}


def test_confidence_of_plain_text_is_one_number():
    assert value_confidence([b"ab", b"c"], np.log([0.5, 0.5]), json_document=False) == {"": pytest.approx(0.25)}


def test_confidence_of_the_empty_text_is_certain():
    assert value_confidence([], np.zeros(0), json_document=False) == {"": 1.0}
