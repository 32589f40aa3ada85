"""Helpers of a diffusion model: an autoregressive guide, drafts to start from. Whatever they say, results are valid."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
import tiny_checkpoints
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import latticework as lw
from latticework.errors import InputError, ModelError
from latticework.models.autoregressive import AutoregressiveModel, Context, load_autoregressive

SCHEMA = {
    "type": "object",
    "properties": {"paid": {"type": "boolean"}, "name": {"type": "string", "maxLength": 5}},
    "required": ["paid", "name"],
    "additionalProperties": False,
}
OPTIONS = {"max_tokens": 28, "block_length": 28, "seed": 1}


@lru_cache
def folder_of(kind: str) -> Path:
    """A random Qwen2 with a tokenizer that has a chat template, or none."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    folder = Path(mkdtemp())
    torch.manual_seed(5)
    ids = tiny_checkpoints.write_tokenizer(
        folder, "qwen", eos_token="<|im_end|>", **({"chat_template": tiny_checkpoints.CHATML} if kind == "chat" else {})
    )
    config = Qwen2Config(
        vocab_size=400, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        intermediate_size=24, max_position_embeddings=512, initializer_range=0.4, eos_token_id=ids["<|im_end|>"],
    )  # fmt: skip
    network = Qwen2ForCausalLM(config)
    letters = tiny_checkpoints.tokenizer_of("qwen").encode("a e k t x 1 : ,").ids
    network.lm_head.weight.data[letters] *= 6  # so that its likeliest text is one
    network.save_pretrained(folder)
    return folder


@lru_cache
def helper(kind: str = "chat") -> AutoregressiveModel:
    return load_autoregressive(folder_of(kind), dtype="fp32")


@lru_cache
def model_of(family: str) -> lw.Model:
    return lw.load(tiny_checkpoints.MASKED[family](Path(mkdtemp())), dtype="fp32")


class Agreeing(AutoregressiveModel):
    """Agrees to everything up to a byte, and writes what it is told to."""

    def __init__(self, upto: int = 1 << 30, text: str = "") -> None:
        self.upto = upto
        self.text = text
        self.asked: list[tuple[Context, bytes]] = []

    def agreement(self, context: Context, data: bytes) -> np.ndarray:
        self.asked.append((context, data))
        return np.arange(len(data)) < self.upto

    def write(self, context: Context, max_tokens: int) -> str:
        self.asked.append((context, b""))
        return self.text


@pytest.mark.parametrize("kind", ["chat", "plain"])
def test_agreement_is_that_of_greedy_steps_without_a_cache(kind):
    own = helper(kind)

    def likeliest(ids: list[int]) -> int:
        return own._network(input_ids=torch.tensor([ids])).logits[0, -1].argmax().item()

    seen: set[bool] = set()
    for prompt in ("Kiel", "Order 4711", "Ada"):
        context, ids = Context(prompt), own._prompts.encode(prompt, None)
        text = ""
        for place in range(9):  # its own text, with another letter here and there
            best = own._tokenizer.decode([likeliest(ids + own._tokenizer.encode(text, add_special_tokens=False))])
            text += best if best.isascii() and best.isprintable() and "<|" not in best and place != 4 else "ü"
        cut = own._tokenizer.encode(text, add_special_tokens=False)
        spans = own._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        wrong = {place for place, token in enumerate(cut) if likeliest(ids + cut[:place]) != token}
        expected: list[bool] = []
        for at, character in enumerate(text):
            tokens = {place for place, (start, stop) in enumerate(spans) if start <= at < stop}
            expected += [not tokens & wrong] * len(character.encode())
        for _ in range(2):  # the second time with the prompt's keys and values
            assert own.agreement(context, text.encode()).tolist() == expected
        seen |= {*expected}
    assert seen == {True, False}


def test_bytes_that_are_no_text_are_not_agreed_to():
    found = helper().agreement(Context("Kiel"), b'{"a":"\xff')
    assert len(found) == 7
    assert not found[-1]
    assert helper().agreement(Context("Kiel"), b"").tolist() == []
    assert not helper().agreement(Context("Kiel"), "ü".encode()[:1]).any()


def test_it_writes_its_likeliest_text():
    own = helper()
    text = own.write(Context("Kiel"), 6)
    ids = own._prompts.encode("Kiel", None)
    for _ in range(6):
        ids.append(own._network(input_ids=torch.tensor([ids])).logits[0, -1].argmax().item())
    expected = own._tokenizer.decode(ids[-6:], skip_special_tokens=True).strip()
    assert expected.startswith(text)


@pytest.mark.parametrize("policy", ["low-confidence", "rcr", "freedave", "klass"])
def test_a_guide_commits_what_it_agrees_to_and_nothing_else_changes(policy):
    model = model_of("llada")
    alone = model.generate("Kiel", SCHEMA, policy=policy, **OPTIONS)
    silent = model.generate("Kiel", SCHEMA, policy=policy, guide=Agreeing(0), **OPTIONS)
    assert (silent.text, silent.forwards) == (alone.text, alone.forwards)
    eager = Agreeing()
    guided = model.generate("Kiel", SCHEMA, policy=policy, guide=eager, **OPTIONS)
    assert guided.forwards < alone.forwards or policy == "rcr"  # which takes the same number back again
    assert set(json.loads(guided.text)) == {"paid", "name"}
    context, data = eager.asked[0]
    assert (context.prompt, context.schema) == ("Kiel", SCHEMA)
    assert model.compile(SCHEMA).accepts(data.decode()), "it is asked about a valid text"


def test_a_guide_goes_with_batches_infilling_caches_and_names():
    model = model_of("dream")
    results = model.generate(["Kiel", "Ada"], SCHEMA, guide=helper(), cache="dual", **OPTIONS)
    assert all(set(json.loads(result.text)) == {"paid", "name"} for result in results)
    filled = model.infill(['{"paid":', lw.Hole(4), ',"name":"x"}'], SCHEMA, guide=folder_of("chat"))
    assert json.loads(filled.text)["name"] == "x"


def test_a_draft_that_the_model_trusts_takes_one_forward():
    model = model_of("llada")
    written = '{"paid":true,"name":"Ada"}'
    result = model.generate("Kiel", SCHEMA, start=written, start_trust=0.0, **OPTIONS)
    assert result.text == written
    assert result.forwards <= 2
    spelled = model.generate("Kiel", SCHEMA, start='{ "paid": true,\n "name": "Ada" }', start_trust=0.0, **OPTIONS)
    assert spelled.text == written, "another spelling of the same document"


def test_a_draft_that_the_model_does_not_trust_changes_nothing_but_the_first_forward():
    model = model_of("llada")
    alone = model.generate("Kiel", SCHEMA, policy="low-confidence", **OPTIONS)
    doubted = model.generate(
        "Kiel", SCHEMA, policy="low-confidence", start='{"paid":true,"name":"Ada"}', start_trust=1.0, **OPTIONS
    )
    assert set(json.loads(doubted.text)) == {"paid", "name"}
    assert doubted.forwards <= alone.forwards + 1


@given(
    draft=st.one_of(
        st.text(max_size=40), st.sampled_from(['{"paid":1}', '{"name":"Adalbert","paid":false}', "```json", "[", ""])
    ),
    trust=st.sampled_from([0.0, 0.2, 1.0]),
    policy=st.sampled_from(["threshold", "rcr", "wino", "rho-eos", "freedave", "daedal"]),
    family=st.sampled_from(["llada", "sdar"]),
    cache=st.sampled_from([None, "dkv", "freecache"]),
    block=st.sampled_from([4, 28]),
)
@settings(max_examples=25, deadline=None)
def test_any_draft_ends_in_a_document(draft, trust, policy, family, cache, block):
    options = OPTIONS | {"block_length": block, "policy": policy, "cache": cache, "start": draft, "start_trust": trust}
    value = json.loads(model_of(family).generate("Kiel", SCHEMA, **options).text)
    assert set(value) == {"paid", "name"}
    assert isinstance(value["paid"], bool)
    assert len(value["name"]) <= 5


@pytest.mark.parametrize("slots", [3, 4, 5])
def test_drafts_of_context_free_and_free_texts(slots):
    model = model_of("llada")
    grammar = lw.lark('start: "[" (start ("," start)*)? "]"')
    for draft in ("[[]]", "[[[", "[],", "x"):
        text = model.generate("Kiel", grammar, start=draft, max_tokens=slots, seed=1).text
        assert text.count("[") == text.count("]") > 0
    free = model.generate("Kiel", start="Order", start_trust=0.0, max_tokens=slots, seed=1)
    assert free.text.startswith("Order")


def test_helpers_write_drafts_row_by_row_and_streams_wait_for_the_check():
    model = model_of("llada")
    writer = Agreeing(text='{"paid":false,"name":"b"}')
    results = model.generate(["Kiel", "Ada"], SCHEMA, start=writer, start_trust=0.0, **OPTIONS)
    assert [result.text for result in results] == [writer.text] * 2
    assert [context.prompt for context, _ in writer.asked] == ["Kiel", "Ada"]
    mixed = model.generate(["Kiel", "Ada"], SCHEMA, start=[writer.text, None], start_trust=0.0, **OPTIONS)
    assert mixed[0].text == writer.text
    events = list(model.stream("Kiel", SCHEMA, start='{"paid":true,"name":"Ada"}', start_trust=0.9, **OPTIONS))
    assert "".join(getattr(event, "text", "") for event in events[:-1]) == events[-1].result.text


def test_what_makes_no_sense_is_refused(tmp_path):
    model = model_of("llada")
    with pytest.raises(InputError, match="one text for each prompt"):
        model.generate(["a", "b"], SCHEMA, start="x")
    with pytest.raises(InputError, match="must be a text"):
        model.generate("a", SCHEMA, start=3)
    with pytest.raises(InputError, match="trust"):
        model.generate("a", SCHEMA, start="x", start_trust=2.0)
    with pytest.raises(InputError, match="elastic"):
        model.generate("a", SCHEMA, start="x", scaffold="elastic")
    with pytest.raises(ModelError):
        model.generate("a", SCHEMA, guide=tmp_path / "nowhere")
    with pytest.raises(ModelError):
        load_autoregressive(tiny_checkpoints.MASKED["llada"](tmp_path))
