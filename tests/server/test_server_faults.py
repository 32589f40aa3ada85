"""A server that is killed, or told to stop while it works: what a client was told holds, and every client is told."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from serving import Counted, live
from tiny_backend import TinyBackend

from latticework.models.model import Model

COMPLETIONS = "/v1/completions"


def body(size: int, **fields) -> dict:
    return {
        "model": "embedded",
        "prompt": "hello there",
        "max_tokens": size + 4,
        "block_length": 1,
        "temperature": 1,
        "seed": 7,
        "structured_outputs": {"regex": f"[a-z]{{{size}}}"},
        **fields,
    }


@contextmanager
def process(port: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``latticework serve`` in a process of its own, and its address."""
    main = "from latticework.cli import main; main()"
    command = [sys.executable, "-c", main, "serve", "--port", str(port), "--max-batch", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as found:
        try:
            assert found.stderr is not None
            urls = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in found.stderr)
            url = next(filter(None, urls))[0]
            threading.Thread(target=found.stderr.read, daemon=True).start()
            yield found, url
        finally:
            found.kill()


def streamed(client: httpx.Client, request: dict, begun: threading.Event) -> tuple[str, bool]:
    """What arrived of a stream's text, and whether it came to its end."""
    text = ""
    try:
        with client.stream("POST", COMPLETIONS, json=request | {"stream": True}) as answer:
            for line in filter(None, answer.iter_lines()):
                if line == "data: [DONE]":
                    return text, True
                text += json.loads(line.removeprefix("data: "))["choices"][0]["text"]
                if text:
                    begun.set()
    except httpx.TransportError:
        pass
    return text, False


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_server_says_nothing_that_does_not_hold_and_starts_again_at_once() -> None:
    begun = threading.Event()
    with process(0) as (server, url), httpx.Client(base_url=url, timeout=60) as client, ThreadPoolExecutor(2) as pool:
        acknowledged = client.post(COMPLETIONS, json=body(6)).json()["choices"][0]["text"]
        stream = pool.submit(streamed, client, body(50), begun)
        whole = pool.submit(client.post, COMPLETIONS, json=body(50, seed=8))
        assert begun.wait(30)
        server.send_signal(signal.SIGKILL)
        text, complete = stream.result(30)
        assert not complete
        with pytest.raises(httpx.TransportError):
            whole.result(30)
    assert 0 < len(text) < 50
    with process(int(url.rpartition(":")[2])) as (_, again), httpx.Client(base_url=again, timeout=60) as client:
        assert again == url
        assert client.post(COMPLETIONS, json=body(6)).json()["choices"][0]["text"] == acknowledged
        # The seed reproduces what was lost; what had been sent of it is its beginning.
        assert client.post(COMPLETIONS, json=body(50)).json()["choices"][0]["text"].startswith(text)


def test_when_time_is_up_all_clients_are_told_in_the_form_of_the_api() -> None:
    backend = Counted(TinyBackend(seed=1))
    backend.go.clear()
    stuck, go = threading.Event(), threading.Event()
    with live(Model(backend), shutdown_timeout=0.3, max_batch=1) as server, ThreadPoolExecutor(4) as pool:
        compile_of = server.state.grammars.cache.get

        def slow(grammar, vocabulary, limits):
            if grammar.kind == "choice":
                stuck.set()
                assert go.wait(20)
            return compile_of(grammar, vocabulary, limits)

        server.state.grammars.cache.get = slow

        def asked(**fields) -> Future[httpx.Response]:
            return pool.submit(server.post, COMPLETIONS, body(6, model="tiny", **fields))

        running, stream = asked(), asked(stream=True)
        server.wait_until(lambda: backend.forwards == 1 and server.state.engine.taken == 2)
        waiting, compiling = asked(), asked(structured_outputs={"choice": ["ab"]})
        assert stuck.wait(20)
        server.wait_until(lambda: server.state.engine.taken == 4)
        server.server.should_exit = True
        answers = [found.result(20) for found in (running, waiting, compiling)]
        assert [answer.status_code for answer in answers] == [503] * 3
        assert {answer.json()["error"]["code"] for answer in answers} == {"draining"}
        assert all(answer.headers["retry-after"] for answer in answers)
        [*_, last] = filter(None, stream.result(20).iter_lines())
        assert json.loads(last.removeprefix("data: "))["error"]["code"] == "draining"
        backend.go.set()
        go.set()
