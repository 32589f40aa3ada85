"""Generation under ``property_order="any"``: always valid, in orders that the model chooses."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import jsonschema
import pytest
from tiny_backend import TinyBackend

import latticework as lw
from latticework.diffusion.policies.entropy_bound import EntropyBound
from latticework.diffusion.policies.low_confidence import LowConfidence
from latticework.diffusion.policies.threshold import Threshold
from latticework.models.model import Model

NAMES = [f"{first}{second}" for first in "abc" for second in "xyz"]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{name: {"type": "integer", "minimum": 0, "maximum": 9} for name in NAMES},
        "list": {
            "type": "array",
            "maxItems": 2,
            "items": {
                "type": "object",
                "properties": {name: {"type": "boolean"} for name in NAMES[:8]},
                "required": NAMES[:2],
                "additionalProperties": False,
            },
        },
    },
    "required": NAMES[3:6],
    "additionalProperties": False,
}
GRAMMAR = lw.json_schema(SCHEMA, property_order="any")


@pytest.mark.parametrize(
    "policy", [LowConfidence(3), Threshold(0.2), EntropyBound(4.0)], ids=lambda p: type(p).__name__
)
def test_what_is_generated_is_valid_in_any_order(policy: Any) -> None:
    model, orders = Model(TinyBackend(seed=2)), set()
    for temperature, block, seed in product((0.0, 1.0), (None, 16), (0, 1)):
        options: dict[str, Any] = {"policy": policy, "temperature": temperature, "block_length": block, "seed": seed}
        results = model.generate([f"text {seed}", "other"], GRAMMAR, max_tokens=120, **options)
        for result in results:
            value = json.loads(result.text, object_pairs_hook=_without_repeats)
            jsonschema.validate(value, SCHEMA)
            orders.add(tuple(value))
    assert any(list(order) != sorted(order, key=list(SCHEMA["properties"]).index) for order in orders)


def test_too_small_a_canvas_is_told_before_the_model_runs() -> None:
    backend = TinyBackend()
    with pytest.raises(lw.Infeasible, match="needs"):
        Model(backend).generate("text", GRAMMAR, max_tokens=8)
    assert not backend.forwards


def test_an_elastic_scaffold_and_parts_of_grammars_keep_few_orders() -> None:
    assert GRAMMAR.arranged is not None
    assert GRAMMAR.order_narrowings
    for whole in (lw.text(until="\n") + GRAMMAR, GRAMMAR | lw.choice(["none"])):
        assert whole.arranged is None
        assert set(GRAMMAR.order_narrowings) <= set(whole.narrowings)
    result = Model(TinyBackend()).generate("text", GRAMMAR, max_tokens=150, scaffold="elastic")
    jsonschema.validate(json.loads(result.text), SCHEMA)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)
