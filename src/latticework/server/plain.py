"""Endpoints that generate nothing: models, health, metrics, tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from latticework.chat.prompts import Conversing, Turn, as_prompt
from latticework.errors import InputError
from latticework.server.bodies import Part
from latticework.server.body_reader import read_body
from latticework.server.chat_bodies import Message
from latticework.server.errors import ApiError, refusal

if TYPE_CHECKING:
    from latticework.server.state import State


class TokenizeBody(Part):
    """A text, or a conversation, to be cut into tokens."""

    model: str | None = None
    prompt: Annotated[str | None, Field(description="A text as it stands: nothing is added.")] = None
    messages: Annotated[
        list[Message] | None, Field(min_length=1, description="A conversation, as the model would be given it.")
    ] = None
    return_token_strs: Annotated[bool | None, Field(description="Also the text of every token.")] = None


async def list_models(request: Request) -> Response:
    """The served model, as a list."""
    return JSONResponse({"object": "list", "data": [_model(request.app.state.latticework)]})


async def get_model(request: Request) -> Response:
    """The served model."""
    state: State = request.app.state.latticework
    state.check_model(request.path_params["model"])
    return JSONResponse(_model(state))


async def health(request: Request) -> Response:
    """200 while requests are taken, 503 while the server shuts down."""
    draining = request.app.state.latticework.engine.draining
    return JSONResponse({"status": "draining" if draining else "ok"}, status_code=503 if draining else 200)


async def metrics(request: Request) -> Response:
    """Counters for Prometheus."""
    page = request.app.state.latticework.metrics.page()
    return Response(page, media_type="text/plain; version=0.0.4; charset=utf-8")


async def tokenize(request: Request) -> Response:
    """Token ids of a text."""
    state: State = request.app.state.latticework
    body = await read_body(request, TokenizeBody, state.settings)
    if body.model is not None:
        state.check_model(body.model)
    if (body.prompt is None) == (body.messages is None):
        raise ApiError(400, "give prompt or messages", "prompt", "invalid_value")
    try:
        tokens = await run_in_threadpool(_tokens, state, body)
    except InputError as error:
        raise refusal(error, "messages" if body.prompt is None else "prompt") from error
    found: dict[str, Any] = {
        "count": len(tokens),
        "max_model_len": state.model.backend.max_positions,
        "tokens": tokens,
        "token_strs": None,
    }
    if body.return_token_strs:
        vocabulary = state.model.vocabulary
        found["token_strs"] = [vocabulary.bytes(token).decode(errors="replace") for token in tokens]
    return JSONResponse(found)


def _tokens(state: State, body: TokenizeBody) -> list[int]:
    backend = state.model.backend
    if body.prompt is not None:
        return backend.encode_text(body.prompt)
    turns = tuple(Turn(message.role, message.text()) for message in body.messages or ())
    return Conversing.over(backend, turns, ()).encode_prompt(as_prompt(turns), None)


def _model(state: State) -> dict[str, Any]:
    return {
        "id": state.name,
        "object": "model",
        "created": state.started,
        "owned_by": "latticework",
        "max_model_len": state.model.backend.max_positions,
    }
