"""What the commands read: schemas, texts, option values. Every refusal is one message and the right exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import typer

from latticework.errors import InputError, LatticeworkError

MAX_TEXT_BYTES = 1 << 20  # one text; as much as a prompt may have
MAX_SCHEMA_BYTES = 4 << 20  # one schema file


@contextmanager
def refusals() -> Iterator[None]:
    """Turns what the library refuses into one message on stderr and exit status 1."""
    try:
        yield
    except LatticeworkError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None


def read_schema(source: str) -> dict[str, Any] | bool:
    """A JSON Schema from a file, or from the argument itself when that is JSON (``{...}``, ``true``, ``false``)."""
    if source.lstrip().startswith("{") or source.strip() in ("true", "false"):
        return _parse_schema(source, "the schema argument")
    path = Path(source)
    if not path.is_file():
        raise typer.BadParameter(f"{source!r} is neither a file nor inline JSON", param_hint="SCHEMA")
    text = _decode(_read_file(path, MAX_SCHEMA_BYTES), str(path))
    return _parse_schema(text, str(path))


def _parse_schema(text: str, name: str) -> dict[str, Any] | bool:
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise InputError(f"{name} is not valid JSON: {error}") from None
    except RecursionError:
        raise InputError(f"{name} is nested too deeply to be read") from None
    if not isinstance(schema, dict | bool):
        raise InputError(f"{name} holds {_kind(schema)}; a JSON Schema is an object, true or false")
    return schema


def read_text(source: str) -> str:
    """A text from a file, or from standard input for ``-``."""
    if source == "-":
        return _decode(_limited(sys.stdin.buffer, MAX_TEXT_BYTES, "standard input"), "standard input")
    path = Path(source)
    if not path.is_file():
        raise typer.BadParameter(f"no such file: {source!r} (use --text for a text itself)", param_hint="TEXT")
    return _decode(_read_file(path, MAX_TEXT_BYTES), source)


def _read_file(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return _limited(stream, limit, str(path))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None


def _limited(stream: IO[bytes], limit: int, name: str) -> bytes:
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise InputError(f"{name} has more than {limit} bytes")
    return data


def _decode(data: bytes, name: str) -> str:
    if b"\0" in data:
        raise InputError(f"{name} is binary: NUL at byte {data.index(0)}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is no UTF-8 text: byte 0x{data[error.start]:02x} at offset {error.start}") from None


def _kind(value: object) -> str:
    names = {list: "an array", str: "a string", int: "a number", float: "a number", type(None): "null"}
    return names.get(type(value), type(value).__name__)
