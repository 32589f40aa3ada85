"""Canvases with fillers, against every filling of a tiny vocabulary."""

from __future__ import annotations

import itertools
import json
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import latticework as lw
from latticework.errors import InputError
from latticework.grammar import Grammar
from latticework.scaffold.canvas import scaffold_of
from latticework.scaffold.constraint import ElasticConstraint, with_filler_byte
from latticework.scaffold.skeleton import skeleton_of
from latticework.tokens.vocabulary import Vocabulary

FILLER = 0
# The raw filler byte as an ordinary token must stay impossible.
TOKENS = [b"", b"{", b"}", b'"a":', b'"b":', b",", b"1", b'"', b'x"', b"null", b'"b":1', b"\xfe", b"[", b"]", b',"b":']
VOCABULARY = Vocabulary(TOKENS, {FILLER: "filler"})


def schema(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


SCALAR = {"type": "integer", "maximum": 200, "minimum": 0}
SCHEMAS = [
    schema({"a": SCALAR, "b": {"type": ["string", "null"]}}, ["a", "b"]),
    schema({"a": SCALAR, "b": SCALAR}, ["b"]),
    schema({"a": SCALAR, "b": SCALAR}, ["a"]),
    schema({"a": SCALAR, "b": SCALAR}, []),
    schema({"a": schema({"b": SCALAR}, [])}, ["a"]),
    schema({"a": {"type": "array", "items": SCALAR}}, ["a"]),
]


def elastic(source: dict[str, Any]) -> ElasticConstraint:
    grammar = lw.json_schema(source)
    skeleton = skeleton_of(grammar.node)
    assert skeleton is not None
    filled = lw.compile(Grammar(skeleton.node, "elastic"), with_filler_byte(VOCABULARY))
    assert isinstance(filled, lw.Constraint)
    return ElasticConstraint(VOCABULARY, filled)


def is_laid_out(text: str, first: str) -> bool:
    """Whether fillers, written as tildes, stand where they may: behind the value of a member of an object whose
    structure is fixed, or behind a brace where the first member is left out."""
    for found in re.finditer("~+", text):
        before, behind = text[: found.start()], text[found.end() :]
        if before.count('"') % 2 or before.count("[") != before.count("]"):
            return False
        if before.endswith("{"):
            depth = before.count("{")
            own = first if depth == 1 else '"b":'
            if not behind.startswith(('"', "}")) or behind.startswith(own):
                return False
        elif not before.endswith(tuple('0123456789]}l"')) or not behind.startswith((",", "}")) or before.endswith('":'):
            return False
        if before.endswith("}") and behind.startswith("}"):  # the braces of a nested object are written in advance
            return False
    return True


@pytest.mark.parametrize("source", SCHEMAS, ids=range(len(SCHEMAS)))
def test_fillings_are_the_documents_with_fillers_at_their_places(source: dict[str, Any]) -> None:
    constraint, plain = elastic(source), lw.compile(lw.json_schema(source), VOCABULARY)
    size = 7 if source["required"] == ["a", "b"] else 6
    unused = {b"\xfe", *([b"[", b"]"] if source is not SCHEMAS[5] else [b"null", b'x"', b'"'])}
    usable = [token for token in range(len(TOKENS)) if TOKENS[token] not in unused]
    wanted = set()
    for inner in itertools.product(usable, repeat=size - 2):
        filling = (TOKENS.index(b"{"), *inner, TOKENS.index(b"}"))
        text = b"".join(TOKENS[token] if token != FILLER else b"~" for token in filling).decode()
        if not text.startswith(('{"', "{~", "{}")) or "::" in text or ",," in text or ":," in text:
            continue
        in_order = '"b"' not in text or text.find('"a"') < text.find('"b"')  # there are fillers in the first order only
        if in_order and plain.accepts(text.replace("~", "")) and is_laid_out(text, '"a":'):
            wanted.add(filling)
    for filling in wanted:
        spelt = b"".join(b"\xfe" if token == FILLER else TOKENS[token] for token in filling)
        assert constraint.filled.accepts(spelt)
    free = np.ones(size, np.bool_)
    session = constraint.session(np.zeros(size, np.int64), free)
    count = math.exp(session.log_z(np.zeros((size, len(TOKENS)), np.float32)) + size * math.log(len(TOKENS)))
    assert round(count) == len(wanted) > 0
    admissible = session.admissible()
    for slot in range(size):
        assert set(np.flatnonzero(admissible[slot])) == {filling[slot] for filling in wanted}


def test_a_sample_follows_the_distribution_over_fillings() -> None:
    constraint = elastic(SCHEMAS[2])
    logits = np.random.default_rng(0).normal(size=(5, len(TOKENS))).astype(np.float32)
    session = constraint.session(np.zeros(5, np.int64), np.ones(5, np.bool_))
    probabilities = np.exp(np.asarray(session.marginals(logits)))
    generator = np.random.default_rng(1)
    draws = np.array([session.sample(logits, generator).tokens for _ in range(800)])
    for slot in range(5):
        shares = np.bincount(draws[:, slot], minlength=len(TOKENS)) / len(draws)
        assert np.abs(shares - probabilities[slot]).max() < 0.07


def encode(text: str) -> list[int]:
    return VOCABULARY.encode(text.encode())


def test_required_keys_stand_in_the_start_canvas() -> None:
    found = scaffold_of(lw.json_schema(SCHEMAS[0]), VOCABULARY, encode)
    assert found is not None
    fixed = VOCABULARY.decode(found.tokens[~found.free].tolist())
    assert fixed == b'{"a":,"b":}'
    assert found.grows.any()
    assert not found.grows[~found.free].any()


def test_an_optional_member_has_room_but_no_fixed_text() -> None:
    found = scaffold_of(lw.json_schema(SCHEMAS[2]), VOCABULARY, encode)
    assert found is not None
    assert VOCABULARY.decode(found.tokens[~found.free].tolist()) == b'{"a":}'
    logits = np.zeros((len(found.tokens), len(TOKENS)), np.float32)
    logits[:, FILLER] = 5
    session = found.constraint.session(found.tokens, found.free)
    assert VOCABULARY.decode(session.best(logits).tokens.tolist()) == b'{"a":1}'
    logits[:, TOKENS.index(b'"b":1')] = 20
    assert VOCABULARY.decode(session.best(logits).tokens.tolist()) == b'{"a":1,"b":1}'


def test_a_limit_shrinks_the_rooms_or_leaves_no_scaffold() -> None:
    grammar = lw.json_schema(SCHEMAS[0])
    whole = scaffold_of(grammar, VOCABULARY, encode)
    assert whole is not None
    fixed = int((~whole.free).sum())
    less = scaffold_of(grammar, VOCABULARY, encode, fixed + 4)
    assert less is not None
    assert len(less.tokens) <= fixed + 4
    assert scaffold_of(grammar, VOCABULARY, encode, fixed) is None


def test_rooms_that_are_too_small_are_doubled() -> None:
    letters = Vocabulary([b"", *(bytes([byte]) for byte in range(256))], {0: "filler"})
    source = schema({"a": {"type": "string", "pattern": "^(é|\\\\n){14}$"}}, ["a"])
    found = scaffold_of(lw.json_schema(source), letters, lambda text: letters.encode(text.encode()))
    assert found is not None


def test_no_scaffold_without_fixed_text_or_filler() -> None:
    assert scaffold_of(lw.json_schema({"type": "string"}), VOCABULARY, encode) is None
    assert scaffold_of(lw.regex("[a-z]+"), VOCABULARY, encode) is None
    bare = Vocabulary(TOKENS)
    assert scaffold_of(lw.json_schema(SCHEMAS[0]), bare, encode) is None
    with pytest.raises(InputError, match="filler"):
        with_filler_byte(bare)


def test_a_session_takes_elastic_canvases_only() -> None:
    with pytest.raises(InputError, match="elastic"):
        elastic(SCHEMAS[0]).session(np.zeros(8, np.int64), np.ones(8, np.bool_), tail=True)


KEYS = st.lists(st.sampled_from(["a", "b", "ccc", "dé", 'q"']), min_size=1, max_size=4, unique=True)
LEAVES = st.sampled_from(
    [
        SCALAR,
        {"type": "string"},
        {"type": "string", "format": "date"},
        {"const": "k"},
        {"enum": ["u", 1, None]},
        {"type": "array", "items": SCALAR, "minItems": 1},
        {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
        {"type": "object", "additionalProperties": SCALAR},
    ]
)
BYTES = Vocabulary([b"", *(bytes([byte]) for byte in range(256))], {0: "filler"})


@st.composite
def objects(draw: st.DrawFn, depth: int = 1) -> dict[str, Any]:
    keys = draw(KEYS)
    value = LEAVES if depth == 0 else LEAVES | objects(depth - 1)
    return schema({key: draw(value) for key in keys}, [key for key in keys if draw(st.booleans())])


def is_constant(source: dict[str, Any]) -> bool:
    """Whether the schema has one document."""
    if "properties" not in source:
        return "const" in source
    return source["required"] == list(source["properties"]) and all(map(is_constant, source["properties"].values()))


@settings(max_examples=25, deadline=None)
@given(source=objects(), seed=st.integers(0, 1000))
def test_documents_of_any_scaffold_are_documents_of_the_schema(source: dict[str, Any], seed: int) -> None:
    grammar = lw.json_schema(source)
    found = scaffold_of(grammar, BYTES, lambda text: BYTES.encode(text.encode()))
    if found is None:
        assert is_constant(source)
        return
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(len(found.tokens), len(BYTES))).astype(np.float32) * 3
    path = found.constraint.session(found.tokens, found.free).sample(logits, generator)
    data = BYTES.decode([int(token) for token in path.tokens])
    assert lw.compile(grammar, BYTES).accepts(data)
    assert b"\xfe" not in data
    json.loads(data)
