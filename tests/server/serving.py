"""Servers on a free port in a thread, and models whose forwards are counted or held."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import torch

from latticework.models.model import Model
from latticework.server.app import create_app
from latticework.server.running import Server
from latticework.server.settings import Settings
from latticework.server.state import State


@dataclass(frozen=True)
class Live:
    """A running server."""

    url: str
    state: State
    shared: httpx.Client
    server: Server

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, verify=False)

    def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return self.shared.post(path, json=body, **options)

    def wait_until(self, condition, seconds: float = 20.0) -> None:
        """Until something holds; fails the test when it never does."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited too long"
            time.sleep(0.005)


@contextmanager
def live(model: Model, **settings: Any) -> Iterator[Live]:
    """The server of ``model`` on a free port."""
    app = create_app(model, Settings(**{"shutdown_timeout": 5, **settings}))
    server = Server(app, "127.0.0.1", 0, app.state.latticework.settings.shutdown_timeout, "error")
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=url, timeout=60, verify=False) as shared:
        yield Live(url, app.state.latticework, shared, server)
    server.should_exit = True
    thread.join(15)
    assert not thread.is_alive()


class Counted:
    """A backend that counts its forwards and their rows, and can be held between two of them."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self.forwards = 0
        self.rows: list[int] = []
        self.go = threading.Event()
        self.go.set()

    def forward(self, ids: torch.Tensor, attention: torch.Tensor, keep: int) -> torch.Tensor:
        self.forwards += 1
        self.rows.append(len(ids))
        assert self.go.wait(30), "held for too long"
        return self._backend.forward(ids, attention, keep)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)
