"""The LLM for LlamaIndex with a random network behind it: structured predictions are objects of their class."""

from __future__ import annotations

import asyncio

import pytest
from models.tiny_backend import TinyBackend
from pydantic import BaseModel, Field

pytest.importorskip("llama_index.core")

from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate

import latticework as lw
from latticework.errors import InputError
from latticework.integrations.llama_index import LatticeworkLLM
from latticework.models.model import Model


class Person(BaseModel):
    """Somebody."""

    name: str = Field(max_length=6)
    age: int = Field(ge=0, le=120)
    tags: list[str] = Field(max_length=2)


PROMPT = PromptTemplate("Who is {who}?")


def llm(network: int = 0, **options) -> LatticeworkLLM:
    return LatticeworkLLM(client=Model(TinyBackend(network)), **({"max_tokens": 80, "block_length": 8} | options))


@pytest.mark.parametrize("network", [0, 1])
def test_all_four_forms_give_the_same_object(network):
    async def run():
        streamed = [found async for found in await llm(network).astream_structured_predict(Person, PROMPT, who="she")]
        return await llm(network).astructured_predict(Person, PROMPT, who="she"), streamed

    found = llm(network).structured_predict(Person, PROMPT, who="she")
    assert isinstance(found, Person)
    streamed = list(llm(network).stream_structured_predict(Person, PROMPT, who="she"))
    assert streamed[-1] == found
    assert len(streamed) > 1
    awaited, from_stream = asyncio.run(run())
    assert awaited == from_stream[-1] == found


def test_structured_llms_and_options():
    structured = llm().as_structured_llm(Person)
    assert isinstance(structured.chat([ChatMessage("who?")]).raw, Person)
    sampled = llm().structured_predict(Person, PROMPT, {"temperature": 1.0, "seed": 3}, who="she")
    assert sampled == llm(temperature=1.0, seed=3).structured_predict(Person, PROMPT, who="she")
    with pytest.raises(InputError, match="unknown keyword arguments top_p"):
        llm().complete("x", top_p=1)
    with pytest.raises(lw.Infeasible):
        llm(max_tokens=3).structured_predict(Person, PROMPT, who="she")
    with pytest.raises(InputError, match="no text"):
        llm().chat([ChatMessage("")])


def test_completions_and_their_streams_agree():
    async def run():
        pieces = [piece async for piece in await llm().astream_complete("say")]
        return await llm().acomplete("say"), pieces

    whole = llm().complete("say")
    pieces = list(llm().stream_complete("say"))
    assert pieces[-1].text == "".join(piece.delta for piece in pieces) == whole.text
    awaited, streamed = asyncio.run(run())
    assert awaited.text == streamed[-1].text == whole.text
    assert llm().chat([ChatMessage("say")]).message.content == whole.text
