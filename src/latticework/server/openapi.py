"""The OpenAPI description, made of the types that check the requests."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import latticework
from latticework.server.bodies import Part
from latticework.server.body_reader import NEUTRAL
from latticework.server.chat_bodies import ChatBody
from latticework.server.completions import CompletionBody
from latticework.server.plain import TokenizeBody
from latticework.server.response_bodies import ResponsesBody

_BODIES: dict[str, tuple[type[Part], str]] = {
    "/v1/chat/completions": (ChatBody, "Answer a conversation"),
    "/v1/completions": (CompletionBody, "Complete texts, or fill their holes"),
    "/v1/responses": (ResponsesBody, "Answer an input"),
    "/tokenize": (TokenizeBody, "Token ids of a text"),
}
_READS = {
    "/health": "Whether requests are taken",
    "/metrics": "Counters for Prometheus",
    "/v1/models": "The served model, as a list",
    "/v1/models/{model}": "The served model",
    "/openapi.json": "This description",
}
_REFUSALS = {
    "400": "A field is wrong: error.param names it",
    "401": "The API key is missing or wrong",
    "404": "Unknown model",
    "408": "The body does not arrive in time",
    "413": "The body is too large",
    "415": "The body is not declared as JSON",
    "429": "The queue is full: see Retry-After",
    "503": "The server shuts down",
    "504": "Time is up",
}


async def openapi(request: Request) -> Response:
    """The description of all endpoints."""
    return JSONResponse(description())


@cache
def description() -> dict[str, Any]:
    """The OpenAPI 3.1 document. Treat as read-only."""
    reference = "#/components/schemas/{model}"
    kinds = [(kind, "validation") for kind, _ in _BODIES.values()]
    _, schemas = models_json_schema(kinds, ref_template=reference, by_alias=True)  # pyright: ignore[reportArgumentType]
    components = schemas["$defs"] | {"Error": _ERROR}
    for kind, _ in _BODIES.values():
        if kind is not TokenizeBody:
            _add_neutral(components[kind.__name__])
    paths: dict[str, Any] = {path: {"get": _operation(title, {})} for path, title in _READS.items()}
    paths["/v1/models/{model}"]["get"]["parameters"] = [
        {"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}
    ]
    for path, (kind, title) in _BODIES.items():
        schema = {"$ref": reference.format(model=kind.__name__)}
        body = {"required": True, "content": {"application/json": {"schema": schema}}}
        paths[path] = {"post": {**_operation(title, _REFUSALS), "requestBody": body}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Latticework", "version": latticework.__version__},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


def _operation(title: str, refusals: dict[str, str]) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    refused = {status: {"description": meaning, "content": error} for status, meaning in refusals.items()}
    return {"summary": title, "responses": {"200": {"description": "Done"}, **refused}}


def _add_neutral(schema: dict[str, Any]) -> None:
    """Fields of the API that are taken only with the value at which they do nothing."""
    for name, values in NEUTRAL.items():
        if name not in schema["properties"]:
            schema["properties"][name] = {"enum": [*values, None], "description": "Only as a value without effect."}


_ERROR: dict[str, Any] = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"], "description": "The field, as a path into the body."},
                "code": {"type": ["string", "null"]},
                "details": {"type": "array", "description": "The issues of a schema, each with its JSON Pointer."},
            },
        }
    },
}
