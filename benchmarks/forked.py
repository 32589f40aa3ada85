"""One action in a process of its own: stopped at a time limit whatever it is in, its peak memory measured."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MAX_ADDRESS_SPACE = 16 << 30


def forked(prepare: Callable[[], object], action: Callable[[], dict[str, Any]], limit: float) -> dict[str, Any]:
    """What ``action`` returns (JSON values), with ``memory``: bytes its process grew by at its peak.

    ``prepare`` runs before it in the same process, so that pages shared with the parent are there.
    ``{"outcome": "time-out"}`` after ``limit`` seconds, ``{"outcome": "crash"}`` where the process died.
    """
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        os.close(reading)
        _in_child(prepare, action, writing)
    os.close(writing)
    text = _read(reading, time.perf_counter() + limit)
    os.close(reading)
    if text is None:
        os.kill(process, signal.SIGKILL)
    _, _, usage = os.wait4(process, 0)
    if text is None:
        return {"outcome": "time-out"}
    if not text:
        return {"outcome": "crash", "reasons": ["the process died"]}
    row = json.loads(text)
    row["memory"] = max(0, usage.ru_maxrss * 1024 - row.pop("before"))
    return row


def _in_child(prepare: Callable[[], object], action: Callable[[], dict[str, Any]], writing: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_SPACE, MAX_ADDRESS_SPACE))
    prepare()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    try:
        row = action()
    except BaseException as error:
        row = {"outcome": "crash", "reasons": [f"{type(error).__name__}: {error!s:.100}"]}
    text = json.dumps({**row, "before": pages * resource.getpagesize()}).encode()
    while text:
        text = text[os.write(writing, text) :]
    os._exit(0)


def _read(reading: int, deadline: float) -> bytes | None:
    """Everything up to the end of the pipe, ``None`` where that does not come in time."""
    parts: list[bytes] = []
    while select.select([reading], [], [], max(0.0, deadline - time.perf_counter()))[0]:
        part = os.read(reading, 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)
    return None
