"""Members nearly in order, and further ones anywhere, against every short text."""

from __future__ import annotations

from itertools import permutations, product

import pytest

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.grammar import ir

COMMA = ir.Literal(b",")
FURTHER = ir.Words([b"x", b"y"])


def ahead(letters: str) -> int:
    """How many letters at most have been written at one time before one that comes earlier in the alphabet."""
    return max(
        (sum(letter > min(letters[at:]) for letter in letters[:at]) for at in range(1, len(letters))),
        default=0,
    )


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("further", [None, FURTHER])
@pytest.mark.parametrize("required", [(), (0, 1, 2, 3), (1,), (0, 3), (3,), (2, 1)])
def test_every_short_text(required: tuple[int, ...], further: ir.Node | None, early: bool) -> None:
    names = "abcd" if further is not None else "abcde"
    members = [(ir.Literal(name.encode()), index in required) for index, name in enumerate(names)]
    automaton = build_automaton(ir.Ordered(members, COMMA, further, early))
    needed = {names[index] for index in required}
    for count in range(6):
        for letters in product(names + "x" * (further is not None), repeat=count):
            named = [letter for letter in letters if letter != "x"]
            good = len(set(named)) == len(named) and needed <= set(named) and ahead("".join(named)) <= early
            text = ",".join(letters).encode()
            assert run.accepts(automaton, text) == good, letters


def test_which_orders_there_are() -> None:
    members = [(ir.Literal(name.encode()), True) for name in "abcd"]
    automaton = build_automaton(ir.Ordered(members, COMMA, early=True))
    orders = ["".join(order) for order in permutations("abcd")]
    accepted = {order for order in orders if run.accepts(automaton, ",".join(order).encode())}
    assert accepted == {"abcd", "bacd", "acbd", "abdc", "cabd", "adbc", "dabc", "badc"}


def test_no_members() -> None:
    automaton = build_automaton(ir.Ordered([], COMMA, FURTHER, early=True))
    for text, good in ((b"", True), (b"x", True), (b"x,y,x", True), (b"x,", False), (b",x", False), (b"z", False)):
        assert run.accepts(automaton, text) == good
