"""Parts that recur get automata of their own, with sites for what stands in them: the language stays the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from ir_matcher import matches
from test_blocks import check_form, plain
from test_build import STRINGS, char, language

from latticework.automata import algebra, blocks, build, placement, recurring
from latticework.automata.automaton import ByteAutomaton
from latticework.automata.blocks import Block, Cache, Deferred
from latticework.automata.build import build_automaton
from latticework.errors import LimitExceeded
from latticework.grammar import ir
from latticework.grammar.limits import Limits

FEW = Limits(max_states=1_000)
A, B, EITHER = char("a"), char("b"), char("ab")
LEAVES: list[ir.Node] = [
    ir.Seq((ir.Repeat(A, 0, None), B)),
    ir.Alt((ir.Literal(b"ab"), ir.Literal(b"b"), ir.Literal(b"aaa"))),
    ir.Seq((ir.Repeat(EITHER, 4, 5), B)),
    ir.Seq((ir.Repeat(A, 0, 4), ir.Repeat(B, 4, None), A)),
    ir.Alt((ir.Repeat(A, 1, 4), ir.Literal(b"bb"))),
    ir.Counted(ir.Repeat(EITHER, 0, None), 0, 4),
    ir.Intersect((ir.Repeat(EITHER, 0, 3), ir.Except(ir.Repeat(EITHER, 0, None), ir.Literal(b"ab")))),
]


@contextmanager
def worth(saved: int, share: int = 1) -> Iterator[None]:
    """Parts get an automaton of their own where that saves so much, and are shared where that saves so much."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recurring, "LEAST_SAVED", saved)
        patch.setattr(placement, "_WORTH_IT", share)
        patch.setattr(build, "LARGE_BLOCK", 8)
        for name in ("compiled", "wholes", "operands"):
            patch.setattr(blocks, name, Cache())
        yield


def nested(rng: np.random.Generator) -> ir.Node:
    """Over ``ab``; every level stands in several places of the one above it, before different ends."""

    def one_of(choices: list[ir.Node]) -> ir.Node:
        return choices[rng.integers(len(choices))]

    level = [one_of(LEAVES), ir.Alone(one_of(LEAVES)), ir.Alone(one_of(LEAVES))]
    ends: list[ir.Node] = [ir.Literal(b"a"), ir.Literal(b"b"), ir.Literal(b"ba"), ir.Repeat(B, 1, 5), ir.EMPTY]
    below = level
    for _ in range(rng.integers(1, 4)):
        made: list[ir.Node] = []
        for _ in range(2):
            inner = one_of(level)
            leads = (b"a", b"b") if rng.random() < 0.7 else (b"ab", b"ab", b"b")
            options = [ir.Seq((ir.Literal(lead), one_of([inner, one_of(below)]), one_of(ends))) for lead in leads]
            part: ir.Node = ir.Alt(options)
            if rng.random() < 0.3:
                part = ir.Seq((ir.Literal(b"a"), inner, part))
            if rng.random() < 0.2:
                part = ir.Repeat(part, int(rng.integers(2)), int(rng.integers(2, 6)))
            made.append(ir.Alone(part) if rng.random() < 0.1 else part)
        below, level = level, made
    return ir.Seq((ir.Alt((*level, ir.Literal(b"b"))), one_of(ends), one_of(level)))


def pair(grammar: ir.Node, share: int) -> tuple[ByteAutomaton, ByteAutomaton, list[Block]]:
    """Built with and without automata of its parts, and the blocks of the first."""
    with worth(1, share):
        automaton = build_automaton(grammar, FEW)
        made = [entry for entry, _, _ in blocks.compiled._entries.values()]
    with worth(1 << 40):
        return automaton, build_automaton(plain(grammar), FEW), made


@pytest.mark.parametrize("share", [1, 1 << 30])
def test_parts_accept_what_they_do_where_they_stand(share: int) -> None:
    compared = with_sites = calls = 0
    for seed in range(60):
        grammar = nested(np.random.default_rng(seed))
        try:
            automaton, expected, made = pair(grammar, share)
            expanded = algebra.expand(automaton, FEW.max_states), algebra.expand(expected, FEW.max_states)
        except LimitExceeded:
            continue
        check_form(automaton)
        assert algebra.equivalent(*expanded), seed
        compared += 1
        with_sites += any(block.sites for block in made)
        calls += automaton.calls is not None
    assert compared > 15
    assert with_sites > 4
    assert (calls > 3) == (share == 1)


def test_the_language_is_that_of_the_definition() -> None:
    for seed in range(10):
        grammar = nested(np.random.default_rng(1_000 + seed))
        try:
            automaton, _, _ = pair(grammar, 1)
        except LimitExceeded:
            continue
        assert language(automaton) == {text for text in STRINGS if matches(plain(grammar), text.encode())}, seed


def test_what_recurs_in_what_recurs_is_found_once() -> None:
    leaf = ir.Seq((ir.Literal(b"x" * 300), A))
    twice = ir.Seq((leaf, B, leaf, ir.Literal(b"y" * 300)))
    once = ir.Seq((ir.Literal(b"z" * 300), A))
    assert recurring.recurring(ir.Seq((twice, B, twice, once))) == {leaf.digest, twice.digest}
    assert recurring.recurring(ir.Seq((once, B, twice))) == {leaf.digest}
    assert recurring.recurring(ir.Seq((ir.Literal(b"x"), ir.Literal(b"x")))) == frozenset()


def test_options_that_begin_alike_are_built_where_they_stand() -> None:
    first, second = (ir.Seq((ir.Literal(b'{"%s":' % name * 100), A, ir.Literal(b"}"))) for name in (b"a", b"b"))
    either = ir.Located(ir.Alt((ir.Located(first, "/0"), second, ir.Literal(b"null"))), "/anyOf")
    assert recurring.recurring(ir.Seq((either, B, either))) == {either.digest}
    assert recurring.recurring(ir.Seq((first, B, first))) == {first.digest}
    assert recurring.recurring(ir.Seq((first, either, first))) == frozenset()


def test_counts_that_clash_around_a_part_open_it() -> None:
    text = ir.Alone(ir.Seq((ir.Repeat(EITHER, 0, 40), ir.Literal(b'"'))))
    part = ir.Seq((ir.Literal(b'{"'), text, ir.Literal(b'{"'), text))
    other = ir.Seq((ir.Literal(b'{"'), ir.Repeat(A, 0, 7), ir.Literal(b'"b')))
    grammar = ir.Seq((ir.Alt((part, other)), ir.Literal(b","), part, ir.Literal(b";"), part))
    automaton, expected, _ = pair(grammar, 1)
    assert algebra.equivalent(algebra.expand(automaton, 20_000), algebra.expand(expected, 20_000))


@pytest.mark.parametrize("is_merged", [False, True])
def test_large_parts_are_written_out_only_where_something_is_merged_with_them(is_merged: bool) -> None:
    text = ir.Alone(ir.Seq((ir.Repeat(EITHER, 0, None), ir.Literal(b'"'))))
    value = ir.Alt([ir.Seq((ir.Literal(b'"'), text, ir.Literal(end))) for end in (b",", b";", b"a", b"b")])
    large = ir.Alone(ir.Seq((ir.Literal(b"("), value, value, ir.Literal(b")"))))
    inner = ir.Alt((large, ir.Literal(b'("ab"x'))) if is_merged else large
    grammar = ir.Seq((ir.Literal(b"a"), inner, ir.Literal(b"b"), large, ir.Literal(b"a")))
    automaton, expected, made = pair(grammar, 1)
    deferred = [block for block in made if isinstance(block, Deferred)]
    assert [block.is_made for block in deferred] == [is_merged]
    assert deferred[0].levels == Block(b"", build_automaton(large.body)).levels == 0
    assert algebra.equivalent(algebra.expand(automaton), algebra.expand(expected))
