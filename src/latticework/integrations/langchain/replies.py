"""Texts of a model as messages of LangChain: whole, and piece by piece while they grow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from secrets import token_hex
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCallChunk

from latticework.chat.tool_text import OPENING, Call, without_beginning
from latticework.integrations.langchain.requests import Wanted
from latticework.models.result import Result


class Reply:
    """One answer of a model as it is read.

    Args:
        wanted: the language of the answer.
        stops: texts that end it; they are looked for in free text, in front of the first call.
        model_name: reported with the answer.
    """

    def __init__(self, wanted: Wanted, stops: Sequence[str], model_name: str) -> None:
        self._wanted = wanted
        self._stops = [stop for stop in stops if stop]
        self._model_name = model_name
        self._text = ""
        self._content = ""
        self._calls: list[Call] = []
        self._ids: list[str] = []
        self.stopped = False

    def message(self, result: Result, prompt_tokens: int) -> AIMessage:
        """The message of a finished text."""
        content, calls = self._read(result.text, complete=True)
        return AIMessage(
            content=content,
            tool_calls=[
                ToolCall(name=call.name, args=json.loads(call.arguments), id=_new_id(), type="tool_call")
                for call in calls
            ],
            response_metadata=self._metadata(result, bool(calls)),
            usage_metadata=usage(prompt_tokens, len(result.tokens)),
        )

    def more(self, text: str) -> Iterator[AIMessageChunk]:
        """The part of the message that further text adds; nothing while it is not known what the text will be."""
        self._text += text
        yield from self._grown(complete=False)

    def end(self, result: Result | None, prompt_tokens: int, written: int) -> Iterator[AIMessageChunk]:
        """The rest of the message, and the chunk that ends it. ``result`` is ``None`` for a text that was cut."""
        yield from self._grown(complete=True)
        yield AIMessageChunk(
            content="",
            response_metadata=self._metadata(result, bool(self._calls)),
            usage_metadata=usage(prompt_tokens, written),
            chunk_position="last",
        )

    def _grown(self, *, complete: bool) -> Iterator[AIMessageChunk]:
        content, calls = self._read(self._text, complete=complete)
        if len(content) > len(self._content):
            yield AIMessageChunk(content=content[len(self._content) :])
        for index, call in enumerate(calls):
            known = self._calls[index].arguments if index < len(self._calls) else None
            if known is None:
                self._ids.append(_new_id())
                first = ToolCallChunk(
                    name=call.name, args=call.arguments, id=self._ids[index], index=index, type="tool_call_chunk"
                )
                yield AIMessageChunk(content="", tool_call_chunks=[first])
            elif len(call.arguments) > len(known):
                piece = call.arguments[len(known) :]
                more = ToolCallChunk(name=None, args=piece, id=None, index=index, type="tool_call_chunk")
                yield AIMessageChunk(content="", tool_call_chunks=[more])
        self._content, self._calls = content, calls

    def _read(self, text: str, *, complete: bool) -> tuple[str, list[Call]]:
        if self._stops:
            free, called, _ = text.partition(OPENING) if self._wanted.tools else (text, "", "")
            if self._wanted.tools and not called and not complete:
                free = without_beginning(free)  # what may become a call is not free text yet
            cut = min((place for stop in self._stops if (place := free.find(stop)) >= 0), default=None)
            self.stopped = cut is not None
            if cut is not None:
                return text[:cut], []
        content, calls = self._wanted.read(text, complete=complete)
        if self._stops and not complete and not calls:
            content = content[: len(content) - self._held_back(content)]
        return content, calls

    def _held_back(self, content: str) -> int:
        """Characters at the end that may be the beginning of a stop."""
        sizes = (
            size
            for stop in self._stops
            for size in range(min(len(stop) - 1, len(content)), 0, -1)
            if content.endswith(stop[:size])
        )
        return max(sizes, default=0)

    def _metadata(self, result: Result | None, calls: bool) -> dict[str, Any]:
        finish = "tool_calls" if calls else "stop"
        known: dict[str, Any] = {}
        if result is not None:
            if result.finish_reason == "length" and not self.stopped:
                finish = "length"
            known = {"forwards": result.forwards, "confidence": dict(result.confidence), "seed": result.seed}
        return {"model_name": self._model_name, "model_provider": "latticework", "finish_reason": finish, **known}


def usage(prompt_tokens: int, written: int) -> UsageMetadata:
    """Tokens read and written."""
    return UsageMetadata(input_tokens=prompt_tokens, output_tokens=written, total_tokens=prompt_tokens + written)


def _new_id() -> str:
    return f"call_{token_hex(12)}"
