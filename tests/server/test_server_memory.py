"""What a request has held is free once it is answered, without the help of the collector of cycles."""

from __future__ import annotations

import gc

from serving import Live

from latticework.diffusion.row import Row
from latticework.server.memory import trim

CHAT = "/v1/chat/completions"


def rows() -> int:
    return sum(type(found) is Row for found in gc.get_objects())


def test_canvases_are_dropped_with_their_request(tiny: Live) -> None:
    gc.collect()
    before = rows()
    gc.disable()
    try:
        for stream in (False, True, False):
            messages = [{"role": "user", "content": "hello"}]
            body = {"model": "tiny", "messages": messages, "max_tokens": 9, "stream": stream}
            assert tiny.post(CHAT, body | {"structured_outputs": {"regex": "[a-z]{7}"}}).status_code == 200
        tiny.wait_until(lambda: rows() <= before)
    finally:
        gc.enable()


def test_trimming_does_no_harm() -> None:
    trim()
