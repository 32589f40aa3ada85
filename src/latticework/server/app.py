"""The ASGI application: routes, the API key, errors in the API's form, counters."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from latticework.server.chat import chat_completions
from latticework.server.completions import completions
from latticework.server.connection import ClientGone
from latticework.server.errors import ApiError, internal_error, shut_down
from latticework.server.openapi import openapi
from latticework.server.plain import get_model, health, list_models, metrics, tokenize
from latticework.server.responses import responses
from latticework.server.settings import Settings
from latticework.server.state import State

if TYPE_CHECKING:
    from latticework.models.model import Model

_log = logging.getLogger("latticework.server")
_Handler = Callable[[Request], Awaitable[Response]]
_GONE = 499  # what proxies log for a client that did not wait

_ROUTES: tuple[tuple[str, str, _Handler], ...] = (
    ("GET", "/health", health),
    ("GET", "/metrics", metrics),
    ("GET", "/openapi.json", openapi),
    ("GET", "/v1/models", list_models),
    ("GET", "/v1/models/{model:path}", get_model),
    ("POST", "/v1/chat/completions", chat_completions),
    ("POST", "/v1/completions", completions),
    ("POST", "/v1/responses", responses),
    ("POST", "/tokenize", tokenize),
)
_OPEN = ("/health",)


def create_app(model: Model, settings: Settings | None = None) -> Starlette:
    """The application that serves ``model``; its engine starts with the application (ASGI lifespan).

    ``app.state.latticework`` is the server's :class:`latticework.server.state.State`.
    """
    settings = settings or Settings()
    state = State(model, settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        state.engine.start()
        yield
        state.close()

    cors = Middleware(
        CORSMiddleware, allow_origins=list(settings.allowed_origins), allow_methods=["*"], allow_headers=["*"]
    )
    app = Starlette(
        routes=[Route(path, _guarded(path, handler, state), methods=[method]) for method, path, handler in _ROUTES],
        middleware=[cors] if settings.allowed_origins else [],
        exception_handlers={HTTPException: _no_route},
        lifespan=lifespan,
    )
    app.state.latticework = state
    return app


def _guarded(path: str, handler: _Handler, state: State) -> _Handler:
    """The handler behind the API key, its errors in the API's form, its time and status counted."""

    async def guarded(request: Request) -> Response:
        begun = monotonic()
        try:
            if path not in _OPEN:
                _check_key(request, state.settings.api_key)
            response = await handler(request)
        except ApiError as error:
            response = JSONResponse(error.body(), error.status, error.headers)
        except (ClientDisconnect, ClientGone):
            response = Response(status_code=_GONE)
        except asyncio.CancelledError:
            if not state.engine.draining:
                raise
            answer = shut_down()  # it has not even been read when the server has waited long enough
            response = JSONResponse(answer.body(), answer.status, answer.headers)
        except Exception:
            _log.exception("%s failed", path)
            response = JSONResponse(internal_error().body(), 500)
        state.metrics.requests.labels(path, response.status_code).inc()
        state.metrics.seconds.labels(path).observe(monotonic() - begun)
        return response

    return guarded


def _check_key(request: Request, key: str | None) -> None:
    if key is None:
        return
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    # Headers arrive as Latin-1, whatever the client has encoded them in.
    good = hmac.compare_digest(given.strip().encode("latin-1"), key.encode())
    if scheme.lower() != "bearer" or not good:
        message = "the API key is missing or wrong: send it as 'Authorization: Bearer KEY'"
        raise ApiError(401, message, code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"})


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = error.status_code == 405
    message = f"{request.method} is not for this path" if known else "there is no such path"
    answer = ApiError(error.status_code, message, code="method_not_allowed" if known else "unknown_path")
    return JSONResponse(answer.body(), answer.status, error.headers)
