"""``POST /v1/responses``. Nothing is stored: a conversation is sent whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from latticework.server.answers import usage
from latticework.server.body_reader import read_body
from latticework.server.connection import while_connected
from latticework.server.constraints import from_structured_outputs, only_one
from latticework.server.generation import Generation
from latticework.server.grammars import Spec
from latticework.server.plans import Plan, options_of, prompt_of
from latticework.server.response_bodies import ResponsesBody, SchemaFormat
from latticework.server.response_stream import ResponseView
from latticework.server.sse import EventStream
from latticework.server.tool_choice import ToolUse, tool_use

if TYPE_CHECKING:
    from latticework.server.state import State


async def responses(request: Request) -> Response:
    """Answer an input."""
    state: State = request.app.state.latticework
    body = await read_body(request, ResponsesBody, state.settings)
    state.check_model(body.model)
    use = tool_use(body.functions(), body.wish(), body.parallel_tool_calls)
    if use is not None:
        use = use.with_answer(_format(body))
    generation = Generation(state, _plan(body, use, state.model.backend.block_length))
    view = ResponseView(_echo(body, state), use)
    if body.stream:
        await while_connected(request, generation.__aenter__())
        return EventStream(generation, view.events(generation), named=True)
    return JSONResponse(await while_connected(request, _whole(generation, view)))


async def _whole(generation: Generation, view: ResponseView) -> dict[str, Any]:
    async with generation:
        [result] = await generation.results()
        return view.whole(result, usage(generation.canvases, 1))


def _plan(body: ResponsesBody, use: ToolUse | None, block_length: int | None) -> Plan:
    turns = body.turns()
    return Plan(
        prompts=[prompt_of(turns, "input")],
        prompt_param="input",
        options=options_of(body, block_length),
        turns=turns,
        spec=_format(body) if use is None else use.spec,
        max_tokens=body.max_output_tokens,
        max_tokens_param="max_output_tokens",
        seed=body.seed,
        streams=bool(body.stream),
        tools=tuple(body.functions()) if use is not None and use.only is None else (),
    )


def _format(body: ResponsesBody) -> Spec | None:
    found = body.text.format if body.text is not None else None
    spec = None
    if isinstance(found, SchemaFormat):
        spec = Spec("json_schema", found.schema_, "text.format.schema")
    elif found is not None and found.type == "json_object":
        spec = Spec("json_schema", {"type": "object"}, "text.format")
    return only_one(spec, from_structured_outputs(body.structured_outputs))


def _echo(body: ResponsesBody, state: State) -> dict[str, Any]:
    """The fields of a response that repeat the request."""
    sent = body.model_dump(by_alias=True, exclude_none=True)
    return {
        "model": state.name,
        "instructions": body.instructions,
        "max_output_tokens": body.max_output_tokens,
        "metadata": body.metadata or {},
        "parallel_tool_calls": body.parallel_tool_calls is not False,
        "previous_response_id": None,
        "store": False,
        "temperature": body.temperature or 0.0,
        "text": {"format": {"type": "text"}} | sent.get("text", {}),
        "tool_choice": sent.get("tool_choice", "auto"),
        "tools": sent.get("tools", []),
        "top_p": 1.0,
        "truncation": "disabled",
        "user": body.user,
    }
