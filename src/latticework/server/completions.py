"""``POST /v1/completions``: plain prompts, and texts with holes (``suffix``, ``parts``)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from itertools import accumulate
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from latticework.models.events import CommitEvent, DraftEvent, FieldEvent, ResultEvent
from latticework.models.holes import Hole
from latticework.server.answers import FINGERPRINT, extension, final_field, finish_reason, new_id, now, usage
from latticework.server.bodies import Choices, MaxTokens, Part, ResponseFormat, Sampling, Stop, StopIds, StreamOptions
from latticework.server.body_reader import read_body
from latticework.server.connection import while_connected
from latticework.server.constraints import from_response_format, from_structured_outputs, only_one
from latticework.server.errors import ApiError
from latticework.server.generation import Generation
from latticework.server.plans import Plan, options_of, stops_of
from latticework.server.sse import EventStream

if TYPE_CHECKING:
    from latticework.models.result import Result
    from latticework.server.state import State

SUFFIX_TOKENS = 64  # of the hole before a suffix, unless max_tokens says otherwise


class HolePart(Part):
    """A hole of a text."""

    hole: Annotated[int, Field(ge=1, description="Most tokens of the hole.")]


class CompletionBody(Sampling):
    """A request for completions."""

    prompt: Annotated[str | list[str], Field(description="A text, or a list of them: one choice for each.")]
    suffix: Annotated[str | None, Field(description="Text behind the hole that is filled.")] = None
    parts: Annotated[
        list[str | HolePart] | None,
        Field(min_length=1, description="A text with holes; the prompt stands before it, and may be empty."),
    ] = None
    response_format: ResponseFormat | None = None
    n: Choices = None
    max_tokens: MaxTokens = None
    stop: Stop = None
    stop_token_ids: StopIds = None
    logprobs: Annotated[int | None, Field(ge=0, le=0, description="0: log-probability of every token.")] = None
    stream_options: StreamOptions | None = None


async def completions(request: Request) -> Response:
    """Complete texts, or fill their holes."""
    state: State = request.app.state.latticework
    body = await read_body(request, CompletionBody, state.settings)
    state.check_model(body.model)
    plan = _plan(body, state.model.backend.block_length)
    answer = _Answer(body, plan, state)
    generation = Generation(state, plan)
    if body.stream:
        await while_connected(request, generation.__aenter__())
        return EventStream(generation, answer.chunks(generation))
    return JSONResponse(await while_connected(request, answer.whole(generation)))


def _plan(body: CompletionBody, block_length: int | None) -> Plan:
    if body.stream_options is not None and not body.stream:
        raise ApiError(400, "stream_options is for streams", "stream_options", "contradiction")
    prompts = [body.prompt] if isinstance(body.prompt, str) else body.prompt
    if not prompts:
        raise ApiError(400, "prompt is an empty list", "prompt", "invalid_value")
    spec = only_one(from_response_format(body.response_format), from_structured_outputs(body.structured_outputs))
    parts, param = _parts(body, prompts)
    wanted = body.stream_options
    return Plan(
        prompts=prompts if body.suffix is None else [""],
        prompt_param=param,
        options=options_of(body, block_length),
        spec=spec,
        parts=parts,
        only_hole=body.suffix is not None,
        max_tokens=None if parts else body.max_tokens,
        max_tokens_param="parts" if body.parts else "max_tokens",
        n=body.n or 1,
        seed=body.seed,
        stop=stops_of(body.stop, spec),
        stop_ids=tuple(body.stop_token_ids or ()),
        streams=bool(body.stream),
        drafts=wanted is not None and wanted.include_drafts,
        fields=wanted is not None and wanted.include_fields,
    )


def _parts(body: CompletionBody, prompts: list[str]) -> tuple[tuple[str | Hole, ...] | None, str]:
    """The text with holes, where the request has one, and the field that its text came from."""
    if body.suffix is None and body.parts is None:
        return None, "prompt"
    field = "suffix" if body.suffix is not None else "parts"
    if body.suffix is not None and body.parts is not None:
        raise ApiError(400, "give suffix or parts, not both", "parts", "contradiction")
    if len(prompts) > 1:
        raise ApiError(400, f"{field} takes one prompt", "prompt", "contradiction")
    if body.stop:
        raise ApiError(400, f"stop is for text without {field}", "stop", "contradiction")
    if body.stop_token_ids:
        message = f"stop_token_ids is for text without {field}"
        raise ApiError(400, message, "stop_token_ids", "contradiction")
    if body.parts is None:
        return (prompts[0], Hole(body.max_tokens or SUFFIX_TOKENS), body.suffix or ""), "prompt"
    if body.max_tokens is not None:
        raise ApiError(400, "every hole of parts has its own number of tokens", "max_tokens", "contradiction")
    return tuple(part if isinstance(part, str) else Hole(part.hole) for part in body.parts), "parts"


class _Answer:
    """The answer to one request, whole or in chunks."""

    def __init__(self, body: CompletionBody, plan: Plan, state: State) -> None:
        self._body = body
        self._plan = plan
        self._state = state
        self._head = {
            "id": new_id("cmpl-"),
            "object": "text_completion",
            "created": now(),
            "model": state.name,
            "system_fingerprint": FINGERPRINT,
        }

    async def whole(self, generation: Generation) -> dict[str, Any]:
        async with generation:
            results = await generation.results()
            choices = [
                {"index": index, "text": result.text, **self._ending(generation, index, result)}
                for index, result in enumerate(results)
            ]
        return {**self._head, "choices": choices, "usage": usage(generation.canvases, self._plan.n)}

    async def chunks(self, generation: Generation) -> AsyncGenerator[dict[str, Any]]:
        """The chunks of a stream; ``generation`` has been entered."""
        wanted = self._body.stream_options
        async for index, event in generation.events():
            match event:
                case CommitEvent():
                    open_choice = {"index": index, "text": event.text, "finish_reason": None, "logprobs": None}
                    yield {**self._head, "choices": [open_choice]}
                case DraftEvent():
                    draft = {"index": index, "text": event.text}
                    yield {**self._head, "choices": [], "latticework": {"draft": draft}}
                case FieldEvent():
                    field = {"index": index, **final_field(event)}
                    yield {**self._head, "choices": [], "latticework": {"field": field}}
                case ResultEvent(result):
                    last = {"index": index, "text": "", **self._ending(generation, index, result)}
                    yield {**self._head, "choices": [last]}
        if wanted is not None and wanted.include_usage:
            yield {**self._head, "choices": [], "usage": usage(generation.canvases, self._plan.n)}

    def _ending(self, generation: Generation, index: int, result: Result) -> dict[str, Any]:
        """What a choice says once it is complete."""
        log_probs = None
        if self._body.logprobs is not None:
            canvas, vocabulary = generation.canvases[index], self._state.model.vocabulary
            pieces = [vocabulary.bytes(token).decode(errors="replace") for token in canvas.tokens]
            log_probs = {
                "tokens": pieces,
                "token_logprobs": [max(found, -9999.0) for found in canvas.log_prob],
                "top_logprobs": None,
                "text_offset": list(accumulate(map(len, pieces[:-1]), initial=0)) if pieces else [],
            }
        return {
            "finish_reason": finish_reason(result),
            "logprobs": log_probs,
            "latticework": extension(result),
        }
