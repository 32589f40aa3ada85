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


@pytest.mark.parametrize("further", [None, FURTHER])
@pytest.mark.parametrize("ends_so", [False, True])
@pytest.mark.parametrize("required", [(), (0, 1, 2, 3), (1,), (0, 3), (3,), (2, 1)])
@pytest.mark.parametrize("second", ["", "abcd", "dcba", "cabd", "bdac"])
def test_two_orders_and_members_ahead(
    second: str, required: tuple[int, ...], ends_so: bool, further: ir.Node | None
) -> None:
    """``ends_so``: what may stand ahead may stand behind all members, too."""
    names = "abcd"
    members: list[tuple[ir.Node, bool]] = [(ir.Literal(name.encode()), i in required) for i, name in enumerate(names)]
    order = [names.index(name) for name in second]
    ends_so = ends_so and further is not None
    if ends_so and further is not None:
        members.append((ir.Join(further, COMMA, 1, None), False))
        order += [4] if order else []
    automaton = build_automaton(ir.Ordered(members, COMMA, second=order, ahead=further))
    needed = {names[index] for index in required}
    for count in range(6 if further is None else 5):
        for letters in product(names + "x" * (further is not None), repeat=count):
            named = "".join(letters).strip("x") if ends_so else "".join(letters).lstrip("x")
            in_order = any(list(named) == [name for name in order if name in named] for order in (names, second))
            good = "x" not in named and in_order and needed <= set(named)
            assert run.accepts(automaton, ",".join(letters).encode()) == good, letters


def test_orders_that_are_none() -> None:
    members = [(ir.Literal(b"a"), True), (ir.Literal(b"b"), False)]
    for second in ([0], [0, 0], [1, 2], [0, 1, 2]):
        with pytest.raises(ValueError, match="no order of 2 members"):
            ir.Ordered(members, COMMA, second=second)
    for further, early in ((None, True), (FURTHER, False)):
        with pytest.raises(ValueError, match="beside members out of order"):
            ir.Ordered(members, COMMA, further, early, [1, 0])
