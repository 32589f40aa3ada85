"""Lists of items with different checksums against every short text."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import LimitExceeded
from latticework.grammar import Limits, ir

COMMA = ir.Literal(b",")
ITEMS = [
    ir.Chars([(0x61, 0x65)]),
    ir.Repeat(ir.Chars([(0x61, 0x63)]), 1, None),
    ir.Repeat(ir.Chars([(0x20, 0x20), (0x61, 0x62)]), 1, 3),
    ir.Words([b"a", b"ab", b"d", b"dad"]),
    ir.Seq((ir.Chars([(0x61, 0x62)]), ir.Repeat(ir.Literal(b" "), 0, None))),
]
SEPARATORS = [COMMA, ir.Seq((COMMA, ir.Repeat(COMMA, 0, 1))), ir.Literal(b",,")]


def checksum(item: str, modulus: int) -> int:
    return sum(item.replace(" ", "").encode()) % modulus


def wanted(node: ir.Distinct, items: list[str]) -> bool:
    """The definition, of items already taken apart."""
    found = [checksum(item, node.modulus) for item in items]
    return (
        node.low <= len(items)
        and (node.high is None or len(items) <= node.high)
        and len(set(found)) == len(found)
        and all(found[i] > max(found[:i]) for i in range(node.free, len(found)))
    )


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(ITEMS),
    st.sampled_from(SEPARATORS),
    st.integers(1, 3),
    st.none() | st.integers(0, 4),
    st.integers(1, 7),
    st.integers(1, 4),
)
def test_every_short_list(
    item: ir.Node, separator: ir.Node, low: int, extra: int | None, modulus: int, free: int
) -> None:
    node = ir.Distinct(item, separator, low, None if extra is None else low + extra, modulus, free)
    automaton = build_automaton(ir.Seq((ir.Literal(b"["), node, ir.Literal(b"]"))))
    alone, between = build_automaton(item), build_automaton(separator)
    texts = ["".join(letters) for n in (1, 2, 3) for letters in product("abcd ", repeat=n)]
    items = [text for text in texts if run.accepts(alone, text.encode())][:7]
    commas = [text for text in (",", ",,", ",,,") if run.accepts(between, text.encode())]
    for count in range(1, 5):
        for chosen in product(items, repeat=count):
            for comma in commas:
                text = f"[{comma.join(chosen)}]"
                assert run.accepts(automaton, text.encode()) == wanted(node, [*chosen]), text


def test_nothing_else() -> None:
    automaton = build_automaton(ir.Distinct(ITEMS[1], COMMA, 2, 3, 5, 3))
    for text in (b"", b"a", b"a,", b",a", b"a,,b", b"a,b,", b"a;b", b"a,b,c,ab"):
        assert not run.accepts(automaton, text)
    for text in (b"a,b", b"b,a", b"c,a,b"):
        assert run.accepts(automaton, text)


@pytest.mark.parametrize(
    ("item", "separator"),
    [
        (ir.Repeat(ITEMS[0], 0, None), COMMA),
        (ITEMS[0], ir.Repeat(COMMA, 0, None)),
        (ir.Repeat(ir.Chars([(0x2C, 0x2C), (0x61, 0x61)]), 1, None), COMMA),
        (ir.Repeat(ITEMS[0], 1, None), ir.Seq((COMMA, ir.Repeat(ITEMS[0], 0, None)))),
    ],
)
def test_what_cannot_be_taken_apart(item: ir.Node, separator: ir.Node) -> None:
    with pytest.raises(ValueError, match=r"empty|where items end"):
        build_automaton(ir.Distinct(item, separator, 1, None, 3, 2))


def test_the_bound_on_states() -> None:
    with pytest.raises(LimitExceeded):
        build_automaton(ir.Distinct(ITEMS[1], COMMA, 1, None, 16, 4), Limits(max_states=1_000))


@pytest.mark.parametrize("bad", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_numbers_are_positive(bad: tuple[int, int, int]) -> None:
    low, modulus, free = bad
    with pytest.raises(ValueError, match="positive"):
        ir.Distinct(ITEMS[0], COMMA, low, None, modulus, free)
