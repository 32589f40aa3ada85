"""Random requests: every answer is one the description knows, none is a failure of the server."""

from __future__ import annotations

import copy
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from serving import Live

from latticework.server.openapi import description

CHAT = {
    "model": "tiny",
    "messages": [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": [{"type": "text", "text": "é"}]},
    ],
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "x", "schema": {"type": "integer"}, "strict": True},
    },
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "temperature": 0.5,
    "seed": 3,
    "n": 2,
    "max_tokens": 12,
    "steps": 2,
    "logprobs": True,
    "stream": True,
    "stream_options": {"include_usage": True, "include_fields": True},
    "structured_outputs": {"regex": "[ab]{3}", "whitespace": "any"},
    "stop": ["a"],
    "top_p": 1,
}
COMPLETION = {
    "model": "tiny",
    "prompt": ["hello", "é"],
    "suffix": "b",
    "parts": ["a", {"hole": 3}],
    "max_tokens": 6,
    "steps": 2,
    "logprobs": 0,
    "stream": False,
    "structured_outputs": {"choice": ["ab", "b"], "grammar": "start: /a+/", "json": {"enum": [1]}, "json_object": True},
    "response_format": {"type": "json_object"},
    "metadata": {"a": 1},
}
RESPONSE = {
    "model": "tiny",
    "input": [{"role": "user", "content": [{"type": "input_text", "text": "hello"}]}],
    "instructions": "é",
    "text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "boolean"}}},
    "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
    "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
    "max_output_tokens": 80,
    "steps": 2,
    "stream": True,
}
TOKENIZE = {"model": "tiny", "prompt": "é", "messages": [{"role": "user", "content": "x"}], "return_token_strs": True}
BODIES = {"/v1/chat/completions": CHAT, "/v1/completions": COMPLETION, "/v1/responses": RESPONSE, "/tokenize": TOKENIZE}

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=5) | st.sampled_from(["auto", "tiny"])
KEYS = st.sampled_from(["type", "name", "x", ""])
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=4
)


def places(node: object, path: tuple = ()) -> list[tuple]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, value in inner for found in ((*path, key), *places(value, (*path, key)))]


@st.composite
def requests(draw) -> tuple[str, dict]:
    """A body of which some fields are left out, and some hold something else."""
    path = draw(st.sampled_from(sorted(BODIES)))
    body = copy.deepcopy(BODIES[path])
    wanted = draw(st.sets(st.sampled_from(sorted(body))))
    needed = {"model", "messages", "prompt", "input", "steps", "max_tokens", "max_output_tokens"}
    body = {name: value for name, value in body.items() if name in needed | wanted}
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.sampled_from(places(body)))
        node = body
        for key in place[:-1]:
            node = node[key]
        if draw(st.booleans()):
            node[place[-1]] = draw(ANYTHING)
        elif isinstance(node, dict):
            del node[place[-1]]
        if not body:
            break
    return path, body


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(requests())
def test_no_request_makes_the_server_fail(tiny: Live, request_made: tuple[str, dict]) -> None:
    path, body = request_made
    answer = tiny.post(path, body)
    assert answer.status_code in (200, 400, 404, 413), answer.text
    if answer.status_code != 200:
        error = answer.json()["error"]
        assert set(error) <= {"message", "type", "param", "code", "details"}
        assert error["message"]
        assert error["code"]
        known = DESCRIPTION["paths"][path]["post"]["responses"]
        assert str(answer.status_code) in known
    else:
        assert "server_error" not in answer.text
        assert VALIDATORS[path].is_valid(json.loads(json.dumps(body))), body


DESCRIPTION = description()
VALIDATORS = {
    path: Draft202012Validator(
        {
            "$ref": DESCRIPTION["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"],
            "components": DESCRIPTION["components"],
        }
    )
    for path in BODIES
}


def test_the_description_is_served_and_lists_what_is_there(tiny: Live) -> None:
    with tiny.client() as client:
        found = client.get("/openapi.json").json()
        assert found == json.loads(json.dumps(DESCRIPTION))
        for path, methods in found["paths"].items():
            for method in methods:
                answer = client.request(method, path.format(model="tiny"), json={} if method == "post" else None)
                assert answer.status_code == (400 if method == "post" else 200)
    for schema in found["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_all_bodies_of_the_tests_are_in_the_description() -> None:
    for path, body in BODIES.items():
        assert VALIDATORS[path].is_valid(body)
        assert not VALIDATORS[path].is_valid({**body, "no_such_field": 1})
