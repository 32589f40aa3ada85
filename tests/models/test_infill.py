"""``Model.infill`` with random networks: fixed text stays, the whole is valid, refusals name the hole or the place."""

from __future__ import annotations

import ast
import json
import re

import jsonschema
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_backend import EOS, MASK, TOKENS, TinyBackend

import latticework as lw
from latticework.errors import InputError
from latticework.models.model import Model
from latticework.models.result import InfillResult
from latticework.tokens.vocabulary import Vocabulary

JSON = lw.lark("json")
PYTHON = lw.lark("python")
ARITHMETIC = lw.lark("arithmetic")
FILLER = len(TOKENS)
POLICIES = [
    {},
    {"threshold": 0.4},
    {"policy": "low-confidence"},
    {"steps": 3},
    {"policy": "entropy-bound"},
    {"gamma": 2.0},
]


class WithFiller(TinyBackend):
    """The same network with a token of its own for spare slots; in :class:`TinyBackend` pad stands for it."""

    vocabulary = Vocabulary([*TOKENS, b""], {MASK: "mask", EOS: "eos", 2: "pad", FILLER: "filler"})

    def forward(self, ids: torch.Tensor, attention: torch.Tensor, keep: int) -> torch.Tensor:
        logits = super().forward(ids.clamp(max=FILLER - 1), attention, keep)
        return torch.cat((logits, logits[..., EOS : EOS + 1] + 1.0), dim=-1)


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(TinyBackend())


def filled(parts: list[str | lw.Hole], holes: tuple[str, ...]) -> str:
    texts = iter(holes)
    return "".join(part if isinstance(part, str) else next(texts) for part in parts)


def check(model: Model, parts: list[str | lw.Hole], result: InfillResult) -> None:
    assert result.text == filled(parts, result.holes)
    assert model.vocabulary.decode(result.tokens) == result.text.encode()
    assert result.finish_reason == "complete"
    rooms = [part.max_tokens for part in parts if isinstance(part, lw.Hole)]
    assert len(result.holes) == len(rooms)
    assert all(len(text.encode()) <= 4 * room for text, room in zip(result.holes, rooms, strict=True))
    assert 0.0 <= result.confidence[""] <= 1.0


@pytest.mark.parametrize("policy", POLICIES, ids=str)
@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("backend", [TinyBackend, WithFiller])
def test_any_network_fills_holes_with_texts_of_the_grammar(policy, temperature, backend):
    parts = ['{"a": ', lw.Hole(6), ', "b": [1, ', lw.Hole(4), "]", lw.Hole(2)]
    for seed, block_length in ((0, None), (1, 4)):
        model = Model(backend(seed))
        result = model.infill(parts, JSON, temperature=temperature, seed=seed, block_length=block_length, **policy)
        check(model, parts, result)
        assert json.loads(result.text).keys() >= {"b"}
        assert result.value == result.text


@st.composite
def masked(draw, text: str) -> list[str | lw.Hole]:
    """A text with some regions replaced by holes that can hold them byte by byte."""
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), min_size=2, max_size=6)))
    cuts = cuts[: len(cuts) // 2 * 2]
    parts: list[str | lw.Hole] = []
    at = 0
    for start, stop in zip(cuts[::2], cuts[1::2], strict=True):
        parts += [text[at:start], lw.Hole(max(1, len(text[start:stop].encode()) + draw(st.integers(0, 2))))]
        at = stop
    return [*parts, text[at:]]


FUNCTION = "def f(a, b=1):\n    if a:\n        return [b]\n    x = f(a, b)\n    return x\n"
DOCUMENT = '{"é": [1, -2.5e3, "x\\n"], "b": {"c": null}}'
TEXTS = {"python": (PYTHON, FUNCTION, ast.parse), "json": (JSON, DOCUMENT, json.loads)}


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_regions_of_a_valid_text_can_always_be_filled(language):
    grammar, text, judge = TEXTS[language]

    @given(parts=masked(text), seed=st.integers(0, 99), temperature=st.sampled_from([0.0, 1.0]))
    @settings(max_examples=12, deadline=None)
    def holds(parts, seed, temperature):
        model = Model(TinyBackend(seed))
        result = model.infill(parts, grammar, seed=seed, temperature=temperature, steps=4)
        check(model, parts, result)
        judge(result.text)

    holds()


def test_arithmetic_is_an_expression_of_python(model):
    parts = ["(1 + ", lw.Hole(5), ") * ", lw.Hole(5), "- 2"]
    result = model.infill(parts, ARITHMETIC)
    check(model, parts, result)
    ast.parse(result.text, mode="eval")


def test_a_hole_may_hold_nothing():
    model = Model(WithFiller())
    result = model.infill(["[1", lw.Hole(1), "]", lw.Hole(2), ""], lw.lark('start: "[1]"'))
    assert (result.text, result.holes, result.slots) == ("[1]", ("", ""), 6)
    assert len(result.tokens) == 3


def test_regular_grammars_become_a_lexeme(model):
    parts = ["on ", lw.Hole(12), " at ", lw.Hole(4)]
    pattern = r"on \d{4}-\d\d at (noon|ten)"
    result = model.infill(parts, lw.regex(pattern))
    check(model, parts, result)
    assert re.fullmatch(pattern, result.text)
    assert result.text == filled(parts, result.holes)
    constraint = model.compile(lw.regex(pattern))
    assert model.infill(parts, constraint).text == result.text


def test_a_schema_reads_the_whole_text(model):
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "minLength": 2, "maxLength": 9}, "age": {"type": "integer"}},
        "required": ["name", "age"],
    }
    result = model.infill(['{"name":"', lw.Hole(8), ":", lw.Hole(3), "}"], schema)
    jsonschema.validate(result.value, schema)
    assert json.loads(result.text) == result.value
    assert result.confidence.keys() == {"", "/name", "/age"}


@pytest.mark.parametrize("grammar", [None, lw.text()])
@pytest.mark.parametrize("backend", [TinyBackend, WithFiller])
def test_without_a_grammar_only_the_fixed_text_is_kept(grammar, backend):
    parts = ["Dear é", lw.Hole(5), lw.Hole(3), ",\n\n", lw.Hole(4)]
    for temperature in (0.0, 1.0):
        model = Model(backend(3))
        result = model.infill(parts, grammar, temperature=temperature, seed=1)
        assert result.text == filled(parts, result.holes)
        assert result.finish_reason == "complete"


def test_a_character_over_two_holes_is_the_first_ones(model):
    class Torn(TinyBackend):
        def forward(self, ids, attention, keep):
            logits = torch.zeros(len(ids), keep, len(self.vocabulary))
            logits[:, 0, 3 + 0xC3] = logits[:, 1, 3 + 0xA9] = 50.0
            return logits

    result = Model(Torn()).infill([lw.Hole(1), lw.Hole(1), "!"], lw.text())
    assert (result.text, result.holes) == ("é!", ("é", ""))


def test_batches_keep_their_order_and_their_errors(model):
    parts = [["[", lw.Hole(3), "]"], ["[", lw.Hole(3), "}"], ["no hole"], [lw.Hole(2)]]
    results = model.infill(parts, [JSON, JSON, JSON, lw.choice(["ab"])], prompt=["p", "", "", "q"])
    json.loads(results[0].text)
    assert isinstance(results[1].error, lw.Infeasible)
    assert isinstance(results[2].error, InputError)
    assert results[3].text == "ab"
    assert results[1].as_dict()["holes"] == []
    alone = model.infill(parts[0], JSON, prompt="p")
    assert alone.text == results[0].text


def test_samples_are_reproduced_by_their_seed(model):
    parts = ["[", lw.Hole(8), "]"]
    first = model.infill(parts, JSON, temperature=1.0)
    again = model.infill(parts, JSON, temperature=1.0, seed=first.seed)
    assert first.text == again.text
    many = model.infill([parts] * 4, JSON, temperature=1.0, seed=first.seed)
    assert many[0].text == first.text
    assert len({result.text for result in many}) > 1


def test_a_hole_that_is_too_small_is_named_with_what_it_needs(model):
    before = model.backend.forwards
    with pytest.raises(lw.Infeasible) as caught:
        model.infill(["[", lw.Hole(4), "\n [[[1, ", lw.Hole(2), "} ]"], JSON)
    assert "hole 2 of 2" in str(caught.value)
    assert "line 2, column 8" in str(caught.value)
    assert caught.value.needed is not None
    assert model.backend.forwards == before, "refused before any forward"
    needed = caught.value.needed
    model.infill(["[", lw.Hole(4), "\n [[[1, ", lw.Hole(needed), "} ]"], JSON)
    with pytest.raises(lw.Infeasible):
        model.infill(["[", lw.Hole(4), "\n [[[1, ", lw.Hole(needed - 1), "} ]"], JSON)


@pytest.mark.parametrize(
    ("parts", "where"),
    [
        (["[1,\n 2", lw.Hole(3), "\n x]"], "line 3, column 2 (part 3 of 3)"),
        (["[1,\n , 2", lw.Hole(3), "]"], "line 2, column 2 (part 1 of 3)"),
        ([lw.Hole(3), '"', lw.Hole(3), "\x01", lw.Hole(3)], "line 1, column 4 (part 4 of 5)"),
    ],
)
def test_fixed_text_that_no_filling_mends_is_shown(model, parts, where):
    with pytest.raises(lw.Infeasible) as caught:
        model.infill(parts, JSON)
    assert "goes on like this" in str(caught.value)
    assert where in str(caught.value)
    assert caught.value.needed is None


def test_what_the_grammar_leaves_out_is_said_where_the_text_is_at_fault(model):
    parts = ["if x:\n  y = ", lw.Hole(3), "\n"]
    with pytest.raises(lw.Infeasible, match="each indented by '    '"):
        model.infill(parts, lw.lark("python"))
    layout = lw.Indentation.like("if x:\n  y = _\n")
    assert model.infill(parts, lw.lark("python", indentation=layout)).text.startswith("if x:\n  y = ")


def test_text_that_is_not_finished_is_said_to_be_so(model):
    with pytest.raises(lw.Infeasible, match=r"ends like this: line 1, column 6"):
        model.infill([lw.Hole(3), ", [1"], JSON)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "there are no parts"),
        (["text"], "no hole to fill"),
        (["a", 3, lw.Hole()], "part 2 must be text or Hole"),
        ("text", "parts must be a list"),
        (["a\0", lw.Hole()], "part 1 holds a NUL"),
        (["\ud800", lw.Hole()], "lone surrogate"),
        (["a" * 600, lw.Hole(20)], "the text has 600 tokens, its holes 20 and the prompt 1"),
    ],
)
def test_parts_that_make_no_sense_are_refused(model, parts, message):
    with pytest.raises(InputError, match=message):
        model.infill(parts, lw.text(), prompt="p")


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "3"])
def test_a_hole_has_a_positive_size(size):
    with pytest.raises(InputError, match="at least 1 token"):
        lw.Hole(size)


def test_lists_must_fit_the_batch(model):
    with pytest.raises(InputError, match="one text takes one grammar"):
        model.infill(["[", lw.Hole(3), "]"], [JSON])
    with pytest.raises(InputError, match="2 texts and a list of 1 for prompt"):
        model.infill([["[", lw.Hole(3), "]"]] * 2, JSON, prompt=["p"])


def test_text_that_the_tokenizer_would_change_stays_as_it_is():
    class Lower(TinyBackend):
        def encode_text(self, text: str) -> list[int]:
            return super().encode_text(text.lower())

    assert Model(Lower()).infill(["The A", lw.Hole(1)], lw.regex("The A!")).text == "The A!"
