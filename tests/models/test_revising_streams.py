"""Policies that take commits back or resize: streams report text when it is final, results are as without a stream."""

from __future__ import annotations

import pytest
from tiny_backend import TinyBackend

from latticework.diffusion.policies.registry import BY_NAME
from latticework.models.events import CommitEvent, FieldEvent, ResultEvent
from latticework.models.model import Model

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 6}, "paid": {"type": "boolean"}},
    "required": ["name", "paid"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("name", [name for name, kind in BY_NAME.items() if kind.revises])
def test_a_stream_of_a_revising_policy_reports_only_final_text(name):
    model = Model(TinyBackend(4))
    options = {"policy": name, "max_tokens": 40, "seed": 3, "block_length": 16}
    expected = model.generate("x", SCHEMA, **options)
    events = list(model.stream("x", SCHEMA, **options))
    text = "".join(event.text for event in events if isinstance(event, CommitEvent))
    assert text == expected.text
    assert {event.pointer for event in events if isinstance(event, FieldEvent)} == {"", "/name", "/paid"}
    assert isinstance(events[-1], ResultEvent)
    assert events[-1].result.text == expected.text


def test_random_policies_report_the_seed_that_was_drawn():
    model = Model(TinyBackend(4))
    result = model.generate("x", SCHEMA, policy="random")
    assert result.seed is not None
    assert model.generate("x", SCHEMA, policy="random", seed=result.seed).text == result.text
    assert model.generate("x", SCHEMA, policy="threshold").seed is None
