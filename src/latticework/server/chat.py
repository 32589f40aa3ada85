"""``POST /v1/chat/completions``."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from latticework.chat.prompts import Turn
from latticework.chat.tool_text import call_text
from latticework.models.events import CommitEvent, DraftEvent, FieldEvent, ResultEvent
from latticework.server.answers import (
    FINGERPRINT,
    extension,
    final_field,
    finish_reason,
    new_id,
    now,
    token_log_probs,
    usage,
)
from latticework.server.body_reader import read_body
from latticework.server.chat_bodies import ChatBody, Message
from latticework.server.connection import while_connected
from latticework.server.constraints import from_response_format, from_structured_outputs, only_one
from latticework.server.errors import ApiError
from latticework.server.generation import Generation
from latticework.server.plans import Plan, options_of, prompt_of, stops_of
from latticework.server.sse import EventStream
from latticework.server.tool_choice import ToolUse, tool_use

if TYPE_CHECKING:
    from latticework.models.result import Result
    from latticework.server.grammars import Spec
    from latticework.server.state import State


async def chat_completions(request: Request) -> Response:
    """Answer a conversation."""
    state: State = request.app.state.latticework
    body = await read_body(request, ChatBody, state.settings)
    state.check_model(body.model)
    use = tool_use(body.functions(), body.wish(), body.parallel_tool_calls)
    if use is not None:
        use = use.with_answer(_format(body))
    plan = _plan(body, use, state.model.backend.block_length)
    answer = _Answer(body, use, plan, state)
    generation = Generation(state, plan)
    if body.stream:
        await while_connected(request, generation.__aenter__())
        return EventStream(generation, answer.chunks(generation))
    return JSONResponse(await while_connected(request, answer.whole(generation)))


def _plan(body: ChatBody, use: ToolUse | None, block_length: int | None) -> Plan:
    if body.max_tokens is not None and body.max_completion_tokens not in (None, body.max_tokens):
        raise ApiError(
            400, "max_tokens and max_completion_tokens differ; give one", "max_completion_tokens", "contradiction"
        )
    if body.stream_options is not None and not body.stream:
        raise ApiError(400, "stream_options is for streams", "stream_options", "contradiction")
    spec = _format(body) if use is None else use.spec
    wanted = body.stream_options
    turns = tuple(Turn(message.role, _said(message)) for message in body.messages)
    return Plan(
        prompts=[prompt_of(turns, "messages")],
        prompt_param="messages",
        options=options_of(body, block_length),
        turns=turns,
        spec=spec,
        max_tokens=body.max_completion_tokens or body.max_tokens,
        max_tokens_param="max_completion_tokens" if body.max_completion_tokens else "max_tokens",
        n=body.n or 1,
        seed=body.seed,
        stop=stops_of(body.stop, spec),
        stop_ids=tuple(body.stop_token_ids or ()),
        streams=bool(body.stream),
        drafts=wanted is not None and wanted.include_drafts,
        fields=wanted is not None and wanted.include_fields,
        tools=tuple(body.functions()) if use is not None and use.only is None else (),
    )


def _format(body: ChatBody) -> Spec | None:
    return only_one(from_response_format(body.response_format), from_structured_outputs(body.structured_outputs))


def _said(message: Message) -> str:
    """The text of a message, with the calls of an earlier answer as the model wrote them."""
    calls = [call_text(call.function.name, call.function.arguments) for call in message.tool_calls or ()]
    return "\n".join([message.text(), *calls] if message.text() else calls)


class _Answer:
    """The answer to one request, whole or in chunks."""

    def __init__(self, body: ChatBody, use: ToolUse | None, plan: Plan, state: State) -> None:
        self._body = body
        self._use = use
        self._plan = plan
        self._state = state
        self._head = {"id": new_id("chatcmpl-"), "created": now(), "model": state.name}

    async def whole(self, generation: Generation) -> dict[str, Any]:
        async with generation:
            results = await generation.results()
            choices = [self._choice(generation, index, result) for index, result in enumerate(results)]
        return {
            **self._head,
            "object": "chat.completion",
            "choices": choices,
            "usage": usage(generation.canvases, self._plan.n),
            "system_fingerprint": FINGERPRINT,
        }

    def _choice(self, generation: Generation, index: int, result: Result) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": result.text, "refusal": None}
        called = False
        if self._use is not None:
            content, calls = self._use.read(result.text, complete=True)
            called = bool(calls)
            message["content"] = content or None
            if called:
                message["tool_calls"] = [
                    {
                        "id": new_id("call_"),
                        "type": "function",
                        "function": {"name": call.name, "arguments": call.arguments},
                    }
                    for call in calls
                ]
        return {"index": index, "message": message, **self._ending(generation, index, result, called)}

    def _ending(self, generation: Generation, index: int, result: Result, called: bool) -> dict[str, Any]:
        """What a choice says once it is complete."""
        log_probs = None
        if self._body.logprobs:
            canvas = generation.canvases[index]
            log_probs = {"content": token_log_probs(canvas, self._state.model.vocabulary), "refusal": None}
        return {
            "finish_reason": "tool_calls" if called else finish_reason(result),
            "logprobs": log_probs,
            "latticework": extension(result),
        }

    async def chunks(self, generation: Generation) -> AsyncGenerator[dict[str, Any]]:
        """The chunks of a stream; ``generation`` has been entered."""
        wanted = self._body.stream_options
        views = [_View(self._use) for _ in generation.canvases]
        for index in range(len(views)):
            yield self._chunk([_delta(index, {"role": "assistant", "content": "", "refusal": None})])
        async for index, event in generation.events():
            view = views[index]
            match event:
                case CommitEvent():
                    for delta in view.add(event.text, complete=False):
                        yield self._chunk([_delta(index, delta)])
                case DraftEvent():
                    yield self._chunk([], draft={"index": index, "text": event.text})
                case FieldEvent():
                    yield self._chunk([], field={"index": index, **final_field(event)})
                case ResultEvent(result):
                    for delta in view.add("", complete=True):
                        yield self._chunk([_delta(index, delta)])
                    ending = self._ending(generation, index, result, view.called)
                    yield self._chunk([{"index": index, "delta": {}, **ending}])
        if wanted is not None and wanted.include_usage:
            yield {**self._chunk([]), "usage": usage(generation.canvases, self._plan.n)}

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        chunk = {**self._head, "object": "chat.completion.chunk", "choices": choices}
        return {**chunk, "system_fingerprint": FINGERPRINT, **({"latticework": more} if more else {})}


def _delta(index: int, delta: dict[str, Any]) -> dict[str, Any]:
    return {"index": index, "delta": delta, "finish_reason": None, "logprobs": None}


class _View:
    """What has been sent of one choice, and what more of its text adds to it."""

    def __init__(self, use: ToolUse | None) -> None:
        self._use = use
        self._text = ""
        self._content = 0
        self._arguments: list[int] = []

    @property
    def called(self) -> bool:
        """Whether a tool has been called."""
        return bool(self._arguments)

    def add(self, text: str, *, complete: bool) -> list[dict[str, Any]]:
        """Deltas for more text."""
        if self._use is None:
            return [{"content": text}] if text else []
        self._text += text
        deltas: list[dict[str, Any]] = []
        content, calls = self._use.read(self._text, complete=complete)
        if len(content) > self._content:
            deltas.append({"content": content[self._content :]})
            self._content = len(content)
        for at, call in enumerate(calls):
            if at == len(self._arguments):
                self._arguments.append(0)
                function = {"name": call.name, "arguments": ""}
                first = {"index": at, "id": new_id("call_"), "type": "function", "function": function}
                deltas.append({"tool_calls": [first]})
            more = call.arguments[self._arguments[at] :]
            if more:
                deltas.append({"tool_calls": [{"index": at, "function": {"arguments": more}}]})
                self._arguments[at] += len(more)
        return deltas
