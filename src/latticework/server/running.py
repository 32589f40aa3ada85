"""Runs the application: one process, one model."""

from __future__ import annotations

import asyncio
import math
import signal
import socket
from copy import deepcopy
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from latticework.server.app import create_app
from latticework.server.memory import trim
from latticework.server.settings import Settings

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from latticework.models.model import Model
    from latticework.server.state import State


_LEFT = 3  # seconds in which requests that were given up send their last words

_TRIM_TICKS = 100  # of a tenth of a second


class Server(uvicorn.Server):
    """Refuses new requests from the first signal on, while those that have a place are finished, or told that time is
    up."""

    def __init__(self, app: Starlette, host: str, port: int, shutdown_timeout: float, log_level: str) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_level=log_level,
                log_config=_logging(),
                timeout_graceful_shutdown=math.ceil(shutdown_timeout) + _LEFT,
                server_header=False,
            )
        )
        self._state: State = app.state.latticework
        self._shutdown_timeout = shutdown_timeout

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._state.engine.drain()
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        if counter % _TRIM_TICKS == 0:
            await asyncio.to_thread(trim)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._state.engine.drain()
        end = asyncio.get_running_loop().call_later(self._shutdown_timeout, self._state.give_up)
        try:
            await super().shutdown(sockets)
        finally:
            end.cancel()


def _logging() -> dict[str, Any]:
    """All logs on stderr, those of this package among them."""
    found = deepcopy(LOGGING_CONFIG)
    found["handlers"]["access"]["stream"] = "ext://sys.stderr"
    found["loggers"]["latticework"] = {"handlers": ["default"], "level": "INFO", "propagate": True}
    return found


def serve(
    model: Model,
    settings: Settings | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    log_level: str = "info",
) -> None:
    """Serve until SIGINT or SIGTERM: then new requests are refused, running ones finished, and the call returns."""
    settings = settings or Settings()
    server = Server(create_app(model, settings), host, port, settings.shutdown_timeout, log_level)
    handlers = {sig: signal.getsignal(sig) for sig in (signal.SIGINT, signal.SIGTERM)}
    # uvicorn raises the signal again once it is done, which would end the process as if it had not been handled.
    for sig in handlers:
        signal.signal(sig, _ignore)
    try:
        server.run()
    finally:
        for sig, handler in handlers.items():
            signal.signal(sig, handler)


def _ignore(sig: int, frame: FrameType | None) -> None:
    """The server has already acted on it."""
