"""The texts of small languages against brute force; unlimited ones are none."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.grammar import ir, regex
from latticework.grammar.json_schema.listed import MAX_TEXTS, listed

A, B = ir.Literal(b"a"), ir.Literal(b"b")


@pytest.mark.parametrize(
    "pattern", ["a|b|ab", "(a|b){0,5}", "a{3}b?", "[ab]{2}(a|)", "(ab|a)(b|bb)?", "a(?!b)[ab]?", "(a{0,2}b){1,2}"]
)
def test_all_texts_of_a_pattern(pattern: str) -> None:
    words = ["".join(letters) for length in range(9) for letters in product("ab", repeat=length)]
    wanted = sorted(word.encode() for word in words if re.fullmatch(pattern, word))
    assert sorted(listed(regex(pattern).node) or ()) == wanted


@pytest.mark.parametrize("pattern", ["a*", "a+b", "(ab?)*", "[a-z]{3}", "a|b*", r"(?=a*b)[ab]+"])
def test_more_than_can_be_listed(pattern: str) -> None:
    assert listed(regex(pattern).node) is None


@pytest.mark.parametrize(("count", "is_listed"), [(MAX_TEXTS, True), (MAX_TEXTS + 1, False)])
def test_the_bound_on_their_number(count: int, is_listed: bool) -> None:
    node = ir.Seq((ir.Words(str(number).encode() for number in range(count)), A))
    assert (listed(node) is not None) == is_listed


NODES = st.recursive(
    st.sampled_from([A, B, ir.EMPTY, ir.NOTHING, ir.Chars([(97, 98)])]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(ir.Seq),
        st.lists(inner, max_size=3).map(ir.Alt),
        st.tuples(inner, st.integers(0, 1), st.integers(1, 2)).map(lambda t: ir.Repeat(*t)),
        st.tuples(inner, inner).map(ir.Intersect),
        st.tuples(inner, inner).map(lambda t: ir.Except(*t)),
    ),
    max_leaves=6,
)


def texts(node: ir.Node) -> set[bytes]:
    match node:
        case ir.Literal():
            return {node.data}
        case ir.Chars():
            return {bytes((code,)) for low, high in node.ranges for code in range(low, high + 1)}
        case ir.Seq():
            return {b"".join(parts) for parts in product(*map(texts, node.parts))}
        case ir.Alt():
            return set().union(*map(texts, node.options))
        case ir.Repeat():
            assert node.high is not None
            body = texts(node.body)
            counts = range(node.low, node.high + 1)
            return {b"".join(parts) for count in counts for parts in product(body, repeat=count)}
        case ir.Intersect():
            first, *others = map(texts, node.parts)
            return first.intersection(*others)
        case ir.Except():
            return texts(node.body) - texts(node.removed)
    raise AssertionError(node)


@settings(max_examples=150, deadline=None)
@given(NODES)
def test_random_languages(node: ir.Node) -> None:
    found = listed(node)
    wanted = texts(node)
    assert (found is None and len(wanted) > MAX_TEXTS) or sorted(set(found or ())) == sorted(wanted)
