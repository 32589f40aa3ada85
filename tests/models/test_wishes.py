"""Options of a call beyond its grammar: weights, the prompt in the result, calibrated confidence, the command line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models.tiny_backend import TinyBackend
from typer.testing import CliRunner

from latticework.cli import app
from latticework.diffusion.confidence import calibrated, scaled
from latticework.errors import InputError
from latticework.models.embedded.loading import CALIBRATION, load_calibration
from latticework.models.events import FieldEvent, ResultEvent
from latticework.models.model import Model

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "age": {"type": ["integer", "null"], "minimum": 0, "maximum": 99},
        "nick": {"type": "string", "maxLength": 3},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("scaffold", ["soft", "elastic"])
@pytest.mark.parametrize(
    "wishes", [{"copy_bias": 3.0}, {"length_bonus": 2.0}, {"length_bonus": -2.0}, {"null_bias": 8.0}], ids=str
)
def test_documents_are_valid_whatever_is_preferred(scaffold: Any, wishes: Any) -> None:
    result = Model(TinyBackend(5)).generate("Ann is 31", SCHEMA, scaffold=scaffold, threshold=0.3, **wishes)
    jsonschema.validate(json.loads(result.text), SCHEMA)


def test_null_and_optional_members_come_and_go_with_their_weights() -> None:
    model = Model(TinyBackend(5))
    assert model.generate("x", SCHEMA, null_bias=90.0).value["age"] is None
    assert model.generate("x", SCHEMA, null_bias=-90.0).value["age"] is not None
    assert "nick" in model.generate("x", SCHEMA, length_bonus=90.0, max_tokens=60).value
    assert "nick" not in model.generate("x", SCHEMA, length_bonus=-90.0, max_tokens=60).value


def test_copying_prefers_what_the_prompt_says() -> None:
    free = {"type": "string", "pattern": "^([a-c]|[x-z]){3}$"}
    for prompt in ("xyz", "abc"):
        assert set(json.loads(Model(TinyBackend(2)).generate(prompt, free, copy_bias=90.0).text)) <= set(prompt)


@pytest.mark.parametrize("option", ["copy_bias", "length_bonus", "null_bias"])
def test_weights_without_bounds_are_refused(option: str) -> None:
    wishes: Any = {option: math.inf}
    with pytest.raises(InputError, match=option):
        Model(TinyBackend()).generate("x", SCHEMA, **wishes)


class Describing(TinyBackend):
    def encode_prompt(self, prompt: str, schema: Any) -> list[int]:
        return super().encode_prompt(prompt if schema is None else f"{prompt} {sorted(schema['properties'])}", schema)


def test_what_the_model_read_is_in_the_result() -> None:
    model = Model(Describing())
    assert model.generate("hello", SCHEMA).prompt == "hello ['age', 'name', 'nick']"
    assert model.generate("hello", SCHEMA, schema_in_prompt=False).prompt == "hello"

    class Template(Describing):
        def decode_prompt(self, ids: list[int]) -> str:
            return f"<user>{len(ids)}"

    assert Model(Template()).generate("hello", SCHEMA, schema_in_prompt=False).prompt == "<user>5"


@given(p=st.floats(0, 1), temperature=st.floats(0.05, 20))
def test_scaling_divides_the_logit(p: float, temperature: float) -> None:
    q = scaled(p, temperature)
    assert 0 <= q <= 1
    assert (q - 0.5) * (p - 0.5) >= 0, "the side of one half stays"
    if 1e-5 < p < 1 - 1e-5 and 1e-9 < q < 1 - 1e-9:
        assert math.isclose(math.log(q / (1 - q)) * temperature, math.log(p / (1 - p)), rel_tol=1e-5, abs_tol=1e-6)


def test_what_the_constraint_decided_stays_certain() -> None:
    assert calibrated({"/a": 1.0, "/b": 0.9}, 3.0) == {"/a": 1.0, "/b": scaled(0.9, 3.0)}
    assert calibrated({"/b": 0.9}, 1.0) == {"/b": 0.9}


class Calibrated(TinyBackend):
    confidence_temperatures: ClassVar = {"soft": 2.0, "elastic": 4.0}


@pytest.mark.parametrize(("scaffold", "temperature"), [("soft", 2.0), ("elastic", 4.0)])
def test_results_and_streams_are_calibrated(scaffold: Any, temperature: float) -> None:
    options: Any = {"scaffold": scaffold, "steps": 30}
    raw = Model(TinyBackend()).generate("x", SCHEMA, **options)
    found = Model(Calibrated()).generate("x", SCHEMA, **options)
    assert found.text == raw.text
    assert found.confidence == calibrated(raw.confidence, temperature)
    events = list(Model(Calibrated()).stream("x", SCHEMA, **options))
    last = events[-1]
    assert isinstance(last, ResultEvent)
    fields = {event.pointer: event.confidence for event in events if isinstance(event, FieldEvent)}
    assert fields
    for pointer, confidence in fields.items():
        assert math.isclose(confidence, last.result.confidence[pointer], rel_tol=1e-9)


def test_temperatures_stand_beside_the_weights(tmp_path: Path) -> None:
    assert load_calibration(tmp_path) == {}
    (tmp_path / CALIBRATION).write_text('{"temperatures": {"soft": 2.5}}')
    assert load_calibration(tmp_path) == {"soft": 2.5}
    (tmp_path / CALIBRATION).write_text('{"temperatures": {"soft": -1}}')
    with pytest.raises(ValueError, match="no positive number"):
        load_calibration(tmp_path)


def test_the_command_line_knows_the_options() -> None:
    schema = json.dumps({"enum": ["yes", "no"]})
    options = ["--copy-bias", "1", "--length-bonus", "0.5", "--null-bias", "1", "--canonical", "--scaffold", "soft"]
    found = CliRunner().invoke(app, ["extract", schema, "--text", "yes", "--json", "--no-schema-in-prompt", *options])
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["canonical"] is True
    refused = CliRunner().invoke(app, ["extract", schema, "--text", "yes", "--scaffold", "hard"])
    assert refused.exit_code == 2
    assert "unknown scaffold" in refused.output
