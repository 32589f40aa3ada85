"""Where each value of a JSON document stands, by JSON Pointer (RFC 6901)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_SPACE = re.compile(rb"[ \t\n\r]*")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PLAIN = re.compile(rb"[^\s,\]}]+")  # numbers and literals


@dataclass(slots=True)
class _Container:
    pointer: str
    start: int
    closer: bytes
    items: int = 0


def value_spans(document: bytes) -> dict[str, tuple[int, int]]:
    """Byte spans ``(start, end)`` of all values of a valid JSON document, containers and the root (``""``) included.

    Strings include their quotes. Of repeated keys the last counts, as in ``json.loads``. O(bytes), iterative. The
    document is trusted to be valid: on any other input the spans mean nothing.
    """
    spans: dict[str, tuple[int, int]] = {}
    open_containers: list[_Container] = []
    at, pointer = 0, ""
    while True:
        at = _space(document, at)
        opener = document[at : at + 1]
        if opener in (b"{", b"["):
            open_containers.append(_Container(pointer, at, b"}" if opener == b"{" else b"]"))
            at += 1
        else:
            end = _scalar_end(document, at)
            _record(spans, pointer, at, end)
            at = end
        at = _close(document, at, open_containers, spans)
        if not open_containers:
            return spans
        at, pointer = _next_item(document, at, open_containers[-1])


def _close(document: bytes, at: int, containers: list[_Container], spans: dict[str, tuple[int, int]]) -> int:
    """Leave every container that ends here; returns the offset after them."""
    while containers:
        at = _space(document, at)
        if document[at : at + 1] != containers[-1].closer:
            return at
        done = containers.pop()
        at += 1
        _record(spans, done.pointer, done.start, at)
    return at


def _next_item(document: bytes, at: int, container: _Container) -> tuple[int, str]:
    """Skip the comma and the key; the offset of the next value and its pointer."""
    at = _space(document, at)
    if document[at : at + 1] == b",":
        at = _space(document, at + 1)
    if container.closer == b"]":
        key = str(container.items)
        container.items += 1
        return at, f"{container.pointer}/{key}"
    end = _scalar_end(document, at)
    key = json.loads(document[at:end]).replace("~", "~0").replace("/", "~1")
    return _space(document, end) + 1, f"{container.pointer}/{key}"


def _record(spans: dict[str, tuple[int, int]], pointer: str, start: int, end: int) -> None:
    """Keep a value's span; a repeated key drops what an earlier value of that key held."""
    if pointer in spans:
        old_start, old_end = spans[pointer]
        for inner, (inner_start, inner_end) in list(spans.items()):
            if old_start <= inner_start and inner_end <= old_end:
                del spans[inner]
    spans[pointer] = (start, end)


def _space(document: bytes, at: int) -> int:
    found = _SPACE.match(document, at)
    return found.end() if found else at


def _scalar_end(document: bytes, at: int) -> int:
    pattern = _STRING if document[at : at + 1] == b'"' else _PLAIN
    found = pattern.match(document, at)
    if found is None:
        raise ValueError(f"not a JSON value at byte {at}")
    return found.end()
