"""Server-sent events: chunks as they come, an error as the last one where something goes wrong on the way."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from latticework.server.errors import ApiError, failure
from latticework.server.generation import Generation

_log = logging.getLogger("latticework.server")


class EventStream(StreamingResponse):
    """Sends chunks, and leaves the generation they come from when it ends: after the last one, or when the client is
    gone."""

    def __init__(self, generation: Generation, chunks: AsyncGenerator[dict[str, Any]], *, named: bool = False) -> None:
        """
        Args:
            generation: has been entered.
            chunks: in JSON types.
            named: events bear the chunk's ``type`` as their name (Responses API); else ``[DONE]`` ends the stream.
        """
        super().__init__(
            _encoded(chunks, named),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )
        self._generation = generation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._generation.__aexit__()


async def _encoded(chunks: AsyncGenerator[dict[str, Any]], named: bool) -> AsyncIterator[str]:
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                yield _event(chunk, named)
        if not named:
            yield "data: [DONE]\n\n"
    except Exception as error:
        if not isinstance(error, ApiError):
            _log.exception("a stream failed")
        body = failure(error).body()
        yield _event({"type": "error", **body} if named else body, named)


def _event(chunk: dict[str, Any], named: bool) -> str:
    # All in ASCII: clients split lines at separators of Unicode, too.
    head = f"event: {chunk['type']}\n" if named else ""
    return f"{head}data: {json.dumps(chunk, separators=(',', ':'))}\n\n"
