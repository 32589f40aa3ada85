"""Votes over block lengths: the most frequent answer, by document or by field, always of the grammar."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from tiny_backend import TinyBackend

import latticework as lw
from latticework.errors import Infeasible, InputError
from latticework.models.model import Model
from latticework.models.voting import vote

SCHEMA = {
    "type": "object",
    "properties": {"a": {"enum": [1, 2, 3]}, "b": {"type": "boolean"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}


def test_the_most_frequent_document_is_elected():
    found = vote(Model(TinyBackend(3)), "x", SCHEMA, block_lengths=(1, 2, 4), repeats=4, temperature=1.0, seed=5)
    assert len(found.candidates) == 12
    counts = Counter(result.text for result in found.candidates)
    assert counts[found.text] == max(counts.values())
    assert found.share == counts[found.text] / 12
    assert found.value == json.loads(found.text)
    again = vote(Model(TinyBackend(3)), "x", SCHEMA, block_lengths=(1, 2, 4), repeats=4, temperature=1.0, seed=5)
    assert again.text == found.text


def test_fields_are_elected_one_by_one_and_the_whole_is_valid():
    options = {"block_lengths": (1, 3), "repeats": 6, "temperature": 1.5, "seed": 2}
    found = vote(Model(TinyBackend(1)), "x", SCHEMA, fieldwise=True, **options)
    values = [json.loads(result.text) for result in found.candidates]
    for key in ("a", "b"):
        counts = Counter(json.dumps(value[key]) for value in values)
        assert counts[json.dumps(found.value[key])] == max(counts.values())
        assert found.shares[f"/{key}"] == max(counts.values()) / len(values)
    assert found.share == min(found.shares.values())
    assert lw.compile(lw.json_schema(SCHEMA), TinyBackend.vocabulary).accepts(found.text)


def test_fields_that_do_not_go_together_are_not_put_together():
    """Either a is 1 and b true, or a is 2 and b false: a mixture is no document."""
    pairs = [
        {"properties": {"a": {"const": a}, "b": {"const": b}}, "required": ["a", "b"]}
        for a, b in ((1, True), (2, False))
    ]
    schema = {"type": "object", "anyOf": [{**pair, "type": "object", "additionalProperties": False} for pair in pairs]}
    for seed in range(4):
        found = vote(
            Model(TinyBackend(seed)), "x", schema, fieldwise=True, block_lengths=(1, 2), repeats=3, temperature=2.0
        )
        assert found.value in ({"a": 1, "b": True}, {"a": 2, "b": False})


def test_spelling_does_not_split_votes():
    grammar = lw.json_schema({"enum": [[1], [2]]}, whitespace="any")
    found = vote(Model(TinyBackend(7)), "x", grammar, block_lengths=(1, 2), repeats=5, temperature=3.0, max_tokens=12)
    counts = Counter(json.dumps(json.loads(result.text)) for result in found.candidates)
    assert found.share == max(counts.values()) / 10


def test_what_cannot_be_voted_on_is_refused():
    model = Model(TinyBackend())
    with pytest.raises(InputError, match="block length"):
        vote(model, "x", SCHEMA, block_lengths=())
    with pytest.raises(Infeasible):
        vote(model, "x", SCHEMA, max_tokens=3)
