"""One batch for all requests: joining, the queue, and slots that come back."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from serving import Counted, Live, live
from tiny_backend import TinyBackend

from latticework.models.model import Model

CHAT = "/v1/chat/completions"


@contextmanager
def held(**settings) -> Iterator[tuple[Live, Counted, ThreadPoolExecutor]]:
    """A server whose next forward waits until ``backend.go`` is set."""
    backend = Counted(TinyBackend(seed=1))
    backend.go.clear()
    with live(Model(backend), **settings) as server, ThreadPoolExecutor(16) as pool:
        try:
            yield server, backend, pool
        finally:
            backend.go.set()


def chat(pattern: str = "[a-z]{6}", **fields) -> dict:
    messages = [{"role": "user", "content": "hello"}]
    return {"model": "tiny", "messages": messages, "structured_outputs": {"regex": pattern}, "max_tokens": 8, **fields}


def content(found: Future[httpx.Response]) -> str:
    return found.result(20).json()["choices"][0]["message"]["content"]


def test_requests_with_different_grammars_share_forwards() -> None:
    with held(max_batch=4) as (server, backend, pool):
        first = pool.submit(server.post, CHAT, chat("[a-f]{6}"))
        server.wait_until(lambda: backend.forwards == 1)
        others = [pool.submit(server.post, CHAT, chat(f"[a-f]{{3}}{digit}[a-f]{{3}}")) for digit in range(4)]
        server.wait_until(lambda: server.state.engine.taken == 5 and len(server.state.engine._waiting) == 4)
        backend.go.set()
        texts = [content(found) for found in others]
        assert [text[3] for text in texts] == list("0123")
        assert content(first).isalpha()
    assert backend.rows[0] == 1
    assert max(backend.rows) == 4
    # The batch is never larger than it may be, and the second forward has those that came during the first.
    assert backend.rows[1] == 4


def test_a_batch_gives_what_single_requests_give() -> None:
    bodies = [chat("[a-zé]{4,8}[0-9]*", temperature=1, seed=seed) for seed in range(6)]
    with live(Model(TinyBackend(seed=1)), max_batch=1) as server:
        alone = [server.post(CHAT, body).json()["choices"][0]["message"]["content"] for body in bodies]
    with held(max_batch=6) as (server, backend, pool):
        together = [pool.submit(server.post, CHAT, body) for body in bodies]
        server.wait_until(lambda: server.state.engine.taken == 6)
        backend.go.set()
        assert [content(found) for found in together] == alone


def test_a_full_queue_is_answered_with_429_and_a_time() -> None:
    with held(max_batch=1, max_waiting=2) as (server, backend, pool):
        waiting = [pool.submit(server.post, CHAT, chat()) for _ in range(3)]
        server.wait_until(lambda: server.state.engine.taken == 3)
        answer = server.post(CHAT, chat())
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "queue_full"
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert server.post(CHAT, chat(n=4)).status_code == 400
        with server.client() as client:
            assert client.get("/health").json() == {"status": "ok"}
            assert "latticework_canvases_taken 3.0" in client.get("/metrics").text
        backend.go.set()
        assert all(found.result(20).status_code == 200 for found in waiting)
        assert server.post(CHAT, chat()).status_code == 200
        assert server.state.engine.taken == 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_frees_its_slot(stream: bool) -> None:
    with held(max_batch=1, max_waiting=1) as (server, backend, _):
        body = json.dumps(chat(stream=stream)).encode()
        host, port = server.url.removeprefix("http://").split(":")
        connections = []
        for _ in range(2):
            connection = socket.create_connection((host, int(port)))
            head = (
                f"POST {CHAT} HTTP/1.1",
                "Host: x",
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
            )
            connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
            connections.append(connection)
        server.wait_until(lambda: backend.forwards == 1 and len(server.state.engine._waiting) == 1)
        for connection in connections:
            connection.close()
        server.wait_until(lambda: server.state.engine.taken == 0)
        backend.go.set()
        assert server.post(CHAT, chat()).status_code == 200
        # Of those who left, one had a single forward, and the other never had any.
        server.wait_until(lambda: server.state.engine.running == 0)
        assert 2 <= backend.forwards <= 1 + 8
        assert server.state.metrics.cancelled._value.get() == 1


def test_time_runs_out_for_those_who_wait_and_those_who_run() -> None:
    with held(max_batch=1, max_waiting=3, request_timeout=0.4) as (server, backend, pool):
        answers = [pool.submit(server.post, CHAT, chat()) for _ in range(2)]
        for found in answers:
            answer = found.result(20)
            assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timeout")
        with server.client() as client, client.stream("POST", CHAT, json=chat(stream=True)) as answer:
            lines = [line for line in answer.iter_lines() if line]
        assert json.loads(lines[-1].removeprefix("data: "))["error"]["code"] == "timeout"
        server.wait_until(lambda: server.state.engine.taken == 0)  # the place is free a moment after the answer
        backend.go.set()
        server.wait_until(lambda: server.state.engine.running == 0)
        assert server.post(CHAT, chat(max_tokens=6)).status_code in (200, 504)


def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    with live(Model(TinyBackend()), request_timeout=0.2) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            head = (f"POST {CHAT} HTTP/1.1", "Host: x", "Content-Type: application/json", "Content-Length: 10")
            connection.sendall("\r\n".join([*head, "", "{"]).encode())
            assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")


def test_draining_finishes_what_runs_and_refuses_the_rest() -> None:
    with held() as (server, backend, pool):
        running = pool.submit(server.post, CHAT, chat())
        server.wait_until(lambda: backend.forwards == 1)
        server.state.engine.drain()
        answer = server.post(CHAT, chat())
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "draining")
        assert answer.headers["retry-after"]
        with server.client() as client:
            assert client.get("/health").status_code == 503
        backend.go.set()
        assert running.result(20).status_code == 200


class Poisoned(TinyBackend):
    """Gives NaN for prompts with an x, raises for a batch with a y."""

    def forward(self, ids, attention, keep):
        logits = super().forward(ids, attention, keep)
        if (ids == 3 + ord("y")).any():
            raise RuntimeError("/secret/path: out of memory")
        logits[(ids == 3 + ord("x")).any(dim=1)] = float("nan")
        return logits


def test_what_goes_wrong_in_a_forward_stays_with_its_rows_and_says_nothing_of_the_machine() -> None:
    def asked(prompt: str, **fields) -> dict:
        return chat("[ab]{4}", **fields) | {"messages": [{"role": "user", "content": prompt}]}

    with live(Model(Poisoned(seed=1))) as server, ThreadPoolExecutor(4) as pool:
        both = [pool.submit(server.post, CHAT, asked(prompt)) for prompt in ("x", "good")]
        bad, good = (found.result(20) for found in both)
        assert (bad.status_code, good.status_code) == (500, 200)
        broken = server.post(CHAT, asked("y"))
        assert (broken.status_code, broken.json()["error"]["type"]) == (500, "server_error")
        assert "secret" not in broken.text
        with server.client() as client, client.stream("POST", CHAT, json=asked("y", stream=True)) as answer:
            last = [line for line in answer.iter_lines() if line][-1]
        assert "internal_error" in last
        assert "secret" not in last
        assert server.post(CHAT, asked("good")).status_code == 200
        assert server.state.engine.taken == 0


def test_the_key_is_asked_for_everywhere_but_at_health() -> None:
    with live(Model(TinyBackend()), api_key="s3cret-é") as server:
        with server.client() as client:
            assert client.get("/health").status_code == 200
            for path in ("/v1/models", "/metrics", "/openapi.json"):
                answer = client.get(path)
                assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
        key = "Bearer s3cret-é".encode()
        for given, status in ((key, 200), (b"bearer s3cret-\xc3\xa9", 200), (key + b"x", 401), (b"Basic s3cret", 401)):
            assert server.post(CHAT, chat(), headers={"authorization": given}).status_code == status


def test_browsers_may_call_only_from_origins_that_were_named() -> None:
    asks = {"origin": "https://app.example", "access-control-request-method": "POST"}
    with live(Model(TinyBackend()), allowed_origins=("https://app.example",)) as server, server.client() as client:
        assert client.options(CHAT, headers=asks).headers["access-control-allow-origin"] == "https://app.example"
        other = client.options(CHAT, headers=asks | {"origin": "https://other.example"})
        assert "access-control-allow-origin" not in other.headers
    with live(Model(TinyBackend())) as server, server.client() as client:
        assert "access-control-allow-origin" not in client.options(CHAT, headers=asks).headers


def test_a_slow_compilation_does_not_hold_up_the_others() -> None:
    with live(Model(TinyBackend(seed=1)), compile_workers=1) as server:
        begun, go = threading.Event(), threading.Event()
        compile = server.state.grammars.cache.get

        def slow(grammar, vocabulary, limits):
            if grammar.kind == "choice":
                begun.set()
                assert go.wait(20)
            return compile(grammar, vocabulary, limits)

        server.state.grammars.cache.get = slow
        with ThreadPoolExecutor(2) as pool, server.client() as client:
            stuck = pool.submit(server.post, CHAT, chat() | {"structured_outputs": {"choice": ["ab"]}})
            assert begun.wait(20)
            assert client.get("/health").status_code == 200
            assert client.get("/v1/models").status_code == 200
            go.set()
            assert content(stuck) == "ab"
