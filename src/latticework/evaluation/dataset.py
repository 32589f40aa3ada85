"""Data sets of extraction: JSON lines with a text, a schema and the gold value."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from latticework.errors import InputError

MAX_LINE_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Task:
    """One document to be read.

    Attributes:
        id: tells tasks of a data set apart.
        text: the document.
        schema: JSON Schema of what to read out of it.
        gold: the value that is right.
        family, style, split: groups the task belongs to; empty where the data set does not say.
    """

    id: str
    text: str
    schema: dict[str, Any]
    gold: Any
    family: str = ""
    style: str = ""
    split: str = ""


def read_tasks(path: Path, *, limit: int | None = None, splits: Iterable[str] = ()) -> list[Task]:
    """The tasks of a file of JSON lines, ``limit`` of each split; ``splits``: only these.

    A line is an object with ``text`` (string), ``schema`` (object) and ``gold``, which satisfies the schema; ``id``,
    ``family``, ``style`` and ``split`` may be left out, other keys are ignored.

    Raises ``InputError``, with the number of the line: it is no such object, its gold value does not satisfy its
    schema, or an id comes twice; also where the file cannot be read or no task is left.
    """
    wanted, seen, taken = set(splits), set(), dict[str, int]()
    tasks: list[Task] = []
    try:
        with path.open("rb") as stream:
            for number, raw in enumerate(stream, 1):
                if not raw.strip():
                    continue
                task = _task(raw, f"{path}, line {number}", str(number))
                if task.id in seen:
                    raise InputError(f"{path}, line {number}: the id {task.id!r} comes twice")
                seen.add(task.id)
                count = taken.get(task.split, 0)
                if (wanted and task.split not in wanted) or (limit is not None and count >= limit):
                    continue
                _check_gold(task, f"{path}, line {number}")
                taken[task.split] = count + 1
                tasks.append(task)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    if not tasks:
        raise InputError(f"{path} has no task" + (f" of {', '.join(sorted(wanted))}" if wanted else ""))
    return tasks


def write_tasks(path: Path, tasks: Iterable[Task]) -> int:
    """Write tasks as JSON lines; their number. Raises ``InputError`` where the file cannot be written."""
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as stream:
            for task in tasks:
                count += 1
                stream.write(json.dumps(asdict(task), ensure_ascii=False) + "\n")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None
    return count


def _task(raw: bytes, place: str, name: str) -> Task:
    if len(raw) > MAX_LINE_BYTES:
        raise InputError(f"{place}: the line has more than {MAX_LINE_BYTES} bytes")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: the line is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise InputError(f"{place}: the line is no object")
    for key, kind, said in (("text", str, "a string"), ("schema", dict, "an object")):
        if not isinstance(found.get(key), kind):
            raise InputError(f"{place}: {key!r} must be {said}")
    if "gold" not in found:
        raise InputError(f"{place}: 'gold' is missing")
    groups = {key: str(found.get(key) or "") for key in ("family", "style", "split")}
    return Task(str(found.get("id", name)), found["text"], found["schema"], found["gold"], **groups)


def _check_gold(task: Task, place: str) -> None:
    import jsonschema
    from jsonschema.validators import validator_for

    try:
        kind: Any = validator_for(task.schema, default=jsonschema.Draft202012Validator)
        kind.check_schema(task.schema)
        problem = next(kind(task.schema).iter_errors(task.gold), None)
    except jsonschema.SchemaError as error:
        raise InputError(f"{place}: the schema is no JSON Schema: {error.message}") from None
    if problem is not None:
        raise InputError(f"{place}: the gold value does not satisfy the schema at {problem.json_path}")
