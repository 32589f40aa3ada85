"""The documented calls, made with the client that people use, against the embedded model."""

from __future__ import annotations

import ast
import asyncio
import json
import re
from typing import Any

import openai
import pytest
from pydantic import BaseModel
from serving import Live

import latticework as lw

MAIL = "Dear team, invoice from Miller Ltd. Total: 120.50. Not paid yet."
SAID: Any = [{"role": "user", "content": MAIL}]

TAGS = {"structures": [{"begin": "<n>", "schema": {"type": "integer"}, "end": "</n>"}], "triggers": ["<n>"]}
NUMBER = {"type": "json_schema", "json_schema": {"type": "integer"}}
EITHER = {"type": "or", "elements": [NUMBER, {"type": "regex", "pattern": "none"}]}
TREE = {"format": {"type": "sequence", "elements": [{"type": "const_string", "value": "n="}, EITHER]}}


class Invoice(BaseModel):
    vendor: str
    total: float
    paid: bool


FORMAT: Any = {"type": "json_schema", "json_schema": {"name": "invoice", "schema": Invoice.model_json_schema()}}
TOOL: Any = {
    "type": "function",
    "function": {"name": "save", "description": "Save an invoice", "parameters": Invoice.model_json_schema()},
}
OTHER: Any = {"type": "function", "function": {"name": "ask", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture(scope="module")
def client(embedded: Live):
    with openai.OpenAI(base_url=f"{embedded.url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def expected(embedded: Live) -> str:
    """What the Python API writes."""
    return embedded.state.model.generate(MAIL, Invoice).text


def test_models(client) -> None:
    assert [model.id for model in client.models.list()] == ["embedded"]
    assert client.models.retrieve("embedded").owned_by == "latticework"
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.models.retrieve("other")


def test_parse_gives_what_the_python_api_gives(client, expected: str) -> None:
    answer = client.chat.completions.parse(model="embedded", messages=SAID, response_format=Invoice, logprobs=True)
    [choice] = answer.choices
    assert choice.message.content == expected
    assert choice.message.parsed == Invoice.model_validate_json(expected)
    assert choice.message.parsed.vendor == "Miller Ltd"
    assert choice.finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert len(choice.logprobs.content) == answer.usage.completion_tokens
    extra = choice.model_extra["latticework"]
    assert set(extra["confidence"]) == {"", "/vendor", "/total", "/paid"}
    assert extra["forwards"] >= 1


def test_chat_as_a_stream(client, expected: str) -> None:
    chunks = list(
        client.chat.completions.create(
            model="embedded",
            messages=[{"role": "system", "content": ""}, *SAID],
            response_format=FORMAT,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = ""
    for chunk in chunks[:-1]:
        text += chunk.choices[0].delta.content or ""
        assert expected.startswith(text)
    assert text == expected
    assert [chunk.choices[0].finish_reason for chunk in chunks[-2:-1]] == ["stop"]
    assert chunks[-1].usage.completion_tokens > 0
    with client.chat.completions.stream(model="embedded", messages=SAID, response_format=Invoice) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == Invoice.model_validate_json(expected)


def test_completions_with_a_suffix_fill_the_hole(client) -> None:
    prefix, suffix = "def area(width, height):\n    return ", "\n\nprint(area(2, 3))\n"
    answer = client.completions.create(
        model="embedded",
        prompt=prefix,
        suffix=suffix,
        max_tokens=10,
        logprobs=0,
        extra_body={"structured_outputs": {"grammar": "python"}, "steps": 2},
    )
    [choice] = answer.choices
    ast.parse(prefix + choice.text + suffix)
    assert choice.finish_reason == "stop"
    assert "".join(choice.logprobs.tokens) == choice.text
    assert len(choice.logprobs.token_logprobs) == answer.usage.completion_tokens


def test_completions_with_several_holes(client) -> None:
    answer = client.completions.create(
        model="embedded",
        prompt="",
        extra_body={
            "parts": ['{"a": [', {"hole": 6}, '], "b": ', {"hole": 6}, "}"],
            "structured_outputs": {"grammar": "json"},
            "steps": 2,
        },
    )
    [choice] = answer.choices
    first, second = choice.model_extra["latticework"]["holes"]
    assert choice.text == f'{{"a": [{first}], "b": {second}}}'
    assert set(json.loads(choice.text)) == {"a", "b"}


def test_completions_of_several_prompts(client) -> None:
    answer = client.completions.create(
        model="embedded",
        prompt=["When? In 2024-05.", "When? In 2023-11."],
        extra_body={"structured_outputs": {"regex": r"\d{4}-\d{2}"}},
    )
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert all(re.fullmatch(r"\d{4}-\d{2}", choice.text) for choice in answer.choices)


def test_responses(client, expected: str) -> None:
    answer = client.responses.parse(model="embedded", input=MAIL, text_format=Invoice, metadata={"a": "b"})
    assert answer.output_text == expected
    assert answer.output_parsed == Invoice.model_validate_json(expected)
    assert (answer.status, answer.metadata) == ("completed", {"a": "b"})
    free = client.responses.create(model="embedded", input=[{"role": "user", "content": MAIL}], max_output_tokens=4)
    written = free.usage.output_tokens
    assert free.status == ("incomplete" if written == 4 else "completed")
    if written == 4:
        assert free.incomplete_details.reason == "max_output_tokens"


def test_responses_as_a_stream(client, expected: str) -> None:
    text, numbers = "", []
    with client.responses.stream(model="embedded", input=MAIL, text_format=Invoice) as stream:
        for event in stream:
            numbers.append(event.sequence_number)
            if event.type == "response.output_text.delta":
                text += event.delta
                assert expected.startswith(text)
        assert stream.get_final_response().output_parsed == Invoice.model_validate_json(expected)
    assert text == expected
    assert numbers == sorted(set(numbers))


def test_responses_call_functions(client, expected: str) -> None:
    tool: Any = {"type": "function", "name": "save", "parameters": Invoice.model_json_schema(), "strict": True}
    [call] = client.responses.create(model="embedded", input=MAIL, tools=[tool], tool_choice="required").output
    assert (call.type, call.name, call.arguments) == ("function_call", "save", expected)
    choice: Any = {"type": "function", "name": "save"}
    with client.responses.stream(model="embedded", input=MAIL, tools=[tool], tool_choice=choice) as stream:
        kinds = [event.type for event in stream]
        [streamed] = stream.get_final_response().output
    assert streamed.arguments == expected
    assert "response.function_call_arguments.delta" in kinds
    history: Any = [{"role": "user", "content": MAIL}, call.model_dump(exclude_none=True)]
    history.append({"type": "function_call_output", "call_id": call.call_id, "output": "saved"})
    assert client.responses.create(model="embedded", input=history, max_output_tokens=4).output


@pytest.mark.parametrize(
    "choice",
    [
        "required",
        {"type": "function", "function": {"name": "save"}},
        {
            "type": "allowed_tools",
            "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "save"}}]},
        },
    ],
)
def test_tools_that_must_be_called(client, choice: Any, expected: str) -> None:
    tools = [TOOL] if choice == "required" else [TOOL, OTHER]
    answer = client.chat.completions.create(model="embedded", messages=SAID, tools=tools, tool_choice=choice)
    [message] = [choice.message for choice in answer.choices]
    [call] = message.tool_calls
    assert (call.function.name, call.function.arguments) == ("save", expected)
    assert message.content is None
    assert answer.choices[0].finish_reason == "tool_calls"


def test_tools_that_may_be_called_or_not(client) -> None:
    for choice in ("auto", "none"):
        answer = client.chat.completions.create(
            model="embedded", messages=SAID, tools=[TOOL, OTHER], tool_choice=choice, max_tokens=24
        )
        [found] = answer.choices
        assert (found.finish_reason == "tool_calls") == bool(found.message.tool_calls)
        assert found.message.content or found.message.tool_calls
    assert not found.message.tool_calls
    history = [*SAID, {"role": "assistant", "content": None, "tool_calls": [_call()]}]
    history.append({"role": "tool", "tool_call_id": "call_1", "content": "saved"})
    assert client.chat.completions.create(model="embedded", messages=history, tools=[TOOL], max_tokens=8).choices


def _call() -> dict:
    return {"id": "call_1", "type": "function", "function": {"name": "save", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({"json": Invoice.model_json_schema(), "whitespace": "spaced"}, r'\{"vendor": ".*"\}|\{"vendor": .*\}'),
        ({"regex": r"\d{4}-\d{2}"}, r"\d{4}-\d{2}"),
        ({"choice": ["paid", "open"]}, "paid|open"),
        ({"grammar": 'start: /[a-c]+/ "!"'}, "[a-c]+!"),
        ({"grammar": 'root ::= "x" root | "y"'}, "x*y"),
        ({"json_object": True}, r"\{.*\}"),
        ({"structural_tag": TAGS}, "(?s).*"),
        ({"structural_tag": TREE}, r"n=(-?\d+|none)"),
    ],
)
def test_structured_outputs(client, wanted: dict, fits: str) -> None:
    answer = client.chat.completions.create(
        model="embedded", messages=SAID, max_tokens=40, extra_body={"structured_outputs": wanted, "steps": 4}
    )
    assert re.fullmatch(fits, answer.choices[0].message.content)
    assert answer.choices[0].finish_reason in ("stop", "length")


def test_candidates_and_seeds(client, embedded: Live) -> None:
    asked: Any = {"model": "embedded", "messages": SAID, "n": 3, "temperature": 1.0, "seed": 7}
    pattern = r"[A-Z][a-z]{3,9}"
    asked["extra_body"] = {"structured_outputs": {"regex": pattern}, "steps": 3}
    first, again = (
        [choice.message.content for choice in client.chat.completions.create(**asked).choices] for _ in range(2)
    )
    assert first == again
    assert all(re.fullmatch(pattern, text) for text in first)
    own = [
        embedded.state.model.generate(MAIL, lw.regex(pattern), temperature=1.0, seed=seed, steps=3).text
        for seed in (7, 8, 9)
    ]
    assert first == own


def test_many_clients_with_different_schemas(embedded: Live) -> None:
    async def ask(client: openai.AsyncOpenAI, number: int) -> str:
        schema = {"type": "object", "properties": {f"k{number}": {"enum": [number]}}, "required": [f"k{number}"]}
        form: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
        answer = await client.chat.completions.create(model="embedded", messages=SAID, response_format=form)
        return answer.choices[0].message.content or ""

    async def all_of_them() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{embedded.url}/v1", api_key="none", max_retries=0) as client:
            return await asyncio.gather(*(ask(client, number) for number in range(16)))

    assert [json.loads(text) for text in asyncio.run(all_of_them())] == [{f"k{number}": number} for number in range(16)]


def test_refusals_are_the_clients_exceptions(client) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="embedded", messages=SAID, extra_body={"guided_regex": "a"})
    assert refused.value.param == "guided_regex"
    assert "structured_outputs.regex" in str(refused.value)
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="gpt-4", messages=SAID)


def test_tokenize(embedded: Live) -> None:
    found = embedded.post("/tokenize", {"prompt": "Grüße!", "return_token_strs": True}).json()
    vocabulary = embedded.state.model.vocabulary
    assert vocabulary.decode(found["tokens"]).decode() == "Grüße!"
    assert found["count"] == len(found["tokens"]) == len(found["token_strs"])
    chat = embedded.post("/tokenize", {"messages": SAID}).json()
    assert chat["tokens"] == embedded.state.model.backend.encode_prompt(MAIL, None)
