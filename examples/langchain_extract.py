"""Structured output, a tool call and an agent in LangChain, offline: ``python examples/langchain_extract.py``."""

from __future__ import annotations

from datetime import date

from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel, Field

from latticework.integrations.langchain import ChatLatticework

MAIL = """Dear team, please pay invoice INV-2041. The vendor is Northwind Paper.
The total is 1280.50 and it is due on 2026-03-14. It has not been paid yet."""


class Invoice(BaseModel):
    """An invoice that a mail is about."""

    invoice_number: str = Field(max_length=20)
    vendor: str = Field(max_length=40)
    total: float
    due_date: date
    paid: bool


model = ChatLatticework(model="embedded")

# A chain: whatever the model believes, an Invoice comes out.
prompt = ChatPromptTemplate.from_messages([("human", "{mail}")])
chain = prompt | model.with_structured_output(Invoice, include_raw=True)
found = chain.invoke({"mail": MAIL})
print("chain:", found["parsed"])
print("       sure of the total:", round(found["raw"].response_metadata["confidence"]["/total"], 3))

# The same as a forced tool call.
message = model.bind_tools([Invoice], tool_choice="any").invoke(MAIL)
print("call: ", message.tool_calls[0]["name"], message.tool_calls[0]["args"])

# Streams grow: every object holds what the one before it held.
growing = list(model.with_structured_output(Invoice.model_json_schema()).stream(MAIL))
print("stream:", len(growing), "objects, from", growing[0], "to", growing[-1])
