"""Members in any order without a state for every set of them: all answers against enumeration."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from itertools import permutations
from random import Random
from typing import Any

import numpy as np
import pytest
from arranging import END, SINGLE, TEXT_OF, VOCABULARY, constraint_of, documents, fillings
from hypothesis import given, settings
from hypothesis import strategies as st

import latticework as lw
from latticework.errors import Infeasible, LimitExceeded
from latticework.grammar.json_schema import unordered
from latticework.lattice.arranged import constraint as arranged_constraint

ZERO = {"const": 0}
BIT = {"enum": [0, 1]}
SCHEMAS: dict[str, Any] = {
    "optional": {"type": "object", "properties": dict.fromkeys("abcd", ZERO)},
    "required": {"type": "object", "properties": {"a": ZERO, "b": BIT, "c": ZERO}, "required": ["a", "c"]},
    "all required": {"type": "object", "properties": dict.fromkeys("abcd", ZERO), "required": list("abcd")},
    "items": {
        "type": "array",
        "items": {"type": "object", "properties": {"a": ZERO, "b": ZERO}, "required": ["b"]},
        "maxItems": 2,
    },
    "nested": {
        "type": "object",
        "properties": {
            "a": {"type": "object", "properties": {"b": ZERO, "c": ZERO}, "required": ["b"]},
            "d": ZERO,
        },
        "required": ["d"],
    },
    "union": {
        "anyOf": [
            {"type": "object", "properties": {"a": ZERO, "b": ZERO, "c": ZERO}, "required": ["a", "b"]},
            {"type": "object", "properties": {"a": BIT, "c": ZERO}, "required": ["c"]},
        ]
    },
}
SLOTS = 9


@pytest.fixture(autouse=True)
def never_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """No object is small enough to be written out order by order."""
    monkeypatch.setattr(unordered, "MAX_MEMBERS", 0)


@cache
def fills(name: str, slots: int = SLOTS) -> np.ndarray:
    return np.array(sorted(fillings(SCHEMAS[name], slots)))


def text_of(tokens: Any) -> bytes:
    return b"".join(TEXT_OF[token] for token in tokens if token != END)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_language(name: str) -> None:
    """Exactly the documents, among them and their neighbours by one byte."""
    constraint = constraint_of(SCHEMAS[name])
    right = documents(SCHEMAS[name])
    draw = Random(1)
    for text in draw.sample(sorted(right), min(len(right), 150)):
        assert constraint.accepts(text)
        place, byte = draw.randrange(len(text)), draw.choice(SINGLE)
        for other in (text[:place] + text[place + 1 :], text[:place] + byte + text[place:]):
            assert constraint.accepts(other) == (other in right)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(SCHEMAS)), st.integers(0, 1 << 30))
def test_questions_about_canvases(name: str, seed: int) -> None:
    """Feasible, admissible, best and drawn fillings of canvases with some slots fixed, right or wrong."""
    rng = np.random.default_rng(seed)
    constraint, every = constraint_of(SCHEMAS[name]), fills(name)
    tokens = every[rng.integers(len(every))].copy()
    free = rng.random(SLOTS) < rng.choice([0.5, 0.8, 1.0])
    for slot in np.flatnonzero(~free)[: rng.integers(2)]:
        tokens[slot] = rng.integers(len(VOCABULARY))
    left = every[(every[:, ~free] == tokens[~free]).all(axis=1)]
    if not len(left):
        with pytest.raises(Infeasible):
            constraint.session(tokens, free)
        return
    session = constraint.session(tokens, free)
    admissible = np.zeros((SLOTS, len(VOCABULARY)), np.bool_)
    admissible[np.arange(SLOTS), left] = True
    assert (session.admissible() == admissible).all()
    for scale in (1, 4):
        logits = (scale * rng.normal(size=(SLOTS, len(VOCABULARY)))).astype(np.float32)
        log_probs = logits - np.log(np.exp(logits.astype(float)).sum(axis=1, keepdims=True))
        scores = log_probs[np.arange(SLOTS), left][:, free].sum(axis=1)
        best = session.best(logits)
        assert not session.settled
        assert best.log_prob == pytest.approx(scores.max(), abs=1e-4)
        members = set(map(tuple, left.tolist()))
        for path in (best, session.sample(logits, int(rng.integers(99))), session.propose(logits)):
            assert tuple(path.tokens.tolist()) in members


@pytest.mark.parametrize("name", ["required", "union"])
def test_samples_follow_the_distribution(name: str) -> None:
    """Documents in proportion to the product of the probabilities of their tokens, drawn again where they are none."""
    slots, draws = 7, 3000
    every = fills(name, slots)
    rng = np.random.default_rng(5)
    logits = rng.normal(size=(slots, len(VOCABULARY))).astype(np.float32)
    weight = np.exp(logits[np.arange(slots), every].astype(float).sum(axis=1))
    expected = weight / weight.sum()
    session = constraint_of(SCHEMAS[name]).session(np.zeros(slots, np.int64), np.ones(slots, np.bool_))
    seen = Counter(tuple(session.sample(logits, rng).tokens.tolist()) for _ in range(draws))
    assert not session.settled
    observed = np.array([seen[tuple(row)] for row in every.tolist()])
    assert observed.sum() == draws
    likely = expected * draws >= 5
    spread = ((observed - expected * draws)[likely] ** 2 / (expected * draws)[likely]).sum()
    assert spread < likely.sum() + 5 * np.sqrt(2 * likely.sum())


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(SCHEMAS)), st.integers(0, 1 << 30))
def test_commits_and_retractions_lead_to_a_document(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    constraint, slots = constraint_of(SCHEMAS[name]), 40
    session = constraint.session(np.zeros(slots, np.int64), np.ones(slots, np.bool_))
    while session.free.any():
        logits = rng.normal(0, 2, (slots, len(VOCABULARY))).astype(np.float32)
        proposal = session.propose(logits, temperature=float(rng.integers(2)), generator=rng)
        chosen = rng.choice(np.flatnonzero(session.free), size=min(5, int(session.free.sum())), replace=False)
        session.commit({int(slot): int(proposal.tokens[slot]) for slot in chosen})
        if rng.random() < 0.3:
            session.retract(chosen[:2])
        assert session.feasible()
    assert constraint.accepts(text_of(session.tokens))
    parsed = json.loads(text_of(session.tokens), object_pairs_hook=list)
    assert text_of(session.tokens).count(b"{") == 0 or isinstance(parsed, list)


def test_a_commit_that_no_proposal_made() -> None:
    session = constraint_of(SCHEMAS["all required"]).session(np.zeros(40, np.int64), np.ones(40, np.bool_))
    order = {token: slot for slot, token in enumerate(SINGLE)}
    word = [order[bytes([byte])] for byte in b'{"d":0,"b":0,"']
    session.commit(dict(enumerate(word)))
    before = session.free
    with pytest.raises(Infeasible, match="slot 14"):
        session.commit({len(word): order[b"d"]})
    assert (session.free == before).all()
    session.commit({len(word): order[b"c"]})
    text = text_of(session.best(np.zeros((40, len(VOCABULARY)), np.float32)).tokens)
    assert json.loads(text) == dict.fromkeys("abcd", 0)
    assert text.startswith(b'{"d":0,"b":0,"c":0,"a"')


def test_too_few_slots_for_what_is_required() -> None:
    constraint = constraint_of(SCHEMAS["all required"])
    assert constraint.min_tokens == min(len(c) for c in map(tuple, _shortest_cuts(SCHEMAS["all required"])))
    with pytest.raises(Infeasible, match="needs"):
        constraint.session(np.zeros(4, np.int64), np.ones(4, np.bool_))


def _shortest_cuts(schema: Any) -> list[list[int]]:
    """Fewest tokens of the documents in the order of the schema."""
    text = b"{" + b",".join(b'"%s":0' % name.encode() for name in schema["properties"]) + b"}"
    best: list[list[int]] = [[]]
    for end in range(1, len(text) + 1):
        ways = [
            [*best[end - len(piece)], token]
            for token, piece in enumerate(TEXT_OF)
            if len(piece) <= end and text[:end].endswith(piece)
        ]
        best.append(min(ways, key=len))
    return [best[-1]]


def test_orders_are_settled_where_too_many_members_would_be_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then all is valid still, and the order stays."""
    monkeypatch.setattr(arranged_constraint, "MAX_TRACKED", 1)
    names = "abcde"
    schema = {"type": "object", "properties": dict.fromkeys(names, BIT), "required": list(names)}
    constraint, rng, slots = constraint_of(schema), np.random.default_rng(3), 60
    session = constraint.session(np.zeros(slots, np.int64), np.ones(slots, np.bool_))
    for _ in range(4):
        proposal = session.propose(rng.normal(0, 3, (slots, len(VOCABULARY))).astype(np.float32))
        assert constraint.accepts(text_of(proposal.tokens))
        chosen = np.flatnonzero(session.free)[:6]
        session.commit({int(slot): int(proposal.tokens[slot]) for slot in chosen})
    assert session.settled


def test_what_cannot_be_told_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arranged_constraint, "MAX_TRACKED", 0)
    schema = {"type": "object", "properties": dict.fromkeys("abcd", ZERO), "required": list("abcd")}
    tokens, free = np.full(12, END), np.ones(12, np.bool_)
    free[5:] = False
    with pytest.raises(LimitExceeded, match="property_order"):
        constraint_of(schema).session(tokens, free)


def test_where_a_text_leaves_the_language() -> None:
    constraint = constraint_of(
        {"type": "object", "properties": dict.fromkeys(("ab", "ac", "b"), ZERO), "required": ["b"]}
    )
    assert constraint.explain('{"b":0,"ac":0}').accepted
    twice = constraint.explain('{"b":0,"ac":0,"ac":0}')
    assert (twice.offset, twice.expected) == (len('{"b":0,"ac":0,"a'), b"b")
    lacking = constraint.explain('{"ac":0,"ab":0}')
    assert (lacking.offset, lacking.expected) == (len('{"ac":0,"ab":0'), b",")
    early = constraint.explain('{"ab":0,"b":0,"b":1')
    assert early.offset == len('{"ab":0,"b":0,"')
    assert early.expected == b"a"
    assert constraint.explain('{"ab":1').offset == len('{"ab":')


def test_many_members_in_every_order() -> None:
    """Thirty required members: no table of subsets, and every order of them is accepted."""
    names = [f"k{number}" for number in range(30)]
    schema = {"type": "object", "properties": {key: {"type": "integer"} for key in names}, "required": names}
    constraint = constraint_of(schema, Vocabulary256)
    assert constraint.nbytes < 5_000_000
    draw = Random(4)
    for _ in range(20):
        order = draw.sample(names, len(names))
        text = "{" + ",".join(f'"{name}":{draw.randrange(9)}' for name in order) + "}"
        assert constraint.accepts(text)
        assert not constraint.accepts(text.replace(f'"{order[3]}"', f'"{order[7]}"'))
        assert not constraint.accepts(text.replace(f'"{order[3]}"', '"k30"'))
    slots = 400
    session = constraint.session(np.zeros(slots, np.int64), np.ones(slots, np.bool_))
    rng = np.random.default_rng(0)
    proposal = session.propose(rng.normal(0, 2, (slots, 257)).astype(np.float32))
    found = bytes(token for token in proposal.tokens.tolist() if token < 256)
    assert sorted(json.loads(found)) == sorted(names)


Vocabulary256 = lw.Vocabulary([*(bytes([value]) for value in range(256)), b""], special={256: "eos"})


def test_further_members_stand_anywhere() -> None:
    schema = {
        "type": "object",
        "properties": {"a": ZERO, "b": ZERO},
        "required": ["a"],
        "additionalProperties": {"type": "boolean"},
    }
    constraint = constraint_of(schema, Vocabulary256)
    for keys in ("a", "xa", "bxya", "xbyaz", "axxb"):
        text = "{" + ",".join(f'"{key}":{0 if key in "ab" else "true"}' for key in keys) + "}"
        assert constraint.accepts(text)
    for keys in ("b", "axa", "xy", "bxab"):
        text = "{" + ",".join(f'"{key}":{0 if key in "ab" else "true"}' for key in keys) + "}"
        assert not constraint.accepts(text)


@pytest.mark.parametrize("whitespace", ["compact", "spaced", "any", "pretty"])
def test_every_layout_and_given_objects(whitespace: str) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "null"}, "b": {"const": {"x": 1, "y": [{"z": 0, "w": 2}]}}, "c": ZERO},
    }
    constraint = constraint_of(schema, Vocabulary256)
    grammar = constraint.grammar.in_few_orders()
    layout: dict[str, Any] = {"compact": {"separators": (",", ":")}, "pretty": {"indent": 2}}.get(whitespace, {})
    constraint = constraint_with(schema, whitespace)
    members = {"a": None, "b": {"x": 1, "y": [{"z": 0, "w": 2}]}, "c": 0}
    for order in permutations(members):
        assert constraint.accepts(json.dumps({name: members[name] for name in order}, **layout))
    turned = {"c": 0, "b": {"y": [{"w": 2, "z": 0}], "x": 1}}
    assert constraint.accepts(json.dumps(turned, **layout))
    assert constraint.accepts("{}")
    assert grammar.arranged is None
    assert grammar.narrowings


def constraint_with(schema: Any, whitespace: str) -> Any:
    return lw.compile(lw.json_schema(schema, property_order="any", whitespace=whitespace), Vocabulary256)


def test_an_older_proposal_is_no_promise_once_the_order_is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Committing it is either possible or refused; what follows is valid in any case."""
    monkeypatch.setattr(arranged_constraint, "MAX_TRACKED", 2)
    schema = {"type": "object", "properties": dict.fromkeys("abcde", BIT), "required": list("abcde")}
    constraint, slots = constraint_of(schema), 60
    for seed in range(6):
        rng = np.random.default_rng(seed)
        session = constraint.session(np.zeros(slots, np.int64), np.ones(slots, np.bool_))
        boost = np.zeros((slots, len(VOCABULARY)), np.float32)
        word = b'{"' + rng.permutation([*"abcde"])[0].encode() + b'":1,"'
        for slot, byte in enumerate(word):
            boost[slot, SINGLE.index(bytes([byte]))] = 30
        older = session.propose(boost)
        session.propose(rng.normal(0, 4, boost.shape).astype(np.float32))
        session.commit({slot: int(older.tokens[slot]) for slot in range(len(word))})
        path = session.best(rng.normal(0, 4, boost.shape).astype(np.float32))
        assert constraint.accepts(text_of(path.tokens))
        assert text_of(path.tokens).startswith(word)
