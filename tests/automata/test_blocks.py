"""Grammars with ``ir.Alone`` in random places accept what they accept without it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import Phase, given, reject, settings
from hypothesis import strategies as st
from ir_matcher import matches
from strategies_automata import calling_automaton, calling_grammar
from test_build import STRINGS, bounds, char, grammars, language

import latticework as lw
from latticework.automata import algebra, blocks, placement, recurring, run
from latticework.automata.automaton import MAX_LEVELS, NOWHERE, RETURN, ByteAutomaton, Calls
from latticework.automata.blocks import Block, Cache
from latticework.automata.build import build_automaton
from latticework.errors import LimitExceeded
from latticework.grammar import ir
from latticework.grammar.json_schema import json_schema, values
from latticework.grammar.json_schema.style import Style, style_of
from latticework.grammar.limits import Limits

SETTINGS = settings(max_examples=250, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
COMMA = ir.Literal(b",")


def plain(node: ir.Node) -> ir.Node:
    """The same grammar without ``Alone``."""
    match node:
        case ir.Alone():
            return plain(node.body)
        case ir.Seq():
            return ir.Seq(map(plain, node.parts))
        case ir.Alt():
            return ir.Alt(map(plain, node.options))
        case ir.Repeat():
            return ir.Repeat(plain(node.body), node.low, node.high)
        case ir.Counted():
            return ir.Counted(plain(node.body), node.low, node.high)
        case ir.Join():
            return ir.Join(plain(node.item), plain(node.separator), node.low, node.high)
        case ir.Ordered():
            return ir.Ordered([(plain(member), required) for member, required in node.members], plain(node.separator))
        case ir.Intersect():
            return ir.Intersect(map(plain, node.parts))
        case ir.Except():
            return ir.Except(plain(node.body), plain(node.removed))
    return node


def counting() -> st.SearchStrategy[ir.Node]:
    """Bodies with counters, some of which can be empty or end inside a scope."""
    a, b, both = char("a"), char("b"), char("ab")
    return st.sampled_from(
        [
            ir.Repeat(both, 0, 5),
            ir.Repeat(a, 4, 5),
            ir.Seq((ir.Repeat(a, 2, 4), ir.Repeat(b, 4, None))),
            ir.Counted(ir.Repeat(both, 0, None), 3, 3),
            ir.Seq((ir.Counted(ir.Repeat(a, 0, None), 0, 4), ir.Counted(ir.Repeat(b, 0, None), 0, 4))),
            ir.Repeat(ir.Seq((ir.Repeat(a, 0, 4), b)), 0, 4),
            ir.Join(ir.Alt((a, ir.Repeat(b, 1, 4))), COMMA, 0, 4),
        ]
    )


@st.composite
def pieces(draw, bodies: list[ir.Node], depth: int) -> ir.Node:
    """A grammar around few bodies, each of which stands in several places."""
    leaf = st.one_of(st.sampled_from(bodies), st.sampled_from([char("a"), char("b"), COMMA, ir.Literal(b"ab")]))
    if not depth:
        return draw(leaf)
    sub = pieces(bodies, depth - 1)
    kind = draw(st.sampled_from(["leaf", "seq", "alt", "repeat", "join", "ordered", "set", "counted", "alone"]))
    if kind == "leaf":
        return draw(leaf)
    if kind in ("seq", "alt"):
        parts = draw(st.lists(sub, min_size=1, max_size=3))
        return ir.Seq(parts) if kind == "seq" else ir.Alt(parts)
    if kind == "ordered":
        return ir.Ordered(draw(st.lists(st.tuples(sub, st.booleans()), min_size=1, max_size=3)), COMMA)
    if kind == "set":
        return ir.Intersect((draw(sub), draw(sub))) if draw(st.booleans()) else ir.Except(draw(sub), draw(sub))
    if kind == "alone":
        return ir.Alone(draw(sub))
    low, high = bounds(draw)
    if kind == "counted":
        count = ir.Alone(ir.Seq((ir.Repeat(char("a"), 0, None), ir.Repeat(char("b"), 0, 4))))
        return ir.Counted(ir.Seq((count, count) if draw(st.booleans()) else (count,)), low, high)
    if kind == "join":
        return ir.Join(draw(sub), draw(st.sampled_from([COMMA, ir.EMPTY, ir.Alone(COMMA)])), low, high)
    return ir.Repeat(draw(sub), low, high)


@st.composite
def shared(draw) -> ir.Node:
    body = st.one_of(counting(), grammars(2).map(lambda pair: pair[0]))
    return draw(pieces([ir.Alone(draw(body)) for _ in range(draw(st.integers(1, 2)))], 3))


@contextmanager
def calls_worth(states: int) -> Iterator[None]:
    """Blocks are shared where that saves so many states."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placement, "_WORTH_IT", states)
        yield


EAGER = pytest.mark.parametrize("saving", [256, 1])


@EAGER
@given(grammar=shared())
@SETTINGS
def test_language_is_that_of_the_bodies(saving: int, grammar: ir.Node) -> None:
    without, few = plain(grammar), lw.Limits(max_states=5_000, max_nodes=20_000)
    try:
        with calls_worth(saving):
            automaton = build_automaton(grammar, few)
        expected = build_automaton(without, few)
    except LimitExceeded:
        reject()
    check_form(automaton)
    accepted = language(automaton)
    assert accepted == language(expected)
    assert accepted == {text for text in STRINGS if matches(without, text.encode())}


@EAGER
@given(grammar=shared())
@SETTINGS
def test_expanded_automata_are_equivalent(saving: int, grammar: ir.Node) -> None:
    few = lw.Limits(max_states=3_000)
    try:
        with calls_worth(saving):
            automaton = build_automaton(grammar, few)
        expected = build_automaton(plain(grammar), few)
        pair = algebra.expand(automaton, few.max_states), algebra.expand(expected, few.max_states)
    except LimitExceeded:
        reject()
    assert algebra.equivalent(*pair)


def targets(automaton: ByteAutomaton) -> np.ndarray:
    """The state behind every value of ``next_state`` from 0 on: states and entries of calls."""
    calls = automaton.calls
    return np.concatenate([np.arange(automaton.states), [] if calls is None else calls.entry_state]).astype(int)


def check_form(automaton: ByteAutomaton) -> None:
    """What ``automaton.py`` promises."""
    state_behind, calls = targets(automaton), automaton.calls
    assert automaton.levels.max() <= MAX_LEVELS
    assert (automaton.next_state < len(state_behind)).all()
    assert automaton.next_state.min() >= (NOWHERE if calls is None else RETURN)
    assert (automaton.operation[automaton.next_state < 0] == 0).all()
    assert ((automaton.scope >= 0).sum(1) == automaton.levels).all()
    assert automaton.scope.max() < len(automaton.low)
    source, column = np.nonzero(automaton.next_state >= 0)
    target, operation = state_behind[automaton.next_state[source, column]], automaton.operation[source, column]
    keep, inc = operation >> 4, operation & 15
    assert (keep <= np.minimum(automaton.levels[source], automaton.levels[target])).all()
    assert (inc < 1 << automaton.levels[target]).all()
    for level in range(MAX_LEVELS):
        kept = keep > level
        assert (automaton.scope[source[kept], level] == automaton.scope[target[kept], level]).all()
    if calls is not None:
        check_calls(automaton, calls)


def check_calls(automaton: ByteAutomaton, calls: Calls) -> None:
    inside = calls.level >= 0
    assert inside.any()
    assert not automaton.accepting[inside].any()
    for number, (first, last) in enumerate(itertools.pairwise(calls.return_offset)):
        own = automaton.scope[np.arange(automaton.states), np.maximum(calls.level, 0)] == number
        if last > first:
            level = calls.level[own & inside]
            assert (level == level[0]).all()
            assert (automaton.levels[calls.return_state[first:last]] <= level[0]).all()
            assert not calls.returning[own & inside].any() or not inside[calls.return_state[first:last]].any()
    assert inside[calls.entry_state].all()
    assert inside[(automaton.next_state == RETURN).any(1) | calls.returning].all()
    scope = automaton.scope[np.arange(automaton.states), calls.level]
    assert (automaton.is_call[scope] == inside)[inside].all()
    places = np.diff(calls.return_offset)
    assert (calls.entry_value < places[scope[calls.entry_state]]).all()
    assert (automaton.high[automaton.is_call] == places[automaton.is_call] - 1).all()


def check_reach(automaton: ByteAutomaton) -> None:
    """Every state can be reached."""
    state_behind, calls = targets(automaton), automaton.calls
    reached, frontier = np.zeros(automaton.states, bool), np.array([0])
    if calls is not None:
        reached[calls.return_state] = True
        frontier = np.append(frontier, calls.return_state)
    while len(frontier):
        reached[frontier] = True
        following = np.unique(automaton.next_state[frontier])
        following = np.unique(state_behind[following[following >= 0]])
        frontier = following[~reached[following]]
    assert reached.all()


def star(letters: str) -> ir.Node:
    return ir.Repeat(char(letters), 0, None)


@pytest.mark.parametrize(
    "grammar",
    [
        ir.Alone(ir.EMPTY),
        ir.Alone(ir.NOTHING),
        ir.Seq((ir.Alone(ir.EMPTY), char("a"), ir.Alone(ir.EMPTY))),
        ir.Alone(ir.Repeat(ir.Alone(char("ab")), 0, None)),
        ir.Alone(star("a")),
        ir.Seq((ir.Alone(star("a")), ir.Alone(star("a")), ir.Alone(star("b")))),
        # Two counts in a row share a scope, which is left and entered anew on one byte.
        ir.Repeat(ir.Alone(ir.Seq((ir.Counted(star("a"), 0, 4), ir.Counted(star("b"), 0, 4)))), 0, 1),
        ir.Alt((COMMA, ir.Alone(ir.Seq((ir.Counted(star("a"), 1, 4), ir.Counted(star("b"), 1, 4)))))),
        # As many levels as there may be, and one more.
        ir.Repeat(ir.Seq((ir.Repeat(ir.Alone(ir.Repeat(char("a"), 4, 5)), 4, 5), char("b"))), 0, 4),
        # A number goes on like what follows, unless that begins with a digit too.
        ir.Seq((ir.Alone(ir.Repeat(char("a"), 1, 5)), ir.Alt((COMMA, char("b"))))),
        ir.Seq((ir.Alone(ir.Repeat(char("a"), 1, 5)), ir.Alt((COMMA, char("a"))))),
        ir.Counted(ir.Alone(star("ab")), 2, 5),
        ir.Counted(ir.Alone(ir.Intersect((star("ab"), ir.Repeat(char("ab"), 3, None)))), 0, 4),
    ],
)
def test_small_cases(grammar: ir.Node) -> None:
    automaton = build_automaton(grammar)
    check_form(automaton)
    check_reach(automaton)
    assert algebra.equivalent(automaton, build_automaton(plain(grammar)))
    assert language(automaton) == {text for text in STRINGS if matches(plain(grammar), text.encode())}


@pytest.mark.parametrize("style", [style_of("compact"), style_of("pretty", 1), style_of("any", None, 2)])
def test_any_value_is_the_same_alone(style: Style) -> None:
    value = values.any_value(style, 1, 0, 1)
    assert isinstance(value, ir.Alone)
    pair = ir.Seq((ir.Literal(b"["), value, COMMA, value, ir.Literal(b"]")))
    automaton, expected = build_automaton(pair), build_automaton(plain(pair))
    check_form(automaton)
    check_reach(automaton)
    assert automaton.states <= expected.states
    assert algebra.equivalent(automaton, expected)


def test_copies_of_one_block_with_different_continuations_are_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    value = values.any_value(style_of("compact"), 1, 0, 1)
    grammar = ir.Alt(ir.Seq((ir.Literal(b'{"a":'), value, ir.Literal(end))) for end in (b"}", b',"b":1}', b',"c":1}'))
    monkeypatch.setattr(recurring, "LEAST_SAVED", 1 << 40)
    automaton, expected = build_automaton(grammar), build_automaton(plain(grammar))
    check_form(automaton)
    check_reach(automaton)
    assert automaton.states < 200 < expected.states
    assert algebra.equivalent(automaton, expected)


def test_what_exceeds_a_limit_does_so_whatever_was_compiled_before() -> None:
    grammar = ir.Alone(ir.Words(b"%d" % n**3 for n in range(60)))
    assert build_automaton(grammar).states > 40
    with pytest.raises(LimitExceeded):
        build_automaton(grammar, lw.Limits(max_states=20))
    with pytest.raises(LimitExceeded):
        build_automaton(grammar, lw.Limits(max_nodes=20))
    many = ir.Seq([part for n in range(10) for part in (grammar, ir.Literal(b",%d" % n))])
    with calls_worth(1 << 20), pytest.raises(LimitExceeded):
        build_automaton(many, lw.Limits(max_states=5 * build_automaton(grammar).states))


def test_the_cache_is_bounded_and_forgets_the_oldest() -> None:
    block = Block(b"", build_automaton(ir.Repeat(char("ab"), 0, 9)))
    cache = Cache(max_bytes=3 * block.nbytes)
    for key in range(3):
        cache.put(key, Limits(), block)
    assert cache.get(0, Limits()) is block
    cache.put(3, Limits(), block)
    assert [cache.get(key, Limits()) is block for key in range(4)] == [True, False, True, True]
    Cache(max_bytes=1).put(0, Limits(), block)


def test_threads_may_compile_the_same_block_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "compiled", Cache())
    value = values.any_value(style_of("compact"), 1, 0, 1)
    grammars_of = [ir.Seq((value, ir.Literal(b" %d" % n), value)) for n in range(8)]
    built: dict[int, ByteAutomaton] = {}

    def compile_one(n: int) -> None:
        built[n] = build_automaton(grammars_of[n])

    threads = [threading.Thread(target=compile_one, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n, automaton in built.items():
        again = build_automaton(grammars_of[n])
        assert np.array_equal(automaton.next_state, again.next_state)
        assert np.array_equal(automaton.operation, again.operation)
    assert len(built) == 8


def test_errors_inside_a_block_name_the_node() -> None:
    wide = ir.Alone(ir.Located(ir.Words(f"{n:04}{n:04}".encode() for n in range(3_000)), "/properties/a"))
    with pytest.raises(LimitExceeded) as caught:
        build_automaton(ir.Seq((char("a"), wide)), lw.Limits(max_nodes=500))
    assert caught.value.where == "/properties/a"


def test_named_keys_merge_into_the_keys_that_exclude_them() -> None:
    keys = ["name", "names", "a", "", "é", 'q"', "na"]
    named = [ir.Seq((ir.Literal(f'"{key}":'.encode()), char("a"))) for key in ("name", "na", "a", "é")]
    further = ir.Seq((ir.JsonKey(keys), ir.Literal(b":"), char("b")))
    automaton = build_automaton(ir.Alt((*named, further)))
    for text in ('"name":a', '"na":a', '"é":a', '"nam":b', '"namer":b', '"ê":b', '"q":b', '"nam\\n":b', '"x\\u0061":b'):
        assert run.accepts(automaton, text.encode()), text
    for text in ('"name":b', '"names":b', '"":b', '"é":b', '"nam\\u0065":b', '"q\\"":b', '"nam\\/":b'):
        assert not run.accepts(automaton, text.encode()), text


@pytest.mark.parametrize(("depth", "saving"), [(0, 1), (1, 20), (1, 1), (2, 20)])
def test_any_value_in_many_places_is_shared_and_accepts_the_same(
    depth: int, saving: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "compiled", Cache())
    short = ir.Alone(ir.Seq((ir.Repeat(char("ab"), 0, None), ir.Literal(b'"'))))
    text = ir.Seq((ir.Literal(b'"'), short))

    def value(left: int) -> ir.Node:
        options: list[ir.Node] = [text, ir.Literal(b"null"), ir.Repeat(char("01"), 1, 4)]
        if left:
            inner = ir.Alone(value(left - 1))
            member = ir.Seq((text, ir.Literal(b":"), inner))
            options.append(ir.Seq((ir.Literal(b"["), ir.Join(inner, COMMA, 0, None), ir.Literal(b"]"))))
            options.append(ir.Seq((ir.Literal(b"{"), ir.Join(member, COMMA, 0, None), ir.Literal(b"}"))))
        return ir.Alt(options)

    def places(node: ir.Node) -> ir.Node:
        named = [ir.Seq((ir.Literal(b"%d:" % n), node, ir.Literal(b"%d;" % n))) for n in range(4)]
        either = ir.Alt((ir.Seq((ir.Literal(b"e:"), node)), ir.Seq((ir.Literal(b"e:"), text, ir.Literal(b"!")))))
        many = ir.Seq((ir.Literal(b"("), ir.Join(node, ir.Literal(b";"), 2, 6), ir.Literal(b")")))
        return ir.Seq((*named, ir.Alt((either, many)), ir.Literal(b".")))

    with calls_worth(saving):
        automaton = build_automaton(places(ir.Alone(value(depth))))
    assert automaton.calls is not None
    check_form(automaton)
    expected = build_automaton(places(plain(value(depth))))
    assert expected.calls is None
    assert algebra.equivalent(algebra.expand(automaton), algebra.expand(expected))
    assert depth == 0 or automaton.states < expected.states


def test_shared_parts_accept_what_their_copies_do() -> None:
    few = lw.Limits(max_states=2_000)
    calls, nested = 0, 0
    for seed in range(400):
        try:
            automaton = calling_automaton(np.random.default_rng(seed), few)
            expected = build_automaton(plain(calling_grammar(np.random.default_rng(seed))), few)
            pair = algebra.expand(automaton, few.max_states), algebra.expand(expected, few.max_states)
        except LimitExceeded:
            continue
        check_form(automaton)
        assert algebra.equivalent(*pair), seed
        calls += automaton.calls is not None
        nested += bool((np.append(automaton.is_call, False)[automaton.scope].sum(1) == 2).any())
    assert calls > 100
    assert nested > 5


def test_what_is_kept_serves_for_larger_limits_only() -> None:
    kept: Cache[ByteAutomaton] = Cache()
    small, large = Limits(max_nodes=10, max_states=10), Limits(max_nodes=20, max_states=10)
    first, second = build_automaton(ir.Literal(b"a")), build_automaton(ir.Literal(b"b"))
    kept.put("key", large, first)
    assert kept.get("key", large) is first
    assert kept.get("key", small) is None
    kept.put("key", small, second)
    assert kept.get("key", small) is kept.get("key", large) is second
    kept.put("key", large, first)
    assert kept.get("key", small) is second


def test_limits_hold_whatever_was_built_before() -> None:
    node = ir.Seq((ir.Alone(ir.Words(f"{number:04}".encode() for number in range(0, 4_000, 7))), ir.Literal(b".")))
    small = Limits(max_nodes=20, max_states=20)
    assert build_automaton(node, Limits()).states > 20
    with pytest.raises(LimitExceeded):
        build_automaton(node, small)
    assert build_automaton(node, Limits()).states > 20


def test_a_block_made_later_keeps_within_the_limits_of_who_asks() -> None:
    """What was kept of any value for small automata does not bind those that ask for it with more room."""
    alone = json_schema({}).node
    inside = json_schema({"type": "object", "properties": {"a": {}}, "required": ["a"]}).node
    for cache in (blocks.compiled, blocks.wholes):
        cache._entries.clear()
    small = Limits(max_nodes=20_000, max_states=2_000)
    build_automaton(inside, small)
    with pytest.raises(LimitExceeded):
        build_automaton(alone, small)
    assert build_automaton(alone).states > 2_000
