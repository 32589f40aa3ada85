"""Bad requests: each its status and the field at fault, and no forward spent on any of them."""

from __future__ import annotations

import json

import pytest
from serving import Live

CHAT = "/v1/chat/completions"
COMPLETIONS = "/v1/completions"
RESPONSES = "/v1/responses"
SAID = [{"role": "user", "content": "hello"}]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def chat(**fields) -> dict:
    return {"model": "tiny", "messages": SAID, **fields}


def text(**fields) -> dict:
    return {"model": "tiny", "prompt": "hello", **fields}


def response(**fields) -> dict:
    return {"model": "tiny", "input": "hello", **fields}


def schema_format(schema: object, **more) -> dict:
    return {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, **more}}


CASES = [
    (CHAT, chat(model="other"), 404, "model"),
    (CHAT, {"messages": SAID}, 400, "model"),
    (CHAT, {"model": "tiny"}, 400, "messages"),
    (CHAT, chat(messages=[]), 400, "messages"),
    (CHAT, chat(messages=[{"role": "user", "content": ""}]), 400, "messages"),
    (CHAT, chat(messages=[{"role": "king", "content": "x"}]), 400, "messages[0].role"),
    (CHAT, chat(messages=[{"role": "user", "content": [{"type": "image_url"}]}]), 400, "messages[0].content[0].type"),
    (CHAT, chat(messages=[{"role": "user", "content": "a\0b"}]), 400, "messages"),
    (CHAT, chat(messages=[{"role": "user", "content": "x" * 600}]), 400, "messages"),
    (CHAT, chat(max_tokens=-1), 400, "max_tokens"),
    (CHAT, chat(max_tokens=0), 400, "max_tokens"),
    (CHAT, chat(max_tokens="5"), 400, "max_tokens"),
    (CHAT, chat(max_tokens=10_000), 400, "max_tokens"),
    (CHAT, chat(max_tokens=3, max_completion_tokens=4), 400, "max_completion_tokens"),
    (
        CHAT,
        chat(max_completion_tokens=2, response_format=schema_format({"const": "long"})),
        400,
        "max_completion_tokens",
    ),
    (CHAT, chat(temperature=-0.1), 400, "temperature"),
    (CHAT, chat(temperature=2.5), 400, "temperature"),
    (CHAT, chat(n=0), 400, "n"),
    (CHAT, chat(n=7), 400, "n"),
    (CHAT, chat(n=True), 400, "n"),
    (CHAT, chat(seed=1.5), 400, "seed"),
    (CHAT, chat(stop=["a", "b", "c", "d", "e"]), 400, "stop"),
    (CHAT, chat(stop=""), 400, "stop"),
    (CHAT, chat(stop=["a"], response_format={"type": "json_object"}), 400, "stop"),
    (CHAT, chat(stop_token_ids=[1 << 40]), 400, "stop_token_ids"),
    (CHAT, chat(stop_token_ids=["a"]), 400, "stop_token_ids[0]"),
    (CHAT, chat(stop_token_ids=[70], response_format={"type": "json_object"}), 400, "stop_token_ids"),
    (CHAT, chat(top_p=0.5), 400, "top_p"),
    (CHAT, chat(frequency_penalty=1), 400, "frequency_penalty"),
    (CHAT, chat(logit_bias={"5": 1}), 400, "logit_bias"),
    (CHAT, chat(top_logprobs=2, logprobs=True), 400, "top_logprobs"),
    (CHAT, chat(store=True), 400, "store"),
    (CHAT, chat(no_such_field=1), 400, "no_such_field"),
    (CHAT, chat(guided_json={}), 400, "guided_json"),
    (CHAT, chat(guided_choice=["a"]), 400, "guided_choice"),
    (CHAT, chat(functions=[]), 400, "functions"),
    (CHAT, chat(stream_options={"include_usage": True}), 400, "stream_options"),
    (CHAT, chat(stream=True, stream_options={"what": 1}), 400, "stream_options.what"),
    (CHAT, chat(policy="threshold", steps=3), 400, "policy"),
    (CHAT, chat(threshold=2), 400, "threshold"),
    (CHAT, chat(response_format={"type": "xml"}), 400, "response_format"),
    (CHAT, chat(response_format={"type": "json_schema"}), 400, "response_format.json_schema"),
    (
        CHAT,
        chat(response_format={"type": "json_schema", "json_schema": {"name": "a b", "schema": {}}}),
        400,
        "response_format.json_schema.name",
    ),
    (
        CHAT,
        chat(response_format={"type": "json_schema", "json_schema": {"name": "x"}}),
        400,
        "response_format.json_schema.schema",
    ),
    (CHAT, chat(response_format=schema_format({"type": "strin"})), 400, "response_format.json_schema.schema"),
    (
        CHAT,
        chat(response_format=schema_format({"$ref": "https://example.org/x"})),
        400,
        "response_format.json_schema.schema",
    ),
    (
        CHAT,
        chat(response_format={"type": "json_object"}, structured_outputs={"regex": "a"}),
        400,
        "structured_outputs.regex",
    ),
    (CHAT, chat(structured_outputs={}), 400, "structured_outputs"),
    (CHAT, chat(structured_outputs={"regex": "a", "choice": ["a"]}), 400, "structured_outputs"),
    (CHAT, chat(structured_outputs={"json_object": False}), 400, "structured_outputs"),
    (CHAT, chat(structured_outputs={"regex": "(a"}), 400, "structured_outputs.regex"),
    (CHAT, chat(structured_outputs={"choice": []}), 400, "structured_outputs.choice"),
    (CHAT, chat(structured_outputs={"choice": [1]}), 400, "structured_outputs.choice[0]"),
    (CHAT, chat(structured_outputs={"json": "{"}), 400, "structured_outputs.json"),
    (CHAT, chat(structured_outputs={"json": 5}), 400, "structured_outputs.json"),
    (CHAT, chat(structured_outputs={"grammar": "start: nothing"}), 400, "structured_outputs.grammar"),
    (CHAT, chat(structured_outputs={"grammar": "root ::= nothing"}), 400, "structured_outputs.grammar"),
    (CHAT, chat(structured_outputs={"grammar": "no_such_grammar"}), 400, "structured_outputs.grammar"),
    (
        CHAT,
        chat(structured_outputs={"structural_tag": {"format": {"type": "what"}}}),
        400,
        "structured_outputs.structural_tag",
    ),
    (CHAT, chat(structured_outputs={"structural_tag": {"triggers": ["<f"]}}), 400, "structured_outputs.structural_tag"),
    (CHAT, chat(structured_outputs={"regex": "a", "whitespace": "any"}), 400, "structured_outputs.whitespace"),
    (
        CHAT,
        chat(structured_outputs={"json": {}, "whitespace_pattern": " *"}),
        400,
        "structured_outputs.whitespace_pattern",
    ),
    (CHAT, chat(tools=[{"type": "web"}]), 400, "tools[0].type"),
    (CHAT, chat(tools=[{"type": "function", "function": {"name": "a b"}}]), 400, "tools[0].function.name"),
    (CHAT, chat(tools=[TOOL, TOOL]), 400, "tools[1].function.parameters"),
    (CHAT, chat(tool_choice="required"), 400, "tool_choice"),
    (CHAT, chat(tools=[TOOL], tool_choice="sometimes"), 400, "tool_choice"),
    (CHAT, chat(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "g"}}), 400, "tool_choice"),
    (
        CHAT,
        chat(
            tools=[{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {"type": "?"}}}}}]
        ),
        400,
        "tools",
    ),
    (COMPLETIONS, {"model": "tiny"}, 400, "prompt"),
    (COMPLETIONS, text(prompt=[]), 400, "prompt"),
    (COMPLETIONS, text(prompt=[1, 2]), 400, "prompt[0]"),
    (COMPLETIONS, text(prompt=" "), 400, "prompt"),
    (COMPLETIONS, text(prompt=["a"] * 7), 400, "prompt"),
    (COMPLETIONS, text(prompt=["a", "b"], suffix="c"), 400, "prompt"),
    (COMPLETIONS, text(suffix="c", parts=["a"]), 400, "parts"),
    (COMPLETIONS, text(parts=["a"]), 400, "parts"),
    (COMPLETIONS, text(parts=["a", {"hole": 0}]), 400, "parts[1].hole"),
    (COMPLETIONS, text(parts=["a", {"hole": 4}], max_tokens=4), 400, "max_tokens"),
    (COMPLETIONS, text(suffix="c", stop="x"), 400, "stop"),
    (COMPLETIONS, text(suffix="c", stop_token_ids=[70]), 400, "stop_token_ids"),
    (COMPLETIONS, text(suffix="]", structured_outputs={"grammar": "json"}, max_tokens=3), 400, "max_tokens"),
    (COMPLETIONS, text(logprobs=3), 400, "logprobs"),
    (COMPLETIONS, text(echo=True), 400, "echo"),
    (COMPLETIONS, text(best_of=4), 400, "best_of"),
    (RESPONSES, {"model": "tiny"}, 400, "input"),
    (RESPONSES, response(input=[]), 400, "input"),
    (
        RESPONSES,
        response(input=[{"role": "user", "content": [{"type": "input_image"}]}]),
        400,
        "input[0].content[0].type",
    ),
    (RESPONSES, response(previous_response_id="resp_1"), 400, "previous_response_id"),
    (RESPONSES, response(max_output_tokens=-3), 400, "max_output_tokens"),
    (
        RESPONSES,
        response(text={"format": {"type": "json_schema", "name": "x", "schema": {"type": "?"}}}),
        400,
        "text.format.schema",
    ),
    (RESPONSES, response(n=2), 400, "n"),
    ("/tokenize", {}, 400, "prompt"),
    ("/tokenize", {"prompt": "a", "messages": SAID}, 400, "prompt"),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_a_bad_request_is_refused_with_its_field_before_any_forward(tiny: Live, case: int) -> None:
    path, body, status, param = CASES[case]
    before = tiny.state.model.backend.forwards
    answer = tiny.post(path, body)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (status, param), error
    assert error["message"]
    assert error["code"]
    assert error["type"] == ("not_found_error" if status == 404 else "invalid_request_error")
    assert tiny.state.model.backend.forwards == before
    assert tiny.state.engine.taken == 0


def test_streams_are_refused_with_a_status_too(tiny: Live) -> None:
    answer = tiny.post(CHAT, chat(stream=True, structured_outputs={"regex": "(a"}))
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "structured_outputs.regex"


def test_all_issues_of_a_schema_are_listed_with_their_pointers(tiny: Live) -> None:
    schema = {"type": "object", "properties": {"a/b": {"type": "?"}, "c": {"minimum": "x"}}}
    error = tiny.post(CHAT, chat(response_format=schema_format(schema))).json()["error"]
    assert error["code"] == "invalid_schema"
    assert {issue["pointer"] for issue in error["details"]} == {"/properties/a~1b", "/properties/c"}
    assert "/properties/a~1b" in error["message"]


def test_what_cannot_fit_says_how_many_tokens_it_needs(tiny: Live) -> None:
    error = tiny.post(CHAT, chat(max_tokens=3, structured_outputs={"choice": ["abcdefgh"]})).json()["error"]
    assert (error["code"], error["param"]) == ("infeasible", "max_tokens")
    assert "8" in error["message"]


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"{", {}, 400, "invalid_json"),
        (b"[]", {}, 400, "invalid_json"),
        (b"", {}, 400, "invalid_json"),
        (b'{"model": NaN}', {}, 400, "invalid_json"),
        (b'{"model": "\\ud800"}', {}, 400, "invalid_json"),
        (b'{"model": "\xff"}', {}, 400, "invalid_json"),
        (b'{"a":' * 5000, {}, 400, "invalid_json"),
        (b"{}", {"content-type": "text/plain"}, 415, "content_type"),
        (b"{}", {"content-type": ""}, 415, "content_type"),
        (b" " * 200_001, {}, 413, "body_too_large"),
    ],
)
def test_bodies_that_are_no_json_object(tiny: Live, content: bytes, headers: dict, status: int, code: str) -> None:
    with tiny.client() as client:
        answer = client.post(CHAT, content=content, headers={"content-type": "application/json", **headers})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_body_that_is_too_large_need_not_say_so(tiny: Live) -> None:
    def chunks():
        for _ in range(60):
            yield b" " * 4096

    with tiny.client() as client:
        answer = client.post(CHAT, content=chunks(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_unknown_paths_and_methods_are_answered_in_the_form_of_the_api(tiny: Live) -> None:
    with tiny.client() as client:
        assert client.get("/v1/nothing").json()["error"]["code"] == "unknown_path"
        answer = client.get(CHAT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")


def test_deeply_nested_schemas_are_refused(tiny: Live) -> None:
    schema: dict = {"type": "string"}
    for _ in range(90):
        schema = {"type": "array", "items": schema}
    answer = tiny.post(CHAT, chat(response_format=schema_format(schema)))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "limit_exceeded")


def test_no_path_of_this_machine_and_no_file_gets_out(tiny: Live, tmp_path) -> None:
    secret = tmp_path / "secret.lark"
    secret.write_text('start: "secret"')
    answer = tiny.post(CHAT, chat(structured_outputs={"grammar": str(secret)}))
    assert answer.status_code == 400
    said = json.dumps(answer.json())
    assert "Traceback" not in said
    assert "latticework/" not in said
