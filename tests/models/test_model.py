"""``Model.generate`` with a random network: whatever it believes, results are valid, checked and attributed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import jsonschema
import pytest
from pydantic import BaseModel
from tiny_backend import TinyBackend

import latticework as lw
from latticework.diffusion.policy import EntropyBound, LowConfidence
from latticework.errors import InputError
from latticework.models.model import Model
from latticework.models.rows import MAX_PROMPT_BYTES, MIN_SLACK

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "tags": {"type": "array", "items": {"enum": ["a", "b", "é"]}, "maxItems": 3},
        "member": {"type": ["boolean", "null"]},
        "since": {"type": "string", "format": "date"},
    },
    "required": ["name", "age", "tags", "member"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(TinyBackend())


@pytest.mark.parametrize("policy", ["threshold", "low-confidence", "entropy-bound"])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("block_length", [None, 8])
def test_any_network_gives_documents_of_the_schema(policy, temperature, block_length):
    for seed in range(2):
        model = Model(TinyBackend(seed))
        result = model.generate(
            "prompt",
            PERSON,
            policy=policy,
            temperature=temperature,
            seed=seed,
            block_length=block_length,
            max_tokens=60,
        )
        jsonschema.validate(result.value, PERSON, format_checker=jsonschema.FormatChecker())
        assert json.loads(result.text) == result.value
        assert result.finish_reason == "complete"
        assert 0 < result.forwards <= 60
        assert model.vocabulary.decode(result.tokens).decode() == result.text
        assert result.confidence.keys() >= {"", "/name", "/age", "/tags", "/member"}
        assert all(0.0 <= p <= 1.0 for p in result.confidence.values())


def test_the_tightest_canvas_works_and_one_slot_less_is_refused(model):
    constraint = model.compile(PERSON)
    needed = constraint.min_tokens
    result = model.generate("p", constraint, max_tokens=needed)
    jsonschema.validate(result.value, PERSON)
    assert len(result.tokens) == needed
    jsonschema.validate(model.generate("p", constraint, max_tokens=needed + 1).value, PERSON)
    before = model.backend.forwards
    with pytest.raises(lw.Infeasible) as caught:
        model.generate("p", constraint, max_tokens=needed - 1)
    assert (caught.value.needed, caught.value.slots) == (needed, needed - 1)
    assert model.backend.forwards == before, "refused before any forward"


class Person(BaseModel):
    name: str
    age: int


@dataclass
class Pair:
    left: bool
    right: bool


def test_python_types_come_back_as_objects(model):
    person = model.generate("p", Person, max_tokens=40).value
    assert isinstance(person, Person)
    pair = model.generate("p", Pair).value
    assert isinstance(pair, Pair)
    assert isinstance(pair.left, bool)


def test_other_grammars_give_text(model):
    assert re.fullmatch(r"\d{4}-\d{2}", model.generate("p", lw.regex(r"\d{4}-\d{2}")).value)
    result = model.generate("p", lw.choice(["yes", "no"]))
    assert result.value in ("yes", "no")
    assert result.confidence.keys() == {""}


def test_a_row_without_a_grammar_is_plain_decoding(model):
    result = model.generate("p", max_tokens=12)
    assert result.finish_reason in ("complete", "length")
    assert (result.finish_reason == "length") == (len(result.tokens) == 12)
    assert result.value == result.text


def test_the_model_is_told_the_schema(model):
    model.generate("p", Person, max_tokens=40)
    assert model.backend.schemas[-1]["properties"].keys() == {"name", "age"}
    model.generate("p", lw.choice(["x"]))
    assert model.backend.schemas[-1] is None


def test_samples_are_reproducible_and_independent_of_the_batch(model):
    prompts = ["one", "a longer prompt", "one", "three"]
    grammars = [PERSON, lw.regex("[a-z]{5,9}"), PERSON, None]
    kwargs = {"max_tokens": 40, "temperature": 1.0, "seed": 7}
    batch = model.generate(prompts, grammars, **kwargs)
    again = model.generate(prompts, grammars, **kwargs, batch_size=2)
    assert [r.tokens for r in batch] == [r.tokens for r in again]
    for place in (0, 1, 3):
        alone = model.generate(prompts[place], grammars[place], **kwargs)
        assert alone.tokens == batch[place].tokens
        assert alone.confidence == pytest.approx(dict(batch[place].confidence))
    assert batch[0].tokens != batch[2].tokens, "equal rows get different samples"
    assert model.generate("one", PERSON, **{**kwargs, "seed": 8}).tokens != batch[0].tokens


def test_a_drawn_seed_is_reported_and_reproduces(model):
    first = model.generate("p", lw.regex("[a-z]{8}"), temperature=1.0)
    assert model.generate("p", lw.regex("[a-z]{8}"), temperature=1.0, seed=first.seed).text == first.text


def test_one_bad_row_does_not_hurt_the_others(model):
    wrong_schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}}
    results = model.generate(
        ["fine", "bad schema", "too small", "", "fine"],
        [lw.choice(["yes", "no"]), wrong_schema, lw.regex("a{300}"), lw.choice(["x"]), None],
        max_tokens=8,
    )
    assert [r.error is None for r in results] == [True, False, False, False, True]
    assert isinstance(results[1].error, lw.SchemaError)
    assert isinstance(results[2].error, lw.Infeasible)
    assert isinstance(results[3].error, InputError)
    assert [r.finish_reason for r in results[1:4]] == ["error"] * 3
    assert results[0].value in ("yes", "no")


def test_steps_name_the_row_of_their_prompt(model):
    rows = set()
    model.generate(["", "a", "b"], lw.choice(["yes", "no"]), on_step=lambda step: rows.add(step.row), max_tokens=4)
    assert rows == {1, 2}


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("a\0b", "NUL at character 1"),
        ("a\ud800", "surrogate at character 1"),
        ("x" * (MAX_PROMPT_BYTES + 1), "at most 1048576"),
        ("x" * 600, "600 tokens, which leaves 0 of the 512 positions"),
    ],
)
def test_prompts_that_cannot_be_used_are_refused(model, prompt, message):
    with pytest.raises(InputError, match=message):
        model.generate(prompt, lw.choice(["yes"]))


@pytest.mark.parametrize(
    "options",
    [
        {"max_tokens": 0},
        {"temperature": -0.1},
        {"seed": -1},
        {"policy": "fancy"},
        {"policy": "threshold", "steps": 3},
        {"policy": LowConfidence(), "threshold": 0.5},
        {"threshold": 2.0},
        {"block_length": 0},
        {"max_tokens": 1000},
    ],
)
def test_options_that_make_no_sense_are_refused(model, options):
    with pytest.raises(InputError):
        model.generate("p", lw.choice(["yes"]), **options)


def test_lists_must_match(model):
    with pytest.raises(InputError, match="2 prompts and 1 grammars"):
        model.generate(["a", "b"], [None])
    with pytest.raises(InputError, match="one grammar"):
        model.generate("a", [None])
    assert model.generate([], PERSON) == []


def test_a_parameter_names_its_policy(model):
    one_forward = model.generate("p", lw.regex("[a-f]{6}"), steps=1, max_tokens=6)
    assert one_forward.forwards == 1
    assert model.generate("p", lw.regex("[a-f]{6}"), policy=EntropyBound(1e9), max_tokens=6).forwards == 1


def test_a_constraint_of_another_vocabulary_is_refused(model):
    other = lw.Vocabulary([b"y", b"n"], {})
    with pytest.raises(InputError, match="another vocabulary"):
        model.generate("p", lw.compile(lw.choice(["y"]), other))


def test_the_default_canvas_has_room_and_respects_the_model(model):
    constraint = model.compile(PERSON)
    result = model.generate("p", constraint)
    assert result.slots == constraint.min_tokens + max(MIN_SLACK, constraint.min_tokens)
    assert model.generate("p" * 450, constraint).slots == 62


def test_a_wrong_text_is_never_returned(model, monkeypatch):
    constraint = model.compile(lw.choice(["yes", "no"]))
    monkeypatch.setattr(type(constraint), "accepts", lambda self, text: False)
    with pytest.raises(RuntimeError, match="internal error"):
        model.generate("p", constraint)


def test_results_become_json(model):
    record = model.generate("p", PERSON, max_tokens=40).as_dict()
    assert json.loads(json.dumps(record)) == record
    assert record["error"] is None
    [failed] = model.generate([""], PERSON)
    assert failed.as_dict()["error"] == {"type": "InputError", "message": "the prompt is empty"}


def test_blocks_follow_the_model_unless_asked_otherwise():
    backend = TinyBackend()
    backend.block_length = 2
    model, steps = Model(backend), []
    pattern = lw.regex("[a-f]{6}")
    model.generate("p", pattern, policy=EntropyBound(1e9), max_tokens=6, on_step=steps.append)
    assert [int(step.free.sum()) for step in steps] == [6, 4, 2, 0]
    assert model.generate("p", pattern, policy=EntropyBound(1e9), max_tokens=6, block_length=6).forwards == 1
