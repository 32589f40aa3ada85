"""From the bytes of a request to a checked body; every refusal names the field."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from latticework.server.bodies import Part
from latticework.server.errors import ApiError

if TYPE_CHECKING:
    from starlette.requests import Request

    from latticework.server.settings import Settings

AnyBody = TypeVar("AnyBody", bound=Part)

_RENAMED = {
    "guided_json": "structured_outputs.json",
    "guided_regex": "structured_outputs.regex",
    "guided_choice": "structured_outputs.choice",
    "guided_grammar": "structured_outputs.grammar",
    "guided_json_object": "structured_outputs.json_object",
    "guided_whitespace_pattern": "structured_outputs.whitespace",
    "structural_tag": "structured_outputs.structural_tag",
    "functions": "tools",
    "function_call": "tool_choice",
}
_GONE = {"guided_decoding_backend": "there is one engine here; leave the field out"}

# Fields that would change the text, with the values at which they do not.
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "top_p": (1,),
    "logit_bias": ({},),
    "best_of": (1,),
    "echo": (False,),
    "store": (False,),
    "modalities": (["text"],),
    "audio": (),
    "prediction": (),
    "reasoning_effort": ("none",),
    "reasoning": ({},),
    "verbosity": ("medium",),
    "web_search_options": (),
    "top_logprobs": (0,),
    "background": (False,),
    "previous_response_id": (),
    "conversation": (),
    "include": ([],),
    "truncation": ("disabled",),
    "max_tool_calls": (),
    "prompt": (),
}
_WHY = {
    "top_p": "samples are exact draws under the constraint; use temperature",
    "top_logprobs": "only the log-probability of the chosen token is kept",
    "store": "nothing is stored; leave it out or send false",
    "previous_response_id": "nothing is stored; send the whole conversation as input",
    "conversation": "nothing is stored; send the whole conversation as input",
    "echo": "put the prompt in front of the text yourself",
    "best_of": "ask for n candidates",
}


async def read_body(request: Request, kind: type[AnyBody], settings: Settings) -> AnyBody:
    """The body of a request.

    Raises ``ApiError``: 415 for another content type than JSON, 413 for too many bytes, 408 for a body that does not
    arrive, 400 with the field else.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise ApiError(415, f"content-type must be application/json, not {content_type[:80]!r}", code="content_type")
    try:
        async with asyncio.timeout(settings.request_timeout):
            data = await _bytes(request, settings.max_body_bytes)
    except TimeoutError:
        message = f"the body did not arrive within {settings.request_timeout:g} s"
        raise ApiError(408, message, code="timeout") from None
    return checked(parse(data), kind)


async def _bytes(request: Request, most: int) -> bytes:
    too_large = ApiError(413, f"the body is larger than {most} bytes", code="body_too_large")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise too_large
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            raise too_large
    return bytes(data)


def parse(data: bytes) -> dict[str, Any]:
    """The JSON object of a body; ``ApiError`` (400) for anything else."""
    try:
        found = from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise ApiError(400, f"the body is no JSON: {error}", code="invalid_json") from None
    if not isinstance(found, dict):
        raise ApiError(400, "the body is no JSON object", code="invalid_json")
    return found


def checked(body: dict[str, Any], kind: type[AnyBody]) -> AnyBody:
    """The body as its type; ``ApiError`` (400) that names the field."""
    fields = kind.model_fields
    for name in body:
        if name in fields:
            continue
        if name in _RENAMED:
            raise ApiError(400, f"{name} is not known here; use {_RENAMED[name]}", name, "renamed_field")
        if name in _GONE:
            raise ApiError(400, f"{name}: {_GONE[name]}", name, "unknown_field")
    kept = {name: value for name, value in body.items() if name in fields or not _is_neutral(name, value)}
    try:
        return kind.model_validate(kept)
    except ValidationError as error:
        raise _refusal(error, kept) from None


def _is_neutral(name: str, value: Any) -> bool:
    """Whether a known field without an implementation may be ignored, as it asks for what is done anyway."""
    if name not in NEUTRAL:
        return False
    accepted = NEUTRAL[name]
    if value is None or any(value is own or (type(value) is not bool and value == own) for own in accepted):
        return True
    others = " or ".join(map(repr, accepted))
    hint = f"; {_WHY[name]}" if name in _WHY else f"; leave it out or send {others}" if accepted else "; leave it out"
    raise ApiError(400, f"{name} is not supported{hint}", name, "unsupported_field")


def _refusal(error: ValidationError, body: dict[str, Any]) -> ApiError:
    """The issue that lies deepest: of the alternatives of a union, it is the one that was meant."""
    issues = error.errors(include_url=False, include_context=False)
    places = [_place(issue["loc"], issue["type"], body) for issue in issues]
    best = max(range(len(issues)), key=lambda at: len(places[at]))
    issue, param = issues[best], _path(places[best])
    message = issue["msg"]
    if issue["type"] == "extra_forbidden":
        return ApiError(400, f"unknown field {param}", param, "unknown_field")
    if issue["type"] == "missing":
        return ApiError(400, f"missing field {param}", param, "missing_field")
    return ApiError(400, f"{param}: {message[:1].lower()}{message[1:]}", param or None, "invalid_value")


def _place(location: tuple[int | str, ...], kind: str, body: Any) -> list[int | str]:
    """The part of an error's location that names fields; unions put the names of their members between."""
    found: list[int | str] = []
    node = body
    for at, part in enumerate(location):
        inside, value = _inside(node, part)
        if inside:
            node = value
        elif not (kind == "missing" and at == len(location) - 1):
            continue
        found.append(part)
    return found


def _inside(node: Any, part: int | str) -> tuple[bool, Any]:
    """Whether an object or list has such a place, and what is there."""
    if isinstance(node, dict) and part in node:
        return True, node[part]
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return True, node[part]
    return False, None


def _path(place: list[int | str]) -> str:
    text = ""
    for part in place:
        name = part or '""'
        text += f"[{part}]" if isinstance(part, int) else f".{name}" if text else str(name)
    return text
