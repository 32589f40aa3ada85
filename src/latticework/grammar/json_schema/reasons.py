"""Why a text is no document of a schema, in the terms of the schema: for a user who looks at a rejected text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from latticework.grammar.json_schema.document import escape_token


@dataclass(frozen=True, slots=True)
class Reason:
    """``kind`` is ``"not JSON"``, ``"invalid"`` (the schema forbids it), ``"narrowed"`` (the schema admits it, the
    grammar leaves it out on purpose) or ``"undecided"``.

    Attributes:
        instance: JSON Pointer of the place in the document; of the value that was being written if it is no JSON.
        schema: JSON Pointer of the keyword that fails, references left out; ``None`` where there is none.
        message: what is wrong there.
    """

    kind: str
    instance: str
    schema: str | None
    message: str


def reason(schema: Any, text: str, offset: int, *, formats: bool = True) -> Reason:
    """The reason why ``text`` is rejected, whose first ``offset`` bytes some document begins with.

    Validated by ``jsonschema``; of several errors the one is given that its ``best_match`` finds most relevant.
    """
    from jsonschema.exceptions import best_match

    from latticework.grammar.json_schema.validation import Undecided, validator_of

    before = text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "ignore")
    repeated: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(name for name, _ in found)
        repeated.extend(name for name, count in counts.items() if count > 1)
        return dict(found)

    try:
        value = json.loads(text, parse_constant=_not_json, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        return Reason("not JSON", pointer_at(before), None, str(error))
    try:
        error = best_match(validator_of(schema, formats).iter_errors(value))
    except Exception as failure:
        said = str(failure) if isinstance(failure, Undecided) else f"{type(failure).__name__}: {failure!s:.100}"
        return Reason("undecided", pointer_at(before), None, said)
    if error is None:
        if repeated:
            message = f"the key {repeated[0]!r} stands twice in one object, of which readers keep one value"
            return Reason("narrowed", pointer_at(before), None, message)
        return Reason("narrowed", pointer_at(before), None, "the schema admits it; see the narrowings")
    return Reason("invalid", _pointer(error.absolute_path), _pointer(error.absolute_schema_path), error.message)


def pointer_at(text: str) -> str:
    """JSON Pointer of the value that the beginning of a JSON text is about to write, or is in the middle of."""
    path: list[str | int | None] = []  # per open container: the key or index it is at; None before a key
    place, end = 0, len(text)
    key: str | None = None
    while place < end:
        char = text[place]
        if char == '"':
            close = _end_of_string(text, place)
            if close < 0:
                break
            key = text[place : close + 1]
            place = close
        elif char == ":" and path and key is not None:
            path[-1] = str(json.loads(key, strict=False))
        elif char == "{":
            path.append(None)
        elif char == "[":
            path.append(0)
        elif char in "}]" and path:
            path.pop()
        elif char == "," and path:
            last = path[-1]
            path[-1] = last + 1 if isinstance(last, int) else None
        place += 1
    return _pointer(part for part in path if part is not None)  # without a key: the object itself


def _end_of_string(text: str, start: int) -> int:
    place = start + 1
    while place < len(text):
        if text[place] == "\\":
            place += 1
        elif text[place] == '"':
            return place
        place += 1
    return -1


def _pointer(parts: Iterable[str | int]) -> str:
    return "".join("/" + escape_token(str(part)) for part in parts)


def _not_json(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
