"""A response of the Responses API: whole, or as the events that lead to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING, Any

from latticework.models.events import CommitEvent, ResultEvent
from latticework.server.answers import extension, new_id, now, usage

if TYPE_CHECKING:
    from latticework.chat.tool_text import Call
    from latticework.models.result import Result
    from latticework.server.generation import Generation
    from latticework.server.tool_choice import ToolUse


class ResponseView:
    """What has been said of a response, item by item: a message, then calls."""

    def __init__(self, echo: dict[str, Any], use: ToolUse | None) -> None:
        self._use = use
        self._head = {"id": new_id("resp_"), "object": "response", "created_at": now(), **echo}
        self._items: list[dict[str, Any]] = []
        self._number = 0

    def whole(self, result: Result, tokens: dict[str, Any]) -> dict[str, Any]:
        """The finished response."""
        list(self._progress(result.text, complete=True))
        full = result.finish_reason == "length"
        return {
            **self._head,
            "status": "incomplete" if full else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if full else None,
            "error": None,
            "output": self._items,
            "usage": {
                "input_tokens": tokens["prompt_tokens"],
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": tokens["completion_tokens"],
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": tokens["total_tokens"],
            },
            "latticework": extension(result),
        }

    async def events(self, generation: Generation) -> AsyncGenerator[dict[str, Any]]:
        """The events of a stream; ``generation`` has been entered."""
        begun = {**self._head, "status": "in_progress", "output": [], "usage": None}
        begun |= {"error": None, "incomplete_details": None}
        yield self._event("response.created", response=begun)
        yield self._event("response.in_progress", response=begun)
        text = ""
        async for _, event in generation.events():
            if isinstance(event, CommitEvent):
                text += event.text
                for found in self._progress(text, complete=False):
                    yield found
            elif isinstance(event, ResultEvent):
                for found in self._progress(event.result.text, complete=True):
                    yield found
                response = self.whole(event.result, usage(generation.canvases, 1))
                yield self._event(f"response.{response['status']}", response=response)

    def _progress(self, text: str, *, complete: bool) -> Iterator[dict[str, Any]]:
        """Events that lead from what has been said to ``text``."""
        content, calls = (text, []) if self._use is None else self._use.read(text, complete=complete)
        if content or (complete and not calls):
            yield from self._message(content)
        if complete or calls:
            yield from self._close_message()
        for at, call in enumerate(calls):
            yield from self._call(at, call)

    def _message(self, content: str) -> Iterator[dict[str, Any]]:
        item = next((own for own in self._items if own["type"] == "message"), None)
        if item is None:
            item = {
                "type": "message",
                "id": new_id("msg_"),
                "role": "assistant",
                "status": "in_progress",
                "content": [],
            }
            self._items.append(item)
            yield self._event("response.output_item.added", output_index=self._at(item), item={**item})
            part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            item["content"] = [part]
            yield self._event("response.content_part.added", **self._where(item), part={**part})
        part = item["content"][0]
        more = content[len(part["text"]) :]
        if more:
            part["text"] = content
            yield self._event("response.output_text.delta", **self._where(item), delta=more, logprobs=[])

    def _close_message(self) -> Iterator[dict[str, Any]]:
        for item in self._items:
            if item["type"] == "message" and item["status"] == "in_progress":
                item["status"] = "completed"
                part = item["content"][0]
                yield self._event("response.output_text.done", **self._where(item), text=part["text"], logprobs=[])
                yield self._event("response.content_part.done", **self._where(item), part=part)
                yield self._event("response.output_item.done", output_index=self._at(item), item=item)

    def _call(self, at: int, call: Call) -> Iterator[dict[str, Any]]:
        own = [item for item in self._items if item["type"] == "function_call"]
        if at == len(own):
            item = {
                "type": "function_call",
                "id": new_id("fc_"),
                "call_id": new_id("call_"),
                "name": call.name,
                "arguments": "",
                "status": "in_progress",
            }
            self._items.append(item)
            own.append(item)
            yield self._event("response.output_item.added", output_index=self._at(item), item={**item})
        item = own[at]
        where = {"item_id": item["id"], "output_index": self._at(item)}
        more = call.arguments[len(item["arguments"]) :]
        if more:
            item["arguments"] = call.arguments
            yield self._event("response.function_call_arguments.delta", **where, delta=more)
        if call.closed and item["status"] == "in_progress":
            item["status"] = "completed"
            done = "response.function_call_arguments.done"
            yield self._event(done, **where, arguments=item["arguments"], name=item["name"])
            yield self._event("response.output_item.done", output_index=self._at(item), item={**item})

    def _where(self, item: dict[str, Any]) -> dict[str, Any]:
        return {"item_id": item["id"], "output_index": self._at(item), "content_index": 0}

    def _at(self, item: dict[str, Any]) -> int:
        return next(at for at, own in enumerate(self._items) if own is item)

    def _event(self, kind: str, **content: Any) -> dict[str, Any]:
        number = self._number
        self._number += 1
        return {"type": kind, "sequence_number": number, **content}
