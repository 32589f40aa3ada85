"""Hypothesis strategies: small byte automata with counters, and vocabularies that meet them.

Use :func:`byte_automata` and :func:`vocabularies` together with the same ``alphabet``. What they draw
is valid in the sense of ``latticework.automata.automaton``, deterministic, and need not be trim.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from latticework.automata import blocks, build, placement
from latticework.automata.automaton import UNBOUNDED, ByteAutomaton
from latticework.errors import LimitExceeded
from latticework.grammar import ir
from latticework.grammar.limits import DEFAULT_LIMITS, Limits
from latticework.tokens.vocabulary import Vocabulary

ALPHABET = b"ab"

Path = tuple[int, ...]


@st.composite
def byte_automata(
    draw: st.DrawFn, alphabet: bytes = ALPHABET, max_states: int = 5, counters: bool = True
) -> ByteAutomaton:
    """Up to ``max_states`` states over ``alphabet``; no state reads any other byte.

    With ``counters`` some states lie inside one or two scopes with bounds up to 4. The start is outside
    all scopes; a transition may keep fewer levels than its ends share (leave a scope and enter it anew).
    """
    scopes = draw(_scopes()) if counters else []
    parents = [parent for parent, _, _ in scopes]
    nested = [((parent, scope) if parent >= 0 else (scope,)) for scope, parent in enumerate(parents)]
    paths: list[Path] = [*reversed(nested), ()]
    states = draw(st.integers(2 if scopes else 1, max_states))
    path: list[Path] = [(), *(draw(st.sampled_from(paths)) for _ in range(states - 1))]

    moves: dict[tuple[int, int], tuple[int, int]] = {}
    for state in range(states):
        for letter in range(len(alphabet)):
            target = draw(st.integers(-1, states - 1))
            if target >= 0:
                moves[state, letter] = target, draw(_operations(path[state], path[target]))
    accepting = draw(st.lists(st.booleans(), min_size=states, max_size=states))
    return _assembled(alphabet, path, moves, accepting, scopes)


def dense_automaton(rng: np.random.Generator, alphabet: bytes = ALPHABET, max_states: int = 5) -> ByteAutomaton:
    """Like :func:`byte_automata`, but nearly every state lies in two scopes and nearly every move exists.

    Does not shrink; for the interplay of two levels within one token, which hypothesis meets seldom.
    """
    scopes = [(-1, 0, 3), (0, int(rng.integers(3)), int(rng.choice([2, 3, UNBOUNDED]))), (0, 1, 2)]
    paths: list[Path] = [(0, 1), (0, 1), (0, 1), (0, 2), (0,), ()]
    states = int(rng.integers(2, max_states + 1))
    path: list[Path] = [(), *(paths[i] for i in rng.integers(len(paths), size=states - 1))]
    moves = {}
    for state in range(states):
        for letter in range(len(alphabet)):
            if rng.random() < 0.9:
                target = int(rng.integers(states))
                keep = _shared(path[state], path[target]) - int(rng.random() < 0.2)
                moves[state, letter] = target, max(keep, 0) << 4 | int(rng.integers(1 << len(path[target])))
    return _assembled(alphabet, path, moves, rng.random(states) < 0.5, scopes)


def _assembled(
    alphabet: bytes,
    path: list[Path],
    moves: dict[tuple[int, int], tuple[int, int]],
    accepting: Sequence[bool] | NDArray[np.bool_],
    scopes: list[tuple[int, int, int]],
) -> ByteAutomaton:
    """moves: (state, letter) -> (target, operation); scopes: (parent, low, high)."""
    states, classes = len(path), len(alphabet) + 1
    next_state = np.full((states, classes), -1, np.int32)
    operation = np.zeros((states, classes), np.uint8)
    for (state, letter), move in moves.items():
        next_state[state, letter + 1], operation[state, letter + 1] = move
    byte_class = np.zeros(256, np.int64)
    byte_class[list(alphabet)] = np.arange(1, classes)
    scope = np.full((states, 2), -1, np.int32)
    for state, own in enumerate(path):
        scope[state, : len(own)] = own
    return ByteAutomaton(
        next_state=next_state,
        operation=operation,
        byte_class=byte_class,
        accepting=np.array(accepting, bool),
        levels=np.array([len(own) for own in path], np.int32),
        scope=scope,
        low=np.array([low for _, low, _ in scopes], np.int32),
        high=np.array([high for _, _, high in scopes], np.int32),
    )


@st.composite
def _scopes(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """(parent scope or -1, low, high) per scope; a parent has no parent itself."""
    # Nested scopes come most often: their operations have the most cases.
    parents = draw(st.sampled_from([[], [-1], [-1, 0], [-1, 0, 0], [-1, 0, -1], [-1, 0], [-1, 0, -1, 2]]))
    scopes = []
    for parent in parents:
        low = draw(st.integers(0, 2))
        scopes.append((parent, low, draw(st.sampled_from([4, 3, UNBOUNDED, max(low, 1)]))))
    return scopes


@st.composite
def _operations(draw: st.DrawFn, source: Path, target: Path) -> int:
    shared = _shared(source, target)
    keep = draw(st.sampled_from([*range(shared, -1, -1), shared]))
    return keep << 4 | draw(st.integers(0, (1 << len(target)) - 1))


def _shared(source: Path, target: Path) -> int:
    """Levels two states have in common, outer first."""
    shared = 0
    while shared < min(len(source), len(target)) and source[shared] == target[shared]:
        shared += 1
    return shared


@st.composite
def vocabularies(draw: st.DrawFn, alphabet: bytes = ALPHABET, max_tokens: int = 20, max_bytes: int = 4) -> Vocabulary:
    """Up to ``max_tokens`` ids: tokens over ``alphabet`` (duplicates too), one foreign byte, specials, gaps.

    There is always an ``eos`` and every letter is a token, so that any text can be spelt.
    """
    texts = st.lists(st.sampled_from(list(alphabet)), min_size=1, max_size=max_bytes).map(bytes)
    room = max_tokens - len(alphabet) - 3
    drawn = draw(st.lists(st.one_of(texts, st.just(b"")), max_size=room))
    tokens = draw(st.permutations([*drawn, *(bytes([letter]) for letter in alphabet), b"\xff", b"<end>"]))
    special = {tokens.index(b"<end>"): "eos"}
    size = len(tokens) + draw(st.integers(0, 1))
    if draw(st.booleans()):
        gap = next((i for i, token in enumerate(tokens) if not token), None)
        special |= {} if gap is None else {gap: draw(st.sampled_from(["pad", "mask", "other"]))}
    return Vocabulary(tokens, special, size)


def calling_grammar(rng: np.random.Generator) -> ir.Node:
    """Over ``ab``, with parts that stand in several places; they may lie within counters, have some, or merge."""
    a, b, either = (ir.Chars([(ord(x), ord(y))]) for x, y in ("aa", "bb", "ab"))
    bodies: list[ir.Node] = [
        ir.Seq((ir.Repeat(a, 0, None), b)),
        ir.Alt((ir.Literal(b"ab"), ir.Literal(b"b"), ir.Literal(b"aaa"))),
        ir.Seq((ir.Repeat(either, 4, 5), b)),
        ir.Seq((ir.Repeat(a, 0, 4), ir.Repeat(b, 4, None), a)),
        ir.Seq((either, ir.Repeat(ir.Literal(b"ab"), 1, None))),
        ir.Alt((ir.Repeat(a, 1, 4), ir.Literal(b"bb"))),
    ]
    ends: list[ir.Node] = [
        ir.Literal(b"a"),
        ir.Literal(b"b"),
        ir.Literal(b"ba"),
        ir.Repeat(b, 1, 5),
        ir.Repeat(a, 4, 5),
    ]

    def one_of(choices: list[ir.Node]) -> ir.Node:
        return choices[rng.integers(len(choices))]

    shared = ir.Alone(one_of(bodies))
    if rng.random() < 0.4:
        pairs = [ir.Seq((ir.Literal(lead), shared, ir.Literal(end))) for lead, end in ((b"a", b"b"), (b"b", b"a"))]
        shared = ir.Alone(ir.Alt((*pairs, one_of(bodies)) if rng.random() < 0.5 else pairs))
    leads = [[b"a", b"b"], [b"aa", b"ab", b"b"], [b"aa", b"ab", b"ba", b"bb"]][rng.integers(3)]
    options = []
    for lead in leads:
        part = ir.Alt((shared, one_of(bodies))) if rng.random() < 0.2 else shared
        part = ir.Repeat(part, 0, 1) if rng.random() < 0.2 else part
        options.append(ir.Seq((ir.Literal(lead), part, one_of(ends))))
    return ir.Repeat(ir.Alt(options), int(rng.integers(3)), 4) if rng.random() < 0.5 else ir.Alt(options)


def calling_automaton(rng: np.random.Generator, limits: Limits = DEFAULT_LIMITS) -> ByteAutomaton:
    """The automaton of a :func:`calling_grammar` in which all is shared that can be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placement, "_WORTH_IT", 1)
        patch.setattr(build, "LARGE_BLOCK", 8)
        patch.setattr(blocks, "compiled", blocks.Cache())
        return build.build_automaton(calling_grammar(rng), limits)


def calling_automata() -> st.SearchStrategy[ByteAutomaton]:
    """:func:`calling_automaton` of random seeds."""
    return st.integers(0, 1 << 32).map(small_calling_automaton)


def small_calling_automaton(seed: int, max_states: int = 60) -> ByteAutomaton:
    """The first one from ``seed`` on that is small."""
    while True:
        try:
            return calling_automaton(np.random.default_rng(seed), Limits(max_states=max_states))
        except LimitExceeded:
            seed += 1
