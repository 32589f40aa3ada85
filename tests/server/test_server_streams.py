"""Streams: append-only, equal to the answer without a stream, and honest about how they end."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving import Live

import latticework as lw

SCHEMA = {
    "type": "object",
    "properties": {
        "näme": {"type": "string"},
        "n": {"type": "integer"},
        "tags": {"type": "array", "items": {"enum": ["é", 1, None]}},
    },
    "required": ["näme", "n"],
    "additionalProperties": False,
}
FORMATS = [
    {},
    {"structured_outputs": {"json": SCHEMA}},
    {"structured_outputs": {"regex": "[a-zé]{3,9}(,[0-9]+)?"}},
    {"structured_outputs": {"choice": ["yes", "no", "näää"]}},
    {"structured_outputs": {"grammar": "json"}},
    {"structured_outputs": {"grammar": 'root ::= "(" root ")" | "é" | [0-9]+'}},
    {"response_format": {"type": "json_object"}},
]


def events(answer) -> Iterator[dict]:
    """The chunks of a stream, which ends with [DONE]."""
    done = False
    for line in answer.iter_lines():
        if not line:
            continue
        assert line.startswith("data: ")
        assert not done
        if line == "data: [DONE]":
            done = True
        else:
            yield json.loads(line[6:])
    assert done


def streamed(server: Live, path: str, body: dict) -> list[dict]:
    with server.shared.stream("POST", path, json={**body, "stream": True}) as answer:
        assert answer.status_code == 200
        return list(events(answer))


def chat(**fields) -> dict:
    return {"model": "tiny", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 40, "steps": 5, **fields}


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from(FORMATS),
    st.sampled_from([0, 0.7, 1.5]),
    st.integers(0, 9),
    st.integers(1, 3),
    st.sampled_from([None, 4]),
)
def test_a_stream_is_the_answer_cut_into_pieces(tiny: Live, form, temperature, seed, n, block) -> None:
    body = chat(**form, temperature=temperature, seed=seed, n=n, block_length=block)
    whole = tiny.post("/v1/chat/completions", body).json()
    chunks = streamed(tiny, "/v1/chat/completions", {**body, "stream_options": {"include_usage": True}})
    assert {chunk["id"] for chunk in chunks} == {chunks[0]["id"]}
    for choice in whole["choices"]:
        index = choice["index"]
        own = [found for chunk in chunks for found in chunk["choices"] if found["index"] == index]
        assert own[0]["delta"]["role"] == "assistant"
        assert "".join(found["delta"].get("content") or "" for found in own) == choice["message"]["content"]
        assert [found["finish_reason"] for found in own[:-1]] == [None] * (len(own) - 1)
        assert own[-1]["finish_reason"] == choice["finish_reason"]
        assert own[-1]["latticework"]["confidence"] == pytest.approx(choice["latticework"]["confidence"])
    assert chunks[-1]["usage"] == whole["usage"]
    assert chunks[-1]["choices"] == []


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 50), st.sampled_from([0.5, 1.0]))
def test_constrained_texts_end_because_they_are_complete(tiny: Live, seed, temperature) -> None:
    answer = tiny.post(
        "/v1/chat/completions", chat(structured_outputs={"json": SCHEMA}, seed=seed, temperature=temperature)
    )
    [choice] = answer.json()["choices"]
    assert choice["finish_reason"] == "stop"
    grammar = lw.json_schema(SCHEMA)
    assert tiny.state.model.compile(grammar).accepts(choice["message"]["content"])


@settings(max_examples=10, deadline=None)
@given(
    st.integers(0, 1000),
    st.lists(st.sampled_from(["a", "e", "th", "name", "é", '":']), min_size=1, max_size=3),
    st.booleans(),
)
def test_a_text_ends_before_the_first_stop(tiny: Live, seed, stops, by_blocks) -> None:
    body = chat(temperature=1, seed=seed, max_tokens=40, block_length=4 if by_blocks else None)
    [free] = tiny.post("/v1/chat/completions", body).json()["choices"]
    text = free["message"]["content"]
    places = [(text.find(stop) + len(stop), text.find(stop)) for stop in stops if stop in text]
    expected = text[: min(places)[1]] if places else text
    [cut] = tiny.post("/v1/chat/completions", {**body, "stop": stops}).json()["choices"]
    assert cut["message"]["content"] == expected
    assert cut["finish_reason"] == ("stop" if places else free["finish_reason"])
    chunks = streamed(tiny, "/v1/chat/completions", {**body, "stop": stops})
    assert "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks) == expected
    assert chunks[-1]["choices"][0]["finish_reason"] == cut["finish_reason"]


def test_ids_of_a_request_end_a_text(tiny: Live) -> None:
    """Answers are those of the library with the same ids, whole and streamed; ids of the model's own ends are fine."""
    vocabulary = tiny.state.model.vocabulary
    body = chat(temperature=1, seed=5, max_tokens=40)
    ends = list(vocabulary.ids("eos"))
    same = [tiny.post("/v1/chat/completions", own).json() for own in (body, {**body, "stop_token_ids": ends})]
    assert same[0]["choices"][0]["message"] == same[1]["choices"][0]["message"]
    ids = [i for i in range(len(vocabulary)) if vocabulary.role(i) is None][:60]
    body |= {"stop_token_ids": ids}
    [choice] = tiny.post("/v1/chat/completions", body).json()["choices"]
    texts = {vocabulary.bytes(i).decode(errors="replace") for i in ids if len(vocabulary.bytes(i)) == 1}
    spelled_otherwise = {token for i in range(60, len(vocabulary)) for token in vocabulary.bytes(i).decode("latin-1")}
    assert not set(choice["message"]["content"]) & (texts - spelled_otherwise)
    chunks = streamed(tiny, "/v1/chat/completions", body)
    told = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)
    assert told == choice["message"]["content"]


def test_a_full_canvas_of_free_text_is_no_stop(tiny: Live) -> None:
    reasons = set()
    for seed in range(12):
        answer = tiny.post("/v1/chat/completions", chat(temperature=1, seed=seed, max_tokens=12)).json()
        [choice] = answer["choices"]
        written = answer["usage"]["completion_tokens"]
        assert choice["finish_reason"] == ("length" if written == 12 else "stop")
        reasons.add(choice["finish_reason"])
    assert "length" in reasons


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([{}, {"structured_outputs": {"regex": "a[a-zé]*b(x|yé)*c"}}]))
def test_holes_stream_as_they_end_up(tiny: Live, seed, form) -> None:
    body = {"model": "tiny", "prompt": "a", "suffix": "c", "max_tokens": 8, "temperature": 1, "seed": seed, **form}
    [whole] = tiny.post("/v1/completions", body).json()["choices"]
    chunks = streamed(tiny, "/v1/completions", body)
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == whole["text"]
    if form:
        grammar = lw.regex(form["structured_outputs"]["regex"])
        assert tiny.state.model.compile(grammar).accepts("a" + whole["text"] + "c")
    parts = {**body, "parts": ["a", {"hole": 5}, "b", {"hole": 3}, "c"], "prompt": ""}
    del parts["suffix"], parts["max_tokens"]
    [filled] = tiny.post("/v1/completions", parts).json()["choices"]
    first, second = filled["latticework"]["holes"]
    assert filled["text"] == f"a{first}b{second}c"
    assert "".join(chunk["choices"][0]["text"] for chunk in streamed(tiny, "/v1/completions", parts)) == filled["text"]


def test_fields_come_when_they_are_final_and_drafts_only_when_asked_for(tiny: Live) -> None:
    body = chat(structured_outputs={"json": SCHEMA}, temperature=1, seed=5)
    wanted = {"include_fields": True, "include_drafts": True}
    chunks = streamed(tiny, "/v1/chat/completions", {**body, "stream_options": wanted})
    extra = [chunk["latticework"] for chunk in chunks if not chunk["choices"]]
    fields = {found["field"]["pointer"]: found["field"]["value"] for found in extra if "field" in found}
    drafts = [found["draft"]["text"] for found in extra if "draft" in found]
    text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
    document = json.loads(text)
    assert fields[""] == document
    assert fields["/n"] == document["n"]
    assert drafts[-1] == text
    plain = streamed(tiny, "/v1/chat/completions", body)
    assert all(chunk["choices"] for chunk in plain)


def test_log_probabilities_are_those_of_the_tokens_of_the_text(tiny: Live) -> None:
    body = chat(structured_outputs={"json": SCHEMA}, temperature=1, seed=7, logprobs=True)
    answer = tiny.post("/v1/chat/completions", body).json()
    [choice] = answer["choices"]
    found = choice["logprobs"]["content"]
    assert len(found) == answer["usage"]["completion_tokens"]
    assert b"".join(bytes(token["bytes"]) for token in found).decode() == choice["message"]["content"]
    assert all(token["logprob"] <= 0 for token in found)
    total = sum(token["logprob"] for token in found)
    assert choice["latticework"]["confidence"][""] == pytest.approx(2.718281828459045**total)
    chunks = streamed(tiny, "/v1/chat/completions", body)
    assert chunks[-1]["choices"][0]["logprobs"]["content"] == found


TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": schema}}
    for name, schema in {
        "find": {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]},
        "count": {
            "type": "object",
            "properties": {"n": {"type": "integer"}, "in": {"enum": ["<tool_call>", "}"]}},
            "required": ["n"],
        },
        "stop": None,
    }.items()
]


@settings(max_examples=10, deadline=None)
@given(
    st.integers(0, 1000),
    st.sampled_from(["required", "auto", {"type": "function", "function": {"name": "count"}}]),
    st.sampled_from([None, True, False]),
    st.sampled_from([{}, {"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}}]),
)
def test_calls_stream_as_they_end_up(tiny: Live, seed, choice, parallel, form) -> None:
    if isinstance(choice, dict):
        form = {}
    body = chat(temperature=1, seed=seed, tools=TOOLS, tool_choice=choice, max_tokens=120, block_length=8, **form)
    if parallel is not None:
        body["parallel_tool_calls"] = parallel
    [whole] = tiny.post("/v1/chat/completions", body).json()["choices"]
    calls = whole["message"].get("tool_calls", [])
    schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in TOOLS}
    for call in calls:
        schema = schemas[call["function"]["name"]] or {
            "type": "object",
            "properties": {},
            "additionalProperties": False,
        }
        assert tiny.state.model.compile(lw.json_schema(schema, whitespace="any")).accepts(call["function"]["arguments"])
    assert whole["finish_reason"] == "tool_calls" if calls else whole["finish_reason"] in ("stop", "length")
    assert calls or choice == "auto"
    assert len(calls) < 2 or parallel is not False
    if form and not calls and choice == "auto":
        assert tiny.state.model.compile(lw.json_schema(SCHEMA)).accepts(whole["message"]["content"])
    content, streamed_calls = "", []
    for chunk in streamed(tiny, "/v1/chat/completions", body):
        delta = chunk["choices"][0]["delta"]
        content += delta.get("content") or ""
        for call in delta.get("tool_calls", []):
            if "id" in call:
                streamed_calls.append([call["function"]["name"], ""])
            streamed_calls[call["index"]][1] += call["function"]["arguments"]
    assert content == (whole["message"]["content"] or "")
    assert streamed_calls == [[call["function"]["name"], call["function"]["arguments"]] for call in calls]
