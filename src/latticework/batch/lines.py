"""Inputs of a batch: one JSON value a line, a text or an object that holds one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from latticework.errors import InputError

MAX_LINE_BYTES = 8 << 20  # a text of the largest size, escaped, with a schema of its own
_KEYS = frozenset({"id", "text", "schema"})


@dataclass(frozen=True, slots=True)
class Line:
    """One input.

    Attributes:
        number: of the line, from 1.
        digest: tells whether it is the same line.
        id: what the line calls itself, if anything.
        text: the prompt.
        schema: of this line alone; ``None`` for that of the job.
        error: why it cannot be read.
    """

    number: int
    digest: str
    id: Any = None
    text: str = ""
    schema: Any = None
    error: InputError | None = None


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a file, empty ones left out. A line that cannot be read has its ``error`` set.

    Raises ``InputError`` where the file itself cannot be read.
    """
    try:
        with path.open("rb") as stream:
            number = 0
            while raw := stream.readline(MAX_LINE_BYTES + 1):
                number += 1
                whole = raw
                digest = blake2b(raw.strip(), digest_size=8)
                while not whole.endswith(b"\n") and (whole := stream.readline(MAX_LINE_BYTES)):
                    digest.update(whole)
                if raw.strip():
                    yield _line(number, digest.hexdigest(), raw)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None


def _line(number: int, digest: str, raw: bytes) -> Line:
    if len(raw) > MAX_LINE_BYTES:
        return Line(number, digest, error=InputError(f"the line has more than {MAX_LINE_BYTES} bytes"))
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        return Line(number, digest, error=InputError(f"the line is no JSON: {error}"))
    if isinstance(found, str):
        return Line(number, digest, text=found)
    if not isinstance(found, dict) or not isinstance(found.get("text"), str):
        return Line(number, digest, error=InputError('the line is neither a text nor an object with a "text"'))
    name = found.get("id")
    unknown = sorted(found.keys() - _KEYS)
    if unknown:
        problem = f"unknown key {unknown[0]!r}; a line has {', '.join(sorted(_KEYS))}"
        return Line(number, digest, name, error=InputError(problem))
    return Line(number, digest, name, found["text"], found.get("schema"))
