"""Policies by name: those whose commits stand, with their options; streams send what the whole answer has."""

from __future__ import annotations

import json
import re

import pytest
from serving import Live

from latticework.diffusion.policies.registry import BY_NAME
from latticework.server.plans import OFFERED

CHAT = "/v1/chat/completions"


def chat(policy: str | None, **fields) -> dict:
    messages = [{"role": "user", "content": "hello"}]
    body = {"model": "tiny", "messages": messages, "structured_outputs": {"regex": "[a-z]{6}-[0-9]{2}"}}
    return body | {"max_tokens": 12, "seed": 5, "temperature": 1} | ({"policy": policy} if policy else {}) | fields


@pytest.mark.parametrize("policy", OFFERED)
def test_every_policy_gives_valid_texts_and_streams_them(tiny: Live, policy: str) -> None:
    answer = tiny.post(CHAT, chat(policy))
    assert answer.status_code == 200, answer.text
    text = answer.json()["choices"][0]["message"]["content"]
    assert re.fullmatch("[a-z]{6}-[0-9]{2}", text)
    lines = [line for line in tiny.post(CHAT, chat(policy, stream=True)).text.split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    choices = [json.loads(line.removeprefix("data: "))["choices"][0] for line in lines[:-1]]
    assert "".join(choice["delta"].get("content") or "" for choice in choices) == text


def test_what_would_take_back_is_not_offered(tiny: Live) -> None:
    for policy in [*(set(BY_NAME) - set(OFFERED)), "nonsense"]:
        error = tiny.post(CHAT, chat(policy)).json()["error"]
        assert (error["param"], error["code"]) == ("policy", "invalid_value")
        assert "low-confidence" in error["message"]


def test_options_of_policies(tiny: Live) -> None:
    one_each = tiny.post(CHAT, chat("low-confidence", policy_options={"steps": 12})).json()
    assert one_each["choices"][0]["latticework"]["forwards"] >= 8
    few = tiny.post(CHAT, chat("low-confidence", policy_options={"steps": 1})).json()
    assert few["choices"][0]["latticework"]["forwards"] == 1
    wrong = [
        ({"no_such": 1}, "policy_options"),
        ({"steps": "many"}, "policy_options"),
        ({"filter": "/etc/passwd"}, "policy_options.filter"),
        ({"steps": [1]}, "policy_options.steps"),
    ]
    for options, param in wrong:
        answer = tiny.post(CHAT, chat("low-confidence", policy_options=options))
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    answer = tiny.post(CHAT, chat("low-confidence", steps=3, policy_options={"steps": 3}))
    assert answer.json()["error"]["param"] == "policy_options"
