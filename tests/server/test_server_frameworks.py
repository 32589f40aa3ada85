"""langchain-openai and instructor against the server, as they come."""

from __future__ import annotations

import instructor
import openai
import pytest
from langchain_openai import ChatOpenAI
from pydantic import BaseModel
from serving import Live

MAIL = "Dear team, invoice from Miller Ltd. Total: 120.50. Not paid yet."


class Invoice(BaseModel):
    """An invoice."""

    vendor: str
    total: float
    paid: bool


WANTED = Invoice(vendor="Miller Ltd", total=120.5, paid=False)


@pytest.fixture(scope="module")
def chat(embedded: Live) -> ChatOpenAI:
    return ChatOpenAI(model="embedded", base_url=f"{embedded.url}/v1", api_key="none", max_retries=0)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_langchain_reads_objects(chat: ChatOpenAI, method) -> None:
    assert chat.with_structured_output(Invoice, method=method).invoke(MAIL) == WANTED


def test_langchain_streams_and_binds_tools(chat: ChatOpenAI) -> None:
    called = chat.bind_tools([Invoice], tool_choice="any").invoke(MAIL)
    [call] = called.tool_calls
    assert (call["name"], call["args"]) == ("Invoice", WANTED.model_dump())
    whole = chat.invoke(MAIL, max_tokens=8)
    parts = list(chat.stream(MAIL, max_tokens=8))
    assert "".join(str(part.content) for part in parts) == whole.content
    assert whole.response_metadata["finish_reason"] in ("stop", "length")


@pytest.mark.parametrize("mode", [instructor.Mode.TOOLS, instructor.Mode.JSON_SCHEMA])
def test_instructor_reads_objects(embedded: Live, mode: instructor.Mode) -> None:
    own = openai.OpenAI(base_url=f"{embedded.url}/v1", api_key="none", max_retries=0)
    client = instructor.from_openai(own, mode=mode)
    found = client.chat.completions.create(
        model="embedded", messages=[{"role": "user", "content": MAIL}], response_model=Invoice, max_retries=0
    )
    if mode is instructor.Mode.TOOLS:
        assert found.model_dump() == WANTED.model_dump()
    else:  # This mode writes its schema into the prompt, which the small model is not trained on.
        assert isinstance(found, Invoice)
