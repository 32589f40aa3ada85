"""``Model.generate(scaffold=...)`` with a random network: always a document, whatever the scaffold and the policy."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch
from models.tiny_backend import EOS, MASK, TOKENS, TinyBackend

import latticework as lw
from latticework.diffusion.lengths import room_for_full_hole
from latticework.diffusion.policies.contract import Resize
from latticework.errors import InputError
from latticework.models.model import Model
from latticework.tokens.vocabulary import Vocabulary

FILLER = len(TOKENS)


class WithFiller(TinyBackend):
    vocabulary = Vocabulary([*TOKENS, b""], {MASK: "mask", EOS: "eos", 2: "pad", FILLER: "filler"})

    def forward(self, ids: torch.Tensor, attention: torch.Tensor, keep: int) -> torch.Tensor:
        logits = super().forward(ids.clamp(max=FILLER - 1), attention, keep)
        return torch.cat((logits, logits[..., EOS : EOS + 1] + 4.0), dim=-1)


SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "boolean"}},
        "place": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "zip": {"type": ["integer", "null"]}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
    "required": ["name", "tags", "place"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("backend", [WithFiller(3, 150), TinyBackend(4, 150)], ids=["filler", "pad"])
@pytest.mark.parametrize("scaffold", ["auto", "soft", "elastic", "none"])
def test_documents_are_valid(scaffold: Any, backend: Any) -> None:
    options: Any
    for options in ({"threshold": 0.3}, {"temperature": 1.0, "seed": 5, "steps": 8}, {"steps": 4, "block_length": 8}):
        result = Model(backend).generate("some text", SCHEMA, scaffold=scaffold, **options)
        jsonschema.validate(json.loads(result.text), SCHEMA)
        assert result.value == json.loads(result.text)
        assert b"".join(backend.vocabulary.bytes(token) for token in result.tokens).decode() == result.text
        assert all(backend.vocabulary.role(token) is None for token in result.tokens)


def test_a_value_that_fills_its_room_gets_more() -> None:
    source = {**SCHEMA, "properties": {"name": {"type": "string", "minLength": 40}}, "required": ["name"]}
    result = Model(WithFiller(3, 150)).generate("some text", source, scaffold="elastic", threshold=0.3)
    assert len(json.loads(result.text)["name"]) >= 40
    few = Model(WithFiller(3, 150)).generate("some text", source, scaffold="elastic", max_tokens=60, threshold=0.3)
    assert few.slots <= 60


def test_a_schema_without_scaffold_gets_a_soft_one() -> None:
    for source in ({"type": "integer"}, lw.regex("[ab]{3}"), None):
        asked = Model(WithFiller(1))
        assert (
            asked.generate("x", source, scaffold="elastic", steps=2).text == asked.generate("x", source, steps=2).text
        )


def test_events_of_a_stream_hold_no_filler() -> None:
    *_, last = Model(WithFiller(3, 150)).stream("some text", SCHEMA, scaffold="elastic", threshold=0.3)
    jsonschema.validate(json.loads(last.result.text), SCHEMA)  # pyright: ignore[reportAttributeAccessIssue]


def test_an_unknown_scaffold_is_refused() -> None:
    unknown: Any = "hard"
    with pytest.raises(InputError, match="scaffold must be one of"):
        Model(WithFiller(1)).generate("x", SCHEMA, scaffold=unknown)


def test_the_first_hole_without_filler_gets_twice_its_slots() -> None:
    hole_of = np.array([1, 1, 1, 0, 2, 2, 0, 3])
    grows = np.array([1, 1, 1, 0, 1, 1, 0, 0], bool)
    free = np.array([1, 0, 1, 0, 1, 1, 0, 1], bool)
    draft = np.array([5, 5, 9, 5, 5, 5, 5, 5])
    assert room_for_full_hole(draft, free, hole_of, grows, filler=9) == Resize(2, 6)
    assert room_for_full_hole(draft, np.zeros(8, bool), hole_of, grows, filler=9) is None
    draft[4] = 9
    assert room_for_full_hole(draft, free, hole_of, grows, filler=9) is None


def test_a_hole_that_is_hardly_begun_does_not_grow() -> None:
    ones = np.ones(20, np.int64)
    free = np.ones(20, bool)
    assert room_for_full_hole(ones, free, ones, np.ones(20, bool), filler=9) is None
    free[:12] = False
    assert room_for_full_hole(ones, free, ones, np.ones(20, bool), filler=9) == Resize(20, 20)


class WithoutEnd(WithFiller):
    """Never sure of a filler or a quote, so that strings fill all they get."""

    def forward(self, ids: torch.Tensor, attention: torch.Tensor, keep: int) -> torch.Tensor:
        logits = super().forward(ids, attention, keep)
        logits[..., FILLER] -= 20
        return logits


def test_a_canvas_grows_to_its_limit_where_a_value_does_not_end() -> None:
    source = {**SCHEMA, "properties": {"name": {"type": "string"}}, "required": ["name"]}
    asked = Model(WithoutEnd(3, 150))
    result = asked.generate("some text", source, scaffold="elastic", block_length=4, max_tokens=64)
    jsonschema.validate(json.loads(result.text), source)
    assert result.slots == 64
