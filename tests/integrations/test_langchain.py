"""The chat model with a random network behind it: whatever it believes, calls and documents satisfy their schemas."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any, TypedDict

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models.tiny_backend import TinyBackend
from pydantic import BaseModel, Field

pytest.importorskip("langchain_core")

from langchain_core.load import dumps, loads
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool

import latticework as lw
from latticework.errors import InputError
from latticework.integrations.langchain import ChatLatticework
from latticework.integrations.langchain.messages import turns_of
from latticework.integrations.langchain.replies import Reply
from latticework.integrations.langchain.requests import as_tool, wanted
from latticework.models.model import Model
from latticework.models.result import Result


class Person(BaseModel):
    """Somebody."""

    name: str = Field(max_length=6)
    age: int = Field(ge=0, le=120)


class PersonDict(TypedDict):
    """Somebody."""

    name: Annotated[str, ..., "how they are called"]
    age: Annotated[int, ..., "years"]


SCHEMA = Person.model_json_schema()
TOOL = {"type": "function", "function": {"name": "Person", "description": "Somebody.", "parameters": SCHEMA}}


@tool
def weather(city: str, days: int = 1) -> str:
    """The weather of a city."""
    return "sunny"


@tool
def ping() -> str:
    """Nothing to say."""
    return "pong"


def chat(network: int = 0, **options: Any) -> ChatLatticework:
    return ChatLatticework(client=Model(TinyBackend(network, max_positions=4000)), **({"max_tokens": 80} | options))


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
@pytest.mark.parametrize("schema", [Person, PersonDict, SCHEMA, TOOL], ids=["pydantic", "typeddict", "schema", "tool"])
def test_structured_output_in_all_its_forms(method, schema):
    for seed in range(2):
        chain = chat(seed).with_structured_output(schema, method=method)
        found = chain.invoke("who?")
        streamed = list(chain.stream("who?"))
        if schema is Person:
            assert isinstance(found, Person)
        else:
            assert isinstance(found, dict)
            jsonschema.validate(found, SCHEMA if schema is not PersonDict else {"required": ["name", "age"]})
        assert streamed[-1] == found


def test_a_schema_need_not_be_an_object():
    schema = {"title": "marks", "type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 2, "maxItems": 4}
    jsonschema.validate(chat().with_structured_output(schema).invoke("which?"), schema)
    counts = {"title": "counts", "type": "object", "additionalProperties": {"enum": [7]}, "minProperties": 1}
    for method in ("json_schema", "function_calling"):
        jsonschema.validate(chat().with_structured_output(counts, method=method).invoke("which?"), counts)
    with pytest.raises(InputError, match="arguments of a call are an object"):
        chat().with_structured_output(schema, method="function_calling")


def test_raw_messages_come_with_what_was_read():
    found = chat().with_structured_output(Person, include_raw=True).invoke("who?")
    assert found.keys() == {"raw", "parsed", "parsing_error"}
    assert isinstance(found["raw"], AIMessage)
    assert found["parsed"] == Person.model_validate_json(found["raw"].text)
    assert found["parsing_error"] is None
    plain = chat().with_structured_output(method="json_mode", include_raw=True).invoke("anything")
    assert isinstance(plain["parsed"], dict)


def test_what_cannot_be_enforced_is_refused_before_any_call():
    with pytest.raises(lw.SchemaError):
        chat().with_structured_output({"title": "x", "$ref": "https://schemas.example/other.json"})
    with pytest.raises(ValueError, match="unknown method"):
        chat().with_structured_output(Person, method="yaml")
    with pytest.raises(ValueError, match="unknown keyword"):
        chat().with_structured_output(Person, tools=[weather])
    with pytest.raises(ValueError, match="needs a schema"):
        chat().with_structured_output()
    with pytest.raises(ValueError, match="unknown parameters temprature"):
        chat(temprature=1.0)
    assert chat(timeout=3, api_key="k", streaming=True).invoke("hi", max_tokens=4) is not None
    with pytest.raises(InputError, match="unknown keyword arguments top_k"):
        chat().invoke("hi", top_k=3)
    with pytest.raises(InputError, match="another ChatLatticework"):
        chat().invoke("hi", model="other")
    with pytest.raises(InputError, match="would cut"):
        chat(stop=["x"]).with_structured_output(Person).invoke("hi")
    with pytest.raises(InputError, match="no text"):
        chat().invoke([HumanMessage("")])
    with pytest.raises(InputError, match="image_url"):
        chat().invoke([HumanMessage([{"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}])])


ARGUMENTS = {
    "weather": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
    },
    "ping": {"type": "object", "maxProperties": 0},
    "Person": SCHEMA,
}


@pytest.mark.parametrize("choice", ["any", "required", True, {"type": "any"}])
@pytest.mark.parametrize("tools", [[weather], [ping], [weather, ping, Person]], ids=["one", "empty", "three"])
def test_forced_calls_are_valid_calls_of_one_of_the_tools(choice, tools):
    for seed in range(2):
        bound = chat(seed).bind_tools(tools, tool_choice=choice)
        message = bound.invoke("go")
        assert not message.content
        assert message.response_metadata["finish_reason"] == "tool_calls"
        [call] = message.tool_calls
        assert call["name"] in [as_tool(own)["function"]["name"] for own in tools]
        jsonschema.validate(call["args"], ARGUMENTS[call["name"]])
        streamed = merged(bound.stream("go"))
        assert [(own["name"], own["args"]) for own in streamed.tool_calls] == [(call["name"], call["args"])]


@pytest.mark.parametrize(
    "choice", ["ping", {"type": "function", "function": {"name": "ping"}}, {"type": "tool", "name": "ping"}]
)
def test_a_named_tool_is_called(choice):
    message = chat().bind_tools([weather, ping], tool_choice=choice).invoke("go")
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("ping", {})]


def test_without_a_choice_there_is_free_text_or_calls():
    for seed in range(2):
        message = chat(seed, temperature=1.0, seed=seed).bind_tools([weather, ping]).invoke("go")
        for call in message.tool_calls:
            jsonschema.validate(call["args"], ARGUMENTS[call["name"]])
    message = chat().bind_tools([weather], tool_choice="none").invoke("go")
    assert not message.tool_calls
    assert not chat().bind_tools([]).invoke("go").tool_calls


def test_tools_and_a_response_format_give_a_call_or_a_document():
    wish = {"type": "json_schema", "json_schema": {"name": "Person", "schema": SCHEMA}}
    for seed in range(4):
        message = chat(seed, temperature=1.0, seed=seed).bind_tools([ping], response_format=wish).invoke("go")
        if message.tool_calls:
            assert message.content == ""
        else:
            jsonschema.validate(json.loads(message.text), SCHEMA)
    document = '{"name":"<tool_call>"}'
    language = wanted([as_tool(ping)], None, None, {"type": "json_object"}, None)
    for size in range(len(document) + 1):
        assert language.read(document[:size], complete=size == len(document)) == (document[:size], [])


def test_choices_that_make_no_sense_are_refused():
    with pytest.raises(InputError, match="names the tool 'nobody'"):
        chat().bind_tools([ping], tool_choice={"type": "function", "function": {"name": "nobody"}})
    with pytest.raises(InputError, match="unknown tool_choice"):
        chat().bind_tools([ping], tool_choice="nobody")
    with pytest.raises(InputError, match="needs tools"):
        chat().bind_tools([], tool_choice="any")
    with pytest.raises(InputError, match="type 'web_search'"):
        chat().bind_tools([{"type": "web_search"}])
    with pytest.raises(InputError, match="two tools are called 'ping'"):
        chat().bind_tools(
            [ping, {"title": "ping", "description": "", "type": "object", "properties": {"a": {"type": "integer"}}}]
        )
    odd = {
        "title": "odd",
        "description": "",
        "type": "object",
        "properties": {"a": {"$ref": "https://schemas.example/other.json"}},
    }
    with pytest.raises(lw.SchemaError, match="tool 'odd'"):
        chat().bind_tools([odd, ping], tool_choice="any")
    with pytest.raises(InputError, match="response_format"):
        chat().invoke("hi", response_format={"type": "yaml"})


def merged(chunks) -> Any:
    full = None
    for chunk in chunks:
        full = chunk if full is None else full + chunk
    return full


@pytest.mark.parametrize("stop", [None, ["e"], ["the", "a"], ["\n"]])
def test_a_stream_is_the_message_in_pieces(stop):
    for seed in range(3):
        model = chat(seed, max_tokens=40, grammar=lw.regex("[a-e the\n]{20,60}"), block_length=4)
        whole = model.invoke("go", stop=stop)
        chunks = list(model.stream("go", stop=stop))
        full = merged(chunks)
        assert full.text == whole.text
        assert full.response_metadata["finish_reason"] == whole.response_metadata["finish_reason"] == "stop"
        assert chunks[-1].chunk_position == "last"
        assert full.usage_metadata["input_tokens"] == whole.usage_metadata["input_tokens"] > 0
        if stop:
            assert not any(own in full.text for own in stop)
        else:
            assert full.usage_metadata == whole.usage_metadata
            assert len(chunks) > 3


def test_async_forms_agree():
    async def run():
        model = chat(grammar=lw.regex("[a-e]{5,9}"))
        bound = model.bind_tools([weather], tool_choice="any")
        pieces = [chunk async for chunk in model.astream("go")]
        calls = [chunk async for chunk in bound.astream("go")]
        return await model.ainvoke("go"), merged(pieces), await bound.ainvoke("go"), merged(calls)

    whole, streamed, call, called = asyncio.run(run())
    assert whole.text == streamed.text == chat(grammar=lw.regex("[a-e]{5,9}")).invoke("go").text
    assert call.tool_calls[0]["args"] == called.tool_calls[0]["args"]


def test_several_answers_for_a_prompt():
    model = chat(grammar=lw.regex("[a-e]{5,9}"), temperature=1.0, n=3, seed=3)
    result = model.generate([[HumanMessage("go")]])
    texts = [generation.text for generation in result.generations[0]]
    assert len(texts) == 3
    assert len(set(texts)) > 1
    seeds = [generation.message.response_metadata["seed"] for generation in result.generations[0]]
    assert seeds == [3, 4, 5]


TEXTS = st.text(st.sampled_from("ab <t\n"), max_size=12)
CALLS = st.builds(
    lambda name, city: (
        f'<tool_call>\n{{"name": {json.dumps(name)}, "arguments": {json.dumps({"city": city})}}}\n</tool_call>'
    ),
    st.sampled_from(["weather", "other"]),
    st.text(st.sampled_from('a"}{\\ é<tool_call>'), max_size=6),
)


@given(
    parts=st.lists(st.tuples(TEXTS, CALLS), max_size=2),
    tail=TEXTS,
    sizes=st.lists(st.integers(1, 9), min_size=1),
    stops=st.lists(st.sampled_from(["ab", "b <t", "\n"]), max_size=2),
)
@settings(max_examples=150, deadline=None)
def test_pieces_of_a_text_add_up_to_its_message(parts, tail, sizes, stops):
    text = "".join(free + call for free, call in parts) + tail
    language = wanted(
        [as_tool(weather), {**as_tool(weather), "function": {**as_tool(weather)["function"], "name": "other"}}],
        None,
        None,
        None,
        None,
    )
    result = Result(text, text, (1, 2), "complete")
    whole = Reply(language, stops, "m").message(result, 3)
    reply = Reply(language, stops, "m")
    chunks, at, turn = [], 0, 0
    while at < len(text) and not reply.stopped:
        size = sizes[turn % len(sizes)]
        chunks += reply.more(text[at : at + size])
        at, turn = at + size, turn + 1
    chunks += reply.end(None if reply.stopped else result, 3, 2)
    full = merged(chunks)
    assert full.text == whole.text
    assert [(call["name"], call["args"]) for call in full.tool_calls] == [
        (call["name"], call["args"]) for call in whole.tool_calls
    ]
    assert full.response_metadata["finish_reason"] == whole.response_metadata["finish_reason"]


def test_conversations_become_turns():
    turns = turns_of(
        [
            SystemMessage("be brief"),
            HumanMessage([{"type": "text", "text": "weather?"}, "now"]),
            AIMessage("", tool_calls=[{"name": "weather", "args": {"city": "Ulm"}, "id": "1"}]),
            ToolMessage("sunny", tool_call_id="1"),
        ]
    )
    assert [turn.role for turn in turns] == ["system", "user", "assistant", "tool"]
    assert turns[1].text == "weather?\nnow"
    assert json.loads(turns[2].text.splitlines()[1]) == {"name": "weather", "arguments": {"city": "Ulm"}}


def test_the_model_is_told_the_schema_of_what_it_has_to_write():
    backend = TinyBackend(max_positions=4000)
    model = ChatLatticework(client=Model(backend))
    model.bind_tools([Person], tool_choice="any").invoke("go")
    assert backend.schemas[-1]["properties"].keys() == {"name", "age"}
    model.with_structured_output(Person).invoke("go")
    assert backend.schemas[-1]["properties"].keys() == {"name", "age"}


def test_the_chat_model_can_be_written_down():
    model = ChatLatticework(model="embedded", temperature=0.5, max_tokens=40, client=Model(TinyBackend()))
    again = loads(dumps(model), allowed_objects=[ChatLatticework], valid_namespaces=["latticework"])
    assert (again.model_name, again.temperature, again.max_tokens) == ("embedded", 0.5, 40)
    assert again.client is None
    assert "client" not in dumps(model)


def test_agents_take_the_provider_strategy():
    agents = pytest.importorskip("langchain.agents")
    model = chat()
    assert model.profile["structured_output"]
    agent = agents.create_agent(model, response_format=Person)
    found = agent.invoke({"messages": [HumanMessage("who?")]})
    assert isinstance(found["structured_response"], Person)
    assert not found["messages"][-1].tool_calls
    assert Person.model_validate_json(found["messages"][-1].text) == found["structured_response"]


def test_agents_take_the_tool_strategy_with_a_union():
    agents = pytest.importorskip("langchain.agents")
    from langchain.agents.structured_output import ToolStrategy

    class Place(BaseModel):
        """Somewhere."""

        city: str = Field(max_length=5)

    agent = agents.create_agent(chat(), response_format=ToolStrategy(Person | Place))
    found = agent.invoke({"messages": [HumanMessage("who or where?")]})
    assert isinstance(found["structured_response"], Person | Place)


def test_the_embedded_model_reads_a_mail():
    model = ChatLatticework()
    found = model.with_structured_output(Person).invoke("My name is Clara. I am 31 years old.")
    assert isinstance(found, Person)
    assert model.get_num_tokens("a text") > 0
