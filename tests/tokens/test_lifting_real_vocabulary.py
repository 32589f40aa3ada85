"""Lifting to 131k tokens of a model: random tokens from random configurations, against their bytes."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path

import mistral_common
import numpy as np
import pytest
from lifting_reference import Configuration, assert_token

from latticework.automata.automaton import ByteAutomaton
from latticework.automata.build import build_automaton
from latticework.grammar.json_schema import json_schema
from latticework.grammar.regex import regex
from latticework.tokens.lifting import lift
from latticework.tokens.vocabulary import Vocabulary

TEXT = {"type": "string", "minLength": 2, "maxLength": 50}
GRAMMARS = {
    "counted strings in a counted array": lambda: json_schema(
        {
            "type": "object",
            "properties": {
                "kind": {"enum": ["alpha", "beta", "größe"]},
                "names": {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 9},
                "note": {"type": "string"},
            },
            "required": ["kind", "names"],
            "additionalProperties": False,
        }
    ),
    "counted words, no bound above": lambda: regex(r"([a-zé]{5,} ){4,}[0-9]{2,300}"),
    "no counters": lambda: regex(r"(true|false|null|-?[0-9]+|\"[^\"]*\")(, ?[a-z]+)*"),
}

LEVELS = {"counted strings in a counted array": 2, "counted words, no bound above": 2, "no counters": 0}


@cache
def tekken() -> Vocabulary:
    content = json.loads((Path(mistral_common.__file__).parent / "data" / "tekken_240911.json").read_text())
    count = content["config"]["default_vocab_size"] - content["config"]["default_num_special_tokens"]
    tokens = [base64.b64decode(entry["token_bytes"]) for entry in content["vocab"][:count]]
    return Vocabulary([*tokens, b""], {count: "eos"})


def with_random_counts(automaton: ByteAutomaton, state: int, rng: np.random.Generator) -> Configuration:
    scopes = automaton.scope[state, : automaton.levels[state]]
    return state, tuple(int(rng.integers(min(automaton.high[s], 60) + 1)) for s in scopes)


@pytest.mark.parametrize("name", sorted(GRAMMARS))
def test_random_tokens_do_what_their_bytes_do(name: str) -> None:
    vocabulary, automaton = tekken(), build_automaton(GRAMMARS[name]().node)
    lifted = lift(automaton, vocabulary)
    assert automaton.levels.max() == LEVELS[name]
    rng = np.random.default_rng(5)
    readable = np.flatnonzero(lifted.class_of_token >= 0)
    for _ in range(150):
        at = with_random_counts(automaton, int(rng.integers(automaton.states)), rng)
        for token in [*rng.integers(len(vocabulary), size=20).tolist(), *rng.choice(readable, size=20).tolist()]:
            assert_token(lifted, at, token, vocabulary.bytes(token))
    # A token the automaton can take there, from every edge: random pairs seldom hit these.
    members = {known: token for token, known in enumerate(lifted.class_of_token.tolist())}
    for known in rng.integers(lifted.classes, size=300).tolist():
        edge = rng.choice(lifted.edges_of(known))
        at = with_random_counts(automaton, int(np.searchsorted(lifted.edge_offset, edge, side="right")) - 1, rng)
        assert_token(lifted, at, members[known], vocabulary.bytes(members[known]))


def test_every_token_from_the_start_state() -> None:
    vocabulary = tekken()
    automaton = build_automaton(GRAMMARS["counted words, no bound above"]().node)
    lifted = lift(automaton, vocabulary)
    for token in range(0, len(vocabulary), 7):
        assert_token(lifted, (0, (0,) * int(automaton.levels[0])), token, vocabulary.bytes(token))
