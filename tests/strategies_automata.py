"""Hypothesis strategies: small byte automata with counters, and vocabularies that meet them.

Use :func:`byte_automata` and :func:`vocabularies` together with the same ``alphabet``. What they draw
is valid in the sense of ``latticework.automata.automaton``, deterministic, and need not be trim.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from latticework.automata.automaton import UNBOUNDED, ByteAutomaton
from latticework.tokens.vocabulary import Vocabulary

ALPHABET = b"ab"

Path = tuple[int, ...]
Move = tuple[int, int]


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
    paths = [(), *((*((parent,) if parent >= 0 else ()), scope) for scope, parent in enumerate(parents))]
    states = draw(st.integers(1, max_states))
    path = [(), *(draw(st.sampled_from(paths)) for _ in range(states - 1))]

    classes = len(alphabet) + 1
    next_state = np.full((states, classes), -1, np.int32)
    operation = np.zeros((states, classes), np.uint8)
    for state in range(states):
        for letter in range(1, classes):
            target = draw(st.integers(-1, states - 1))
            if target >= 0:
                next_state[state, letter] = target
                operation[state, letter] = draw(_operations(path[state], path[target]))
    byte_class = np.zeros(256, np.int64)
    byte_class[list(alphabet)] = np.arange(1, classes)
    scope = np.full((states, 2), -1, np.int32)
    for state, own in enumerate(path):
        scope[state, : len(own)] = own
    return ByteAutomaton(
        next_state=next_state,
        operation=operation,
        byte_class=byte_class,
        accepting=np.array(draw(st.lists(st.booleans(), min_size=states, max_size=states))),
        levels=np.array([len(own) for own in path], np.int32),
        scope=scope,
        low=np.array([low for _, low, _ in scopes], np.int32),
        high=np.array([high for _, _, high in scopes], np.int32),
    )


@st.composite
def _scopes(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """(parent scope or -1, low, high) per scope; a parent has no parent itself."""
    scopes: list[tuple[int, int, int]] = []
    for _ in range(draw(st.integers(0, 3))):
        outer = [scope for scope, (parent, _, _) in enumerate(scopes) if parent < 0]
        low = draw(st.integers(0, 2))
        high = draw(st.one_of(st.integers(max(low, 1), 4), st.just(UNBOUNDED)))
        scopes.append((draw(st.sampled_from([-1, *outer])), low, high))
    return scopes


@st.composite
def _operations(draw: st.DrawFn, source: Path, target: Path) -> int:
    shared = 0
    while shared < min(len(source), len(target)) and source[shared] == target[shared]:
        shared += 1
    keep = draw(st.integers(0, shared))
    return keep << 4 | draw(st.integers(0, (1 << len(target)) - 1))


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
