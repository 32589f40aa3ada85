"""Tiny random canvases with every valid filling listed by running bytes: what the lattice is checked against."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from strategies_automata import small_calling_automaton

from latticework.automata import run
from latticework.automata.automaton import UNBOUNDED, ByteAutomaton
from latticework.lattice.constraint import Constraint
from latticework.lattice.session import Session
from latticework.tokens.lifting import lift
from latticework.tokens.vocabulary import Vocabulary

LETTERS = b"ab"
FILLINGS_TRIED = 16000
# (scopes as (parent, level-0 scope first), bounds drawn later): none, one, two nested, siblings, sharing a parent
SCOPE_SHAPES = [[], [-1], [-1, 0], [-1, 0], [-1, 0], [-1, 0, -1], [-1, 0, 0]]


@dataclass(frozen=True)
class Case:
    """A canvas and all of its valid fillings, [M, N]."""

    constraint: Constraint
    tokens: np.ndarray
    free: np.ndarray
    tail: bool
    fillings: np.ndarray

    def session(self) -> Session:
        return self.constraint.session(self.tokens, self.free, self.tail)


def random_automaton(rng: np.random.Generator) -> ByteAutomaton:
    """Up to 5 states, up to two levels of counters, accepting states anywhere; not trim."""
    shape = SCOPE_SHAPES[rng.integers(len(SCOPE_SHAPES))]
    paths = [((parent, scope) if parent >= 0 else (scope,)) for scope, parent in enumerate(shape)]
    states = int(rng.integers(1 if not shape else 2, 6))
    path = [()] + [
        [(), *paths][rng.integers(len(paths) + 1)]
        if rng.random() < 0.3
        else ((), *paths)[-1 - rng.integers(max(len(paths), 1))]
        for _ in range(states - 1)
    ]
    next_state = np.full((states, 3), -1, np.int32)
    operation = np.zeros((states, 3), np.uint8)
    for state, letter in product(range(states), (1, 2)):
        if rng.random() < 0.85:
            target = int(rng.integers(states))
            shared = 0
            while shared < min(len(path[state]), len(path[target])) and path[state][shared] == path[target][shared]:
                shared += 1
            keep = shared if rng.random() < 0.7 else int(rng.integers(shared + 1))
            next_state[state, letter] = target
            operation[state, letter] = keep << 4 | int(rng.integers(1 << len(path[target])))
    byte_class = np.zeros(256, np.int64)
    byte_class[list(LETTERS)] = [1, 2]
    scope = np.full((states, 2), -1, np.int32)
    for state, own in enumerate(path):
        scope[state, : len(own)] = own
    low = rng.integers(0, 4, len(shape))
    high = [int(rng.choice([max(bound, 1), bound + 1, bound + 3, UNBOUNDED])) for bound in low]
    return ByteAutomaton(
        next_state=next_state,
        operation=operation,
        byte_class=byte_class,
        accepting=rng.random(states) < 0.6,
        levels=np.array([len(own) for own in path], np.int32),
        scope=scope,
        low=low.astype(np.int32),
        high=np.array(high, np.int32),
    )


def random_vocabulary(rng: np.random.Generator) -> Vocabulary:
    """3 to 40 ids, most often few: single letters, longer tokens, duplicates, a foreign byte, specials."""
    count = int(rng.choice([0, 1, 1, 2, 4, 34]))
    tokens = [bytes([LETTERS[0]]), bytes([LETTERS[1]]), b"\xff"]
    tokens += [bytes(rng.choice(list(LETTERS), rng.integers(1, 5)).tolist()) for _ in range(count)]
    roles = {b"<eos>": "eos", b"<pad>": "pad", b"<mask>": "mask"}
    chosen = [name for name in roles if rng.random() < 0.7]
    tokens += chosen
    order = rng.permutation(len(tokens))
    tokens = [tokens[i] for i in order]
    return Vocabulary(tokens, {i: roles[token] for i, token in enumerate(tokens) if token in roles})


def random_case(rng: np.random.Generator) -> Case:
    """A canvas of up to 6 slots, some fixed: to tokens of a valid filling (most often) or to any ids."""
    automaton = small_calling_automaton(int(rng.integers(1 << 32))) if rng.random() < 0.25 else random_automaton(rng)
    vocabulary = random_vocabulary(rng)
    constraint = Constraint(vocabulary, lift(automaton, vocabulary))
    most = max(n for n in range(1, 7) if n == 1 or len(vocabulary) ** n <= FILLINGS_TRIED)
    slots = int(rng.integers(1, most + 1))
    tail = bool(rng.random() < 0.6)
    tokens = rng.integers(0, len(vocabulary), slots)
    fillings = valid_fillings(constraint, tokens, np.ones(slots, bool), tail)
    free = rng.random(slots) < rng.choice([0.3, 0.7, 1.0])
    if len(fillings) and rng.random() < 0.8:
        tokens = fillings[rng.integers(len(fillings))]
    kept = (fillings[:, ~free] == tokens[~free]).all(axis=1)
    return Case(constraint, tokens, free, tail, fillings[kept])


def valid_fillings(constraint: Constraint, tokens: np.ndarray, free: np.ndarray, tail: bool) -> np.ndarray:
    """Every valid filling, by trying every token in every free slot."""
    vocabulary, automaton = constraint.vocabulary, constraint.automaton
    ends = {int(token) for token in vocabulary.end_tokens}
    found: list[list[int]] = []

    def extend(filling: list[int], at: run.Configuration | None) -> None:
        if len(filling) == len(tokens):
            if at is None or run.is_accepting(automaton, at):
                found.append(filling)
            return
        slot = len(filling)
        for token in range(len(vocabulary)) if free[slot] else [int(tokens[slot])]:
            if token in ends:
                if tail and (at is None or run.is_accepting(automaton, at)):
                    extend([*filling, token], None)
            elif at is not None and (data := vocabulary.bytes(token)):
                after = read(automaton, at, data)
                if after is not None:
                    extend([*filling, token], after)

    extend([], run.START)
    return np.array(found, np.int64).reshape(len(found), len(tokens))


def read(automaton: ByteAutomaton, at: run.Configuration, data: bytes) -> run.Configuration | None:
    """The configuration after several bytes, or None."""
    for byte in data:
        after = run.step(automaton, at, byte)
        if after is None:
            return None
        at = after
    return at


def fewest_tokens(constraint: Constraint, limit: int) -> int | None:
    """Fewest tokens of a document by breadth-first search over configurations; None beyond ``limit``."""
    texts = {constraint.vocabulary.bytes(i) for i in range(len(constraint.vocabulary))} - {b""}
    layer, seen = {run.START}, {run.START}
    for used in range(limit + 1):
        if any(run.is_accepting(constraint.automaton, at) for at in layer):
            return used
        reached = {read(constraint.automaton, at, text) for at in layer for text in texts} - {None}
        layer = reached - seen
        seen |= layer
    return None


def most_tokens(constraint: Constraint, limit: int) -> int | None:
    """Most tokens of a document by layers of configurations; None if there are none up to ``limit``, or more."""
    texts = {constraint.vocabulary.bytes(i) for i in range(len(constraint.vocabulary))} - {b""}
    layer, most = {run.START}, None
    for used in range(limit + 1):
        if any(run.is_accepting(constraint.automaton, at) for at in layer):
            most = used
        layer = {read(constraint.automaton, at, text) for at in layer for text in texts} - {None}
    return most


def floored(logits: np.ndarray) -> np.ndarray:
    """Logits relative to the largest of their row, as the lattice reads them."""
    with np.errstate(invalid="ignore"):
        gap = np.nanmax(np.where(np.isneginf(logits), np.nan, logits), axis=1, keepdims=True) - logits
    return -np.clip(np.nan_to_num(gap, nan=1e5, posinf=1e5), 0, 1e5)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    values = floored(logits.astype(np.float64))
    return values - np.log(np.exp(values).sum(axis=1, keepdims=True))


def scores_of(case: Case, logits: np.ndarray) -> np.ndarray:
    """[M] log-probability of every valid filling over the free slots."""
    slots = np.flatnonzero(case.free)
    return log_softmax(logits)[slots, case.fillings[:, slots]].sum(axis=1)


def log_sum(values: np.ndarray) -> float:
    return float(values.max() + np.log(np.exp(values - values.max()).sum()))
